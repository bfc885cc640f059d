/* VMX non-root operation: which event is taken, what exits, and what a VM
 * exit records. */
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/test/cpu_rig.h"

#define MSR_LOW 0x80bu
#define MSR_HIGH 0xc0000080u

struct cpu_guest {
    struct rig r;
};

static void cpu_guest_setup(struct cpu_guest *f)
{
    rig_init(&f->r);
}

static void cpu_guest_teardown(struct cpu_guest *f)
{
    rig_check(&f->r);
}

static void exit_for(struct rig *r, struct cpu_exit x)
{
    cpu_vm_exit(&r->cpu, &x);
}

/* ---- events ---- */

TEST_F(cpu_guest, interrupt_exits_with_if_0_before_the_first_op)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    f->r.cpu.intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_EXIT);
}

TEST_F(cpu_guest, interrupt_waits_for_if_without_external_interrupt_exiting)
{
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    f->r.cpu.intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_guest, controls_do_not_filter_interrupts_in_root_operation)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    f->r.cpu.intr = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_guest, window_opens_after_the_op_that_sti_blocks)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    rig_enter(&f->r);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_INTERRUPT_WINDOW});
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), rip_plus(CODE, 2));
}

TEST_F(cpu_guest, blocking_by_mov_ss_lasts_for_one_op_after_the_entry)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    f->r.cpu.intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_PAUSE});
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPTIBILITY), BLOCKING_BY_MOV_SS);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
}

TEST_F(cpu_guest, window_stays_shut_in_the_handler_of_an_interrupt_gate)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
}

TEST_F(cpu_guest, window_is_open_in_the_handler_of_a_trap_gate)
{
    rig_gate(&f->r, 0x31, GATE_TRAP);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
}

TEST_F(cpu_guest, window_exits_from_hlt_and_hlt_is_saved)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_INTERRUPT_WINDOW});
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_ACTIVE, "the host runs");
}

TEST_F(cpu_guest, window_goes_before_an_external_interrupt)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    f->r.cpu.intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
}

TEST_F(cpu_guest, timer_value_0_exits_before_an_open_window)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_PREEMPTION_TIMER_EXIT);
}

TEST_F(cpu_guest, timer_exits_from_shutdown_but_not_from_wait_for_sipi)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_PREEMPTION_TIMER_EXIT);
    f->r.cpu.activity = ACTIVITY_WAIT_FOR_SIPI;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_guest, timer_that_is_not_active_does_not_exit)
{
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_guest, shutdown_blocks_the_exit_for_an_interrupt)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    f->r.cpu.intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

/* ---- faults in the guest ---- */

TEST_F(cpu_guest, absent_gate_exits_with_the_interrupt_as_vectoring_information)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, 0x31);
    rig_enter(&f->r);
    f->r.cpu.activity = ACTIVITY_HLT;
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    exit_for(&f->r, r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_EXCEPTION_NMI);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 0x80000b0b);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_ERROR_CODE), 0x31 * 8 + 2 + 1);
    EXPECT_EQ(rig_get(&f->r, VMCS_IDT_VECTORING_INFO), 0x80000031);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), CODE);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_ACTIVE,
              "woken before the delivery");
}

TEST_F(cpu_guest, vectoring_information_has_the_error_code_of_an_exception)
{
    struct cpu_vectored ac = {.vector = 17,
                              .type = INTR_TYPE_HARDWARE_EXCEPTION,
                              .has_error_code = true,
                              .error_code = 0x55,
                              .return_rip = CODE};
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, 17);
    rig_enter(&f->r);
    r = cpu_deliver(&f->r.cpu, &f->r.mem, &ac);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0x80000b11);
    EXPECT_EQ(r.exit.idt_vectoring_error_code, 0x55);
    EXPECT_EQ(r.exit.instruction_length, 0);
}

TEST_F(cpu_guest, vectoring_of_int_n_has_its_instruction_length)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, 0x80);
    rig_enter(&f->r);
    r = rig_op(&f->r, OP_INT, 0x80);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0x80000480);
    EXPECT_EQ(r.exit.instruction_length, 1);
    EXPECT_EQ(r.exit.error_code, 0x80 * 8 + 2, "not external: no EXT");
    EXPECT_EQ(f->r.cpu.rip, CODE);
}

