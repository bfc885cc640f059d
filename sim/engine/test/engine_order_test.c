/*
 * The queue against a reference: an array of all events in the order of their
 * scheduling, scanned for the minimum.  Random schedules, re-arms, cancels and
 * runs, from outside and from running events, must give the same order.
 */
#include <string.h>

#include "sim/core/rng.h"
#include "sim/engine/engine.h"
#include "tests/gtest_c.h"

#define EVENTS_MAX 3000

struct reference {
    bool scheduled;
    sim_time time;
    uint64_t order; /* of its scheduling */
};

struct engine_order {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(EVENTS_MAX)];
    struct event event[EVENTS_MAX];
    struct reference reference[EVENTS_MAX];
    struct rng rng;
    uint32_t events;
    sim_time spread; /* small: many events of one instant */
    uint64_t order, operations, run;
    uint64_t hash;  /* of all (event, time) in the order of their running */
    bool bursts;    /* an event schedules many, soon or late, and may stop */
    uint32_t first; /* operations of the next event, or 0: as always */
    bool scarce;    /* the sequence numbers are used up time and again */
    bool failed;
};

static void engine_order_setup(struct engine_order *f)
{
    (void)f;
}

static void engine_order_teardown(struct engine_order *f)
{
    (void)f;
}

/* The number of the earliest event, or EVENTS_MAX. */
static uint32_t reference_first(const struct engine_order *f)
{
    const struct reference *r = f->reference;
    uint32_t first = EVENTS_MAX;

    for (uint32_t i = 0; i < f->events; i++) {
        if (!r[i].scheduled)
            continue;
        if (first == EVENTS_MAX || r[i].time < r[first].time ||
            (r[i].time == r[first].time && r[i].order < r[first].order))
            first = i;
    }
    return first;
}

static void schedule(struct engine_order *f, uint32_t i)
{
    bool soon = f->bursts && rng_below(&f->rng, 2);
    sim_time spread = soon ? f->spread / 16 : f->spread;
    sim_time time = engine_now(&f->engine) + rng_below(&f->rng, spread);

    engine_schedule(&f->engine, &f->event[i], time);
    f->reference[i] = (struct reference){true, time, ++f->order};
}

static void cancel(struct engine_order *f, uint32_t i)
{
    engine_cancel(&f->engine, &f->event[i]);
    f->reference[i].scheduled = false;
}

/* Of eight operations five schedule or re-arm and one cancels. */
static void operate(struct engine_order *f)
{
    uint32_t i = (uint32_t)rng_below(&f->rng, f->events);
    uint64_t kind = rng_below(&f->rng, 8);

    f->operations++;
    if (kind < 5)
        schedule(f, i);
    else if (kind == 5)
        cancel(f, i);
    else if (event_scheduled(&f->event[i]) != f->reference[i].scheduled)
        f->failed = true;
}

static void check_and_go_on(void *node, struct event *ev)
{
    struct engine_order *f = node;
    uint32_t i = (uint32_t)(ev - f->event), first = reference_first(f);
    uint64_t most = f->bursts ? 30 : 4;

    f->run++;
    f->hash = (f->hash ^ i) * UINT64_C(0x100000001b3);
    f->hash = (f->hash ^ engine_now(&f->engine)) * UINT64_C(0x100000001b3);
    if (i != first || f->reference[i].time != engine_now(&f->engine))
        f->failed = true;
    f->reference[i].scheduled = false;
    for (uint64_t n = f->first ? f->first : rng_below(&f->rng, most); n > 0;
         n--)
        operate(f);
    f->first = 0;
    if (f->bursts && !rng_below(&f->rng, 16))
        engine_stop(&f->engine);
    first = reference_first(f);
    if (engine_next(&f->engine) !=
        (first == EVENTS_MAX ? SIM_TIME_NEVER : f->reference[first].time))
        f->failed = true;
}

