/* One 8259A of the pair: initialisation, commands, reads, priority. */
#include "models/pic/test/dual_fixture.h"

TEST_F(dual_8259a, icw1_clears_what_the_manual_lists)
{
    serve(f, 5);
    rise(f, 3);
    mask(f, PIC_MASTER, 0xf0);
    command(f, PIC_MASTER, SMM_ON);
    command(f, PIC_MASTER, READ_ISR);
    command(f, PIC_MASTER, SET_PRIORITY(2));
    command(f, PIC_MASTER, PIC_OCW2_R);
    command(f, PIC_MASTER, POLL);
    command(f, PIC_MASTER, ICW1);
    EXPECT_EQ(f->master->edge, 0);
    EXPECT_EQ(f->master->isr, 0);
    EXPECT_EQ(f->master->imr, 0);
    EXPECT_EQ(f->master->lowest, 7);
    EXPECT_FALSE(f->master->smm);
    EXPECT_FALSE(f->master->read_isr);
    EXPECT_FALSE(f->master->poll);
    EXPECT_FALSE(f->master->rot_aeoi);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(dual_8259a, icw1_sets_the_slave_identity_to_7)
{
    EXPECT_EQ(f->slave->icw3, PIC_CASCADE);
    command(f, PIC_SLAVE, ICW1);
    EXPECT_EQ(f->slave->icw3, 7);
}

TEST_F(dual_8259a, icw1_without_ic4_clears_the_functions_of_icw4)
{
    initialise(f, PIC_MASTER, PIC_ICW4_AEOI | PIC_ICW4_SFNM);
    EXPECT_TRUE(f->master->aeoi && f->master->sfnm);
    command(f, PIC_MASTER, ICW1);
    EXPECT_TRUE(f->master->aeoi && f->master->sfnm, "ICW4 will say");
    EXPECT_EQ(f->warnings, 0);
    command(f, PIC_MASTER, PIC_ICW1_SELECT);
    EXPECT_FALSE(f->master->aeoi || f->master->sfnm);
    EXPECT_EQ(f->warnings, PIC_WARN(NOT_8086));
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    put(f, PIC_PORT_MASTER_DATA, 1 << PIC_CASCADE);
    EXPECT_EQ(f->master->init, PIC_INIT_IDLE, "there is no ICW4");
}

TEST_F(dual_8259a, single_mode_without_ic4_ends_with_icw2)
{
    command(f, PIC_MASTER, PIC_ICW1_SELECT | PIC_ICW1_SNGL);
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    EXPECT_EQ(f->master->init, PIC_INIT_IDLE);
}

TEST_F(dual_8259a, single_mode_has_no_cascade_level)
{
    command(f, PIC_MASTER, ICW1 | PIC_ICW1_SNGL);
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    rise(f, 9);
    EXPECT_EQ(inta(f), MASTER_BASE + PIC_CASCADE);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 0);
}

TEST_F(dual_8259a, icw1_ignores_ltim_and_the_8080_bits)
{
    command(f, PIC_MASTER, 0xe0 | ICW1 | PIC_ICW1_LTIM | PIC_ICW1_ADI);
    EXPECT_EQ(f->warnings, PIC_WARN(LTIM));
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    put(f, PIC_PORT_MASTER_DATA, 1 << PIC_CASCADE);
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    serve(f, 3);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 0, "edge triggered");
}

TEST_F(dual_8259a, icw3_of_a_slave_has_3_bits)
{
    command(f, PIC_SLAVE, ICW1);
    put(f, PIC_PORT_SLAVE_DATA, SLAVE_BASE);
    put(f, PIC_PORT_SLAVE_DATA, 0xf8 | PIC_CASCADE);
    EXPECT_EQ(f->slave->icw3, PIC_CASCADE);
}

TEST_F(dual_8259a, icw4_warns_of_what_a_pc_never_sets)
{
    static const struct {
        enum pic_chip chip;
        int icw4;
        uint32_t warnings;
    } row[] = {
        {PIC_MASTER, PIC_ICW4_SFNM | PIC_ICW4_AEOI, 0},
        {PIC_MASTER, PIC_ICW4_BUF | PIC_ICW4_MS, 0},
        {PIC_SLAVE, PIC_ICW4_SFNM, PIC_WARN(SFNM_IN_SLAVE)},
        {PIC_MASTER, 0x20, PIC_WARN(ICW4_RESERVED)},
        {PIC_MASTER, 0x80, PIC_WARN(ICW4_RESERVED)},
    };

    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        f->warnings = 0;
        initialise(f, row[i].chip, row[i].icw4);
        EXPECT_EQ(f->warnings, row[i].warnings, "row %u", i);
    }
    command(f, PIC_MASTER, ICW1);
    mask(f, PIC_MASTER, 0);
    mask(f, PIC_MASTER, 0);
    mask(f, PIC_MASTER, 0);
    EXPECT_EQ(f->out.warnings, PIC_WARN(NOT_8086));
}

