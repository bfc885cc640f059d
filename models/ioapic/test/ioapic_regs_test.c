/* A walk over every row of the register table, for each version. */
#include "models/ioapic/test/ioapic_fixture.h"

static const struct reg {
    const char *name;
    uint32_t index, step;
    uint16_t since;
    uint32_t reset, writable;
    enum ioapic_access access;
} regs[] = {
#define DIRECT(name, offset, since, access, title)
#define REG(name, index, step, since, reset, writable, access, title)          \
    {#name, index, step, since, reset, writable, IOAPIC_ACCESS_##access},
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

static const struct direct {
    const char *name;
    uint32_t offset;
    uint16_t since;
    enum ioapic_access access;
} directs[] = {
#define DIRECT(name, offset, since, access, title)                             \
    {#name, offset, since, IOAPIC_ACCESS_##access},
#define REG(name, index, step, since, reset, writable, access, title)
#define OPTION(name, from, bits)
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

static const struct option {
    const char *name;
    uint32_t index, step;
    uint16_t since;
    uint32_t bits;
} options[] = {
#define DIRECT(name, offset, since, access, title)
#define REG(name, index, step, since, reset, writable, access, title)
#define OPTION(name, from, bits) {#name, IOAPIC_AT_##name, 2, from, bits},
#include "models/ioapic/ioapic_regs.def"
#undef DIRECT
#undef REG
#undef OPTION
};

static const struct part {
    const char *name;
    unsigned pins;
    uint16_t version;
} parts[] = {
    {"82093AA", 24, 0x11},
    {"with_eoi_register", 24, 0x20},
    {"with_pin_assertion", 24, 0x8020},
    {"with_120_pins", 120, 0x20},
};

#define LATEST 0x8020

static unsigned count_of(const struct reg *row, const struct ioapic_unit *f)
{
    return row->step ? f->io.config.pins : 1;
}

static uint32_t reset_value(const struct reg *row, const struct ioapic_unit *f)
{
    if (row->index == IOAPIC_AT_VERSION)
        return (f->io.config.pins - 1) << 16 | f->io.config.version;
    return row->reset;
}

static void has_reset_value(struct ioapic_unit *f, const struct reg *row)
{
    for (unsigned i = 0; i < count_of(row, f); i++) {
        EXPECT_EQ(get(f, row->index + row->step * i), reset_value(row, f),
                  "number %u", i);
        EXPECT_EQ(f->out.warning, f->io.config.version % 256 < row->since
                                      ? IOAPIC_WARNING_INDEX
                                      : IOAPIC_WARNING_NONE);
    }
}

TEST_EACH(ioapic_regs, has_its_reset_value, struct reg, regs)
{
    struct ioapic_unit f;

    for (unsigned p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        ioapic_unit_start(&f, parts[p].pins, parts[p].version);
        has_reset_value(&f, row);
        ioapic_reset(&f.io);
        has_reset_value(&f, row);
    }
}

TEST_EACH(ioapic_regs, stores_its_writable_bits_only, struct reg, regs)
{
    struct ioapic_unit f;

    if (row->access != IOAPIC_ACCESS_RW)
        return;
    ioapic_unit_start(&f, 120, LATEST);
    for (unsigned i = 0; i < count_of(row, &f); i++) {
        uint32_t index = row->index + row->step * i;

        put(&f, index, 0xffffffff);
        EXPECT_EQ(get(&f, index), row->writable, "number %u", i);
        put(&f, index, 0);
        EXPECT_EQ(get(&f, index), 0, "number %u", i);
    }
}

TEST_EACH(ioapic_regs, stores_each_bit_by_itself, struct reg, regs)
{
    struct ioapic_unit f;

    if (row->access != IOAPIC_ACCESS_RW)
        return;
    ioapic_unit_start(&f, 24, LATEST);
    for (int bit = 0; bit < 32; bit++) {
        put(&f, row->index, 1u << bit);
        EXPECT_EQ(get(&f, row->index), row->writable & 1u << bit, "bit %d",
                  bit);
    }
}

TEST_EACH(ioapic_regs, ignores_writes_if_it_is_read_only, struct reg, regs)
{
    struct ioapic_unit f;

    if (row->access != IOAPIC_ACCESS_RO)
        return;
    ioapic_unit_start(&f, 24, LATEST);
    put(&f, row->index, 0xffffffff);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_READ_ONLY);
    EXPECT_EQ(get(&f, row->index), reset_value(row, &f));
}

TEST_EACH(ioapic_regs, is_its_own_register, struct reg, regs)
{
    struct ioapic_unit f;

    if (row->access != IOAPIC_ACCESS_RW || !row->writable)
        return;
    ioapic_unit_start(&f, 24, LATEST);
    for (uint32_t index = 0; index < 256; index++) {
        uint32_t before = get(&f, index);
        bool arb = row->index == IOAPIC_AT_ID && index == IOAPIC_AT_ARB;

        put(&f, row->index, row->writable);
        if (index != row->index && !arb)
            EXPECT_EQ(get(&f, index), before, "index %x", index);
        put(&f, row->index, row->reset);
    }
}

TEST_EACH(ioapic_options, bits_do_not_exist_before_the_version, struct option,
          options)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x11);
    put(&f, row->index, 0xffffffff);
    EXPECT_EQ(get(&f, row->index) & row->bits, 0);
    ioapic_unit_start(&f, 24, row->since);
    put(&f, row->index, 0xffffffff);
    EXPECT_EQ(get(&f, row->index) & row->bits, row->bits);
}

static bool in_table(uint32_t index, const struct ioapic_unit *f)
{
    for (size_t i = 0; i < sizeof regs / sizeof regs[0]; i++) {
        uint32_t past = index - regs[i].index;
        uint32_t step = regs[i].step ? regs[i].step : 1;

        if (index >= regs[i].index && past % step == 0 &&
            past / step < count_of(&regs[i], f) &&
            f->io.config.version % 256 >= regs[i].since)
            return true;
    }
    return false;
}

TEST_EACH(ioapic_parts, every_other_index_reads_0_and_ignores_writes,
          struct part, parts)
{
    struct ioapic_unit f;
    struct ioapic before;

    ioapic_unit_start(&f, row->pins, row->version);
    for (uint32_t index = 0; index < 256; index++) {
        if (in_table(index, &f))
            continue;
        EXPECT_EQ(get(&f, index), 0, "index %x", index);
        EXPECT_EQ(f.out.warning, IOAPIC_WARNING_INDEX);
        before = f.io;
        store(&f, IOAPIC_IOWIN, 4, 0xffffffff);
        EXPECT_EQ(f.out.warning, IOAPIC_WARNING_INDEX);
        for (unsigned pin = 0; pin < row->pins; pin++)
            EXPECT_EQ(f.io.rte[pin], before.rte[pin]);
        EXPECT_EQ(f.io.id, before.id);
    }
}

TEST_F(ioapic_unit, id_stores_four_bits_and_arbitration_id_takes_them)
{
    put(f, IOAPIC_AT_ID, 0xffffffff);
    EXPECT_EQ(get(f, IOAPIC_AT_ID), 0x0f000000);
    EXPECT_EQ(get(f, IOAPIC_AT_ARB), 0x0f000000);
}

TEST(ioapic_regs, version_says_how_many_entries_there_are)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x0011);
    EXPECT_EQ(get(&f, IOAPIC_AT_VERSION), 0x00170011);
    ioapic_unit_start(&f, 24, 0x0020);
    EXPECT_EQ(get(&f, IOAPIC_AT_VERSION), 0x00170020);
    ioapic_unit_start(&f, 24, 0x8020);
    EXPECT_EQ(get(&f, IOAPIC_AT_VERSION), 0x00178020);
    ioapic_unit_start(&f, 240, 0x0020);
    EXPECT_EQ(get(&f, IOAPIC_AT_VERSION), 0x00ef0020);
}

