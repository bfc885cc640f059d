/* When the adapter's queues set their causes: delay timers and coalescing, in
 * time.  A message arrives RIG_MSI_WRITE after its cause. */
#include "models/pcie/nic_node_queue.h"
#include "models/pcie/test/pcie_rig.h"

#define TIMER_UNIT (1024 * SIM_NS) /* of the 8254x class */
#define CAUSE 1u
#define QUEUE (NIC_QUEUE_RX + CAUSE)

static struct rig rig;
static struct nic_node nic;

static void start(struct nic_moderation rx, sim_time throttle)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = {.line_rate = 1000000000,
                           .message_bytes = 125,
                           .complete_every = 1,
                           .ack_every = 1,
                           .rx = rx,
                           .tx = {.frames = 3}};

    p.msix_vectors = 2;
    p.moderation_interval[CAUSE] = throttle;
    nic_node_init(&nic, &p, &c);
    rig_enable(&nic.fn, p.msix_vectors);
}

static void run(sim_time until)
{
    engine_run(&rig.engine, until);
}

static void packets_at(sim_time time, uint64_t packets)
{
    run(time);
    nic_queue_packets(&nic, QUEUE, packets);
}

/* The moment at which message i left the adapter. */
static sim_time sent_at(uint32_t i)
{
    run(engine_now(&rig.engine) + SIM_MS);
    EXPECT_LT(i, rig.arrivals, "message %u did not come", i);
    return rig.log[i].time - RIG_MSI_WRITE;
}

TEST(nic_coalesce, frames_4_usecs_100_tells_the_fourth_packet_at_once)
{
    start((struct nic_moderation){.usecs = 100, .frames = 4}, 0);
    for (unsigned t = 0; t < 4; t++)
        packets_at(t * SIM_US, 1);
    EXPECT_EQ(sent_at(0), 3 * SIM_US);
    EXPECT_EQ(rig.arrivals, 1, "the timer was stopped");
    EXPECT_EQ(nic.queue[QUEUE].counts.by_frames, 1);
}

TEST(nic_coalesce, three_packets_are_told_100_us_after_the_first)
{
    start((struct nic_moderation){.usecs = 100, .frames = 4}, 0);
    for (unsigned t = 0; t < 3; t++)
        packets_at(t * SIM_US, 1);
    EXPECT_EQ(sent_at(0), 100 * SIM_US);
    EXPECT_EQ(rig.arrivals, 1);
    EXPECT_EQ(nic.queue[QUEUE].counts.by_absolute_timer, 1);
}

TEST(nic_coalesce, both_counters_restart_whichever_limit_was_hit)
{
    start((struct nic_moderation){.usecs = 100, .frames = 4}, 0);
    packets_at(0, 3);
    packets_at(150 * SIM_US, 3); /* 3 + 3, but the time has told the first */
    packets_at(160 * SIM_US, 1);
    packets_at(200 * SIM_US, 1);
    EXPECT_EQ(sent_at(0), 100 * SIM_US);
    EXPECT_EQ(sent_at(1), 160 * SIM_US);
    EXPECT_EQ(sent_at(2), 300 * SIM_US);
    EXPECT_EQ(rig.arrivals, 3);
}

TEST(nic_coalesce, packet_timer_10_absolute_50_packets_every_9_cause_at_50)
{
    start((struct nic_moderation){.packet_timer = 10 * TIMER_UNIT,
                                  .absolute_timer = 50 * TIMER_UNIT},
          0);
    for (unsigned t = 0; t < 50; t += 9)
        packets_at(t * TIMER_UNIT, 1);
    EXPECT_EQ(sent_at(0), 50 * TIMER_UNIT);
    EXPECT_EQ(rig.arrivals, 1, "the packet timer was stopped");
}

TEST(nic_coalesce, the_packet_timer_tells_of_the_last_packet_after_its_time)
{
    start((struct nic_moderation){.packet_timer = 10 * TIMER_UNIT,
                                  .absolute_timer = 50 * TIMER_UNIT},
          0);
    packets_at(0, 1);
    packets_at(9 * TIMER_UNIT, 1);
    EXPECT_EQ(sent_at(0), clock_edge(&nic.fn.config.clock, 19 * TIMER_UNIT));
    EXPECT_EQ(rig.arrivals, 1, "the absolute timer was stopped");
    EXPECT_EQ(nic.queue[QUEUE].counts.by_packet_timer, 1);
}