TEST_F(dual_8259a, warnings_of_one_word_are_all_given)
{
    command(f, PIC_SLAVE, PIC_ICW1_SELECT | PIC_ICW1_LTIM);
    EXPECT_EQ(f->out.warnings, PIC_WARN(LTIM) | PIC_WARN(NOT_8086));
    command(f, PIC_SLAVE, ICW1 | PIC_ICW1_SNGL);
    put(f, PIC_PORT_SLAVE_DATA, SLAVE_BASE);
    put(f, PIC_PORT_SLAVE_DATA, PIC_ICW4_ZERO | PIC_ICW4_SFNM);
    EXPECT_EQ(f->out.warnings, PIC_WARN(NOT_8086) | PIC_WARN(ICW4_RESERVED) |
                                   PIC_WARN(SFNM_IN_SLAVE));
    command(f, PIC_SLAVE, ICW1);
    command(f, PIC_SLAVE, PIC_OCW3_ZERO | READ_ISR);
    EXPECT_EQ(f->out.warnings, PIC_WARN(OCW_IN_INIT) | PIC_WARN(OCW3_RESERVED));
}

TEST_F(dual_8259a, buffered_mode_has_no_effect)
{
    initialise(f, PIC_SLAVE, PIC_ICW4_BUF);
    initialise(f, PIC_MASTER, PIC_ICW4_BUF | PIC_ICW4_MS);
    serve(f, 12);
    EXPECT_EQ(f->master->isr, 1 << PIC_CASCADE);
}

TEST_F(dual_8259a, int_is_low_until_initialisation_ends)
{
    put(f, PIC_PORT_ELCR2, 1 << 1);
    put(f, PIC_PORT_ELCR1, 1 << 3);
    line(f, 9, true);
    EXPECT_TRUE(intr(f));
    command(f, PIC_SLAVE, ICW1);
    EXPECT_FALSE(intr(f), "ICW1 withdraws the slave's INT");
    put(f, PIC_PORT_SLAVE_DATA, SLAVE_BASE);
    put(f, PIC_PORT_SLAVE_DATA, PIC_CASCADE);
    EXPECT_FALSE(pic_int(f->slave));
    put(f, PIC_PORT_SLAVE_DATA, PIC_ICW4_UPM);
    EXPECT_TRUE(intr(f));
    line(f, 3, true);
    command(f, PIC_MASTER, ICW1);
    EXPECT_FALSE(intr(f));
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    EXPECT_FALSE(intr(f));
    put(f, PIC_PORT_MASTER_DATA, 1 << PIC_CASCADE);
    EXPECT_FALSE(intr(f));
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(inta(f), MASTER_BASE + 3, "the cascade's edge is lost");
}

TEST_F(dual_8259a, ocw2_and_ocw3_are_accepted_during_initialisation)
{
    command(f, PIC_MASTER, ICW1);
    command(f, PIC_MASTER, READ_ISR);
    EXPECT_EQ(f->out.warnings, PIC_WARN(OCW_IN_INIT));
    EXPECT_TRUE(f->master->read_isr);
    command(f, PIC_MASTER, SET_PRIORITY(4));
    EXPECT_EQ(f->out.warnings, PIC_WARN(OCW_IN_INIT));
    EXPECT_EQ(f->master->lowest, 4);
    EXPECT_EQ(f->master->init, PIC_INIT_WANT_ICW2);
}

TEST_F(dual_8259a, imr_takes_effect_at_once)
{
    rise(f, 5);
    mask(f, PIC_MASTER, 1 << 5);
    EXPECT_FALSE(f->out.intr);
    mask(f, PIC_MASTER, 0);
    EXPECT_TRUE(f->out.intr);
}

TEST_F(dual_8259a, imr_leaves_irr_and_isr_alone)
{
    serve(f, 4);
    rise(f, 6);
    mask(f, PIC_MASTER, 0xff);
    EXPECT_EQ(status(f, PIC_MASTER, READ_IRR), 1 << 6);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << 4);
}

TEST_F(dual_8259a, read_selection_persists)
{
    serve(f, 4);
    rise(f, 1);
    command(f, PIC_MASTER, READ_ISR);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 1 << 4);
    command(f, PIC_MASTER, PIC_OCW3_SELECT | PIC_OCW3_RIS);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 1 << 4, "RR = 0: unchanged");
    command(f, PIC_MASTER, READ_IRR);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 1 << 1);
}

TEST_F(dual_8259a, poll_is_consumed_by_a_read_of_either_port)
{
    mask(f, PIC_MASTER, 0x40);
    rise(f, 5);
    command(f, PIC_MASTER, POLL);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_DATA), 0x85);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_DATA), 0x40, "the IMR again");
}

