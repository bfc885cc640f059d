/* The queue's promises, one by one; engine_order_test.c compares it with a
 * reference. */
#include "sim/engine/engine.h"

#include "sim/core/test/dies.h"
#include "tests/gtest_c.h"

#define EVENTS 8
#define LOG_MAX 64

/* Eight events; what happened is noted as (time, index of the event). */
struct engine_rules {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(EVENTS)];
    struct event event[EVENTS];
    /* what the handler of event i does, if anything */
    void (*then[EVENTS])(struct engine_rules *f);
    unsigned count;
    struct {
        sim_time time;
        unsigned event;
    } log[LOG_MAX];
};

static void note(void *node, struct event *ev)
{
    struct engine_rules *f = node;
    unsigned i = (unsigned)(ev - f->event);

    ASSERT_LT(f->count, LOG_MAX);
    f->log[f->count].time = engine_now(&f->engine);
    f->log[f->count].event = i;
    f->count++;
    if (f->then[i])
        f->then[i](f);
}

static void engine_rules_setup(struct engine_rules *f)
{
    uint16_t target;

    engine_init(&f->engine, EVENTS, f->heap);
    target = engine_add_target(&f->engine, note, f);
    for (unsigned i = 0; i < EVENTS; i++)
        event_init(&f->event[i], target, (uint16_t)i);
}

/* Afterwards the heap is in order. */
static void engine_rules_teardown(struct engine_rules *f)
{
    const struct engine *e = &f->engine;

    EXPECT_FALSE(e->hole);
    EXPECT_EQ(e->near_count, 0);
    EXPECT_LE(e->pending, e->slots);
    for (uint32_t i = ENGINE_ROOT + 1; i < ENGINE_ROOT + e->slots; i++) {
        const struct engine_slot *child = &e->heap[i];
        const struct engine_slot *parent = &e->heap[i / 4 + 2];

        EXPECT_LE(parent->time, child->time);
        if (parent->time == child->time)
            EXPECT_LT(parent->order, child->order);
    }
}

static void at(struct engine_rules *f, unsigned i, sim_time time)
{
    engine_schedule(&f->engine, &f->event[i], time);
}

/* Which events ran, from the n-th on. */
static void expect_order(const struct engine_rules *f, unsigned n,
                         const unsigned *event, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        EXPECT_EQ(f->log[n + i].event, event[i], "the %u-th", n + i);
}

#define EXPECT_ORDER(f, n, ...)                                                \
    expect_order(f, n, (const unsigned[]){__VA_ARGS__},                        \
                 sizeof(unsigned[]){__VA_ARGS__} / sizeof(unsigned))

TEST_F(engine_rules, events_run_in_order_of_time)
{
    at(f, 0, 30);
    at(f, 1, 10);
    at(f, 2, 20);
    EXPECT_EQ(engine_run(&f->engine, 100), 3);
    EXPECT_ORDER(f, 0, 1, 2, 0);
}

TEST_F(engine_rules, events_of_one_instant_run_as_they_were_scheduled)
{
    for (unsigned i = 0; i < EVENTS; i++)
        at(f, (5 * i + 3) % EVENTS, 7);
    engine_run(&f->engine, 7);
    for (unsigned i = 0; i < EVENTS; i++)
        EXPECT_EQ(f->log[i].event, (5 * i + 3) % EVENTS);
}

TEST_F(engine_rules, scheduling_again_for_the_same_instant_loses_the_place)
{
    at(f, 0, 7);
    at(f, 1, 7);
    at(f, 0, 7);
    EXPECT_EQ(engine_run(&f->engine, 7), 2);
    EXPECT_ORDER(f, 0, 1, 0);
}

TEST_F(engine_rules, scheduling_again_moves_the_event_both_ways)
{
    at(f, 0, 10);
    at(f, 1, 20);
    at(f, 2, 30);
    at(f, 0, 25);
    at(f, 2, 5);
    EXPECT_EQ(engine_run(&f->engine, 100), 3);
    EXPECT_ORDER(f, 0, 2, 1, 0);
    EXPECT_EQ(f->log[2].time, 25);
}

TEST_F(engine_rules, cancelled_events_do_not_run)
{
    at(f, 0, 10);
    at(f, 1, 20);
    EXPECT_TRUE(event_scheduled(&f->event[0]));
    engine_cancel(&f->engine, &f->event[0]);
    EXPECT_FALSE(event_scheduled(&f->event[0]));
    EXPECT_EQ(engine_run(&f->engine, 100), 1);
    EXPECT_EQ(f->log[0].event, 1);
}

