/*
 * The event queue: a 4-ary heap, the earliest first.  The slots carry the
 * keys, so that sifting compares without touching the events, and a slot is
 * 16 bytes, so that the four children of a node share a cache line.
 *
 * The slots behind the last one, up to the end of its family, compare as later
 * than all others: a family is always compared as four.
 *
 * An event does not know its slot.  Cancelling it or scheduling it anew leaves
 * a dead slot behind, which is dropped when it comes first; when the slots are
 * used up, all dead ones are swept out.
 *
 * While an event runs, its slot stays at the root as a hole.  Its key is not
 * after any other, so the heap is in order; the first event that is scheduled
 * meanwhile takes the slot.  Most events schedule one successor, and these
 * cost one sift instead of two.
 *
 * While the engine runs, the few events that come before all of the heap lie
 * sorted in front of it.  What happens to one interrupt is a chain of such
 * events, and they need no sifting.  A heap of a few slots is emptied into that
 * array: most machines have no more, and then need no heap.
 */
#include "sim/engine/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN 4u
#define LAST (~(event_key)0) /* of a slot that is not in use */
#define EVENT_UNIT 8
#define EVENT_REACH (UINT64_C(1) << 34) /* bytes on either side of the heap */

/* Slots from here on are likely not in the nearest cache. */
#define PREFETCH_FROM 1024u
#define CACHE_LINE 64u
#define FAMILY_BYTES (CHILDREN * CHILDREN * sizeof(struct engine_slot))

/* (time, order) as one number, compared without branches: which of two events
 * comes first cannot be predicted. */
typedef unsigned __int128 event_key;

static inline event_key key_of(const struct engine_slot *s)
{
    return (event_key)s->time << 64 | s->order;
}

static inline void put(struct engine_slot *s, event_key key)
{
    s->time = (sim_time)(key >> 64);
    s->order = (uint64_t)key;
}

/* An order is a sequence number above the event, which is given by its distance
 * from the place EVENT_REACH before the heap, in units of 8 bytes. */
static inline uint64_t order_of(const struct engine *e, const struct event *ev)
{
    uint64_t distance =
        ((uintptr_t)ev - (uintptr_t)e->heap + EVENT_REACH) / EVENT_UNIT;

    assert(distance <= UINT32_MAX);
    return (uint64_t)ev->sequence << 32 | distance;
}

static inline struct event *event_of(const struct engine *e,
                                     const struct engine_slot *s)
{
    uint64_t distance = (s->order & UINT32_MAX) * EVENT_UNIT;

    return (struct event *)((uintptr_t)e->heap - EVENT_REACH + distance);
}

static inline bool live(const struct engine *e, const struct engine_slot *s)
{
    return event_of(e, s)->sequence == s->order >> 32;
}

/* The first slot after the heap. */
static uint32_t heap_end(const struct engine *e)
{
    return ENGINE_ROOT + e->slots;
}

static inline uint32_t parent_of(uint32_t i)
{
    return i / CHILDREN + 2;
}

static inline uint32_t children_of(uint32_t i)
{
    return CHILDREN * (i - 2);
}

static inline void clear_family(struct engine *e, uint32_t first)
{
    for (uint32_t i = first; i < first + CHILDREN; i++)
        put(&e->heap[i], LAST);
}

/* Whatever is scheduled from now on goes to the heap. */
static inline void close_near(struct engine *e)
{
    e->near[0].time = 0;
}

static bool is_running(const struct engine *e)
{
    return e->near[0].time > 0 || e->near_count > 0;
}

void engine_init(struct engine *e, uint32_t capacity, struct engine_slot *heap)
{
    memset(e, 0, sizeof *e);
    e->heap = heap;
    e->capacity = capacity;
    clear_family(e, children_of(ENGINE_ROOT));
    close_near(e);
}

uint16_t engine_add_target(struct engine *e, event_fn *fn, void *node)
{
    assert(e->targets < ENGINE_TARGETS_MAX);
    e->target[e->targets].fn = fn;
    e->target[e->targets].node = node;
    return e->targets++;
}

static inline uint32_t earlier(const struct engine_slot *heap, uint32_t i,
                               uint32_t j)
{
    return key_of(&heap[j]) < key_of(&heap[i]) ? j : i;
}

/* The earliest of the siblings that start at `first`. */
static inline uint32_t earliest(const struct engine_slot *heap, uint32_t first)
{
    return earlier(heap, earlier(heap, first, first + 1),
                   earlier(heap, first + 2, first + 3));
}

static void sift_up(struct engine *e, uint32_t i, event_key key)
{
    struct engine_slot *heap = e->heap;

    while (i > ENGINE_ROOT) {
        uint32_t parent = parent_of(i);

        if (key >= key_of(&heap[parent]))
            break;
        put(&heap[i], key_of(&heap[parent]));
        i = parent;
    }
    put(&heap[i], key);
}

