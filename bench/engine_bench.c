/*
 * What an event costs, by how many are pending: the hold model.  The earliest
 * event is taken and scheduled again at now + a random interval; the intervals
 * are drawn beforehand.  Each event stands in a cache line of its own, as in a
 * node.  A pass measures each row in many rounds, each shorter than a time
 * slice, and takes the best: other load on the host disturbs only some of them.
 * What slows the host for longer slows the rows of a pass alike, so that growth
 * is what each pass by itself gives, and the median of all passes.  A figure in
 * nanoseconds is the best of all passes.  "Ties": half of the events lie on the
 * edges of a slow clock, so that many share an instant.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "sim/core/arena.h"
#include "sim/core/rng.h"
#include "sim/engine/engine.h"

#define INTERVALS 16384 /* a power of two */
#define MEAN_INTERVAL 1000000
#define EDGE_INTERVAL 100000
#define ROWS 7 /* 16, 64, ... 65536 pending */
#define PENDING(row) (16u << 2 * (row))
#define PASSES 15
#define ROUNDS 40
#define EVENTS_A_ROUND 20000
#define TARGET_NS 40
#define ARENA_BYTES (16u << 20)

struct node {
    _Alignas(64) struct event event;
};

struct bench {
    struct engine engine;
    struct engine_slot *heap;
    struct node *node;
    const uint32_t *interval;
    uint32_t next;
    bool ties;
};

/* Nanoseconds an event; the best of a pass. */
struct pass {
    double row[ROWS];
};

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

static void fill(struct bench *b, struct arena *arena, uint32_t pending)
{
    uint16_t target;

    b->heap = arena_take(arena, ENGINE_SLOTS(pending), sizeof *b->heap);
    b->node = arena_take(arena, pending, sizeof *b->node);
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
    double start = bench_seconds();
    uint64_t events;

    events = engine_run(&b->engine,
                        engine_now(&b->engine) + length / b->engine.pending);
    return 1e9 * (bench_seconds() - start) / (double)events;
}

static double best_round_ns(struct bench *b)
{
    double best = INFINITY;

    round_ns(b); /* warms up */
    for (int i = 0; i < ROUNDS; i++)
        best = fmin(best, round_ns(b));
    return best;
}

static struct pass one_pass(struct bench *row)
{
    struct pass pass;

    for (int i = 0; i < ROWS; i++)
        pass.row[i] = best_round_ns(&row[i]);
    return pass;
}

static void measure(const uint32_t *interval, bool ties, struct pass *pass)
{
    struct bench row[ROWS];
    struct arena arena;

    arena_init(&arena, ARENA_BYTES);
    for (unsigned i = 0; i < ROWS; i++) {
        row[i] = (struct bench){.interval = interval, .ties = ties};
        fill(&row[i], &arena, PENDING(i));
    }
    for (unsigned i = 0; i < PASSES; i++)
        pass[i] = one_pass(row);
    arena_free(&arena);
}

static double best_ns(const struct pass *pass, unsigned row)
{
    double best = INFINITY;

    for (unsigned i = 0; i < PASSES; i++)
        best = fmin(best, pass[i].row[row]);
    return best;
}

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void report_growth(const struct pass *pass, unsigned from)
{
    double log_growth = log(PENDING(ROWS - 1)) / log(PENDING(from));
    double growth[PASSES];

    for (unsigned i = 0; i < PASSES; i++)
        growth[i] = pass[i].row[ROWS - 1] / pass[i].row[from];
    qsort(growth, PASSES, sizeof *growth, by_size);
    printf("growth from %u to %u no faster than log n: %s (%.2f against "
           "%.2f; %.2f to %.2f in %d passes)\n",
           PENDING(from), PENDING(ROWS - 1),
           yes_no(growth[PASSES / 2] <= log_growth), growth[PASSES / 2],
           log_growth, growth[0], growth[PASSES - 1], PASSES);
}

static void print(const struct pass *pass, const struct pass *ties)
{
    double at_64 = best_ns(pass, 1);

    printf("pending  ns/event  cost(n)/cost(64)  log(n)/log(64)  "
           "ns/event, ties\n");
    for (unsigned i = 0; i < ROWS; i++) {
        printf("%7u  %8.1f  %16.2f  %14.2f  %14.1f\n", PENDING(i),
               best_ns(pass, i), best_ns(pass, i) / at_64,
               log(PENDING(i)) / log(64), best_ns(ties, i));
    }
    printf("below %d ns at 64: %s\n", TARGET_NS, yes_no(at_64 < TARGET_NS));
    report_growth(pass, 0);
    report_growth(pass, 1);
}

int main(void)
{
    static uint32_t interval[INTERVALS];
    struct pass pass[PASSES], ties[PASSES];
    struct rng r;

    rng_init(&r, 1, 0);
    for (uint32_t i = 0; i < INTERVALS; i++)
        interval[i] = (uint32_t)rng_exponential(&r, MEAN_INTERVAL);
    measure(interval, false, pass);
    measure(interval, true, ties);
    print(pass, ties);
    return 0;
}
