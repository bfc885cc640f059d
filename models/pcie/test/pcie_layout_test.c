/* The layouts of the MSI capability, byte by byte as configuration space shows
 * them, and what each of them sends. */
#include "models/pcie/pcie_regs.h"
#include "tests/gtest_c.h"

#define CAPABILITY PCIE_AT_MSI_ID
#define CAPABILITY_BYTES 0x18u

/* Offsets in the capability; 0: the layout has no such register. */
struct layout {
    const char *name;
    uint32_t features;
    unsigned upper_address, data, mask, pending, end;
};

static const struct layout layouts[] = {
    {"32 bit", 0, 0, 0x08, 0, 0, 0x0a},
    {"64 bit", PCIE_MSI_64BIT, 0x08, 0x0c, 0, 0, 0x0e},
    {"32 bit with masking", PCIE_MSI_MASKING, 0, 0x08, 0x0c, 0x10, 0x14},
    {"64 bit with masking", PCIE_MSI_64BIT | PCIE_MSI_MASKING, 0x08, 0x0c, 0x10,
     0x14, 0x18},
};

#define EACH_LAYOUT(l)                                                         \
    for (const struct layout *l = layouts;                                     \
         l < layouts + sizeof layouts / sizeof *layouts; l++)

static struct pcie function(uint32_t features)
{
    struct pcie p;

