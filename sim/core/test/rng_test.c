/* Random streams: the published generators, and the laws of the draws. */
#include "sim/core/rng.h"

#include <math.h>
#include <stdlib.h>

#include "tests/gtest_c.h"

#define DRAWS 1000000

/* The first outputs from state {1, 2, 3, 4}, as the authors' program gives. */
TEST(rng, is_xoshiro256_star_star)
{
    static const uint64_t published[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct rng r = {{1, 2, 3, 4}};

    for (unsigned i = 0; i < sizeof published / sizeof *published; i++)
        EXPECT_EQ(rng_u64(&r), published[i], "output %u", i);
}

/* The first outputs from 1234567, as the author's program gives. */
TEST(rng, is_seeded_by_splitmix64_in_stream_0)
{
    struct rng r;

    rng_init(&r, 1234567, 0);
    EXPECT_EQ(r.state[0], UINT64_C(6457827717110365317));
    EXPECT_EQ(r.state[1], UINT64_C(3203168211198807973));
    EXPECT_EQ(r.state[2], UINT64_C(9817491932198370423));
    EXPECT_EQ(r.state[3], UINT64_C(4593380528125082431));
}

/* Our own values, so that a change of the streams does not go unnoticed: it
 * changes the result of every scenario that draws. */
TEST(rng, draws_what_it_always_drew)
{
    struct rng r;

    rng_init(&r, 42, 7);
    EXPECT_EQ(rng_u64(&r), UINT64_C(1272553075315684314));
    EXPECT_EQ(rng_below(&r, 1000), 812);
    EXPECT_EQ(rng_exponential(&r, 1000000), 741969);
    EXPECT_EQ(rng_exponential(&r, UINT64_C(1) << 60),
              UINT64_C(1339414492126606024));
    EXPECT_EQ(rng_unit(&r), 0.064556277812108709);
}

static double correlation(struct rng *a, struct rng *b)
{
    double sum = 0;

    for (int i = 0; i < DRAWS; i++)
        sum += (rng_unit(a) - 0.5) * (rng_unit(b) - 0.5);
    return 12 * sum / DRAWS;
}

TEST(rng, has_streams_that_have_nothing_to_do_with_each_other)
{
    struct rng a, b;

    rng_init(&a, 1, 0);
    rng_init(&b, 1, 1);
    EXPECT_NEAR(correlation(&a, &b), 0, 5e-3);
    rng_init(&a, 1, 5);
    rng_init(&b, 2, 5);
    EXPECT_NEAR(correlation(&a, &b), 0, 5e-3);
}

/* Sum of (seen - expected)^2 / expected: of mean n-1, deviation sqrt(2n). */
TEST(rng, draws_each_number_below_n_equally_often)
{
    static unsigned seen[1000];
    const double expected = (double)DRAWS / 1000;
    double chi2 = 0;
    struct rng r;

    rng_init(&r, 3, 0);
    for (int i = 0; i < DRAWS; i++)
        seen[rng_below(&r, 1000)]++;
    for (unsigned i = 0; i < 1000; i++)
        chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
    EXPECT_NEAR(chi2, 999, 5 * sqrt(2 * 999.0));
}

/* Spreading 2^64 values over n = 3 * 2^62 numbers without drawing again would
 * give every third number twice as often as the others. */
TEST(rng, draws_below_n_without_bias_where_n_is_large)
{
    unsigned seen[3] = {0};
    struct rng r;

    rng_init(&r, 4, 0);
    for (int i = 0; i < DRAWS; i++)
        seen[rng_below(&r, UINT64_C(3) << 62) % 3]++;
    for (unsigned i = 0; i < 3; i++)
        EXPECT_NEAR(seen[i], DRAWS / 3.0, 3000);
}

TEST(rng, draws_only_zero_below_one)
{
    struct rng r;

    rng_init(&r, 5, 0);
    for (int i = 0; i < 100; i++)
        EXPECT_EQ(rng_below(&r, 1), 0);
}

TEST(rng, draws_units_from_zero_to_one_but_never_one)
{
    double sum = 0, low = 1, high = 0;
    struct rng r;

    rng_init(&r, 6, 0);
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_unit(&r);

        sum += u;
        low = fmin(low, u);
        high = fmax(high, u);
    }
    EXPECT_GE(low, 0);
    EXPECT_LT(high, 1);
    EXPECT_LT(low, 1e-4);
    EXPECT_GT(high, 1 - 1e-4);
    EXPECT_NEAR(sum / DRAWS, 0.5, 1.5e-3);
}

