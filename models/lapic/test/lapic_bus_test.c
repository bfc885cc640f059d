/* The local APIC's node: its one port to the bus, and the local sources. */
#include "models/lapic/test/node_fixture.h"

#define TWO_IPIS 2u

/* Writes ICR at this instant. */
static void send_ipi(struct lapic_nodes *f, uint8_t vector)
{
    put(f, LAPIC_ICR_LOW, vector);
}

TEST_F(lapic_nodes, bus_takes_one_message_in_a_cycle)
{
    f->loses_messages = true;
    for (uint8_t i = 0; i < TWO_IPIS; i++)
        send_ipi(f, (uint8_t)(0x50 + i));
    run_to(f, SIM_US);
    ASSERT_EQ(f->sent_count, TWO_IPIS);
    EXPECT_EQ(f->sent[1].apic.vector, 0x51, "in the order of the writes");
    EXPECT_EQ(f->sent_time[1], f->sent_time[0] + APIC_PERIOD);
}

TEST_F(lapic_nodes, message_that_waited_does_not_delay_a_later_one)
{
    f->loses_messages = true;
    send_ipi(f, 0x50);
    send_ipi(f, 0x51);
    run_to(f, 2 * APIC_PERIOD);
    send_ipi(f, 0x52);
    run_to(f, SIM_US);
    ASSERT_EQ(f->sent_count, 3);
    EXPECT_EQ(f->sent_time[2], f->sent_time[0] + 2 * APIC_PERIOD);
}

TEST_F(lapic_nodes, local_source_raises_intr_after_accept_to_intr)
{
    put(f, LAPIC_LVT_THERMAL, 0x50);
    lapic_node_local(&f->node[0], LVT_THERMAL);
    run_to(f, 3 * APIC_PERIOD - 1);
    EXPECT_FALSE(f->intr[0]);
    run_to(f, 3 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 1, "it is born at the pin");
}
