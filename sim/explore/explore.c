/* The search. */
#include "sim/explore/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explore/snapshot.h"

#define CANDIDATES 64u

/* A state, by how it was reached first. */
struct reached {
    uint32_t from, depth;
    uint32_t choice;       /* which candidate of `from` */
    struct snapshot *copy; /* until all that can follow has been run */
};

struct search {
    const struct explore_system *system;
    const struct explore_limits *limits;
    struct explore_result *result;
    struct snapshots snapshots;
    struct reached *state; /* in the order of their depth */
    uint32_t room;
    uint64_t *seen; /* hashes: open addressing; 0 is free */
    uint32_t seen_room;
};

/* ---- what could be next ---- */

struct candidates {
    const struct explore_system *system;
    sim_time until;
    struct event *event[CANDIDATES];
    uint32_t count;
    bool more; /* than there is room for */
};

static void find_earliest(void *ctx, struct event *ev)
{
    struct candidates *c = ctx;

    if (ev->time < c->until)
        c->until = ev->time;
}

static void add(void *ctx, struct event *ev)
{
    struct candidates *c = ctx;

    if (ev->time > c->until)
        return;
    if (c->count == CANDIDATES)
        c->more = true;
    else
        c->event[c->count++] = ev;
}

static int compare(const void *a, const void *b)
{
    const struct event *x = *(struct event *const *)a;
    const struct event *y = *(struct event *const *)b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* In the engine's own order. */
static struct candidates candidates(const struct search *s)
{
    struct candidates c = {.system = s->system, .until = SIM_TIME_NEVER};
    sim_time window = s->limits->window;

    engine_each(s->system->engine, find_earliest, &c);
    if (c.until == SIM_TIME_NEVER)
        return c;
    c.until = window < SIM_TIME_NEVER - c.until ? c.until + window
                                                : SIM_TIME_NEVER - 1;
    engine_each(s->system->engine, add, &c);
    qsort(c.event, c.count, sizeof c.event[0], compare);
    return c;
}

/* ---- states ---- */

static bool insert(uint64_t *table, uint32_t room, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & (room - 1);

    for (; table[i]; i = (i + 1) & (room - 1))
        if (table[i] == hash)
            return false;
    table[i] = hash;
    return true;
}

static void grow_seen(struct search *s)
{
    uint32_t room = s->seen_room ? 2 * s->seen_room : 1024;
    uint64_t *bigger = snapshot_memory(NULL, room * sizeof *bigger);

    memset(bigger, 0, room * sizeof *bigger);
    for (uint32_t i = 0; i < s->seen_room; i++)
        if (s->seen[i])
            insert(bigger, room, s->seen[i]);
    free(s->seen);
    s->seen = bigger;
    s->seen_room = room;
}

/* False: the state was met before. */
static bool is_new(struct search *s)
{
    uint64_t hash = s->system->hash(s->system->self);

    if (2 * (s->result->states + 1) > s->seen_room)
        grow_seen(s);
    return insert(s->seen, s->seen_room, hash ? hash : 1);
}

static void keep(struct search *s, const struct reached *how)
{
    struct explore_result *r = s->result;

    if (r->states == s->room) {
        s->room += 1024 + s->room / 2;
        s->state = snapshot_memory(s->state, s->room * sizeof *s->state);
    }
    s->state[r->states] = *how;
    s->state[r->states++].copy = snapshot_take(&s->snapshots);
    if (how->depth > r->depth)
        r->depth = how->depth;
}

/* ---- violations ---- */

static void tell(struct search *s, const struct reached *last)
{
    struct explore_result *r = s->result;
    uint32_t *choice = snapshot_memory(NULL, last->depth * sizeof *choice + 1);
    const struct reached *at = last;

    for (uint32_t i = last->depth; i-- > 0; at = &s->state[at->from])
        choice[i] = at->choice;
    r->trace_steps = last->depth;
    r->trace = snapshot_memory(NULL, last->depth * sizeof *r->trace + 1);
    snapshot_restore(&s->snapshots, NULL);
    for (uint32_t i = 0; i < last->depth; i++) {
        struct candidates c = candidates(s);
        struct event *ev = c.event[choice[i]];

        r->trace[i].time = ev->time;
        s->system->describe(s->system->self, ev, r->trace[i].text);
        engine_run_event(s->system->engine, ev);
    }
    free(choice);
}

static bool violates(struct search *s, const char *what,
                     const struct reached *how)
{
    if (!what)
        return false;
    s->result->violated = true;
    snprintf(s->result->violation, sizeof s->result->violation, "%s", what);
    tell(s, how);
    return true;
}

/* ---- the search ---- */

/* One event after state `from`, which the first choice finds the system in;
 * false: the search is over. */
static bool follow(struct search *s, uint32_t from, uint32_t choice)
{
    const struct explore_system *system = s->system;
    struct reached how = {
        .from = from, .depth = s->state[from].depth + 1, .choice = choice};
    struct candidates c;

    if (choice)
        snapshot_restore(&s->snapshots, s->state[from].copy);
    c = candidates(s);
    engine_run_event(system->engine, c.event[choice]);
    s->result->transitions++;
    if (violates(s, system->broken(system->self), &how))
        return false;
    if (!is_new(s))
        return true;
    if (s->result->states == s->limits->states) {
        s->result->exhausted = false;
        return false;
    }
    keep(s, &how);
    return true;
}

/* Everything that can follow state `i`; false: the search is over. */
static bool expand(struct search *s, uint32_t i)
{
    const struct explore_system *system = s->system;
    struct reached at = s->state[i];
    struct candidates c;

    snapshot_restore(&s->snapshots, at.copy);
    if (system->ended && system->ended(system->self)) {
        s->result->ended++;
        return true;
    }
    c = candidates(s);
    if (!c.count)
        return !system->stuck || !violates(s, system->stuck(system->self), &at);
    if (c.more || at.depth == s->limits->depth)
        s->result->exhausted = false;
    if (at.depth == s->limits->depth)
        return true;
    s->result->choices += c.count > 1;
    for (uint32_t k = 0; k < c.count; k++)
        if (!follow(s, i, k))
            return false;
    return true;
}

void explore(const struct explore_system *system,
             const struct explore_limits *l, struct explore_result *result)
{
    struct search s = {.system = system, .limits = l, .result = result};
    bool goes_on;

    *result = (struct explore_result){.exhausted = true,
                                      .invariants = system->invariants};
    snapshots_init(&s.snapshots, system->state, system->bytes);
    goes_on = !violates(&s, system->broken(system->self), &(struct reached){0});
    is_new(&s);
    keep(&s, &(struct reached){0});
    for (uint32_t i = 0; goes_on && i < result->states; i++) {
        goes_on = expand(&s, i);
        free(s.state[i].copy);
        s.state[i].copy = NULL;
    }
    for (uint32_t i = 0; i < result->states; i++)
        free(s.state[i].copy);
    free(s.state);
    free(s.seen);
    snapshot_restore(&s.snapshots, NULL);
    snapshots_free(&s.snapshots);
}

void explore_free(struct explore_result *result)
{
    free(result->trace);
}
