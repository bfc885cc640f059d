/* Pins, redirection table entries, remote IRR and EOI: what is sent when. */
#include "models/ioapic/test/ioapic_fixture.h"
#include "sim/core/msg.h"

/* ---- edge ---- */

TEST_F(ioapic_unit, rising_edge_is_sent_once)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.pin, PIN);
    EXPECT_FALSE(f->last.level);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 0, "the same level is no change");
    set(f, PIN, false);
    EXPECT_EQ(messages(f), 0, "a falling edge does nothing");
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, masked_edge_is_lost_and_unmasking_sends_nothing)
{
    put_low(f, PIN, 0x50 | MASKED);
    set(f, PIN, true);
    put_low(f, PIN, 0x50);
    EXPECT_EQ(messages(f), 0, "the line is still high");
    set(f, PIN, false);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, edge_that_came_before_the_mask_is_delivered)
{
    put_low(f, PIN, 0x50);
    pulse(f, PIN);
    put_low(f, PIN, 0x50 | MASKED);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, second_edge_merges_while_the_first_message_waits)
{
    put_low(f, PIN, 0x50);
    pulse(f, PIN);
    set(f, PIN, true);
    EXPECT_TRUE(f->out.merged);
    EXPECT_EQ(f->out.pin, PIN);
    EXPECT_EQ(f->out.why, IRQ_MESSAGE_WAITING);
    EXPECT_EQ(messages(f), 1);
    pulse(f, PIN);
    pulse(f, PIN);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, edge_entry_never_has_remote_irr)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_FALSE(remote_irr(f, PIN));
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, writing_the_high_half_of_an_edge_entry_sends_nothing)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    put_high(f, PIN, 0x01000000);
    EXPECT_EQ(messages(f), 0);
}

/* ---- polarity ---- */

TEST_F(ioapic_unit, active_low_pin_is_inactive_at_electrical_1)
{
    put_low(f, PIN, 0x50 | ACTIVE_LOW | MASKED);
    set(f, PIN, true);
    put_low(f, PIN, 0x50 | ACTIVE_LOW);
    EXPECT_EQ(messages(f), 0);
    set(f, PIN, false);
    EXPECT_EQ(messages(f), 1, "the falling voltage is the rising edge");
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, polarity_write_that_activates_a_level_entry_sends)
{
    set(f, PIN, true);
    put_low(f, PIN, 0x50 | LEVEL | ACTIVE_LOW);
    EXPECT_EQ(messages(f), 0);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, polarity_write_that_activates_an_open_edge_entry_is_an_edge)
{
    put_low(f, PIN, 0x50);
    put_low(f, PIN, 0x50 | ACTIVE_LOW);
    EXPECT_EQ(messages(f), 1);
    put_low(f, PIN, 0x50);
    EXPECT_EQ(messages(f), 0, "it becomes inactive");
}

TEST_F(ioapic_unit, unmasking_sends_no_edge_even_with_new_polarity)
{
    put_low(f, PIN, 0x50 | ACTIVE_LOW);
    EXPECT_EQ(messages(f), 0, "the entry was masked before");
    put_low(f, PIN, 0x50);
    put_low(f, PIN, 0x50 | ACTIVE_LOW | MASKED);
    EXPECT_EQ(messages(f), 0, "the entry is masked after");
}

TEST_F(ioapic_unit, pci_line_is_level_and_active_low)
{
    set(f, 16, true); /* pulled up */
    put_low(f, 16, 0x60 | LEVEL | ACTIVE_LOW);
    EXPECT_EQ(messages(f), 0);
    set(f, 16, false); /* a device pulls it down */
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(f->last.level);
    set(f, 16, true);
    eoi(f, 0x60);
    EXPECT_EQ(messages(f), 0);
}

/* ---- level ---- */

TEST_F(ioapic_unit, active_level_is_sent_and_sets_remote_irr)
{
    serve_level(f, PIN, 0x50);
    EXPECT_TRUE(f->last.level);
    EXPECT_EQ(get_low(f, PIN), 0x50 | IOAPIC_RTE_LEVEL | IOAPIC_RTE_REMOTE_IRR);
}

