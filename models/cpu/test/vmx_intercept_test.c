/* Exits of INT1, INT3, IN and OUT, and the events that the first two are. */
#include <string.h>

#include "models/cpu/test/cpu_rig.h"

/* ---- INT1 and INT3 ---- */

static const struct trap_row {
    const char *name;
    enum op_kind op;
    uint8_t vector;
    uint32_t info; /* as exit and vectoring information */
    uint64_t error_code;
} trap_rows[] = {
    {"int1", OP_INT1, VECTOR_DB, 0x80000501, VECTOR_DB * 8 + 2 + 1},
    {"int3", OP_INT3, VECTOR_BP, 0x80000603, VECTOR_BP * 8 + 2},
};

TEST_EACH(cpu_trap, exits_at_the_op_if_the_bitmap_catches_it, struct trap_row,
          trap_rows)
{
    struct rig r = {0};
    struct cpu_exit x;

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_EXCEPTION_BITMAP, ~(UINT64_C(1) << row->vector));
    rig_enter(&r);
    EXPECT_FALSE(rig_intercepts(&r, row->op, 0, &x));
    vmcs_set(&r.vmcs, VMCS_EXCEPTION_BITMAP, UINT64_C(1) << row->vector);
    EXPECT_TRUE(rig_intercepts(&r, row->op, 0, &x));
    EXPECT_EQ(x.reason, EXIT_EXCEPTION_NMI);
    EXPECT_EQ(x.intr_info, row->info);
    EXPECT_EQ(x.instruction_length, 1);
    EXPECT_EQ(x.qualification, 0);
}

TEST_EACH(cpu_trap, returns_behind_the_op, struct trap_row, trap_rows)
{
    struct rig r = {0};

    rig_init(&r);
    EXPECT_EQ(rig_op(&r, row->op, 0).outcome, CPU_GOES_ON);
    EXPECT_EQ(r.cpu.rip, HANDLER(row->vector));
    EXPECT_EQ(rig_stack(&r, 0), rip_plus(CODE, 1));
    EXPECT_EQ(r.cpu.frames, 0, "no interrupt's handler");
}

TEST_EACH(cpu_trap, that_meets_an_absent_gate_is_the_vectoring_information,
          struct trap_row, trap_rows)
{
    struct cpu_result result;
    struct rig r = {0};

    rig_init(&r);
    vmcs_set(&r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&r, row->vector);
    rig_enter(&r);
    result = rig_op(&r, row->op, 0);
    ASSERT_EQ(result.outcome, CPU_EXITS);
    EXPECT_EQ(result.exit.intr_info, 0x80000b0b);
    EXPECT_EQ(result.exit.error_code, row->error_code, "EXT for INT1");
    EXPECT_EQ(result.exit.idt_vectoring_info, row->info);
    EXPECT_EQ(result.exit.instruction_length, 1);
    EXPECT_EQ(r.cpu.rip, CODE);
}

TEST_EACH(cpu_trap, of_level_3_needs_the_gates_level_only_for_int3,
          struct trap_row, trap_rows)
{
    struct rig r = {0};
    struct cpu_result result;

    rig_init(&r);
    r.cpu.cpl = 3;
    mem_write64(&r.mem, 4, STACK_AT); /* RSP0 of a TSS at 0 */
    result = rig_op(&r, row->op, 0);
    EXPECT_EQ(result.outcome == CPU_GOES_ON, row->op == OP_INT1);
    if (row->op == OP_INT3)
        EXPECT_EQ(result.fault.vector, VECTOR_GP);
}

/* ---- I/O bitmaps ---- */

#define IO_BITMAPS_AT UINT64_C(0x38000)

static const struct port_row {
    const char *name;
    uint16_t port;
    uint32_t byte; /* of bitmap A, or of B behind it */
    unsigned bit;
} port_rows[] = {
    {"first", 0, 0, 0},
    {"pic", 0x21, 4, 1},
    {"last_of_a", 0x7fff, 0xfff, 7},
    {"first_of_b", 0x8000, 0x1000, 0},
    {"last_of_b", 0xffff, 0x1fff, 7},
};

TEST_EACH(cpu_io_bitmap, one_bit_decides_for_one_port, struct port_row,
          port_rows)
{
    uint8_t ones[MEM_PAGE_BYTES], byte = (uint8_t)(1u << row->bit);
    struct rig r = {0};
    struct cpu_exit x;

    rig_init(&r);
    rig_set(&r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_IO_BITMAPS | PRIMARY_UNCONDITIONAL_IO);
    vmcs_set(&r.vmcs, VMCS_IO_BITMAP_A, IO_BITMAPS_AT);
    vmcs_set(&r.vmcs, VMCS_IO_BITMAP_B, IO_BITMAPS_AT + MEM_PAGE_BYTES);
    rig_enter(&r);
    EXPECT_FALSE(rig_intercepts(&r, OP_IN, row->port, &x),
                 "not unconditionally");
    mem_write(&r.mem, IO_BITMAPS_AT + row->byte, &byte, 1);
    EXPECT_TRUE(rig_intercepts(&r, OP_IN, row->port, &x));
    EXPECT_EQ(x.qualification, (uint64_t)row->port << 16 | 8);
    EXPECT_TRUE(rig_intercepts(&r, OP_OUT, row->port, &x));
    EXPECT_EQ(x.qualification, (uint64_t)row->port << 16);
    memset(ones, 0xff, sizeof ones);
    mem_write(&r.mem, IO_BITMAPS_AT, ones, sizeof ones);
    mem_write(&r.mem, IO_BITMAPS_AT + sizeof ones, ones, sizeof ones);
    byte = (uint8_t)~byte;
    mem_write(&r.mem, IO_BITMAPS_AT + row->byte, &byte, 1);
    EXPECT_FALSE(rig_intercepts(&r, OP_OUT, row->port, &x));
}
