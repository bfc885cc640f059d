/* Rules of the HPET's timers, tick by tick. */
#include "models/pcie/test/hpet_rig.h"

static struct hpet block;

/* Counting from 0, no timer enabled. */
static struct hpet *start(void)
{
    struct hpet_build build = hpet_rig_build();

    hpet_init(&block, &build);
    hpet_checked_write(&block, HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    return &block;
}

static void set(struct hpet *h, unsigned timer, uint32_t conf,
                uint64_t comparator)
{
    hpet_checked_write(h, hpet_at(HPET_AT_TN_CONF, timer), conf);
    hpet_checked_write(h, hpet_at(HPET_AT_TN_COMP, timer), comparator);
}

/* As drivers do: the first match, then the period. */
static void set_periodic(struct hpet *h, unsigned timer, uint32_t conf,
                         const uint64_t first_and_period[2])
{
    uint32_t at = hpet_at(HPET_AT_TN_COMP, timer);

    hpet_checked_write(h, hpet_at(HPET_AT_TN_CONF, timer),
                       conf | PERIODIC | HPET_VAL_SET_CNF);
    hpet_checked_write(h, at, first_and_period[0]);
    hpet_checked_write(h, at, first_and_period[1]);
}

/* The next thing to happen is at this tick. */
static struct hpet_out at(struct hpet *h, uint64_t tick)
{
    struct hpet_out out;

    EXPECT_EQ(hpet_next(h), tick);
    if (tick > h->tick + 1)
        EXPECT_NOTHING(h, tick - 1);
    out = hpet_advance(h, tick);
    EXPECT_EQ(h->tick, tick);
    EXPECT_STREQ(hpet_check(h), NULL);
    return out;
}

static uint64_t counter(const struct hpet *h)
{
    return hpet_read(h, HPET_AT_MAIN_CNT, 8);
}

TEST(hpet_counter, stands_until_it_is_enabled)
{
    struct hpet_build build = hpet_rig_build();

    hpet_init(&block, &build);
    EXPECT_NOTHING(&block, 100);
    EXPECT_EQ(counter(&block), 0);
    hpet_checked_write(&block, HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    EXPECT_NOTHING(&block, 150);
    EXPECT_EQ(counter(&block), 50);
    hpet_checked_write(&block, HPET_AT_GEN_CONF, 0);
    EXPECT_NOTHING(&block, 190);
    EXPECT_EQ(counter(&block), 50, "it keeps its value");
    hpet_checked_write(&block, HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    EXPECT_NOTHING(&block, 191);
    EXPECT_EQ(counter(&block), 51);
}

TEST(hpet_counter, counts_on_from_what_is_written)
{
    struct hpet *h = start();

    EXPECT_NOTHING(h, 10);
    hpet_checked_write(h, HPET_AT_MAIN_CNT, UINT64_C(0xfffffffffffffffe));
    EXPECT_NOTHING(h, 13);
    EXPECT_EQ(counter(h), 1, "it wraps at 64 bits");
}

TEST(hpet_timer, matches_once_when_the_counter_reaches_the_comparator)
{
    struct hpet *h = start();

    set(h, 2, FSB, 100);
    EXPECT_EQ(at(h, 100).send, 1u << 2);
    EXPECT_EQ(hpet_next(h), HPET_NEVER);
    EXPECT_EQ(hpet_read(h, hpet_at(HPET_AT_TN_COMP, 2), 8), 100);
}

TEST(hpet_timer, comparator_behind_the_counter_matches_after_a_turn)
{
    struct hpet *h = start();

    EXPECT_NOTHING(h, 1000);
    set(h, 0, FSB, 999);
    EXPECT_EQ(hpet_next(h), HPET_NEVER, "after 2^64 ticks");
    hpet_checked_write(h, HPET_AT_MAIN_CNT, 990);
    EXPECT_EQ(at(h, 1009).send, 1);
}

TEST(hpet_timer, comparator_written_equal_to_the_counter_waits_a_turn)
{
    struct hpet *h = start();

    EXPECT_NOTHING(h, 50);
    set(h, 0, FSB | HPET_MODE32_CNF, 50);
    EXPECT_EQ(at(h, 50 + (UINT64_C(1) << 32)).send, 1);
}

TEST(hpet_timer, of_32_bits_matches_each_time_the_low_half_comes_round)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_MAIN_CNT, UINT64_C(0x7fffffff0));
    set(h, 1, FSB | HPET_MODE32_CNF, 4);
    EXPECT_EQ(at(h, 0x14).send, 2);
    EXPECT_EQ(at(h, 0x14 + (UINT64_C(1) << 32)).send, 2);
}

TEST(hpet_timer, switched_to_32_bits_loses_the_upper_half)
{
    struct hpet *h = start();

    set(h, 0, FSB, UINT64_C(0x500000007));
    hpet_checked_write(h, HPET_AT_TN_CONF, FSB | HPET_MODE32_CNF);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 7);
    hpet_checked_write(h, HPET_AT_TN_COMP, UINT64_C(0x600000008));
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 8);
    hpet_checked_write(h, HPET_AT_TN_CONF, FSB);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 8);
}