TEST_F(ioapic_unit, level_that_was_active_while_masked_is_sent_at_unmask)
{
    put_low(f, PIN, 0x50 | LEVEL | MASKED);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 0);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, level_that_came_and_went_while_masked_is_not_sent)
{
    put_low(f, PIN, 0x50 | LEVEL | MASKED);
    pulse(f, PIN);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, level_that_falls_before_it_is_taken_is_still_delivered)
{
    put_low(f, PIN, 0x50 | LEVEL);
    pulse(f, PIN);
    EXPECT_EQ(messages(f), 1, "nothing is retracted");
    EXPECT_TRUE(remote_irr(f, PIN));
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 0);
    EXPECT_FALSE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, level_that_falls_and_rises_with_remote_irr_is_merged)
{
    serve_level(f, PIN, 0x50);
    set(f, PIN, false);
    EXPECT_TRUE(remote_irr(f, PIN));
    set(f, PIN, true);
    EXPECT_TRUE(f->out.merged);
    EXPECT_EQ(f->out.pin, PIN);
    EXPECT_EQ(f->out.why, IRQ_REMOTE_IRR_SET);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, level_that_rises_twice_before_its_message_left_is_merged)
{
    put_low(f, PIN, 0x50 | LEVEL);
    pulse(f, PIN);
    set(f, PIN, true);
    EXPECT_TRUE(f->out.merged);
    EXPECT_EQ(f->out.pin, PIN);
    EXPECT_EQ(f->out.why, IRQ_MESSAGE_WAITING);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, edge_to_level_with_the_line_high_sends)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, level_to_edge_with_the_line_high_sends_nothing)
{
    serve_level(f, PIN, 0x50);
    put_low(f, PIN, 0x50);
    EXPECT_EQ(messages(f), 0);
    EXPECT_FALSE(remote_irr(f, PIN));
}

/* ---- remote IRR waits for the local APIC ---- */

TEST_F(ioapic_unit, remote_irr_is_not_set_before_a_local_apic_took_the_message)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    EXPECT_FALSE(remote_irr(f, PIN));
    f->last = ioapic_take(&f->io);
    EXPECT_FALSE(remote_irr(f, PIN));
    ioapic_answer(&f->io, PIN, true);
    EXPECT_TRUE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, refused_level_is_tried_again_at_the_next_event_of_the_pin)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    EXPECT_EQ(messages_answered(f, false), 1, "no storm");
    EXPECT_FALSE(remote_irr(f, PIN));
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 0, "an EOI is no event of this pin");
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages_answered(f, false), 1);
    put_high(f, PIN, 0x02000000);
    EXPECT_EQ(messages_answered(f, false), 1);
    set(f, PIN, false);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, pin_sends_no_second_level_message_before_the_answer)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    f->last = ioapic_take(&f->io);
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, false);
    set(f, PIN, true);
    EXPECT_EQ(f->out.why, IRQ_REMOTE_IRR_SET);
    EXPECT_FALSE(ioapic_waiting(&f->io));
    ioapic_answer(&f->io, PIN, true);
    EXPECT_FALSE(ioapic_waiting(&f->io));
    EXPECT_TRUE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, event_between_message_and_refusal_is_tried_again)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    f->last = ioapic_take(&f->io);
    put_low(f, PIN, 0x50 | LEVEL);
    f->out = ioapic_answer(&f->io, PIN, false);
    EXPECT_TRUE(vecset_has(&f->out.requested, PIN));
    EXPECT_EQ(messages_answered(f, false), 1);
    EXPECT_FALSE(ioapic_waiting(&f->io), "once for all events");
}

TEST_F(ioapic_unit, refused_level_that_went_away_is_not_tried_again)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    f->last = ioapic_take(&f->io);
    set(f, PIN, false);
    set(f, PIN, true);
    set(f, PIN, false);
    ioapic_answer(&f->io, PIN, false);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, answer_to_a_message_before_the_switch_to_edge_is_ignored)
{
    put_low(f, PIN, 0x50 | LEVEL);
    set(f, PIN, true);
    f->last = ioapic_take(&f->io);
    put_low(f, PIN, 0x50);
    ioapic_answer(&f->io, PIN, true);
    EXPECT_FALSE(remote_irr(f, PIN));
    put_low(f, PIN, 0x50 | LEVEL);
    ioapic_answer(&f->io, PIN, true);
    EXPECT_FALSE(remote_irr(f, PIN), "the new message has not left yet");
    EXPECT_EQ(messages(f), 1);
}