/* One of the siblings is next: the children of all four are fetched while these
 * are compared.  It stands in the loop because GCC drops a function that only
 * prefetches, as one without effect. */
static void sift_down(struct engine *e, uint32_t i, event_key key)
{
    struct engine_slot *heap = e->heap;
    uint32_t end = heap_end(e), child, below;

    while ((child = children_of(i)) < end) {
        below = children_of(child);
        if (below >= PREFETCH_FROM && below < end)
            for (uintptr_t line = 0; line < FAMILY_BYTES; line += CACHE_LINE)
                __builtin_prefetch((void *)((uintptr_t)&heap[below] + line));
        child = earliest(heap, child);
        if (key < key_of(&heap[child]))
            break;
        put(&heap[i], key_of(&heap[child]));
        i = child;
    }
    put(&heap[i], key);
}

/* One slot more, with this key. */
static void append(struct engine *e, event_key key)
{
    uint32_t i = heap_end(e);

    if (i % CHILDREN == 0)
        clear_family(e, i);
    e->slots++;
    sift_up(e, i, key);
}

/* The last slot takes the place of slot i, which has at most a hole above. */
static void drop(struct engine *e, uint32_t i)
{
    uint32_t last = ENGINE_ROOT + --e->slots;
    event_key key = key_of(&e->heap[last]);

    put(&e->heap[last], LAST);
    if (i != last)
        sift_down(e, i, key);
}

/* Nothing took the hole. */
static void close_hole(struct engine *e)
{
    e->hole = false;
    drop(e, ENGINE_ROOT);
}

static __attribute__((noinline)) void sweep(struct engine *e)
{
    uint32_t end = heap_end(e);

    e->slots = 0;
    for (uint32_t i = ENGINE_ROOT; i < end; i++) {
        event_key key = key_of(&e->heap[i]);
        bool keep = live(e, &e->heap[i]);

        put(&e->heap[i], LAST);
        if (keep)
            sift_up(e, ENGINE_ROOT + e->slots++, key);
    }
}

/* Into the hole, if there is one: nothing of the heap is before it. */
static __attribute__((noinline)) void insert_far(struct engine *e,
                                                 event_key key)
{
    if (e->hole) {
        e->hole = false;
        sift_down(e, ENGINE_ROOT, key);
        return;
    }
    if (e->slots == 2 * e->capacity)
        sweep(e);
    append(e, key);
}

/* The latest of the near slots, which is the first of the heap then. */
static void send_away(struct engine *e)
{
    struct engine_slot latest = e->near[1];

    memmove(&e->near[1], &e->near[2], --e->near_count * sizeof latest);
    insert_far(e, key_of(&latest));
    e->near[0].time = latest.time;
}

static void send_all_away(struct engine *e)
{
    while (e->near_count > 0)
        send_away(e);
}

static int compare_keys(const void *a, const void *b)
{
    event_key ka = key_of(a), kb = key_of(b);

    return (ka > kb) - (ka < kb);
}

/* The sequence numbers are used up: those of the scheduled events begin again
 * at 1.  A sorted array is a heap. */
static __attribute__((noinline)) void number_anew(struct engine *e)
{
    struct engine_slot *root = &e->heap[ENGINE_ROOT];

    if (e->hole)
        close_hole(e);
    send_all_away(e);
    close_near(e);
    sweep(e);
    qsort(root, e->slots, sizeof *root, compare_keys);
    for (uint32_t i = 0; i < e->slots; i++) {
        struct event *ev = event_of(e, &root[i]);

        ev->sequence = i + 1;
        root[i].order = order_of(e, ev);
    }
    e->sequence = e->slots;
}

/* Behind all of its time: no other sequence number is as large. */
static inline void insert_near(struct engine *e, struct engine_slot slot)
{
    uint32_t i = ++e->near_count;

    for (; e->near[i - 1].time <= slot.time; i--)
        e->near[i] = e->near[i - 1];
    e->near[i] = slot;
}

/* Drops the dead among the near slots. */
static void bury(struct engine *e)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i <= e->near_count; i++)
        if (live(e, &e->near[i]))
            e->near[++kept] = e->near[i];
    e->near_count = kept;
}

static __attribute__((noinline)) void insert_crowded(struct engine *e,
                                                     struct engine_slot slot)
{
    bury(e);
    if (e->near_count == ENGINE_NEAR)
        send_away(e);
    if (slot.time < e->near[0].time)
        insert_near(e, slot);
    else
        insert_far(e, key_of(&slot));
}

void engine_schedule(struct engine *e, struct event *ev, sim_time time)
{
    struct engine_slot slot = {.time = time};

    assert(time >= e->now && time != SIM_TIME_NEVER);
    assert(ev->target < e->targets);
    if (!ev->sequence)
        e->pending++;
    assert(e->pending <= e->capacity);
    if (e->sequence == UINT32_MAX)
        number_anew(e);
    ev->time = time;
    ev->sequence = ++e->sequence;
    slot.order = order_of(e, ev);
    if (time >= e->near[0].time)
        insert_far(e, key_of(&slot));
    else if (e->near_count < ENGINE_NEAR)
        insert_near(e, slot);
    else
        insert_crowded(e, slot);
}

