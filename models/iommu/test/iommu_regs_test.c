/* A walk over every row of the register table; widths, halves, commands. */
#include "models/iommu/test/iommu_fixture.h"

static const struct reg {
    const char *name;
    uint32_t offset;
    unsigned bytes, step;
    uint64_t reset, writable, clears;
    enum iommu_reg_access access;
} regs[] = {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title) \
    {#name, offset, bytes, step, reset, writable, clears, IOMMU_REG_##access},
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
};

static const struct option {
    const char *name;
    uint32_t offset;
    uint64_t bits;
} options[] = {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title)
#define OPTION(name, feature, bits) {#name, IOMMU_AT_##name, bits},
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
};

static unsigned count_of(const struct reg *row)
{
    return row->step ? iommu_full.faults : 1;
}

static uint64_t all_ones(unsigned bytes)
{
    return ~UINT64_C(0) >> (64 - 8 * bytes);
}

TEST_EACH(iommu_regs, has_its_reset_value, struct reg, regs)
{
    struct iommu_unit f;

    iommu_unit_setup(&f);
    if (row->offset == IOMMU_AT_CAP || row->offset == IOMMU_AT_ECAP)
        return; /* a test of their own */
    for (unsigned i = 0; i < count_of(row); i++)
        EXPECT_EQ(load(&f, row->offset + row->step * i, row->bytes),
                  row->reset);
}

TEST_EACH(iommu_regs, stores_its_writable_bits_only, struct reg, regs)
{
    struct iommu_unit f;

    iommu_unit_setup(&f);
    if (row->access != IOMMU_REG_RW || row->step)
        return;
    for (unsigned bit = 0; bit < 8 * row->bytes; bit++) {
        uint64_t value = UINT64_C(1) << bit;

        poke(&f, row->offset, row->bytes, value);
        EXPECT_EQ(load(&f, row->offset, row->bytes), value & row->writable,
                  "bit %u", bit);
    }
    poke(&f, row->offset, row->bytes, all_ones(row->bytes));
    EXPECT_EQ(load(&f, row->offset, row->bytes), row->writable);
}

TEST_EACH(iommu_regs, halves_are_reached_by_themselves, struct reg, regs)
{
    struct iommu_unit f;

    iommu_unit_setup(&f);
    if (row->access != IOMMU_REG_RW || row->step || row->bytes != 8)
        return;
    poke(&f, row->offset + 4, 4, 0xffffffff);
    EXPECT_EQ(load(&f, row->offset, 8), row->writable >> 32 << 32);
    poke(&f, row->offset, 4, 0xffffffff);
    EXPECT_EQ(load(&f, row->offset, 8), row->writable);
    poke(&f, row->offset + 4, 4, 0);
    EXPECT_EQ(load(&f, row->offset, 8), (uint32_t)row->writable);
    EXPECT_EQ(load(&f, row->offset, 4), (uint32_t)row->writable);
}

TEST_EACH(iommu_regs, refuses_what_its_access_forbids, struct reg, regs)
{
    struct iommu_unit f;

    iommu_unit_setup(&f);
    load(&f, row->offset, row->bytes);
    EXPECT_EQ(f.out.warning, row->access == IOMMU_REG_WO
                                 ? IOMMU_WARNING_WRITE_ONLY
                                 : IOMMU_WARNING_NONE);
    poke(&f, row->offset, row->bytes, 0);
    EXPECT_EQ(f.out.warning, row->access == IOMMU_REG_RO
                                 ? IOMMU_WARNING_READ_ONLY
                                 : IOMMU_WARNING_NONE);
}

TEST_EACH(iommu_regs, narrow_writes_are_ignored, struct reg, regs)
{
    struct iommu_unit f;
    uint64_t before;

    iommu_unit_setup(&f);
    before = load(&f, row->offset, row->bytes);
    for (unsigned bytes = 1; bytes < 4; bytes++) {
        poke(&f, row->offset, bytes, 0xffff);
        EXPECT_EQ(f.out.warning, IOMMU_WARNING_WIDTH);
        EXPECT_EQ(load(&f, row->offset, row->bytes), before);
    }
    EXPECT_EQ(load(&f, row->offset + 1, 1), before >> 8 & 0xff);
}

TEST_EACH(iommu_options, are_reserved_without_their_feature, struct option,
          options)
{
    struct iommu_config c = iommu_full;
    struct iommu_unit f;

    c.extended = false;
    iommu_unit_start(&f, &c);
    poke(&f, row->offset, 4, 0xffffffff);
    EXPECT_EQ(load(&f, row->offset, 4) & row->bits, 0);
    c.extended = true;
    iommu_unit_start(&f, &c);
    poke(&f, row->offset, 4, 0xffffffff);
    EXPECT_EQ(load(&f, row->offset, 4) & row->bits, row->bits);
}

/* "Interrupt Remapping Table Address Register": of bits 11:0 only EIME (11)
 * needs extended mode; size is 3:0. */
TEST_F(iommu_unit, table_register_keeps_its_size_without_extended_mode)
{
    struct iommu_config c = iommu_full;

    c.extended = false;
    iommu_unit_start(f, &c);
    poke(f, IOMMU_AT_IRTA, 4, 0xffffffff);
    EXPECT_EQ(load(f, IOMMU_AT_IRTA, 4), 0xfffff00f);
}

