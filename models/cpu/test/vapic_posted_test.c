/* Posted-interrupt processing and IPI virtualization. */
#include "models/cpu/test/vapic_rig.h"

#define APICV (X2 | REG | VID)
#define MSR_ICR 0x830u

static void post(struct vapic *f, uint8_t vector)
{
    mem_fetch_or64(&f->r.mem, PID_AT + vector / 64 * 8,
                   UINT64_C(1) << vector % 64);
}

static void set_on(struct vapic *f)
{
    mem_fetch_or64(&f->r.mem, PID_AT + PID_CONTROL, PID_ON);
}

static uint64_t control_of(struct vapic *f, uint64_t pid)
{
    return mem_read64(&f->r.mem, pid + PID_CONTROL) & (PID_ON | PID_SN);
}

static bool pir_has(struct vapic *f, uint64_t pid, uint8_t vector)
{
    return mem_read64(&f->r.mem, pid + vector / 64 * 8) >> vector % 64 & 1;
}

static struct vapic_taken process(struct vapic *f)
{
    vapic_clear_on(&f->r.cpu, &f->r.mem);
    return vapic_take_posted(&f->r.cpu, &f->r.mem);
}

static void run_posted(struct vapic *f, uint8_t rvi)
{
    vapic_use_posted(f);
    vapic_run(f, APICV, rvi, 0);
}

/* ---- posted-interrupt processing ---- */

TEST_F(vapic, posted_vectors_move_to_virr_and_on_is_cleared)
{
    struct vecset taken;

    post(f, 0x61);
    post(f, 0xe2);
    set_on(f);
    run_posted(f, 0);
    taken = process(f).vectors;
    EXPECT_TRUE(vecset_has(&taken, 0x61) && vecset_has(&taken, 0xe2));
    EXPECT_TRUE(page_has(f, VAPIC_IRR, 0x61));
    EXPECT_TRUE(page_has(f, VAPIC_IRR, 0xe2));
    EXPECT_FALSE(pir_has(f, PID_AT, 0x61) || pir_has(f, PID_AT, 0xe2));
    EXPECT_EQ(control_of(f, PID_AT), 0);
    EXPECT_EQ(vapic_status(f), 0xe2);
    EXPECT_TRUE(vapic_recognized(f));
}

TEST_F(vapic, posted_processing_does_not_ask_for_if)
{
    post(f, 0x61);
    set_on(f);
    vmcs_set(&f->r.vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    run_posted(f, 0);
    f->r.cpu.intr = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_INTR_EXIT,
              "acknowledged, and only then an exit or not");
    process(f);
    f->r.cpu.intr = false;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE, "not delivered");
    vapic_if(f, true);
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_VIRTUAL_DELIVERY);
}

TEST_F(vapic, empty_pir_leaves_rvi_and_still_evaluates)
{
    set_on(f);
    run_posted(f, 0x61);
    f->r.cpu.vapic.recognized = false; /* as after a delivery */
    process(f);
    EXPECT_EQ(control_of(f, PID_AT), 0);
    EXPECT_EQ(vapic_status(f), 0x61);
    EXPECT_TRUE(vapic_recognized(f));
}

TEST_F(vapic, on_is_no_precondition_of_processing)
{
    post(f, 0x60);
    run_posted(f, 0);
    process(f);
    EXPECT_EQ(vapic_status(f), 0x60);
}

TEST_F(vapic, sn_and_the_rest_of_the_descriptor_stay_as_they_are)
{
    uint8_t before[PID_BYTES], after[PID_BYTES];

    for (unsigned i = PID_CONTROL; i < PID_BYTES; i++)
        before[i] = (uint8_t)(0xa3 + i);
    before[PID_CONTROL] = PID_ON | PID_SN;
    before[PID_CONTROL + 1] = 0;
    mem_write(&f->r.mem, PID_AT + PID_CONTROL, before + PID_CONTROL,
              PID_BYTES - PID_CONTROL);
    post(f, 0x61);
    run_posted(f, 0);
    process(f);
    mem_read(&f->r.mem, PID_AT, after, PID_BYTES);
    EXPECT_EQ(after[PID_CONTROL], PID_SN);
    for (unsigned i = PID_CONTROL + 1; i < PID_BYTES; i++)
        EXPECT_EQ(after[i], before[i], "byte %u", i);
}

TEST_F(vapic, notification_vector_is_the_vmcss_not_the_descriptors)
{
    run_posted(f, 0);
    EXPECT_TRUE(vapic_notifies(&f->r.cpu, NOTIFICATION));
    EXPECT_FALSE(vapic_notifies(&f->r.cpu, POSTER_NV), "exit 1");
}

