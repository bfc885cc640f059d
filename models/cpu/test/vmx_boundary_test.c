/* The order of events at an instruction boundary in VMX non-root operation;
 * INIT, SIPI, the monitor trap flag, pending debug exceptions, and what event
 * delivery meets in nested paging. */
#include "models/cpu/test/cpu_rig.h"

#define MTF (INTR_INFO_VALID | INTR_TYPE_OTHER << 8)
#define INT_80 (INTR_INFO_VALID | INTR_TYPE_SOFTWARE_INTERRUPT << 8 | 0x80)
#define BREAKPOINT (PENDING_DEBUG_ENABLED | 1u)

struct vmx_boundary {
    struct rig r;
    struct cpu *c;
};

static void vmx_boundary_setup(struct vmx_boundary *f)
{
    rig_init(&f->r);
    f->c = &f->r.cpu;
}

static void vmx_boundary_teardown(struct vmx_boundary *f)
{
    rig_check(&f->r);
}

static void put(struct vmx_boundary *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r.vmcs, field, value);
}

static void use_mtf(struct vmx_boundary *f)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
}

static struct cpu_exit take(struct vmx_boundary *f, enum cpu_event event)
{
    struct cpu_exit x;

    EXPECT_EQ(cpu_recognize(f->c), event);
    x = cpu_take_exit(f->c, event);
    cpu_vm_exit(f->c, &x);
    return x;
}

TEST_F(vmx_boundary, events_have_the_order_of_the_manual)
{
    struct cpu *c = f->c;

    rig_set(&f->r, VMCS_PIN_CONTROLS,
            PIN_NMI_EXITING | PIN_VIRTUAL_NMIS | PIN_PREEMPTION_TIMER |
                PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_INTERRUPT_WINDOW | PRIMARY_NMI_WINDOW |
                PRIMARY_MONITOR_TRAP_FLAG);
    rig_enter(&f->r);
    c->smi = c->init = c->mtf = c->nmi = c->intr = true;
    c->pending_debug = BREAKPOINT;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_SMI);
    c->smi = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_INIT_EXIT);
    c->init = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_MTF_EXIT);
    c->mtf = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_DEBUG);
    c->pending_debug = 0;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_PREEMPTION_TIMER_EXIT);
    c->preemption_timer = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_WINDOW_EXIT);
    c->virtual_nmi_blocking = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_EXIT);
    c->nmi = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_WINDOW_EXIT);
    rig_op(&f->r, OP_CLI, 0);
    c->mtf = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_INTR_EXIT);
    c->intr = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
}

/* ---- INIT and SIPI ---- */

TEST_F(vmx_boundary, init_in_root_exits_right_after_the_next_entry)
{
    f->c->init = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    f->c->gpr[RCX] = 77;
    rig_enter(&f->r);
    take(f, CPU_EVENT_INIT_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_INIT_SIGNAL);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_QUALIFICATION), 0);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), CODE);
    EXPECT_EQ(f->c->gpr[RCX], 77, "registers are as they were");
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "it was taken");
}

TEST_F(vmx_boundary, init_exits_from_hlt_and_shutdown_and_leaves_them_saved)
{
    static const enum cpu_activity states[] = {ACTIVITY_HLT, ACTIVITY_SHUTDOWN};

    for (unsigned i = 0; i < 2; i++) {
        rig_init(&f->r);
        put(f, VMCS_GUEST_ACTIVITY, states[i]);
        rig_enter(&f->r);
        f->c->init = true;
        take(f, CPU_EVENT_INIT_EXIT);
        EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), states[i]);
    }
}

TEST_F(vmx_boundary, sipi_in_wait_for_sipi_exits_with_its_vector)
{
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI);
    rig_enter(&f->r);
    EXPECT_FALSE(cpu_sipi(f->c, &f->r.mem, 0x9a), "it does not start");
    take(f, CPU_EVENT_SIPI_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_SIPI);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_QUALIFICATION), 0x9a);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_WAIT_FOR_SIPI);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "it was taken");
}

