/* The adapter's closed loop and its pulses. */
#include <stdlib.h>
#include <string.h>

#include "models/pcie/test/pcie_rig.h"

#define TXWB 0x1000u /* the rig's memory[0] */
#define RXWB 0x1008u /* the rig's memory[1] */

static struct rig rig;
static struct nic_node nic;

/* 1000 bits a message at 1 Gb/s: 1 us each. */
static struct nic_config loop(void)
{
    return (struct nic_config){.line_rate = 1000000000,
                               .message_bytes = 125,
                               .complete_every = 8,
                               .ack_every = 4,
                               .round_trip = 20 * SIM_US,
                               .seed = 1};
}

static void start_with(const struct pcie_node_config *p,
                       const struct nic_config *c)
{
    nic_node_init(&nic, p, c);
    nic_node_write(&nic, NIC_REG_TXWB, 8, TXWB);
    nic_node_write(&nic, NIC_REG_RXWB, 8, RXWB);
    rig_enable(&nic.fn, p->msix_vectors);
}

static void start(struct nic_config c)
{
    struct pcie_node_config p = rig_init(&rig);

    p.msix_vectors = 2;
    start_with(&p, &c);
}

static void doorbell(uint32_t messages)
{
    nic_node_write(&nic, NIC_REG_TXDOORBELL, 4, messages);
}

static void run(sim_time until)
{
    engine_run(&rig.engine, until);
}

/* The times at which the count at `addr` arrived, from the log. */
static sim_time arrival_of(uint64_t addr, uint64_t count)
{
    for (uint32_t i = 0; i < rig.arrivals && i < RIG_LOG; i++)
        if (rig.log[i].msg.write.addr == addr &&
            rig.log[i].msg.write.data == count)
            return rig.log[i].time;
    return 0;
}

struct report {
    uint64_t count;
    sim_time sent_us;
};

/* Of one direction, an interrupt each. */
static void expect_reports(unsigned direction, const struct report reports[3])
{
    uint64_t addr = direction ? RXWB : TXWB;

    for (int i = 0; i < 3; i++)
        EXPECT_EQ(arrival_of(addr, reports[i].count),
                  reports[i].sent_us * SIM_US + RIG_DMA_WRITE);
    EXPECT_EQ(rig.reports[direction], 3);
    EXPECT_EQ(nic.fn.vector[direction].messages, 3);
}

static void expect_all(uint64_t messages)
{
    EXPECT_EQ(nic.queued, messages);
    EXPECT_EQ(nic.sent, messages);
    EXPECT_EQ(nic.acked, messages);
    EXPECT_EQ(rig.memory[0], messages);
    EXPECT_EQ(rig.memory[1], messages);
    EXPECT_EQ(engine_next(&rig.engine), SIM_TIME_NEVER, "quiescent");
}

TEST(nic_closed_loop, completes_every_8_messages_and_the_rest_when_dry)
{
    static const struct report reports[3] = {{8, 8}, {16, 16}, {20, 20}};

    start(loop());
    doorbell(20);
    run(SIM_MS);
    expect_reports(0, reports);
    expect_all(20);
}

TEST(nic_closed_loop, acknowledges_every_4_messages_after_the_round_trip)
{
    static const struct report reports[3] = {{4, 24}, {8, 28}, {10, 30}};

    start(loop());
    doorbell(10);
    run(SIM_MS);
    expect_reports(1, reports);
    expect_all(10);
}

TEST(nic_closed_loop, reports_before_it_interrupts)
{
    start(loop());
    doorbell(1);
    run(SIM_MS);
    ASSERT_EQ(rig.arrivals, 4);
    EXPECT_EQ(rig.log[0].msg.write.addr, TXWB);
    EXPECT_EQ(rig.log[1].msg.write.data, 0x40, "vector 0");
    EXPECT_EQ(rig.log[2].msg.write.addr, RXWB);
    EXPECT_EQ(rig.log[3].msg.write.data, 0x41, "vector 1");
}

TEST(nic_closed_loop, one_vector_serves_both_directions)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = loop();

    p.msix_vectors = 1;
    start_with(&p, &c);
    doorbell(4);
    run(SIM_MS);
    EXPECT_EQ(nic.fn.vector[0].causes, 2);
    expect_all(4);
}

