/* Virtual interrupts: evaluation, delivery, TPR, PPR and EOI. */
#include "models/cpu/test/vapic_rig.h"

#define MSR_TPR 0x808u
#define MSR_EOI 0x80bu
#define MSR_SELF_IPI 0x83fu

static void exit_on_eoi(struct vapic *f, uint8_t vector)
{
    rig_set(&f->r, (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + vector / 64),
            UINT64_C(1) << vector % 64);
}

static uint8_t deliver(struct vapic *f)
{
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
    return vapic_deliver(&f->r.cpu, &f->r.mem);
}

/* ---- evaluation ---- */

TEST_F(vapic, rvi_in_the_class_of_vppr_is_not_recognized)
{
    page_put(f, VAPIC_TPR, 0x50);
    vapic_run(f, X2 | REG | VID, 0x51, 0);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x50);
    EXPECT_FALSE(vapic_recognized(f));
    vapic_leave_guest(f);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPT_STATUS, 0x60);
    vapic_reenter(f);
    EXPECT_TRUE(vapic_recognized(f), "strictly greater");
}

TEST_F(vapic, vectors_below_16_are_never_recognized)
{
    page_set(f, VAPIC_IRR, 0x0f);
    vapic_run(f, X2 | VID, 0x0f, 0);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0);
    EXPECT_FALSE(vapic_recognized(f));
}

TEST_F(vapic, vppr_is_vtpr_with_its_low_nibble_unless_svi_has_a_higher_class)
{
    page_put(f, VAPIC_TPR, 0x55);
    vapic_run(f, X2 | VID, 0, 0x50);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x55, "the same class: VTPR");
    vapic_leave_guest(f);
    page_put(f, VAPIC_TPR, 0x45);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPT_STATUS, 0x5f00);
    vapic_reenter(f);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x50, "SVI without its low nibble");
}

TEST_F(vapic, rvi_is_trusted_against_an_emptier_virr)
{
    vapic_run(f, X2 | VID, 0x80, 0);
    EXPECT_EQ(deliver(f), 0x80);
    EXPECT_TRUE(page_has(f, VAPIC_ISR, 0x80));
    EXPECT_EQ(vapic_status(f), 0x8000, "RVI = the highest bit of VIRR");
}

TEST_F(vapic, rvi_is_trusted_against_a_fuller_virr)
{
    page_set(f, VAPIC_IRR, 0x80);
    vapic_run(f, X2 | VID, 0, 0);
    EXPECT_FALSE(vapic_recognized(f));
    vapic_leave_guest(f);
    page_set(f, VAPIC_IRR, 0x31);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPT_STATUS, 0x31);
    vapic_reenter(f);
    EXPECT_EQ(deliver(f), 0x31, "80h is in VIRR, but not RVI");
    EXPECT_EQ(vapic_status(f), 0x3180, "only delivery looks there");
    EXPECT_FALSE(vapic_recognized(f), "and recognizes nothing");
}

TEST_F(vapic, vector_is_a_bit_of_virr_and_then_of_visr)
{
    vapic_run(f, X2 | VID, 0, 0);
    for (uint32_t v = 16; v < 256; v++) {
        EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, v));
        EXPECT_TRUE(page_has(f, VAPIC_IRR, (uint8_t)v), "VIRR, %x", v);
        EXPECT_EQ(deliver(f), v);
        EXPECT_FALSE(page_has(f, VAPIC_IRR, (uint8_t)v), "VIRR, %x", v);
        EXPECT_TRUE(page_has(f, VAPIC_ISR, (uint8_t)v), "VISR, %x", v);
        EXPECT_NO_EXIT(wrmsr(f, MSR_EOI, 0));
        EXPECT_FALSE(page_has(f, VAPIC_ISR, (uint8_t)v), "VISR, %x", v);
        EXPECT_EQ(vapic_status(f), 0);
    }
}

TEST_F(vapic, page_that_nobody_wrote_has_no_vectors)
{
    struct vecset s = vapic_vectors(&f->r.mem, VAPIC_AT + VAPIC_IRR);

    EXPECT_EQ(vecset_top(&s), -1);
}

TEST_F(vapic, self_ipi_raises_rvi_to_its_vector_whatever_virr_has)
{
    page_set(f, VAPIC_IRR, 0xe0); /* a VMM's error: not in RVI */
    vapic_run(f, X2 | VID, 0x75, 0);
    EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, 0x61));
    EXPECT_EQ(vapic_status(f), 0x75, "a lower vector leaves it");
    EXPECT_TRUE(page_has(f, VAPIC_IRR, 0x61));
    EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, 0x81));
    EXPECT_EQ(vapic_status(f), 0x81);
}

