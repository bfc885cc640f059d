/* Instruction boundaries, delivery through the IDT, single operations. */
#include "models/cpu/test/cpu_rig.h"

struct cpu_boundary {
    struct rig r;
};

static void cpu_boundary_setup(struct cpu_boundary *f)
{
    rig_init(&f->r);
}

static void cpu_boundary_teardown(struct cpu_boundary *f)
{
    rig_check(&f->r);
}

TEST_F(cpu_boundary, takes_nothing_without_a_request)
{
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_boundary, delivers_an_interrupt_with_if_1_only)
{
    f->r.cpu.intr = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
    rig_op(&f->r, OP_CLI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_boundary, sti_blocks_for_one_op)
{
    f->r.cpu.intr = true;
    rig_op(&f->r, OP_CLI, 0);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_boundary, sti_with_if_1_does_not_block)
{
    f->r.cpu.intr = true;
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_boundary, second_sti_in_a_row_does_not_block_again)
{
    f->r.cpu.intr = true;
    rig_op(&f->r, OP_CLI, 0);
    rig_op(&f->r, OP_STI, 0);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_boundary, cli_under_blocking_by_sti_ends_it)
{
    rig_op(&f->r, OP_CLI, 0);
    rig_op(&f->r, OP_STI, 0);
    rig_op(&f->r, OP_CLI, 0);
    EXPECT_FALSE(f->r.cpu.sti_blocking);
}

TEST_F(cpu_boundary, hlt_under_blocking_by_sti_can_be_woken)
{
    f->r.cpu.intr = true;
    rig_op(&f->r, OP_CLI, 0);
    rig_op(&f->r, OP_STI, 0);
    rig_op(&f->r, OP_HLT, 0);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_boundary, shutdown_blocks_interrupts)
{
    f->r.cpu.intr = true;
    f->r.cpu.activity = ACTIVITY_SHUTDOWN;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

/* ---- delivery ---- */

struct cpu_delivery {
    struct rig r;
};

static void cpu_delivery_setup(struct cpu_delivery *f)
{
    rig_init(&f->r);
}

static void cpu_delivery_teardown(struct cpu_delivery *f)
{
    rig_check(&f->r);
}

TEST_F(cpu_delivery, pushes_the_frame_of_64_bit_mode_on_an_aligned_stack)
{
    uint64_t rflags = f->r.cpu.rflags;

    f->r.cpu.rsp = STACK_AT - 4;
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(0x31));
    EXPECT_EQ(f->r.cpu.rsp, STACK_AT - 16 - 40);
    EXPECT_EQ(rig_stack(&f->r, 0), CODE, "RIP");
    EXPECT_EQ(rig_stack(&f->r, 2), rflags, "RFLAGS");
    EXPECT_EQ(rig_stack(&f->r, 3), STACK_AT - 4, "RSP");
}

TEST_F(cpu_delivery, is_undone_by_iret)
{
    struct cpu before = f->r.cpu;

    f->r.cpu.rsp = before.rsp = STACK_AT - 4;
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(f->r.cpu.rip, before.rip);
    EXPECT_EQ(f->r.cpu.rsp, before.rsp);
    EXPECT_EQ(f->r.cpu.rflags, before.rflags);
    EXPECT_EQ(f->r.cpu.frames, 0);
}

TEST_F(cpu_delivery, iret_sets_if_without_blocking)
{
    f->r.cpu.intr = true;
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_delivery, interrupt_gate_clears_if_and_trap_gate_does_not)
{
    rig_gate(&f->r, 0x32, GATE_TRAP);
    rig_deliver(&f->r, 0x32, INTR_TYPE_EXTERNAL);
    EXPECT_TRUE(cpu_if(&f->r.cpu));
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_FALSE(cpu_if(&f->r.cpu));
}

TEST_F(cpu_delivery, gate_offset_has_64_bits)
{
    uint64_t offset = UINT64_C(0x12345678fedcba98);

    rig_put_gate(&f->r.mem, (struct rig_gate){0x31, GATE_INTERRUPT, false},
                 offset);
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->r.cpu.rip, offset);
}

TEST_F(cpu_delivery, leaves_hlt)
{
    f->r.cpu.activity = ACTIVITY_HLT;
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_ACTIVE);
}

TEST_F(cpu_delivery, frames_tell_interrupts_from_faults)
{
    rig_deliver(&f->r, VECTOR_GP, INTR_TYPE_HARDWARE_EXCEPTION);
    EXPECT_EQ(f->r.cpu.frames, 0);
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->r.cpu.frames, 1);
    rig_op(&f->r, OP_INT, 0x80);
    EXPECT_EQ(f->r.cpu.frames, 2);
    rig_op(&f->r, OP_IRET, 0);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(f->r.cpu.frames, 0);
}

/* ---- faults on the way ---- */