TEST(nic_closed_loop, a_doorbell_in_time_keeps_the_queue_from_running_dry)
{
    start(loop());
    doorbell(3);
    run(2 * SIM_US + 500 * SIM_NS);
    doorbell(5);
    run(SIM_MS);
    EXPECT_EQ(rig.reports[0], 1);
    EXPECT_EQ(arrival_of(TXWB, 8), 8 * SIM_US + RIG_DMA_WRITE);
    expect_all(8);
}

static void rings(void *ctx, struct event *ev)
{
    (void)ctx;
    (void)ev;
    doorbell(8);
}

/* The wire is looked at before a doorbell that comes earlier. */
TEST(nic_closed_loop, a_doorbell_behind_the_last_look_sends_nothing_at_once)
{
    static struct event ev; /* within the engine's reach */

    start(loop());
    doorbell(12);
    event_init(&ev, engine_add_target(&rig.engine, rings, NULL), 0);
    engine_schedule(&rig.engine, &ev, SIM_US);
    engine_run_event(&rig.engine, &nic.wire);
    ASSERT_EQ(nic.sent, 8);
    engine_run_event(&rig.engine, &ev);
    EXPECT_EQ(nic.queued, 20);
    EXPECT_EQ(nic_node_sent(&nic), 8);
}

TEST(nic_closed_loop, a_late_doorbell_starts_the_wire_again)
{
    start(loop());
    doorbell(3);
    run(10 * SIM_US);
    doorbell(2);
    run(SIM_MS);
    EXPECT_EQ(arrival_of(TXWB, 3), 3 * SIM_US + RIG_DMA_WRITE);
    EXPECT_EQ(arrival_of(TXWB, 5), 12 * SIM_US + RIG_DMA_WRITE);
    EXPECT_EQ(rig.reports[1], 2, "4 acknowledgements, then the last");
    EXPECT_EQ(arrival_of(RXWB, 4), 31 * SIM_US + RIG_DMA_WRITE);
    EXPECT_EQ(arrival_of(RXWB, 5), 32 * SIM_US + RIG_DMA_WRITE);
    expect_all(5);
}

TEST(nic_closed_loop, acknowledges_fewer_when_none_is_left_in_flight)
{
    start(loop());
    doorbell(2);
    run(21 * SIM_US + 500 * SIM_NS); /* the first is back, the second not */
    EXPECT_EQ(nic.acked, 0);
    run(50 * SIM_US);
    EXPECT_EQ(nic.acked, 2);
    doorbell(2);
    run(SIM_MS);
    EXPECT_EQ(rig.reports[1], 2);
    expect_all(4);
}

TEST(nic_closed_loop, acknowledgements_do_not_wait_for_a_late_completion)
{
    struct nic_config c = loop();

    c.complete_every = 1000;
    c.round_trip = 2 * SIM_US + 1;
    start(c);
    doorbell(1000);
    run(20 * SIM_US);
    EXPECT_EQ(rig.reports[0], 0);
    EXPECT_EQ(rig.memory[1], 16);
    EXPECT_EQ(arrival_of(RXWB, 4), 6 * SIM_US + 4 * SIM_NS + RIG_DMA_WRITE);
    run(2 * SIM_MS);
    EXPECT_EQ(rig.reports[1], 250);
    expect_all(1000);
}

TEST(nic_closed_loop, sent_counts_what_has_left_the_wire_by_now)
{
    start(loop());
    doorbell(8);
    run(5 * SIM_US + 500 * SIM_NS);
    EXPECT_EQ(nic_node_sent(&nic), 5);
    run(SIM_MS);
    EXPECT_EQ(nic_node_sent(&nic), 8);
}

TEST(nic_closed_loop, the_wire_runs_at_line_rate_whatever_the_clock)
{
    struct nic_config c = loop();

    c.line_rate = 100000000000; /* 64 bytes: 5.12 ns, the clock has 4 ns */
    c.message_bytes = 64;
    c.complete_every = 32;
    start(c);
    doorbell(100000);
    run(512 * SIM_US - 1);
    EXPECT_EQ(nic_node_sent(&nic), 99999);
    run(512 * SIM_US);
    EXPECT_EQ(nic_node_sent(&nic), 100000);
    run(SIM_MS);
    expect_all(100000);
}