TEST_F(dual_8259a, poll_of_one_chip_leaves_the_other_alone)
{
    command(f, PIC_SLAVE, POLL);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_DATA), 0);
    EXPECT_TRUE(f->slave->poll);
    EXPECT_FALSE(f->out.polled);
}

TEST_F(dual_8259a, esmm_0_leaves_special_mask_mode_unchanged)
{
    command(f, PIC_MASTER, PIC_OCW3_SELECT | PIC_OCW3_SMM);
    EXPECT_FALSE(f->master->smm);
    command(f, PIC_MASTER, SMM_ON | PIC_OCW3_P);
    EXPECT_TRUE(f->master->smm, "also with a poll command");
    command(f, PIC_MASTER, PIC_OCW3_SELECT);
    EXPECT_TRUE(f->master->smm);
}

TEST_F(dual_8259a, ocw3_with_bit_7_is_an_ocw3_all_the_same)
{
    command(f, PIC_MASTER, PIC_OCW3_ZERO | READ_ISR);
    EXPECT_TRUE(f->master->read_isr);
    EXPECT_EQ(f->warnings, PIC_WARN(OCW3_RESERVED));
}

TEST_F(dual_8259a, ocw2_0x40_does_nothing)
{
    struct pic was;

    serve(f, 1);
    was = *f->master;
    command(f, PIC_MASTER, PIC_OCW2_SL | 1);
    EXPECT_EQ(f->master->isr, was.isr);
    EXPECT_EQ(f->master->lowest, was.lowest);
    EXPECT_FALSE(f->master->rot_aeoi);
}

TEST_F(dual_8259a, ocw2_ignores_l_without_sl)
{
    serve(f, 5);
    serve(f, 3);
    command(f, PIC_MASTER, EOI | 5);
    EXPECT_EQ(f->master->isr, 1 << 5);
}

TEST_F(dual_8259a, non_specific_eoi_scans_from_the_highest_priority)
{
    serve(f, 6);
    serve(f, 1);
    command(f, PIC_MASTER, SET_PRIORITY(4));
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(f->master->isr, 1 << 1, "5, 6, 7, 0, 1 ...");
}

TEST_F(dual_8259a, specific_eoi_ends_its_level_without_rotation)
{
    serve(f, 6);
    serve(f, 1);
    command(f, PIC_MASTER, SPECIFIC_EOI(6));
    EXPECT_EQ(f->master->isr, 1 << 1);
    EXPECT_EQ(f->master->lowest, 7);
}

TEST_F(dual_8259a, rotate_on_specific_eoi_makes_its_level_the_lowest)
{
    serve(f, 6);
    serve(f, 1);
    command(f, PIC_MASTER, ROTATE_SPECIFIC_EOI(6));
    EXPECT_EQ(f->master->isr, 1 << 1);
    EXPECT_EQ(f->master->lowest, 6);
    command(f, PIC_MASTER, ROTATE_SPECIFIC_EOI(3));
    EXPECT_EQ(f->master->lowest, 3, "in service or not");
}

TEST_F(dual_8259a, rotate_on_non_specific_eoi_of_nothing_does_nothing)
{
    command(f, PIC_MASTER, ROTATE_EOI);
    EXPECT_EQ(f->master->lowest, 7);
}

TEST_F(dual_8259a, level_in_service_blocks_equal_and_lower_ones)
{
    serve(f, 4);
    rise(f, 4);
    EXPECT_FALSE(intr(f));
    rise(f, 5);
    EXPECT_FALSE(intr(f));
    rise(f, 3);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, first_of_two_requests_is_the_higher)
{
    mask(f, PIC_MASTER, 0xff);
    rise(f, 5);
    rise(f, 3);
    mask(f, PIC_MASTER, 0);
    EXPECT_EQ(inta(f), MASTER_BASE + 3);
}

TEST_F(dual_8259a, elcr_changes_what_a_line_means_at_once)
{
    serve(f, 5);
    command(f, PIC_MASTER, EOI);
    EXPECT_FALSE(intr(f));
    put(f, PIC_PORT_ELCR1, 1 << 5);
    EXPECT_TRUE(f->out.intr);
    put(f, PIC_PORT_ELCR1, 0);
    EXPECT_FALSE(f->out.intr);
}

TEST_F(dual_8259a, special_fully_nested_mode_in_a_slave_does_nothing)
{
    initialise(f, PIC_MASTER, PIC_ICW4_SFNM);
    initialise(f, PIC_SLAVE, PIC_ICW4_SFNM);
    serve(f, 10);
    rise(f, 10);
    EXPECT_FALSE(intr(f), "the slave's own level 2 is no cascade");
}
