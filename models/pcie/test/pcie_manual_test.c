/*
 * Configuration space and MSI-X table as a dump shows them, in numbers: the
 * walks in pcie_regs_test.c take theirs from the table and cannot know a wrong
 * one.  A function with 8 MSI vectors, 64-bit address and mask bits, and 5
 * MSI-X vectors.
 */
#include "models/pcie/pcie_regs.h"
#include "tests/gtest_c.h"

/* Doublewords after reset, and after all ones were written everywhere.  Those
 * that are not listed are 0. */
static const struct dword {
    const char *name;
    unsigned at;
    uint32_t reset, ones;
} dwords[] = {
    {"ids", 0x00, 0x00111234, 0x00111234},
    {"command_and_status", 0x04, 0x00100000, 0x00100406},
    {"class", 0x08, 0x02000001, 0x02000001},
    {"cache_line", 0x0c, 0x00000000, 0x000000ff},
    {"bar_0", 0x10, 0x00000000, 0xffffc000},
    {"subsystem", 0x2c, 0x00011234, 0x00011234},
    {"capabilities", 0x34, 0x00000050, 0x00000050},
    {"interrupt", 0x3c, 0x00000100, 0x000001ff},
    {"msi_control", 0x50, 0x01867005, 0x01b77005},
    {"msi_address", 0x54, 0x00000000, 0xfffffffc},
    {"msi_upper_address", 0x58, 0x00000000, 0xffffffff},
    {"msi_data", 0x5c, 0x00000000, 0x0000ffff},
    {"msi_mask", 0x60, 0x00000000, 0x000000ff},
    {"msix_control", 0x70, 0x00040011, 0xc0040011},
    {"msix_table", 0x74, 0x00001000, 0x00001000},
    {"msix_pba", 0x78, 0x00002000, 0x00002000},
};

static struct pcie function(void)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msi_vectors = 8,
                                       .msi_features = 0x0080 | 0x0100,
                                       .msix_vectors = 5});
    return p;
}

static const struct dword *dword_at(unsigned at)
{
    static const struct dword zero = {"zero", 0, 0, 0};

    for (size_t i = 0; i < sizeof dwords / sizeof dwords[0]; i++)
        if (dwords[i].at == at)
            return &dwords[i];
    return &zero;
}

TEST(pcie_manual, configuration_space_is_as_a_dump_shows_it)
{
    struct pcie p = function();

    for (unsigned at = 0; at < 0x100; at += 4)
        EXPECT_EQ(pcie_config_read(&p, at, 4), dword_at(at)->reset, "at %x",
                  at);
    for (unsigned at = 0; at < 0x100; at += 4)
        pcie_config_write(&p, at, 4, 0xffffffff);
    for (unsigned at = 0; at < 0x100; at += 4)
        EXPECT_EQ(pcie_config_read(&p, at, 4), dword_at(at)->ones, "at %x", at);
}

TEST(pcie_manual, a_byte_is_writable_if_ones_change_it)
{
    struct pcie p = function();

    for (unsigned at = 0; at < 0x100; at++) {
        const struct dword *d = dword_at(at & ~3u);

        EXPECT_EQ(pcie_config_writable(&p, at),
                  ((d->reset ^ d->ones) >> 8 * (at % 4) & 0xff) != 0, "at %x",
                  at);
    }
}

TEST(pcie_manual, each_capability_bit_acts_where_it_is_printed)
{
    struct pcie p = function();

    EXPECT_EQ(pcie_mode(&p), PCIE_INTX);
    pcie_config_write(&p, 0x52, 2, 1u << 0);
    EXPECT_EQ(pcie_mode(&p), PCIE_MSI, "MSI enable");
    pcie_config_write(&p, 0x72, 2, 1u << 15);
    EXPECT_EQ(pcie_mode(&p), PCIE_MSIX, "MSI-X enable");
    EXPECT_FALSE(pcie_bus_master(&p));
    pcie_config_write(&p, 0x04, 2, 1u << 2);
    EXPECT_TRUE(pcie_bus_master(&p));
}

TEST(pcie_manual,
     status_bit_3_shows_the_condition_and_command_bit_10_hides_intx)
{
    struct pcie p = function();

    pcie_cause(&p, 0);
    EXPECT_TRUE(pcie_intx(&p));
    EXPECT_EQ(pcie_config_read(&p, 0x06, 2), 0x0018);
    pcie_config_write(&p, 0x04, 2, 1u << 10);
    EXPECT_FALSE(pcie_intx(&p));
    EXPECT_EQ(pcie_config_read(&p, 0x06, 2), 0x0018);
}

TEST(pcie_manual, table_is_where_the_capability_says)
{
    struct pcie p = function();

    for (uint32_t at = 0x1000; at < 0x1050; at += 16) {
        EXPECT_EQ(pcie_msix_read(&p, at, 8), 0);
        EXPECT_EQ(pcie_msix_read(&p, at + 8, 8), UINT64_C(1) << 32, "masked");
        pcie_msix_write(&p, at, 8, UINT64_MAX);
        pcie_msix_write(&p, at + 8, 8, UINT64_MAX);
        EXPECT_EQ(pcie_msix_read(&p, at, 8), UINT64_C(0xfffffffffffffffc));
        EXPECT_EQ(pcie_msix_read(&p, at + 8, 8), UINT64_C(0x1ffffffff));
    }
    EXPECT_EQ(pcie_msix_read(&p, 0x1050, 8), 0, "there are five entries");
}

TEST(pcie_manual, pending_bits_are_where_the_capability_says)
{
    struct pcie p = function();

    pcie_config_write(&p, 0x04, 2, 1u << 2);
    pcie_config_write(&p, 0x72, 2, 1u << 15 | 1u << 14);
    pcie_msix_write(&p, 0x100c, 4, 0);
    pcie_cause(&p, 0);
    pcie_cause(&p, 4);
    EXPECT_EQ(pcie_msix_read(&p, 0x2000, 8), 0x11);
    EXPECT_EQ(pcie_config_write(&p, 0x72, 2, 1u << 15).send, 0x01,
              "the function mask goes, that of entry 4 stays");
}

TEST(pcie_manual, nothing_is_behind_the_last_entry_of_a_full_table)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msix_vectors = 32});
    pcie_config_write(&p, 0x04, 2, 1u << 2);
    pcie_config_write(&p, 0x72, 2, 1u << 15);
    pcie_cause(&p, 31);
    EXPECT_EQ(pcie_msix_read(&p, 0x2000, 8), 0x80000000);
    for (uint32_t at = 0x1200; at < 0x1240; at += 4)
        EXPECT_EQ(pcie_msix_read(&p, at, 4), 0, "at %x", at);
    pcie_msix_write(&p, 0x1200, 4, 0xffffffff);
    EXPECT_EQ(pcie_msix_read(&p, 0x2000, 8), 0x80000000);
}
