/* Two 8259As together: cascade, INTA, poll, ports, identities of requests. */
#include "models/pic/test/dual_fixture.h"

#define LINE(n) (1 << (n))

TEST_F(dual_8259a, slave_interrupt_goes_into_service_in_both)
{
    serve(f, 12);
    EXPECT_EQ(status(f, PIC_MASTER, READ_ISR), 1 << PIC_CASCADE);
    EXPECT_EQ(status(f, PIC_SLAVE, READ_ISR), 1 << 4);
    EXPECT_FALSE(intr(f));
}

TEST_F(dual_8259a, slave_interrupt_needs_two_eois)
{
    serve(f, 12);
    command(f, PIC_SLAVE, EOI);
    rise(f, 5);
    EXPECT_FALSE(intr(f), "the master's level 2 is in service");
    command(f, PIC_MASTER, EOI);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, slave_lines_stand_between_lines_1_and_3)
{
    mask(f, PIC_MASTER, 0xff);
    rise(f, 3);
    rise(f, 15);
    rise(f, 8);
    rise(f, 1);
    mask(f, PIC_MASTER, 0);
    EXPECT_EQ(inta(f), MASTER_BASE + 1);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(inta(f), SLAVE_BASE + 0);
    command(f, PIC_SLAVE, EOI);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(inta(f), SLAVE_BASE + 7);
    command(f, PIC_SLAVE, EOI);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(inta(f), MASTER_BASE + 3);
}

TEST_F(dual_8259a, slave_request_that_waits_makes_a_new_rise_at_the_acknowledge)
{
    initialise(f, PIC_SLAVE, PIC_ICW4_AEOI);
    rise(f, 10);
    rise(f, 12);
    EXPECT_EQ(inta(f), SLAVE_BASE + 2);
    EXPECT_EQ(pic_irr(f->master), 1 << PIC_CASCADE, "a new rise");
    EXPECT_FALSE(intr(f));
    command(f, PIC_MASTER, EOI);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(inta(f), SLAVE_BASE + 4);
}

TEST_F(dual_8259a, higher_slave_request_makes_a_new_rise_at_the_acknowledge)
{
    rise(f, 12);
    EXPECT_EQ(inta(f), SLAVE_BASE + 4);
    EXPECT_EQ(pic_irr(f->master), 0, "blocked by the level in service");
    rise(f, 10);
    EXPECT_EQ(pic_irr(f->master), 1 << PIC_CASCADE);
}

TEST_F(dual_8259a, cascade_level_answers_only_if_icw3_names_it)
{
    command(f, PIC_MASTER, ICW1);
    put(f, PIC_PORT_MASTER_DATA, MASTER_BASE);
    put(f, PIC_PORT_MASTER_DATA, 0);
    put(f, PIC_PORT_MASTER_DATA, PIC_ICW4_UPM);
    rise(f, 12);
    EXPECT_EQ(inta(f), MASTER_BASE + PIC_CASCADE);
    EXPECT_EQ(f->slave->isr, 0);
    EXPECT_TRUE(pic_int(f->slave), "not acknowledged");
}

TEST_F(dual_8259a, nobody_answers_for_a_wrong_identity)
{
    command(f, PIC_SLAVE, ICW1);
    put(f, PIC_PORT_SLAVE_DATA, SLAVE_BASE);
    put(f, PIC_PORT_SLAVE_DATA, 5);
    put(f, PIC_PORT_SLAVE_DATA, PIC_ICW4_UPM);
    rise(f, 12);
    EXPECT_EQ(inta(f), PIC_FLOATING);
    EXPECT_EQ(f->warnings, PIC_WARN(NO_SLAVE));
    EXPECT_EQ(f->master->isr, 1 << PIC_CASCADE);
    EXPECT_EQ(f->slave->isr, 0);
    EXPECT_TRUE(pic_int(f->slave), "its turn has not come");
    EXPECT_EQ(f->out.acked, PIC_NO_LEVEL);
    EXPECT_TRUE(f->out.dipped);
}