TEST(hpet_timer, that_is_not_enabled_stays_silent)
{
    struct hpet *h = start();

    set(h, 0, HPET_FSB_EN_CNF, 10);
    set(h, 1, 0, 10);
    EXPECT_NOTHING(h, 20);
    EXPECT_EQ(hpet_wires(h), 0);
}

TEST(hpet_timer, two_can_match_at_one_tick)
{
    struct hpet *h = start();

    set(h, 0, FSB, 10);
    set(h, 3, FSB, 10);
    set(h, 1, FSB, 11);
    EXPECT_EQ(at(h, 10).send, 1u << 0 | 1u << 3);
    EXPECT_EQ(at(h, 11).send, 1u << 1);
}

TEST(hpet_timer, message_is_what_the_route_register_holds)
{
    struct hpet *h = start();

    hpet_checked_write(h, hpet_at(HPET_AT_TN_FSB, 1),
                       UINT64_C(0xfee0100000004031));
    EXPECT_EQ(hpet_message(h, 1).addr, 0xfee01000);
    EXPECT_EQ(hpet_message(h, 1).data, 0x4031);
    EXPECT_EQ(hpet_message(h, 0).addr, 0);
}

/* ---- periodic timers ---- */

TEST(hpet_periodic, period_is_added_at_each_match)
{
    struct hpet *h = start();

    set_periodic(h, 0, FSB, (const uint64_t[]){100, 30});
    EXPECT_EQ(at(h, 100).send, 1);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 130);
    EXPECT_EQ(at(h, 130).send, 1);
    EXPECT_EQ(at(h, 160).send, 1);
}

TEST(hpet_periodic, one_write_sets_accumulator_and_period)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_TN_CONF, FSB | PERIODIC | HPET_VAL_SET_CNF);
    hpet_checked_write(h, HPET_AT_TN_COMP, 40);
    at(h, 40);
    at(h, 80);
}

TEST(hpet_periodic, value_set_holds_for_one_write_and_reads_0)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_TN_CONF, FSB | PERIODIC | HPET_VAL_SET_CNF);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_CONF, 4) & HPET_VAL_SET_CNF, 0);
    hpet_checked_write(h, HPET_AT_TN_COMP, 100);
    hpet_checked_write(h, HPET_AT_TN_COMP, 7);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 100, "the period alone");
    at(h, 100);
    at(h, 107);
}

TEST(hpet_periodic, new_period_holds_from_the_next_match_on)
{
    struct hpet *h = start();

    set_periodic(h, 0, FSB, (const uint64_t[]){100, 100});
    EXPECT_NOTHING(h, 50);
    hpet_checked_write(h, HPET_AT_TN_COMP, 10);
    at(h, 100);
    at(h, 110);
}

