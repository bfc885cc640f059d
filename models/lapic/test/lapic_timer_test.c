/* The local APIC's timer. */
#include "models/lapic/test/apic_fixture.h"

#define VECTOR 0x40u
#define PERIODIC (1u << 17)
#define TSC_DEADLINE (2u << 17)
#define DIVIDE_BY_1 0xbu

/* Runs to the timer's next expiry; the fate of its interrupt. */
static enum lapic_fate expire(struct apic *f)
{
    struct lapic_due due = lapic_timer_due(&f->l);

    EXPECT_NE(due.clock, LAPIC_DUE_NEVER);
    if (due.clock == LAPIC_DUE_TSC)
        f->now.tsc = due.at;
    else
        f->now.timer_edge = due.at;
    f->out = lapic_timer_expire(&f->l);
    return (enum lapic_fate)f->out.taken.fate;
}

static bool stopped(const struct apic *f)
{
    return lapic_timer_due(&f->l).clock == LAPIC_DUE_NEVER;
}

static void start(struct apic *f, uint32_t lvt, uint32_t count)
{
    f->now.timer_edge = 77;
    put(f, LAPIC_DCR, DIVIDE_BY_1);
    put(f, LAPIC_LVT_TIMER, lvt);
    put(f, LAPIC_TMICT, count);
}

static const struct divider {
    const char *name;
    uint32_t dcr;
    uint64_t divide;
} dividers[] = {
    {"by_2", 0x0, 2},     {"by_4", 0x1, 4},   {"by_8", 0x2, 8},
    {"by_16", 0x3, 16},   {"by_32", 0x8, 32}, {"by_64", 0x9, 64},
    {"by_128", 0xa, 128}, {"by_1", 0xb, 1},
};

TEST_EACH(lapic_divider, counts_once_per_divide_value, struct divider, dividers)
{
    struct apic f = {0};

    apic_setup(&f);
    f.now.timer_edge = 1000;
    put(&f, LAPIC_DCR, row->dcr);
    put(&f, LAPIC_TMICT, 10);
    EXPECT_EQ(lapic_timer_due(&f.l).at, 1000 + 10 * row->divide);
    EXPECT_EQ(get(&f, LAPIC_TMCCT), 10);
    f.now.timer_edge += row->divide - 1;
    EXPECT_EQ(get(&f, LAPIC_TMCCT), 10);
    f.now.timer_edge += 1;
    EXPECT_EQ(get(&f, LAPIC_TMCCT), 9);
}

TEST_F(apic, one_shot_fires_once_and_stays_at_0)
{
    start(f, VECTOR, 1000);
    EXPECT_EQ(expire(f), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(f->now.timer_edge, 1077);
    EXPECT_EQ(f->out.taken.vector, VECTOR);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
    EXPECT_EQ(get(f, LAPIC_TMICT), 1000);
}

TEST_F(apic, periodic_reloads)
{
    start(f, VECTOR | PERIODIC, 1000);
    EXPECT_EQ(expire(f), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 1000);
    EXPECT_EQ(expire(f), LAPIC_FATE_MERGED);
    EXPECT_EQ(f->now.timer_edge, 2077);
}

TEST_F(apic, longest_count_at_the_slowest_rate_is_exact)
{
    put(f, LAPIC_DCR, 0xa);
    put(f, LAPIC_TMICT, 0xffffffff);
    EXPECT_EQ(lapic_timer_due(&f->l).at, UINT64_C(0xffffffff) * 128);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0xffffffff);
}

TEST_F(apic, initial_count_0_stops_the_timer)
{
    start(f, VECTOR, 1000);
    f->now.timer_edge += 10;
    put(f, LAPIC_TMICT, 0);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
}

TEST_F(apic, initial_count_written_while_counting_restarts)
{
    start(f, VECTOR, 1000);
    f->now.timer_edge += 900;
    put(f, LAPIC_TMICT, 500);
    EXPECT_EQ(lapic_timer_due(&f->l).at, 77 + 900 + 500);
}

TEST_F(apic, periodic_switched_to_one_shot_fires_once_more)
{
    start(f, VECTOR | PERIODIC, 1000);
    f->now.timer_edge += 600;
    EXPECT_EQ(get(f, LAPIC_TMCCT), 400);
    put(f, LAPIC_LVT_TIMER, VECTOR);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 400);
    EXPECT_EQ(expire(f), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(f->now.timer_edge, 1077);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
}

TEST_F(apic, one_shot_switched_to_periodic_reloads_at_expiry)
{
    start(f, VECTOR, 1000);
    f->now.timer_edge += 600;
    put(f, LAPIC_LVT_TIMER, VECTOR | PERIODIC);
    expire(f);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 1000);
}

