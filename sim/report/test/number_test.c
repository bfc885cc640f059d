/* Numbers as text. */
#include "sim/report/number.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/rng.h"
#include "tests/gtest_c.h"

static const char *text(void (*form)(char *, double), double value)
{
    static char out[NUMBER_TEXT];

    form(out, value);
    return out;
}

TEST(number, exact_reals_are_the_shortest_that_read_back)
{
    EXPECT_STREQ(text(number_exact_real, 0.1), "0.1");
    EXPECT_STREQ(text(number_exact_real, 1.0 / 3), "0.3333333333333333");
    EXPECT_STREQ(text(number_exact_real, 1e6), "1000000.0");
    EXPECT_STREQ(text(number_exact_real, 0), "0.0");
    EXPECT_STREQ(text(number_exact_real, -2.5), "-2.5");
    EXPECT_STREQ(text(number_exact_real, 1e-9), "1e-09");
    EXPECT_STREQ(text(number_exact_real, 1.5e300), "1.5e+300");
}

TEST(number, exact_reals_read_back_the_same)
{
    struct rng r;

    rng_init(&r, 7, 7);
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t scale = UINT64_C(1) << rng_below(&r, 60);
        double value = rng_unit(&r) * (double)scale;

        EXPECT_TRUE(strtod(text(number_exact_real, value), NULL) == value);
    }
}

TEST(number, counts_are_written_in_full)
{
    struct figure f = {.kind = FIGURE_COUNT, .count = UINT64_MAX};
    char out[NUMBER_TEXT];

    number_exact(out, &f);
    EXPECT_STREQ(out, "18446744073709551615");
    number_pretty(out, &f);
    EXPECT_STREQ(out, "18,446,744,073,709,551,615");
    f.count = 999;
    number_pretty(out, &f);
    EXPECT_STREQ(out, "999");
    f.count = 1000;
    number_pretty(out, &f);
    EXPECT_STREQ(out, "1,000");
}

TEST(number, reals_for_people_have_four_digits_or_all_before_the_point)
{
    EXPECT_STREQ(text(number_pretty_real, 0.16534), "0.1653");
    EXPECT_STREQ(text(number_pretty_real, 9.9999), "10.00");
    EXPECT_STREQ(text(number_pretty_real, 812.44), "812.4");
    EXPECT_STREQ(text(number_pretty_real, 49231.4), "49,231");
    EXPECT_STREQ(text(number_pretty_real, -1234567.8), "-1,234,568");
    EXPECT_STREQ(text(number_pretty_real, 0), "0");
    EXPECT_STREQ(text(number_pretty_real, 1.23456e-7), "1.235e-07");
}

TEST(number, ratios_and_differences_are_short)
{
    EXPECT_STREQ(text(number_ratio, 1.627), "1.63x");
    EXPECT_STREQ(text(number_ratio, 12.34), "12.3x");
    EXPECT_STREQ(text(number_ratio, 0.0061), "0.006x");
    EXPECT_STREQ(text(number_ratio, 0.0001), "<0.001x");
    EXPECT_STREQ(text(number_ratio, 0), "0x");
    EXPECT_STREQ(text(number_difference, -1.449), "-1.4 %");
    EXPECT_STREQ(text(number_difference, 4), "+4.0 %");
    EXPECT_STREQ(text(number_difference, -0.01), "0.0 %");
    EXPECT_STREQ(text(number_difference, 1e30), "+1.000e+30 %");
}

TEST(number, times_have_the_fitting_unit)
{
    EXPECT_STREQ(text(number_time, 500000000), "500 ms");
    EXPECT_STREQ(text(number_time, 1500000000), "1.5 s");
    EXPECT_STREQ(text(number_time, 999999999.761), "1 s");
    EXPECT_STREQ(text(number_time, 12.5), "12.5 ns");
    EXPECT_STREQ(text(number_time, 0), "0 ns");
}

TEST(number, percentages_have_two_decimals)
{
    EXPECT_STREQ(text(number_percent, 83.514), "83.51");
    EXPECT_STREQ(text(number_percent, 0.00123), "0.0012");
    EXPECT_STREQ(text(number_percent, 0), "0.00");
}