TEST_F(cpu_guest, vectoring_of_injected_int_n_has_the_length_of_the_entry)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, 0x80000480);
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, 2);
    rig_no_gate(&f->r, 0x80);
    rig_enter(&f->r);
    r = rig_inject(&f->r);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.instruction_length, 2);
    EXPECT_EQ(f->r.cpu.rip, CODE);
}

TEST_F(cpu_guest, double_fault_that_exits_has_no_vectoring_information)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_DF);
    rig_no_gate(&f->r, VECTOR_NP);
    rig_enter(&f->r);
    r = rig_deliver(&f->r, VECTOR_NP, INTR_TYPE_HARDWARE_EXCEPTION);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, 0x80000b08);
    EXPECT_EQ(r.exit.error_code, 0);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0);
}

TEST_F(cpu_guest, fault_that_becomes_a_double_fault_is_not_caught_itself)
{
    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, VECTOR_GP);
    rig_enter(&f->r);
    EXPECT_EQ(
        rig_deliver(&f->r, VECTOR_GP, INTR_TYPE_HARDWARE_EXCEPTION).outcome,
        CPU_FAULTS);
}

TEST_F(cpu_guest, triple_fault_exits_without_vectoring_information)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, VECTOR_DF);
    rig_enter(&f->r);
    r = rig_deliver(&f->r, VECTOR_DF, INTR_TYPE_HARDWARE_EXCEPTION);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_TRIPLE_FAULT);
    EXPECT_EQ(r.exit.intr_info, 0);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_ACTIVE);
}

TEST_F(cpu_guest, fault_that_the_bitmap_catches_exits_at_the_op)
{
    struct cpu_result r;

    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
    rig_enter(&f->r);
    r = cpu_raise(&f->r.cpu, VECTOR_GP, 0);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, 0x80000b0d);
    EXPECT_EQ(r.exit.idt_vectoring_info, 0);
    exit_for(&f->r, r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), CODE);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPTIBILITY), BLOCKING_BY_STI);
}

TEST_F(cpu_guest, exception_bitmap_does_not_look_at_interrupts)
{
    vmcs_set(&f->r.vmcs, VMCS_EXCEPTION_BITMAP, UINT32_MAX);
    rig_enter(&f->r);
    EXPECT_EQ(rig_deliver(&f->r, 0x0d, INTR_TYPE_EXTERNAL).outcome,
              CPU_GOES_ON);
    EXPECT_EQ(rig_op(&f->r, OP_INT, 0x0d).outcome, CPU_GOES_ON);
}

/* ---- what exits instead of executing ---- */

static const struct intercept_row {
    const char *name;
    enum op_kind op;
    enum vmcs_field field;
    uint32_t control; /* 0: always */
    enum exit_reason reason;
} intercept_rows[] = {
    {"HLT", OP_HLT, VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING, EXIT_HLT},
    {"PAUSE", OP_PAUSE, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING,
     EXIT_PAUSE},
    {"MOV_CR8", OP_MOV_CR8, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING,
     EXIT_CR_ACCESS},
    {"MOV_FROM_CR8", OP_MOV_FROM_CR8, VMCS_PRIMARY_CONTROLS,
     PRIMARY_CR8_STORE_EXITING, EXIT_CR_ACCESS},
    {"LIDT", OP_LIDT, VMCS_SECONDARY_CONTROLS,
     SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_GDTR_IDTR},
    {"IN", OP_IN, VMCS_PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO,
     EXIT_IO_INSTRUCTION},
    {"OUT", OP_OUT, VMCS_PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO,
     EXIT_IO_INSTRUCTION},
    {"VMCALL", OP_VMCALL, VMCS_PIN_CONTROLS, 0, EXIT_VMCALL},
    {"VMXON", OP_VMXON, VMCS_PIN_CONTROLS, 0, EXIT_VMXON},
    {"VMPTRLD", OP_VMPTRLD, VMCS_PIN_CONTROLS, 0, EXIT_VMPTRLD},
    {"VMXOFF", OP_VMXOFF, VMCS_PIN_CONTROLS, 0, EXIT_VMXOFF},
    {"VMCLEAR", OP_VMCLEAR, VMCS_PIN_CONTROLS, 0, EXIT_VMCLEAR},
    {"VMREAD", OP_VMREAD, VMCS_PIN_CONTROLS, 0, EXIT_VMREAD},
    {"VMWRITE", OP_VMWRITE, VMCS_PIN_CONTROLS, 0, EXIT_VMWRITE},
    {"VMLAUNCH", OP_VMLAUNCH, VMCS_PIN_CONTROLS, 0, EXIT_VMLAUNCH},
    {"VMRESUME", OP_VMRESUME, VMCS_PIN_CONTROLS, 0, EXIT_VMRESUME},
};