#define MEAN UINT64_C(10000000000) /* 10 us in femtoseconds */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Bounds are four standard errors of a million draws. */
TEST(rng, draws_exponentials_of_the_right_mean_variance_and_quantiles)
{
    static const double quantile[] = {0.01, 0.1, 0.5, 0.9, 0.99, 0.999};
    uint64_t *draw = malloc(DRAWS * sizeof *draw);
    double sum = 0, squares = 0;
    struct rng r;

    ASSERT_TRUE(draw != NULL);
    rng_init(&r, 7, 0);
    for (int i = 0; i < DRAWS; i++) {
        draw[i] = rng_exponential(&r, MEAN);
        sum += (double)draw[i] / MEAN;
        squares += (double)draw[i] / MEAN * ((double)draw[i] / MEAN);
    }
    EXPECT_NEAR(sum / DRAWS, 1, 4e-3);
    EXPECT_NEAR(squares / DRAWS, 2, 4 * sqrt(20.0 / DRAWS));
    qsort(draw, DRAWS, sizeof *draw, by_value);
    for (unsigned i = 0; i < sizeof quantile / sizeof *quantile; i++) {
        double q = quantile[i];

        EXPECT_NEAR((double)draw[(int)(q * DRAWS)] / MEAN, -log1p(-q),
                    4 * sqrt(q / (1 - q) / DRAWS), "quantile %g", q);
    }
    free(draw);
}

/* The same draw twice: its 64 bits, and the exponential made from them. */
TEST(rng, computes_the_exponential_as_minus_the_logarithm_of_the_draw)
{
    struct rng r, twin;

    rng_init(&r, 8, 0);
    for (int i = 0; i < DRAWS; i++) {
        long double u, exact;

        twin = r;
        u = ldexpl((long double)(rng_u64(&twin) | 1), -64);
        exact = -logl(u) * (1LL << 50);
        ASSERT_NEAR((long double)rng_exponential(&r, 1LL << 50) - exact, 0, 0.6,
                    "draw %d", i);
    }
}

/* A stream whose next 64 bits are `next`: its output is rotl(s * 5, 7) * 9, and
 * the factors are undone by their inverses modulo 2^64. */
static struct rng about_to_draw(uint64_t next)
{
    uint64_t s = next * UINT64_C(0x8e38e38e38e38e39);

    s = (s >> 7 | s << 57) * UINT64_C(0xcccccccccccccccd);
    return (struct rng){{1, s, 0, 0}};
}

TEST(rng, draws_units_and_exponentials_within_bounds_at_both_ends)
{
    struct rng zeros = about_to_draw(0), ones = about_to_draw(UINT64_MAX), r;

    r = ones;
    ASSERT_EQ(rng_u64(&r), UINT64_MAX);
    r = ones;
    EXPECT_LT(rng_unit(&r), 1);
    r = ones;
    EXPECT_LE(rng_exponential(&r, 1LL << 50), 1);
    r = zeros;
    EXPECT_EQ(rng_exponential(&r, 1000000), 44361420, "64 ln 2: the longest");
    r = zeros;
    EXPECT_EQ(rng_exponential(&r, UINT64_MAX), UINT64_MAX, "saturates");
    EXPECT_EQ(rng_exponential(&r, 0), 0);
}
