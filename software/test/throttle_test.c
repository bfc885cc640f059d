/* The rule of adaptive moderation. */
#include "software/throttle.h"
#include "tests/gtest_c.h"

static const struct throttle_rule rule = {
    .least = 10, .most = 200, .few = 2, .many = 8};

TEST(throttle, many_packets_double_the_interval)
{
    EXPECT_EQ(throttle_next(&rule, 50, 8), 100);
    EXPECT_EQ(throttle_next(&rule, 50, 1000), 100);
    EXPECT_EQ(throttle_next(&rule, 50, 7), 50);
}

TEST(throttle, few_packets_halve_the_interval)
{
    EXPECT_EQ(throttle_next(&rule, 50, 2), 25);
    EXPECT_EQ(throttle_next(&rule, 50, 0), 25);
    EXPECT_EQ(throttle_next(&rule, 50, 3), 50);
}

TEST(throttle, interval_stays_within_its_bounds)
{
    EXPECT_EQ(throttle_next(&rule, 150, 8), 200);
    EXPECT_EQ(throttle_next(&rule, 19, 2), 10);
    EXPECT_EQ(throttle_next(&rule, 0, 8), 10);
    EXPECT_EQ(throttle_bounded(&rule, 9), 10);
    EXPECT_EQ(throttle_bounded(&rule, 11), 11);
    EXPECT_EQ(throttle_bounded(&rule, 201), 200);
}

TEST(throttle, register_gets_the_interval_and_keeps_its_counter)
{
    EXPECT_EQ(throttle_value(1), 0x80000004);
    EXPECT_EQ(throttle_value(8191), 0x80007ffc);
}
