/*
 * Which exits an interrupt costs without hardware help for the guest's APIC:
 * the hypervisor emulates it, every physical interrupt exits.
 */
#include "software/test/rungs.h"

#define MSR_LVT_TIMER 0x832

static struct scenario guests(enum scenario_program_kind kind,
                              enum scenario_apic_mode apic)
{
    return rung_guests(kind, apic, (struct kvm_apicv)SOFTWARE);
}

TEST(kvm_exits, x2apic_guest_one_for_arrival_and_one_for_eoi)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), n);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), 2 * n);
    figures_free(&f);
}

TEST(kvm_exits, xapic_guest_one_for_arrival_and_one_ept_violation_for_eoi)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_XAPIC);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), n);
    EXPECT_EQ(exits(&f, "EPT_VIOLATION"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), 2 * n);
    figures_free(&f);
}

TEST(kvm_exits, are_attributed_to_the_interrupts_that_cause_them)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f;

    for (int ack = 0; ack <= 1; ack++) {
        s.vm[0].features.acknowledge_on_exit = ack;
        s.vm[1].features.acknowledge_on_exit = ack;
        f = rig_exchange(&s, NULL);
        for (int i = 0; i < 2; i++)
            EXPECT_EQ(
                rig_count(&f,
                          i ? "exits.by_source.nic1" : "exits.by_source.nic0"),
                2 * rig_count(&f, i ? "interrupts.by_source.nic1.delivered"
                                    : "interrupts.by_source.nic0.delivered"));
        EXPECT_EQ(rig_count(&f, "exits.by_source.none"), 0);
        figures_free(&f);
    }
}

/* Interrupts are off nearly all the time. */
static void mostly_off(struct machine *m, unsigned cpu)
{
    uint64_t loop = rig_code(m, cpu);

    rig_op(m, OP_CLI, 0);
    rig_op(m, OP_WORK, 60000);
    rig_op(m, OP_STI, 0);
    rig_op(m, OP_WORK, 2);
    rig_op(m, OP_JMP, loop);
}

static void with_interrupts_off(struct machine *m)
{
    rig_each_cpu(m, mostly_off);
}

TEST(kvm_exits, one_more_window_exit_while_the_guest_has_if_0)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f = rig_exchange(&s, with_interrupts_off);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), n);
    EXPECT_EQ(exits(&f, "INTERRUPT_WINDOW"), n);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), 3 * n);
    figures_free(&f);
}

TEST(kvm_exits, halted_guest_none_for_arrival_and_one_hlt_per_block)
{
    struct scenario s = guests(PROGRAM_IDLE, APIC_MODE_X2APIC);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), 0, "they arrive in root");
    EXPECT_EQ(exits(&f, "HLT"), n);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), n, "the EOI");
    EXPECT_EQ(rig_count(&f, "exits.total"), 2 * n);
    figures_free(&f);
}

TEST(kvm_exits, guest_timer_as_an_emulated_device_on_this_cpu)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f;

    s.program[0].timer_hz = 5000;
    s.program[1].timer_hz = 7000;
    rig_without_devices(&s);
    f = rig_exchange(&s, NULL);
    expect_timer_exits(&f, 5e-3 * 12000, "EXTERNAL_INTERRUPT");
    figures_free(&f);
}

/* What the guest handles does not depend on how the host acknowledges. */
TEST(kvm_exits, acknowledge_on_exit_or_not_are_the_same_in_number)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures with = rig_exchange(&s, NULL), without;

    s.vm[0].features.acknowledge_on_exit = false;
    s.vm[1].features.acknowledge_on_exit = false;
    without = rig_exchange(&s, NULL);
    EXPECT_EQ(all_delivered(&with), all_delivered(&without));
    EXPECT_EQ(exits(&with, "EXTERNAL_INTERRUPT"),
              exits(&without, "EXTERNAL_INTERRUPT"));
    EXPECT_EQ(rig_count(&with, "exits.total"),
              rig_count(&without, "exits.total"));
    EXPECT_EQ(rig_real(&with, "host_interrupts.per_second"),
              rig_real(&without, "host_interrupts.per_second"));
    EXPECT_TRUE(figures_find(&with, "latency_ns.lapic_accept..vm_exit.count"));
    EXPECT_TRUE(
        !figures_find(&without, "latency_ns.lapic_accept..vm_exit.count"),
        "the host takes it through its own IDT");
    figures_free(&with);
    figures_free(&without);
}

/* ---- the guest's own interrupts ---- */

/* One by its ICR (fixed, shorthand self), the other by SELF IPI. */
static void self_ipis(struct machine *m)
{
    sends_by(m, 0, MSR_ICR, 1u << 18 | WORKLOAD_TIMER_VECTOR);
    sends_by(m, 1, MSR_SELF_IPI, WORKLOAD_TIMER_VECTOR);
}

TEST(kvm_exits, self_ipi_one_for_sending_and_one_for_eoi)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f;
    uint64_t n;

    rig_without_devices(&s);
    f = rig_exchange(&s, self_ipis);
    n = rig_count(&f, "interrupts.by_source.vm0.ipi.delivered");
    EXPECT_GT(n, 100);
    EXPECT_NEAR(rig_count(&f, "interrupts.by_source.vm1.ipi.delivered"), n, 1);
    n += rig_count(&f, "interrupts.by_source.vm1.ipi.delivered");
    EXPECT_NEAR(exits(&f, "MSR_WRITE"), 2 * n, 2);
    EXPECT_EQ(rig_count(&f, "exits.total"), exits(&f, "MSR_WRITE"));
    figures_free(&f);
}

TEST(kvm_exits, raised_tpr_needs_no_window_and_injects_when_it_is_lowered)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f = rig_exchange(&s, with_tpr_by_msr);
    uint64_t n = all_delivered(&f);

    EXPECT_LE(exits(&f, "EXTERNAL_INTERRUPT"), n);
    EXPECT_GE(exits(&f, "EXTERNAL_INTERRUPT"), n * 9 / 10,
              "a few arrive while the host emulates a write of the TPR");
    EXPECT_EQ(exits(&f, "INTERRUPT_WINDOW"), 0);
    EXPECT_GT(exits(&f, "MSR_WRITE"), 2 * n, "EOIs and writes of the TPR");
    EXPECT_GT(rig_real(&f, "latency_ns.vlapic_accept..injection.max"), 20000,
              "it waited for the TPR");
    figures_free(&f);
}

/* A deadline that has passed when it is written. */
static void sets_a_past_deadline(struct machine *m, unsigned cpu)
{
    rig_code(m, cpu);
    rig_op(m, OP_WORK, 6000000); /* until the warm-up is over */
    rig_wrmsr(m, MSR_LVT_TIMER, 2u << 17 | WORKLOAD_TIMER_VECTOR);
    rig_wrmsr(m, MSR_TSC_DEADLINE, 1);
    rig_spin(m, 1000);
}

static void with_past_deadlines(struct machine *m)
{
    rig_each_cpu(m, sets_a_past_deadline);
}

TEST(kvm_exits, deadline_in_the_past_fires_at_once_and_only_once)
{
    struct scenario s = guests(PROGRAM_SPIN, APIC_MODE_X2APIC);
    struct figures f;

    rig_without_devices(&s);
    f = rig_exchange(&s, with_past_deadlines);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.vm0.timer.delivered"), 1);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.vm1.timer.delivered"), 1);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), 2 * 3, "LVT, deadline, EOI");
    figures_free(&f);
}
