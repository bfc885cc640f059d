/* INTx on the engine: messages about the level, and the adapter's causes. */
#include "models/pcie/test/pcie_rig.h"

#define INTX_MESSAGE (320 * SIM_NS)

static struct rig rig;
static struct nic_node nic;
static struct pcie_node *const fn = &nic.fn;

/* A function with INTx only, on a pin that notes what it is told. */
static void start_with(struct nic_config c, bool connected)
{
    struct pcie_node_config p = rig_init(&rig);

    c.line_rate = 1000000000;
    c.message_bytes = 125;
    c.complete_every = c.ack_every = 1;
    p.msix_vectors = 0;
    p.costs.intx_message = INTX_MESSAGE;
    p.intx = (struct port){connected ? rig_receive : NULL, &rig};
    nic_node_init(&nic, &p, &c);
    nic_node_write(&nic, NIC_REG_RXWB, 8, 0x1008);
    pcie_node_config_write(fn, PCIE_AT_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
}

static void start(void)
{
    start_with((struct nic_config){.pulse = PULSE_NONE}, true);
}

static void expect_level(uint32_t i, sim_time time, bool high)
{
    ASSERT_LT(i, rig.arrivals);
    EXPECT_EQ(rig.log[i].msg.kind, MSG_LINE);
    EXPECT_EQ(rig.log[i].msg.line.line, 0, "INTA#");
    EXPECT_EQ(rig.log[i].msg.line.high, high);
    EXPECT_EQ(rig.log[i].time, time);
}

TEST(pcie_node_intx, tells_each_change_of_its_level_after_the_way)
{
    start();
    engine_run(&rig.engine, 4 * SIM_NS);
    pcie_node_cause(fn, 0);
    engine_run(&rig.engine, SIM_US);
    pcie_node_cause_gone(fn, 0);
    engine_run(&rig.engine, 2 * SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    expect_level(0, 4 * SIM_NS + INTX_MESSAGE, true);
    expect_level(1, SIM_US + INTX_MESSAGE, false);
    EXPECT_EQ(fn->intx_asserted, 1);
    EXPECT_EQ(rig.irqs.count[0].sent, 0, "the interrupt is the I/O APIC's");
}

TEST(pcie_node_intx, stays_asserted_until_the_last_cause_is_gone)
{
    start();
    pcie_node_cause(fn, 0);
    pcie_node_cause(fn, 1);
    pcie_node_cause_gone(fn, 0);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(rig.arrivals, 1);
    pcie_node_cause_gone(fn, 1);
    engine_run(&rig.engine, 2 * SIM_US);
    EXPECT_EQ(rig.arrivals, 2);
}

TEST(pcie_node_intx, never_passes_the_data_written_before_it)
{
    start();
    pcie_node_dma_write(fn, 0x1000, 1, 8);
    pcie_node_cause(fn, 0);
    engine_run(&rig.engine, SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    EXPECT_EQ(rig.log[0].msg.kind, MSG_WRITE);
    expect_level(1, RIG_DMA_WRITE, true);
}

TEST(pcie_node_intx, names_its_wire_in_the_register_and_in_messages)
{
    struct nic_config c = {.line_rate = 1000000000,
                           .message_bytes = 125,
                           .complete_every = 1,
                           .ack_every = 1};

    for (unsigned wire = 0; wire < INTX_PINS; wire++) {
        struct pcie_node_config p = rig_init(&rig);

        p.msix_vectors = 0;
        p.interrupt_pin = wire;
        p.intx = (struct port){rig_receive, &rig};
        nic_node_init(&nic, &p, &c);
        EXPECT_EQ(pcie_node_config_read(fn, PCIE_AT_INTERRUPT_PIN, 1),
                  wire + 1);
        pcie_node_cause(fn, 0);
        engine_run(&rig.engine, SIM_US);
        ASSERT_EQ(rig.arrivals, 1);
        EXPECT_EQ(rig.log[0].msg.line.line, wire);
    }
}

TEST(pcie_node_intx, needs_no_pin)
{
    start_with((struct nic_config){.pulse = PULSE_NONE}, false);
    pcie_node_cause(fn, 0);
    pcie_node_cause_gone(fn, 0);
    engine_run(&rig.engine, SIM_US);
    EXPECT_EQ(rig.arrivals, 0);
}

TEST(pcie_node_intx, interrupt_disable_deasserts_and_enable_asserts_again)
{
    const uint32_t on = PCIE_COMMAND_BUS_MASTER;

    start();
    pcie_node_cause(fn, 0);
    pcie_node_config_write(fn, PCIE_AT_COMMAND, 2,
                           on | PCIE_COMMAND_INTX_DISABLE);
    pcie_node_config_write(fn, PCIE_AT_COMMAND, 2, on);
    engine_run(&rig.engine, SIM_US);
    ASSERT_EQ(rig.arrivals, 3);
    expect_level(1, INTX_MESSAGE, false);
    expect_level(2, INTX_MESSAGE, true);
}

/* However often the level changes at once, the last thing told is true. */
TEST(pcie_node_intx, enabling_msi_deasserts_and_the_next_event_is_msi_only)
{
    struct pcie_node_config p = rig_init(&rig);

    p.costs.intx_message = INTX_MESSAGE;
    p.intx = (struct port){rig_receive, &rig};
    pcie_node_init(fn, &p);
    pcie_node_cause(fn, 0);
    engine_run(&rig.engine, SIM_US);
    rig_enable(fn, 1);
    engine_run(&rig.engine, 2 * SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    expect_level(1, SIM_US + INTX_MESSAGE, false);
    pcie_node_cause(fn, 0);
    engine_run(&rig.engine, 3 * SIM_US);
    ASSERT_EQ(rig.arrivals, 3);
    EXPECT_EQ(rig.log[2].msg.kind, MSG_WRITE);
}

TEST(pcie_node_intx, a_full_fifo_delays_the_level_and_never_falsifies_it)
{
    start();
    for (unsigned i = 0; i < 2 * PCIE_FIFO + 1; i++)
        if (i % 2)
            pcie_node_cause_gone(fn, 0);
        else
            pcie_node_cause(fn, 0);
    engine_run(&rig.engine, 10 * SIM_US);
    EXPECT_LE(rig.arrivals, PCIE_FIFO + 1);
    expect_level(rig.arrivals - 1, rig.log[rig.arrivals - 1].time, true);
    for (uint32_t i = 0; i < rig.arrivals; i++)
        EXPECT_EQ(rig.log[i].msg.line.high, i % 2 == 0, "message %u", i);
}

/* ---- the adapter's causes ---- */

TEST(nic_cause, holds_until_software_writes_its_bit)
{
    start();
    pcie_node_cause(fn, 0);
    pcie_node_cause(fn, 3);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_CAUSE, 4), 0x9);
    nic_node_write(&nic, NIC_REG_CAUSE, 4, 0x1);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_CAUSE, 4), 0x8);
    EXPECT_TRUE(fn->intx);
    nic_node_write(&nic, NIC_REG_CAUSE, 4, 0xffffffff);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_CAUSE, 4), 0);
    EXPECT_FALSE(fn->intx);
}