TEST(ioapic_regs, last_entry_is_the_last_index)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 120, 0x20);
    put(&f, 0xff, 0xab000000);
    EXPECT_EQ(get(&f, 0xff), 0xab000000);
    ioapic_unit_start(&f, 24, 0x20);
    put(&f, 0x3f, 0xab000000);
    EXPECT_EQ(get(&f, 0x3f), 0xab000000);
    put(&f, 0x50, 0xffffffff);
    EXPECT_EQ(get(&f, 0x50), 0);
}

TEST_F(ioapic_unit, ioregsel_has_eight_bits_and_does_not_advance)
{
    store(f, IOAPIC_IOREGSEL, 4, 0x1ff);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), 0xff);
    store(f, IOAPIC_IOREGSEL, 4, IOAPIC_AT_VERSION);
    load(f, IOAPIC_IOWIN, 4);
    EXPECT_EQ(load(f, IOAPIC_IOWIN, 4), 0x00170020);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), IOAPIC_AT_VERSION);
}

TEST_F(ioapic_unit, narrow_write_to_ioregsel_sets_it_from_the_low_byte)
{
    store(f, IOAPIC_IOREGSEL, 1, 0x12);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_WIDTH);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), 0x12);
    store(f, IOAPIC_IOREGSEL, 2, 0x1134);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), 0x34);
    store(f, IOAPIC_IOREGSEL + 1, 1, 0x56);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), 0x34, "not its low byte");
}