static void random_doorbells(struct rng *r, unsigned count, sim_time gap)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t messages = (uint32_t)rng_below(r, 40);

        doorbell(messages);
        total += messages;
        run(engine_now(&rig.engine) + rng_below(r, gap));
        EXPECT_LE(nic.acked, nic.sent);
        EXPECT_LE(nic.sent, nic.queued);
        EXPECT_EQ(nic.queued, total);
        EXPECT_LE(rig.memory[1], nic.acked);
        EXPECT_LE(rig.memory[0], nic.sent);
    }
    run(engine_now(&rig.engine) + SIM_S);
    expect_all(total);
}

TEST(nic_closed_loop, conserves_messages_under_random_load)
{
    static const sim_time round_trips[] = {0, SIM_NS, SIM_US, 50 * SIM_US};
    struct rng r;

    rng_init(&r, 7, 0);
    for (unsigned i = 0; i < 48; i++) {
        struct nic_config c = loop();

        c.complete_every = 1 + (uint32_t)rng_below(&r, 64);
        c.ack_every = 1 + (uint32_t)rng_below(&r, 16);
        c.round_trip = round_trips[i % 4];
        c.round_trip_jitter = i % 3 * SIM_US;
        c.line_rate = i % 5 ? 1000000000 : 400000000000;
        start(c);
        random_doorbells(&r, 200, 40 * SIM_US);
    }
}

/* 5000 messages, 200 of them in a report's flight time. */
static void send_all_at_once(uint32_t complete_every, uint32_t ack_every)
{
    struct nic_config c = loop();

    c.line_rate = 1000000000000;
    c.message_bytes = 250;
    c.complete_every = complete_every;
    c.ack_every = ack_every;
    c.round_trip = 100 * SIM_NS;
    start(c);
    doorbell(5000);
    run(SIM_MS);
    expect_all(5000);
}

TEST(nic_closed_loop, loses_nothing_when_the_fifo_is_full)
{
    send_all_at_once(1, 1);
    EXPECT_LT(rig.reports[0], 5000, "reports waited and told more at once");
}

TEST(nic_closed_loop, an_acknowledgement_report_waits_for_the_fifo_too)
{
    send_all_at_once(5000, 1);
    EXPECT_LT(rig.reports[1], 5000, "reports waited and told more at once");
}

TEST(nic_closed_loop, a_full_ring_of_groups_lets_the_last_one_grow)
{
    struct nic_config c = loop();

    c.ack_every = 1;
    c.round_trip = 20 * SIM_MS;
    start(c);
    doorbell(NIC_GROUPS + 100);
    run(10 * SIM_MS);
    EXPECT_EQ(nic.sent, NIC_GROUPS + 100);
    EXPECT_EQ(nic.groups, NIC_GROUPS);
    run(SIM_S);
    EXPECT_EQ(rig.reports[1], NIC_GROUPS);
    expect_all(NIC_GROUPS + 100);
}

TEST(nic_closed_loop, jitter_delays_acknowledgements_within_its_bound)
{
    struct nic_config c = loop();
    sim_time least = SIM_TIME_NEVER, most = 0;

    c.ack_every = 1;
    c.round_trip_jitter = 10 * SIM_US;
    start(c);
    for (uint64_t i = 1; i <= 500; i++) {
        sim_time sent = engine_now(&rig.engine);
        sim_time took;

        doorbell(1);
        run(sent + 100 * SIM_US);
        took = arrival_of(RXWB, i) - sent - RIG_DMA_WRITE - 21 * SIM_US;
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    EXPECT_LT(least, 200 * SIM_NS);
    EXPECT_GT(most, 9800 * SIM_NS);
    EXPECT_LE(most, 10 * SIM_US + RIG_PERIOD);
}

TEST(nic_closed_loop, needs_few_events)
{
    struct nic_config c = loop();

    c.complete_every = 32;
    c.ack_every = 16;
    start(c);
    for (int i = 0; i < 1000; i++) {
        doorbell(32);
        run(engine_now(&rig.engine) + 32 * SIM_US);
    }
    run(SIM_S);
    expect_all(32000);
    /* three reports a doorbell: each is seen once and arrives once */
    EXPECT_LE(rig.engine.executed, 6 * 1000 + 100);
}

TEST(nic_registers, keep_their_addresses_and_ignore_narrow_writes)
{
    start(loop());
    nic_node_write(&nic, NIC_REG_RXWB + 4, 4, 0x12);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_RXWB, 8),
              UINT64_C(0x12) << 32 | RXWB);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_TXWB, 4), TXWB);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_TXWB + 1, 1), TXWB >> 8);
    nic_node_write(&nic, NIC_REG_TXWB, 2, 0);
    nic_node_write(&nic, NIC_REG_TXDOORBELL, 1, 1);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_TXWB, 8), TXWB);
    EXPECT_EQ(nic.queued, 0);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_MSIX_TABLE + 0x18, 4), 0x41);
}