TEST_F(dual_8259a, poll_of_the_master_acknowledges_the_master_only)
{
    rise(f, 12);
    command(f, PIC_MASTER, POLL);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 0x80 | PIC_CASCADE);
    EXPECT_EQ(f->slave->isr, 0);
    EXPECT_TRUE(pic_int(f->slave));
    command(f, PIC_SLAVE, POLL);
    EXPECT_EQ(get(f, PIC_PORT_SLAVE_COMMAND), 0x84);
    EXPECT_EQ(f->slave->isr, 1 << 4);
    EXPECT_FALSE(pic_int(f->slave));
}

TEST_F(dual_8259a, poll_of_the_slave_takes_its_request_from_the_master)
{
    rise(f, 12);
    EXPECT_TRUE(intr(f));
    command(f, PIC_SLAVE, POLL);
    EXPECT_EQ(get(f, PIC_PORT_SLAVE_DATA), 0x84);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(pic_irr(f->master), 0);
}

TEST_F(dual_8259a, poll_of_the_slave_with_nothing_left_drops_its_int)
{
    line(f, 12, true);
    line(f, 12, false);
    EXPECT_TRUE(intr(f));
    EXPECT_EQ(status(f, PIC_SLAVE, POLL), 0);
    EXPECT_FALSE(intr(f));
}

TEST_F(dual_8259a, poll_in_automatic_eoi_mode_leaves_nothing_in_service)
{
    initialise(f, PIC_MASTER, PIC_ICW4_AEOI);
    command(f, PIC_MASTER, PIC_OCW2_R);
    rise(f, 4);
    EXPECT_EQ(status(f, PIC_MASTER, POLL), 0x84);
    EXPECT_EQ(f->master->isr, 0);
    EXPECT_EQ(f->master->lowest, 4);
}

TEST_F(dual_8259a, int_dips_at_an_acknowledge)
{
    initialise(f, PIC_MASTER, PIC_ICW4_AEOI);
    rise(f, 4);
    rise(f, 5);
    inta(f);
    EXPECT_TRUE(f->out.intr, "line 5 still requests");
    EXPECT_TRUE(f->out.dipped);
    inta(f);
    EXPECT_FALSE(f->out.intr);
    inta(f);
    EXPECT_FALSE(f->out.dipped, "spurious: it was low");
}

TEST_F(dual_8259a, line_2_is_the_slaves_own)
{
    line(f, PIC_CASCADE, true);
    EXPECT_FALSE(intr(f));
    rise(f, 9);
    line(f, PIC_CASCADE, false);
    EXPECT_TRUE(intr(f));
}

TEST_F(dual_8259a, wide_access_is_split_into_bytes)
{
    struct pic_access a = {PIC_PORT_MASTER_COMMAND, 2, 0x5500 | READ_ISR};

    f->out = pic_pair_write(&f->b, &a);
    EXPECT_EQ(f->out.warnings, PIC_WARN(WIDTH));
    EXPECT_TRUE(f->master->read_isr);
    EXPECT_EQ(f->master->imr, 0x55);
    a = (struct pic_access){.port = PIC_PORT_MASTER_COMMAND, .bytes = 4};
    f->out = pic_pair_read(&f->b, &a);
    EXPECT_EQ(a.value, 0xffff5500);
    EXPECT_EQ(f->out.warnings, PIC_WARN(WIDTH) | PIC_WARN(HOLE));
}

TEST_F(dual_8259a, int_is_low_between_the_bytes_that_initialise_the_master)
{
    struct pic_access a = {PIC_PORT_MASTER_COMMAND, 2,
                           PIC_ICW1_SELECT | PIC_ICW1_SNGL | MASTER_BASE << 8};

    put(f, PIC_PORT_ELCR1, 1 << 3);
    line(f, 3, true);
    EXPECT_TRUE(intr(f));
    f->out = pic_pair_write(&f->b, &a);
    EXPECT_TRUE(intr(f), "the level is still there");
    EXPECT_TRUE(f->out.dipped);
}