TEST_F(iommu_unit, holes_read_0_and_keep_nothing)
{
    static const uint32_t holes[] = {0x04, 0x20, 0x28,  0x30,  0x48,
                                     0x98, 0xc0, 0x1fc, 0x240, 0xffc};

    for (unsigned i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        poke(f, holes[i], 4, 0xffffffff);
        EXPECT_EQ(f->out.warning, IOMMU_WARNING_HOLE, "%x", holes[i]);
        EXPECT_EQ(load(f, holes[i], 4), 0, "%x", holes[i]);
    }
}

TEST_F(iommu_unit, unaligned_access_is_ignored)
{
    poke(f, IOMMU_AT_FEADDR + 2, 4, 0xffffffff);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_WIDTH);
    poke(f, IOMMU_AT_FEDATA, 8, UINT64_MAX);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_WIDTH);
    EXPECT_EQ(load(f, IOMMU_AT_FEADDR, 4), 0);
    EXPECT_EQ(load(f, IOMMU_AT_FEDATA, 4), 0);
}

/* ---- capabilities ---- */

TEST_F(iommu_unit, capabilities_say_what_the_unit_has)
{
    struct iommu_config c = {.faults = 1, .sets = 1, .ways = 1};

    iommu_unit_start(f, &c);
    EXPECT_EQ(load(f, IOMMU_AT_CAP, 8), UINT64_C(0x20) << 24);
    EXPECT_EQ(load(f, IOMMU_AT_ECAP, 8), 0xa, "QI and IR");
    c = (struct iommu_config){.faults = 8,
                              .mhmv = 0xf,
                              .posting = true,
                              .extended = true,
                              .coherent = true,
                              .caching = true,
                              .esirtps = true};
    iommu_unit_start(f, &c);
    EXPECT_EQ(load(f, IOMMU_AT_CAP, 8), UINT64_C(1) << 62 | UINT64_C(1) << 59 |
                                            UINT64_C(7) << 40 |
                                            UINT64_C(0x20) << 24 | 1 << 7);
    EXPECT_EQ(load(f, IOMMU_AT_ECAP, 8), 0xf0001b);
}

TEST_F(iommu_unit, fault_records_are_where_the_capability_says)
{
    uint64_t fro = load(f, IOMMU_AT_CAP, 8) >> 24 & 0x3ff;

    enable(f, false);
    fire(f, 5);
    EXPECT_EQ(load(f, (uint32_t)(16 * fro), 8), UINT64_C(5) << 48);
}

/* ---- commands ---- */

TEST_F(iommu_unit, level_commands_become_statuses)
{
    static const uint32_t levels[] = {IOMMU_TE, IOMMU_IRE, IOMMU_CFI,
                                      IOMMU_QIE};

    for (unsigned i = 0; i < 4; i++) {
        command(f, levels[i], 0);
        EXPECT_EQ(gsts(f), levels[i]);
        command(f, 0, levels[i]);
        EXPECT_EQ(gsts(f), 0);
    }
}

TEST_F(iommu_unit, one_shot_commands_leave_their_status)
{
    command(f, IOMMU_SRTP, 0);
    EXPECT_EQ(gsts(f), IOMMU_SRTP);
    command(f, IOMMU_SIRTP, 0);
    EXPECT_EQ(gsts(f), IOMMU_SRTP | IOMMU_SIRTP);
    command(f, IOMMU_WBF, 0);
    EXPECT_EQ(gsts(f), IOMMU_SRTP | IOMMU_SIRTP, "the flush is done");
}

TEST_F(iommu_unit, software_is_warned)
{
    command(f, IOMMU_IRE, 0);
    EXPECT_TRUE(gsts(f) & IOMMU_IRE, "a rule of software: it happens");
    command(f, 0, IOMMU_IRE);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_CFI);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_NONE);
    command(f, 0, IOMMU_CFI);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_IRE);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_NO_TABLE);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_IRE | IOMMU_SIRTP | IOMMU_CFI);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_SEVERAL_COMMANDS);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_IRE | IOMMU_CFI);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_NONE);
}

TEST_F(iommu_unit, queue_in_use_is_told)
{
    enable(f, false);
    invalidate(f, IEC_ALL);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_IRE);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_QUEUE_IN_USE);
}

TEST_F(iommu_unit, two_units_share_nothing)
{
    struct iommu_unit other;

    iommu_unit_setup(&other);
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    enable(&other, true);
    fire(f, 1);
    fire(&other, 1);
    EXPECT_EQ(sent(f), 0x40);
    EXPECT_EQ(fault(&other), 0x22);
    EXPECT_EQ(records(f), 0);
}

static const struct warning_row {
    const char *name;
    enum iommu_warning warning;
} warnings[] = {
#define WARNING(name, text, rule) {#name, IOMMU_WARNING_##name},
#include "models/iommu/iommu_warnings.def"
#undef WARNING
};

TEST_EACH(iommu_warnings, have_a_name, struct warning_row, warnings)
{
    EXPECT_TRUE(iommu_warning_name(row->warning)[0] != '\0');
}
