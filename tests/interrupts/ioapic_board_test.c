/* I/O APICs and local APICs together: what takes both to happen. */
#include "tests/interrupts/ioapic_board.h"

#define PIN 5u
#define LEVEL IOAPIC_RTE_LEVEL
#define SUPPRESS (LAPIC_SVR_SUPPRESS_EOI | 0x1ffu)

static void put_low(struct ioapic_board *f, unsigned unit, unsigned pin,
                    uint32_t low)
{
    board_put(f, unit, IOAPIC_AT_RTE_LOW + 2 * pin, low);
    board_settle(f);
}

static void put_high(struct ioapic_board *f, unsigned unit, unsigned pin,
                     uint32_t high)
{
    board_put(f, unit, IOAPIC_AT_RTE_HIGH + 2 * pin, high);
    board_settle(f);
}

static void set(struct ioapic_board *f, unsigned unit, unsigned pin, bool high)
{
    board_set(f, unit, pin, high);
    board_settle(f);
}

static void pulse(struct ioapic_board *f, unsigned unit, unsigned pin)
{
    set(f, unit, pin, true);
    set(f, unit, pin, false);
}

static void eoi(struct ioapic_board *f, unsigned cpu)
{
    lapic_node_write(&f->cpu[cpu], LAPIC_EOI, 4, 0);
    board_settle(f);
}

static bool remote_irr(struct ioapic_board *f, unsigned unit, unsigned pin)
{
    return (board_get(f, unit, IOAPIC_AT_RTE_LOW + 2 * pin) &
            IOAPIC_RTE_REMOTE_IRR) != 0;
}

static uint64_t merged(const struct ioapic_board *f, enum irq_reason why)
{
    return f->irqs.count[SOURCE_IOAPIC].by_reason[why];
}

TEST_F(ioapic_board, two_edges_before_the_core_takes_one_are_one_interrupt)
{
    put_low(f, 0, PIN, 0x50);
    pulse(f, 0, PIN);
    pulse(f, 0, PIN);
    EXPECT_EQ(f->messages, 2);
    EXPECT_EQ(merged(f, IRQ_IRR_SET), 1);
    EXPECT_EQ(board_take(f, 0), 0x50);
    eoi(f, 0);
    EXPECT_EQ(board_take(f, 0), -1);
}

TEST_F(ioapic_board, level_that_falls_before_the_core_takes_it_is_delivered)
{
    put_low(f, 0, PIN, 0x50 | LEVEL);
    pulse(f, 0, PIN);
    EXPECT_EQ(board_take(f, 0), 0x50);
    eoi(f, 0);
    EXPECT_EQ(board_take(f, 0), -1);
}

TEST_F(ioapic_board, level_that_stays_high_comes_again_after_each_eoi)
{
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(board_take(f, 0), 0x50);
        EXPECT_EQ(board_take(f, 0), -1, "not before the EOI");
        eoi(f, 0);
    }
    EXPECT_EQ(f->messages, 4);
}

TEST_F(ioapic_board, level_that_rises_twice_before_the_handler_is_one_interrupt)
{
    put_low(f, 0, PIN, 0x50 | LEVEL);
    pulse(f, 0, PIN);
    pulse(f, 0, PIN);
    EXPECT_EQ(f->messages, 1);
    EXPECT_EQ(merged(f, IRQ_REMOTE_IRR_SET), 1);
    EXPECT_EQ(board_take(f, 0), 0x50);
    eoi(f, 0);
    EXPECT_EQ(board_take(f, 0), -1);
}

TEST_F(ioapic_board, edge_switch_in_the_handler_sends_while_isr_is_set)
{
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_EQ(board_take(f, 0), 0x50);
    put_low(f, 0, PIN, 0x50 | IOAPIC_RTE_MASKED);
    put_low(f, 0, PIN, 0x50 | LEVEL);
    EXPECT_TRUE(vecset_has(&f->cpu[0].lapic.irr, 0x50));
    EXPECT_TRUE(vecset_has(&f->cpu[0].lapic.isr, 0x50));
}

TEST_F(ioapic_board, destination_changed_in_service_counts_from_the_next_one)
{
    put_high(f, 0, PIN, 0x01000000);
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    put_high(f, 0, PIN, 0x02000000);
    EXPECT_EQ(board_take(f, 1), 0x50);
    EXPECT_EQ(board_take(f, 2), -1);
    eoi(f, 1);
    EXPECT_EQ(board_take(f, 1), -1);
    EXPECT_EQ(board_take(f, 2), 0x50);
}

TEST_F(ioapic_board, broadcast_reaches_every_unit_and_the_register_one)
{
    for (unsigned unit = 0; unit < UNITS; unit++) {
        put_low(f, unit, PIN, 0x50 | LEVEL);
        pulse(f, unit, PIN);
    }
    EXPECT_EQ(board_take(f, 0), 0x50);
    ioapic_node_write(&f->unit[1], IOAPIC_EOI, 4, 0x50);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
    EXPECT_FALSE(remote_irr(f, 1, PIN));
    pulse(f, 1, PIN);
    eoi(f, 0);
    EXPECT_FALSE(remote_irr(f, 0, PIN) || remote_irr(f, 1, PIN));
}

TEST_F(ioapic_board, eoi_of_an_edge_leaves_a_level_entry_of_the_vector_alone)
{
    put_low(f, 0, PIN, 0x50 | LEVEL);
    pulse(f, 0, PIN);
    EXPECT_EQ(board_take(f, 0), 0x50);
    put_low(f, 0, 6, 0x50);
    pulse(f, 0, 6); /* the last one to set the IRR bit says the trigger mode */
    eoi(f, 0);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
}

