/* A log-linear histogram of 64-bit values; it leaves out value tracking below
 * the unit and merging of histograms. */
#include "sim/stats/histogram.h"

#include <assert.h>
#include <string.h>

/* The middle of a bucket: off by at most 1/1024 of any value in it. */
static uint64_t value_of(unsigned bucket)
{
    unsigned octave = bucket >> HISTOGRAM_SUB_BITS;
    unsigned shift = octave ? octave - 1 : 0;
    uint64_t low = (uint64_t)(bucket - (shift << HISTOGRAM_SUB_BITS)) << shift;

    return low + ((UINT64_C(1) << shift) >> 1);
}

void histogram_init(struct histogram *h)
{
    memset(h, 0, sizeof *h);
    h->min = UINT64_MAX;
}

double histogram_mean(const struct histogram *h)
{
    double sum = (double)h->sum_high * 0x1p64 + (double)h->sum_low;

    return h->count ? sum / (double)h->count : 0;
}

static uint64_t within(uint64_t value, uint64_t min, uint64_t max)
{
    if (value < min)
        return min;
    return value > max ? max : value;
}

/* ceil(count * per_mille / 1000) without overflow. */
static uint64_t rank_of(uint64_t count, unsigned per_mille)
{
    uint64_t rest = count % 1000 * per_mille;

    return count / 1000 * per_mille + (rest + 999) / 1000;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned per_mille)
{
    uint64_t rank = rank_of(h->count, per_mille), seen = 0;

    assert(per_mille <= 1000);
    if (h->count == 0)
        return 0;
    if (rank >= h->count)
        return h->max;
    if (rank <= 1)
        return h->min;
    for (unsigned i = 0;; i++) {
        seen += h->bucket[i];
        if (seen >= rank)
            return within(value_of(i), h->min, h->max);
    }
}
