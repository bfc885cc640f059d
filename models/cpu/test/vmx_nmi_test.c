/* NMIs in VMX operation: exits, virtual NMIs, windows, blocking, IRET. */
#include "models/cpu/test/cpu_rig.h"

#define NMI (INTR_INFO_VALID | INTR_TYPE_NMI << 8 | VECTOR_NMI)
#define UNBLOCKING_EXIT (FAULT_WITH_CODE(VECTOR_SS) | 1u << 12)
#define BAD_STACK (UINT64_C(1) << 47)

struct vmx_nmi {
    struct rig r;
    struct cpu *c;
};

static void vmx_nmi_setup(struct vmx_nmi *f)
{
    rig_init(&f->r);
    f->c = &f->r.cpu;
}

static void vmx_nmi_teardown(struct vmx_nmi *f)
{
    rig_check(&f->r);
}

static void use_nmi_exiting(struct vmx_nmi *f)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_NMI_EXITING);
}

static void use_virtual_nmis(struct vmx_nmi *f)
{
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
}

static void use_nmi_window(struct vmx_nmi *f)
{
    use_virtual_nmis(f);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW);
}

static void put(struct vmx_nmi *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r.vmcs, field, value);
}

/* The guest exits for this event and the host is entered. */
static void take(struct vmx_nmi *f, enum cpu_event event)
{
    struct cpu_exit x;

    EXPECT_EQ(cpu_recognize(f->c), event);
    x = cpu_take_exit(f->c, event);
    cpu_vm_exit(f->c, &x);
}

static void leave(struct vmx_nmi *f)
{
    struct cpu_exit x = {.reason = EXIT_PAUSE};

    cpu_vm_exit(f->c, &x);
}

static uint64_t saved_blocking(const struct vmx_nmi *f)
{
    return rig_get(&f->r, VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI;
}

/* ---- exits ---- */

TEST_F(vmx_nmi, without_nmi_exiting_it_goes_through_the_guests_vector_2)
{
    f->c->nmi = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_DELIVERY);
    rig_deliver(&f->r, VECTOR_NMI, INTR_TYPE_NMI);
    EXPECT_EQ(f->c->rip, HANDLER(VECTOR_NMI));
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "blocked until IRET");
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(vmx_nmi, exit_information_is_80000202h_without_acknowledge_on_exit)
{
    use_nmi_exiting(f);
    f->c->nmi = true;
    rig_enter(&f->r);
    take(f, CPU_EVENT_NMI_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_EXCEPTION_NMI);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 0x80000202);
    EXPECT_EQ(rig_get(&f->r, VMCS_IDT_VECTORING_INFO), 0);
    EXPECT_FALSE(saved_blocking(f), "blocked only after the exit");
}

TEST_F(vmx_nmi, second_one_waits_until_the_host_executes_iret)
{
    use_nmi_exiting(f);
    f->c->nmi = true;
    rig_enter(&f->r);
    take(f, CPU_EVENT_NMI_EXIT);
    f->c->nmi = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_deliver(&f->r, 0x31, INTR_TYPE_SOFTWARE_INTERRUPT);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(vmx_nmi, exit_for_another_reason_leaves_the_blocking_as_it_is)
{
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    rig_enter(&f->r);
    leave(f);
    EXPECT_TRUE(f->c->nmi_blocking);
    EXPECT_TRUE(saved_blocking(f));
}

TEST_F(vmx_nmi, exits_from_shutdown_where_an_interrupt_waits)
{
    use_nmi_exiting(f);
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    f->c->intr = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    f->c->nmi = true;
    take(f, CPU_EVENT_NMI_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_SHUTDOWN);
}

TEST_F(vmx_nmi, goes_before_an_open_interrupt_window)
{
    use_nmi_exiting(f);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    f->c->nmi = true;
    rig_enter(&f->r);
    take(f, CPU_EVENT_NMI_EXIT);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_WINDOW_EXIT);
}

TEST_F(vmx_nmi, waits_with_its_exit_behind_sti_and_mov_ss)
{
    use_nmi_exiting(f);
    f->c->nmi = true;
    rig_enter(&f->r);
    f->c->sti_blocking = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_EXIT);
    f->c->mov_ss_blocking = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

/* ---- whose blocking it is ---- */

TEST_F(vmx_nmi, bit_3_blocks_physical_nmis_without_virtual_nmis)
{
    use_nmi_exiting(f);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    f->c->nmi = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_deliver(&f->r, 0x31, INTR_TYPE_SOFTWARE_INTERRUPT);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE,
              "the guest's IRET does not unblock");
}

TEST_F(vmx_nmi, bit_3_does_not_block_physical_nmis_with_virtual_nmis)
{
    use_virtual_nmis(f);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    f->c->nmi = f->c->nmi_blocking = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_EXIT);
}

TEST_F(vmx_nmi, virtual_blocking_is_saved_and_ended_by_the_guests_iret)
{
    use_virtual_nmis(f);
    put(f, VMCS_ENTRY_INTR_INFO, NMI);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_TRUE(f->c->virtual_nmi_blocking);
    EXPECT_FALSE(f->c->nmi_blocking);
    leave(f);
    EXPECT_TRUE(saved_blocking(f));
    EXPECT_FALSE(f->c->virtual_nmi_blocking);
    f->r.vmcs.launched = false;
    rig_enter(&f->r);
    EXPECT_TRUE(f->c->virtual_nmi_blocking);
    rig_op(&f->r, OP_IRET, 0);
    leave(f);
    EXPECT_FALSE(saved_blocking(f));
}

