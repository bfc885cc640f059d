/*
 * What an event costs, by how many are pending: the hold model.  The earliest
 * event is taken and scheduled again at now + a random interval; the intervals
 * are drawn beforehand.  Each event stands in a cache line of its own, as in a
 * node.  The figure is the best of many short rounds: other load on the host
 * disturbs only some of them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/core/rng.h"
#include "sim/engine/engine.h"

#define PENDING_MAX 65536
#define INTERVALS 16384 /* a power of two */
#define MEAN_INTERVAL 1000000
#define ROUNDS 40
#define EVENTS_A_ROUND 200000

struct node {
    _Alignas(64) struct event event;
};

struct bench {
    struct engine engine;
    struct engine_slot *heap;
    struct node *node;
    uint32_t next;
    uint32_t interval[INTERVALS];
};

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void schedule(struct bench *b, struct event *ev)
{
    sim_time after = b->interval[b->next++ % INTERVALS];

    engine_schedule(&b->engine, ev, engine_now(&b->engine) + after);
}

static void hold(void *bench, struct event *ev)
{
    schedule(bench, ev);
}

static void fill(struct bench *b, uint32_t pending)
{
    uint16_t target;

    engine_init(&b->engine, b->heap, pending);
    target = engine_add_target(&b->engine, hold, b);
    for (uint32_t i = 0; i < pending; i++) {
        event_init(&b->node[i].event, target, 0);
        schedule(b, &b->node[i].event);
    }
}

/* Runs for as long as about EVENTS_A_ROUND events take. */
static double round_ns(struct bench *b)
{
    sim_time length = (sim_time)EVENTS_A_ROUND * MEAN_INTERVAL;
    double start = now_ns();
    uint64_t events;

    events = engine_run(&b->engine,
                        engine_now(&b->engine) + length / b->engine.pending);
    return (now_ns() - start) / (double)events;
}

static double best_ns(struct bench *b, uint32_t pending)
{
    double best = INFINITY;

    fill(b, pending);
    for (int i = 0; i <= ROUNDS; i++) {
        double ns = round_ns(b);

        if (i > 0 && ns < best) /* the first round warms up */
            best = ns;
    }
    return best;
}

int main(void)
{
    static struct bench b;
    static const uint32_t pending[] = {16, 64, 256, 1024, 4096, 16384, 65536};
    struct rng r;
    double at_64 = 0;

    b.heap = calloc(PENDING_MAX, sizeof *b.heap);
    b.node = aligned_alloc(64, PENDING_MAX * sizeof *b.node);
    if (!b.heap || !b.node)
        return 1;
    rng_init(&r, 1, 0);
    for (uint32_t i = 0; i < INTERVALS; i++)
        b.interval[i] = (uint32_t)rng_exponential(&r, MEAN_INTERVAL);
    at_64 = best_ns(&b, 64);
    printf("pending  ns/event  cost(n)/cost(64)  log4(n)/log4(64)\n");
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++) {
        uint32_t n = pending[i];
        double ns = n == 64 ? at_64 : best_ns(&b, n);

        printf("%7u  %8.1f  %16.2f  %16.2f\n", n, ns, ns / at_64,
               log(n) / log(64));
    }
    free(b.heap);
    free(b.node);
    return 0;
}
