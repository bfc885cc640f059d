/* When writes arrive, in which order, and what becomes of each interrupt. */
#include "models/pcie/test/pcie_rig.h"

static struct rig rig;
static struct pcie_node node;

static void start(sim_time moderation)
{
    struct pcie_node_config c = rig_init(&rig);

    c.moderation_interval[0] = moderation;
    pcie_node_init(&node, &c);
    rig_enable(&node, 4);
}

static const struct rig_arrival *arrival(uint32_t i)
{
    static const struct rig_arrival none;

    EXPECT_LT(i, rig.arrivals, "arrival did not come");
    return i < rig.arrivals ? &rig.log[i] : &none;
}

static void cause_at(sim_time time, unsigned k)
{
    engine_run(&rig.engine, time);
    pcie_node_cause(&node, k);
}

TEST(pcie_node, a_message_carries_its_entry_and_its_interrupt)
{
    start(0);
    cause_at(4 * SIM_NS, 2);
    engine_run(&rig.engine, SIM_US);
    ASSERT_EQ(rig.arrivals, 1);
    EXPECT_EQ(arrival(0)->time, 4 * SIM_NS + RIG_MSI_WRITE);
    EXPECT_EQ(arrival(0)->msg.kind, MSG_WRITE);
    EXPECT_EQ(arrival(0)->msg.write.addr, 0xfee00000);
    EXPECT_EQ(arrival(0)->msg.write.data, 0x42);
    EXPECT_EQ(arrival(0)->msg.write.bytes, 4);
    EXPECT_EQ(arrival(0)->msg.write.requester, 0x0108);
    EXPECT_NE(arrival(0)->msg.irq, 0);
    EXPECT_EQ(rig.irqs.count[0].sent, 1);
}

TEST(pcie_node, an_interrupt_is_born_when_its_message_leaves)
{
    start(10 * SIM_US);
    cause_at(0, 0);
    cause_at(SIM_US, 0);
    EXPECT_EQ(rig.irqs.count[0].sent, 1, "the second one is held");
    engine_run(&rig.engine, 20 * SIM_US);
    EXPECT_EQ(rig.irqs.count[0].sent, 2);
    EXPECT_EQ(node.vector[0].causes, 2);
    EXPECT_EQ(node.vector[0].messages, 2);
}

TEST(pcie_node, merged_causes_are_one_interrupt)
{
    start(0);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 16 + 0xc, 4, 1);
    for (int i = 0; i < 5; i++)
        cause_at(0, 1);
    EXPECT_EQ(rig.irqs.count[0].sent, 0);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 16 + 0xc, 4, 0);
    EXPECT_EQ(rig.irqs.count[0].sent, 1);
    EXPECT_EQ(node.vector[1].causes, 5);
    EXPECT_EQ(node.vector[1].messages, 1);
}

TEST(pcie_node, a_message_never_passes_the_data_written_before_it)
{
    start(0);
    pcie_node_dma_write(&node, 0x1000, 7, 8);
    pcie_node_cause(&node, 0);
    engine_run(&rig.engine, SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    EXPECT_EQ(arrival(0)->msg.irq, 0);
    EXPECT_EQ(arrival(0)->msg.write.data, 7);
    EXPECT_NE(arrival(1)->msg.irq, 0);
    EXPECT_EQ(arrival(0)->time, RIG_DMA_WRITE);
    EXPECT_EQ(arrival(1)->time, RIG_DMA_WRITE, "it is faster, but waits");
}

TEST(pcie_node, writes_arrive_in_the_order_in_which_they_were_sent)
{
    struct rng r;
    uint64_t written = 0;

    start(0);
    rng_init(&r, 1, 2);
    for (sim_time t = 0; t < 100 * SIM_US; t += rng_below(&r, 100 * SIM_NS)) {
        engine_run(&rig.engine, t);
        while (pcie_node_ready(&node) && rng_below(&r, 3)) {
            if (rng_below(&r, 2))
                pcie_node_dma_write(&node, 0x1000, ++written, 8);
            else
                pcie_node_cause(&node, (unsigned)rng_below(&r, 4));
        }
    }
    engine_run(&rig.engine, 200 * SIM_US);
    ASSERT_EQ(rig.arrivals, written + rig.irqs.count[0].sent);
    ASSERT_TRUE(rig.arrivals > 1000 && rig.arrivals < RIG_LOG);
    for (uint32_t i = 0, data = 0; i < rig.arrivals; i++) {
        if (i)
            EXPECT_GE(rig.log[i].time, rig.log[i - 1].time);
        if (!rig.log[i].msg.irq)
            EXPECT_EQ(rig.log[i].msg.write.data, ++data);
        EXPECT_EQ(rig.log[i].time % RIG_PERIOD, 0, "on a clock edge");
    }
}

TEST(pcie_node, arrives_on_an_edge_of_its_clock)
{
    start(0);
    cause_at(1 * SIM_NS, 0);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(arrival(0)->time, RIG_MSI_WRITE + 4 * SIM_NS);
}

TEST(pcie_node, itr_128_us_merges_events_at_10_and_20_us)
{
    start(128 * SIM_US);
    cause_at(0, 0);
    cause_at(10 * SIM_US, 0);
    cause_at(20 * SIM_US, 0);
    engine_run(&rig.engine, SIM_MS);
    ASSERT_EQ(rig.arrivals, 2);
    EXPECT_EQ(arrival(0)->time, RIG_MSI_WRITE);
    EXPECT_EQ(arrival(1)->time, 128 * SIM_US + RIG_MSI_WRITE);
}

TEST(pcie_node, itr_does_not_delay_the_first_event_after_a_second)
{
    start(128 * SIM_US);
    cause_at(0, 0);
    cause_at(SIM_S + 5 * SIM_US, 0);
    EXPECT_EQ(rig.irqs.count[0].sent, 2, "at once");
    EXPECT_EQ(rig.engine.executed, 2, "no free-running interval");
}

TEST(pcie_node, moderation_is_per_vector)
{
    start(128 * SIM_US);
    for (int i = 0; i < 3; i++) {
        cause_at((sim_time)i * SIM_US, 0);
        cause_at((sim_time)i * SIM_US, 1);
    }
    EXPECT_EQ(node.vector[0].messages, 1);
    EXPECT_EQ(node.vector[1].messages, 3);
}

TEST(pcie_node, without_bus_mastering_nothing_is_written)
{
    start(0);
    pcie_node_config_write(&node, PCIE_AT_COMMAND, 2, 0);
    pcie_node_dma_write(&node, 0x1000, 1, 8);
    pcie_node_cause(&node, 0);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(rig.arrivals, 0);
}

/* A cause that software found by itself was not told late. */
TEST(pcie_node, wait_begins_anew_after_a_cause_has_gone)
{
    start(0);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 0xc, 4, 1);
    cause_at(0, 0);
    engine_run(&rig.engine, 10 * SIM_US);
    pcie_node_cause_gone(&node, 0);
    pcie_node_msix_write(&node, PCIE_MSIX_TABLE_AT + 0xc, 4, 0);
    cause_at(30 * SIM_US, 0);
    EXPECT_EQ(node.waits.count, 1);
    EXPECT_EQ(node.waits.longest, 0);
}