TEST(nic_cause, that_a_message_has_told_is_gone)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = {.line_rate = 1000000000,
                           .message_bytes = 125,
                           .complete_every = 1,
                           .ack_every = 1};

    nic_node_init(&nic, &p, &c);
    rig_enable(fn, 1);
    pcie_node_cause(fn, 0);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_CAUSE, 4), 0);
    pcie_node_cause(fn, 1);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_CAUSE, 4), 0x2, "entry 1 is masked");
}

TEST(nic_cause, of_every_pulse_is_one_level_until_it_is_cleared)
{
    start_with((struct nic_config){.pulse = PULSE_PERIODIC,
                                   .pulse_interval = 10 * SIM_US},
               true);
    engine_run(&rig.engine, 95 * SIM_US);
    EXPECT_EQ(nic.pulses, 9);
    EXPECT_EQ(fn->intx_asserted, 1);
    nic_node_write(&nic, NIC_REG_CAUSE, 4, 1);
    engine_run(&rig.engine, 105 * SIM_US);
    EXPECT_EQ(fn->intx_asserted, 2);
}

/* What a mask still holds back has its place in the FIFO; changes of the
 * signal do not take it. */
TEST(pcie_node_intx, change_leaves_room_for_pending_messages)
{
    static struct pcie_node n;
    struct pcie_node_config p = rig_init(&rig);

    p.msix_vectors = 0;
    p.msi_vectors = 1;
    p.msi_features = PCIE_MSI_64BIT | PCIE_MSI_MASKING;
    p.intx = (struct port){rig_receive, &rig};
    pcie_node_init(&n, &p);
    pcie_node_config_write(&n, PCIE_AT_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
    pcie_node_config_write(&n, PCIE_AT_MSI_MASK, 4, 1);
    pcie_node_config_write(&n, PCIE_AT_MSI_CONTROL, 2, PCIE_MSI_ENABLE);
    pcie_node_cause(&n, 0);
    while (pcie_node_ready(&n))
        pcie_node_dma_write(&n, 0x1000, 0, 8);
    pcie_node_config_write(&n, PCIE_AT_MSI_CONTROL, 2, 0);
    pcie_node_config_write(&n, PCIE_AT_MSI_CONTROL, 2, PCIE_MSI_ENABLE);
    EXPECT_EQ(pcie_owed(&n.pcie), 1);
    EXPECT_EQ(n.count, PCIE_FIFO - 1, "the second change waits");
    EXPECT_TRUE(n.intx_told);
    engine_run(&rig.engine, SIM_MS);
    EXPECT_FALSE(n.intx_told);
}
