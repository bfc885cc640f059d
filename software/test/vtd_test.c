/* The driver of interrupt remapping: encodings, entries, allocation. */
#include "software/vtd.h"
#include "tests/gtest_c.h"

struct driver {
    struct vtd vtd;
    struct mem mem;
    struct mem_page page[8];
};

static void driver_setup(struct driver *f)
{
    static const struct vtd_config config = {
        .memory = 0x400000, .entries = 256, .x2apic = true};

    mem_init(&f->mem, f->page, 8);
    vtd_init(&f->vtd, &config);
}

static void driver_teardown(struct driver *f)
{
    (void)f;
}

/* The page's own example, and its four encodings. */
TEST(vtd, address_has_the_index_in_two_places)
{
    EXPECT_EQ(vtd_msi_address(0x8005, true), 0xfee000bc);
    EXPECT_EQ(vtd_msi_address(0x0005, false), 0xfee000b0);
    EXPECT_EQ(vtd_msi_address(0x7fff, false), 0xfeefffe0 | 0x10);
    EXPECT_EQ(vtd_msi_address(0x8000, false), 0xfee00014);
}

TEST(vtd, redirection_entry_has_the_index_above_the_format_bit)
{
    EXPECT_EQ(vtd_rte_high(0x0123), 0x02470000);
    EXPECT_EQ(vtd_rte_high(0x7fff), 0xffff0000);
}

TEST_F(driver, blocks_of_entries_are_aligned)
{
    EXPECT_EQ(vtd_allocate(&f->vtd, 1), 0);
    EXPECT_EQ(vtd_allocate(&f->vtd, 8), 8);
    EXPECT_EQ(vtd_allocate(&f->vtd, 1), 16);
    EXPECT_EQ(vtd_allocate(&f->vtd, 2), 18);
}

TEST_F(driver, entry_is_what_the_target_says)
{
    struct vtd_target t = {.apic_id = 0x12345,
                           .vector = 0x51,
                           .mode = 7,
                           .level = true,
                           .checks_source = true,
                           .sid = 0x0108};

    vtd_fill(&f->vtd, &f->mem, 3, &t);
    EXPECT_EQ(mem_read64(&f->mem, 0x400030), UINT64_C(0x00012345005100f1));
    EXPECT_EQ(mem_read64(&f->mem, 0x400038), 0x40108);
    f->vtd.config.x2apic = false;
    t = (struct vtd_target){.apic_id = 5, .vector = 0x51};
    vtd_fill(&f->vtd, &f->mem, 3, &t);
    EXPECT_EQ(mem_read64(&f->mem, 0x400030), UINT64_C(0x0000050000510001));
    EXPECT_EQ(mem_read64(&f->mem, 0x400038), 0);
}