static void count_held(void *ctx, irq_id id)
{
    EXPECT_TRUE(irq_pending(&rig.irqs, id));
    ++*(unsigned *)ctx;
}

static unsigned held(void)
{
    unsigned count = 0;

    pcie_node_each_held(&node, count_held, &count);
    return count;
}

TEST(pcie_node, holds_the_interrupts_that_are_on_their_way)
{
    start(0);
    pcie_node_dma_write(&node, 0x1000, 1, 8);
    cause_at(0, 0);
    cause_at(0, 1);
    EXPECT_EQ(held(), 2);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(held(), 0);
}

TEST(pcie_node, holds_nothing_that_has_left)
{
    start(0);
    for (unsigned i = 0; i < PCIE_FIFO; i++) {
        pcie_node_cause(&node, 0);
        engine_run(&rig.engine, engine_now(&rig.engine) + SIM_US);
    }
    EXPECT_EQ(rig.messages, PCIE_FIFO);
    pcie_node_cause(&node, 0);
    EXPECT_EQ(held(), 1);
}

TEST(pcie_node, is_ready_until_its_fifo_could_overflow)
{
    uint32_t pairs = 0;

    start(0);
    for (; pcie_node_ready(&node); pairs++) {
        pcie_node_dma_write(&node, 0x1000, pairs, 8);
        pcie_node_cause(&node, 0);
    }
    EXPECT_EQ(pairs, PCIE_FIFO / 2);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(rig.arrivals, 2 * pairs);
    EXPECT_TRUE(pcie_node_ready(&node));
}

TEST(pcie_node, keeps_room_for_what_masks_hold_back)
{
    uint32_t writes = 0;

    start(0);
    pcie_node_config_write(&node, PCIE_AT_MSIX_CONTROL, 2,
                           PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    for (unsigned k = 0; k < 4; k++)
        pcie_node_cause(&node, k);
    for (; pcie_node_ready(&node); writes++)
        pcie_node_dma_write(&node, 0x1000, writes, 8);
    pcie_node_config_write(&node, PCIE_AT_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(rig.arrivals, writes + 4);
    EXPECT_EQ(rig.messages, 4);
}

TEST(pcie_node, a_function_that_owes_all_it_can_is_still_ready)
{
    struct pcie_node_config c = rig_init(&rig);

    c.msix_vectors = c.msi_vectors = PCIE_VECTORS;
    c.msi_features = PCIE_MSI_64BIT | PCIE_MSI_MASKING;
    for (unsigned k = 0; k < PCIE_VECTORS; k++)
        c.moderation_interval[k] = SIM_MS;
    pcie_node_init(&node, &c);
    pcie_node_config_write(&node, PCIE_AT_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
    pcie_node_config_write(&node, PCIE_AT_MSI_MASK, 4, 0xffffffff);
    pcie_node_config_write(&node, PCIE_AT_MSI_CONTROL, 2, 0x0051);
    for (unsigned k = 0; k < PCIE_VECTORS; k++)
        pcie_node_cause(&node, k); /* pending for MSI */
    engine_run(&rig.engine, 2 * SIM_MS);
    pcie_node_config_write(&node, PCIE_AT_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
    for (unsigned k = 0; k < PCIE_VECTORS; k++) {
        pcie_node_cause(&node, k); /* pending for MSI-X */
        pcie_node_cause(&node, k); /* held by moderation */
    }
    EXPECT_EQ(pcie_owed(&node.pcie), 3 * PCIE_VECTORS);
    EXPECT_TRUE(pcie_node_ready(&node));
}
