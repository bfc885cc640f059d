/* Rules of delay timers and coalescing, without time. */
#include "models/pcie/coalesce.h"

#include "tests/gtest_c.h"

static struct coalesce_out packet(struct coalesce *c, struct coalesce_rule r)
{
    return coalesce_packets(c, &r, 1);
}

TEST(coalesce, every_packet_restarts_the_packet_timer_only)
{
    struct coalesce_rule r = coalesce_delay_timers(true, true);
    struct coalesce c = {0};

    for (int i = 0; i < 5; i++) {
        struct coalesce_out out = packet(&c, r);

        EXPECT_FALSE(out.fire);
        EXPECT_TRUE(out.start_packet);
        EXPECT_EQ(out.start_absolute, i == 0, "by the first packet");
    }
}

TEST(coalesce, either_expiry_stops_both_timers_and_counts_anew)
{
    struct coalesce_rule r = coalesce_delay_timers(true, true);
    struct coalesce c = {0};

    packet(&c, r);
    EXPECT_TRUE(coalesce_expire(&c).fire);
    EXPECT_EQ(c.waiting, 0);
    EXPECT_TRUE(packet(&c, r).start_absolute, "the next one starts it again");
}

TEST(coalesce, packet_timer_0_fires_at_each_packet)
{
    struct coalesce_rule r = coalesce_delay_timers(false, true);
    struct coalesce c = {0};

    for (int i = 0; i < 3; i++) {
        struct coalesce_out out = packet(&c, r);

        EXPECT_TRUE(out.fire);
        EXPECT_FALSE(out.start_absolute);
    }
}

TEST(coalesce, absolute_timer_0_means_no_absolute_limit)
{
    struct coalesce_rule r = coalesce_delay_timers(true, false);
    struct coalesce c = {0};
    struct coalesce_out out = packet(&c, r);

    EXPECT_TRUE(out.start_packet);
    EXPECT_FALSE(out.start_absolute);
}

TEST(coalesce, frames_4_fires_at_the_fourth_packet)
{
    struct coalesce_rule r = coalesce_parameters(true, 4);
    struct coalesce c = {0};

    for (int i = 1; i <= 8; i++)
        EXPECT_EQ(packet(&c, r).fire, i % 4 == 0, "packet %d", i);
}

TEST(coalesce, its_time_starts_with_the_first_packet_and_is_not_restarted)
{
    struct coalesce_rule r = coalesce_parameters(true, 0);
    struct coalesce c = {0};

    EXPECT_TRUE(packet(&c, r).start_absolute);
    for (int i = 0; i < 100; i++) {
        struct coalesce_out out = packet(&c, r);

        EXPECT_FALSE(out.fire, "frames 0: only time counts");
        EXPECT_FALSE(out.start_absolute || out.start_packet);
    }
}

TEST(coalesce, time_0_leaves_frames_alone_to_count)
{
    struct coalesce_rule r = coalesce_parameters(false, 2);
    struct coalesce c = {0};
    struct coalesce_out out = packet(&c, r);

    EXPECT_FALSE(out.fire || out.start_absolute || out.start_packet);
    EXPECT_TRUE(packet(&c, r).fire);
}

TEST(coalesce, neither_time_nor_frames_fires_at_each_packet)
{
    struct coalesce_rule r = coalesce_parameters(false, 0);
    struct coalesce c = {0};

    EXPECT_TRUE(packet(&c, r).fire);
    EXPECT_TRUE(packet(&c, r).fire);
}

TEST(coalesce, packets_that_come_together_fire_once)
{
    struct coalesce_rule r = coalesce_parameters(false, 4);
    struct coalesce c = {0};

    EXPECT_TRUE(coalesce_packets(&c, &r, 9).fire);
    EXPECT_EQ(c.waiting, 0);
}

TEST(coalesce, a_new_rule_holds_for_packets_that_wait_already)
{
    struct coalesce_rule many = coalesce_parameters(false, 64);
    struct coalesce_rule timed = coalesce_parameters(true, 64);
    struct coalesce_rule few = coalesce_parameters(false, 2);
    struct coalesce c = {0};

    EXPECT_FALSE(coalesce_packets(&c, &timed, 0).start_absolute, "none waits");
    packet(&c, many);
    packet(&c, many);
    EXPECT_TRUE(coalesce_packets(&c, &timed, 0).start_absolute);
    EXPECT_TRUE(coalesce_packets(&c, &few, 0).fire);
}
