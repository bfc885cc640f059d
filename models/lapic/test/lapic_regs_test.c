/* A walk over every row of the register table, in each mode. */
#include "models/lapic/test/apic_fixture.h"

#define ALL_FEATURES                                                           \
    (LAPIC_HAS_X2APIC | LAPIC_HAS_TSC_DEADLINE | LAPIC_HAS_CMCI |              \
     LAPIC_HAS_EOI_SUPPRESSION | LAPIC_HAS_ID_WRITABLE)

static const struct reg {
    const char *name;
    uint32_t offset, count, reset, writable, reserved;
    enum lapic_access xapic, x2apic;
} regs[] = {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)                                                             \
    {#name,                                                                    \
     offset,                                                                   \
     count,                                                                    \
     reset,                                                                    \
     writable,                                                                 \
     reserved,                                                                 \
     LAPIC_ACCESS_##xapic,                                                     \
     LAPIC_ACCESS_##x2apic},
#define OPTION(name, feature, bits)
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
};

static const struct option {
    const char *name;
    uint32_t offset, feature, bits;
} options[] = {
#define REG(name, offset, count, reset, writable, reserved, xapic, x2apic,     \
            title)
#define OPTION(name, feature, bits)                                            \
    {#name, LAPIC_##name, LAPIC_HAS_##feature, bits},
#include "models/lapic/lapic_regs.def"
#undef REG
#undef OPTION
};

static bool readable(enum lapic_access access)
{
    return access == LAPIC_ACCESS_RO || access == LAPIC_ACCESS_RW;
}

static bool writable(enum lapic_access access)
{
    return access == LAPIC_ACCESS_WO || access == LAPIC_ACCESS_RW;
}

/* Software-disabled parts mask their LVT: the walk uses an enabled one. */
static void with_features(struct apic *f, uint32_t features)
{
    struct lapic_config config = {.features = features};

    *f = (struct apic){0};
    lapic_init(&f->l, &config);
}

static void software_enable(struct apic *f)
{
    f->l.svr |= LAPIC_SVR_ENABLE;
}

/* ID 0 and all features: what the table cannot know of ID, VERSION, LDR. */
static uint32_t reset_value(const struct reg *row, bool x2apic)
{
    if (row->offset == LAPIC_VERSION)
        return row->reset + (1u << 16 | 1u << 24);
    if (row->offset == LAPIC_LDR && x2apic)
        return 1;
    return row->reset;
}

TEST_EACH(lapic_regs, has_its_reset_value, struct reg, regs)
{
    struct apic f;

    for (uint32_t i = 0; i < row->count; i++) {
        with_features(&f, ALL_FEATURES);
        if (readable(row->xapic))
            EXPECT_EQ(get(&f, row->offset + 16 * i), reset_value(row, false));
        enter_x2apic(&f);
        if (readable(row->x2apic))
            EXPECT_EQ(get(&f, row->offset + 16 * i), reset_value(row, true));
    }
}

/* ICR sends, LVT_TIMER changes the timer's mode: storage is what counts. */
static bool stores(const struct reg *row, enum lapic_access access)
{
    return access == LAPIC_ACCESS_RW && row->offset != LAPIC_ESR;
}

TEST_EACH(lapic_regs, stores_its_writable_bits_in_xapic_mode, struct reg, regs)
{
    struct apic f;

    with_features(&f, ALL_FEATURES);
    software_enable(&f);
    if (!stores(row, row->xapic))
        return;
    put(&f, row->offset, 0xffffffff);
    EXPECT_EQ(get(&f, row->offset),
              row->writable | (row->reset & ~row->writable));
    put(&f, row->offset, 0);
    EXPECT_EQ(get(&f, row->offset), row->reset & ~row->writable);
    EXPECT_EQ(errors(&f) & LAPIC_ESR_ILLEGAL_ADDRESS, 0);
}

TEST_EACH(lapic_regs, faults_on_each_reserved_bit_in_x2apic_mode, struct reg,
          regs)
{
    uint32_t msr = LAPIC_MSR_FIRST + row->offset / 16;
    struct apic f;

    if (!writable(row->x2apic))
        return;
    for (int bit = 0; bit < 32; bit++) {
        uint32_t value = 1u << bit;

        with_features(&f, ALL_FEATURES);
        software_enable(&f);
        enter_x2apic(&f);
        EXPECT_EQ(wrmsr(&f, msr, value), !(row->reserved & value), "bit %d",
                  bit);
        if (stores(row, row->x2apic) && !(row->reserved & value) &&
            row->offset != LAPIC_SVR)
            EXPECT_EQ(get(&f, row->offset), value & row->writable, "bit %d",
                      bit);
    }
}

