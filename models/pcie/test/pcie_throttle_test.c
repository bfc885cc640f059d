/*
 * Throttle registers while interrupts come: what a driver writes holds from
 * the next message on, and its counter can be read and written.  A message
 * arrives RIG_MSI_WRITE after it left.
 */
#include "models/pcie/test/pcie_rig.h"

#define KEEP PCIE_THROTTLE_KEEP_COUNTER

static struct rig rig;
static struct pcie_node node;

static void start(sim_time moderation)
{
    struct pcie_node_config c = rig_init(&rig);

    c.moderation_interval[1] = moderation;
    pcie_node_init(&node, &c);
    rig_enable(&node, 4);
}

static void run(sim_time until)
{
    engine_run(&rig.engine, until);
}

static void cause_at(sim_time time)
{
    run(time);
    pcie_node_cause(&node, 1);
}

/* Interval in microseconds, counter in units of eight. */
static void write_at(sim_time time, uint32_t interval, uint32_t counter)
{
    run(time);
    pcie_node_throttle_write(&node, 1, interval << 2 | counter << 21);
}

static void keep_at(sim_time time, uint32_t interval)
{
    run(time);
    pcie_node_throttle_write(&node, 1, KEEP | interval << 2);
}

static uint32_t counter_at(sim_time time)
{
    run(time);
    return pcie_node_throttle_read(&node, 1) >> 21;
}

static void expect_sent(const sim_time *us, uint32_t n)
{
    run(engine_now(&rig.engine) + SIM_S);
    EXPECT_TRUE(!pcie_check(&node.pcie));
    ASSERT_EQ(rig.arrivals, n);
    for (uint32_t i = 0; i < n; i++)
        EXPECT_EQ(rig.log[i].time, us[i] * SIM_US + RIG_MSI_WRITE, "message %u",
                  i);
}

#define EXPECT_SENT(...)                                                       \
    do {                                                                       \
        const sim_time us[] = {__VA_ARGS__};                                   \
        expect_sent(us, sizeof us / sizeof us[0]);                             \
    } while (0)

TEST(pcie_throttle, is_off_after_reset)
{
    start(0);
    for (unsigned k = 0; k < PCIE_VECTORS; k++)
        EXPECT_EQ(pcie_node_throttle_read(&node, k), 0);
    cause_at(0);
    cause_at(SIM_US);
    EXPECT_SENT(0, 1);
}

TEST(pcie_throttle, interval_is_bits_14_to_2_in_microseconds)
{
    start(0);
    pcie_node_throttle_write(&node, 1, KEEP | 0x7ffc);
    EXPECT_EQ(node.pcie.interval[1], 8191 * SIM_US);
    EXPECT_EQ(pcie_node_throttle_read(&node, 1), 0x7ffc);
    pcie_node_throttle_write(&node, 1, KEEP | 1 << 2);
    EXPECT_EQ(node.pcie.interval[1], SIM_US);
    pcie_node_throttle_write(&node, 1, KEEP | 0x3 | 0x1f8000);
    EXPECT_EQ(node.pcie.interval[1], 0, "the bits around it");
}

TEST(pcie_throttle, spaces_messages_by_the_written_interval)
{
    start(0);
    keep_at(0, 128);
    cause_at(0);
    cause_at(10 * SIM_US);
    cause_at(20 * SIM_US);
    cause_at(300 * SIM_US);
    EXPECT_SENT(0, 128, 300);
}

TEST(pcie_throttle, registers_are_one_a_cause)
{
    start(0);
    pcie_node_throttle_write(&node, 0, KEEP | 100 << 2);
    pcie_node_throttle_write(&node, 2, KEEP | 100 << 2);
    cause_at(0);
    cause_at(SIM_US);
    EXPECT_SENT(0, 1);
}

TEST(pcie_throttle, new_interval_holds_from_the_next_reload_on)
{
    start(100 * SIM_US);
    cause_at(0);
    keep_at(10 * SIM_US, 20);
    cause_at(15 * SIM_US);
    cause_at(101 * SIM_US);
    EXPECT_SENT(0, 100, 120);
}

TEST(pcie_throttle, longer_interval_does_not_stretch_the_one_that_runs)
{
    start(10 * SIM_US);
    cause_at(0);
    keep_at(SIM_US, 50);
    cause_at(2 * SIM_US);
    cause_at(11 * SIM_US);
    EXPECT_SENT(0, 10, 60);
}

TEST(pcie_throttle, interval_0_ends_moderation_when_the_counter_has_run_out)
{
    start(100 * SIM_US);
    cause_at(0);
    keep_at(SIM_US, 0);
    cause_at(2 * SIM_US);
    cause_at(101 * SIM_US);
    cause_at(102 * SIM_US);
    EXPECT_SENT(0, 100, 101, 102);
}

