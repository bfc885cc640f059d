/* Walks every register of nic_regs.def, and holds the table against numbers. */
#include "models/pcie/nic_node_regs.h"
#include "models/pcie/test/pcie_rig.h"

#define ONES UINT32_C(0xffffffff)

static struct rig rig;
static struct nic_node nic;

static void start(void)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = {.line_rate = 1000000000,
                           .message_bytes = 125,
                           .complete_every = 1,
                           .ack_every = 1};

    nic_node_init(&nic, &p, &c);
    rig_enable(&nic.fn, 4);
}

static uint32_t dword(uint32_t at)
{
    return (uint32_t)nic_node_read(&nic, at, 4);
}

TEST(nic_regs, have_their_reset_values)
{
    start();
    for (unsigned r = 0; r < NIC_REG_COUNT; r++) {
        const struct nic_reg_row *row = &nic_reg_row[r];

        for (uint32_t k = 0; k < row->count; k++)
            EXPECT_EQ(dword(row->offset + 4 * k), row->reset, "%s", row->title);
    }
    EXPECT_EQ(nic.fn.warnings[PCIE_WARNING_BAR_HOLE], 0);
}

TEST(nic_regs, take_their_writable_bits_only)
{
    for (unsigned r = 0; r < NIC_REG_COUNT; r++) {
        const struct nic_reg_row *row = &nic_reg_row[r];

        start();
        if (row->access != NIC_RW)
            EXPECT_EQ(row->writable, 0, "%s", row->title);
        for (uint32_t k = 0; k < row->count; k++) {
            uint32_t at = row->offset + 4 * k;

            nic_node_write(&nic, at, 4, ONES & ~PCIE_THROTTLE_KEEP_COUNTER);
            EXPECT_EQ(dword(at), row->writable & ~PCIE_THROTTLE_KEEP_COUNTER,
                      "%s", row->title);
            nic_node_write(&nic, at, 4, ONES);
            nic_node_write(&nic, at, 4, 0);
            EXPECT_EQ(dword(at), 0, "%s", row->title);
        }
    }
}

TEST(nic_regs, each_keeps_its_own_value)
{
    start();
    for (uint32_t at = NIC_REG_RXWB_UPPER; at >= NIC_REG_TXWB; at -= 4)
        nic_node_write(&nic, at, 4, 0x1000 + at);
    for (uint32_t k = PCIE_VECTORS; k-- > 0;)
        nic_node_write(&nic, NIC_REG_EITR + 4 * k, 4, (k + 1) << 2);
    for (uint32_t at = NIC_REG_TXWB; at <= NIC_REG_RXWB_UPPER; at += 4)
        EXPECT_EQ(dword(at), 0x1000 + at);
    for (uint32_t k = 0; k < PCIE_VECTORS; k++)
        EXPECT_EQ(dword(NIC_REG_EITR + 4 * k), (k + 1) << 2);
}

TEST(nic_regs, two_neighbours_are_written_as_a_quadword)
{
    start();
    nic_node_write(&nic, 0x1680, 8, UINT64_C(0x0000002000000010));
    EXPECT_EQ(dword(0x1680), 0x10);
    EXPECT_EQ(dword(0x1684), 0x20);
    EXPECT_EQ(nic_node_read(&nic, 0x1680, 8), UINT64_C(0x0000002000000010));
}

/* Their places in numbers: the walks take theirs from the table. */
TEST(nic_regs, lie_where_drivers_look_for_them)
{
    static const uint32_t places[] = {0x0000, 0x0010, 0x0014, 0x0018,
                                      0x001c, 0x0020, 0x0024, 0x1680};

    ASSERT_EQ(NIC_REG_COUNT, sizeof places / sizeof places[0]);
    for (unsigned r = 0; r < NIC_REG_COUNT; r++) {
        EXPECT_EQ(nic_reg_row[r].offset, places[r]);
        EXPECT_EQ(nic_reg_row[r].count, r == NIC_EITR ? 32 : 1);
    }
}

TEST(nic_regs, are_followed_by_holes)
{
    static const uint32_t holes[] = {0x0004, 0x000c, 0x0028, 0x0ffc,
                                     0x1040, 0x167c, 0x1700};

    start();
    for (unsigned i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        nic_node_write(&nic, holes[i], 4, ONES);
        EXPECT_EQ(dword(holes[i]), 0, "at %x", holes[i]);
        EXPECT_EQ(nic.fn.warnings[PCIE_WARNING_BAR_HOLE], 2 * i + 2, "at %x",
                  holes[i]);
    }
}

TEST(nic_regs, throttle_registers_are_doublewords)
{
    start();
    nic_node_write(&nic, NIC_REG_EITR, 2, 0x10);
    EXPECT_EQ(nic.fn.warnings[PCIE_WARNING_BAR_WIDTH], 1);
    EXPECT_EQ(dword(NIC_REG_EITR), 0);
    nic_node_write(&nic, NIC_REG_EITR, 4, 0x7ffc);
    EXPECT_EQ(nic_node_read(&nic, NIC_REG_EITR + 1, 1), 0x7f);
}
