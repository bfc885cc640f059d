/* Walks every register of pcie_regs.def. */
#include <string.h>

#include "models/pcie/pcie_regs.h"
#include "tests/gtest_c.h"

#define ALL UINT32_C(0xffffffff)

/* The layout that has every register. */
#define FULL (PCIE_MSI_64BIT | PCIE_MSI_MASKING | PCIE_MSI_EXTENDED_CAPABLE)

static struct pcie reset_function(void)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msi_vectors = 8,
                                       .msi_features = FULL,
                                       .msix_vectors = 5});
    return p;
}

/* What the way the function is built adds to the table's reset value. */
static uint32_t built_bits(unsigned r)
{
    switch (r) {
    case PCIE_STATUS:
        return 0x0010;
    case PCIE_CAPABILITIES:
        return 0x50;
    case PCIE_MSI_NEXT:
        return 0x70;
    case PCIE_MSI_CONTROL:
        return 3 << 1 | 0x380;
    case PCIE_MSIX_CONTROL:
        return 5 - 1;
    default:
        return 0;
    }
}

/* What stays of all ones written to it. */
static uint32_t written_bits(unsigned r)
{
    switch (r) {
    case PCIE_MSI_CONTROL:
        return 0x400 | 3 << 4 | 1; /* MME clamped to MMC */
    case PCIE_MSI_MASK:
        return 0xff; /* implemented vectors only */
    default:
        return pcie_reg_row[r].writable;
    }
}

static uint32_t read_bytes(const struct pcie *p, unsigned offset,
                           unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= pcie_config_read(p, offset + i, 1) << (8 * i);
    return value;
}

static void write_bytes(struct pcie *p, unsigned offset, unsigned bytes,
                        uint32_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        pcie_config_write(p, offset + i, 1, (value >> (8 * i)) & 0xff);
}

TEST(pcie_regs, have_their_reset_values)
{
    struct pcie p = reset_function();

    for (unsigned r = 0; r < PCIE_REG_COUNT; r++) {
        const struct pcie_reg_row *row = &pcie_reg_row[r];

        EXPECT_EQ(read_bytes(&p, row->offset, row->bytes),
                  row->reset | built_bits(r), "%s", row->title);
    }
}

TEST(pcie_regs, take_their_writable_bits_only)
{
    for (unsigned r = 0; r < PCIE_REG_COUNT; r++) {
        const struct pcie_reg_row *row = &pcie_reg_row[r];
        uint32_t kept = (row->reset | built_bits(r)) & ~row->writable;
        struct pcie p = reset_function();

        write_bytes(&p, row->offset, row->bytes, ALL);
        EXPECT_EQ(read_bytes(&p, row->offset, row->bytes),
                  kept | written_bits(r), "%s", row->title);
        write_bytes(&p, row->offset, row->bytes, 0);
        EXPECT_EQ(read_bytes(&p, row->offset, row->bytes), kept, "%s",
                  row->title);
        EXPECT_TRUE(!pcie_check(&p), "%s", row->title);
    }
}

TEST(pcie_regs, do_not_overlap_and_fit)
{
    bool taken[PCIE_CONFIG_BYTES] = {false};

    for (unsigned r = 0; r < PCIE_REG_COUNT; r++) {
        const struct pcie_reg_row *row = &pcie_reg_row[r];

        for (unsigned i = row->offset; i < row->offset + row->bytes; i++) {
            ASSERT_TRUE(i < PCIE_CONFIG_BYTES, "%s", row->title);
            EXPECT_FALSE(taken[i], "%s", row->title);
            taken[i] = true;
        }
        EXPECT_EQ((uint64_t)row->reset >> (8 * row->bytes), 0);
        EXPECT_EQ((uint64_t)row->writable >> (8 * row->bytes), 0);
    }
}

TEST(pcie_regs, words_and_doublewords_agree_with_bytes)
{
    struct pcie p = reset_function();

    for (unsigned at = 0; at < PCIE_CONFIG_BYTES; at += 4) {
        struct pcie bytewise = p;

        pcie_config_write(&p, at, 4, 0xa5c3f17e);
        write_bytes(&bytewise, at, 4, 0xa5c3f17e);
        EXPECT_EQ(memcmp(&p, &bytewise, sizeof p), 0, "at %x", at);
        EXPECT_EQ(pcie_config_read(&p, at, 4), read_bytes(&p, at, 4));
        EXPECT_EQ(pcie_config_read(&p, at + 2, 2), read_bytes(&p, at + 2, 2));
    }
}

TEST(pcie_regs, of_a_capability_that_is_not_there_read_as_zero)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){0});
    for (unsigned r = 0; r < PCIE_REG_COUNT; r++) {
        const struct pcie_reg_row *row = &pcie_reg_row[r];

        if (row->part == PCIE_PART_HEADER)
            continue;
        write_bytes(&p, row->offset, row->bytes, ALL);
        EXPECT_EQ(read_bytes(&p, row->offset, row->bytes), 0, "%s", row->title);
    }
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_STATUS, 2), 0, "no list");
    EXPECT_EQ(pcie_mode(&p), PCIE_INTX);
}

TEST(pcie_regs, capabilities_form_a_list)
{
    struct pcie p = reset_function();
    unsigned at = pcie_config_read(&p, PCIE_AT_CAPABILITIES, 1);

    EXPECT_EQ(pcie_config_read(&p, at, 1), 0x05);
    at = pcie_config_read(&p, at + 1, 1);
    EXPECT_EQ(pcie_config_read(&p, at, 1), 0x11);
    EXPECT_EQ(pcie_config_read(&p, at + 1, 1), 0, "the last one");
    pcie_init(&p, &(struct pcie_build){.msix_vectors = 1});
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_CAPABILITIES, 1), PCIE_AT_MSIX_ID);
    pcie_init(&p, &(struct pcie_build){.msi_vectors = 1});
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_CAPABILITIES, 1), PCIE_AT_MSI_ID);
}

TEST(pcie_regs, bar_0_tells_its_size)
{
    struct pcie p = reset_function();

    pcie_config_write(&p, PCIE_AT_BAR0, 4, ALL);
    EXPECT_EQ(~pcie_config_read(&p, PCIE_AT_BAR0, 4) + 1, PCIE_BAR_BYTES);
}

TEST(pcie_regs, table_entries_reset_masked_and_keep_their_writable_bits)
{
    struct pcie p = reset_function();

    for (unsigned v = 0; v < 5; v++)
        for (unsigned w = 0; w < PCIE_ENTRY_COUNT; w++) {
            const struct pcie_entry_row *row = &pcie_entry_row[w];
            uint32_t at = PCIE_MSIX_TABLE_AT + 16 * v + 4 * w;

            EXPECT_EQ(pcie_msix_read(&p, at, 4), row->reset, "%s", row->title);
            pcie_msix_write(&p, at, 4, ALL);
            EXPECT_EQ(pcie_msix_read(&p, at, 4), row->writable, "%s",
                      row->title);
            pcie_msix_write(&p, at, 4, 0);
            EXPECT_EQ(pcie_msix_read(&p, at, 4), 0, "%s", row->title);
        }
    EXPECT_EQ(pcie_msix_read(&p, PCIE_MSIX_PBA_AT, 8), 0);
}