TEST(nic_registers, each_half_of_a_write_back_address_is_its_own)
{
    static const uint32_t address[] = {NIC_REG_TXWB, NIC_REG_RXWB};

    start(loop());
    for (int i = 0; i < 2; i++) {
        nic_node_write(&nic, address[i], 8, UINT64_C(0x8765432112345678));
        EXPECT_EQ(nic_node_read(&nic, address[i], 4), 0x12345678);
        EXPECT_EQ(nic_node_read(&nic, address[i] + 4, 4), 0x87654321);
        nic_node_write(&nic, address[i], 4, 0xabcdef08);
        nic_node_write(&nic, address[i] + 4, 4, 0x10000001);
        EXPECT_EQ(nic_node_read(&nic, address[i], 8),
                  UINT64_C(0x10000001abcdef08));
    }
}

TEST(nic_registers, write_back_address_0_means_none)
{
    start(loop());
    nic_node_write(&nic, NIC_REG_TXWB, 8, 0);
    nic_node_write(&nic, NIC_REG_RXWB, 8, 0);
    doorbell(4);
    run(SIM_MS);
    EXPECT_EQ(rig.arrivals, 2);
    EXPECT_EQ(rig.messages, 2);
}

static struct nic_config pulses(enum pulse_distribution d, sim_time interval)
{
    struct nic_config c = loop();

    c.pulse = d;
    c.pulse_interval = interval;
    return c;
}

TEST(nic_pulses, first_interval_starts_with_bus_mastering)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = pulses(PULSE_PERIODIC, 10 * SIM_US);

    nic_node_init(&nic, &p, &c);
    nic_node_write(&nic, NIC_REG_RXWB, 8, RXWB);
    run(SIM_MS);
    EXPECT_EQ(nic.pulses, 0);
    rig_enable(&nic.fn, 4);
    run(SIM_MS + 10 * SIM_US - 1);
    EXPECT_EQ(nic.pulses, 0);
    run(SIM_MS + 10 * SIM_US);
    EXPECT_EQ(nic.pulses, 1);
    pcie_node_config_write(&nic.fn, PCIE_AT_COMMAND, 2, 0);
    run(2 * SIM_MS);
    EXPECT_EQ(nic.pulses, 1, "none while it is disabled");
    EXPECT_EQ(engine_next(&rig.engine), SIM_TIME_NEVER);
}

TEST(nic_pulses, take_the_vectors_in_turn)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = pulses(PULSE_PERIODIC, SIM_US);

    p.msix_vectors = 3;
    start_with(&p, &c);
    run(8 * SIM_US);
    EXPECT_EQ(nic.fn.vector[0].causes, 3);
    EXPECT_EQ(nic.fn.vector[1].causes, 3);
    EXPECT_EQ(nic.fn.vector[2].causes, 2);
    EXPECT_EQ(rig.memory[1], 7, "the eighth is on its way");
}

TEST(nic_pulses, periodic_ones_keep_their_rate_on_a_coarse_clock)
{
    start(pulses(PULSE_PERIODIC, 10 * SIM_NS + 300 * SIM_PS));
    run(1030 * SIM_US + 4 * SIM_NS);
    EXPECT_EQ(nic.pulses, 100000);
}