/* ---- RTE writes with remote IRR = 1 ---- */

TEST_F(ioapic_unit, masking_keeps_remote_irr_and_the_eoi_clears_it)
{
    serve_level(f, PIN, 0x50);
    put_low(f, PIN, 0x50 | LEVEL | MASKED);
    EXPECT_TRUE(remote_irr(f, PIN));
    eoi(f, 0x50);
    EXPECT_FALSE(remote_irr(f, PIN));
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, handler_that_masks_gets_one_more_interrupt_at_unmask)
{
    serve_level(f, PIN, 0x50);
    put_low(f, PIN, 0x50 | LEVEL | MASKED);
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 0);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1);
}

TEST_F(ioapic_unit, changing_the_destination_keeps_remote_irr)
{
    serve_level(f, PIN, 0x50);
    put_high(f, PIN, 0x03000000);
    EXPECT_TRUE(remote_irr(f, PIN));
    EXPECT_EQ(messages(f), 0);
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.message.addr, 0xfee03000, "to the new target");
}

TEST_F(ioapic_unit, changed_vector_no_longer_matches_the_eoi)
{
    serve_level(f, PIN, 0x50);
    put_low(f, PIN, 0x51 | LEVEL);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_VECTOR_CHANGED);
    eoi(f, 0x50);
    EXPECT_TRUE(remote_irr(f, PIN));
    EXPECT_EQ(messages(f), 0);
    eoi_register(f, 0x51);
    EXPECT_EQ(messages(f), 1, "the line is still high");
    set(f, PIN, false);
    eoi_register(f, 0x51);
    EXPECT_FALSE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, software_cannot_write_remote_irr_or_delivery_status)
{
    put_low(f, PIN, 0xffffffff);
    EXPECT_EQ(get_low(f, PIN), 0x0001afff);
    serve_level(f, PIN + 1, 0x50);
    put_low(f, PIN + 1, 0x50 | LEVEL);
    EXPECT_TRUE(remote_irr(f, PIN + 1), "written as 0");
}

TEST_F(ioapic_unit, switching_to_edge_and_back_clears_remote_irr_and_sends_anew)
{
    serve_level(f, PIN, 0x50);
    put_low(f, PIN, 0x50 | MASKED);
    EXPECT_FALSE(remote_irr(f, PIN));
    EXPECT_EQ(messages(f), 0);
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(remote_irr(f, PIN));
}

/* ---- EOI ---- */

TEST_F(ioapic_unit, eoi_with_the_line_active_sends_again)
{
    serve_level(f, PIN, 0x50);
    eoi(f, 0x50);
    EXPECT_TRUE(vecset_has(&f->out.requested, PIN));
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(f->last.resend);
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 1, "a second EOI, a second interrupt");
    set(f, PIN, false);
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, eoi_of_another_vector_changes_nothing)
{
    serve_level(f, PIN, 0x50);
    eoi(f, 0x51);
    EXPECT_TRUE(remote_irr(f, PIN));
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, one_eoi_clears_every_entry_of_the_vector)
{
    serve_level(f, 3, 0x50);
    serve_level(f, 4, 0x50);
    serve_level(f, 23, 0x50);
    set(f, 4, false);
    put_low(f, 23, 0x50 | LEVEL | MASKED);
    eoi(f, 0x50);
    EXPECT_FALSE(remote_irr(f, 3));
    EXPECT_FALSE(remote_irr(f, 4));
    EXPECT_FALSE(remote_irr(f, 23), "masked or not");
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.pin, 3, "the only one active and open");
}

TEST_F(ioapic_unit, each_pin_of_one_eoi_with_a_reserved_mode_is_dropped)
{
    serve_level(f, 3, 0x50);
    serve_level(f, 4, 0x50);
    put_low(f, 3, 0x50 | LEVEL | MODE(DELIVERY_RESERVED3));
    put_low(f, 4, 0x50 | LEVEL | MODE(DELIVERY_RESERVED3));
    eoi(f, 0x50);
    EXPECT_TRUE(vecset_has(&f->out.dropped, 3));
    EXPECT_TRUE(vecset_has(&f->out.dropped, 4));
    EXPECT_EQ(messages(f), 0);
}

