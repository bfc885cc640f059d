/* The corner cases that models of the 8259A get wrong, one test each. */
#include "models/pic/test/dual_fixture.h"

TEST_F(dual_8259a, edge_request_that_falls_before_inta_gives_spurious_irq7)
{
    line(f, 3, true);
    line(f, 3, false);
    EXPECT_EQ(inta(f), MASTER_BASE + 7);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
}

TEST_F(dual_8259a, request_masked_before_inta_gives_spurious_irq7_and_stays)
{
    line(f, 3, true);
    EXPECT_TRUE(intr(f));
    mask(f, PIC_MASTER, 1 << 3);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(inta(f), MASTER_BASE + 7);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 1 << 3);
}

TEST_F(dual_8259a, slave_request_withdrawn_before_inta_gives_spurious_irq15)
{
    line(f, 10, true);
    line(f, 10, false);
    EXPECT_TRUE(intr(f), "the slave's INT stays up");
    EXPECT_EQ(inta(f), SLAVE_BASE + 7);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 0);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << PIC_CASCADE);
    EXPECT_FALSE(intr(f));
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
}

TEST_F(dual_8259a, slave_request_masked_before_inta_gives_spurious_irq15)
{
    line(f, 10, true);
    mask(f, PIC_SLAVE, 0xff);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(inta(f), SLAVE_BASE + 7);
    EXPECT_FALSE(intr(f));
    mask(f, PIC_SLAVE, 0);
    command(f, PIC_MASTER, EOI);
    EXPECT_TRUE(intr(f), "the edge is still latched");
    EXPECT_EQ(inta(f), SLAVE_BASE + 2);
}

TEST_F(dual_8259a, isr_tells_a_real_irq7_from_a_spurious_one)
{
    EXPECT_EQ(inta(f), MASTER_BASE + 7);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
    serve(f, 7);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 7);
}

TEST_F(dual_8259a, edge_line_that_never_drops_interrupts_once)
{
    serve(f, 4);
    command(f, PIC_MASTER, EOI);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 0);
    rise(f, 4);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, level_line_still_high_at_its_eoi_interrupts_again)
{
    put(f, PIC_PORT_ELCR1, 1 << 5);
    serve(f, 5);
    EXPECT_FALSE(intr(f), "in service: blocked");
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 1 << 5);
    command(f, PIC_MASTER, EOI);
    EXPECT_TRUE(intr(f));
    line(f, 5, false);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 0);
}

TEST_F(dual_8259a, line_high_at_icw1_needs_a_new_rise_in_edge_mode)
{
    line(f, 3, true);
    initialise(f, PIC_MASTER, 0);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 0);
    EXPECT_FALSE(intr(f));
    line(f, 3, true);
    EXPECT_FALSE(intr(f), "it was high already");
    rise(f, 3);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, rotate_on_non_specific_eoi_ends_the_highest)
{
    serve(f, 3);
    serve(f, 1);
    command(f, PIC_MASTER, ROTATE_EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 3);
    EXPECT_EQ(f->master->lowest, 1);
    command(f, PIC_MASTER, EOI);
    rise(f, 1);
    rise(f, 0);
    EXPECT_EQ(inta(f), MASTER_BASE + 0, "order 2, 3 ... 0, 1");
}

TEST_F(dual_8259a, rotation_makes_the_served_level_the_lowest)
{
    serve(f, 6);
    serve(f, 4);
    command(f, PIC_MASTER, ROTATE_EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 6);
    command(f, PIC_MASTER, EOI);
    mask(f, PIC_MASTER, 0xff);
    for (unsigned n = 0; n < 8; n++)
        if (n != PIC_CASCADE)
            rise(f, n);
    rise(f, 8);
    mask(f, PIC_MASTER, 0);
    for (unsigned i = 0; i < 8; i++) {
        static const int order[] = {5, 6, 7, 0, 1, 2, 3, 4};

        command(f, PIC_MASTER, POLL);
        EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 0x80 | order[i]);
        command(f, PIC_MASTER, EOI);
    }
}

TEST_F(dual_8259a, set_priority_changes_the_order_without_an_eoi)
{
    serve(f, 7);
    command(f, PIC_MASTER, SET_PRIORITY(3));
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 7);
    command(f, PIC_MASTER, EOI);
    mask(f, PIC_MASTER, 0xff);
    rise(f, 3);
    rise(f, 4);
    mask(f, PIC_MASTER, 0);
    EXPECT_EQ(inta(f), MASTER_BASE + 4);
}

TEST_F(dual_8259a, rotation_in_automatic_eoi_mode)
{
    initialise(f, PIC_MASTER, PIC_ICW4_AEOI);
    command(f, PIC_MASTER, PIC_OCW2_R);
    serve(f, 1);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
    EXPECT_EQ(f->master->lowest, 1);
    command(f, PIC_MASTER, 0);
    serve(f, 5);
    EXPECT_EQ(f->master->lowest, 1, "0x00 ends the rotation");
}

TEST_F(dual_8259a, special_mask_mode_lets_lower_levels_pass)
{
    serve(f, 1);
    mask(f, PIC_MASTER, 1 << 1);
    rise(f, 6);
    EXPECT_FALSE(intr(f), "not yet in special mask mode");
    command(f, PIC_MASTER, SMM_ON);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(inta(f), MASTER_BASE + 6);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 6 | 1 << 1);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 1);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 1, "masked: not ended");
    command(f, PIC_MASTER, SMM_OFF);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
}

