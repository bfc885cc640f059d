/* The I/O APIC's node: when messages leave, and what becomes of each
 * interrupt. */
#include "models/ioapic/test/node_fixture.h"

TEST_F(ioapic_nodes, message_leaves_after_its_delay_on_an_edge)
{
    program(f, 0, 5, 0x50);
    run_to(f, SOME_TIME);
    set(f, 0, 5, true);
    run_to(f, EDGE_AFTER + PIN_TO_MESSAGE * APIC_PERIOD - 1);
    EXPECT_EQ(f->seen_count, 0);
    run_to(f, EDGE_AFTER + PIN_TO_MESSAGE * APIC_PERIOD);
    EXPECT_EQ(f->seen_count, 1);
}

TEST_F(ioapic_nodes, message_is_a_write_of_four_bytes_by_the_unit)
{
    program(f, 1, 119, 0x50 | LEVEL);
    set(f, 1, 119, true);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].unit, 1);
    EXPECT_EQ(f->seen[0].m.kind, MSG_WRITE);
    EXPECT_EQ(f->seen[0].m.write.addr, 0xfee00000);
    EXPECT_EQ(f->seen[0].m.write.data, 0xc050);
    EXPECT_EQ(f->seen[0].m.write.bytes, 4);
    EXPECT_EQ(f->seen[0].m.write.requester, 0xf0f9);
}

TEST_F(ioapic_nodes, messages_leave_one_at_a_time)
{
    for (unsigned pin = 0; pin < 3; pin++)
        program(f, 0, pin, 0x50 + pin);
    set(f, 0, 2, true);
    set(f, 0, 0, true);
    set(f, 0, 1, true);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(f->seen[i].m.write.data, 0x4050 + i, "lowest pin first");
        EXPECT_EQ(f->seen[i].time, (i + 1) * PIN_TO_MESSAGE * APIC_PERIOD);
    }
}

TEST_F(ioapic_nodes, message_on_its_way_is_not_overtaken)
{
    program(f, 0, 2, 0x52);
    program(f, 0, 1, 0x51);
    set(f, 0, 2, true);
    run_to(f, APIC_PERIOD);
    set(f, 0, 1, true);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].m.write.data, 0x4052);
    EXPECT_EQ(f->seen[1].m.write.data, 0x4051);
}

TEST_F(ioapic_nodes, units_do_not_wait_for_each_other)
{
    program(f, 0, 1, 0x50);
    program(f, 1, 1, 0x51);
    set(f, 0, 1, true);
    set(f, 1, 1, true);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].time, f->seen[1].time);
}

TEST_F(ioapic_nodes, eoi_with_the_line_active_sends_after_its_own_delay)
{
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    eoi(f, 0x50);
    run_to(f, EDGE_AFTER + EOI_TO_MESSAGE * APIC_PERIOD - 1);
    EXPECT_EQ(f->seen_count, 1);
    run_to(f, EDGE_AFTER + EOI_TO_MESSAGE * APIC_PERIOD);
    EXPECT_EQ(f->seen_count, 2);
}

TEST_F(ioapic_nodes, broadcast_reaches_both_units_and_the_register_only_one)
{
    for (unsigned unit = 0; unit < UNITS; unit++) {
        program(f, unit, 5, 0x50 | LEVEL);
        pulse(f, unit, 5);
    }
    run_to(f, SOME_TIME);
    EXPECT_TRUE(remote_irr(f, 0, 5) && remote_irr(f, 1, 5));
    ioapic_node_write(&f->node[0], IOAPIC_EOI, 4, 0x50);
    EXPECT_FALSE(remote_irr(f, 0, 5));
    EXPECT_TRUE(remote_irr(f, 1, 5));
    set(f, 0, 5, true);
    run_to(f, 2 * SOME_TIME);
    EXPECT_TRUE(remote_irr(f, 0, 5) && remote_irr(f, 1, 5));
    set(f, 0, 5, false);
    eoi(f, 0x50);
    EXPECT_FALSE(remote_irr(f, 0, 5) || remote_irr(f, 1, 5));
}

/* ---- answers ---- */

TEST_F(ioapic_nodes, remote_irr_is_set_when_the_answer_comes)
{
    f->answers = false;
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_FALSE(remote_irr(f, 0, 5));
    ioapic_node_answer(&f->node[1], f->seen[0].m.irq, true);
    EXPECT_FALSE(remote_irr(f, 0, 5), "it is of the other unit");
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, true);
    EXPECT_TRUE(remote_irr(f, 0, 5));
}

TEST_F(ioapic_nodes, only_the_first_answer_counts)
{
    f->answers = false;
    program(f, 0, 5, 0x50 | LEVEL);
    pulse(f, 0, 5);
    run_to(f, SOME_TIME);
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, true);
    eoi(f, 0x50);
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, true);
    EXPECT_FALSE(remote_irr(f, 0, 5));
}

