/* Virtual-wire mode: the 8259As' INT through LINT0 of a local APIC, and the
 * edges that the I/O APIC's input 0 sees. */
#include "tests/pic/board.h"

#define MASTER_BASE 0x30
#define SLAVE_BASE 0x38
#define LEVEL_5 (1 << 5)

struct virtual_wire {
    struct board b;
};

static void initialise(struct board *b, int icw4)
{
    static const uint8_t word[PIC_CHIPS][2] = {{MASTER_BASE, 1 << PIC_CASCADE},
                                               {SLAVE_BASE, PIC_CASCADE}};

    for (unsigned chip = 0; chip < PIC_CHIPS; chip++) {
        uint16_t port = chip ? PIC_PORT_SLAVE_COMMAND : PIC_PORT_MASTER_COMMAND;

        board_out(b, port, PIC_ICW1_SELECT | PIC_ICW1_IC4);
        board_out(b, port + 1, word[chip][0]);
        board_out(b, port + 1, word[chip][1]);
        board_out(b, port + 1, (uint8_t)(PIC_ICW4_UPM | icw4));
    }
}

static void virtual_wire_setup(struct virtual_wire *f)
{
    board_init(&f->b);
    initialise(&f->b, 0);
}

static void virtual_wire_teardown(struct virtual_wire *f)
{
    board_check(&f->b);
}

TEST_F(virtual_wire, vector_comes_from_the_8259_not_from_the_lvt)
{
    struct board *b = &f->b;

    lapic_node_write(&b->lapic, LAPIC_LVT_LINT0, 4, BOARD_EXTINT | 0x77);
    board_line(b, 12, true);
    EXPECT_TRUE(b->extint);
    EXPECT_EQ(board_take_extint(b), SLAVE_BASE + 4);
    EXPECT_FALSE(b->extint);
    EXPECT_EQ(b->irqs.count[12].delivered, 1);
    EXPECT_EQ(b->irqs.count[BOARD_SOURCE_LAPIC].sent, 0,
              "the 8259 has the identity");
}

TEST_F(virtual_wire, local_apic_state_is_neither_checked_nor_changed)
{
    struct board *b = &f->b;

    lapic_node_write(&b->lapic, LAPIC_TPR, 4, 0xff);
    board_line(b, 3, true);
    EXPECT_TRUE(b->extint, "TPR does not block it");
    EXPECT_FALSE(b->intr);
    EXPECT_EQ(board_take_extint(b), MASTER_BASE + 3);
    EXPECT_TRUE(vecset_empty(&b->lapic.lapic.irr));
    EXPECT_TRUE(vecset_empty(&b->lapic.lapic.isr));
    EXPECT_EQ(lapic_ppr(&b->lapic.lapic), 0xff);
}

TEST_F(virtual_wire, eoi_to_the_8259_is_the_only_one)
{
    struct board *b = &f->b;

    board_line(b, 3, true);
    board_take_extint(b);
    board_line(b, 4, true);
    lapic_node_write(&b->lapic, LAPIC_EOI, 4, 0);
    board_settle(b);
    EXPECT_FALSE(b->extint);
    board_out(b, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    EXPECT_TRUE(b->extint);
}

TEST_F(virtual_wire, request_that_falls_before_inta_gives_the_8259s_spurious)
{
    struct board *b = &f->b;

    board_line(b, 3, true);
    EXPECT_TRUE(b->extint, "the core has sampled it");
    board_line(b, 3, false);
    EXPECT_FALSE(b->extint);
    EXPECT_EQ(board_take_extint(b), MASTER_BASE + 7);
}

TEST_F(virtual_wire, lint0_is_level_whatever_its_trigger_bit_says)
{
    struct board *b = &f->b;

    for (int level = 0; level < 2; level++) {
        lapic_node_write(&b->lapic, LAPIC_LVT_LINT0, 4,
                         BOARD_EXTINT | LAPIC_LVT_MASKED);
        board_line(b, 3, false);
        board_line(b, 3, true);
        EXPECT_FALSE(b->extint, "masked");
        lapic_node_write(&b->lapic, LAPIC_LVT_LINT0, 4,
                         BOARD_EXTINT | (level ? LAPIC_LVT_LEVEL : 0));
        EXPECT_TRUE(b->extint, "no new edge is needed");
        EXPECT_EQ(board_take_extint(b), MASTER_BASE + 3);
        board_out(b, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    }
}

TEST_F(virtual_wire, path_is_closed_while_the_local_apic_is_software_disabled)
{
    struct board *b = &f->b;

    lapic_node_write(&b->lapic, LAPIC_SVR, 4, 0xff);
    board_line(b, 3, true);
    EXPECT_FALSE(b->extint);
    lapic_node_write(&b->lapic, LAPIC_SVR, 4, 0x1ff);
    EXPECT_FALSE(b->extint, "the masks stay");
    lapic_node_write(&b->lapic, LAPIC_LVT_LINT0, 4, BOARD_EXTINT);
    EXPECT_TRUE(b->extint);
}

TEST_F(virtual_wire, level_line_requests_until_it_falls)
{
    struct board *b = &f->b;

    board_out(b, PIC_PORT_ELCR1, LEVEL_5);
    board_line(b, 5, true);
    for (int i = 0; i < 3; i++) {
        EXPECT_TRUE(b->extint);
        EXPECT_EQ(board_take_extint(b), MASTER_BASE + 5);
        EXPECT_FALSE(b->extint);
        board_out(b, PIC_PORT_MASTER_COMMAND, PIC_OCW2_EOI);
    }
    board_line(b, 5, false);
    EXPECT_FALSE(b->extint);
    EXPECT_EQ(b->irqs.count[5].delivered, 3);
}

TEST_F(virtual_wire, pin_0_of_the_io_apic_sees_an_edge_for_each_interrupt)
{
    struct board *b = &f->b;

    initialise(b, PIC_ICW4_AEOI);
    board_line(b, 3, true);
    board_line(b, 12, true);
    EXPECT_EQ(b->pin0_rises, 1);
    EXPECT_EQ(board_take_extint(b), SLAVE_BASE + 4);
    EXPECT_EQ(b->pin0_rises, 2, "INT dips between the two");
    EXPECT_EQ(board_take_extint(b), MASTER_BASE + 3);
    EXPECT_EQ(b->pin0_rises, 2);
}