TEST_EACH(cpu_intercept, is_controlled_by_its_bit, struct intercept_row,
          intercept_rows)
{
    struct op op = {.kind = (uint8_t)row->op};
    struct rig r = {0};
    struct cpu_exit x;

    rig_init(&r);
    rig_set(&r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    EXPECT_FALSE(rig_intercepts(&r, row->op, 0, &x), "not in root operation");
    rig_enter(&r);
    EXPECT_EQ(rig_intercepts(&r, row->op, 0, &x), row->control == 0);
    EXPECT_FALSE(cpu_enters(&r.cpu, &op));
    rig_set(&r, row->field, row->control);
    EXPECT_TRUE(rig_intercepts(&r, row->op, 0, &x));
    EXPECT_EQ(x.reason, row->reason);
    EXPECT_EQ(x.instruction_length, 1);
    EXPECT_EQ(x.intr_info | x.idt_vectoring_info, 0);
}

TEST_F(cpu_guest, secondary_controls_count_as_0_without_primary_31)
{
    struct cpu_exit x;

    rig_set(&f->r, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING);
    rig_enter(&f->r);
    EXPECT_FALSE(rig_intercepts(&f->r, OP_LIDT, 0, &x));
}

TEST_F(cpu_guest, cr_access_qualification_has_the_registers_number)
{
    static const uint64_t number[GPR_COUNT] = {
        [RAX] = 0, [RCX] = 1, [RDX] = 2, [RBX] = 3,
        [RSI] = 6, [RDI] = 7, [R8] = 8,  [R9] = 9,
    };
    struct cpu_exit x;

    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING);
    rig_enter(&f->r);
    for (unsigned i = 0; i < GPR_COUNT; i++) {
        struct op op = {.kind = OP_MOV_CR8, .reg = (uint8_t)i};

        EXPECT_TRUE(cpu_intercepts(&f->r.cpu, &f->r.mem, &op, &x));
        EXPECT_EQ(x.qualification, number[i] << 8 | 8);
    }
}

TEST_F(cpu_guest, store_of_cr8_is_a_mov_from_it)
{
    struct op op = {.kind = OP_MOV_FROM_CR8, .reg = R9};
    struct cpu_exit x;

    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_STORE_EXITING);
    rig_enter(&f->r);
    EXPECT_TRUE(cpu_intercepts(&f->r.cpu, &f->r.mem, &op, &x));
    EXPECT_EQ(x.qualification, 0x918);
}

/* ---- MSR bitmaps ---- */

