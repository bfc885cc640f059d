/*
 * The event queue: a 4-ary heap, the earliest first.  The slots carry the
 * keys, so that sifting compares without touching the events.
 *
 * While an event runs, its slot stays at the root as a hole.  Its key is not
 * after any other, so the heap is in order; the first event that is scheduled
 * meanwhile takes the slot.  Most events schedule one successor, and these
 * cost one sift instead of two.
 */
#include "sim/engine/engine.h"

#include <assert.h>
#include <string.h>

#define CHILDREN 4u

/* Slots from here on are likely not in the nearest cache. */
#define PREFETCH_FROM 1024u
#define CACHE_LINE 64u
#define FAMILY_BYTES (CHILDREN * CHILDREN * sizeof(struct engine_slot))

/* (time, sequence) as one number, compared without branches: which of two
 * events comes first cannot be predicted. */
typedef unsigned __int128 event_key;

static inline event_key slot_key(const struct engine_slot *s)
{
    return (event_key)s->time << 64 | s->sequence;
}

void engine_init(struct engine *e, uint32_t capacity, struct engine_slot *heap)
{
    memset(e, 0, sizeof *e);
    e->heap = heap;
    e->capacity = capacity;
}

uint16_t engine_add_target(struct engine *e, event_fn *fn, void *node)
{
    assert(e->targets < ENGINE_TARGETS_MAX);
    e->target[e->targets].fn = fn;
    e->target[e->targets].node = node;
    return e->targets++;
}

/* The first slot after the heap. */
static uint32_t heap_end(const struct engine *e)
{
    return ENGINE_ROOT + e->pending + e->hole;
}

static inline uint32_t parent_of(uint32_t i)
{
    return i / CHILDREN + 2;
}

static inline uint32_t children_of(uint32_t i)
{
    return CHILDREN * (i - 2);
}

static inline void put(struct engine_slot *heap, uint32_t i, event_key key,
                       struct event *ev)
{
    heap[i].time = (sim_time)(key >> 64);
    heap[i].sequence = (uint64_t)key;
    heap[i].event = ev;
    ev->place = i;
}

static inline void move(struct engine_slot *heap, uint32_t to, uint32_t from)
{
    put(heap, to, slot_key(&heap[from]), heap[from].event);
}

static inline uint32_t earlier(const struct engine_slot *heap, uint32_t i,
                               uint32_t j)
{
    return slot_key(&heap[j]) < slot_key(&heap[i]) ? j : i;
}

/* The earliest of the siblings that start at `first`, which is in the heap. */
static inline uint32_t earliest(const struct engine_slot *heap, uint32_t first,
                                uint32_t end)
{
    uint32_t best = first;

    if (first + CHILDREN <= end)
        return earlier(heap, earlier(heap, first, first + 1),
                       earlier(heap, first + 2, first + 3));
    for (uint32_t i = first + 1; i < end; i++)
        best = earlier(heap, best, i);
    return best;
}

static void sift_up(struct engine *e, uint32_t i, event_key key,
                    struct event *ev)
{
    struct engine_slot *heap = e->heap;

    while (i > ENGINE_ROOT) {
        uint32_t parent = parent_of(i);

        if (key >= slot_key(&heap[parent]))
            break;
        move(heap, i, parent);
        i = parent;
    }
    put(heap, i, key, ev);
}

/* One of the siblings is next: the children of all four are fetched while these
 * are compared.  It stands in the loop because GCC drops a function that only
 * prefetches, as one without effect. */
static void sift_down(struct engine *e, uint32_t i, event_key key,
                      struct event *ev)
{
    struct engine_slot *heap = e->heap;
    uint32_t end = heap_end(e), child, below;

    while ((child = children_of(i)) < end) {
        below = children_of(child);
        if (below >= PREFETCH_FROM && below < end)
            for (uintptr_t line = 0; line < FAMILY_BYTES; line += CACHE_LINE)
                __builtin_prefetch((void *)((uintptr_t)&heap[below] + line));
        child = earliest(heap, child, end);
        if (key < slot_key(&heap[child]))
            break;
        move(heap, i, child);
        i = child;
    }
    put(heap, i, key, ev);
}

/* Puts an event where slot i was; everywhere else the heap is in order. */
static void replace(struct engine *e, uint32_t i, event_key key,
                    struct event *ev)
{
    if (i > ENGINE_ROOT && key < slot_key(&e->heap[parent_of(i)]))
        sift_up(e, i, key, ev);
    else
        sift_down(e, i, key, ev);
}

static void fill_hole(struct engine *e, event_key key, struct event *ev)
{
    e->hole = false;
    e->pending++;
    sift_down(e, ENGINE_ROOT, key, ev);
}

/* Nothing took the hole: the last slot does. */
static void close_hole(struct engine *e)
{
    struct engine_slot *last = &e->heap[ENGINE_ROOT + e->pending];

    e->hole = false;
    if (e->pending > 0)
        sift_down(e, ENGINE_ROOT, slot_key(last), last->event);
}

void engine_schedule(struct engine *e, struct event *ev, sim_time time)
{
    event_key key = (event_key)time << 64 | ++e->sequence;

    assert(time >= e->now && time != SIM_TIME_NEVER);
    assert(ev->target < e->targets);
    ev->time = time;
    ev->sequence = e->sequence;
    if (ev->place) {
        replace(e, ev->place, key, ev);
        return;
    }
    assert(e->pending < e->capacity);
    if (e->hole)
        fill_hole(e, key, ev);
    else
        sift_up(e, ENGINE_ROOT + e->pending++, key, ev);
}

void engine_cancel(struct engine *e, struct event *ev)
{
    struct engine_slot *slot, *last;

    if (!ev->place)
        return;
    slot = &e->heap[ev->place];
    ev->place = 0;
    e->pending--;
    last = &e->heap[heap_end(e)];
    if (last != slot)
        replace(e, (uint32_t)(slot - e->heap), slot_key(last), last->event);
}

sim_time engine_next(const struct engine *e)
{
    if (e->pending == 0)
        return SIM_TIME_NEVER;
    if (e->hole)
        return e->heap[earliest(e->heap, children_of(ENGINE_ROOT), heap_end(e))]
            .time;
    return e->heap[ENGINE_ROOT].time;
}

uint64_t engine_run(struct engine *e, sim_time limit)
{
    uint64_t executed = e->executed;

    assert(limit >= e->now && !e->hole);
    e->limit = limit;
    while (e->pending > 0 && e->heap[ENGINE_ROOT].time <= limit) {
        struct event *ev = e->heap[ENGINE_ROOT].event;

        ev->place = 0;
        e->pending--;
        e->hole = true;
        e->now = e->heap[ENGINE_ROOT].time;
        e->executed++;
        e->target[ev->target].fn(e->target[ev->target].node, ev);
        if (e->hole)
            close_hole(e);
    }
    if (limit != SIM_TIME_NEVER)
        e->now = limit;
    e->limit = e->now; /* between runs no time passes */
    return e->executed - executed;
}

bool engine_advance(struct engine *e, sim_time time)
{
    assert(time >= e->now);
    if (time > e->limit || engine_next(e) <= time)
        return false;
    e->now = time;
    return true;
}