TEST_F(vapic, eoi_trusts_rvi_against_a_fuller_virr)
{
    page_set(f, VAPIC_IRR, 0xe0); /* a VMM's error: not in RVI */
    page_set(f, VAPIC_IRR, 0x31);
    page_set(f, VAPIC_ISR, 0x61);
    vapic_run(f, X2 | VID, 0x31, 0x61);
    EXPECT_NO_EXIT(wrmsr(f, MSR_EOI, 0));
    EXPECT_EQ(vapic_status(f), 0x31);
    EXPECT_EQ(deliver(f), 0x31);
}

/* ---- when evaluation happens ---- */

TEST_F(vapic, write_of_virr_by_the_vmm_is_no_evaluation)
{
    vapic_run(f, X2 | VID, 0, 0);
    page_set(f, VAPIC_IRR, 0x61);
    EXPECT_FALSE(vapic_recognized(f));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(vapic, if_and_shadows_count_at_delivery_not_at_evaluation)
{
    static const struct op sti = {.kind = OP_STI}, nop = {.kind = OP_NOP};

    vapic_controls(f, X2 | VID);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_TRUE(vapic_recognized(f));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "IF = 0");
    cpu_execute(&f->r.cpu, &f->r.mem, &nop);
    EXPECT_TRUE(vapic_recognized(f), "it survives");
    cpu_execute(&f->r.cpu, &f->r.mem, &sti);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "blocking by STI");
    cpu_execute(&f->r.cpu, &f->r.mem, &nop);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

TEST_F(vapic, evaluation_under_blocking_by_sti_is_one_all_the_same)
{
    vapic_controls(f, X2 | VID);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    page_put(f, VAPIC_TPR, 0x70);
    vapic_run(f, X2 | VID, 0x61, 0);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_TRUE(f->r.cpu.sti_blocking);
    EXPECT_NO_EXIT(wrmsr(f, MSR_TPR, 0));
    cpu_retire(&f->r.cpu);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

TEST_F(vapic, mov_ss_blocks_delivery_too)
{
    vapic_controls(f, X2 | VID);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    f->r.cpu.mov_ss_blocking = false;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

TEST_F(vapic, nothing_is_recognized_from_delivery_to_eoi)
{
    page_set(f, VAPIC_IRR, 0x61);
    page_set(f, VAPIC_IRR, 0x41);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(deliver(f), 0x61);
    EXPECT_EQ(vapic_status(f), 0x6141);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "41h has to wait");
    EXPECT_NO_EXIT(wrmsr(f, MSR_EOI, 0));
    EXPECT_EQ(deliver(f), 0x41);
}

TEST_F(vapic, even_a_higher_vector_waits_for_an_evaluation)
{
    page_set(f, VAPIC_IRR, 0x61);
    page_set(f, VAPIC_IRR, 0xa1); /* a VMM's error: not in RVI */
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(deliver(f), 0x61);
    EXPECT_EQ(vapic_status(f), 0x61a1);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    EXPECT_NO_EXIT(wrmsr(f, MSR_TPR, 0));
    EXPECT_EQ(deliver(f), 0xa1, "a TPR write evaluates");
}

TEST_F(vapic, neither_sti_nor_iret_is_an_evaluation)
{
    page_set(f, VAPIC_IRR, 0x61);
    page_set(f, VAPIC_IRR, 0xa1); /* a VMM's error: not in RVI */
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(deliver(f), 0x61);
    rig_deliver(&f->r, 0x61, INTR_TYPE_EXTERNAL);
    EXPECT_EQ(f->r.cpu.rflags & RFLAGS_IF, 0);
    rig_op(&f->r, OP_STI, 0);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(f->r.cpu.rip, CODE);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    vapic_leave_guest(f);
    vapic_reenter(f);
    EXPECT_EQ(deliver(f), 0xa1, "a VM entry is one");
}

TEST_F(vapic, user_interrupt_notification_ends_without_an_evaluation)
{
    page_set(f, VAPIC_IRR, 0xec);
    page_set(f, VAPIC_IRR, 0x61);
    vapic_run(f, X2 | VID, 0xec, 0);
    EXPECT_EQ(deliver(f), 0xec);
    vapic_end_notification(&f->r.cpu, &f->r.mem);
    EXPECT_EQ(vapic_status(f), 0x61);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0, "but PPR virtualization");
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
    EXPECT_NO_EXIT(wrmsr(f, MSR_EOI, 0));
    EXPECT_EQ(deliver(f), 0x61, "an EOI is one");
}