static void begin(struct engine_order *f, uint32_t events, sim_time spread)
{
    uint16_t target;

    engine_init(&f->engine, events, f->heap);
    target = engine_add_target(&f->engine, check_and_go_on, f);
    f->events = events;
    f->spread = spread;
    for (uint32_t i = 0; i < events; i++)
        event_init(&f->event[i], target, 0);
}

static void compare(struct engine_order *f, uint64_t operations, uint64_t seed)
{
    rng_init(&f->rng, seed, 0);
    while (f->operations < operations && !f->failed) {
        sim_time limit = engine_now(&f->engine) + rng_below(&f->rng, f->spread);

        if (f->scarce && f->engine.sequence < UINT32_MAX / 2)
            f->engine.sequence = UINT32_MAX - 4 * f->events;
        for (uint64_t n = rng_below(&f->rng, 2 * f->events); n > 0; n--)
            operate(f);
        engine_run(&f->engine, limit);
        f->failed |= !f->engine.stopped && engine_next(&f->engine) <= limit;
    }
    EXPECT_FALSE(f->failed, "seed %ju, after %ju operations, %ju events run",
                 (uintmax_t)seed, (uintmax_t)f->operations, (uintmax_t)f->run);
    EXPECT_GT(f->run, operations / 20, "too few events run to say anything");
}

TEST_F(engine_order, is_that_of_a_scanned_array_with_few_events)
{
    begin(f, 13, 40);
    compare(f, 1000000, 1);
}

TEST_F(engine_order, is_that_of_a_scanned_array_with_crowded_instants)
{
    begin(f, 100, 4);
    compare(f, 200000, 2);
}

TEST_F(engine_order, is_that_of_a_scanned_array_with_many_events)
{
    begin(f, EVENTS_MAX, 100000);
    compare(f, 50000, 3);
}

TEST_F(engine_order, is_that_of_a_scanned_array_with_bursts)
{
    begin(f, 60, 1000);
    f->bursts = true;
    compare(f, 300000, 8);
}

/* All that is scheduled then comes before the heap, more than fits there. */
TEST_F(engine_order, is_that_of_a_scanned_array_with_one_event_that_begins)
{
    begin(f, 60, 1000);
    rng_init(&f->rng, 10, 0);
    for (unsigned i = 0; i < 2000 && !f->failed; i++) {
        for (uint32_t k = 1; k < f->events; k++)
            cancel(f, k);
        schedule(f, 0);
        f->first = (uint32_t)rng_below(&f->rng, 100);
        engine_run(&f->engine, f->event[0].time + f->spread / 2);
    }
    EXPECT_FALSE(f->failed);
    EXPECT_GT(f->run, 20000);
}

TEST_F(engine_order, outlasts_the_sequence_numbers_in_bursts)
{
    begin(f, 40, 100);
    f->scarce = f->bursts = true;
    compare(f, 100000, 9);
}

TEST_F(engine_order, outlasts_the_sequence_numbers)
{
    begin(f, 40, 30);
    f->scarce = true;
    compare(f, 100000, 7);
}

TEST_F(engine_order, is_the_same_in_every_run)
{
    uint64_t first;

    begin(f, 50, 30);
    compare(f, 20000, 4);
    first = f->hash;
    memset(f, 0, sizeof *f);
    begin(f, 50, 30);
    compare(f, 20000, 4);
    EXPECT_EQ(f->hash, first);
}

/* What makes a checkpoint: the bytes alone say how the run goes on. */
TEST_F(engine_order, goes_on_the_same_from_a_copy_restored_in_place)
{
    static struct engine_order copy;
    uint64_t first;

    begin(f, 50, 30);
    compare(f, 10000, 5);
    memcpy(&copy, f, sizeof copy);
    compare(f, 20000, 6);
    first = f->hash;
    memcpy(f, &copy, sizeof copy);
    compare(f, 20000, 6);
    EXPECT_EQ(f->hash, first);
}
