/* Identity mapping: entries that send what their sources sent before. */
#include "models/ioapic/ioapic.h"
#include "software/vtd.h"
#include "tests/gtest_c.h"

#define TABLE 0x400000u

struct adopted {
    struct vtd vtd;
    struct mem mem;
    struct mem_page page[8];
};

static void adopted_setup(struct adopted *f)
{
    static const struct vtd_config config = {.memory = TABLE, .entries = 256};

    mem_init(&f->mem, f->page, 8);
    vtd_init(&f->vtd, &config);
    vtd_allocate(&f->vtd, 1); /* so that 0 is no answer */
}

static void adopted_teardown(struct adopted *f)
{
    (void)f;
}

static uint64_t low(struct adopted *f, unsigned index)
{
    return mem_read64(&f->mem, TABLE + 16 * index);
}

static uint64_t high(struct adopted *f, unsigned index)
{
    return mem_read64(&f->mem, TABLE + 16 * index + 8);
}

TEST_F(adopted, message_keeps_vector_and_destination)
{
    struct vtd_source s = {0xfee05000, 0x0051, 0x0108, 1};

    EXPECT_EQ(vtd_adopt(&f->vtd, &f->mem, &s), vtd_msi_address(1, false));
    EXPECT_EQ(low(f, 1), UINT64_C(0x0000050000510001));
    EXPECT_EQ(high(f, 1), 0x40108);
}

TEST_F(adopted, message_keeps_logical_destination_hint_mode_and_trigger)
{
    struct vtd_source s = {0xfee0500c, 0xc151, 0x0108, 1};

    vtd_adopt(&f->vtd, &f->mem, &s);
    EXPECT_EQ(low(f, 1), UINT64_C(0x000005000051003d));
}

TEST_F(adopted, messages_of_msi_have_entries_in_the_order_of_their_vectors)
{
    struct vtd_source s = {0xfee00000, 0x0042, 0x0108, 4};

    EXPECT_EQ(vtd_adopt(&f->vtd, &f->mem, &s), vtd_msi_address(4, true));
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(low(f, 4 + i) >> IOMMU_IRTE_VECTOR_SHIFT & 0xff, 0x40 + i);
}

TEST_F(adopted, redirection_entry_keeps_vector_trigger_polarity_and_mask)
{
    uint32_t kept = 0x61 | IOAPIC_RTE_ACTIVE_LOW | IOAPIC_RTE_LEVEL;
    uint64_t rte = UINT64_C(0x05) << 56 | kept;

    EXPECT_EQ(vtd_adopt_rte(&f->vtd, &f->mem, rte, 0x00f8),
              (uint64_t)vtd_rte_high(1) << 32 | kept);
    EXPECT_EQ(low(f, 1), UINT64_C(0x0000050000610011));
    EXPECT_EQ(high(f, 1), 0x400f8);
    EXPECT_EQ(vtd_adopt_rte(&f->vtd, &f->mem, rte | IOAPIC_RTE_MASKED, 0x00f8),
              (uint64_t)vtd_rte_high(2) << 32 | kept | IOAPIC_RTE_MASKED);
}

TEST_F(adopted, redirection_entry_gives_its_mode_and_logical_bit_away)
{
    uint32_t lowest = DELIVERY_LOWEST << IOAPIC_RTE_MODE_SHIFT;
    uint64_t rte = 0x61 | lowest | IOAPIC_RTE_LOGICAL | IOAPIC_RTE_REMOTE_IRR;

    EXPECT_EQ((uint32_t)vtd_adopt_rte(&f->vtd, &f->mem, rte, 0), 0x61);
    EXPECT_EQ(low(f, 1), UINT64_C(0x000000000061002d));
}