/* Mean and mean square of the interval in ns, from the arrivals. */
static void expect_intervals(enum pulse_distribution d, double mean_square)
{
    double sum = 0, squares = 0;
    uint32_t n = 0;
    sim_time last = 0;

    start(pulses(d, SIM_US));
    run(3900 * SIM_US);
    for (uint32_t i = 0; i < rig.arrivals && i < RIG_LOG; i++) {
        double ns;

        if (rig.log[i].msg.irq)
            continue;
        ns = (double)(rig.log[i].time - last) / (double)SIM_NS;
        last = rig.log[i].time;
        sum += ns;
        squares += ns * ns;
        n++;
    }
    EXPECT_LE(labs((long)n - 3900), 200, "mean 1 us");
    EXPECT_LE(labs((long)(sum / n) - 1000), 50, "mean 1 us");
    EXPECT_LE(labs((long)(squares / n / mean_square * 100) - 100), 10,
              "mean square");
}

TEST(nic_pulses, uniform_ones_lie_between_0_and_twice_the_interval)
{
    expect_intervals(PULSE_UNIFORM, 4e6 / 3);
    for (uint32_t i = 2; i < rig.arrivals && i < RIG_LOG; i++)
        EXPECT_LE(rig.log[i].time - rig.log[i - 1].time,
                  2 * SIM_US + RIG_PERIOD);
}

TEST(nic_pulses, exponential_ones_are_memoryless)
{
    expect_intervals(PULSE_EXPONENTIAL, 2e6);
}

TEST(nic_pulses, none_is_lost_when_the_fifo_is_full)
{
    struct nic_config c = pulses(PULSE_PERIODIC, SIM_NS);

    start(c);
    run(10 * SIM_US);
    EXPECT_EQ(nic.pulses + nic.pulses_waiting, 10000);
    EXPECT_GT(nic.pulses_waiting, 0);
    nic.config.pulse_interval = SIM_S;
    run(SIM_MS);
    EXPECT_EQ(nic.pulses_waiting, 0);
    EXPECT_EQ(rig.memory[1], nic.pulses);
    EXPECT_EQ(rig.messages, nic.pulses, "each with its own message");
}

static void jittery_run(void)
{
    struct nic_config c = pulses(PULSE_EXPONENTIAL, SIM_US);

    c.round_trip_jitter = 5 * SIM_US;
    start(c);
    doorbell(1000);
    run(3 * SIM_MS);
}

TEST(nic_node, same_seed_gives_the_same_arrivals)
{
    static struct rig_arrival first[RIG_LOG];
    uint32_t arrivals;

    jittery_run();
    arrivals = rig.arrivals;
    memcpy(first, rig.log, sizeof first);
    jittery_run();
    ASSERT_TRUE(rig.arrivals == arrivals && arrivals < RIG_LOG);
    for (uint32_t i = 0; i < arrivals; i++) {
        EXPECT_EQ(rig.log[i].time, first[i].time);
        EXPECT_EQ(rig.log[i].msg.irq, first[i].msg.irq);
        EXPECT_EQ(rig.log[i].msg.write.addr, first[i].msg.write.addr);
        EXPECT_EQ(rig.log[i].msg.write.data, first[i].msg.write.data);
    }
}

TEST(nic_node, restarting_the_counts_forgets_them_all)
{
    static const struct pcie_vector_counts none;
    static const struct nic_queue_counts no_packets;

    start(loop());
    for (unsigned v = 0; v < PCIE_VECTORS; v++)
        memset(&nic.fn.vector[v], 1, sizeof nic.fn.vector[v]);
    for (unsigned q = 0; q < NIC_QUEUES; q++)
        memset(&nic.queue[q].counts, 1, sizeof nic.queue[q].counts);
    nic.fn.intx_asserted = nic.fn.waits.count = nic.fn.waits.sum = 1;
    nic_node_restart_counts(&nic);
    for (unsigned v = 0; v < PCIE_VECTORS; v++)
        EXPECT_EQ(memcmp(&nic.fn.vector[v], &none, sizeof none), 0);
    for (unsigned q = 0; q < NIC_QUEUES; q++)
        EXPECT_EQ(memcmp(&nic.queue[q].counts, &no_packets, sizeof no_packets),
                  0);
    EXPECT_EQ(nic.fn.intx_asserted + nic.fn.waits.count + nic.fn.waits.sum, 0);
}
