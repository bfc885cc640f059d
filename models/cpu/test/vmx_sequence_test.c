/* Rules that meet in one run: NMIs with windows and injection, single steps
 * with shadows and virtual interrupts, posted and user interrupts. */
#include "models/cpu/cpu_uintr.h"
#include "models/cpu/test/vapic_rig.h"

#define UPID_AT UINT64_C(0x54000)
#define UITT_AT UINT64_C(0x54100)
#define USER_STACK UINT64_C(0x56000)
#define USER_HANDLER rip_of(500)
#define UINV 0x61u
#define STACK_PAGE (STACK_AT - MEM_PAGE_BYTES)

struct vmx_sequence {
    struct vapic v;
    struct rig *r;
    struct cpu *c;
};

static void vmx_sequence_setup(struct vmx_sequence *f)
{
    f->r = &f->v.r;
    f->c = &f->r->cpu;
    vapic_setup(&f->v);
}

static void vmx_sequence_teardown(struct vmx_sequence *f)
{
    rig_check(f->r);
}

static void put(struct vmx_sequence *f, enum vmcs_field field, uint64_t value)
{
    vmcs_set(&f->r->vmcs, field, value);
}

/* The event at this boundary exits, for this reason. */
static void expect_exit(struct vmx_sequence *f, enum cpu_event event,
                        enum exit_reason reason)
{
    struct cpu_exit x;

    ASSERT_EQ(cpu_recognize(f->c), event);
    x = cpu_take_exit(f->c, event);
    cpu_vm_exit(f->c, &x);
    EXPECT_EQ(rig_get(f->r, VMCS_EXIT_REASON), reason);
}

static struct cpu_result deliver_virtual(struct vmx_sequence *f)
{
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_VIRTUAL_DELIVERY);
    return rig_deliver(f->r, vapic_deliver(f->c, &f->r->mem),
                       INTR_TYPE_EXTERNAL);
}

/* The notification has been acknowledged. */
static void take_posted(struct vmx_sequence *f)
{
    ASSERT_EQ(cpu_recognize(f->c), CPU_EVENT_INTR_EXIT);
    ASSERT_TRUE(vapic_notifies(f->c, NOTIFICATION));
    f->c->intr = false;
    vapic_clear_on(f->c, &f->r->mem);
    vapic_take_posted(f->c, &f->r->mem);
}

static void post(struct vmx_sequence *f, uint8_t vector)
{
    pid_post(&f->r->mem, PID_AT, vector, false);
    f->c->intr = true;
}

/* ---- NMIs, windows, injection ---- */

static void launch_with_virtual_nmis(struct vmx_sequence *f)
{
    rig_set(f->r, VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
    rig_set(f->r, VMCS_PRIMARY_CONTROLS,
            PRIMARY_NMI_WINDOW | PRIMARY_INTERRUPT_WINDOW);
    put(f, VMCS_ENTRY_INTR_INFO, INTR_INFO_NMI);
    rig_enter(f->r);
}

/* Its delivery meets an EPT violation, which the host repairs. */
static void cut_injected_nmi_short(struct vmx_sequence *f)
{
    struct cpu_result r;

    rig_set(f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY);
    put(f, VMCS_SECONDARY_CONTROLS, SECONDARY_EPT);
    f->r->vmcs.hole_base = STACK_PAGE;
    f->r->vmcs.hole_bytes = MEM_PAGE_BYTES;
    launch_with_virtual_nmis(f);
    r = rig_inject(f->r);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    cpu_vm_exit(f->c, &r.exit);
    f->r->vmcs.hole_bytes = 0;
}

TEST_F(vmx_sequence, nmi_cut_short_is_refused_again_while_it_blocks)
{
    bool failure;

    cut_injected_nmi_short(f);
    EXPECT_EQ(rig_get(f->r, VMCS_IDT_VECTORING_INFO), INTR_INFO_NMI);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_INTERRUPTIBILITY), BLOCKING_BY_NMI);
    put(f, VMCS_ENTRY_INTR_INFO, rig_get(f->r, VMCS_IDT_VECTORING_INFO));
    EXPECT_EQ(rig_entry(f->r, OP_VMRESUME, &failure), VMERR_NONE);
    EXPECT_TRUE(failure);
}