static void use_bitmap(struct rig *r)
{
    rig_set(r, VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
    vmcs_set(&r->vmcs, VMCS_MSR_BITMAP, MSR_BITMAP_AT);
}

TEST_F(cpu_guest, every_msr_access_exits_without_bitmaps)
{
    struct cpu_exit x;

    rig_enter(&f->r);
    EXPECT_TRUE(rig_intercepts(&f->r, OP_RDMSR, MSR_LOW, &x));
    EXPECT_EQ(x.reason, EXIT_MSR_READ);
    EXPECT_TRUE(rig_intercepts(&f->r, OP_WRMSR, MSR_LOW, &x));
    EXPECT_EQ(x.reason, EXIT_MSR_WRITE);
    EXPECT_EQ(x.qualification, 0);
}

TEST_F(cpu_guest, msr_outside_both_ranges_exits_with_bitmaps)
{
    static const uint64_t outside[] = {0x2000, 0xbfffffff, 0xc0002000};
    struct cpu_exit x;

    use_bitmap(&f->r);
    rig_enter(&f->r);
    for (unsigned i = 0; i < 3; i++)
        EXPECT_TRUE(rig_intercepts(&f->r, OP_RDMSR, outside[i], &x), "%jx",
                    (uintmax_t)outside[i]);
    EXPECT_FALSE(rig_intercepts(&f->r, OP_RDMSR, 0x1fff, &x));
    EXPECT_FALSE(rig_intercepts(&f->r, OP_RDMSR, 0xc0001fff, &x));
}

static const struct bitmap_row {
    const char *name;
    enum op_kind op;
    uint32_t msr, byte;
    unsigned bit;
} bitmap_rows[] = {
    {"read_low", OP_RDMSR, 0x80b, 0x101, 3},
    {"read_low_last", OP_RDMSR, 0x1fff, 0x3ff, 7},
    {"read_high", OP_RDMSR, 0xc0000080, 0x410, 0},
    {"read_high_first", OP_RDMSR, 0xc0000000, 0x400, 0},
    {"write_high_last", OP_WRMSR, 0xc0001fff, 0xfff, 7},
    {"write_low", OP_WRMSR, 0x80b, 0x901, 3},
    {"write_low_of_tsc_deadline", OP_WRMSR, 0x6e0, 0x8dc, 0},
    {"write_high", OP_WRMSR, 0xc0000080, 0xc10, 0},
};

TEST_EACH(cpu_msr_bitmap, one_bit_decides_for_one_msr_and_direction,
          struct bitmap_row, bitmap_rows)
{
    uint8_t ones[MEM_PAGE_BYTES], byte = (uint8_t)(1u << row->bit);
    struct rig r = {0};
    struct cpu_exit x;

    rig_init(&r);
    use_bitmap(&r);
    rig_enter(&r);
    mem_write(&r.mem, MSR_BITMAP_AT + row->byte, &byte, 1);
    EXPECT_TRUE(rig_intercepts(&r, row->op, row->msr, &x));
    for (unsigned i = 0; i < sizeof ones; i++)
        ones[i] = 0xff;
    ones[row->byte] = (uint8_t)~byte;
    mem_write(&r.mem, MSR_BITMAP_AT, ones, sizeof ones);
    EXPECT_FALSE(rig_intercepts(&r, row->op, row->msr, &x));
}

/* ---- EPT violations ---- */

TEST_F(cpu_guest, access_to_the_hole_is_an_ept_violation)
{
    struct cpu_exit x;

    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    rig_set(&f->r, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    f->r.vmcs.hole_base = 0xfee00000;
    f->r.vmcs.hole_bytes = 0x1000;
    EXPECT_FALSE(cpu_access_exits(&f->r.cpu, 0xfee000b0, true, &x), "root");
    rig_enter(&f->r);
    EXPECT_TRUE(cpu_access_exits(&f->r.cpu, 0xfee000b0, true, &x));
    EXPECT_EQ(x.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(x.qualification, 0x182, "write; linear address, translated");
    EXPECT_EQ(x.guest_physical_address, 0xfee000b0);
    EXPECT_EQ(x.instruction_length, 1);
    EXPECT_TRUE(cpu_access_exits(&f->r.cpu, 0xfee00fff, false, &x));
    EXPECT_EQ(x.qualification, 0x181, "read");
    EXPECT_FALSE(cpu_access_exits(&f->r.cpu, 0xfee01000, true, &x));
    EXPECT_FALSE(cpu_access_exits(&f->r.cpu, 0xfedfffff, true, &x));
}

/* ---- what an exit records and loads ---- */

TEST_F(cpu_guest, exit_records_everything_that_it_is_given)
{
    struct cpu_exit x = {
        .reason = EXIT_EPT_VIOLATION,
        .qualification = 1,
        .intr_info = 2,
        .error_code = 3,
        .idt_vectoring_info = 4,
        .idt_vectoring_error_code = 5,
        .instruction_length = 6,
        .guest_physical_address = 7,
    };

    rig_enter(&f->r);
    exit_for(&f->r, x);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_EPT_VIOLATION);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_QUALIFICATION), 1);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 2);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_ERROR_CODE), 3);
    EXPECT_EQ(rig_get(&f->r, VMCS_IDT_VECTORING_INFO), 4);
    EXPECT_EQ(rig_get(&f->r, VMCS_IDT_VECTORING_ERROR_CODE), 5);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INSTRUCTION_LENGTH), 6);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_PHYSICAL_ADDRESS), 7);
}

