/*
 * The search of orders against plainer ones, which know the rule of what may
 * be next and no more: one goes through every order to its end, whatever was
 * met before; one goes on from each of two states that count as the same, and
 * must meet the same ones behind both.
 */
#include <stdlib.h>

#include "sim/core/diag.h"
#include "sim/explore/hash.h"
#include "sim/explore/snapshot.h"
#include "sim/machine/machine_private.h"
#include "sim/scenario/scenario_load.h"
#include "tests/gtest_c.h"

#define CHOICES 16u
#define SLOTS (UINT32_C(1) << 13)

/* ---- what may be next ---- */

struct choices {
    struct event *event[CHOICES];
    unsigned count;
    sim_time until;
};

static void find_earliest(void *ctx, struct event *ev)
{
    struct choices *c = ctx;

    if (ev->time < c->until)
        c->until = ev->time;
}

static void add(void *ctx, struct event *ev)
{
    struct choices *c = ctx;

    if (ev->time <= c->until && c->count < CHOICES)
        c->event[c->count++] = ev;
}

static struct choices choices_of(const struct explore_system *s,
                                 sim_time window)
{
    struct choices c = {.until = SIM_TIME_NEVER};

    if (s->ended(s->self))
        return c;
    engine_each(s->engine, find_earliest, &c);
    if (c.until == SIM_TIME_NEVER)
        return c;
    c.until += window;
    engine_each(s->engine, add, &c);
    EXPECT_LT(c.count, CHOICES);
    return c;
}

/* What calls before have left there, behind the members of a struct too. */
__attribute__((noinline)) static void fill_stack(unsigned char with)
{
    volatile unsigned char below[1 << 14];

    for (size_t i = 0; i < sizeof below; i++)
        below[i] = with;
}

static void take(const struct explore_system *s, struct event *ev)
{
    static unsigned char with;

    fill_stack(with ^= 0xff);
    engine_run_event(s->engine, ev);
}

/* ---- the states that were met ---- */

struct state {
    uint64_t hash;
    uint64_t next; /* of those that follow it, whatever their order */
    struct snapshot *copy;
};

struct machine_orders {
    struct scenario_set *set;
    struct machine *m;
    struct explore_system system;
    struct snapshots snapshots;
    struct explore_limits limits;
    struct explore_result found; /* by the search that is tested */
    struct state *state;         /* in the order in which they were met */
    uint32_t *slot;              /* index + 1, by hash */
    uint32_t states;
    uint64_t transitions;
};

static void machine_orders_setup(struct machine_orders *f)
{
    f->limits = (struct explore_limits){0, SLOTS / 2, 10000};
    f->state = calloc(SLOTS, sizeof *f->state);
    f->slot = calloc(SLOTS, sizeof *f->slot);
}

static void machine_orders_teardown(struct machine_orders *f)
{
    for (uint32_t i = 0; i < f->states; i++)
        free(f->state[i].copy);
    free(f->state);
    free(f->slot);
    explore_free(&f->found);
    if (f->m) {
        snapshots_free(&f->snapshots);
        machine_free(f->m);
    }
    if (f->set)
        scenario_free(f->set);
}

/* True: it was not met before. */
static bool meet(struct machine_orders *f, uint32_t *index)
{
    uint64_t hash = f->system.hash(f->system.self);
    uint32_t i = (uint32_t)hash % SLOTS;

    while (f->slot[i] && f->state[f->slot[i] - 1].hash != hash)
        i = (i + 1) % SLOTS;
    *index = f->slot[i] ? f->slot[i] - 1 : f->states;
    if (f->slot[i])
        return false;
    f->state[f->states++].hash = hash;
    f->slot[i] = f->states;
    return true;
}

/* ---- a scenario ---- */

#define DIRECTORY "scenarios/explore/"

static const struct orders_row {
    const char *name, *file, *variant;
    sim_time window;  /* of the search with states */
    sim_time plainer; /* of the one through every order */
} rows[] = {
    {"msi", DIRECTORY "msi-and-entry.yaml", NULL, SIM_US, 50 * SIM_NS},
    {"hlt", DIRECTORY "posting-and-hlt.yaml", NULL, 400 * SIM_NS, 20 * SIM_NS},
    {"timer", DIRECTORY "timer-and-hlt.yaml", NULL, SIM_US, 100 * SIM_NS},
    {"waking", DIRECTORY "posting-and-block.yaml", "waking", SIM_US,
     30 * SIM_NS},
    {"blocking", DIRECTORY "posting-and-block.yaml", "blocking", SIM_US,
     20 * SIM_NS},
    {"turns", DIRECTORY "posting-and-turns.yaml", NULL, 100 * SIM_NS,
     10 * SIM_NS},
    {"line", DIRECTORY "line-and-eoi.yaml", "in_handler", 500 * SIM_NS,
     15 * SIM_NS},
    {"leaving", DIRECTORY "ipiv-and-preemption.yaml", "leaving", 500 * SIM_NS,
     25 * SIM_NS},
    {"remapped", DIRECTORY "posting-switch.yaml", "to_remapped", 60 * SIM_NS,
     5 * SIM_NS},
    {"posted", DIRECTORY "posting-switch.yaml", "to_posted", 60 * SIM_NS,
     5 * SIM_NS},
};

