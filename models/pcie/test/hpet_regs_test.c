/* Walks the HPET's registers, and holds them against the manual's numbers. */
#include "models/pcie/hpet_regs.h"

#include "models/pcie/test/hpet_rig.h"

#define ONES UINT64_MAX

static struct hpet reset(void)
{
    struct hpet_build build = hpet_rig_build();
    struct hpet h;

    hpet_init(&h, &build);
    return h;
}

/* What the way the block is built adds. */
static uint64_t built_bits(unsigned r)
{
    switch (r) {
    case HPET_GCAP_ID:
        return (uint64_t)PERIOD_FS << 32 | 3 << 8;
    case HPET_TN_CONF:
        return (uint64_t)ROUTES << 32;
    default:
        return 0;
    }
}

static unsigned copies(const struct hpet_reg_row *row)
{
    return row->step ? hpet_rig_build().timers : 1;
}

TEST(hpet_regs, have_their_reset_values)
{
    struct hpet h = reset();

    for (unsigned r = 0; r < HPET_REG_COUNT; r++)
        for (unsigned n = 0; n < copies(&hpet_reg_row[r]); n++) {
            const struct hpet_reg_row *row = &hpet_reg_row[r];

            EXPECT_EQ(hpet_read(&h, row->offset + row->step * n, 8),
                      row->reset | built_bits(r), "%s", row->title);
        }
}

TEST(hpet_regs, take_their_writable_bits_only)
{
    for (unsigned r = 0; r < HPET_REG_COUNT; r++) {
        const struct hpet_reg_row *row = &hpet_reg_row[r];
        uint64_t kept = (row->reset | built_bits(r)) & ~row->writable;
        /* all ones are no route, 0 is none either; and the timer is one of 32
         * bits then */
        uint64_t hidden =
            r == HPET_TN_CONF ? HPET_VAL_SET_CNF | HPET_INT_ROUTE_CNF : 0;

        for (unsigned n = 0; n < copies(row); n++) {
            struct hpet h = reset();
            uint32_t at = row->offset + row->step * n;

            hpet_write(&h, at, 8, ONES);
            EXPECT_EQ(hpet_read(&h, at, 8), kept | (row->writable & ~hidden),
                      "%s", row->title);
            hpet_write(&h, at, 8, 0);
            EXPECT_EQ(hpet_read(&h, at, 8), kept, "%s", row->title);
        }
    }
}

TEST(hpet_regs, halves_are_written_alone)
{
    for (unsigned r = 0; r < HPET_REG_COUNT; r++) {
        const struct hpet_reg_row *row = &hpet_reg_row[r];
        uint32_t at = row->offset + row->step;
        struct hpet h = reset(), whole = reset();
        uint64_t value = UINT64_C(0x0000a80300000000) | 0x2803;

        hpet_write(&h, at + 4, 4, value >> 32);
        EXPECT_EQ((uint32_t)hpet_read(&h, at, 4),
                  (uint32_t)hpet_read(&whole, at, 4), "%s", row->title);
        hpet_write(&h, at, 4, (uint32_t)value);
        hpet_write(&whole, at, 8, value);
        EXPECT_EQ(hpet_read(&h, at, 8), hpet_read(&whole, at, 8), "%s",
                  row->title);
        EXPECT_EQ(hpet_read(&h, at + 4, 4), hpet_read(&h, at, 8) >> 32);
    }
}

TEST(hpet_regs, each_timer_has_its_own)
{
    struct hpet h = reset();

    for (unsigned n = 4; n-- > 0;) {
        hpet_write(&h, 0x100 + 0x20 * n, 4, (20 + n) << 9);
        hpet_write(&h, 0x108 + 0x20 * n, 8, 0x1000 + n);
        hpet_write(&h, 0x110 + 0x20 * n, 8, 0x2000 + n);
    }
    for (unsigned n = 0; n < 4; n++) {
        EXPECT_EQ(hpet_read(&h, 0x100 + 0x20 * n, 4), 0x8030 | (20 + n) << 9);
        EXPECT_EQ(hpet_read(&h, 0x108 + 0x20 * n, 8), 0x1000 + n);
        EXPECT_EQ(hpet_read(&h, 0x110 + 0x20 * n, 8), 0x2000 + n);
    }
}

TEST(hpet_regs, other_widths_read_bytes_and_write_nothing)
{
    struct hpet h = reset();

    hpet_write(&h, 0xf0, 8, UINT64_C(0x8877665544332211));
    hpet_write(&h, 0xf0, 2, 0);
    hpet_write(&h, 0xf1, 4, 0);
    hpet_write(&h, 0xf4, 8, 0);
    EXPECT_EQ(hpet_read(&h, 0xf0, 1), 0x11);
    EXPECT_EQ(hpet_read(&h, 0xf6, 2), 0x8877);
    EXPECT_EQ(hpet_read(&h, 0xf0, 8), UINT64_C(0x8877665544332211));
}