TEST_F(vapic, notification_is_an_exit_without_posted_interrupts)
{
    vapic_run(f, APICV, 0, 0);
    EXPECT_FALSE(vapic_notifies(&f->r.cpu, NOTIFICATION));
}

TEST_F(vapic, posting_a_vector_twice_delivers_it_once)
{
    post(f, 0x61);
    post(f, 0x61);
    run_posted(f, 0);
    process(f);
    EXPECT_EQ(vapic_deliver(&f->r.cpu, &f->r.mem), 0x61);
    EXPECT_EQ(vapic_status(f), 0x6100);
}

TEST_F(vapic, vector_that_is_in_virr_already_is_told_as_merged)
{
    struct vapic_taken taken;

    page_set(f, VAPIC_IRR, 0x61);
    post(f, 0x61);
    post(f, 0x62);
    run_posted(f, 0x61);
    taken = process(f);
    EXPECT_EQ(taken.vectors.word[1], UINT64_C(3) << 0x21);
    EXPECT_EQ(taken.merged.word[1], UINT64_C(1) << 0x21);
}

TEST_F(vapic, post_behind_the_clearing_of_on_is_taken_and_notified_again)
{
    set_on(f);
    run_posted(f, 0);
    vapic_clear_on(&f->r.cpu, &f->r.mem);
    EXPECT_TRUE(pid_post(&f->r.mem, PID_AT, 0x61, false).notify);
    vapic_take_posted(&f->r.cpu, &f->r.mem);
    EXPECT_EQ(vapic_status(f), 0x61);
    EXPECT_EQ(control_of(f, PID_AT), PID_ON);
    process(f); /* the second notification finds nothing */
    EXPECT_EQ(vapic_status(f), 0x61);
    EXPECT_EQ(control_of(f, PID_AT), 0);
}

TEST_F(vapic, post_to_a_group_that_was_taken_waits_for_its_notification)
{
    struct vapic_taken taken = {0};

    set_on(f);
    run_posted(f, 0);
    vapic_clear_on(&f->r.cpu, &f->r.mem);
    for (unsigned i = 0; i < 2; i++)
        vapic_take_pir(&f->r.cpu, &f->r.mem, i, &taken);
    EXPECT_TRUE(pid_post(&f->r.mem, PID_AT, 0x61, false).notify);
    EXPECT_FALSE(pid_post(&f->r.mem, PID_AT, 0x81, false).notify);
    for (unsigned i = 2; i < VAPIC_PIR_GROUPS; i++)
        vapic_take_pir(&f->r.cpu, &f->r.mem, i, &taken);
    vapic_end_posted(&f->r.cpu, &f->r.mem, &taken);
    EXPECT_EQ(vapic_status(f), 0x81);
    EXPECT_TRUE(pir_has(f, PID_AT, 0x61));
    process(f);
    EXPECT_TRUE(page_has(f, VAPIC_IRR, 0x61));
}

static const struct posted_rvi {
    const char *name;
    uint8_t vtpr, rvi, posted, want;
    bool recognized;
} posted_rvis[] = {
    {"lower_vector_leaves_rvi", 0, 0x80, 0x50, 0x80, true},
    {"higher_vector_raises_rvi", 0x60, 0x50, 0x80, 0x80, true},
    {"vppr_can_be_higher_still", 0x90, 0x50, 0x80, 0x80, false},
    {"vector_below_16_hides_nothing", 0, 0x31, 0x0f, 0x31, true},
    {"vector_below_16_alone", 0, 0, 0x0f, 0x0f, false},
};

TEST_EACH(vapic_posted, rvi_after_processing, struct posted_rvi, posted_rvis)
{
    struct vapic f = {0};

    vapic_setup(&f);
    page_put(&f, VAPIC_TPR, row->vtpr);
    post(&f, row->posted);
    run_posted(&f, row->rvi);
    process(&f);
    EXPECT_EQ(vapic_status(&f), row->want);
    EXPECT_EQ(vapic_recognized(&f), row->recognized);
    EXPECT_TRUE(page_has(&f, VAPIC_IRR, row->posted));
    vapic_teardown(&f);
}

TEST_F(vapic, posted_rvi_comes_from_pir_not_from_a_fuller_virr)
{
    page_set(f, VAPIC_IRR, 0xe0); /* a VMM's error: not in RVI */
    post(f, 0x61);
    run_posted(f, 0);
    process(f);
    EXPECT_EQ(vapic_status(f), 0x61);
}