TEST_F(dual_8259a, slave_initialised_by_one_wide_access_rises_anew)
{
    struct pic_access a = {PIC_PORT_SLAVE_COMMAND, 2,
                           PIC_ICW1_SELECT | PIC_ICW1_SNGL | SLAVE_BASE << 8};

    put(f, PIC_PORT_ELCR2, 1 << 3);
    line(f, 11, true);
    pic_acknowledge(f->master, PIC_CASCADE);
    pic_settle(f->master);
    EXPECT_FALSE(pic_irr(f->master) & 1 << PIC_CASCADE);
    f->out = pic_pair_write(&f->b, &a);
    EXPECT_TRUE(pic_irr(f->master) & 1 << PIC_CASCADE);
}

TEST_F(dual_8259a, wide_access_gives_the_warnings_of_its_bytes)
{
    struct pic_access a = {PIC_PORT_ELCR1, 2, 0x0108};

    f->out = pic_pair_write(&f->b, &a);
    EXPECT_EQ(f->out.warnings, PIC_WARN(WIDTH) | PIC_WARN(ELCR_FIXED));
    EXPECT_EQ(f->master->elcr, 0x08);
    EXPECT_EQ(f->slave->elcr, 0);
    a.value = 0xdef8;
    EXPECT_EQ(pic_pair_write(&f->b, &a).warnings, PIC_WARN(WIDTH));
    a.port = PIC_PORT_ELCR2;
    a.value = 0;
    EXPECT_EQ(pic_pair_write(&f->b, &a).warnings,
              PIC_WARN(WIDTH) | PIC_WARN(HOLE));
}

TEST_F(dual_8259a, port_without_register_reads_all_ones)
{
    EXPECT_EQ(get(f, 0x24), 0xff);
    EXPECT_EQ(f->warnings, PIC_WARN(HOLE));
    put(f, 0x4d2, 0xff);
    EXPECT_EQ(f->out.warnings, PIC_WARN(HOLE));
    EXPECT_FALSE(pic_pair_claims(&f->b, 0x24));
    EXPECT_TRUE(pic_pair_claims(&f->b, PIC_PORT_ELCR2));
}

TEST_F(dual_8259a, board_without_imcr_sends_int_to_the_apics)
{
    EXPECT_FALSE(pic_pair_claims(&f->b, PIC_PORT_IMCR_DATA));
    rise(f, 3);
    EXPECT_FALSE(f->out.direct);
}

TEST_F(dual_8259a, imcr_moves_int_between_cpu_and_apics)
{
    pic_pair_init(&f->b, true);
    initialise(f, PIC_MASTER, 0);
    EXPECT_TRUE(f->out.direct, "reset: straight to the CPU");
    put(f, PIC_PORT_IMCR_DATA, 1);
    EXPECT_TRUE(f->out.direct, "not selected yet");
    put(f, PIC_PORT_IMCR_SELECT, PIC_IMCR_INDEX);
    put(f, PIC_PORT_IMCR_DATA, 1);
    EXPECT_FALSE(f->out.direct);
    EXPECT_EQ(get(f, PIC_PORT_IMCR_DATA), 1);
    put(f, PIC_PORT_IMCR_DATA, 0);
    EXPECT_TRUE(f->out.direct);
}

TEST_F(dual_8259a, edge_request_begins_with_the_rise_and_ends_with_the_eoi)
{
    line(f, 12, true);
    EXPECT_EQ(f->out.born, LINE(12));
    inta(f);
    EXPECT_EQ(f->out.acked, 12);
    EXPECT_EQ(f->out.withdrawn | f->out.ended | f->out.born, 0);
    command(f, PIC_MASTER, EOI);
    EXPECT_EQ(f->out.ended, 0, "the cascade has no request of its own");
    command(f, PIC_SLAVE, EOI);
    EXPECT_EQ(f->out.ended, LINE(12));
    EXPECT_EQ(f->out.end_hop, HOP_EOI);
}

