/*
 * A log-linear histogram of 64-bit values: each octave has 512 buckets of
 * equal width, so that a recorded value is known to better than 0.1 % over the
 * whole range (the idea of HdrHistogram).  Values below 1024 are exact.
 *
 * The memory is fixed and the caller's (about 229 KiB); nothing allocates.
 */
#ifndef SIM_STATS_HISTOGRAM_H
#define SIM_STATS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 9
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;             /* of recorded values, exact */
    uint64_t min, max;          /* exact; UINT64_MAX and 0 while empty */
    uint64_t sum_high, sum_low; /* exact: 128 bits */
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *h);

/* An octave's top bit is always set: consecutive octaves share one index.  A
 * value is shifted to leave HISTOGRAM_SUB_BITS + 1 bits of it. */
static inline unsigned histogram_bucket(uint64_t value)
{
    const unsigned kept = HISTOGRAM_SUB_BITS + 1;
    uint64_t at_least = (UINT64_C(1) << kept) - 1;
    unsigned shift = 64 - kept - (unsigned)__builtin_clzll(value | at_least);

    return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift);
}

/* O(1). */
static inline void histogram_record(struct histogram *h, uint64_t value)
{
    h->count++;
    h->sum_low += value;
    h->sum_high += h->sum_low < value; /* carry */
    if (value < h->min)
        h->min = value;
    if (value > h->max)
        h->max = value;
    h->bucket[histogram_bucket(value)]++;
}

/* The exact sum over the count, as the nearest doubles give it; 0 if empty. */
double histogram_mean(const struct histogram *h);

/*
 * The value of rank ceil(count * per_mille / 1000), at least 1, among the
 * recorded values in ascending order: 500 is the median, 999 is p99.9.  Within
 * 0.1 % of that value and never outside min..max; 1000 gives max exactly.  0 if
 * the histogram is empty.
 */
uint64_t histogram_percentile(const struct histogram *h, unsigned per_mille);

#endif
