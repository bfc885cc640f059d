/* The histogram against sorting. */
#include "sim/stats/histogram.h"

#include <stdlib.h>

#include "sim/core/rng.h"
#include "tests/gtest_c.h"

#define SAMPLES 5000

static struct histogram h;
static uint64_t value[SAMPLES];

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Every percentile of the first `n` values, against their order. */
static void compare_with_sorting(unsigned n)
{
    histogram_init(&h);
    for (unsigned i = 0; i < n; i++)
        histogram_record(&h, value[i]);
    qsort(value, n, sizeof *value, ascending);
    for (unsigned p = 0; p <= 1000; p++) {
        unsigned rank = (n * p + 999) / 1000;
        uint64_t exact = value[rank ? rank - 1 : 0];
        uint64_t estimate = histogram_percentile(&h, p);

        EXPECT_LE(distance(estimate, exact), exact / 1000,
                  "%u per mille of %u values", p, n);
        EXPECT_TRUE(estimate >= value[0] && estimate <= value[n - 1],
                    "outside of what was recorded");
    }
}

TEST(histogram, percentiles_agree_with_sorting_to_a_thousandth)
{
    struct rng r;

    rng_init(&r, 1, 1);
    for (unsigned shift = 0; shift < 64; shift += 7) {
        for (unsigned i = 0; i < SAMPLES; i++)
            value[i] = rng_u64(&r) >> shift;
        compare_with_sorting(SAMPLES);
    }
}

TEST(histogram, percentiles_agree_with_sorting_over_many_magnitudes)
{
    struct rng r;

    rng_init(&r, 2, 1);
    for (unsigned i = 0; i < SAMPLES; i++)
        value[i] = rng_u64(&r) >> rng_below(&r, 64);
    compare_with_sorting(SAMPLES);
}

TEST(histogram, few_values_have_their_ranks)
{
    value[0] = 700;
    compare_with_sorting(1);
    value[1] = 3;
    compare_with_sorting(2);
    value[2] = 1000000007;
    compare_with_sorting(3);
}

TEST(histogram, values_below_1024_are_exact)
{
    histogram_init(&h);
    for (uint64_t v = 0; v < 1000; v++)
        histogram_record(&h, v);
    for (unsigned p = 1; p <= 1000; p++)
        EXPECT_EQ(histogram_percentile(&h, p), p - 1);
}

TEST(histogram, count_extremes_and_mean_are_exact)
{
    struct rng r;
    uint64_t sum = 0;

    rng_init(&r, 3, 1);
    histogram_init(&h);
    for (unsigned i = 0; i < SAMPLES; i++) {
        value[i] = 1000000 + rng_below(&r, 1000000);
        sum += value[i];
        histogram_record(&h, value[i]);
    }
    qsort(value, SAMPLES, sizeof *value, ascending);
    EXPECT_EQ(h.count, SAMPLES);
    EXPECT_EQ(h.min, value[0]);
    EXPECT_EQ(h.max, value[SAMPLES - 1]);
    EXPECT_EQ(h.sum_low, sum);
    EXPECT_EQ(h.sum_high, 0);
    EXPECT_TRUE(histogram_mean(&h) == (double)sum / SAMPLES);
}

TEST(histogram, the_sum_has_128_bits)
{
    histogram_init(&h);
    for (unsigned i = 0; i < 4; i++)
        histogram_record(&h, UINT64_MAX);
    EXPECT_EQ(h.sum_high, 3);
    EXPECT_EQ(h.sum_low, UINT64_MAX - 3);
    EXPECT_TRUE(histogram_mean(&h) == 0x1p64);
    EXPECT_EQ(histogram_percentile(&h, 500), UINT64_MAX);
}

TEST(histogram, an_empty_one_gives_zero)
{
    histogram_init(&h);
    EXPECT_EQ(histogram_percentile(&h, 500), 0);
    EXPECT_TRUE(histogram_mean(&h) == 0);
}
