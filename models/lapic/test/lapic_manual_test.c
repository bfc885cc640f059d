/*
 * The register table against the manual, in numbers: the walks in
 * lapic_regs_test.c take theirs from the table and cannot know a wrong one.
 * The part has every feature and the ID 0.
 */
#include "models/lapic/test/apic_fixture.h"

/* `ones`, `zeros`: what a load gives after a store of all ones or zeros. */
static const struct slot {
    const char *name;
    uint32_t first, last; /* offset in the page */
    const char *xapic, *x2apic;
    uint32_t reset, ones, zeros;
    uint32_t reserved; /* bits of EAX that fault */
} slots[] = {
    {"id", 0x020, 0x020, "rw", "r", 0, 0xff000000, 0, 0},
    {"version", 0x030, 0x030, "r", "r", 0x01060014, 0x01060014, 0x01060014, 0},
    {"tpr", 0x080, 0x080, "rw", "rw", 0, 0xff, 0, 0xffffff00},
    {"apr", 0x090, 0x090, "r", "", 0, 0, 0, 0},
    {"ppr", 0x0a0, 0x0a0, "r", "r", 0, 0, 0, 0},
    {"eoi", 0x0b0, 0x0b0, "w", "w", 0, 0, 0, 0xffffffff},
    {"rrd", 0x0c0, 0x0c0, "r", "", 0, 0, 0, 0},
    {"ldr", 0x0d0, 0x0d0, "rw", "r", 0, 0xff000000, 0, 0},
    {"dfr", 0x0e0, 0x0e0, "rw", "", 0xffffffff, 0xffffffff, 0x0fffffff, 0},
    {"svr", 0x0f0, 0x0f0, "rw", "rw", 0xff, 0x13ff, 0, 0xffffee00},
    {"isr", 0x100, 0x170, "r", "r", 0, 0, 0, 0},
    {"tmr", 0x180, 0x1f0, "r", "r", 0, 0, 0, 0},
    {"irr", 0x200, 0x270, "r", "r", 0, 0, 0, 0},
    {"esr", 0x280, 0x280, "rw", "rw", 0, 0, 0, 0xffffffff},
    {"cmci", 0x2f0, 0x2f0, "rw", "rw", 0x10000, 0x107ff, 0, 0xfffee800},
    {"icr_low", 0x300, 0x300, "rw", "rw", 0, 0xccfff, 0, 0xfff32000},
    {"icr_high", 0x310, 0x310, "rw", "", 0, 0xff000000, 0, 0},
    {"timer", 0x320, 0x320, "rw", "rw", 0x10000, 0x700ff, 0, 0xfff8ef00},
    {"thermal", 0x330, 0x330, "rw", "rw", 0x10000, 0x107ff, 0, 0xfffee800},
    {"perfmon", 0x340, 0x340, "rw", "rw", 0x10000, 0x107ff, 0, 0xfffee800},
    {"lint0", 0x350, 0x350, "rw", "rw", 0x10000, 0x1a7ff, 0, 0xfffe0800},
    {"lint1", 0x360, 0x360, "rw", "rw", 0x10000, 0x1a7ff, 0, 0xfffe0800},
    {"error", 0x370, 0x370, "rw", "rw", 0x10000, 0x100ff, 0, 0xfffeef00},
    {"tmict", 0x380, 0x380, "rw", "rw", 0, 0xffffffff, 0, 0},
    {"tmcct", 0x390, 0x390, "r", "r", 0, 0, 0, 0},
    {"dcr", 0x3e0, 0x3e0, "rw", "rw", 0, 0xb, 0, 0xfffffff4},
    {"self_ipi", 0x3f0, 0x3f0, "", "w", 0, 0, 0, 0xffffff00},
};

static bool can(const char *access, char what)
{
    return access[0] == what || (access[0] && access[1] == what);
}

/* With every feature; the LVT keeps what is written. */
static void power_up(struct apic *f)
{
    struct lapic_config config = {.features = 0x1f};

    *f = (struct apic){0};
    lapic_init(&f->l, &config);
}

static uint32_t load(struct apic *f, uint32_t offset)
{
    struct lapic_mmio a = {.offset = offset, .bytes = 4};

    f->out = lapic_read(&f->l, &a, f->now);
    return (uint32_t)a.value;
}

static void store(struct apic *f, uint32_t offset, uint32_t value)
{
    struct lapic_mmio a = {offset, 4, value};

    f->out = lapic_write(&f->l, &a, f->now);
}

/* ESR bit 7 after the access before. */
static bool was_illegal(struct apic *f)
{
    store(f, 0x280, 0);
    return load(f, 0x280) == 0x80;
}

