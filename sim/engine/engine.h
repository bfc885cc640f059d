/*
 * The event queue: events in order of (time, sequence number).
 *
 * An event is plain data inside the node that owns it.  It names the target
 * that handles it and what happens; it holds no pointers, so that a machine's
 * state can be copied.  Scheduling an event that is already scheduled moves
 * it and gives it a new sequence number.
 */
#ifndef SIM_ENGINE_ENGINE_H
#define SIM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/sim_time.h"

struct event {
    sim_time time;
    uint32_t sequence; /* of its scheduling; 0: not scheduled */
    uint16_t target;   /* who handles it, from engine_add_target() */
    uint16_t what;     /* the target's own code */
};

typedef void event_fn(void *node, struct event *ev);

#define ENGINE_TARGETS_MAX 256

/* The heap begins here: a node's four children then start at a multiple of
 * four, which in an array aligned to 64 bytes is one cache line. */
#define ENGINE_ROOT 3u

/* The slots that `capacity` events need: as many again may be dead, and the
 * last family is whole. */
#define ENGINE_SLOTS(capacity) (2 * (capacity) + ENGINE_ROOT + 3u)

/* How many events lie sorted before the heap, at most. */
#define ENGINE_NEAR 24u

/* Of how many slots a heap is given up: fewer, so that there is room then. */
#define ENGINE_FEW 16u

/* A place in the heap or before it.  It is live while its event has the same
 * sequence number, and dead once the event was cancelled or scheduled anew. */
struct engine_slot {
    sim_time time;
    uint64_t order; /* sequence, event: see engine.c */
};

struct engine {
    sim_time now;
    sim_time limit;    /* events after it are not run; see engine_run() */
    uint64_t executed; /* events run so far */
    uint32_t sequence; /* of the newest scheduled event */
    uint32_t pending, capacity;
    uint32_t slots; /* in use, dead ones and the hole among them */
    bool hole;      /* an event is running, and its slot is still the root's */
    bool stopped;
    uint32_t near_count;
    /* before all of the heap, the latest first; [0]: the time from which on
     * events are in the heap */
    struct engine_slot near[1 + ENGINE_NEAR];
    struct engine_slot *heap; /* 4-ary, the earliest at ENGINE_ROOT */
    uint16_t targets;
    struct {
        event_fn *fn;
        void *node;
    } target[ENGINE_TARGETS_MAX];
};

/* `capacity` events can be scheduled at once; `heap` has ENGINE_SLOTS(capacity)
 * slots and is fastest aligned to 64 bytes.  The events lie within 16 GiB of
 * it, and stay where they are for as long as the engine runs. */
void engine_init(struct engine *e, uint32_t capacity, struct engine_slot *heap);

/* Who handles events; returns the number for event.target. */
uint16_t engine_add_target(struct engine *e, event_fn *fn, void *node);

static inline sim_time engine_now(const struct engine *e)
{
    return e->now;
}

static inline void event_init(struct event *ev, uint16_t target, uint16_t what)
{
    *ev = (struct event){.target = target, .what = what};
}

static inline bool event_scheduled(const struct event *ev)
{
    return ev->sequence != 0;
}

/* Amortized O(log n).  `time` must not lie before engine_now(), nor be
 * SIM_TIME_NEVER. */
void engine_schedule(struct engine *e, struct event *ev, sim_time time);

/* O(1); nothing happens if it is not scheduled.  The slot is freed later, by
 * engine_schedule(), engine_next() or engine_run(). */
void engine_cancel(struct engine *e, struct event *ev);

/* The time of the earliest event, or SIM_TIME_NEVER. */
sim_time engine_next(struct engine *e);

/* Runs every event with time <= limit in order, then sets now = limit
 * (unless limit is SIM_TIME_NEVER).  Returns how many were run.  Not to be
 * called by an event; `limit` must not lie before engine_now(). */
uint64_t engine_run(struct engine *e, sim_time limit);

/* Ends engine_run() after the event that is running; time stays where it is. */
void engine_stop(struct engine *e);

/* Every scheduled event, in no particular order, between two runs. */
void engine_each(const struct engine *e,
                 void (*each)(void *ctx, struct event *ev), void *ctx);

/*
 * Runs one scheduled event, not necessarily the earliest, at its own time.
 * Events that are passed over stay scheduled; when one is run later, now goes
 * back.  So a node that others act on may find itself ahead of them: what it
 * remembers of the time can lie in the future.  Before engine_run() is called
 * again, nothing may be left that was passed over.
 */
void engine_run_event(struct engine *e, struct event *ev);

/* engine_advance() where the first slot does not tell. */
bool engine_look_ahead(struct engine *e, sim_time time);

/*
 * Time passes without an event: if nothing is due at or before `time` and
 * `time` is inside the run's limit, sets now = time and returns true.  A node
 * whose own next event would be the very next one saves the queue this way;
 * the order of everything stays the same.
 */
static inline bool engine_advance(struct engine *e, sim_time time)
{
    if (time >= e->near[e->near_count].time && !engine_look_ahead(e, time))
        return false;
    e->now = time;
    return true;
}

#endif