TEST_F(vapic, higher_vector_nests_because_its_arrival_evaluates)
{
    page_set(f, VAPIC_IRR, 0x61);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(deliver(f), 0x61);
    EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, 0x55));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "a lower one");
    EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, 0x75));
    EXPECT_EQ(deliver(f), 0x75);
    EXPECT_EQ(vapic_status(f), 0x7555);
}

TEST_F(vapic, vm_entry_evaluates_before_its_first_boundary)
{
    page_set(f, VAPIC_IRR, 0x61);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

/* ---- delivery ---- */

TEST_F(vapic, delivery_gives_vppr_the_class_of_the_vector_and_leaves_vtpr)
{
    page_put(f, VAPIC_TPR, 0x25);
    page_set(f, VAPIC_IRR, 0x73);
    vapic_run(f, X2 | VID, 0x73, 0);
    EXPECT_EQ(deliver(f), 0x73);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x70);
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0x25);
    EXPECT_EQ(vapic_status(f), 0x7300);
    EXPECT_FALSE(page_has(f, VAPIC_IRR, 0x73));
    EXPECT_TRUE(page_has(f, VAPIC_ISR, 0x73));
}

TEST_F(vapic, delivery_does_not_ask_vtpr_again)
{
    vapic_run(f, X2 | VID, 0x73, 0);
    page_put(f, VAPIC_TPR, 0x90); /* by another agent */
    EXPECT_EQ(deliver(f), 0x73);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x70);
}

TEST_F(vapic, delivery_overwrites_a_larger_svi)
{
    page_put(f, VAPIC_TPR, 0x20);
    page_set(f, VAPIC_ISR, 0xe0);
    vapic_run(f, X2 | VID, 0x73, 0);
    f->r.cpu.vapic.svi = 0xe0; /* a VMM's error, after the evaluation */
    EXPECT_EQ(deliver(f), 0x73);
    EXPECT_EQ(vapic_status(f), 0x7300);
}

TEST_F(vapic, exit_during_delivery_leaves_the_vector_in_service)
{
    struct cpu_vectored e = {.vector = 0x73, .return_rip = CODE};
    struct cpu_result r;

    rig_set(&f->r, VMCS_EXCEPTION_BITMAP, 1u << VECTOR_NP);
    rig_no_gate(&f->r, 0x73);
    page_set(f, VAPIC_IRR, 0x73);
    vapic_run(f, X2 | VID, 0x73, 0);
    EXPECT_EQ(deliver(f), 0x73);
    r = cpu_deliver(&f->r.cpu, &f->r.mem, &e);
    ASSERT_EQ(r.outcome, CPU_EXITS);
    EXPECT_EQ(r.exit.idt_vectoring_info, EXTERNAL(0x73));
    cpu_vm_exit(&f->r.cpu, &r.exit);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x7300);
    EXPECT_TRUE(page_has(f, VAPIC_ISR, 0x73));
    EXPECT_FALSE(page_has(f, VAPIC_IRR, 0x73), "to be injected instead");
}

TEST_F(vapic, delivery_is_below_nmi_and_above_external_interrupts)
{
    vapic_run(f, X2 | VID, 0x61, 0);
    f->r.cpu.intr = true;
    f->r.cpu.nmi = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NMI_DELIVERY);
    f->r.cpu.nmi = false;
    EXPECT_EQ(deliver(f), 0x61);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_EXIT, "then exit 1");
}

TEST_F(vapic, delivery_wakes_hlt_with_if_1_only)
{
    vapic_run(f, X2 | VID, 0x61, 0);
    f->r.cpu.activity = ACTIVITY_HLT;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
    vapic_if(f, false);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "it stays in HLT");
}

