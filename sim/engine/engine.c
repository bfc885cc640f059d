/* The event queue: a 4-ary heap whose slots carry the keys, so that sifting
 * compares without touching the events. */
#include "sim/engine/engine.h"

#include <assert.h>
#include <string.h>

void engine_init(struct engine *e, struct engine_slot *heap, uint32_t capacity)
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

static bool before(const struct engine_slot *a, const struct engine_slot *b)
{
    return a->time < b->time ||
           (a->time == b->time && a->sequence < b->sequence);
}

static void put(struct engine *e, uint32_t i, struct engine_slot slot)
{
    e->heap[i] = slot;
    slot.event->place = i + 1;
}

static void sift_up(struct engine *e, uint32_t i, struct engine_slot slot)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / 4;

        if (!before(&slot, &e->heap[parent]))
            break;
        put(e, i, e->heap[parent]);
        i = parent;
    }
    put(e, i, slot);
}

static uint32_t earliest_child(const struct engine *e, uint32_t i)
{
    uint32_t child = 4 * i + 1, best = child;
    uint32_t end = child + 4 < e->pending ? child + 4 : e->pending;

    while (++child < end)
        if (before(&e->heap[child], &e->heap[best]))
            best = child;
    return best;
}

static void sift_down(struct engine *e, uint32_t i, struct engine_slot slot)
{
    while (4 * i + 1 < e->pending) {
        uint32_t child = earliest_child(e, i);

        if (!before(&e->heap[child], &slot))
            break;
        put(e, i, e->heap[child]);
        i = child;
    }
    put(e, i, slot);
}

/* Puts `slot` where slot i was; the heap holds elsewhere. */
static void replace(struct engine *e, uint32_t i, struct engine_slot slot)
{
    if (i > 0 && before(&slot, &e->heap[(i - 1) / 4]))
        sift_up(e, i, slot);
    else
        sift_down(e, i, slot);
}

static void take_out(struct engine *e, uint32_t i)
{
    e->heap[i].event->place = 0;
    e->pending--;
    if (i < e->pending)
        replace(e, i, e->heap[e->pending]);
}

void engine_schedule(struct engine *e, struct event *ev, sim_time time)
{
    struct engine_slot slot = {time, ++e->sequence, ev};

    assert(time >= e->now && time != SIM_TIME_NEVER);
    assert(ev->target < e->targets);
    ev->time = time;
    ev->sequence = slot.sequence;
    if (ev->place) {
        replace(e, ev->place - 1, slot);
        return;
    }
    assert(e->pending < e->capacity);
    sift_up(e, e->pending++, slot);
}

void engine_cancel(struct engine *e, struct event *ev)
{
    if (ev->place)
        take_out(e, ev->place - 1);
}

sim_time engine_next(const struct engine *e)
{
    return e->pending ? e->heap[0].time : SIM_TIME_NEVER;
}

uint64_t engine_run(struct engine *e, sim_time limit)
{
    uint64_t executed = e->executed;

    assert(limit >= e->now);
    e->limit = limit;
    while (e->pending && e->heap[0].time <= limit) {
        struct event *ev = e->heap[0].event;

        take_out(e, 0);
        e->now = ev->time;
        e->executed++;
        e->target[ev->target].fn(e->target[ev->target].node, ev);
    }
    if (limit != SIM_TIME_NEVER)
        e->now = limit;
    e->limit = e->now; /* no time passes outside a run */
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