TEST_F(vmx_nmi, injection_without_virtual_nmis_blocks_physical_ones)
{
    put(f, VMCS_ENTRY_INTR_INFO, NMI);
    f->c->nmi = true;
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    leave(f);
    EXPECT_TRUE(saved_blocking(f));
}

TEST_F(vmx_nmi, delivery_that_exits_has_begun_the_blocking)
{
    struct cpu_result r;

    use_virtual_nmis(f);
    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    put(f, VMCS_ENTRY_INTR_INFO, NMI);
    rig_no_gate(&f->r, VECTOR_NMI);
    rig_enter(&f->r);
    r = rig_inject(&f->r);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.idt_vectoring_info, NMI);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_TRUE(saved_blocking(f));
    EXPECT_FALSE(f->c->nmi_blocking, "the exit is not the NMI's");
}

/* ---- windows ---- */

TEST_F(vmx_nmi, window_exits_where_nothing_blocks)
{
    use_nmi_window(f);
    put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    rig_enter(&f->r);
    take(f, CPU_EVENT_NMI_WINDOW_EXIT);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_REASON), EXIT_NMI_WINDOW);
    EXPECT_EQ(rig_get(&f->r, VMCS_EXIT_INTR_INFO), 0);
}

TEST_F(vmx_nmi, window_is_shut_behind_sti_and_mov_ss)
{
    use_nmi_window(f);
    rig_enter(&f->r);
    f->c->sti_blocking = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_WINDOW_EXIT);
    f->c->mov_ss_blocking = true;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_nmi, window_behind_an_injected_nmi_opens_with_the_guests_iret)
{
    use_nmi_window(f);
    put(f, VMCS_ENTRY_INTR_INFO, NMI);
    rig_enter(&f->r);
    rig_inject(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_WINDOW_EXIT);
}

TEST_F(vmx_nmi, window_wakes_hlt_and_shutdown_but_not_wait_for_sipi)
{
    use_nmi_window(f);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_WINDOW_EXIT);
    f->c->activity = ACTIVITY_SHUTDOWN;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_WINDOW_EXIT);
    f->c->activity = ACTIVITY_WAIT_FOR_SIPI;
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
}

TEST_F(vmx_nmi, window_goes_before_an_nmi)
{
    use_nmi_window(f);
    f->c->nmi = true;
    rig_enter(&f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_WINDOW_EXIT);
}

/* ---- an IRET that faults ---- */

static struct cpu_result faulting_iret(struct vmx_nmi *f)
{
    f->c->rsp = BAD_STACK;
    return rig_op(&f->r, OP_IRET, 0);
}

TEST_F(vmx_nmi, iret_that_faults_unblocks_and_its_exit_says_so)
{
    struct cpu_result r;

    use_virtual_nmis(f);
    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    rig_enter(&f->r);
    r = faulting_iret(f);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.intr_info, UNBLOCKING_EXIT);
    EXPECT_EQ(r.exit.error_code, 0);
    EXPECT_EQ(f->c->rip, CODE);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_FALSE(saved_blocking(f), "the VMM has to set it again");
}

TEST_F(vmx_nmi, iret_that_faults_unblocks_physical_nmis_too)
{
    struct cpu_result r;

    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    f->c->nmi = true;
    rig_enter(&f->r);
    r = faulting_iret(f);
    EXPECT_EQ(r.exit.intr_info, UNBLOCKING_EXIT);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(vmx_nmi, iret_that_had_nothing_to_unblock_does_not_say_so)
{
    struct cpu_result r;

    use_virtual_nmis(f);
    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    rig_enter(&f->r);
    r = faulting_iret(f);
    EXPECT_EQ(r.exit.intr_info, FAULT_WITH_CODE(VECTOR_SS));
}

TEST_F(vmx_nmi, iret_that_is_not_the_nmis_does_not_say_so)
{
    struct cpu_result r;

    use_nmi_exiting(f);
    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_SS);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    rig_enter(&f->r);
    r = faulting_iret(f);
    EXPECT_EQ(r.exit.intr_info, FAULT_WITH_CODE(VECTOR_SS));
    EXPECT_TRUE(f->c->nmi_blocking);
}

TEST_F(vmx_nmi, iret_touches_no_more_than_its_frame)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    put(f, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    f->r.vmcs.hole_base = STACK_AT + 40;
    f->r.vmcs.hole_bytes = 0x1000;
    rig_enter(&f->r);
    EXPECT_EQ(rig_op(&f->r, OP_IRET, 0).outcome, CPU_GOES_ON);
    f->c->rsp = STACK_AT + 1;
    EXPECT_EQ(rig_op(&f->r, OP_IRET, 0).outcome, CPU_EXITS);
    f->r.vmcs.hole_base = STACK_AT - 0x1000 + 1;
    f->c->rsp = STACK_AT;
    EXPECT_EQ(rig_op(&f->r, OP_IRET, 0).exit.qualification, 0x181, "a read");
}

TEST_F(vmx_nmi, ept_violation_of_iret_says_it_in_its_qualification)
{
    struct cpu_result r;

    use_virtual_nmis(f);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    put(f, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
    f->r.vmcs.hole_base = STACK_AT + 0x20;
    f->r.vmcs.hole_bytes = 0x1000;
    rig_enter(&f->r);
    r = rig_op(&f->r, OP_IRET, 0);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.reason, EXIT_EPT_VIOLATION);
    EXPECT_EQ(r.exit.qualification, 0x1181);
    EXPECT_EQ(f->c->rip, CODE);
    EXPECT_FALSE(f->c->virtual_nmi_blocking);
}