TEST(hpet_periodic, value_set_is_for_periodic_timers)
{
    struct hpet *h = start();

    set(h, 0, FSB | HPET_VAL_SET_CNF, 5);
    EXPECT_EQ(h->timer[0].conf & HPET_VAL_SET_CNF, 0);
    at(h, 5);
}

TEST(hpet_periodic, runs_on_while_it_does_not_interrupt)
{
    struct hpet *h = start();

    set_periodic(h, 0, 0, (const uint64_t[]){10, 10});
    EXPECT_EQ(at(h, 10).pulse, 0);
    EXPECT_EQ(at(h, 20).pulse, 0);
    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | PERIODIC | ROUTE(20));
    EXPECT_EQ(at(h, 30).pulse, 1, "in step");
}

TEST(hpet_periodic, of_32_bits_adds_within_32_bits)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_MAIN_CNT, 0xfffffff0);
    set_periodic(h, 0, FSB | HPET_MODE32_CNF,
                 (const uint64_t[]){0xfffffff8, 0x10});
    at(h, 8);
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_COMP, 8), 8);
    at(h, 0x18);
}

/* ---- lines ---- */

TEST(hpet_line, level_is_asserted_until_the_status_is_cleared)
{
    struct hpet *h = start();

    set(h, 1, LEVEL | ROUTE(21), 10);
    EXPECT_EQ(at(h, 10).pulse, 0);
    EXPECT_EQ(hpet_wires(h), 1u << 21);
    EXPECT_EQ(hpet_read(h, HPET_AT_GINTR_STA, 8), 2);
    hpet_checked_write(h, HPET_AT_GINTR_STA, 0xd);
    EXPECT_EQ(hpet_wires(h), 1u << 21, "ones clear their own");
    hpet_checked_write(h, HPET_AT_GINTR_STA, 2);
    EXPECT_EQ(hpet_wires(h), 0);
    EXPECT_EQ(hpet_read(h, HPET_AT_GINTR_STA, 8), 0);
}

TEST(hpet_line, status_of_a_level_timer_is_set_even_if_it_does_not_interrupt)
{
    struct hpet *h = start();

    set(h, 0, HPET_INT_TYPE_CNF | ROUTE(20), 10);
    at(h, 10);
    EXPECT_EQ(hpet_read(h, HPET_AT_GINTR_STA, 8), 1);
    EXPECT_EQ(hpet_wires(h), 0);
    hpet_checked_write(h, HPET_AT_TN_CONF, LEVEL | ROUTE(20));
    EXPECT_EQ(hpet_wires(h), 1u << 20);
}

TEST(hpet_line, edge_falls_at_the_match_and_rises_after_it)
{
    struct hpet *h = start();

    set_periodic(h, 0, EDGE | ROUTE(22), (const uint64_t[]){10, 10});
    EXPECT_EQ(at(h, 10).pulse, 1);
    EXPECT_EQ(hpet_wires(h), 0);
    hpet_rise(h, 1);
    EXPECT_EQ(hpet_wires(h), 1u << 22);
    EXPECT_EQ(hpet_read(h, HPET_AT_GINTR_STA, 8), 0, "no status");
    EXPECT_EQ(at(h, 20).pulse, 1);
    EXPECT_EQ(hpet_wires(h), 0);
}

TEST(hpet_line, edge_does_not_rise_if_the_timer_was_switched_off_meanwhile)
{
    struct hpet *h = start();

    set(h, 0, EDGE | ROUTE(20), 10);
    at(h, 10);
    hpet_checked_write(h, HPET_AT_TN_CONF, ROUTE(20));
    hpet_rise(h, 1);
    EXPECT_EQ(hpet_wires(h), 0);
    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | ROUTE(20));
    EXPECT_EQ(hpet_wires(h), 0);
}

static const struct off_row {
    const char *name;
    uint32_t at, value;
} off_rows[] = {
    {"disabled", HPET_AT_TN_CONF, ROUTE(20)},
    {"level", HPET_AT_TN_CONF, LEVEL | ROUTE(20)},
    {"message", HPET_AT_TN_CONF, FSB | ROUTE(20)},
    {"halted", HPET_AT_GEN_CONF, 0},
};

