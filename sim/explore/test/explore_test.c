/* The search, on a system that everybody knows: agents that count in common
 * memory, each by a read and, an instant later, a write. */
#include "sim/explore/explore.h"

#include <stdio.h>
#include <string.h>

#include "tests/gtest_c.h"

#define AGENTS 2
#define FILL 3000 /* so that a state has many blocks */

struct counters {
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(AGENTS)];
    struct event event[AGENTS];
    unsigned char fill[FILL];
    unsigned common, seen[AGENTS], left[AGENTS];
    bool atomic, endless;
    unsigned allowed; /* `common` beyond it is a violation */
};

struct explore_counters {
    struct counters c;
    struct explore_system system;
    struct explore_limits limits;
    struct explore_result result;
};

enum { READ, WRITE, DONE };

static void step(void *node, struct event *ev)
{
    struct counters *c = node;
    unsigned i = (unsigned)(ev - c->event);

    if (ev->what == READ && !c->atomic) {
        c->seen[i] = c->common;
        ev->what = WRITE;
    } else {
        c->common = (c->atomic ? c->common : c->seen[i]) + 1;
        c->seen[i] = 0;
        c->left[i] -= !c->endless;
        c->common -= c->endless;
        ev->what = c->left[i] ? READ : DONE;
        c->fill[(FILL - 1) * i] = (unsigned char)c->left[i];
    }
    if (ev->what != DONE)
        engine_schedule(&c->engine, ev, engine_now(&c->engine));
}

static uint64_t hash(void *self)
{
    const struct counters *c = self;
    uint64_t h = c->common;

    for (unsigned i = 0; i < AGENTS; i++)
        h = h * 4096 + c->event[i].what * 1024 + c->seen[i] * 32 + c->left[i];
    return h;
}

static const char *broken(void *self)
{
    const struct counters *c = self;

    return c->common > c->allowed ? "counted too far" : NULL;
}

static const char *stuck(void *self)
{
    const struct counters *c = self;

    return c->common < AGENTS ? "a count was lost" : NULL;
}

static void describe(void *self, const struct event *ev, char *text)
{
    struct counters *c = self;

    snprintf(text, EXPLORE_TEXT, "%u %s", (unsigned)(ev - c->event),
             ev->what == READ ? "reads" : "writes");
}

static void explore_counters_setup(struct explore_counters *f)
{
    struct counters *c = &f->c;
    uint16_t target;

    engine_init(&c->engine, AGENTS, c->heap);
    target = engine_add_target(&c->engine, step, c);
    c->allowed = 100;
    for (unsigned i = 0; i < AGENTS; i++) {
        c->left[i] = 1;
        event_init(&c->event[i], target, READ);
        engine_schedule(&c->engine, &c->event[i], 0);
    }
    f->system = (struct explore_system){.self = c,
                                        .state = c,
                                        .bytes = sizeof *c,
                                        .engine = &c->engine,
                                        .hash = hash,
                                        .broken = broken,
                                        .stuck = stuck,
                                        .describe = describe};
    f->limits = (struct explore_limits){0, 10000, 1000};
}

static void explore_counters_teardown(struct explore_counters *f)
{
    explore_free(&f->result);
}

static void search(struct explore_counters *f)
{
    struct counters before = f->c;

    explore(&f->system, &f->limits, &f->result);
    EXPECT_EQ(memcmp(&before, &f->c, sizeof before), 0, "back at the start");
}

TEST_F(explore_counters, finds_the_one_order_that_loses_a_count)
{
    search(f);
    ASSERT_TRUE(f->result.violated);
    EXPECT_STREQ(f->result.violation, "a count was lost");
    ASSERT_EQ(f->result.trace_steps, 4);
    EXPECT_STREQ(f->result.trace[0].text, "0 reads");
    EXPECT_STREQ(f->result.trace[1].text, "1 reads");
}