TEST_F(ioapic_nodes, answer_to_a_forgotten_message_is_ignored)
{
    f->answers = false;
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    program(f, 0, 5, 0x50);
    program(f, 0, 5, 0x50 | LEVEL);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, true);
    EXPECT_FALSE(remote_irr(f, 0, 5));
    ioapic_node_answer(&f->node[0], f->seen[1].m.irq, true);
    EXPECT_TRUE(remote_irr(f, 0, 5));
}

TEST_F(ioapic_nodes, refused_message_is_sent_again_if_the_pin_had_an_event)
{
    f->answers = false;
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, false);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->seen_count, 1);
    program(f, 0, 5, 0x50 | LEVEL);
    run_to(f, 3 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    program(f, 0, 5, 0x50 | LEVEL);
    ioapic_node_answer(&f->node[0], f->seen[1].m.irq, false);
    run_to(f, 4 * SOME_TIME);
    EXPECT_EQ(f->seen_count, 3);
}

/* ---- identity ---- */

TEST_F(ioapic_nodes, interrupt_is_born_at_the_pin)
{
    irq_id id;

    program(f, 0, 5, 0x50);
    run_to(f, SOME_TIME);
    set(f, 0, 5, true);
    EXPECT_EQ(count(f, 0)->sent, 1);
    id = f->node[0].waiting_irq[5];
    EXPECT_TRUE(irq_pending(&f->irqs, id));
    EXPECT_EQ(f->record[0].hop[0].hop, HOP_LINE_EDGE);
    EXPECT_EQ(f->record[0].hop[0].time, SOME_TIME);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->seen[0].m.irq, id);
    EXPECT_EQ(f->record[0].hop[1].hop, HOP_IOAPIC_MESSAGE);
    EXPECT_EQ(f->record[0].hop[1].time,
              EDGE_AFTER + PIN_TO_MESSAGE * APIC_PERIOD);
}

TEST_F(ioapic_nodes, masked_edge_is_not_born)
{
    pulse(f, 0, 5);
    EXPECT_EQ(count(f, 0)->sent, 0);
}

TEST_F(ioapic_nodes, edges_that_wait_for_the_same_message_are_merged)
{
    program(f, 0, 5, 0x50);
    program(f, 0, 6, 0x51);
    set(f, 0, 5, true);
    run_to(f, APIC_PERIOD);
    pulse(f, 0, 6);
    pulse(f, 0, 6);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 2);
    EXPECT_EQ(count(f, 0)->sent, 3);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_MESSAGE_WAITING], 1);
}

TEST_F(ioapic_nodes, edge_while_its_message_is_on_its_way_is_another_one)
{
    program(f, 0, 5, 0x50);
    pulse(f, 0, 5);
    run_to(f, APIC_PERIOD);
    pulse(f, 0, 5);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 2, "the local APIC merges them");
    EXPECT_EQ(count(f, 0)->merged, 0);
}

TEST_F(ioapic_nodes, level_that_rises_again_before_the_eoi_is_merged)
{
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    set(f, 0, 5, false);
    set(f, 0, 5, true);
    EXPECT_EQ(count(f, 0)->sent, 2);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_REMOTE_IRR_SET], 1);
}

TEST_F(ioapic_nodes, level_that_is_sent_after_the_eoi_is_a_new_interrupt)
{
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    eoi(f, 0x50);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(count(f, 0)->sent, 2);
    EXPECT_NE(f->seen[0].m.irq, f->seen[1].m.irq);
}

TEST_F(ioapic_nodes, reserved_delivery_mode_drops_the_interrupt)
{
    program(f, 0, 5, 0x350);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 0);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_UNSUPPORTED_MODE], 1);
}

TEST_F(ioapic_nodes, each_pin_that_cannot_send_at_an_eoi_has_its_interrupt)
{
    for (unsigned pin = 3; pin < 5; pin++) {
        program(f, 0, pin, 0x50 | LEVEL);
        set(f, 0, pin, true);
    }
    run_to(f, SOME_TIME);
    for (unsigned pin = 3; pin < 5; pin++)
        program(f, 0, pin, 0x350 | LEVEL);
    eoi(f, 0x50);
    EXPECT_EQ(count(f, 0)->sent, 4);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_UNSUPPORTED_MODE], 2);
}

TEST_F(ioapic_nodes, waiting_interrupt_is_dropped_by_a_reserved_mode)
{
    program(f, 0, 5, 0x50);
    program(f, 0, 6, 0x60);
    set(f, 0, 5, true);
    run_to(f, APIC_PERIOD);
    set(f, 0, 6, true);
    program(f, 0, 6, 0x660);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_UNSUPPORTED_MODE], 1);
}