TEST_F(vmx_sequence,
       nmi_injected_again_opens_the_nmi_window_then_the_interrupts)
{
    cut_injected_nmi_short(f);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, 0);
    put(f, VMCS_ENTRY_INTR_INFO, rig_get(f->r, VMCS_IDT_VECTORING_INFO));
    vapic_reenter(&f->v);
    EXPECT_EQ(rig_inject(f->r).outcome, CPU_GOES_ON);
    EXPECT_EQ(f->c->rip, HANDLER(VECTOR_NMI));
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "both are shut");
    rig_op(f->r, OP_IRET, 0);
    expect_exit(f, CPU_EVENT_NMI_WINDOW_EXIT, EXIT_NMI_WINDOW);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_RIP), CODE);
    put(f, VMCS_PRIMARY_CONTROLS,
        rig_get(f->r, VMCS_PRIMARY_CONTROLS) & ~(uint64_t)PRIMARY_NMI_WINDOW);
    vapic_reenter(&f->v);
    expect_exit(f, CPU_EVENT_WINDOW_EXIT, EXIT_INTERRUPT_WINDOW);
}

/* ---- single steps ---- */

static void launch_single_stepped(struct vmx_sequence *f)
{
    vapic_controls(&f->v, VID);
    rig_set(f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
    put(f, VMCS_GUEST_INTERRUPT_STATUS, 0x31);
    page_set(&f->v, VAPIC_IRR, 0x31);
}

static void expect_step(struct vmx_sequence *f, uint64_t rip, uint64_t blocking)
{
    expect_exit(f, CPU_EVENT_MTF_EXIT, EXIT_MONITOR_TRAP_FLAG);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_RIP), rip);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_INTERRUPTIBILITY), blocking);
    vapic_reenter(&f->v);
}

/* Behind the last blocked op the step exits, then the entry delivers, and the
 * delivery is a step too. */
static void expect_delivery_between_steps(struct vmx_sequence *f)
{
    rig_op(f->r, OP_NOP, 0);
    expect_step(f, rip_plus(CODE, 2), 0);
    EXPECT_EQ(deliver_virtual(f).outcome, CPU_GOES_ON);
    EXPECT_EQ(rig_stack(f->r, 0), rip_plus(CODE, 2));
    expect_step(f, HANDLER(0x31), 0);
}

TEST_F(vmx_sequence, steps_through_the_shadow_of_sti_to_a_virtual_interrupt)
{
    put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    launch_single_stepped(f);
    rig_enter(f->r);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "IF = 0");
    rig_op(f->r, OP_STI, 0);
    expect_step(f, rip_plus(CODE, 1), BLOCKING_BY_STI);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "loaded with the blocking");
    expect_delivery_between_steps(f);
}

TEST_F(vmx_sequence, steps_through_the_shadow_of_mov_ss_likewise)
{
    launch_single_stepped(f);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
    rig_enter(f->r);
    rig_op(f->r, OP_MOV_SS, 0);
    expect_step(f, rip_plus(CODE, 1), BLOCKING_BY_MOV_SS);
    expect_delivery_between_steps(f);
}

/* ---- posted interrupts ---- */

TEST_F(vmx_sequence, posting_in_the_shadow_of_sti_is_delivered_behind_it)
{
    vapic_use_posted(&f->v);
    put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vapic_run(&f->v, VID, 0, 0);
    rig_op(f->r, OP_STI, 0);
    post(f, 0x31);
    take_posted(f);
    EXPECT_EQ(f->c->vapic.rvi, 0x31);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    rig_op(f->r, OP_NOP, 0);
    deliver_virtual(f);
    EXPECT_EQ(rig_stack(f->r, 0), rip_plus(CODE, 2));
}

TEST_F(vmx_sequence, notification_waits_in_shutdown_for_the_nmi_that_ends_it)
{
    vapic_use_posted(&f->v);
    rig_set(f->r, VMCS_PIN_CONTROLS, PIN_NMI_EXITING);
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN);
    vapic_run(&f->v, VID, 0, 0);
    post(f, 0x31);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    f->c->nmi = true;
    expect_exit(f, CPU_EVENT_NMI_EXIT, EXIT_EXCEPTION_NMI);
    EXPECT_TRUE(f->c->intr, "the local APIC keeps it");
    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
    put(f, VMCS_GUEST_INTERRUPTIBILITY, 0);
    vapic_reenter(&f->v);
    take_posted(f);
    deliver_virtual(f);
    EXPECT_EQ(rig_stack(f->r, 0), CODE);
}

TEST_F(vmx_sequence, ipi_to_the_own_id_ends_with_the_eoi_exit_of_its_vector)
{
    struct vapic_out out;

    vapic_use_posted(&f->v);
    vapic_use_ipiv(&f->v);
    put(f, VMCS_EOI_EXIT_BITMAP_0, UINT64_C(1) << 0x31);
    vapic_run(&f->v, X2 | VID, 0, 0);
    out = wrmsr(&f->v, 0x830, 0x31);
    EXPECT_NO_EXIT(out);
    EXPECT_TRUE(out.posted.notify);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE, "before its notification");
    f->c->intr = true;
    take_posted(f);
    deliver_virtual(f);
    EXPECT_TRAP(wrmsr(&f->v, 0x80b, 0), EXIT_EOI_INDUCED, 0x31);
    EXPECT_FALSE(page_has(&f->v, VAPIC_ISR, 0x31));
}