TEST_EACH(lapic_regs, is_accessible_as_its_row_says, struct reg, regs)
{
    uint32_t msr = LAPIC_MSR_FIRST + row->offset / 16;
    struct apic f;

    with_features(&f, ALL_FEATURES);
    software_enable(&f);
    get(&f, row->offset);
    EXPECT_EQ(errors(&f),
              row->xapic == LAPIC_ACCESS_NONE ? LAPIC_ESR_ILLEGAL_ADDRESS : 0u);
    put(&f, row->offset, 0);
    EXPECT_EQ(errors(&f) & LAPIC_ESR_ILLEGAL_ADDRESS,
              row->xapic == LAPIC_ACCESS_NONE ? LAPIC_ESR_ILLEGAL_ADDRESS : 0u);
    enter_x2apic(&f);
    for (uint32_t i = 0; i < row->count; i++) {
        EXPECT_EQ(!rdmsr_faults(&f, msr + i), readable(row->x2apic));
        EXPECT_EQ(wrmsr(&f, msr + i, 0), writable(row->x2apic));
    }
}

TEST_EACH(lapic_regs, ignores_writes_if_it_is_read_only, struct reg, regs)
{
    struct apic f;

    with_features(&f, ALL_FEATURES);
    if (row->xapic != LAPIC_ACCESS_RO)
        return;
    put(&f, row->offset, 0xffffffff);
    EXPECT_EQ(get(&f, row->offset), reset_value(row, false));
    EXPECT_EQ(errors(&f), 0);
}

static bool in_table(uint32_t offset)
{
    for (size_t i = 0; i < sizeof regs / sizeof regs[0]; i++)
        if (offset >= regs[i].offset &&
            offset < regs[i].offset + 16 * regs[i].count)
            return true;
    return false;
}

TEST(lapic_regs, every_other_slot_is_reserved)
{
    struct apic f;

    for (uint32_t offset = 0; offset < 4096; offset += 16) {
        if (in_table(offset))
            continue;
        with_features(&f, ALL_FEATURES);
        EXPECT_EQ(get(&f, offset), 0, "offset %x", offset);
        EXPECT_EQ(errors(&f), LAPIC_ESR_ILLEGAL_ADDRESS, "offset %x", offset);
        put(&f, offset, 0);
        EXPECT_EQ(errors(&f), LAPIC_ESR_ILLEGAL_ADDRESS, "offset %x", offset);
        enter_x2apic(&f);
        EXPECT_TRUE(rdmsr_faults(&f, 0x800 + offset / 16));
        EXPECT_FALSE(wrmsr(&f, 0x800 + offset / 16, 0));
    }
}

TEST_EACH(lapic_options, bits_do_not_exist_without_the_feature, struct option,
          options)
{
    uint32_t bit = row->bits & ~(row->bits - 1);
    struct apic f;

    with_features(&f, ALL_FEATURES & ~row->feature);
    software_enable(&f);
    put(&f, row->offset, row->bits);
    EXPECT_EQ(get(&f, row->offset) & row->bits, 0);
    enter_x2apic(&f);
    EXPECT_FALSE(wrmsr(&f, 0x800 + row->offset / 16, bit));
}

TEST(lapic_regs, version_counts_the_lvt_entries)
{
    struct apic f;

    with_features(&f, LAPIC_HAS_X2APIC);
    EXPECT_EQ(get(&f, LAPIC_VERSION), 0x00050014);
    get(&f, LAPIC_LVT_CMCI);
    EXPECT_EQ(errors(&f), LAPIC_ESR_ILLEGAL_ADDRESS);
    with_features(&f, LAPIC_HAS_X2APIC | LAPIC_HAS_CMCI);
    EXPECT_EQ(get(&f, LAPIC_VERSION), 0x00060014);
    get(&f, LAPIC_LVT_CMCI);
    EXPECT_EQ(errors(&f), 0);
}