TEST_F(ioapic_unit, narrow_write_to_iowin_is_ignored)
{
    store(f, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW);
    store(f, IOAPIC_IOWIN, 1, 0x55);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_WIDTH);
    store(f, IOAPIC_IOWIN, 2, 0x5555);
    store(f, IOAPIC_IOWIN + 2, 2, 0x0000);
    EXPECT_EQ(load(f, IOAPIC_IOWIN, 4), 0x00010000);
}

TEST_F(ioapic_unit, narrow_read_gives_the_addressed_bytes)
{
    put(f, IOAPIC_AT_RTE_HIGH, 0x98760000);
    EXPECT_EQ(load(f, IOAPIC_IOWIN, 1), 0x00);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_WIDTH);
    EXPECT_EQ(load(f, IOAPIC_IOWIN + 2, 1), 0x76);
    EXPECT_EQ(load(f, IOAPIC_IOWIN + 3, 1), 0x98);
    EXPECT_EQ(load(f, IOAPIC_IOWIN + 2, 2), 0x9876);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 1), IOAPIC_AT_RTE_HIGH);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL + 1, 1), 0);
}

TEST_F(ioapic_unit, wide_access_reads_its_bytes_and_writes_nothing)
{
    put(f, IOAPIC_AT_ID, 0x05000000);
    EXPECT_EQ(load(f, IOAPIC_IOWIN, 8), 0x05000000);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_WIDTH);
    store(f, IOAPIC_IOWIN, 8, 0x0a000000);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_WIDTH);
    store(f, IOAPIC_IOREGSEL, 8, 0x77);
    EXPECT_EQ(load(f, IOAPIC_IOREGSEL, 4), IOAPIC_AT_ID);
    EXPECT_EQ(load(f, IOAPIC_IOWIN, 4), 0x05000000);
}

static bool direct_in_table(uint32_t offset)
{
    for (size_t i = 0; i < sizeof directs / sizeof directs[0]; i++)
        if (offset / 4 == directs[i].offset / 4)
            return true;
    return false;
}

TEST(ioapic_regs, every_other_offset_reads_0_and_ignores_writes)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, LATEST);
    put(&f, IOAPIC_AT_ID, 0x05000000);
    for (uint32_t offset = 0; offset < 4096; offset += 4) {
        if (direct_in_table(offset))
            continue;
        EXPECT_EQ(load(&f, offset, 4), 0, "offset %x", offset);
        EXPECT_EQ(f.out.warning, IOAPIC_WARNING_HOLE);
        store(&f, offset, 4, 0xffffffff);
        EXPECT_EQ(f.out.warning, IOAPIC_WARNING_HOLE);
    }
    EXPECT_EQ(load(&f, IOAPIC_IOREGSEL, 4), IOAPIC_AT_ID);
    EXPECT_EQ(load(&f, IOAPIC_IOWIN, 4), 0x05000000);
}

TEST_EACH(ioapic_direct, reads_0_if_it_is_write_only, struct direct, directs)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, LATEST);
    store(&f, row->offset, 4, 0xffffffff);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_NONE);
    if (row->access != IOAPIC_ACCESS_WO)
        return;
    EXPECT_EQ(load(&f, row->offset, 4), 0);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_WRITE_ONLY);
}

TEST_EACH(ioapic_direct, is_a_hole_before_its_version, struct direct, directs)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x11);
    store(&f, row->offset, 4, 0);
    EXPECT_EQ(f.out.warning == IOAPIC_WARNING_HOLE, row->since > 0x11);
}

TEST(ioapic_regs, pin_assertion_register_is_not_implemented)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x20);
    store(&f, IOAPIC_PIN_ASSERTION, 4, PIN);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_HOLE, "VERSION bit 15 is 0");
    ioapic_unit_start(&f, 24, 0x8020);
    put_low(&f, PIN, 0x50);
    store(&f, IOAPIC_PIN_ASSERTION, 4, PIN);
    EXPECT_EQ(messages(&f), 0);
}

TEST_F(ioapic_unit, warnings_have_names)
{
    EXPECT_STREQ(ioapic_warning_name(IOAPIC_WARNING_NONE), "none");
    EXPECT_STREQ(ioapic_warning_name(IOAPIC_WARNING_WIDTH), "access_width");
}