/* The virtual interrupt has left HLT and is in service when the exit comes. */
TEST_F(vmx_sequence, virtual_interrupt_of_hlt_cut_short_is_injected_when_active)
{
    struct cpu_result r;

    put(f, VMCS_GUEST_ACTIVITY, ACTIVITY_HLT);
    put(f, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(f->r, 0x31);
    page_set(&f->v, VAPIC_IRR, 0x31);
    vapic_run(&f->v, VID, 0x31, 0);
    r = deliver_virtual(f);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    cpu_vm_exit(f->c, &r.exit);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_ACTIVITY), ACTIVITY_ACTIVE);
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x3100);
    EXPECT_EQ(rig_get(f->r, VMCS_IDT_VECTORING_INFO), EXTERNAL(0x31));
    rig_gate(f->r, 0x31, GATE_INTERRUPT);
    put(f, VMCS_ENTRY_INTR_INFO, rig_get(f->r, VMCS_IDT_VECTORING_INFO));
    vapic_reenter(&f->v);
    EXPECT_EQ(rig_inject(f->r).outcome, CPU_GOES_ON);
    EXPECT_EQ(vapic_status(&f->v), 0x3100, "once in service");
    EXPECT_FALSE(page_has(&f->v, VAPIC_IRR, 0x31));
}

/* ---- TPR threshold ---- */

TEST_F(vmx_sequence,
       threshold_that_cr8_fell_below_must_be_lowered_before_the_entry)
{
    struct vapic_out out;
    bool failure;

    page_put(&f->v, VAPIC_TPR, 0x60);
    put(f, VMCS_TPR_THRESHOLD, 5);
    vapic_run(&f->v, 0, 0, 0);
    EXPECT_NO_EXIT(vapic_set_cr8(f->c, &f->r->mem, 5));
    out = vapic_set_cr8(f->c, &f->r->mem, 4);
    EXPECT_TRAP(out, EXIT_TPR_BELOW_THRESHOLD, 0);
    cpu_vm_exit(f->c, &out.exit);
    EXPECT_EQ(rig_entry(f->r, OP_VMRESUME, &failure), VMERR_CONTROLS);
    put(f, VMCS_TPR_THRESHOLD, 4);
    vapic_reenter(&f->v);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    EXPECT_NO_EXIT(vapic_set_cr8(f->c, &f->r->mem, 15));
}

/* ---- user interrupts ---- */

/* A thread at level 3 of a guest whose UINV is a vector that is posted. */
static void run_thread(struct vmx_sequence *f)
{
    vapic_use_posted(&f->v);
    vapic_use_ipiv(&f->v);
    put(f, VMCS_GUEST_CR4, CR4_UINTR);
    put(f, VMCS_GUEST_RSP, USER_STACK);
    f->c->uintr = (struct uintr){
        .supported = true,
        .uif = true,
        .uinv = UINV,
        .uihandler = USER_HANDLER,
        .upidaddr = UPID_AT,
        .tt = UITT_AT | UINTR_TT_ENABLE,
    };
    mem_write64(&f->r->mem, UITT_AT, 7 << 8 | UITTE_VALID);
    mem_write64(&f->r->mem, UITT_AT + 8, UPID_AT);
    mem_write64(&f->r->mem, UPID_AT, UINV << 16); /* to virtual ID 0 */
    vapic_run(&f->v, X2 | VID, 0, 0);
    f->c->cpl = 3;
}

static struct vapic_out senduipi(struct vmx_sequence *f)
{
    struct op op = {.kind = OP_SENDUIPI, .reg = RBX};
    struct uintr_sent sent;

    EXPECT_EQ(cpu_senduipi(f->c, &f->r->mem, &op, &sent).outcome, CPU_GOES_ON);
    if (!sent.notify)
        return (struct vapic_out){0};
    return vapic_senduipi(f->c, &f->r->mem, sent.vector, sent.ndst);
}

static void deliver_notification(struct vmx_sequence *f)
{
    ASSERT_EQ(cpu_recognize(f->c), CPU_EVENT_VIRTUAL_DELIVERY);
    ASSERT_EQ(vapic_deliver(f->c, &f->r->mem), UINV);
    vapic_end_notification(f->c, &f->r->mem);
    EXPECT_EQ(rig_deliver(f->r, UINV, INTR_TYPE_EXTERNAL).outcome,
              CPU_NOTIFIED);
}