TEST_F(vmx_boundary, sipi_elsewhere_in_the_guest_is_dropped)
{
    rig_enter(&f->r);
    EXPECT_FALSE(cpu_sipi(f->c, &f->r.mem, 0x9a));
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    f->c->activity = ACTIVITY_HLT;
    EXPECT_FALSE(cpu_sipi(f->c, &f->r.mem, 0x9a));
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, wait_for_sipi_blocks_everything_else)
{
    struct cpu *c = f->c;

    rig_set(&f->r, VMCS_PIN_CONTROLS,
            PIN_NMI_EXITING | PIN_EXTERNAL_INTERRUPT_EXITING |
                PIN_PREEMPTION_TIMER);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI);
    rig_enter(&f->r);
    c->smi = c->init = c->nmi = c->intr = c->extint = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
}

/* ---- monitor trap flag ---- */

TEST_F(vmx_boundary, mtf_exits_after_each_op_with_rip_behind_it)
{
    use_mtf(f);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "not before the first");
    rig_op(&f->r, OP_NOP, 0);
    take(f, CPU_EVENT_MTF_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_MONITOR_TRAP_FLAG);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), rip_plus(CODE, 1));
}

TEST_F(vmx_boundary, mtf_exits_before_the_handler_of_an_injected_event)
{
    use_mtf(f);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    rig_inject(&f->r);
    take(f, CPU_EVENT_MTF_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), HANDLER(0x31));
}

TEST_F(vmx_boundary, injected_mtf_exits_before_the_first_op)
{
    struct cpu_vectored e;

    put(f, VMCS_ENTRY_INTR_INFO, MTF);
    rig_enter(&f->r);
    EXPECT_FALSE(cpu_entry_injects(f->c, &e), "nothing for the IDT");
    take(f, CPU_EVENT_MTF_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), CODE);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, mtf_of_hlt_is_saved_with_activity_hlt)
{
    use_mtf(f);
    rig_enter(&f->r);
    rig_op(&f->r, OP_HLT, 0);
    take(f, CPU_EVENT_MTF_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_HLT);
}

TEST_F(vmx_boundary, mtf_is_lost_when_another_exit_comes_first)
{
    use_mtf(f);
    rig_enter(&f->r);
    rig_op(&f->r, OP_NOP, 0);
    f->c->init = true;
    take(f, CPU_EVENT_INIT_EXIT);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

/* ---- pending debug exceptions ---- */

TEST_F(vmx_boundary, pending_debug_exception_is_delivered_after_the_entry)
{
    struct cpu_result r;

    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
    r = cpu_take_debug(f->c);
    ASSERT_EQ(r.outcome, CPU_FAULTS);
    EXPECT_EQ(r.fault.vector, VECTOR_DB);
    EXPECT_FALSE(r.fault.has_error_code);
    EXPECT_EQ(r.fault.return_rip, CODE);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, pending_debug_exception_that_the_bitmap_catches_exits)
{
    struct cpu_result r;

    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_DB);
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT | PENDING_DEBUG_BS);
    put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
    rig_enter(&f->r);
    r = cpu_take_debug(f->c);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, EXCEPTION(VECTOR_DB));
    EXPECT_EQ(r.exit.error_code, 0);
    EXPECT_EQ(r.exit.qualification, 0x4001);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_PENDING_DEBUG), 0);
}

TEST_F(vmx_boundary, mov_ss_holds_a_pending_debug_exception_for_one_op)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
}

TEST_F(vmx_boundary, pending_debug_exception_that_must_wait_is_saved)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    rig_enter(&f->r);
    f->c->init = true;
    take(f, CPU_EVENT_INIT_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_PENDING_DEBUG), BREAKPOINT);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "the host has none");
}

TEST_F(vmx_boundary, injected_interrupt_takes_the_place_of_debug_exceptions)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, injected_int_n_without_mov_ss_is_not)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_ENTRY_INTR_INFO, INT_80);
    put(f, VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, injected_fault_behind_mov_ss_is_not_followed_by_debug)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    put(f, VMCS_ENTRY_INTR_INFO, EXCEPTION(VECTOR_UD));
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, injected_int3_behind_mov_ss_is_followed_by_debug)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    put(f, VMCS_ENTRY_INTR_INFO,
        INTR_INFO_VALID | INTR_TYPE_SOFTWARE_EXCEPTION << 8 | 3);
    put(f, VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
}

