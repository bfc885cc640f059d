/*
 * The words of the 8259A and the ports of the board against the manual, in
 * numbers: every value of every word.  The other tests take bits and ports
 * from the table and cannot know a wrong one.
 */
#include "models/pic/test/dual_fixture.h"

static struct pic idle(void)
{
    struct pic p;

    pic_init(&p, true);
    return p;
}

TEST(pic_manual, icw1_says_which_words_follow)
{
    for (int v = 0; v < 0x100; v++) {
        bool single = v & 0x02, icw4 = v & 0x01;
        struct pic p = idle();

        if (!(v & 0x10))
            continue;
        p.imr = p.isr = 0x5a;
        EXPECT_EQ(pic_write(&p, false, (uint8_t)v) != 0, v & 0x08 || !icw4,
                  "warnings of ICW1 %02x", v);
        EXPECT_EQ(p.imr | p.isr, 0);
        pic_write(&p, true, 0xff);
        EXPECT_EQ(p.base, 0xf8, "ICW2");
        if (!single)
            pic_write(&p, true, 0x81);
        EXPECT_EQ(p.icw3, single ? 0 : 0x81);
        if (icw4)
            pic_write(&p, true, 0x03);
        EXPECT_EQ(p.aeoi, icw4);
        EXPECT_EQ(p.imr, 0);
        pic_write(&p, true, 0x77);
        EXPECT_EQ(p.imr, 0x77, "ICW1 %02x: then comes OCW1", v);
    }
}

TEST(pic_manual, icw3_of_a_slave_has_three_bits)
{
    struct pic p;

    pic_init(&p, false);
    EXPECT_EQ(p.icw3, 7);
    pic_write(&p, false, 0x11);
    pic_write(&p, true, 0x70);
    pic_write(&p, true, 0xfa);
    EXPECT_EQ(p.icw3, 2);
}

TEST(pic_manual, icw4_has_automatic_eoi_and_special_fully_nested_mode)
{
    for (int v = 0; v < 0x100; v++) {
        struct pic p = idle();

        pic_write(&p, false, 0x13);
        pic_write(&p, true, 0x08);
        EXPECT_EQ(pic_write(&p, true, (uint8_t)v) != 0,
                  !(v & 0x01) || (v & 0xe0), "warnings of ICW4 %02x", v);
        EXPECT_EQ(p.aeoi, v >> 1 & 1, "ICW4 %02x", v);
        EXPECT_EQ(p.sfnm, v >> 4 & 1, "ICW4 %02x", v);
    }
}

/* Levels 3 and 5 are in service. */
static struct pic serving(void)
{
    struct pic p = idle();

    p.isr = 0x28;
    p.rot_aeoi = true;
    return p;
}

TEST(pic_manual, ocw2_is_a_command_and_a_level)
{
    for (int v = 0; v < 0x100; v++) {
        struct pic p = serving();
        int command = v >> 5, level = v & 7;
        int isr = 0x28, lowest = 7;

        if (v & 0x18)
            continue;
        if (command == 1 || command == 5)
            isr = 0x20;
        if (command == 3 || command == 7)
            isr = 0x28 & ~(1 << level);
        if (command == 5)
            lowest = 3;
        if (command == 6 || command == 7)
            lowest = level;
        EXPECT_EQ(pic_write(&p, false, (uint8_t)v), 0);
        EXPECT_EQ(p.isr, isr, "OCW2 %02x", v);
        EXPECT_EQ(p.lowest, lowest, "OCW2 %02x", v);
        EXPECT_EQ(p.rot_aeoi, command != 0, "OCW2 %02x", v);
    }
}

TEST(pic_manual, ocw2_can_begin_rotation_on_automatic_eoi)
{
    struct pic p = idle();

    for (int v = 0; v < 0x100; v += 0x20) {
        p.rot_aeoi = false;
        pic_write(&p, false, (uint8_t)v);
        EXPECT_EQ(p.rot_aeoi, v == 0x80, "OCW2 %02x", v);
    }
}

/* What OCW3 v does to a chip that was in special mask mode or not, and gave
 * its ISR or not. */
static void ocw3(int v, bool was)
{
    struct pic p = idle();
    bool poll = v & 0x04;
    bool isr = !poll && (v & 0x02) ? v & 0x01 : was;
    bool smm = v & 0x40 ? (v & 0x20) != 0 : was;

    p.smm = p.read_isr = was;
    EXPECT_EQ(pic_write(&p, false, (uint8_t)v) != 0, v >> 7, "OCW3 %02x", v);
    EXPECT_EQ(p.poll, poll, "OCW3 %02x", v);
    EXPECT_EQ(p.read_isr, isr, "OCW3 %02x", v);
    EXPECT_EQ(p.smm, smm, "OCW3 %02x", v);
}

TEST(pic_manual, ocw3_polls_chooses_what_is_read_and_sets_special_mask_mode)
{
    for (int v = 0; v < 0x100; v++)
        if ((v & 0x18) == 0x08) {
            ocw3(v, false);
            ocw3(v, true);
        }
}

TEST(pic_manual, ports_are_those_of_the_board)
{
    struct dual_8259a f = {.out = {0}};

    pic_pair_init(&f.b, true);
    put(&f, 0x21, 0xfb);
    put(&f, 0xa1, 0x7f);
    EXPECT_EQ(f.b.chip[0].imr, 0xfb);
    EXPECT_EQ(f.b.chip[1].imr, 0x7f);
    put(&f, 0x20, 0x0b);
    EXPECT_TRUE(f.b.chip[0].read_isr && !f.b.chip[1].read_isr);
    put(&f, 0xa0, 0x0b);
    EXPECT_TRUE(f.b.chip[1].read_isr);
    put(&f, 0x4d0, 0xff);
    put(&f, 0x4d1, 0xff);
    EXPECT_EQ(get(&f, 0x4d0), 0xf8, "lines 0, 1 and 2 are edge");
    EXPECT_EQ(get(&f, 0x4d1), 0xde, "lines 8 and 13 are edge");
    EXPECT_EQ(f.b.chip[0].elcr, 0xf8);
    EXPECT_EQ(f.b.chip[1].elcr, 0xde);
}

TEST(pic_manual, imcr_is_at_70_behind_ports_22_and_23)
{
    struct dual_8259a f = {.out = {0}};

    pic_pair_init(&f.b, true);
    for (int select = 0; select < 0x100; select++) {
        put(&f, 0x22, select);
        put(&f, 0x23, 0x01);
        EXPECT_EQ(f.b.imcr, select == 0x70, "select %02x", select);
        put(&f, 0x22, 0x70);
        put(&f, 0x23, 0xfe);
        EXPECT_EQ(f.b.imcr, 0, "bit 0 only");
    }
}