TEST_F(dual_8259a, special_mask_mode_ends_a_masked_level_by_specific_eoi)
{
    serve(f, 1);
    mask(f, PIC_MASTER, 1 << 1);
    command(f, PIC_MASTER, SMM_ON);
    command(f, PIC_MASTER, SPECIFIC_EOI(1));
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
}

TEST_F(dual_8259a, special_mask_mode_keeps_the_block_of_unmasked_levels)
{
    serve(f, 4);
    serve(f, 1);
    mask(f, PIC_MASTER, 1 << 1);
    command(f, PIC_MASTER, SMM_ON);
    rise(f, 6);
    EXPECT_FALSE(intr(f), "4 is in service and not masked");
    rise(f, 3);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, special_fully_nested_mode_relaxes_the_cascade_level_only)
{
    initialise(f, PIC_MASTER, PIC_ICW4_SFNM);
    serve(f, 13);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << PIC_CASCADE);
    rise(f, 3);
    EXPECT_FALSE(intr(f), "below the cascade level");
    rise(f, 9);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(inta(f), SLAVE_BASE + 1);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 1 << 5 | 1 << 1);
}

TEST_F(dual_8259a, special_fully_nested_mode_ends_the_master_after_the_slave)
{
    initialise(f, PIC_MASTER, PIC_ICW4_SFNM);
    serve(f, 13);
    serve(f, 9);
    command(f, PIC_SLAVE, EOI);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 1 << 5, "no EOI to the master");
    command(f, PIC_SLAVE, EOI);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 0);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 0);
}

TEST_F(dual_8259a, fully_nested_mode_holds_slave_requests_until_the_master_eoi)
{
    serve(f, 13);
    rise(f, 9);
    EXPECT_TRUE(pic_int(f->slave));
    EXPECT_FALSE(intr(f));
    command(f, PIC_MASTER, EOI);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, poll_command_wins_over_read_register_command)
{
    command(f, PIC_MASTER, READ_ISR);
    rise(f, 6);
    command(f, PIC_MASTER, READ_IRR | PIC_OCW3_P);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 0x86);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 1 << 6, "still the ISR");
}

TEST_F(dual_8259a, poll_with_nothing_pending_reads_0)
{
    serve(f, 5);
    EXPECT_EQ(status(f, PIC_MASTER, POLL), 0);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 0, "the IRR again");
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 5);
}

TEST_F(dual_8259a, poll_acknowledges_as_inta_does)
{
    rise(f, 6);
    command(f, PIC_MASTER, POLL);
    EXPECT_TRUE(intr(f), "the command alone changes nothing");
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 0x86);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 6);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 0);
}

TEST_F(dual_8259a, icw2_ignores_the_low_bits_of_the_base)
{
    command(f, PIC_MASTER, ICW1);
    put(f, PIC_PORT_MASTER_DATA, 0x2b);
    put(f, PIC_PORT_MASTER_DATA, 1 << PIC_CASCADE);
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    rise(f, 0);
    EXPECT_EQ(inta(f), 0x28);
    EXPECT_EQ(inta(f), 0x2f, "spurious");
}

TEST_F(dual_8259a, single_mode_skips_icw3)
{
    command(f, PIC_MASTER, ICW1 | PIC_ICW1_SNGL);
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM | PIC_ICW4_AEOI);
    EXPECT_TRUE(f->master->aeoi);
    put(f, PIC_PORT_MASTER_DATA, 0x5a);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_DATA), 0x5a);
}

TEST_F(dual_8259a, icw1_in_the_middle_restarts_initialisation)
{
    command(f, PIC_MASTER, ICW1);
    put(f, PIC_PORT_MASTER_DATA, 0x40);
    command(f, PIC_MASTER, ICW1);
    put(f, PIC_PORT_MASTER_DATA, 0x60);
    EXPECT_EQ(f->master->base, 0x60);
    EXPECT_EQ(f->master->init, PIC_INIT_WANT_ICW3);
}

TEST_F(dual_8259a, elcr_of_lines_0_1_2_8_and_13_is_fixed)
{
    put(f, PIC_PORT_ELCR1, 0xff);
    put(f, PIC_PORT_ELCR2, 0xff);
    EXPECT_EQ(get(f, PIC_PORT_ELCR1), 0xf8);
    EXPECT_EQ(get(f, PIC_PORT_ELCR2), 0xde);
    EXPECT_EQ(f->warnings, PIC_WARN(ELCR_FIXED));
}

TEST_F(dual_8259a, level_line_high_during_icw1_interrupts_when_it_ends)
{
    put(f, PIC_PORT_ELCR1, 1 << 5);
    line(f, 5, true);
    mask(f, PIC_MASTER, 0xff);
    initialise(f, PIC_MASTER, 0);
    EXPECT_TRUE(f->out.intr);
    EXPECT_EQ(get(f, PIC_PORT_ELCR1), 1 << 5);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 1 << 5);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_DATA), 0);
}

TEST_F(dual_8259a, specific_eoi_of_a_level_not_in_service_changes_nothing)
{
    struct pic was;

    serve(f, 5);
    was = *f->master;
    command(f, PIC_MASTER, SPECIFIC_EOI(3));
    EXPECT_EQ(f->master->isr, was.isr);
    EXPECT_EQ(f->master->lowest, was.lowest);
    EXPECT_FALSE(intr(f));
}