static unsigned variant_named(const struct scenario_set *set, const char *name)
{
    for (unsigned i = 0; name && i < set->variant_count; i++)
        if (!strcmp(set->variant_name[i], name))
            return i;
    return 0;
}

static void load(struct machine_orders *f, const struct orders_row *row)
{
    struct diag mistakes;
    const struct scenario *s;

    diag_init(&mistakes);
    f->set = scenario_load(row->file, NULL, &mistakes);
    diag_free(&mistakes);
    ASSERT_TRUE(f->set != NULL, "%s", row->file);
    s = &f->set->variant[variant_named(f->set, row->variant)];
    f->m = machine_build_small(s);
    machine_run(f->m, s->warmup);
    f->system = machine_system(f->m);
    f->limits.window = row->window;
    snapshots_init(&f->snapshots, f->system.state, f->system.bytes);
}

/* ---- states that count as the same go on in the same way ---- */

/* The state that the machine is in and `copy` holds, and what follows it. */
static uint64_t next_of(struct machine_orders *f, const struct snapshot *copy)
{
    struct choices c = choices_of(&f->system, f->limits.window);
    uint64_t sum = c.count;

    for (unsigned i = 0; i < c.count; i++) {
        take(&f->system, c.event[i]);
        sum += hash_mix(1, f->system.hash(f->system.self));
        snapshot_restore(&f->snapshots, copy);
    }
    return sum;
}

static void follow(struct machine_orders *f, uint32_t from)
{
    const struct snapshot *at = f->state[from].copy;
    struct choices c;

    snapshot_restore(&f->snapshots, at);
    c = choices_of(&f->system, f->limits.window);
    for (unsigned i = 0; i < c.count; i++) {
        struct snapshot *copy;
        uint32_t to;

        take(&f->system, c.event[i]);
        f->transitions++;
        copy = snapshot_take(&f->snapshots);
        if (meet(f, &to)) {
            f->state[to].copy = copy;
            f->state[to].next = next_of(f, copy);
        } else {
            EXPECT_EQ(next_of(f, copy), f->state[to].next, "%u", to);
            free(copy);
        }
        snapshot_restore(&f->snapshots, at);
    }
}

static void expect_the_same(struct machine_orders *f)
{
    snapshot_restore(&f->snapshots, NULL);
    machine_explore(f->m, &f->limits, &f->found);
    EXPECT_TRUE(f->found.exhausted);
    EXPECT_FALSE(f->found.violated, "%s", f->found.violation);
    EXPECT_EQ(f->found.states, f->states);
    EXPECT_GT(f->found.choices, 0);
}

TEST_EACH(machine_orders, states_that_count_as_one_go_on_as_one,
          struct orders_row, rows)
{
    struct machine_orders f = {0};
    uint32_t first;

    machine_orders_setup(&f);
    load(&f, row);
    meet(&f, &first);
    f.state[first].next = next_of(&f, NULL);
    for (uint32_t i = 0; i < f.states && f.states < SLOTS / 2; i++)
        follow(&f, i);
    expect_the_same(&f);
    EXPECT_EQ(f.found.transitions, f.transitions);
    machine_orders_teardown(&f);
}

/* ---- every order, to its end ---- */

static void go_through(struct machine_orders *f)
{
    struct snapshot *copy = snapshot_take(&f->snapshots);
    struct choices c = choices_of(&f->system, f->limits.window);
    uint32_t index;

    f->transitions++;
    meet(f, &index);
    for (unsigned i = 0; i < c.count; i++) {
        take(&f->system, c.event[i]);
        go_through(f);
        snapshot_restore(&f->snapshots, copy);
    }
    free(copy);
}

TEST_EACH(machine_orders, no_order_leads_to_a_state_that_the_search_misses,
          struct orders_row, rows)
{
    struct machine_orders f = {0};

    machine_orders_setup(&f);
    load(&f, row);
    f.limits.window = row->plainer;
    go_through(&f);
    expect_the_same(&f);
    machine_orders_teardown(&f);
}
