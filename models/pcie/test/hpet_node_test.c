/* When the HPET's messages and lines come. */
#include "models/pcie/hpet_node.h"

#include "models/pcie/test/hpet_rig.h"
#include "models/pcie/test/pcie_rig.h"

#define TICK ((sim_time)PERIOD_FS)

static struct rig rig;
static struct hpet_node node;

static void start(void)
{
    struct hpet_build build = hpet_rig_build();

    rig_init(&rig);
    build.period_fs = 0; /* it has its clock's */
    hpet_node_init(&node, &(struct hpet_node_config){
                              .engine = &rig.engine,
                              .irqs = &rig.irqs,
                              .clock = CLOCK_OF(PERIOD_FS),
                              .hpet = build,
                              .requester = 0xf078,
                              .irq_source = irqs_add_source(&rig.irqs),
                              .upstream = {rig_receive, &rig},
                              .lines = {rig_receive, &rig},
                          });
}

static void write(uint32_t at, uint64_t value)
{
    hpet_node_write(&node, at, 8, value);
    EXPECT_STREQ(hpet_check(&node.hpet), NULL);
}

static void enable(unsigned timer, uint32_t conf, uint64_t comparator)
{
    write(hpet_at(HPET_AT_TN_CONF, timer), conf | HPET_VAL_SET_CNF);
    write(hpet_at(HPET_AT_TN_COMP, timer), comparator);
    write(HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
}

static void run(sim_time until)
{
    engine_run(&rig.engine, until);
}

static void expect_line(uint32_t i, sim_time time, bool high)
{
    ASSERT_LT(i, rig.arrivals);
    EXPECT_EQ(rig.log[i].msg.kind, MSG_LINE);
    EXPECT_EQ(rig.log[i].msg.line.line, 21);
    EXPECT_EQ(rig.log[i].msg.line.high, high, "change %u", i);
    EXPECT_EQ(rig.log[i].time, time, "change %u", i);
}

TEST(hpet_node, message_leaves_at_the_tick_of_the_match_with_its_source_id)
{
    start();
    write(hpet_at(HPET_AT_TN_FSB, 2), UINT64_C(0xfee0300000000045));
    enable(2, FSB, 1000);
    run(SIM_MS);
    ASSERT_EQ(rig.arrivals, 1);
    EXPECT_EQ(rig.log[0].time, 1000 * TICK);
    EXPECT_EQ(rig.log[0].msg.kind, MSG_WRITE);
    EXPECT_EQ(rig.log[0].msg.write.addr, 0xfee03000);
    EXPECT_EQ(rig.log[0].msg.write.data, 0x45);
    EXPECT_EQ(rig.log[0].msg.write.bytes, 4);
    EXPECT_EQ(rig.log[0].msg.write.requester, 0xf078);
    EXPECT_EQ(rig.irqs.count[node.config.irq_source].sent, 1);
    EXPECT_EQ(node.messages[2], 1);
}

TEST(hpet_node, periodic_messages_keep_their_rate_to_the_tick)
{
    start();
    enable(0, FSB | PERIODIC, 14318);
    run(SIM_S);
    ASSERT_EQ(rig.arrivals, 1000);
    for (uint32_t i = 0; i < rig.arrivals; i++)
        EXPECT_EQ(rig.log[i].time, (i + 1) * 14318 * TICK);
    EXPECT_EQ(rig.engine.executed, 1000, "one event each");
}

TEST(hpet_node, counts_from_the_tick_in_which_it_is_enabled)
{
    start();
    run(10 * TICK + TICK / 2);
    enable(0, FSB, 5);
    run(12 * TICK);
    EXPECT_EQ(hpet_node_read(&node, HPET_AT_MAIN_CNT, 8), 2);
    run(SIM_MS);
    ASSERT_EQ(rig.arrivals, 1);
    EXPECT_EQ(rig.log[0].time, 15 * TICK);
}

TEST(hpet_node, counter_reads_the_ticks_that_are_over)
{
    start();
    write(HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    run(100 * TICK - 1);
    EXPECT_EQ(hpet_node_read(&node, HPET_AT_MAIN_CNT, 4), 99);
    run(100 * TICK);
    EXPECT_EQ(hpet_node_read(&node, HPET_AT_MAIN_CNT, 4), 100);
    EXPECT_EQ(hpet_node_read(&node, HPET_AT_MAIN_CNT, 4), 100,
              "a read is free");
}

TEST(hpet_node, level_line_changes_at_the_match_and_with_the_clearing_write)
{
    start();
    enable(1, LEVEL | ROUTE(21), 7);
    run(SIM_US);
    write(HPET_AT_GINTR_STA, 2);
    ASSERT_EQ(rig.arrivals, 2);
    expect_line(0, 7 * TICK, true);
    expect_line(1, SIM_US, false);
    EXPECT_EQ(rig.irqs.count[node.config.irq_source].sent, 0,
              "the interrupt is the I/O APIC's");
}

TEST(hpet_node, edge_line_is_low_for_the_tick_after_the_match)
{
    start();
    enable(1, EDGE | PERIODIC | ROUTE(21), 7);
    run(15 * TICK);
    ASSERT_EQ(rig.arrivals, 3);
    expect_line(0, 8 * TICK, true);
    expect_line(1, 14 * TICK, false);
    expect_line(2, 15 * TICK, true);
}

/* The rise of one does not wait for the other's. */
TEST(hpet_node, edges_of_neighbouring_ticks_are_their_own)
{
    start();
    write(hpet_at(HPET_AT_TN_CONF, 0), EDGE | ROUTE(20));
    write(hpet_at(HPET_AT_TN_COMP, 0), 8);
    enable(1, EDGE | ROUTE(21), 7);
    run(SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    expect_line(0, 8 * TICK, true);
    EXPECT_EQ(rig.log[1].msg.line.line, 20);
    EXPECT_EQ(rig.log[1].time, 9 * TICK);
}

static void read_counter(void *hpet_node, struct event *ev)
{
    (void)ev;
    hpet_node_read(hpet_node, HPET_AT_MAIN_CNT, 8);
}

/* Nor if an access is the first to see that tick. */
TEST(hpet_node, edge_rises_before_another_falls_in_an_access)
{
    static struct event ev;

    start();
    event_init(&ev, engine_add_target(&rig.engine, read_counter, &node), 0);
    engine_schedule(&rig.engine, &ev, 8 * TICK);
    write(hpet_at(HPET_AT_TN_CONF, 0), EDGE | ROUTE(20));
    write(hpet_at(HPET_AT_TN_COMP, 0), 8);
    enable(1, EDGE | ROUTE(21), 7);
    run(SIM_US);
    ASSERT_EQ(rig.arrivals, 2);
    expect_line(0, 8 * TICK, true);
    EXPECT_EQ(rig.log[1].time, 9 * TICK);
}

TEST(hpet_node, shows_the_period_of_its_clock)
{
    start();
    EXPECT_EQ(hpet_node_read(&node, HPET_AT_GCAP_ID + 4, 4), PERIOD_FS);
}

TEST(hpet_node, edge_does_not_rise_once_the_timer_is_off)
{
    start();
    enable(1, EDGE | ROUTE(21), 7);
    run(7 * TICK);
    write(hpet_at(HPET_AT_TN_CONF, 1), ROUTE(21));
    run(SIM_US);
    EXPECT_EQ(rig.arrivals, 0);
}

TEST(hpet_node, write_at_the_tick_of_a_match_comes_behind_it)
{
    start();
    enable(0, FSB, 7);
    run(7 * TICK - 1);
    EXPECT_EQ(rig.arrivals, 0);
    run(7 * TICK + 1);
    EXPECT_EQ(rig.arrivals, 1);
    write(HPET_AT_MAIN_CNT, 6);
    run(8 * TICK + 1);
    EXPECT_EQ(rig.arrivals, 2, "it counts to 7 again");
}

TEST(hpet_node, halted_or_silenced_it_has_no_events)
{
    start();
    enable(0, FSB | PERIODIC, 7);
    write(HPET_AT_GEN_CONF, 0);
    EXPECT_EQ(engine_next(&rig.engine), SIM_TIME_NEVER);
    write(HPET_AT_GEN_CONF, HPET_ENABLE_CNF);
    EXPECT_EQ(engine_next(&rig.engine), 7 * TICK);
    write(HPET_AT_TN_CONF, HPET_FSB_EN_CNF);
    EXPECT_EQ(engine_next(&rig.engine), SIM_TIME_NEVER);
    enable(1, FSB, UINT64_C(1) << 62);
    EXPECT_EQ(engine_next(&rig.engine), SIM_TIME_NEVER, "beyond all time");
}

TEST(hpet_node, accesses_that_its_manual_forbids_are_counted)
{
    const uint64_t *warned = node.warnings;

    start();
    hpet_node_read(&node, 0x018, 4);
    hpet_node_write(&node, 0x180, 4, 0);
    EXPECT_EQ(warned[HPET_WARNING_HOLE], 2);
    hpet_node_read(&node, 0x0f2, 4);
    hpet_node_write(&node, 0x0f0, 1, 0);
    hpet_node_write(&node, 0x0f4, 8, 0);
    EXPECT_EQ(warned[HPET_WARNING_WIDTH], 3);
    hpet_node_write(&node, 0x0f4, 4, 0);
    EXPECT_EQ(warned[HPET_WARNING_RUNNING], 0);
    hpet_node_write(&node, 0x010, 4, 1);
    hpet_node_write(&node, 0x0f4, 4, 0);
    EXPECT_EQ(warned[HPET_WARNING_RUNNING], 1);
    hpet_node_write(&node, 0x108, 4, 0);
    hpet_node_read(&node, 0x0f0, 8);
    EXPECT_EQ(warned[HPET_WARNING_RUNNING], 1);
    EXPECT_EQ(warned[HPET_WARNING_NONE], 4);
}

TEST(hpet_node, warnings_have_names)
{
    EXPECT_STREQ(hpet_warning_name(HPET_WARNING_WIDTH), "width");
    EXPECT_STREQ(hpet_warning_name(HPET_WARNING_HOLE), "hole");
    EXPECT_STREQ(hpet_warning_name(HPET_WARNING_RUNNING), "running");
}