TEST_F(dual_8259a, edge_request_is_withdrawn_by_the_fall)
{
    line(f, 3, true);
    line(f, 3, false);
    EXPECT_EQ(f->out.withdrawn, LINE(3));
    EXPECT_EQ(f->out.why, IRQ_WITHDRAWN);
}

TEST_F(dual_8259a, requests_end_with_icw1)
{
    serve(f, 5);
    rise(f, 3);
    command(f, PIC_MASTER, ICW1);
    EXPECT_EQ(f->out.withdrawn, LINE(3));
    EXPECT_EQ(f->out.why, IRQ_PIC_INIT);
    EXPECT_EQ(f->out.ended, LINE(5));
    EXPECT_EQ(f->out.end_hop, HOP_COUNT, "no EOI");
}

TEST_F(dual_8259a, level_request_begins_anew_at_the_eoi)
{
    put(f, PIC_PORT_ELCR2, LINE(10 - 8));
    line(f, 10, true);
    EXPECT_EQ(f->out.born, LINE(10));
    inta(f);
    EXPECT_EQ(f->out.born, 0, "in service");
    command(f, PIC_SLAVE, EOI);
    EXPECT_EQ(f->out.ended, LINE(10));
    EXPECT_EQ(f->out.born, LINE(10));
}

TEST_F(dual_8259a, level_request_begins_anew_at_an_automatic_eoi)
{
    initialise(f, PIC_MASTER, PIC_ICW4_AEOI);
    put(f, PIC_PORT_ELCR1, LINE(5));
    line(f, 5, true);
    inta(f);
    EXPECT_EQ(f->out.acked, 5);
    EXPECT_TRUE(f->out.no_eoi);
    EXPECT_EQ(f->out.ended, LINE(5));
    EXPECT_EQ(f->out.born, LINE(5));
}

TEST_F(dual_8259a, check_finds_what_cannot_be)
{
    struct pic_pair good = f->b;

    EXPECT_STREQ(pic_pair_check(&good), NULL);
    for (int i = 0; i < 9; i++) {
        struct pic *master = &f->b.chip[PIC_MASTER];
        struct pic *slave = &f->b.chip[PIC_SLAVE];

        f->b = good;
        switch (i) {
        case 0:
            master->edge = 1; /* its line is low */
            break;
        case 1:
            slave->base = 1;
            break;
        case 2:
            master->lowest = 8;
            break;
        case 3:
            slave->init = PIC_INIT_WANT_ICW4 + 1;
            break;
        case 4:
            slave->icw3 = 8;
            break;
        case 5:
            slave->int_held = true;
            slave->init = PIC_INIT_WANT_ICW2;
            break;
        case 6:
            master->line = 1 << PIC_CASCADE;
            break;
        case 7:
            master->elcr = 1;
            break;
        default:
            slave->elcr = 1 << (13 - 8);
        }
        EXPECT_TRUE(pic_pair_check(&f->b) != NULL, "case %d", i);
    }
    f->b = good;
}

TEST_F(dual_8259a, power_up_masks_everything_and_needs_no_icw1_to_be_read)
{
    pic_pair_init(&f->b, false);
    line(f, 3, true);
    EXPECT_FALSE(intr(f));
    EXPECT_EQ(f->master->imr, 0xff);
    EXPECT_EQ(f->slave->imr, 0xff);
    EXPECT_EQ(f->master->lowest, 7);
    EXPECT_EQ(f->master->base, 0);
    EXPECT_EQ(f->master->init, PIC_INIT_IDLE);
    EXPECT_EQ(get(f, PIC_PORT_MASTER_COMMAND), 1 << 3, "the IRR");
}