TEST_F(engine_rules, cancelling_what_is_not_scheduled_changes_nothing)
{
    at(f, 1, 20);
    engine_cancel(&f->engine, &f->event[0]);
    EXPECT_EQ(f->engine.pending, 1);
    EXPECT_EQ(engine_run(&f->engine, 100), 1);
}

TEST_F(engine_rules, time_is_the_events_while_it_runs_and_the_limit_after)
{
    at(f, 0, 10);
    engine_run(&f->engine, 50);
    EXPECT_EQ(f->log[0].time, 10);
    EXPECT_EQ(engine_now(&f->engine), 50);
}

TEST_F(engine_rules, an_event_at_the_limit_runs_and_one_after_it_waits)
{
    at(f, 0, 50);
    at(f, 1, 51);
    EXPECT_EQ(engine_run(&f->engine, 50), 1);
    EXPECT_EQ(engine_next(&f->engine), 51);
    EXPECT_EQ(engine_run(&f->engine, 51), 1);
    EXPECT_EQ(f->engine.executed, 2);
}

TEST_F(engine_rules, without_a_limit_time_stays_at_the_last_event)
{
    at(f, 0, 10);
    EXPECT_EQ(engine_run(&f->engine, SIM_TIME_NEVER), 1);
    EXPECT_EQ(engine_now(&f->engine), 10);
    EXPECT_FALSE(engine_advance(&f->engine, 11), "the run is over");
}

TEST_F(engine_rules, next_is_never_when_nothing_is_scheduled)
{
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
    at(f, 0, 3);
    EXPECT_EQ(engine_next(&f->engine), 3);
}

static void schedule_more(struct engine_rules *f)
{
    EXPECT_FALSE(event_scheduled(&f->event[0]), "it runs now");
    at(f, 1, engine_now(&f->engine));
    at(f, 2, engine_now(&f->engine) + 5);
    at(f, 0, engine_now(&f->engine) + 1);
    f->then[0] = NULL;
}

TEST_F(engine_rules, events_scheduled_by_events_run_in_the_same_run)
{
    f->then[0] = schedule_more;
    at(f, 0, 10);
    at(f, 3, 10);
    EXPECT_EQ(engine_run(&f->engine, 15), 5);
    EXPECT_EQ(f->log[1].event, 3, "it was scheduled before event 1");
    EXPECT_ORDER(f, 2, 1, 0, 2);
}

/* One event is moved until there is no place before the heap; then come others,
 * before it and behind each other. */
static void move_one_and_schedule_others(struct engine_rules *f)
{
    for (unsigned i = 0; i < ENGINE_NEAR; i++)
        at(f, 1, 75 + i);
    for (unsigned i = 2; i < EVENTS; i++)
        at(f, i, 10 * i);
    at(f, 3, 5);
    at(f, 4, 6);
    at(f, 2, 74);
}

TEST_F(engine_rules, moved_events_leave_their_places_before_the_heap_to_others)
{
    f->then[0] = move_one_and_schedule_others;
    at(f, 0, 1);
    EXPECT_EQ(engine_run(&f->engine, 100), EVENTS);
    EXPECT_ORDER(f, 1, 3, 4, 5, 6, 7, 2, 1);
}

static void cancel_and_move_others(struct engine_rules *f)
{
    engine_cancel(&f->engine, &f->event[0]); /* itself: nothing happens */
    engine_cancel(&f->engine, &f->event[1]);
    EXPECT_EQ(engine_next(&f->engine), 12);
    at(f, 3, 11);
    EXPECT_EQ(engine_next(&f->engine), 11);
}

TEST_F(engine_rules, a_running_event_may_cancel_and_move_others)
{
    f->then[0] = cancel_and_move_others;
    for (unsigned i = 0; i < EVENTS; i++)
        at(f, i, 10 + i);
    EXPECT_EQ(engine_run(&f->engine, 100), EVENTS - 1);
    EXPECT_ORDER(f, 1, 3, 2, 4);
}