TEST(nic_coalesce, acts_before_the_throttle)
{
    start((struct nic_moderation){.frames = 2}, 50 * SIM_US);
    packets_at(0, 1);
    packets_at(10 * SIM_US, 1); /* the first cause: at once */
    packets_at(20 * SIM_US, 2); /* the second: held */
    EXPECT_EQ(sent_at(0), 10 * SIM_US);
    EXPECT_EQ(sent_at(1), 60 * SIM_US);
}

TEST(nic_coalesce, other_parameters_hold_from_the_cause_until_served)
{
    start((struct nic_moderation){.frames = 1, .frames_irq = 3}, 0);
    packets_at(0, 1); /* told at once; service begins */
    packets_at(10 * SIM_US, 1);
    packets_at(20 * SIM_US, 1);
    run(30 * SIM_US);
    EXPECT_EQ(rig.arrivals, 1, "2 of 3");
    packets_at(30 * SIM_US, 1);
    EXPECT_EQ(sent_at(1), 30 * SIM_US);
    nic_node_write(&nic, NIC_REG_SERVED, 4, 1u << CAUSE);
    packets_at(engine_now(&rig.engine), 1);
    run(engine_now(&rig.engine) + SIM_MS);
    EXPECT_EQ(rig.arrivals, 3, "frames 1 again");
}

TEST(nic_coalesce, the_end_of_service_tells_what_waits_too_long_by_then)
{
    start((struct nic_moderation){.frames = 1, .frames_irq = 3}, 0);
    packets_at(0, 1);
    packets_at(10 * SIM_US, 1);
    run(20 * SIM_US);
    nic_node_write(&nic, NIC_REG_SERVED, 4, 1); /* of another cause */
    EXPECT_EQ(nic.fn.vector[CAUSE].messages, 1);
    nic_node_write(&nic, NIC_REG_SERVED, 4, 1u << CAUSE);
    EXPECT_EQ(sent_at(1), 20 * SIM_US);
}

TEST(nic_coalesce, directions_do_not_share_counts)
{
    start((struct nic_moderation){.frames = 2}, 0);
    nic_node_write(&nic, NIC_REG_TXDOORBELL, 4, 2);
    run(SIM_MS);
    EXPECT_EQ(nic.queue[NIC_QUEUE_TX].counts.packets, 2);
    EXPECT_EQ(nic.queue[QUEUE].counts.packets, 2);
    EXPECT_EQ(nic.fn.vector[0].messages, 0, "2 of 3");
    EXPECT_EQ(nic.fn.vector[CAUSE].messages, 1, "2 of 2");
}

TEST(nic_coalesce, the_count_in_memory_does_not_wait)
{
    start((struct nic_moderation){.frames = 100}, 0);
    nic_node_write(&nic, NIC_REG_RXWB, 8, 0x1008);
    nic_node_write(&nic, NIC_REG_TXDOORBELL, 4, 5);
    run(SIM_MS);
    EXPECT_EQ(rig.memory[1], 5);
    EXPECT_EQ(nic.fn.vector[CAUSE].causes, 0);
}

TEST(nic_coalesce, an_expiry_with_a_full_fifo_is_told_later)
{
    start((struct nic_moderation){.usecs = 10}, 0);
    packets_at(0, 1);
    run(10 * SIM_US - 100 * SIM_NS);
    while (pcie_node_ready(&nic.fn))
        pcie_node_dma_write(&nic.fn, 0x2000, 0, 8);
    run(10 * SIM_US);
    EXPECT_EQ(nic.fn.vector[CAUSE].messages, 0);
    run(20 * SIM_US);
    EXPECT_EQ(nic.fn.vector[CAUSE].messages, 1);
}

TEST(nic_coalesce, a_wait_lasts_from_the_first_packet_to_the_message)
{
    start((struct nic_moderation){.usecs = 100}, 0);
    packets_at(SIM_US, 1);
    packets_at(51 * SIM_US, 1);
    packets_at(201 * SIM_US, 1);
    run(SIM_MS);
    EXPECT_EQ(nic.fn.waits.count, 2);
    EXPECT_EQ(nic.fn.waits.sum, 200 * SIM_US);
    EXPECT_EQ(nic.fn.waits.longest, 100 * SIM_US);
}
