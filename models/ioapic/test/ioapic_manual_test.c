/*
 * The register table against the manual, in numbers: the walks in
 * ioapic_regs_test.c take theirs from the table and cannot know a wrong one.
 */
#include "models/ioapic/test/ioapic_fixture.h"

/* What a 24-pin part has at an index: after reset, and after ones and zeros
 * were written there. */
struct printed {
    uint32_t reset, ones, zeros;
};

static struct printed printed(uint32_t index, unsigned version)
{
    bool late = version == 0x20;

    if (index == 0x00)
        return (struct printed){0, 0x0f000000, 0};
    if (index == 0x01)
        return (struct printed){0x00170000 | version, 0x00170000 | version,
                                0x00170000 | version};
    if (index < 0x10 || index >= 0x10 + 2 * 24)
        return (struct printed){0, 0, 0};
    if (index % 2)
        return (struct printed){0, late ? 0xffff0000 : 0xff000000, 0};
    return (struct printed){0x00010000, 0x0001afff, 0};
}

static void is_as_printed(unsigned version)
{
    for (uint32_t index = 0; index < 0x100; index++) {
        struct printed want = printed(index, version);
        struct ioapic_unit f;

        ioapic_unit_start(&f, 24, (uint16_t)version);
        store(&f, 0x00, 4, index);
        EXPECT_EQ(load(&f, 0x10, 4), want.reset, "index %x", index);
        store(&f, 0x10, 4, 0xffffffff);
        EXPECT_EQ(load(&f, 0x10, 4), want.ones, "index %x", index);
        store(&f, 0x10, 4, 0);
        EXPECT_EQ(load(&f, 0x10, 4), want.zeros, "index %x", index);
    }
}

TEST(ioapic_manual, registers_of_the_82093aa_are_as_printed)
{
    is_as_printed(0x11);
}

TEST(ioapic_manual, registers_of_the_82489dx_are_as_printed)
{
    is_as_printed(0x00);
}

TEST(ioapic_manual, registers_of_a_part_with_an_eoi_register_are_as_printed)
{
    is_as_printed(0x20);
}

TEST(ioapic_manual, arbitration_id_is_loaded_with_the_id)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x11);
    store(&f, 0x00, 4, 0x00);
    store(&f, 0x10, 4, 0x05000000);
    store(&f, 0x00, 4, 0x02);
    EXPECT_EQ(load(&f, 0x10, 4), 0x05000000);
}

TEST(ioapic_manual, boot_configuration_is_only_in_later_parts)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x20);
    store(&f, 0x00, 4, 0x03);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_NONE);
    load(&f, 0x10, 4);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_NONE);
    ioapic_unit_start(&f, 24, 0x11);
    store(&f, 0x00, 4, 0x03);
    load(&f, 0x10, 4);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_INDEX);
}

/* Pin 5 is served, level-triggered, with vector 50h. */
static void serve(struct ioapic_unit *f, unsigned version)
{
    ioapic_unit_start(f, 24, (uint16_t)version);
    store(f, 0x00, 4, 0x1a);
    store(f, 0x10, 4, 0x00008050);
    set(f, 5, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(load(f, 0x10, 4), 0x0000c050, "remote IRR");
    set(f, 5, false);
}

TEST(ioapic_manual, eoi_register_is_at_40_from_version_20_on)
{
    struct ioapic_unit f;

    serve(&f, 0x20);
    store(&f, 0x40, 4, 0x50);
    EXPECT_EQ(load(&f, 0x10, 4), 0x00008050);
    serve(&f, 0x11);
    store(&f, 0x40, 4, 0x50);
    EXPECT_EQ(load(&f, 0x10, 4), 0x0000c050);
}

TEST(ioapic_manual, pin_assertion_is_at_20_of_parts_that_say_so)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x8020);
    store(&f, 0x20, 4, 5);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_NONE);
    ioapic_unit_start(&f, 24, 0x0020);
    store(&f, 0x20, 4, 5);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_HOLE);
}