TEST_F(cpu_delivery, absent_gate_is_np_with_the_gates_selector)
{
    struct cpu_result r;

    rig_no_gate(&f->r, 0x31);
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_NP);
    EXPECT_EQ(r.fault.error_code, 0x31 * 8 + 2 + 1, "IDT and EXT");
    r = cpu_deliver(&f->r.cpu, &f->r.mem, &r.fault);
    ASSERT_EQ(r.outcome, CPU_GOES_ON);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(VECTOR_NP));
    EXPECT_EQ(rig_stack(&f->r, 0), 0x31 * 8 + 2 + 1, "error code");
    EXPECT_EQ(rig_stack(&f->r, 1), CODE, "RIP");
}

TEST_F(cpu_delivery, vector_beyond_the_limit_is_gp)
{
    struct cpu_result r;

    f->r.cpu.idtr.limit = 0x31 * 16 + 14;
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
    f->r.cpu.idtr.limit++;
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(r.outcome, CPU_GOES_ON);
}

TEST_F(cpu_delivery, other_gate_type_is_gp_even_if_absent)
{
    struct cpu_result r;

    rig_put_gate(&f->r.mem, (struct rig_gate){0x31, GATE_CALL, true}, CODE);
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_GP);
}

static const struct ext_row {
    const char *name;
    enum intr_type type;
    bool ext;
} ext_rows[] = {
    {"external_interrupt", INTR_TYPE_EXTERNAL, true},
    {"nmi", INTR_TYPE_NMI, true},
    {"exception", INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"int_n", INTR_TYPE_SOFTWARE_INTERRUPT, false},
    {"int1", INTR_TYPE_PRIVILEGED_EXCEPTION, true},
    {"int3", INTR_TYPE_SOFTWARE_EXCEPTION, false},
};

TEST_EACH(cpu_fault, error_code_has_ext_for_events_outside_the_program,
          struct ext_row, ext_rows)
{
    struct rig r = {0};
    struct cpu_result result;

    rig_init(&r);
    rig_no_gate(&r, 3);
    result = rig_deliver(&r, 3, row->type);
    ASSERT_EQ(result.outcome, CPU_FAULTS);
    EXPECT_EQ(result.fault.error_code & 1, row->ext);
}

/* First exception: does a #NP met in its delivery become a #DF? */
static const struct class_row {
    const char *name;
    uint8_t vector;
    enum intr_type type;
    bool doubles;
} class_rows[] = {
    {"DE", 0, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"DB", 1, INTR_TYPE_HARDWARE_EXCEPTION, false},
    {"UD", 6, INTR_TYPE_HARDWARE_EXCEPTION, false},
    {"TS", 10, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"NP", 11, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"SS", 12, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"GP", 13, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"PF", 14, INTR_TYPE_HARDWARE_EXCEPTION, true},
    {"AC", 17, INTR_TYPE_HARDWARE_EXCEPTION, false},
    {"external_interrupt_13", 13, INTR_TYPE_EXTERNAL, false},
    {"int_13", 13, INTR_TYPE_SOFTWARE_INTERRUPT, false},
};

TEST_EACH(cpu_fault, in_the_delivery_of_a_contributory_one_is_a_double_fault,
          struct class_row, class_rows)
{
    struct rig r = {0};
    struct cpu_result result;

    rig_init(&r);
    rig_no_gate(&r, row->vector);
    result = rig_deliver(&r, row->vector, row->type);
    ASSERT_EQ(result.outcome, CPU_FAULTS);
    EXPECT_EQ(result.fault.vector, row->doubles ? VECTOR_DF : VECTOR_NP);
    if (row->doubles)
        EXPECT_EQ(result.fault.error_code, 0);
}

TEST_F(cpu_delivery, fault_in_the_delivery_of_a_double_fault_is_shutdown)
{
    rig_no_gate(&f->r, VECTOR_DF);
    f->r.cpu.intr = true;
    EXPECT_EQ(
        rig_deliver(&f->r, VECTOR_DF, INTR_TYPE_HARDWARE_EXCEPTION).outcome,
        CPU_SHUTS_DOWN);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_SHUTDOWN);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_delivery, external_interrupt_8_is_no_double_fault)
{
    rig_no_gate(&f->r, VECTOR_DF);
    EXPECT_EQ(rig_deliver(&f->r, VECTOR_DF, INTR_TYPE_EXTERNAL).outcome,
              CPU_FAULTS);
}

TEST_F(cpu_delivery, fault_of_an_op_returns_to_the_op)
{
    struct cpu_result r = cpu_raise(&f->r.cpu, VECTOR_GP, 0);

    ASSERT_EQ(r.outcome, CPU_FAULTS);
    r = cpu_deliver(&f->r.cpu, &f->r.mem, &r.fault);
    EXPECT_EQ(rig_stack(&f->r, 0), 0, "error code");
    EXPECT_EQ(rig_stack(&f->r, 1), CODE);
}

TEST_F(cpu_delivery, int_n_returns_behind_itself_and_its_faults_to_it)
{
    struct cpu_result r;

    rig_op(&f->r, OP_INT, 0x80);
    EXPECT_EQ(rig_stack(&f->r, 0), rip_plus(CODE, 1));
    rig_op(&f->r, OP_IRET, 0);
    rig_no_gate(&f->r, 0x80);
    f->r.cpu.rip = CODE;
    r = rig_op(&f->r, OP_INT, 0x80);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.return_rip, CODE);
    EXPECT_EQ(f->r.cpu.rip, CODE);
}