TEST_F(explore_counters, goes_through_all_orders_where_nothing_is_wrong)
{
    f->c.atomic = true;
    f->c.left[0] = f->c.left[1] = 3;
    search(f);
    EXPECT_FALSE(f->result.violated);
    EXPECT_TRUE(f->result.exhausted);
    EXPECT_EQ(f->result.states, 16, "0 to 3 counts of each agent");
    EXPECT_EQ(f->result.transitions, 24);
    EXPECT_EQ(f->result.depth, 6);
}

TEST_F(explore_counters, ends_in_a_system_that_never_does)
{
    f->c.endless = true;
    f->system.stuck = NULL;
    search(f);
    EXPECT_TRUE(f->result.exhausted);
    EXPECT_FALSE(f->result.violated);
    EXPECT_LT(f->result.states, 10);
}

TEST_F(explore_counters, the_trace_to_a_violation_is_the_shortest)
{
    f->c.left[0] = f->c.left[1] = 3;
    f->c.allowed = 1;
    search(f);
    ASSERT_TRUE(f->result.violated);
    EXPECT_EQ(f->result.trace_steps, 4, "two reads, two writes");
}

TEST_F(explore_counters, the_first_state_is_looked_at)
{
    f->c.common = 101;
    search(f);
    EXPECT_TRUE(f->result.violated);
    EXPECT_EQ(f->result.trace_steps, 0);
}

static void at(struct explore_counters *f, unsigned i, sim_time time)
{
    engine_schedule(&f->c.engine, &f->c.event[i], time);
}

TEST_F(explore_counters, events_further_apart_than_the_window_keep_their_order)
{
    at(f, 1, 10);
    f->limits.window = 9;
    search(f);
    EXPECT_FALSE(f->result.violated);
    EXPECT_TRUE(f->result.exhausted);
    EXPECT_EQ(f->result.states, 5);
}

TEST_F(explore_counters, events_inside_the_window_come_in_every_order)
{
    at(f, 1, 10);
    f->limits.window = 10;
    search(f);
    ASSERT_TRUE(f->result.violated);
    EXPECT_STREQ(f->result.trace[1].text, "1 reads");
    EXPECT_EQ(f->result.trace[1].time, 10);
    EXPECT_EQ(f->result.trace[2].time, 0, "the first agent's write is late");
}

/* Tells apart when the agents go on, too. */
static uint64_t timed_hash(void *self)
{
    const struct counters *c = self;
    uint64_t h = hash(self);

    for (unsigned i = 0; i < AGENTS; i++)
        h = 31 * h + (event_scheduled(&c->event[i]) ? c->event[i].time : 29);
    return h;
}

TEST_F(explore_counters, who_is_passed_over_loses_no_time)
{
    f->c.atomic = true;
    f->c.left[0] = 2;
    at(f, 1, 10);
    f->limits.window = 10;
    f->system.hash = timed_hash;
    search(f);
    EXPECT_TRUE(f->result.exhausted);
    EXPECT_EQ(f->result.states, 6, "each order ends in the same state");
}

TEST_F(explore_counters, too_few_states_are_not_called_all_of_them)
{
    f->c.atomic = true;
    f->limits.states = 2;
    search(f);
    EXPECT_FALSE(f->result.exhausted);
    EXPECT_EQ(f->result.states, 2);
}

TEST_F(explore_counters, too_small_a_depth_is_not_called_all_of_them)
{
    f->limits.depth = 3;
    search(f);
    EXPECT_FALSE(f->result.exhausted);
    EXPECT_FALSE(f->result.violated);
    EXPECT_EQ(f->result.depth, 3);
}

static bool ended(void *self)
{
    const struct counters *c = self;

    return c->common > 0;
}

TEST_F(explore_counters, nothing_is_looked_for_beyond_an_end)
{
    f->system.ended = ended;
    search(f);
    EXPECT_FALSE(f->result.violated);
    EXPECT_TRUE(f->result.exhausted);
    EXPECT_GT(f->result.ended, 0);
}