TEST(pcie_throttle, counter_0_releases_what_is_held)
{
    start(100 * SIM_US);
    cause_at(0);
    cause_at(10 * SIM_US);
    write_at(30 * SIM_US, 100, 0);
    cause_at(40 * SIM_US);
    EXPECT_SENT(0, 30, 130);
}

TEST(pcie_throttle, counter_0_with_nothing_held_lets_the_next_go_at_once)
{
    start(100 * SIM_US);
    cause_at(0);
    write_at(30 * SIM_US, 100, 0);
    EXPECT_FALSE(event_scheduled(&node.interval[1]), "it does not run out");
    cause_at(40 * SIM_US);
    cause_at(50 * SIM_US);
    EXPECT_SENT(0, 40, 140);
}

TEST(pcie_throttle, written_counter_holds_the_first_message)
{
    start(0);
    write_at(0, 100, 2);
    cause_at(5 * SIM_US);
    cause_at(17 * SIM_US);
    EXPECT_SENT(16, 116);
}

TEST(pcie_throttle, written_counter_replaces_the_one_that_runs)
{
    start(100 * SIM_US);
    cause_at(0);
    cause_at(SIM_US);
    write_at(10 * SIM_US, 100, 1);
    EXPECT_SENT(0, 18);
}

TEST(pcie_throttle, written_counter_works_without_an_interval)
{
    start(0);
    write_at(0, 0, 3);
    cause_at(SIM_US);
    cause_at(25 * SIM_US);
    EXPECT_SENT(24, 25);
}

TEST(pcie_throttle, released_message_still_obeys_its_mask)
{
    start(100 * SIM_US);
    cause_at(0);
    cause_at(SIM_US);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 0x1c, 4, 1);
    write_at(2 * SIM_US, 100, 0);
    EXPECT_EQ(pcie_node_msix_read(&node, PCIE_MSIX_PBA_AT, 4), 2);
    run(50 * SIM_US);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 0x1c, 4, 0);
    EXPECT_SENT(0, 50);
}

TEST(pcie_throttle, counter_shows_the_upper_ten_bits_of_what_is_left)
{
    start(100 * SIM_US);
    EXPECT_EQ(counter_at(0), 0);
    cause_at(0);
    EXPECT_EQ(counter_at(0), 12, "100 us");
    EXPECT_EQ(counter_at(84 * SIM_US), 2, "16 us");
    EXPECT_EQ(counter_at(84 * SIM_US + SIM_NS), 2, "it counts a begun one");
    EXPECT_EQ(counter_at(85 * SIM_US), 1, "15 us");
    EXPECT_EQ(counter_at(92 * SIM_US), 1, "8 us");
    EXPECT_EQ(counter_at(93 * SIM_US), 0, "7 us");
    EXPECT_EQ(counter_at(SIM_MS), 0);
}

TEST(pcie_throttle, bit_31_leaves_the_counter_alone_and_reads_0)
{
    start(100 * SIM_US);
    cause_at(0);
    pcie_node_throttle_write(&node, 1, KEEP | 8u << 2 | 5u << 21);
    EXPECT_EQ(pcie_node_throttle_read(&node, 1), 8u << 2 | 12u << 21);
    cause_at(SIM_US);
    EXPECT_SENT(0, 100);
}

/* What is loaded after reset may be finer and longer than the fields. */
TEST(pcie_throttle, interval_between_two_microseconds_reads_as_the_greater)
{
    start(26 * SIM_US + 1);
    EXPECT_EQ(pcie_node_throttle_read(&node, 1), 27 << 2);
    start(26 * SIM_US + 300 * SIM_NS);
    EXPECT_EQ(pcie_node_throttle_read(&node, 1), 27 << 2);
    cause_at(0);
    cause_at(SIM_US);
    run(SIM_MS);
    ASSERT_EQ(rig.arrivals, 2);
    EXPECT_EQ(rig.log[1].time, 26 * SIM_US + 300 * SIM_NS + RIG_MSI_WRITE);
}

TEST(pcie_throttle, fields_show_their_largest_value_of_what_they_cannot_hold)
{
    start(SIM_S);
    cause_at(0);
    EXPECT_EQ(pcie_node_throttle_read(&node, 1), 0x7fe07ffc);
    EXPECT_EQ(counter_at(SIM_S - 8191 * SIM_US), 0x3ff);
    EXPECT_EQ(counter_at(SIM_S - 8183 * SIM_US), 0x3fe);
}

TEST(pcie_throttle, intx_is_not_held_by_a_counter)
{
    start(0);
    pcie_node_config_write(&node, PCIE_AT_MSIX_CONTROL, 2, 0);
    write_at(0, 100, 4);
    cause_at(0);
    EXPECT_TRUE(node.intx);
    EXPECT_EQ(node.pcie.condition, 2);
}