TEST_EACH(lapic_manual, page_is_as_printed, struct slot, slots)
{
    struct apic f;

    for (uint32_t at = row->first; at <= row->last; at += 16) {
        power_up(&f);
        f.l.svr |= 0x100;
        EXPECT_EQ(load(&f, at), row->reset | (at == 0xf0 ? 0x100 : 0));
        EXPECT_EQ(was_illegal(&f), !row->xapic[0], "load");
        store(&f, at, 0xffffffff);
        EXPECT_EQ(was_illegal(&f), !row->xapic[0], "store");
        EXPECT_EQ(load(&f, at), row->ones);
        store(&f, at, 0);
        EXPECT_EQ(load(&f, at), row->zeros);
    }
}

TEST_EACH(lapic_manual, msr_is_as_printed, struct slot, slots)
{
    struct apic f;
    uint64_t value;

    for (uint32_t at = row->first; at <= row->last; at += 16) {
        uint32_t msr = 0x800 + at / 16;

        power_up(&f);
        EXPECT_TRUE(wrmsr(&f, 0x1b, 0xfee00c00));
        EXPECT_EQ(lapic_rdmsr(&f.l, msr, f.now, &value).gp,
                  !can(row->x2apic, 'r'));
        if (can(row->x2apic, 'r'))
            EXPECT_EQ(value, at == 0xd0 ? 1 : row->reset);
        EXPECT_EQ(wrmsr(&f, msr, 0), can(row->x2apic, 'w'));
        for (int bit = 0; bit < 32; bit++)
            EXPECT_EQ(wrmsr(&f, msr, UINT64_C(1) << bit),
                      can(row->x2apic, 'w') && !(row->reserved >> bit & 1),
                      "bit %d", bit);
        EXPECT_EQ(wrmsr(&f, msr, UINT64_C(1) << 32), at == 0x300);
    }
}

static bool printed(uint32_t offset)
{
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (offset >= slots[i].first && offset <= slots[i].last)
            return true;
    return false;
}

TEST(lapic_manual, every_other_slot_is_reserved)
{
    struct apic f;
    uint64_t value;

    for (uint32_t at = 0; at < 0x1000; at += 16) {
        if (printed(at))
            continue;
        power_up(&f);
        EXPECT_EQ(load(&f, at), 0, "offset %x", at);
        EXPECT_TRUE(was_illegal(&f), "load of %x", at);
        store(&f, at, 0);
        EXPECT_TRUE(was_illegal(&f), "store to %x", at);
        EXPECT_TRUE(wrmsr(&f, 0x1b, 0xfee00c00));
        EXPECT_TRUE(lapic_rdmsr(&f.l, 0x800 + at / 16, f.now, &value).gp);
        EXPECT_FALSE(wrmsr(&f, 0x800 + at / 16, 0));
    }
}

TEST(lapic_manual, other_msrs_are_as_printed)
{
    struct lapic_config bsp = {.bsp = true, .features = 0x1f};
    struct apic f = {0};
    uint64_t value;

    lapic_init(&f.l, &bsp);
    EXPECT_EQ(rdmsr(&f, 0x1b), 0xfee00900);
    power_up(&f);
    EXPECT_EQ(rdmsr(&f, 0x1b), 0xfee00800);
    f.l.lvt[LVT_TIMER] = 2u << 17;
    EXPECT_TRUE(wrmsr(&f, 0x6e0, 5));
    EXPECT_EQ(rdmsr(&f, 0x6e0), 5);
    EXPECT_TRUE(lapic_rdmsr(&f.l, 0x6e1, f.now, &value).gp);
    EXPECT_TRUE(lapic_rdmsr(&f.l, 0x01a, f.now, &value).gp);
}

TEST(lapic_manual, apic_base_has_a_flag_two_enables_and_an_address)
{
    struct apic f;

    for (int bit = 0; bit < 64; bit++) {
        bool address = bit >= 12 && bit < 46;

        power_up(&f);
        f.l.config.maxphyaddr = 46;
        EXPECT_EQ(wrmsr(&f, 0x1b, 0x800 | UINT64_C(1) << bit),
                  address || bit == 8 || bit == 10 || bit == 11, "bit %d", bit);
    }
}

TEST(lapic_manual, error_bits_are_as_printed)
{
    struct apic f;

    power_up(&f);
    store(&f, 0x0f0, 0x1ff);
    store(&f, 0x300, 0x0000000f);
    EXPECT_EQ(errors(&f), 0x20, "illegal vector sent");
    arrive(&f, (struct msg_apic){.vector = 15, .assert_level = true});
    EXPECT_EQ(errors(&f), 0x40, "illegal vector received");
    load(&f, 0x000);
    EXPECT_EQ(errors(&f), 0x80, "illegal address");
}