    pcie_init(&p,
              &(struct pcie_build){.msi_vectors = 4, .msi_features = features});
    pcie_config_write(&p, PCIE_AT_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
    return p;
}

static uint32_t read(const struct pcie *p, unsigned at, unsigned bytes)
{
    return pcie_config_read(p, CAPABILITY + at, bytes);
}

static struct pcie_out write(struct pcie *p, unsigned at, unsigned bytes,
                             uint32_t value)
{
    struct pcie_out out = pcie_config_write(p, CAPABILITY + at, bytes, value);
    const char *broken = pcie_check(p);

    EXPECT_TRUE(!broken, "%s", broken);
    return out;
}

/* Every register with ones written to it; zero where there is none. */
static void expect_bytes(const struct layout *l, bool extended)
{
    struct pcie p =
        function(l->features | (extended ? PCIE_MSI_EXTENDED_CAPABLE : 0));
    uint8_t want[CAPABILITY_BYTES] = {0x05};

    for (unsigned at = 4; at < CAPABILITY_BYTES; at += 4)
        write(&p, at, 4, 0xffffffff);
    write(&p, 2, 2, 0xffff);
    want[2] = (uint8_t)(0x25 | (l->features & PCIE_MSI_64BIT));
    want[3] = (uint8_t)(l->features >> 8 | (extended ? 0x6 : 0));
    for (unsigned i = 0; i < 4; i++) {
        want[4 + i] = i ? 0xff : 0xfc;
        if (l->upper_address)
            want[l->upper_address + i] = 0xff;
        if (i < 2 || extended)
            want[l->data + i] = 0xff;
    }
    if (l->mask)
        want[l->mask] = 0x0f;
    for (unsigned at = 0; at < CAPABILITY_BYTES; at++)
        EXPECT_EQ(read(&p, at, 1), want[at], "%s%s, +%02x", l->name,
                  extended ? ", extended data" : "", at);
}

TEST(pcie_layout, each_one_shows_its_bytes_and_zero_behind_them)
{
    EACH_LAYOUT(l)
    {
        expect_bytes(l, false);
        expect_bytes(l, true);
    }
}

TEST(pcie_layout, registers_lie_where_pcie_reg_at_says)
{
    EACH_LAYOUT(l)
    {
        struct pcie p = function(l->features);
        unsigned upper = pcie_reg_at(&p, PCIE_MSI_UPPER_ADDRESS);
        unsigned mask = pcie_reg_at(&p, PCIE_MSI_MASK);
        unsigned pending = pcie_reg_at(&p, PCIE_MSI_PENDING);

        EXPECT_EQ(upper, l->upper_address ? CAPABILITY + l->upper_address : 0);
        EXPECT_EQ(pcie_reg_at(&p, PCIE_MSI_DATA), CAPABILITY + l->data);
        EXPECT_EQ(mask, l->mask ? CAPABILITY + l->mask : 0);
        EXPECT_EQ(pending, l->pending ? CAPABILITY + l->pending : 0);
        EXPECT_EQ(pcie_reg_at(&p, PCIE_MSI_EXTENDED_DATA), 0);
    }
}

TEST(pcie_layout, at_8_is_the_data_with_32_bit_and_the_upper_address_with_64)
{
    struct pcie narrow = function(0), wide = function(PCIE_MSI_64BIT);

    write(&narrow, 0x4, 4, 0xfee01000);
    write(&wide, 0x4, 4, 0xfee01000);
    write(&narrow, 0x8, 4, 0x31);
    write(&wide, 0x8, 4, 0x31);
    write(&wide, 0xc, 2, 0x32);
    EXPECT_EQ(pcie_message(&narrow, 0).addr, 0xfee01000);
    EXPECT_EQ(pcie_message(&narrow, 0).data, 0x31);
    EXPECT_EQ(pcie_message(&wide, 0).addr, UINT64_C(0x31fee01000));
    EXPECT_EQ(pcie_message(&wide, 0).data, 0x32);
}

TEST(pcie_layout, the_next_capability_lies_behind_all_of_them)
{
    EACH_LAYOUT(l)
    EXPECT_LE(CAPABILITY + l->end, PCIE_AT_MSIX_ID, "%s", l->name);
}

/* Masking in the place where the layout has it. */
TEST(pcie_layout, masking_works_in_both_layouts_that_have_it)
{
    EACH_LAYOUT(l)
    {
        struct pcie p = function(l->features);

        if (!l->mask)
            continue;
        write(&p, 2, 2, PCIE_MSI_ENABLE | 2 << PCIE_MSI_MME_SHIFT);
        write(&p, l->mask, 4, 1u << 3);
        EXPECT_EQ(pcie_cause(&p, 3).send, 0, "%s", l->name);
        EXPECT_EQ(read(&p, l->pending, 4), 1u << 3, "%s", l->name);
        EXPECT_EQ(write(&p, l->mask, 4, 0).send, 1u << 3, "%s", l->name);
        EXPECT_EQ(read(&p, l->pending, 4), 0, "%s", l->name);
    }
}

TEST(pcie_layout, without_masking_no_write_keeps_a_message_back)
{
    struct pcie p = function(PCIE_MSI_64BIT);

    write(&p, 2, 2, PCIE_MSI_ENABLE);
    write(&p, 0x10, 4, 0xffffffff);
    EXPECT_EQ(pcie_cause(&p, 0).send, 1);
}

TEST(pcie_layout, the_upper_data_bits_are_0_until_extended_data_is_enabled)
{
    struct pcie p = function(PCIE_MSI_EXTENDED_CAPABLE);

    write(&p, 0x8, 4, 0xabcd4047);
    write(&p, 2, 2, PCIE_MSI_ENABLE | 2 << PCIE_MSI_MME_SHIFT);
    EXPECT_EQ(pcie_message(&p, 2).data, 0x4046);
    write(&p, 2, 2,
          PCIE_MSI_ENABLE | PCIE_MSI_EXTENDED_ENABLE | 2 << PCIE_MSI_MME_SHIFT);
    EXPECT_EQ(pcie_message(&p, 2).data, 0xabcd4046);
}

TEST(pcie_layout, extended_data_needs_the_capability)
{
    struct pcie p = function(0);

    write(&p, 0xa, 2, 0xabcd);
    write(&p, 2, 2, PCIE_MSI_ENABLE | PCIE_MSI_EXTENDED_ENABLE);
    EXPECT_EQ(read(&p, 2, 2) & PCIE_MSI_EXTENDED_ENABLE, 0);
    EXPECT_EQ(read(&p, 0xa, 2), 0);
    EXPECT_EQ(pcie_message(&p, 0).data, 0);
}

TEST(pcie_layout, reset_leaves_only_what_the_function_is_built_with)
{
    EACH_LAYOUT(l)
    {
        struct pcie p = function(l->features | PCIE_MSI_EXTENDED_CAPABLE);

        EXPECT_EQ(read(&p, 2, 2),
                  l->features | PCIE_MSI_EXTENDED_CAPABLE | 2u << 1, "%s",
                  l->name);
        for (unsigned at = 4; at < CAPABILITY_BYTES; at += 4)
            EXPECT_EQ(read(&p, at, 4), 0, "%s, +%02x", l->name, at);
    }
}