TEST_F(vapic, posted_vector_is_not_recognized_while_a_window_is_asked_for)
{
    vapic_controls(f, APICV);
    rig_set(&f->r, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW);
    post(f, 0x61);
    run_posted(f, 0);
    process(f);
    EXPECT_EQ(vapic_status(f), 0x61);
    EXPECT_FALSE(vapic_recognized(f));
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_WINDOW_EXIT);
}

/* ---- IPI virtualization ---- */

static void run_ipiv(struct vapic *f, uint32_t secondary)
{
    vapic_use_ipiv(f);
    vapic_run(f, secondary, 0, 0);
}

/* Bits 63:32: the virtual APIC ID of the target. */
#define TO(id) ((uint64_t)(id) << 32)

TEST_F(vapic, ipi_is_posted_and_notifies_as_the_descriptor_says)
{
    struct vapic_out out;

    run_ipiv(f, X2);
    out = wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x31);
    EXPECT_NO_EXIT(out);
    EXPECT_EQ(out.event, VAPIC_POSTED);
    EXPECT_EQ(out.descriptor, OTHER_PID_AT);
    EXPECT_TRUE(pir_has(f, OTHER_PID_AT, 0x31));
    EXPECT_EQ(control_of(f, OTHER_PID_AT), PID_ON);
    EXPECT_TRUE(out.posted.notify);
    EXPECT_EQ(out.posted.nv, POSTER_NV);
    EXPECT_EQ(out.posted.ndst, 0x300);
    EXPECT_EQ(page_get(f, VAPIC_ICR_LOW), 0x31);
    EXPECT_EQ(page_get(f, VAPIC_ICR_LOW + 4), LAST_ID, "not at 310h");
    EXPECT_EQ(page_get(f, VAPIC_ICR_HIGH), 0);
}

static const struct ipi_form {
    const char *name;
    uint64_t command;
    bool exits;
} ipi_forms[] = {
    {"fixed_physical_edge", 0x31, false},
    {"level_bit_14_is_not_examined", 0x4031, false},
    {"vector_0f", 0x0f, true},
    {"vector_10", 0x10, false},
    {"delivery_status_bit_12", 0x1031, true},
    {"level_trigger", 0x8031, true},
    {"logical_destination", 0x831, true},
    {"shorthand_self_even_with_delivery", 0x40031, true},
    {"shorthand_all", 0x80031, true},
    {"shorthand_others", 0xc0031, true},
    {"lowest_priority", 0x131, true},
    {"smi", 0x231, true},
    {"nmi", 0x431, true},
    {"init", 0x531, true},
    {"sipi", 0x631, true},
    {"extint", 0x731, true},
};

/* What became of the command, which is in the page in any case. */
static void expect_form(struct vapic *f, const struct ipi_form *row,
                        struct vapic_out out)
{
    if (row->exits)
        EXPECT_TRAP(out, EXIT_APIC_WRITE, 0x300);
    else
        EXPECT_NO_EXIT(out);
    EXPECT_EQ(page_get(f, VAPIC_ICR_LOW), row->command, "stored anyway");
    EXPECT_EQ(pir_has(f, OTHER_PID_AT, (uint8_t)row->command), !row->exits);
    vapic_teardown(f);
}

TEST_EACH(vapic_ipi, form_in_x2apic_mode, struct ipi_form, ipi_forms)
{
    struct vapic f = {0};

    vapic_setup(&f);
    run_ipiv(&f, X2 | VID);
    expect_form(&f, row, wrmsr(&f, MSR_ICR, TO(LAST_ID) | row->command));
}

/* There bits that WRMSR refuses are stored, and are none of the form. */
static const struct ipi_form page_forms[] = {
    {"fixed_physical_edge", 0x31, false},
    {"level_bit_14_is_not_examined", 0x4031, false},
    {"vector_0f", 0x0f, true},
    {"logical_destination", 0x831, true},
    {"nmi", 0x431, true},
    {"delivery_status_bit_12", 0x1031, true},
    {"reserved_bit_13", 0x2031, true},
    {"level_trigger", 0x8031, true},
    {"reserved_bit_16", 0x10031, true},
    {"reserved_bit_17", 0x20031, true},
    {"shorthand_self_without_delivery", 0x40031, true},
    {"shorthand_all", 0x80031, true},
    {"reserved_bit_20", 0x100031, true},
    {"reserved_bit_31", 0x80000031, true},
};