TEST_F(ioapic_nodes, message_withdrawn_in_its_own_instant_never_leaves)
{
    program(f, 0, 5, 0x50);
    set(f, 0, 5, true);
    program(f, 0, 5, 0x350);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 0);
    ioapic_node_reset(&f->node[0]);
    EXPECT_EQ(count(f, 0)->dropped, 1, "nothing is dropped twice");
}

TEST_F(ioapic_nodes, reset_drops_what_has_not_left)
{
    program(f, 0, 5, 0x50);
    program(f, 0, 6, 0x60);
    set(f, 0, 5, true);
    set(f, 0, 6, true);
    run_to(f, APIC_PERIOD);
    ioapic_node_reset(&f->node[0]);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 0);
    EXPECT_EQ(count(f, 0)->by_reason[IRQ_APIC_RESET], 2);
    ioapic_node_reset(&f->node[0]);
    EXPECT_EQ(count(f, 0)->dropped, 2, "nothing is dropped twice");
    program(f, 0, 5, 0x50 | LEVEL);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->seen_count, 1, "the pin is still high");
}

TEST_F(ioapic_nodes, answer_after_a_reset_is_ignored)
{
    f->answers = false;
    program(f, 0, 5, 0x50 | LEVEL);
    set(f, 0, 5, true);
    run_to(f, SOME_TIME);
    ioapic_node_reset(&f->node[0]);
    ioapic_node_answer(&f->node[0], f->seen[0].m.irq, true);
    EXPECT_FALSE(remote_irr(f, 0, 5));
}

TEST_F(ioapic_nodes, guest_warnings_are_counted)
{
    struct ioapic_node *n = &f->node[0];

    ioapic_node_write(n, 0x30, 4, 0);
    ioapic_node_read(n, 0x34, 4);
    ioapic_node_write(n, IOAPIC_IOREGSEL, 1, IOAPIC_AT_VERSION);
    ioapic_node_write(n, IOAPIC_IOWIN, 4, 0);
    EXPECT_EQ(n->warnings[IOAPIC_WARNING_HOLE], 2);
    EXPECT_EQ(n->warnings[IOAPIC_WARNING_WIDTH], 1);
    EXPECT_EQ(n->warnings[IOAPIC_WARNING_READ_ONLY], 1);
}

TEST_F(ioapic_nodes, bus_takes_one_message_in_a_cycle)
{
    f->node[0].config.costs = (struct ioapic_costs){0};
    program(f, 0, 5, 0x50);
    program(f, 0, 6, 0x60);
    run_to(f, SOME_TIME);
    set(f, 0, 6, true);
    set(f, 0, 5, true);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].time, EDGE_AFTER + APIC_PERIOD);
    EXPECT_EQ(f->seen[0].m.write.data, 0x4050);
    EXPECT_EQ(f->seen[1].time, EDGE_AFTER + 2 * APIC_PERIOD);
}

TEST_F(ioapic_nodes, pin_that_changes_at_the_edge_itself_takes_part)
{
    program(f, 0, 5, 0x50);
    program(f, 0, 6, 0x60);
    run_to(f, EDGE_AFTER - 1);
    set(f, 0, 6, true); /* to be chosen at the edge */
    f->engine.limit = SIM_TIME_NEVER;
    f->engine.now = EDGE_AFTER;
    set(f, 0, 5, true);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].m.write.data, 0x4050);
}

TEST_F(ioapic_nodes, write_at_the_instant_of_the_choice_takes_part)
{
    program(f, 0, 6, 0x60);
    set(f, 0, 6, true);
    program(f, 0, 6, 0x61);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.write.data, 0x4061);
}

static void count_held(void *ctx, irq_id id)
{
    unsigned *held = ctx;

    *held += id != 0;
}

TEST_F(ioapic_nodes, message_that_waits_or_is_on_its_way_is_held)
{
    unsigned held = 0;

    program(f, 0, 0, 0x50);
    program(f, 0, 23, 0x60);
    set(f, 0, 0, true);
    set(f, 0, 23, true);
    run_to(f, APIC_PERIOD);
    ioapic_node_each_held(&f->node[0], count_held, &held);
    EXPECT_EQ(held, 2, "pin 0 is on its way, the last pin waits");
}

TEST_F(ioapic_nodes, largest_part_ends_with_its_last_pin)
{
    struct ioapic_node_config c = f->node[1].config;
    unsigned held = 0;

    c.pins = IOAPIC_PINS_MAX;
    ioapic_node_init(&f->node[1], &c);
    ioapic_node_write(&f->node[1], IOAPIC_IOREGSEL, 4, 0);
    set(f, 1, IOAPIC_PINS_MAX - 1, true);
    ioapic_node_each_held(&f->node[1], count_held, &held);
    ioapic_node_answer(&f->node[1], 1, true);
    eoi(f, 0);
    ioapic_node_reset(&f->node[1]);
    EXPECT_EQ(held, 0);
}