static void cancel_the_only_other(struct engine_rules *f)
{
    engine_cancel(&f->engine, &f->event[1]);
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(engine_rules, a_running_event_may_cancel_the_only_other_one)
{
    f->then[0] = cancel_the_only_other;
    at(f, 0, 10);
    at(f, 1, 11);
    EXPECT_EQ(engine_run(&f->engine, 100), 1);
    EXPECT_EQ(f->engine.pending, 0);
}

static void try_to_advance(struct engine_rules *f)
{
    EXPECT_FALSE(engine_advance(&f->engine, 20), "event 1 is due then");
    EXPECT_FALSE(engine_advance(&f->engine, 25), "event 1 is due before");
    EXPECT_TRUE(engine_advance(&f->engine, 19));
    EXPECT_EQ(engine_now(&f->engine), 19);
    at(f, 2, 19);
}

TEST_F(engine_rules, time_advances_only_before_the_next_event)
{
    f->then[0] = try_to_advance;
    at(f, 0, 10);
    at(f, 1, 20);
    EXPECT_EQ(engine_run(&f->engine, 100), 3);
    EXPECT_EQ(f->log[1].event, 2);
    EXPECT_EQ(f->log[1].time, 19);
}

static void outlive_all_others(struct engine_rules *f)
{
    for (unsigned i = 1; i < 6; i++)
        engine_cancel(&f->engine, &f->event[i]);
    EXPECT_TRUE(engine_advance(&f->engine, 550), "nothing is due any more");
    at(f, 6, 1000);
    at(f, 7, 600);
}

TEST_F(engine_rules, events_behind_cancelled_ones_alone_run_in_their_order)
{
    f->then[0] = outlive_all_others;
    at(f, 0, 10);
    for (unsigned i = 1; i < 6; i++)
        at(f, i, 100 * i);
    EXPECT_EQ(engine_run(&f->engine, 2000), 3);
    EXPECT_EQ(f->log[1].time, 600);
    EXPECT_EQ(f->log[2].time, 1000);
}

static void advance_to_the_limit(struct engine_rules *f)
{
    EXPECT_FALSE(engine_advance(&f->engine, 51));
    EXPECT_TRUE(engine_advance(&f->engine, 50));
}

TEST_F(engine_rules, time_advances_up_to_the_limit_and_no_further)
{
    f->then[0] = advance_to_the_limit;
    at(f, 0, 10);
    engine_run(&f->engine, 50);
    EXPECT_EQ(engine_now(&f->engine), 50);
}

TEST_F(engine_rules, a_full_queue_still_lets_its_events_schedule_themselves)
{
    for (unsigned i = 1; i < EVENTS; i++)
        at(f, i, 100);
    at(f, 0, 10);
    f->then[0] = schedule_more;
    EXPECT_EQ(engine_run(&f->engine, 11), 3);
    EXPECT_EQ(f->log[1].event, 1, "moved from 100 to 10");
    EXPECT_EQ(f->log[2].event, 0);
}

TEST_F(engine_rules, moving_an_event_again_and_again_uses_up_no_slots)
{
    at(f, 1, 5000);
    for (unsigned i = 0; i < 1000; i++)
        at(f, 0, 2000 - i);
    EXPECT_LE(f->engine.slots, 2 * EVENTS);
    EXPECT_EQ(engine_run(&f->engine, 5000), 2);
    EXPECT_EQ(f->log[0].time, 1001);
    EXPECT_EQ(f->log[1].event, 1);
}

TEST_F(engine_rules, dead_slots_do_not_outlive_the_scheduled_events)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        at(f, i, 10);
        engine_cancel(&f->engine, &f->event[i]);
    }
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
    at(f, 0, 20);
    EXPECT_EQ(engine_next(&f->engine), 20);
    EXPECT_EQ(f->engine.slots, 1);
}

static void use_up_the_numbers(struct engine_rules *f)
{
    f->engine.sequence = UINT32_MAX;
    at(f, 3, 20);
    EXPECT_EQ(f->engine.sequence, 5, "after four that were scheduled");
}

TEST_F(engine_rules, events_keep_their_order_when_the_numbers_begin_anew)
{
    f->then[0] = use_up_the_numbers;
    at(f, 0, 10);
    at(f, 1, 20);
    at(f, 2, 20);
    at(f, 3, 15);
    at(f, 4, 20);
    EXPECT_EQ(engine_run(&f->engine, 20), 5);
    EXPECT_ORDER(f, 1, 1, 2, 4, 3);
}

static void schedule_before_now(void *f)
{
    at(f, 0, 9);
}

static void schedule_never(void *f)
{
    at(f, 0, SIM_TIME_NEVER);
}

static void run_backwards(void *rules)
{
    struct engine_rules *f = rules;

    engine_run(&f->engine, 9);
}

static void schedule_for_nobody(void *rules)
{
    struct engine_rules *f = rules;

    f->event[0].target = 1;
    at(f, 0, 10);
}