TEST_EACH(vapic_ipi, form_on_the_page, struct ipi_form, page_forms)
{
    struct vapic f = {0};

    vapic_setup(&f);
    run_ipiv(&f, AA);
    page_put(&f, VAPIC_ICR_HIGH, LAST_ID << 24);
    expect_form(&f, row, page_store(&f, VAPIC_ICR_LOW, (uint32_t)row->command));
}

static const struct ipi_target {
    const char *name;
    uint32_t id;
    uint64_t entry;
    bool exits;
} ipi_targets[] = {
    {"last_index", LAST_ID, OTHER_PID_AT | 1, false},
    {"behind_the_last_index", LAST_ID + 1, OTHER_PID_AT | 1, true},
    {"broadcast", UINT32_MAX, OTHER_PID_AT | 1, true},
    {"invalid_entry", LAST_ID, OTHER_PID_AT, true},
    {"reserved_bit_1", LAST_ID, OTHER_PID_AT | 3, true},
    {"reserved_bit_5", LAST_ID, OTHER_PID_AT | 0x21, true},
    {"beyond_the_physical_width", LAST_ID,
     OTHER_PID_AT | 1 | UINT64_C(1) << PHYSICAL_ADDRESS_BITS, true},
};

TEST_EACH(vapic_ipi, target, struct ipi_target, ipi_targets)
{
    struct vapic f = {0};
    struct vapic_out out;

    vapic_setup(&f);
    mem_write64(&f.r.mem, PIDS_AT + UINT64_C(8) * row->id, row->entry);
    run_ipiv(&f, X2);
    out = wrmsr(&f, MSR_ICR, TO(row->id) | 0x31);
    if (row->exits)
        EXPECT_TRAP(out, EXIT_APIC_WRITE, 0x300);
    else
        EXPECT_NO_EXIT(out);
    EXPECT_EQ(pir_has(&f, OTHER_PID_AT, 0x31), !row->exits);
    vapic_teardown(&f);
}

TEST_F(vapic, ipi_to_a_suppressed_or_notified_descriptor_sends_nothing)
{
    run_ipiv(f, X2);
    mem_fetch_or64(&f->r.mem, OTHER_PID_AT + PID_CONTROL, PID_SN);
    EXPECT_FALSE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x31).posted.notify);
    EXPECT_TRUE(pir_has(f, OTHER_PID_AT, 0x31));
    EXPECT_EQ(control_of(f, OTHER_PID_AT), PID_SN);
    mem_fetch_and64(&f->r.mem, OTHER_PID_AT + PID_CONTROL, ~PID_SN);
    EXPECT_TRUE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x32).posted.notify);
    EXPECT_FALSE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x33).posted.notify,
                 "two senders, one notification");
    EXPECT_TRUE(pir_has(f, OTHER_PID_AT, 0x33));
}

TEST_F(vapic, ipi_of_a_vector_that_is_in_pir_already_is_told_as_merged)
{
    run_ipiv(f, X2);
    EXPECT_FALSE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x31).merged);
    EXPECT_TRUE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x31).merged);
    EXPECT_FALSE(wrmsr(f, MSR_ICR, TO(LAST_ID) | 0x32).merged);
}

TEST_F(vapic, ipi_on_the_page_has_an_8_bit_target)
{
    struct vapic_out out;

    run_ipiv(f, AA | REG);
    page_store(f, VAPIC_ICR_HIGH, LAST_ID << 24 | 0x123456);
    out = page_store(f, VAPIC_ICR_LOW, 0x31);
    EXPECT_NO_EXIT(out);
    EXPECT_EQ(out.descriptor, OTHER_PID_AT);
}

TEST_F(vapic, ipi_on_the_page_with_a_reserved_bit_exits_and_posts_nothing)
{
    static const uint8_t reserved[] = {13, 16, 17, 20, 25, 31};

    run_ipiv(f, AA | VID);
    for (size_t i = 0; i < sizeof reserved; i++)
        EXPECT_TRAP(page_store(f, VAPIC_ICR_LOW, 1u << reserved[i] | 0x31),
                    EXIT_APIC_WRITE, 0x300);
    EXPECT_FALSE(pir_has(f, PID_AT, 0x31));
}

TEST_F(vapic, ipi_virtualization_alone_serves_icr_low_but_not_high)
{
    run_ipiv(f, AA);
    EXPECT_TRUE(page_serves(f, VAPIC_ICR_LOW, 4, VAPIC_WRITE));
    EXPECT_FALSE(page_serves(f, VAPIC_ICR_HIGH, 4, VAPIC_WRITE));
    EXPECT_TRAP(page_store(f, VAPIC_ICR_LOW, 0x40031), EXIT_APIC_WRITE, 0x300);
}