TEST_F(ioapic_board, suppressed_broadcast_waits_for_the_eoi_register)
{
    lapic_node_write(&f->cpu[0], LAPIC_SVR, 4, SUPPRESS);
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_EQ(board_take(f, 0), 0x50);
    eoi(f, 0);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
    EXPECT_EQ(board_take(f, 0), -1);
    ioapic_node_write(&f->unit[0], IOAPIC_EOI, 4, 0x50);
    board_settle(f);
    EXPECT_EQ(board_take(f, 0), 0x50);
}

TEST_F(ioapic_board, level_nmi_is_one_nmi_and_no_storm)
{
    put_low(f, 0, PIN, (uint32_t)DELIVERY_NMI << 8 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_EQ(f->messages, 1);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].line, CORE_NMI);
    EXPECT_FALSE(remote_irr(f, 0, PIN));
}

TEST_F(ioapic_board, extint_asks_for_the_vector_of_the_8259)
{
    static const struct vecset none;

    put_low(f, 0, 0, (uint32_t)DELIVERY_EXTINT << 8);
    set(f, 0, 0, true);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].line, CORE_EXTINT);
    EXPECT_TRUE(f->seen[0].high);
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(f->cpu[0].lapic.irr.word[i], none.word[i]);
        EXPECT_EQ(f->cpu[0].lapic.isr.word[i], none.word[i]);
    }
    lapic_node_acknowledge_extint(&f->cpu[0]);
    EXPECT_FALSE(f->seen[1].high);
}

TEST_F(ioapic_board, timer_on_pin_2_leaves_pin_0_silent)
{
    put_low(f, 0, 0, (uint32_t)DELIVERY_EXTINT << 8);
    put_low(f, 0, 2, 0x30);
    pulse(f, 0, 2);
    EXPECT_EQ(f->messages, 1);
    EXPECT_EQ(f->seen_count, 0);
    EXPECT_EQ(board_take(f, 0), 0x30);
}

TEST_F(ioapic_board, trigger_mode_register_follows_the_last_message)
{
    struct lapic *l = &f->cpu[0].lapic;

    put_low(f, 0, PIN, 0x50);
    put_low(f, 0, 6, 0x50 | LEVEL);
    pulse(f, 0, PIN);
    EXPECT_FALSE(vecset_has(&l->tmr, 0x50));
    pulse(f, 0, 6);
    EXPECT_TRUE(vecset_has(&l->tmr, 0x50));
    pulse(f, 0, PIN);
    EXPECT_FALSE(vecset_has(&l->tmr, 0x50));
}

TEST_F(ioapic_board, several_targets_set_remote_irr_once_and_one_eoi_clears_it)
{
    put_high(f, 0, PIN, 0x0d000000);
    put_low(f, 0, PIN, 0x50 | LEVEL | IOAPIC_RTE_LOGICAL);
    pulse(f, 0, PIN);
    EXPECT_EQ(board_take(f, 1), -1);
    EXPECT_EQ(board_take(f, 0), 0x50);
    EXPECT_EQ(board_take(f, 2), 0x50);
    EXPECT_EQ(board_take(f, 3), 0x50);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
    eoi(f, 2);
    EXPECT_FALSE(remote_irr(f, 0, PIN));
    eoi(f, 0);
    eoi(f, 3);
    EXPECT_EQ(f->messages, 1);
}

TEST_F(ioapic_board, one_of_several_targets_that_takes_it_is_enough)
{
    lapic_node_write(&f->cpu[0], LAPIC_SVR, 4, 0xff);
    put_high(f, 0, PIN, 0x03000000);
    put_low(f, 0, PIN, 0x50 | LEVEL | IOAPIC_RTE_LOGICAL);
    set(f, 0, PIN, true);
    EXPECT_EQ(board_take(f, 1), 0x50);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
}

TEST_F(ioapic_board, illegal_vector_is_an_error_of_the_local_apic)
{
    put_low(f, 0, PIN, 0x08);
    pulse(f, 0, PIN);
    EXPECT_FALSE(vecset_has(&f->cpu[0].lapic.irr, 0x08));
    lapic_node_write(&f->cpu[0], LAPIC_ESR, 4, 0);
    EXPECT_EQ(lapic_node_read(&f->cpu[0], LAPIC_ESR, 4),
              LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
    EXPECT_EQ(merged(f, IRQ_ILLEGAL_VECTOR), 1);
    put_low(f, 0, PIN, 0x08 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_FALSE(remote_irr(f, 0, PIN));
}

TEST_F(ioapic_board, disabled_local_apic_leaves_remote_irr_0)
{
    lapic_node_write(&f->cpu[0], LAPIC_SVR, 4, 0xff);
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_FALSE(remote_irr(f, 0, PIN));
    EXPECT_FALSE(vecset_has(&f->cpu[0].lapic.irr, 0x50));
    EXPECT_EQ(merged(f, IRQ_APIC_DISABLED), 1);
    lapic_node_write(&f->cpu[0], LAPIC_SVR, 4, 0x1ff);
    board_settle(f);
    EXPECT_EQ(board_take(f, 0), -1, "no event of the pin yet");
    put_low(f, 0, PIN, 0x50 | LEVEL);
    EXPECT_EQ(board_take(f, 0), 0x50);
    EXPECT_TRUE(remote_irr(f, 0, PIN));
}

TEST_F(ioapic_board, message_to_nobody_is_dropped)
{
    put_high(f, 0, PIN, 0x77000000);
    put_low(f, 0, PIN, 0x50 | LEVEL);
    set(f, 0, PIN, true);
    EXPECT_FALSE(remote_irr(f, 0, PIN));
    EXPECT_EQ(merged(f, IRQ_NO_TARGET), 1);
    put_high(f, 0, PIN, 0);
    EXPECT_EQ(board_take(f, 0), 0x50, "the entry was written");
}