TEST_F(apic, expired_one_shot_is_not_started_by_periodic_mode)
{
    start(f, VECTOR, 1000);
    expire(f);
    put(f, LAPIC_LVT_TIMER, VECTOR | PERIODIC);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
}

TEST_F(apic, divide_change_keeps_the_remaining_count)
{
    start(f, VECTOR, 1000);
    f->now.timer_edge += 600;
    put(f, LAPIC_DCR, 1);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 400);
    EXPECT_EQ(lapic_timer_due(&f->l).at, 677 + 400 * 4);
}

TEST_F(apic, expiry_of_a_masked_timer_is_lost)
{
    start(f, VECTOR | LAPIC_LVT_MASKED, 1000);
    EXPECT_EQ(expire(f), LAPIC_FATE_NONE);
    put(f, LAPIC_LVT_TIMER, VECTOR);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(apic, timer_counts_on_while_software_disabled)
{
    start(f, VECTOR, 1000);
    put(f, LAPIC_SVR, 0xff);
    f->now.timer_edge += 600;
    EXPECT_EQ(get(f, LAPIC_TMCCT), 400);
    EXPECT_EQ(expire(f), LAPIC_FATE_NONE);
}

TEST_F(apic, timer_with_illegal_vector_records_an_error)
{
    start(f, 0x05, 1000);
    EXPECT_EQ(errors(f), 0, "not when it is written");
    EXPECT_EQ(expire(f), LAPIC_FATE_REFUSED);
    EXPECT_EQ(errors(f), LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
}

TEST_F(apic, tsc_deadline_fires_once_and_reads_0)
{
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 5000);
    EXPECT_TRUE(f->out.timer_changed);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 5000);
    EXPECT_EQ(lapic_timer_due(&f->l).clock, LAPIC_DUE_TSC);
    EXPECT_EQ(lapic_timer_due(&f->l).at, 5000);
    EXPECT_EQ(expire(f), LAPIC_FATE_ACCEPTED);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 0);
    EXPECT_TRUE(stopped(f));
}

TEST_F(apic, tsc_deadline_is_replaced_and_disarmed_by_writes)
{
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 5000);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 4000);
    EXPECT_EQ(lapic_timer_due(&f->l).at, 4000);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 0);
    EXPECT_TRUE(stopped(f));
}

TEST_F(apic, masked_tsc_deadline_still_reads_0_after_expiry)
{
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE | LAPIC_LVT_MASKED);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 5000);
    EXPECT_EQ(expire(f), LAPIC_FATE_NONE);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 0);
}

TEST_F(apic, leaving_tsc_deadline_mode_disarms)
{
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE);
    wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 5000);
    put(f, LAPIC_LVT_TIMER, VECTOR);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 0);
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE);
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 0);
}

TEST_F(apic, entering_tsc_deadline_mode_stops_the_count)
{
    start(f, VECTOR | PERIODIC, 1000);
    put(f, LAPIC_LVT_TIMER, VECTOR | TSC_DEADLINE);
    EXPECT_TRUE(stopped(f));
    EXPECT_EQ(get(f, LAPIC_TMICT), 0);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
    put(f, LAPIC_TMICT, 100);
    EXPECT_EQ(get(f, LAPIC_TMICT), 0, "ignored in this mode");
    EXPECT_EQ(get(f, LAPIC_TMCCT), 0);
}

TEST_F(apic, tsc_deadline_is_ignored_in_the_other_modes)
{
    EXPECT_TRUE(wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 5000), "no fault");
    EXPECT_EQ(rdmsr(f, LAPIC_MSR_TSC_DEADLINE), 0);
    EXPECT_TRUE(stopped(f));
}

TEST_F(apic, tsc_deadline_faults_without_the_feature)
{
    f->l.config.features = LAPIC_HAS_X2APIC;
    EXPECT_FALSE(wrmsr(f, LAPIC_MSR_TSC_DEADLINE, 0));
    EXPECT_TRUE(rdmsr_faults(f, LAPIC_MSR_TSC_DEADLINE));
}

TEST_F(apic, reserved_timer_mode_stops_the_timer)
{
    enter_x2apic(f);
    start(f, VECTOR, 1000);
    EXPECT_TRUE(wrmsr(f, 0x832, VECTOR | 3u << 17));
    EXPECT_TRUE(stopped(f));
    put(f, LAPIC_TMICT, 1000);
    EXPECT_TRUE(stopped(f));
}