/* Numbers of the manual; the walks take theirs from the table. */
static const struct manual_row {
    const char *name;
    uint32_t at;
    uint64_t reset, ones;
} manual_rows[] = {
    {"capabilities", 0x000, UINT64_C(0x0429b17f8086a301),
     UINT64_C(0x0429b17f8086a301)},
    {"configuration", 0x010, 0, 3},
    {"status", 0x020, 0, 0},
    {"main_counter", 0x0f0, 0, ONES},
    {"timer_0", 0x100, UINT64_C(0x00f0000000008030),
     UINT64_C(0x00f000000000c13e)},
    {"comparator_0", 0x108, ONES, ONES},
    {"fsb_route_0", 0x110, 0, ONES},
    {"timer_3", 0x160, UINT64_C(0x00f0000000008030),
     UINT64_C(0x00f000000000c13e)},
    {"comparator_3", 0x168, ONES, ONES},
    {"fsb_route_3", 0x170, 0, ONES},
    {"hole_8", 0x008, 0, 0},
    {"hole_18", 0x018, 0, 0},
    {"hole_e8", 0x0e8, 0, 0},
    {"hole_f8", 0x0f8, 0, 0},
    {"hole_118", 0x118, 0, 0},
    {"hole_178", 0x178, 0, 0},
    {"timer_4", 0x180, 0, 0},
    {"fsb_route_4", 0x190, 0, 0},
    {"last", 0x3f8, 0, 0},
};

TEST_EACH(hpet_regs, are_as_the_manual_says, struct manual_row, manual_rows)
{
    struct hpet h = reset();
    bool hole = row->reset == 0 && row->ones == 0 && row->at != 0x20;

    EXPECT_EQ(hpet_read(&h, row->at, 8), row->reset);
    hpet_write(&h, row->at, 8, ONES);
    EXPECT_EQ(hpet_read(&h, row->at, 8), row->ones);
    EXPECT_EQ(hpet_reg_of(&h, row->at) == HPET_REG_COUNT, hole);
    EXPECT_EQ(hpet_reg_of(&h, row->at + 7) == HPET_REG_COUNT, hole);
}

TEST(hpet_regs, fields_are_as_the_manual_says)
{
    EXPECT_EQ(HPET_ENABLE_CNF, 1 << 0);
    EXPECT_EQ(HPET_LEG_RT_CNF, 1 << 1);
    EXPECT_EQ(HPET_INT_TYPE_CNF, 1 << 1);
    EXPECT_EQ(HPET_INT_ENB_CNF, 1 << 2);
    EXPECT_EQ(HPET_TYPE_CNF, 1 << 3);
    EXPECT_EQ(HPET_VAL_SET_CNF, 1 << 6);
    EXPECT_EQ(HPET_MODE32_CNF, 1 << 8);
    EXPECT_EQ(HPET_INT_ROUTE_CNF, 31 << 9);
    EXPECT_EQ(HPET_FSB_EN_CNF, 1 << 14);
}

TEST(hpet_regs, comparator_after_a_write_of_ones_is_the_period_too)
{
    struct hpet h = reset();

    EXPECT_EQ(h.timer[0].period, ONES);
    hpet_write(&h, 0x108, 4, 5);
    EXPECT_EQ(h.timer[0].period, UINT64_C(0xffffffff00000005));
    EXPECT_EQ(h.timer[0].comparator, UINT64_C(0xffffffff00000005));
}

/* ---- invariants: each is seen when it is broken ---- */

static void fine(struct hpet *h)
{
    h->conf = HPET_ENABLE_CNF;
    h->timer[3].conf = EDGE;
    h->edge = 8;
}

static void edge_of_nobody(struct hpet *h)
{
    fine(h);
    h->timer[3].conf = LEVEL;
}

static void status_of_an_edge(struct hpet *h)
{
    h->status = 8;
}

static void status_of_a_level(struct hpet *h)
{
    h->timer[3].conf = LEVEL;
    h->status = 8;
}

static void too_wide(struct hpet *h)
{
    h->timer[3].conf = HPET_MODE32_CNF;
}

static void too_wide_period(struct hpet *h)
{
    h->timer[3] = (struct hpet_timer){.conf = HPET_MODE32_CNF,
                                      .period = UINT64_C(1) << 32};
}

static void wide_enough(struct hpet *h)
{
    h->timer[3] =
        (struct hpet_timer){.conf = HPET_MODE32_CNF, .comparator = UINT32_MAX};
}

static void set_of_no_accumulator(struct hpet *h)
{
    h->timer[3].conf = HPET_VAL_SET_CNF;
}

static void set_of_an_accumulator(struct hpet *h)
{
    h->timer[3].conf = HPET_VAL_SET_CNF | PERIODIC;
}

static const struct state {
    const char *name;
    void (*make)(struct hpet *h);
    const char *broken;
} states[] = {
    {"fine", fine, NULL},
    {"edge_of_nobody", edge_of_nobody,
     "an edge-triggered output is high that nobody has"},
    {"status_of_an_edge", status_of_an_edge,
     "a timer has a status that is not level triggered"},
    {"status_of_a_level", status_of_a_level, NULL},
    {"too_wide", too_wide, "a comparator of 32 bits has more"},
    {"too_wide_period", too_wide_period, "a comparator of 32 bits has more"},
    {"wide_enough", wide_enough, NULL},
    {"set_of_no_accumulator", set_of_no_accumulator,
     "the accumulator of a timer is to be set that has none"},
    {"set_of_an_accumulator", set_of_an_accumulator, NULL},
};

TEST_EACH(hpet_check, names_what_is_broken, struct state, states)
{
    struct hpet h = reset();

    row->make(&h);
    EXPECT_STREQ(hpet_check(&h), row->broken);
}