TEST_F(vapic, self_shorthand_on_the_page_is_a_self_ipi_with_delivery)
{
    struct vapic_out out;

    run_ipiv(f, AA | VID);
    out = page_store(f, VAPIC_ICR_LOW, 0x40031);
    EXPECT_NO_EXIT(out);
    EXPECT_EQ(out.event, VAPIC_REQUESTED);
    EXPECT_EQ(vapic_status(f), 0x31);
}

TEST_F(vapic, ipi_broadcast_on_the_page_is_an_index_like_any_other)
{
    vmcs_set(&f->r.vmcs, VMCS_LAST_PID_POINTER_INDEX, 255);
    mem_write64(&f->r.mem, PIDS_AT + 8 * 255, OTHER_PID_AT | 1);
    run_ipiv(f, AA | REG);
    page_store(f, VAPIC_ICR_HIGH, 0xff000000);
    EXPECT_EQ(page_store(f, VAPIC_ICR_LOW, 0x31).descriptor, OTHER_PID_AT);
}

TEST_F(vapic, ipi_to_the_own_id_goes_through_the_own_descriptor)
{
    vapic_use_posted(f);
    run_ipiv(f, APICV);
    EXPECT_TRUE(wrmsr(f, MSR_ICR, TO(0) | 0x31).posted.notify);
    EXPECT_TRUE(pir_has(f, PID_AT, 0x31));
    EXPECT_EQ(vapic_status(f), 0, "not before the notification");
    process(f);
    EXPECT_EQ(vapic_status(f), 0x31);
}

TEST_F(vapic, ipi_exits_without_ipi_virtualization_behind_the_write)
{
    vapic_run(f, AA | REG, 0, 0);
    EXPECT_TRAP(page_store(f, VAPIC_ICR_LOW, 0x31), EXIT_APIC_WRITE, 0x300);
}

TEST_F(vapic, ipi_in_x2apic_mode_reaches_the_physical_apic_without_it)
{
    vapic_run(f, X2 | VID, 0, 0);
    EXPECT_FALSE(vapic_has_wrmsr(&f->r.cpu, MSR_ICR));
}

TEST_F(vapic, ipi_virtualization_is_inactive_without_tertiary_controls)
{
    vapic_use_ipiv(f);
    vapic_controls(f, X2);
    vmcs_set(&f->r.vmcs, VMCS_PRIMARY_CONTROLS,
             rig_get(&f->r, VMCS_PRIMARY_CONTROLS) &
                 ~(uint64_t)PRIMARY_TERTIARY);
    vmcs_set(&f->r.vmcs, VMCS_PID_POINTER_TABLE_ADDRESS, 0x7ffffffffffffff3);
    rig_enter(&f->r);
    EXPECT_FALSE(vapic_has_wrmsr(&f->r.cpu, MSR_ICR));
}

/* ---- SENDUIPI's notification ---- */

static struct vapic_out senduipi(struct vapic *f, uint8_t nv, uint32_t ndst)
{
    return vapic_senduipi(&f->r.cpu, &f->r.mem, nv, ndst);
}

TEST_F(vapic, senduipi_is_posted_to_the_virtual_id_of_ndst)
{
    struct vapic_out out;

    run_ipiv(f, 0);
    out = senduipi(f, 0x31, LAST_ID);
    EXPECT_NO_EXIT(out);
    EXPECT_EQ(out.descriptor, OTHER_PID_AT);
    EXPECT_TRUE(pir_has(f, OTHER_PID_AT, 0x31));
    EXPECT_TRAP(senduipi(f, 0x32, LAST_ID | 0x100), EXIT_APIC_WRITE, 0x300);
    EXPECT_FALSE(pir_has(f, OTHER_PID_AT, 0x32), "all 32 bits count");
}

TEST_F(vapic, senduipi_with_the_apic_access_page_takes_bits_15_8_of_ndst)
{
    struct vapic_out out;

    run_ipiv(f, AA);
    out = senduipi(f, 0x31, 0x56000000 | LAST_ID << 8 | 0x12);
    EXPECT_NO_EXIT(out);
    EXPECT_EQ(out.descriptor, OTHER_PID_AT);
    EXPECT_EQ(page_get(f, VAPIC_ICR_HIGH), LAST_ID << 24);
}

TEST_F(vapic, senduipi_of_a_vector_below_16_exits)
{
    run_ipiv(f, 0);
    EXPECT_TRAP(senduipi(f, 0x0f, LAST_ID), EXIT_APIC_WRITE, 0x300);
    EXPECT_FALSE(pir_has(f, OTHER_PID_AT, 0x0f));
}
