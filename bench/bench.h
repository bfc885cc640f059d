/* Shared by the benches of single models. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>
#include <time.h>

#define BENCH_BATCHES 40

/* Of the processor: other load on the host takes no part. */
static inline double bench_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Does something `times` times to a model; `sum` keeps the compiler from
 * dropping the work. */
typedef void bench_batch(void *model, uint32_t times, uint64_t *sum);

/* In millions a second: the best of several batches of a million. */
static inline double bench_best(bench_batch *batch, void *model, uint64_t *sum)
{
    const uint32_t times = 1000000;
    double best = 1e9;

    for (int i = 0; i < BENCH_BATCHES; i++) {
        double start = bench_seconds(), took;

        batch(model, times, sum);
        took = bench_seconds() - start;
        best = took < best ? took : best;
    }
    return times / best / 1e6;
}

#endif