TEST_F(ioapic_unit, eoi_compares_neither_delivery_mode_nor_destination)
{
    serve_level(f, PIN, 0x50);
    set(f, PIN, false);
    put_high(f, PIN, 0x77000000);
    put_low(f, PIN, 0x50 | LEVEL | LOGICAL | MODE(DELIVERY_LOWEST));
    eoi(f, 0x50);
    EXPECT_FALSE(remote_irr(f, PIN));
}

TEST_F(ioapic_unit, eoi_leaves_edge_entries_alone)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    serve_level(f, PIN + 1, 0x50);
    eoi(f, 0x50);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.pin, PIN + 1);
}

TEST_F(ioapic_unit, eoi_register_does_what_the_broadcast_does)
{
    serve_level(f, PIN, 0x50);
    eoi_register(f, 0x51);
    EXPECT_TRUE(remote_irr(f, PIN));
    eoi_register(f, 0x50);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(f->last.resend);
    set(f, PIN, false);
    store(f, IOAPIC_EOI, 1, 0x50);
    EXPECT_FALSE(remote_irr(f, PIN), "a register of one byte");
}

TEST_F(ioapic_unit, eoi_register_does_nothing_for_an_edge_entry)
{
    put_low(f, PIN, 0x50);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    eoi_register(f, 0x50);
    EXPECT_EQ(messages(f), 0);
}

TEST(ioapic, version_11_has_no_eoi_register)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x11);
    serve_level(&f, PIN, 0x50);
    eoi_register(&f, 0x50);
    EXPECT_EQ(f.out.warning, IOAPIC_WARNING_HOLE);
    EXPECT_TRUE(remote_irr(&f, PIN));
    eoi(&f, 0x50);
    EXPECT_EQ(messages(&f), 1, "the broadcast it knows");
}

/* ---- order ---- */

TEST_F(ioapic_unit, lowest_pin_is_sent_first)
{
    for (unsigned pin = 0; pin < 24; pin++)
        put_low(f, pin, 0x50 + pin);
    set(f, 20, true);
    set(f, 7, true);
    set(f, 9, true);
    f->last = ioapic_take(&f->io);
    EXPECT_EQ(f->last.pin, 7);
    f->last = ioapic_take(&f->io);
    EXPECT_EQ(f->last.pin, 9);
    set(f, 0, true);
    f->last = ioapic_take(&f->io);
    EXPECT_EQ(f->last.pin, 0);
    f->last = ioapic_take(&f->io);
    EXPECT_EQ(f->last.pin, 20);
    EXPECT_FALSE(ioapic_waiting(&f->io));
}

TEST(ioapic, every_pin_of_a_large_unit_works)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 120, 0x20);
    for (unsigned pin = 0; pin < 120; pin++) {
        put_low(&f, pin, 0x50 | LEVEL);
        set(&f, pin, true);
        EXPECT_EQ(messages(&f), 1);
        EXPECT_EQ(f.last.pin, pin);
    }
    eoi(&f, 0x50);
    EXPECT_EQ(messages(&f), 120);
    EXPECT_EQ(f.last.pin, 119);
}

TEST(ioapic, pins_beyond_the_last_index_stay_masked)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 240, 0x20);
    set(&f, 239, true);
    EXPECT_EQ(messages(&f), 0);
    EXPECT_EQ(f.io.rte[239], MASKED);
}

/* ---- reset ---- */

TEST_F(ioapic_unit, reset_masks_everything_and_keeps_the_pins)
{
    put(f, IOAPIC_AT_ID, 0x0f000000);
    serve_level(f, PIN, 0x50);
    put_low(f, 7, 0x51);
    set(f, 7, true);
    ioapic_reset(&f->io);
    EXPECT_EQ(messages(f), 0, "what waited is gone");
    EXPECT_EQ(get(f, IOAPIC_AT_ID), 0);
    EXPECT_EQ(get_low(f, PIN), MASKED);
    EXPECT_EQ(f->io.rte[24], 0, "there is no pin 24");
    put_low(f, 7, 0x51);
    EXPECT_EQ(messages(f), 0, "edge entries do not notice an active line");
    put_low(f, PIN, 0x50 | LEVEL);
    EXPECT_EQ(messages(f), 1, "level entries do, at unmask");
}