TEST_EACH(hpet_line, edge_falls_when_the_timer_has_it_no_more, struct off_row,
          off_rows)
{
    struct hpet *h = start();

    set(h, 0, EDGE | ROUTE(20), 10);
    at(h, 10);
    hpet_rise(h, 1);
    EXPECT_EQ(hpet_wires(h), 1u << 20);
    hpet_checked_write(h, row->at, row->value);
    EXPECT_EQ(hpet_wires(h), 0);
}

static const struct off_row level_off_rows[] = {
    {"disabled", HPET_AT_TN_CONF, HPET_INT_TYPE_CNF | ROUTE(20)},
    {"message", HPET_AT_TN_CONF, LEVEL | HPET_FSB_EN_CNF | ROUTE(20)},
    {"halted", HPET_AT_GEN_CONF, 0},
};

TEST_EACH(hpet_line, level_falls_but_its_status_stays, struct off_row,
          level_off_rows)
{
    struct hpet *h = start();

    set(h, 0, LEVEL | ROUTE(20), 10);
    at(h, 10);
    hpet_checked_write(h, row->at, row->value);
    EXPECT_EQ(hpet_wires(h), 0);
    EXPECT_EQ(h->status, 1);
}

TEST(hpet_line, status_goes_when_the_timer_becomes_edge_triggered)
{
    struct hpet *h = start();

    set(h, 0, LEVEL | ROUTE(20), 10);
    set(h, 1, LEVEL | ROUTE(21), 10);
    at(h, 10);
    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | ROUTE(20));
    EXPECT_EQ(h->status, 2);
    EXPECT_EQ(hpet_wires(h), 1u << 21);
}

TEST(hpet_line, two_timers_share_one)
{
    struct hpet *h = start();

    set(h, 0, LEVEL | ROUTE(20), 10);
    set(h, 1, LEVEL | ROUTE(20), 11);
    at(h, 10);
    at(h, 11);
    hpet_checked_write(h, HPET_AT_GINTR_STA, 1);
    EXPECT_EQ(hpet_wires(h), 1u << 20);
    hpet_checked_write(h, HPET_AT_GINTR_STA, 2);
    EXPECT_EQ(hpet_wires(h), 0);
}

TEST(hpet_line, route_that_the_timer_does_not_have_is_not_taken)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | ROUTE(23));
    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | ROUTE(19));
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_CONF, 4) & HPET_INT_ROUTE_CNF, ROUTE(23));
    hpet_checked_write(h, HPET_AT_TN_CONF, EDGE | ROUTE(20));
    EXPECT_EQ(hpet_read(h, HPET_AT_TN_CONF, 4) & HPET_INT_ROUTE_CNF, ROUTE(20));
}

TEST(hpet_line, legacy_replacement_gives_timers_0_and_1_those_of_pit_and_rtc)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_GEN_CONF, HPET_ENABLE_CNF | HPET_LEG_RT_CNF);
    for (unsigned n = 0; n < 3; n++)
        set(h, n, LEVEL | ROUTE(20), 10 + n);
    at(h, 10);
    EXPECT_EQ(hpet_wires(h), 1u << 2);
    at(h, 11);
    EXPECT_EQ(hpet_wires(h), 1u << 2 | 1u << 8);
    at(h, 12);
    EXPECT_EQ(hpet_wires(h), 1u << 2 | 1u << 8 | 1u << 20);
    hpet_checked_write(h, HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    EXPECT_EQ(hpet_wires(h), 1u << 20);
}

TEST(hpet_line, message_goes_before_legacy_replacement_and_level)
{
    struct hpet *h = start();

    hpet_checked_write(h, HPET_AT_GEN_CONF, HPET_ENABLE_CNF | HPET_LEG_RT_CNF);
    set(h, 0, LEVEL | HPET_FSB_EN_CNF, 10);
    EXPECT_EQ(at(h, 10).send, 1);
    EXPECT_EQ(hpet_wires(h), 0);
    EXPECT_EQ(h->status, 0);
}