TEST_F(engine_rules, nothing_happens_before_now_or_never_or_for_nobody)
{
    engine_run(&f->engine, 10);
    at(f, 0, 10);
    EXPECT_TRUE(dies(schedule_before_now, f));
    EXPECT_TRUE(dies(schedule_never, f));
    EXPECT_TRUE(dies(run_backwards, f));
    EXPECT_TRUE(dies(schedule_for_nobody, f));
}

static void run_inside(struct engine_rules *f)
{
    engine_run(&f->engine, 100);
}

static void run_an_event_that_runs(void *rules)
{
    struct engine_rules *f = rules;

    f->then[0] = run_inside;
    at(f, 0, 10);
    engine_run(&f->engine, 100);
}

TEST_F(engine_rules, an_event_cannot_run_the_engine)
{
    EXPECT_TRUE(dies(run_an_event_that_runs, f));
}

static void stop(struct engine_rules *f)
{
    engine_stop(&f->engine);
}

TEST_F(engine_rules, a_stopped_run_ends_at_the_event_that_stopped_it)
{
    f->then[0] = stop;
    at(f, 0, 10);
    at(f, 1, 10);
    EXPECT_EQ(engine_run(&f->engine, 100), 1);
    EXPECT_EQ(engine_now(&f->engine), 10);
    EXPECT_EQ(engine_run(&f->engine, 100), 1, "the next run goes on");
    EXPECT_EQ(engine_now(&f->engine), 100);
}

static bool advanced;

static void stop_and_advance(struct engine_rules *f)
{
    stop(f);
    advanced = engine_advance(&f->engine, 11);
}

TEST_F(engine_rules, nobody_runs_ahead_of_a_stop)
{
    f->then[0] = stop_and_advance;
    at(f, 0, 10);
    engine_run(&f->engine, 100);
    EXPECT_FALSE(advanced);
}

/* ---- one chosen event ---- */

static void mark(void *set, struct event *ev)
{
    *(unsigned *)set |= 1u << ev->what;
}

static unsigned scheduled(struct engine_rules *f)
{
    unsigned set = 0;

    engine_each(&f->engine, mark, &set);
    return set;
}

TEST_F(engine_rules, each_scheduled_event_is_seen_and_no_dead_slot)
{
    for (unsigned i = 0; i < 5; i++)
        at(f, i, 10 * i);
    engine_cancel(&f->engine, &f->event[1]);
    at(f, 3, 5);
    EXPECT_EQ(scheduled(f), 0x1d);
    engine_run(&f->engine, 5);
    EXPECT_EQ(scheduled(f), 0x14);
}

TEST_F(engine_rules, a_later_event_can_be_chosen_and_then_time_goes_back)
{
    at(f, 0, 10);
    at(f, 1, 20);
    engine_run_event(&f->engine, &f->event[1]);
    EXPECT_EQ(engine_now(&f->engine), 20);
    EXPECT_EQ(scheduled(f), 1);
    engine_run_event(&f->engine, &f->event[0]);
    EXPECT_EQ(engine_now(&f->engine), 10, "its own time");
    EXPECT_ORDER(f, 0, 1, 0);
    EXPECT_EQ(f->log[1].time, 10);
}

static void advance(struct engine_rules *f)
{
    advanced = engine_advance(&f->engine, 11);
}

static void schedule_0_again(struct engine_rules *f)
{
    at(f, 0, engine_now(&f->engine) + 1);
}

TEST_F(engine_rules, a_chosen_event_can_schedule_itself)
{
    f->then[0] = schedule_0_again;
    at(f, 0, 10);
    at(f, 1, 10);
    engine_run_event(&f->engine, &f->event[0]);
    EXPECT_EQ(scheduled(f), 3);
    EXPECT_EQ(f->event[0].time, 11);
}

TEST_F(engine_rules, a_chosen_event_does_not_run_ahead)
{
    f->then[1] = advance;
    at(f, 1, 10);
    engine_run_event(&f->engine, &f->event[1]);
    EXPECT_FALSE(advanced);
    EXPECT_EQ(engine_now(&f->engine), 10);
}

static void choose_unscheduled(void *rules)
{
    struct engine_rules *f = rules;

    engine_run_event(&f->engine, &f->event[0]);
}

TEST_F(engine_rules, a_chosen_event_is_scheduled)
{
    EXPECT_TRUE(dies(choose_unscheduled, f));
}