void engine_cancel(struct engine *e, struct event *ev)
{
    if (!ev->sequence)
        return;
    ev->sequence = 0;
    e->pending--;
}

/* The earliest slot, dead or live, but for the hole; there is one. */
static inline uint32_t front(const struct engine *e)
{
    if (!e->hole)
        return ENGINE_ROOT;
    return earliest(e->heap, children_of(ENGINE_ROOT));
}

/* What comes before `first`, the heap's earliest but for the hole, is near,
 * unless it is after the limit. */
static inline void open_near(struct engine *e, sim_time first)
{
    e->near[0].time = first > e->limit ? e->limit + 1 : first;
}

sim_time engine_next(struct engine *e)
{
    for (; e->near_count > 0; e->near_count--)
        if (live(e, &e->near[e->near_count]))
            return e->near[e->near_count].time;
    /* also the dead ones behind the last event: a time that nothing is due
     * before must not come behind a slot in the heap */
    while (e->slots > e->hole) {
        uint32_t i = front(e);

        if (live(e, &e->heap[i]))
            return e->heap[i].time;
        drop(e, i);
    }
    return SIM_TIME_NEVER;
}

static inline void run(struct engine *e, struct event *ev, sim_time time)
{
    ev->sequence = 0;
    e->pending--;
    e->now = time;
    e->executed++;
    e->target[ev->target].fn(e->target[ev->target].node, ev);
}

static inline void run_near(struct engine *e)
{
    const struct engine_slot *slot = &e->near[e->near_count--];

    if (live(e, slot))
        run(e, event_of(e, slot), slot->time);
}

/* Runs the event of the root.  One of the root's children is the next event:
 * its own memory is fetched meanwhile. */
static void run_far(struct engine *e)
{
    struct engine_slot *root = &e->heap[ENGINE_ROOT];
    uint32_t child = children_of(ENGINE_ROOT), end = child + CHILDREN;

    e->hole = true;
    open_near(e, e->heap[front(e)].time);
    if (e->slots >= PREFETCH_FROM)
        for (; child < end; child++)
            __builtin_prefetch(event_of(e, &e->heap[child]));
    run(e, event_of(e, root), root->time);
    if (e->hole)
        close_hole(e);
}

/* All that the heap has up to the limit: few enough to need no heap. */
static __attribute__((noinline)) void bring_near(struct engine *e)
{
    uint32_t due = 0;

    for (uint32_t i = ENGINE_ROOT; i < heap_end(e); i++)
        due += e->heap[i].time <= e->limit;
    e->near_count = due;
    for (uint32_t i = due; i > 0; i--) {
        e->near[i] = e->heap[ENGINE_ROOT];
        drop(e, ENGINE_ROOT);
    }
    open_near(e, SIM_TIME_NEVER);
}

uint64_t engine_run(struct engine *e, sim_time limit)
{
    const struct engine_slot *root = &e->heap[ENGINE_ROOT];
    uint64_t executed = e->executed;

    assert(limit >= e->now && !is_running(e));
    e->limit = limit;
    e->stopped = false;
    while (!e->stopped && e->pending > 0) {
        if (!e->near_count && e->slots <= ENGINE_FEW)
            bring_near(e);
        if (e->near_count > 0)
            run_near(e);
        else if (root->time > limit)
            break;
        else if (live(e, root))
            run_far(e);
        else
            drop(e, ENGINE_ROOT);
    }
    e->near_count = 0; /* dead ones */
    if (limit != SIM_TIME_NEVER && !e->stopped)
        e->now = limit;
    e->limit = e->now; /* between runs no time passes */
    close_near(e);
    return e->executed - executed;
}

/* Nobody runs ahead. */
void engine_stop(struct engine *e)
{
    e->stopped = true;
    e->limit = e->now;
    send_all_away(e);
    close_near(e);
}

void engine_each(const struct engine *e,
                 void (*each)(void *ctx, struct event *ev), void *ctx)
{
    assert(!is_running(e));
    for (uint32_t i = ENGINE_ROOT; i < heap_end(e); i++)
        if (live(e, &e->heap[i]))
            each(ctx, event_of(e, &e->heap[i]));
}

void engine_run_event(struct engine *e, struct event *ev)
{
    assert(event_scheduled(ev) && !is_running(e));
    engine_cancel(e, ev);
    e->now = ev->time;
    e->limit = e->now;
    e->executed++;
    e->target[ev->target].fn(e->target[ev->target].node, ev);
}

/* The slot that is in the way may be dead; what is scheduled later and earlier
 * than all others is in the way itself. */
bool engine_look_ahead(struct engine *e, sim_time time)
{
    assert(time >= e->now);
    if (time > e->limit)
        return false;
    return time < engine_next(e);
}