TEST_F(vmx_boundary, injected_int_n_behind_mov_ss_is_followed_by_debug)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    put(f, VMCS_ENTRY_INTR_INFO, INT_80);
    put(f, VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
}

TEST_F(vmx_boundary, shutdown_has_no_pending_debug_exceptions)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_boundary, pending_debug_exception_wakes_hlt)
{
    put(f, VMCS_GUEST_PENDING_DEBUG, BREAKPOINT);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_DEBUG);
}

/* ---- EPT violations and stack faults met during delivery ---- */

static void hole(struct vmx_boundary *f, uint64_t base)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    put(f, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    f->r.vmcs.hole_base = base;
    f->r.vmcs.hole_bytes = 0x1000;
}

TEST_F(vmx_boundary, ept_violation_of_the_idt_has_the_event_as_vectoring)
{
    struct cpu_result r;

    hole(f, IDT_AT);
    put(f, VMCS_ENTRY_INTR_INFO, EXTERNAL(0x31));
    rig_enter(&f->r);
    r = rig_inject(&f->r);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(r.exit.qualification, 0x181, "a read");
    EXPECT_EQ(r.exit.guest_physical_address, IDT_AT + 0x310);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_PHYSICAL_ADDRESS), IDT_AT + 0x310);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_LINEAR_ADDRESS), IDT_AT + 0x310);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_RIP), CODE);
    EXPECT_EQ(r.exit.idt_vectoring_info, EXTERNAL(0x31));
    EXPECT_EQ(r.exit.intr_info, 0);
}

TEST_F(vmx_boundary, ept_violation_of_the_stack_has_the_event_as_vectoring)
{
    struct cpu_result r;

    hole(f, STACK_AT - 0x1000);
    put(f, VMCS_ENTRY_INTR_INFO, INT_80);
    put(f, VMCS_ENTRY_INSTRUCTION_LENGTH, 2);
    rig_enter(&f->r);
    r = rig_inject(&f->r);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(r.exit.qualification, 0x182, "a write");
    EXPECT_EQ(r.exit.idt_vectoring_info, INT_80);
    EXPECT_EQ(r.exit.instruction_length, 2);
    EXPECT_EQ(f->c->rsp, STACK_AT, "nothing was pushed");
}

TEST_F(vmx_boundary, delivery_touches_no_more_than_its_frame)
{
    struct cpu_result r;

    hole(f, STACK_AT);
    rig_enter(&f->r);
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(r.outcome, CPU_GOES_ON);
    rig_op(&f->r, OP_IRET, 0);
    f->r.vmcs.hole_base = STACK_AT - 40 - 0x1000;
    f->c->rsp = STACK_AT;
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(r.outcome, CPU_GOES_ON);
    f->c->rsp = STACK_AT;
    r = rig_deliver(&f->r, VECTOR_GP, INTR_TYPE_HARDWARE_EXCEPTION);
    EXPECT_EQ(r.outcome, CPU_EXITS, "the error code is in the hole");
    EXPECT_EQ(r.exit.qualification, 0x182);
}

TEST_F(vmx_boundary, stack_at_the_end_of_the_lower_half_is_canonical)
{
    put(f, VMCS_GUEST_RSP, UINT64_C(1) << 47);
    rig_enter(&f->r);
    EXPECT_EQ(rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL).outcome,
              CPU_GOES_ON);
}

TEST_F(vmx_boundary, stack_that_is_not_canonical_makes_delivery_fault)
{
    struct cpu_result r;

    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    put(f, VMCS_GUEST_RSP, UINT64_C(1) << 48);
    rig_enter(&f->r);
    r = rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, FAULT_WITH_CODE(VECTOR_SS));
    EXPECT_EQ(r.exit.error_code, 1, "EXT");
    EXPECT_EQ(r.exit.idt_vectoring_info, EXTERNAL(0x31));
}

TEST_F(vmx_boundary, delivery_clears_the_trap_flag)
{
    put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF | RFLAGS_IF);
    rig_enter(&f->r);
    rig_gate(&f->r, 0x31, GATE_TRAP);
    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    EXPECT_FALSE(f->c->rflags & RFLAGS_TF);
    EXPECT_TRUE(rig_stack(&f->r, 2) & RFLAGS_TF);
}
