/* A hostile function: what it forges, and what keeps it from it. */
#include "models/pcie/rogue_node.h"
#include "models/pcie/test/pcie_rig.h"

#define CPUS 3u
#define ENTRIES 64u /* of a table that it tries */
#define MESSAGES 7500u

static struct rig rig;
static struct pcie_node fn;
static struct rogue_node rogue;

/* A link that keeps up with it. */
static void start(bool bus_master)
{
    struct pcie_node_config p = rig_init(&rig);
    struct rogue_config c = {
        .interval = 10 * SIM_US, .cpus = CPUS, .seed = 1, .stream = 1};

    pcie_node_init(&fn, &p);
    if (bus_master)
        pcie_node_config_write(&fn, PCIE_AT_COMMAND, 2,
                               PCIE_COMMAND_BUS_MASTER);
    rogue_node_init(&rogue, &fn, &c);
    engine_run(&rig.engine, MESSAGES * c.interval);
}

static uint32_t remappable(const struct msg_write *w)
{
    return w->addr >> 4 & 1;
}

/* Interrupt_index, as handle or as subhandle: never both. */
static uint64_t index_of(const struct msg_write *w)
{
    bool subhandle_valid = w->addr >> 3 & 1;

    EXPECT_EQ(w->addr & 0xfff00007, 0xfee00000, "no other bit");
    EXPECT_EQ(subhandle_valid ? w->addr >> 5 & 0x7fff : w->data, 0);
    return subhandle_valid ? w->data : w->addr >> 5 & 0x7fff;
}

TEST(rogue_node, forges_as_many_messages_of_either_format)
{
    uint32_t count[2] = {0};

    start(true);
    EXPECT_NEAR(rig.arrivals, MESSAGES, MESSAGES / 10);
    for (uint32_t i = 0; i < rig.arrivals; i++) {
        EXPECT_EQ(rig.log[i].msg.kind, MSG_WRITE);
        EXPECT_EQ(rig.log[i].msg.write.bytes, 4);
        count[remappable(&rig.log[i].msg.write)]++;
    }
    EXPECT_NEAR(count[0], count[1], MESSAGES / 10);
}

TEST(rogue_node, tries_each_of_the_first_entries_by_handle_and_by_subhandle)
{
    uint32_t count[2][ENTRIES] = {{0}};

    start(true);
    for (uint32_t i = 0; i < rig.arrivals; i++) {
        const struct msg_write *w = &rig.log[i].msg.write;

        if (!remappable(w))
            continue;
        ASSERT_LT(index_of(w), ENTRIES);
        count[w->addr >> 3 & 1][index_of(w)]++;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        EXPECT_GT(count[0][i], 0, "handle %u", i);
        EXPECT_GT(count[1][i], 0, "subhandle %u", i);
    }
}

/* Vectors below 16 are no interrupt's; NMI, SMI and INIT have none. */
TEST(rogue_node, forges_any_vector_for_any_cpu_and_three_in_eight_without_one)
{
    uint32_t vector[256] = {0}, mode[8] = {0}, cpu[CPUS] = {0}, all = 0;

    start(true);
    for (uint32_t i = 0; i < rig.arrivals; i++) {
        const struct msg_write *w = &rig.log[i].msg.write;

        if (remappable(w))
            continue;
        ASSERT_LT(w->addr >> 12 & 0xff, CPUS);
        EXPECT_EQ(w->addr & 0xfff00fff, 0xfee00000, "physical, no hint");
        EXPECT_EQ(w->data & ~UINT64_C(0x7ff), 0, "edge");
        cpu[w->addr >> 12 & 0xff]++;
        mode[w->data >> 8 & 7]++;
        vector[w->data & 0xff]++;
        all++;
    }
    for (unsigned v = 1; v < 256; v++)
        EXPECT_EQ(vector[v] != 0, v >= 16, "vector %u", v);
    for (unsigned i = 0; i < CPUS; i++)
        EXPECT_NEAR(cpu[i], all / CPUS, all / 10);
    EXPECT_NEAR(mode[DELIVERY_FIXED], all * 5 / 8, all / 20);
    EXPECT_EQ(vector[0], all - mode[DELIVERY_FIXED]);
    EXPECT_EQ(vector[0],
              mode[DELIVERY_NMI] + mode[DELIVERY_SMI] + mode[DELIVERY_INIT]);
}

TEST(rogue_node, writes_nothing_without_bus_mastering)
{
    start(false);
    EXPECT_EQ(rig.arrivals, 0);
}