/* ---- operations ---- */

struct cpu_op {
    struct rig r;
};

static void cpu_op_setup(struct cpu_op *f)
{
    rig_init(&f->r);
}

static void cpu_op_teardown(struct cpu_op *f)
{
    rig_check(&f->r);
}

TEST_F(cpu_op, jumps_look_at_their_register)
{
    f->r.cpu.gpr[RAX] = 1;
    rig_op(&f->r, OP_JZ, HANDLER(1));
    EXPECT_EQ(f->r.cpu.rip, rip_plus(CODE, 1));
    rig_op(&f->r, OP_JNZ, HANDLER(2));
    EXPECT_EQ(f->r.cpu.rip, HANDLER(2));
    f->r.cpu.gpr[RAX] = 0;
    rig_op(&f->r, OP_JNZ, HANDLER(1));
    EXPECT_EQ(f->r.cpu.rip, rip_plus(HANDLER(2), 1));
    rig_op(&f->r, OP_JZ, HANDLER(3));
    EXPECT_EQ(f->r.cpu.rip, HANDLER(3));
    rig_op(&f->r, OP_JMP, CODE);
    EXPECT_EQ(f->r.cpu.rip, CODE);
}

TEST_F(cpu_op, popa_restores_what_pusha_saved)
{
    for (unsigned i = 0; i < GPR_COUNT; i++)
        f->r.cpu.gpr[i] = 100 + i;
    rig_op(&f->r, OP_PUSHA, 0);
    for (unsigned i = 0; i < GPR_COUNT; i++)
        f->r.cpu.gpr[i] = 0;
    rig_op(&f->r, OP_POPA, 0);
    for (unsigned i = 0; i < GPR_COUNT; i++)
        EXPECT_EQ(f->r.cpu.gpr[i], 100 + i);
    EXPECT_EQ(f->r.cpu.rsp, STACK_AT);
}

TEST_F(cpu_op, lidt_takes_16_bits_of_limit)
{
    f->r.cpu.gpr[RAX] = 0x5000;
    rig_op(&f->r, OP_LIDT, 0x10fff);
    EXPECT_EQ(f->r.cpu.idtr.base, 0x5000);
    EXPECT_EQ(f->r.cpu.idtr.limit, 0xfff);
}

TEST_F(cpu_op, int_reg_calls_the_gate_in_its_register)
{
    f->r.cpu.gpr[RAX] = 0x44;
    rig_op(&f->r, OP_INT_REG, 0);
    EXPECT_EQ(f->r.cpu.rip, HANDLER(0x44));
    EXPECT_FALSE(cpu_if(&f->r.cpu));
}

TEST_F(cpu_op, vmx_instruction_outside_vmx_operation_is_undefined)
{
    struct cpu_result r;

    f->r.cpu.vmx_on = false;
    r = rig_op(&f->r, OP_VMCALL, 0);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_UD);
    EXPECT_FALSE(r.fault.has_error_code);
    EXPECT_EQ(r.fault.return_rip, CODE);
}

TEST_F(cpu_op, vmxon_and_vmcall_fail_in_root_operation)
{
    rig_op(&f->r, OP_VMXON, 0);
    EXPECT_TRUE(f->r.cpu.vm_fail);
    EXPECT_EQ(rig_get(&f->r, VMCS_INSTRUCTION_ERROR), VMERR_VMXON_IN_ROOT);
    rig_op(&f->r, OP_VMCALL, 0);
    EXPECT_TRUE(f->r.cpu.vm_fail);
    EXPECT_EQ(rig_get(&f->r, VMCS_INSTRUCTION_ERROR), VMERR_VMCALL_IN_ROOT);
}

TEST_F(cpu_op, vmx_instruction_without_a_vmcs_fails)
{
    static const enum op_kind kinds[] = {OP_VMREAD, OP_VMWRITE, OP_VMLAUNCH,
                                         OP_VMRESUME};

    f->r.cpu.vmcs = NULL;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct op op = {.kind = (uint8_t)kinds[i]};

        f->r.cpu.vm_fail = false;
        EXPECT_FALSE(cpu_enters(&f->r.cpu, &op));
        rig_op(&f->r, kinds[i], 0);
        EXPECT_TRUE(f->r.cpu.vm_fail);
    }
}

TEST_F(cpu_op, add_adds_to_the_register)
{
    f->r.cpu.gpr[RAX] = 5;
    rig_op(&f->r, OP_ADD, 7);
    EXPECT_EQ(f->r.cpu.gpr[RAX], 12);
    rig_op(&f->r, OP_MOV, 7);
    EXPECT_EQ(f->r.cpu.gpr[RAX], 7);
}

TEST_F(cpu_op, vmx_instruction_that_succeeds_says_so)
{
    f->r.cpu.vm_fail = true;
    rig_op(&f->r, OP_VMREAD, vmcs_encoding(VMCS_EXIT_REASON));
    EXPECT_FALSE(f->r.cpu.vm_fail);
}