TEST_F(cpu_guest, every_exit_clears_the_entry_valid_bit)
{
    vmcs_set(&f->r.vmcs, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    EXPECT_EQ(rig_get(&f->r, VMCS_ENTRY_INTR_INFO), EXTERNAL(0x31),
              "not by the entry");
    exit_for(&f->r, cpu_intr_exit(true, 0x41));
    EXPECT_EQ(rig_get(&f->r, VMCS_ENTRY_INTR_INFO), 0x31);
}

TEST_F(cpu_guest, interrupt_exit_has_a_vector_only_if_acknowledged)
{
    rig_enter(&f->r);
    exit_for(&f->r, cpu_intr_exit(true, 0x41));
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), 1);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 0x80000041);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    exit_for(&f->r, cpu_intr_exit(false, 0));
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 0);
}

TEST_F(cpu_guest, exit_loads_the_host_with_if_0_and_an_idt_limit_of_64_kib)
{
    struct cpu_exit x = {.reason = EXIT_PAUSE};

    vmcs_set(&f->r.vmcs, VMCS_HOST_IDTR_BASE, 0x70000);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
    rig_enter(&f->r);
    exit_for(&f->r, x);
    EXPECT_FALSE(f->r.cpu.non_root);
    EXPECT_EQ(f->r.cpu.rip, HOST_RIP);
    EXPECT_EQ(f->r.cpu.rsp, HOST_RSP);
    EXPECT_EQ(f->r.cpu.rflags, 2);
    EXPECT_EQ(f->r.cpu.idtr.base, 0x70000);
    EXPECT_EQ(f->r.cpu.idtr.limit, 0xffff);
    EXPECT_FALSE(f->r.cpu.sti_blocking);
}

TEST_F(cpu_guest, exit_loads_the_hosts_task_state_and_saves_the_guests)
{
    vmcs_set(&f->r.vmcs, VMCS_HOST_TR_BASE, 0x71000);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_TR_BASE, 0x72000);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_CR4, CR4_UINTR | 0x20);
    rig_enter(&f->r);
    EXPECT_EQ(f->r.cpu.tr_base, 0x72000);
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_PAUSE});
    EXPECT_EQ(f->r.cpu.tr_base, 0x71000);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_TR_BASE), 0x72000);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_CR4), CR4_UINTR | 0x20);
}

TEST_F(cpu_guest, host_has_no_debug_exceptions_pending)
{
    vmcs_set(&f->r.vmcs, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
    rig_enter(&f->r);
    EXPECT_EQ(f->r.cpu.pending_debug, PENDING_DEBUG_BS);
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_PAUSE});
    EXPECT_EQ(f->r.cpu.pending_debug, 0);
}

TEST_F(cpu_guest, exit_saves_what_the_next_entry_loads)
{
    struct cpu before;

    rig_enter(&f->r);
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    f->r.cpu.gpr[RAX] = 0x6000;
    rig_op(&f->r, OP_LIDT, 0x7ff);
    rig_op(&f->r, OP_STI, 0);
    before = f->r.cpu;
    exit_for(&f->r, (struct cpu_exit){.reason = EXIT_PAUSE});
    EXPECT_EQ(f->r.cpu.frames, 0, "handlers are the guest's");
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(f->r.cpu.rip, before.rip);
    EXPECT_EQ(f->r.cpu.rsp, before.rsp);
    EXPECT_EQ(f->r.cpu.rflags, before.rflags);
    EXPECT_EQ(f->r.cpu.idtr.base, 0x6000);
    EXPECT_EQ(f->r.cpu.idtr.limit, 0x7ff);
    EXPECT_TRUE(f->r.cpu.sti_blocking);
    EXPECT_EQ(f->r.cpu.frames, 1);
}