TEST_F(vapic, delivery_does_not_happen_in_shutdown)
{
    vapic_run(f, X2 | VID, 0x61, 0);
    f->r.cpu.activity = ACTIVITY_SHUTDOWN;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(vapic, interrupt_window_exiting_takes_the_place_of_delivery)
{
    vapic_controls(f, X2 | VID);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_FALSE(vapic_recognized(f));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
    vapic_leave_guest(f);
    vmcs_set(&f->r.vmcs, VMCS_PRIMARY_CONTROLS,
             rig_get(&f->r, VMCS_PRIMARY_CONTROLS) &
                 ~(uint64_t)PRIMARY_INTERRUPT_WINDOW);
    vapic_reenter(f);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

/* ---- EOI ---- */

TEST_F(vapic, eoi_without_a_vector_in_service_ends_vector_0)
{
    page_set(f, VAPIC_ISR, 0);
    page_set(f, VAPIC_ISR, 0x31);
    exit_on_eoi(f, 0);
    vapic_run(f, X2 | VID, 0, 0);
    EXPECT_TRAP(wrmsr(f, MSR_EOI, 0), EXIT_EOI_INDUCED, 0);
    EXPECT_FALSE(page_has(f, VAPIC_ISR, 0));
    EXPECT_EQ(vapic_status(f), 0x3100, "SVI = the highest bit of VISR");
}

TEST_F(vapic, eoi_exit_comes_before_the_delivery_that_it_would_allow)
{
    page_set(f, VAPIC_ISR, 0x61);
    page_set(f, VAPIC_IRR, 0x41);
    exit_on_eoi(f, 0x61);
    vapic_run(f, X2 | VID, 0x41, 0x61);
    EXPECT_TRAP(wrmsr(f, MSR_EOI, 0), EXIT_EOI_INDUCED, 0x61);
    EXPECT_FALSE(vapic_recognized(f), "there is no evaluation");
    EXPECT_FALSE(page_has(f, VAPIC_ISR, 0x61));
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0, "but PPR virtualization");
    vapic_leave_guest(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x41);
    vapic_reenter(f);
    EXPECT_EQ(deliver(f), 0x41);
}

TEST_F(vapic, eoi_exit_bitmap_has_64_vectors_a_field)
{
    static const uint8_t vectors[] = {0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    unsigned n = sizeof vectors;

    for (unsigned i = 0; i < n; i++) {
        page_set(f, VAPIC_ISR, vectors[i]);
        exit_on_eoi(f, vectors[i]);
    }
    vapic_run(f, X2 | VID, 0, 0xff);
    while (n--)
        EXPECT_TRAP(wrmsr(f, MSR_EOI, 0), EXIT_EOI_INDUCED, vectors[n]);
    EXPECT_NO_EXIT(wrmsr(f, MSR_EOI, 0));
}

/* ---- TPR ---- */

TEST_F(vapic, raised_vtpr_withdraws_recognition_without_an_exit)
{
    vapic_controls(f, X2 | VID);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vapic_run(f, X2 | VID, 0x61, 0);
    EXPECT_TRUE(vapic_recognized(f));
    EXPECT_NO_EXIT(wrmsr(f, MSR_TPR, 0x60));
    EXPECT_FALSE(vapic_recognized(f));
    EXPECT_NO_EXIT(wrmsr(f, MSR_TPR, 0x5f));
    EXPECT_TRUE(vapic_recognized(f));
}

TEST_F(vapic, tpr_threshold_exits_below_it_only)
{
    page_put(f, VAPIC_TPR, 0x60);
    vmcs_set(&f->r.vmcs, VMCS_TPR_THRESHOLD, 5);
    vapic_run(f, AA, 0, 0);
    EXPECT_NO_EXIT(page_store(f, VAPIC_TPR, 0x50));
    EXPECT_TRAP(page_store(f, VAPIC_TPR, 0x4f), EXIT_TPR_BELOW_THRESHOLD, 0);
    EXPECT_EQ(page_get(f, VAPIC_TPR), 0x4f, "the write is done");
    vmcs_set(&f->r.vmcs, VMCS_TPR_THRESHOLD, 15);
    EXPECT_NO_EXIT(page_store(f, VAPIC_TPR, 0xf0));
    EXPECT_TRAP(page_store(f, VAPIC_TPR, 0xe0), EXIT_TPR_BELOW_THRESHOLD, 0);
}

TEST_F(vapic, tpr_write_without_delivery_leaves_vppr)
{
    page_put(f, VAPIC_TPR, 0x60);
    page_put(f, VAPIC_PPR, 0xa0);
    vapic_run(f, AA, 0, 0);
    EXPECT_NO_EXIT(page_store(f, VAPIC_TPR, 0x20));
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0xa0);
}

TEST_F(vapic, tpr_threshold_0_never_exits)
{
    page_put(f, VAPIC_TPR, 0x60);
    vapic_run(f, AA, 0, 0);
    EXPECT_NO_EXIT(page_store(f, VAPIC_TPR, 0));
    EXPECT_NO_EXIT(vapic_set_cr8(&f->r.cpu, &f->r.mem, 0));
}

TEST_F(vapic, tpr_threshold_is_ignored_with_virtual_interrupt_delivery)
{
    page_put(f, VAPIC_TPR, 0x60);
    vmcs_set(&f->r.vmcs, VMCS_TPR_THRESHOLD, 5);
    vapic_run(f, AA | VID, 0, 0);
    EXPECT_NO_EXIT(page_store(f, VAPIC_TPR, 0x10));
    EXPECT_FALSE(f->r.cpu.vapic.below_threshold);
}

TEST_F(vapic, entry_below_the_threshold_exits_at_once_whatever_blocks)
{
    page_put(f, VAPIC_TPR, 0x40);
    vmcs_set(&f->r.vmcs, VMCS_TPR_THRESHOLD, 5);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vapic_run(f, AA, 0, 0);
    f->r.cpu.nmi = true;
    f->r.cpu.intr = true;
    f->r.cpu.activity = ACTIVITY_HLT;
    ASSERT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_TPR_THRESHOLD_EXIT);
    EXPECT_EQ(cpu_take_exit(&f->r.cpu, CPU_EVENT_TPR_THRESHOLD_EXIT).reason,
              EXIT_TPR_BELOW_THRESHOLD);
}

