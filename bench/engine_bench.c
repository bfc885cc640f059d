/*
 * What an event costs, by how many are pending: the hold model.  The earliest
 * event is taken and scheduled again at now + a random interval; the intervals
 * are drawn beforehand.  Each event stands in a cache line of its own, as in a
 * node.  The figure is the best of many rounds, each shorter than a time slice:
 * other load on the host disturbs only some of them.  "Ties": half of the
 * events lie on the edges of a slow clock, so that many share an instant.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "sim/core/arena.h"
#include "sim/core/rng.h"
#include "sim/engine/engine.h"

#define PENDING_MAX 65536
#define INTERVALS 16384 /* a power of two */
#define MEAN_INTERVAL 1000000
#define EDGE_INTERVAL 100000
#define ROWS 7
#define PASSES 4
#define ROUNDS 150
#define EVENTS_A_ROUND 20000
#define TARGET_NS 40
#define ARENA_BYTES (8u << 20)

struct node {
    _Alignas(64) struct event event;
};

struct bench {
    struct engine engine;
    struct engine_slot *heap;
    struct node *node;
    bool ties;
    uint32_t next;
    uint32_t interval[INTERVALS];
};

struct row {
    uint32_t pending;
    double ns, ties_ns;
};

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void schedule(struct bench *b, struct event *ev)
{
    uint32_t after = b->interval[b->next++ % INTERVALS];
    sim_time time = engine_now(&b->engine) + after;

    if (b->ties && after % 2)
        time = (time / EDGE_INTERVAL + 1) * EDGE_INTERVAL;
    engine_schedule(&b->engine, ev, time);
}

static void hold(void *bench, struct event *ev)
{
    schedule(bench, ev);
}

static void fill(struct bench *b, uint32_t pending)
{
    uint16_t target;

    engine_init(&b->engine, pending, b->heap);
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

/* Several passes, so that a disturbance does not fall on one row alone: one at
 * 64 pending would make the growth look slow. */
static void measure(struct bench *b, struct row *row)
{
    for (int i = 0; i < PASSES * ROWS; i++) {
        struct row *r = &row[i % ROWS];

        b->ties = false;
        r->ns = fmin(r->ns, best_ns(b, r->pending));
        b->ties = true;
        r->ties_ns = fmin(r->ties_ns, best_ns(b, r->pending));
    }
}

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static void report_growth(const struct row *from, const struct row *to)
{
    double growth = to->ns / from->ns;
    double log_growth = log(to->pending) / log(from->pending);

    printf("growth from %u to %u no faster than log n: %s (%.2f against "
           "%.2f)\n",
           from->pending, to->pending, yes_no(growth <= log_growth), growth,
           log_growth);
}

static void print(const struct row *row)
{
    double at_64 = row[1].ns;

    printf("pending  ns/event  cost(n)/cost(64)  log(n)/log(64)  "
           "ns/event, ties\n");
    for (const struct row *r = row; r < row + ROWS; r++) {
        printf("%7u  %8.1f  %16.2f  %14.2f  %14.1f\n", r->pending, r->ns,
               r->ns / at_64, log(r->pending) / log(64), r->ties_ns);
    }
    printf("below %d ns at 64: %s\n", TARGET_NS, yes_no(at_64 < TARGET_NS));
    report_growth(&row[0], &row[ROWS - 1]);
    report_growth(&row[1], &row[ROWS - 1]);
}

int main(void)
{
    static struct bench b;
    struct row row[ROWS];
    struct arena arena;
    struct rng r;

    arena_init(&arena, ARENA_BYTES);
    b.heap = arena_take(&arena, ENGINE_SLOTS(PENDING_MAX), sizeof *b.heap);
    b.node = arena_take(&arena, PENDING_MAX, sizeof *b.node);
    rng_init(&r, 1, 0);
    for (uint32_t i = 0; i < INTERVALS; i++)
        b.interval[i] = (uint32_t)rng_exponential(&r, MEAN_INTERVAL);
    for (uint32_t i = 0; i < ROWS; i++) /* 16, 64, ... PENDING_MAX */
        row[i] = (struct row){16u << 2 * i, INFINITY, INFINITY};
    measure(&b, row);
    print(row);
    arena_free(&arena);
    return 0;
}