static void enter_user_handler(struct vmx_sequence *f)
{
    ASSERT_EQ(cpu_recognize(f->c), CPU_EVENT_USER_INTERRUPT);
    EXPECT_EQ(cpu_deliver_user_interrupt(f->c, &f->r->mem).outcome,
              CPU_GOES_ON);
    EXPECT_EQ(f->c->rip, USER_HANDLER);
}

TEST_F(vmx_sequence, senduipi_to_itself_comes_back_as_a_user_interrupt)
{
    struct vapic_out out;

    run_thread(f);
    out = senduipi(f);
    EXPECT_NO_EXIT(out);
    EXPECT_TRUE(out.posted.notify, "through the descriptor of its virtual ID");
    f->c->intr = true;
    take_posted(f);
    deliver_notification(f);
    EXPECT_EQ(vapic_status(&f->v), 0, "neither requested nor in service");
    enter_user_handler(f);
    EXPECT_EQ(rig_stack(f->r, 0), 7);
    EXPECT_EQ(rig_stack(f->r, 1), rip_plus(CODE, 1));
}

/* What is posted beside UINV waits: a notification evaluates nothing. */
TEST_F(vmx_sequence, vector_posted_below_uinv_waits_behind_the_user_interrupt)
{
    run_thread(f);
    mem_write64(&f->r->mem, UPID_AT + UPID_PUIR, 1u << 7);
    post(f, UINV);
    post(f, 0x41);
    take_posted(f);
    deliver_notification(f);
    EXPECT_EQ(vapic_status(&f->v), 0x41);
    enter_user_handler(f);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    wrmsr(&f->v, 0x808, 0);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_VIRTUAL_DELIVERY,
              "a TPR write evaluates");
}

TEST_F(vmx_sequence,
       uiret_leaves_alone_what_was_sent_to_a_suppressed_descriptor)
{
    run_thread(f);
    f->c->uintr.uirr = 1;
    enter_user_handler(f);
    mem_fetch_or64(&f->r->mem, UPID_AT, UPID_SN);
    EXPECT_FALSE(senduipi(f).posted.notify);
    f->c->rsp += 8; /* the vector */
    rig_op(f->r, OP_UIRET, 0);
    EXPECT_TRUE(f->c->uintr.uif);
    EXPECT_EQ(cpu_recognize(f->c), CPU_EVENT_NONE);
    EXPECT_EQ(mem_read64(&f->r->mem, UPID_AT + UPID_PUIR), 1u << 7);
    mem_fetch_and64(&f->r->mem, UPID_AT, ~UPID_SN);
    post(f, UINV); /* as its kernel does when the thread runs again */
    take_posted(f);
    deliver_notification(f);
    enter_user_handler(f);
}

/* ---- the timer ---- */

TEST_F(vmx_sequence, deadline_of_the_host_is_none_of_the_guests)
{
    vapic_use_ipiv(&f->v);
    rig_set(f->r, VMCS_TERTIARY_CONTROLS, TERTIARY_APIC_TIMER_VIRTUALIZATION);
    put(f, VMCS_VIRTUAL_TIMER_VECTOR, 0x51);
    vapic_run(&f->v, VID, 0, 0);
    wrmsr(&f->v, VAPIC_MSR_TSC_DEADLINE, 4000);
    vapic_leave_guest(&f->v);
    EXPECT_FALSE(vapic_has_wrmsr(f->c, VAPIC_MSR_TSC_DEADLINE),
                 "it reaches the local APIC");
    EXPECT_EQ(rig_get(f->r, VMCS_GUEST_DEADLINE), 4000);
    vapic_reenter(&f->v);
    EXPECT_EQ(vapic_rdmsr(f->c, &f->r->mem, VAPIC_MSR_TSC_DEADLINE), 4000);
}

TEST_F(vmx_sequence, deadline_before_the_tsc_offset_has_passed)
{
    vapic_use_ipiv(&f->v);
    rig_set(f->r, VMCS_TERTIARY_CONTROLS, TERTIARY_APIC_TIMER_VIRTUALIZATION);
    put(f, VMCS_VIRTUAL_TIMER_VECTOR, 0x51);
    vapic_controls(&f->v, VID);
    rig_set(f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_TSC_OFFSETTING);
    put(f, VMCS_TSC_OFFSET, 1000); /* the guest's TSC is never below it */
    rig_enter(f->r);
    for (uint64_t deadline = 1; deadline <= 1000; deadline += 333) {
        wrmsr(&f->v, VAPIC_MSR_TSC_DEADLINE, deadline);
        EXPECT_EQ(rig_get(f->r, VMCS_GUEST_DEADLINE), 1, "long ago, not never");
    }
}