static const struct inactive {
    const char *name;
    enum cpu_activity activity;
} inactives[] = {
    {"shutdown", ACTIVITY_SHUTDOWN},
    {"wait_for_sipi", ACTIVITY_WAIT_FOR_SIPI},
};

TEST_EACH(vapic_entry, below_the_threshold_is_not_seen_in, struct inactive,
          inactives)
{
    struct vapic f = {0};

    vapic_setup(&f);
    page_put(&f, VAPIC_TPR, 0x40);
    vmcs_set(&f.r.vmcs, VMCS_TPR_THRESHOLD, 5);
    vmcs_set(&f.r.vmcs, VMCS_GUEST_ACTIVITY, row->activity);
    vapic_run(&f, AA, 0, 0);
    EXPECT_EQ(cpu_recognize(&f.r.cpu), CPU_EVENT_NONE);
    vapic_teardown(&f);
}

/* ---- exits ---- */

TEST_F(vapic, new_deadline_replaces_one_that_has_just_passed)
{
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_TERTIARY);
    rig_set(&f->r, VMCS_TERTIARY_CONTROLS, TERTIARY_APIC_TIMER_VIRTUALIZATION);
    vapic_run(f, X2 | VID, 0, 0);
    f->r.cpu.vapic.timer_due = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_GUEST_TIMER);
    EXPECT_NO_EXIT(wrmsr(f, VAPIC_MSR_TSC_DEADLINE, 1000));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(vapic, exit_saves_rvi_and_svi_and_leaves_vppr_as_it_is)
{
    page_put(f, VAPIC_TPR, 0x20);
    vapic_controls(f, X2 | VID);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vapic_run(f, X2 | VID, 0x61, 0x31);
    EXPECT_NO_EXIT(wrmsr(f, MSR_SELF_IPI, 0x71));
    page_put(f, VAPIC_PPR, 0x99);
    vapic_leave_guest(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x3171);
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x99);
}

TEST_F(vapic, guest_interrupt_status_is_untouched_without_delivery)
{
    vmcs_set(&f->r.vmcs, VMCS_GUEST_INTERRUPT_STATUS, 0x3171);
    vapic_controls(f, AA);
    rig_enter(&f->r);
    EXPECT_EQ(vapic_status(f), 0);
    vapic_leave_guest(f);
    EXPECT_EQ(rig_get(&f->r, VMCS_GUEST_INTERRUPT_STATUS), 0x3171);
}

/* ---- a vector that notifies of user interrupts ---- */

#define UINV 0xec

static void deliver_notification(struct vapic *f)
{
    vapic_deliver(&f->r.cpu, &f->r.mem);
    vapic_end_notification(&f->r.cpu, &f->r.mem);
}

TEST_F(vapic, notification_gives_service_back_to_what_it_interrupted)
{
    page_set(f, VAPIC_IRR, UINV);
    page_set(f, VAPIC_ISR, 0x31);
    vapic_run(f, VID, UINV, 0x31);
    deliver_notification(f);
    EXPECT_EQ(vapic_status(f), 0x3100);
    EXPECT_FALSE(page_has(f, VAPIC_ISR, UINV));
    EXPECT_TRUE(page_has(f, VAPIC_ISR, 0x31));
    EXPECT_EQ(page_get(f, VAPIC_PPR), 0x30);
}
