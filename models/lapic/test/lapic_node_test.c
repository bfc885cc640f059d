/* The local APIC's node: when lines, messages and expiries happen, and what
 * becomes of each interrupt. */
#include "models/lapic/test/node_fixture.h"

#define DIVIDE_BY_1 0xbu
#define TIMER_VECTOR 0x40u
#define PERIODIC (1u << 17)
#define TSC_DEADLINE (2u << 17)

/* Between two edges of the APIC clock. */
#define SOME_TIME (1000 * APIC_PERIOD + 2 * SIM_PS)
#define EDGE_AFTER (1001 * APIC_PERIOD)

static void start_timer(struct lapic_nodes *f, uint32_t lvt, uint32_t count)
{
    put(f, LAPIC_DCR, DIVIDE_BY_1);
    put(f, LAPIC_LVT_TIMER, lvt);
    put(f, LAPIC_TMICT, count);
}

static void set_pin(struct lapic_nodes *f, uint8_t pin, bool high)
{
    struct msg m = {.kind = MSG_LINE, .line = {.line = pin, .high = high}};

    lapic_node_receive(&f->node[0], &m);
}

TEST_F(lapic_nodes, intr_rises_after_its_delay_on_an_edge)
{
    run_to(f, SOME_TIME);
    arrive(f, 0x50);
    run_to(f, EDGE_AFTER + 3 * APIC_PERIOD - 1);
    EXPECT_FALSE(f->intr[0]);
    run_to(f, EDGE_AFTER + 3 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
}

TEST_F(lapic_nodes, intr_falls_at_once)
{
    arrive(f, 0x50);
    run_to(f, SOME_TIME);
    put(f, LAPIC_TPR, 0x50);
    EXPECT_FALSE(f->intr[0]);
    put(f, LAPIC_TPR, 0);
    EXPECT_FALSE(f->intr[0], "rises after eoi_to_intr only");
    run_to(f, EDGE_AFTER + 2 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
}

TEST_F(lapic_nodes, second_interrupt_does_not_delay_the_first)
{
    arrive(f, 0x50);
    run_to(f, 2 * APIC_PERIOD);
    arrive(f, 0x60);
    run_to(f, 3 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 1, "one rise for both");
}

TEST_F(lapic_nodes, cancelled_rise_is_never_seen)
{
    arrive(f, 0x50);
    run_to(f, APIC_PERIOD);
    put(f, LAPIC_TPR, 0x50);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 0);
}

TEST_F(lapic_nodes, intr_rises_again_after_the_eoi)
{
    arrive(f, 0x50);
    arrive(f, 0x58);
    run_to(f, SOME_TIME);
    EXPECT_EQ(take_interrupt(f).vector, 0x58);
    EXPECT_FALSE(f->intr[0]);
    put(f, LAPIC_EOI, 0);
    run_to(f, EDGE_AFTER + 2 * APIC_PERIOD - 1);
    EXPECT_FALSE(f->intr[0]);
    run_to(f, EDGE_AFTER + 2 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
    EXPECT_EQ(take_interrupt(f).vector, 0x50);
}

TEST_F(lapic_nodes, ipi_reaches_the_bus_after_its_delay)
{
    run_to(f, SOME_TIME);
    put(f, LAPIC_ICR_HIGH, 1u << 24);
    put(f, LAPIC_ICR_LOW, 0x50);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->sent_count, 1);
    EXPECT_EQ(f->sent_time[0], EDGE_AFTER + 5 * APIC_PERIOD);
    EXPECT_EQ(f->sent_icr_time[0], SOME_TIME, "the time of birth");
    EXPECT_EQ(f->sent[0].irq, 0, "the fabric gives the identity");
    EXPECT_TRUE(f->intr[1]);
    EXPECT_FALSE(f->intr[0]);
}

TEST_F(lapic_nodes, ipis_in_a_row_are_all_sent_in_order)
{
    for (uint32_t v = 0x50; v < 0x58; v++) {
        run_to(f, engine_now(&f->engine) + APIC_PERIOD);
        put(f, LAPIC_ICR_LOW, v | (uint32_t)SHORTHAND_SELF << 18);
    }
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->sent_count, 8);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQ(f->sent[i].apic.vector, 0x50 + i);
        EXPECT_EQ(f->sent_time[i], (i + 1 + 5) * APIC_PERIOD);
    }
}

TEST_F(lapic_nodes, full_send_queue_loses_nothing)
{
    for (uint32_t i = 0; i < 2 * LAPIC_SEND_MAX; i++)
        put(f, LAPIC_ICR_LOW, (0x50 + i) | (uint32_t)SHORTHAND_SELF << 18);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->sent_count, 2 * LAPIC_SEND_MAX);
    for (unsigned i = 0; i < f->sent_count; i++)
        EXPECT_EQ(f->sent[i].apic.vector, 0x50 + i, "in order");
}

TEST_F(lapic_nodes, self_ipi_travels_over_the_bus)
{
    ASSERT_TRUE(lapic_node_wrmsr(&f->node[0], LAPIC_MSR_APIC_BASE,
                                 LAPIC_BASE_DEFAULT | LAPIC_BASE_BSP |
                                     LAPIC_BASE_EN | LAPIC_BASE_EXTD));
    EXPECT_TRUE(lapic_node_wrmsr(&f->node[0], 0x83f, 0x66));
    EXPECT_FALSE(vecset_has(&f->node[0].lapic.irr, 0x66));
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->sent[0].apic.shorthand, SHORTHAND_SELF);
    EXPECT_EQ(take_interrupt(f).vector, 0x66);
}

TEST_F(lapic_nodes, eoi_broadcast_reaches_the_bus_in_order)
{
    struct msg m = {.kind = MSG_APIC,
                    .apic = {.vector = 0x60, .level_trigger = true}};

    m.irq = irq_birth(&f->irqs, SOURCE_DEVICE, HOP_LINE_EDGE, 0);
    lapic_node_receive(&f->node[0], &m);
    run_to(f, SOME_TIME);
    take_interrupt(f);
    put(f, LAPIC_ICR_LOW, 0x40 | (uint32_t)SHORTHAND_OTHERS << 18);
    put(f, LAPIC_EOI, 0);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->sent_count, 2);
    EXPECT_EQ(f->sent[0].kind, MSG_APIC);
    EXPECT_EQ(f->sent[1].kind, MSG_EOI);
    EXPECT_EQ(f->sent[1].eoi_vector, 0x60);
}

TEST_F(lapic_nodes, timer_expires_at_the_exact_edge)
{
    run_to(f, 10 * TIMER_PERIOD + 1);
    start_timer(f, TIMER_VECTOR, 1000);
    run_to(f, 1011 * TIMER_PERIOD - 1);
    EXPECT_FALSE(vecset_has(&f->node[0].lapic.irr, TIMER_VECTOR));
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 0);
    run_to(f, 1011 * TIMER_PERIOD);
    EXPECT_TRUE(vecset_has(&f->node[0].lapic.irr, TIMER_VECTOR));
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 1);
}

TEST_F(lapic_nodes, periodic_timer_does_not_drift)
{
    start_timer(f, TIMER_VECTOR | PERIODIC, 100);
    run_to(f, 10 * 100 * TIMER_PERIOD);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 10);
    EXPECT_EQ(count(f, SOURCE_TIMER)->merged, 9);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 100);
    run_to(f, (10 * 100 + 30) * TIMER_PERIOD);
    EXPECT_EQ(get(f, LAPIC_TMCCT), 70);
}

TEST_F(lapic_nodes, rewritten_timer_expires_once)
{
    start_timer(f, TIMER_VECTOR, 1000);
    run_to(f, 900 * TIMER_PERIOD);
    put(f, LAPIC_TMICT, 1000);
    run_to(f, 1899 * TIMER_PERIOD);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 0);
    run_to(f, 5000 * TIMER_PERIOD);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 1);
}

TEST_F(lapic_nodes, stopped_timer_leaves_no_event)
{
    start_timer(f, TIMER_VECTOR, 1000);
    put(f, LAPIC_TMICT, 0);
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(lapic_nodes, masked_expiry_is_not_born)
{
    start_timer(f, TIMER_VECTOR | LAPIC_LVT_MASKED, 10);
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 0);
}

TEST_F(lapic_nodes, tsc_deadline_fires_at_the_first_edge_that_reaches_it)
{
    put(f, LAPIC_LVT_TIMER, TIMER_VECTOR | TSC_DEADLINE);
    run_to(f, SOME_TIME);
    EXPECT_TRUE(lapic_node_wrmsr(&f->node[0], LAPIC_MSR_TSC_DEADLINE, 10000));
    run_to(f, 10000 * TSC_PERIOD - 1);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 0);
    run_to(f, 10000 * TSC_PERIOD);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 1);
}

TEST_F(lapic_nodes, tsc_deadline_in_the_past_fires_at_once)
{
    uint64_t value;

    put(f, LAPIC_LVT_TIMER, TIMER_VECTOR | TSC_DEADLINE);
    run_to(f, SOME_TIME);
    EXPECT_TRUE(lapic_node_wrmsr(&f->node[0], LAPIC_MSR_TSC_DEADLINE, 1));
    EXPECT_TRUE(vecset_has(&f->node[0].lapic.irr, TIMER_VECTOR));
    EXPECT_TRUE(lapic_node_rdmsr(&f->node[0], LAPIC_MSR_TSC_DEADLINE, &value));
    EXPECT_EQ(value, 0);
}

TEST_F(lapic_nodes, tsc_deadline_beyond_the_end_of_time_never_fires)
{
    put(f, LAPIC_LVT_TIMER, TIMER_VECTOR | TSC_DEADLINE);
    EXPECT_TRUE(
        lapic_node_wrmsr(&f->node[0], LAPIC_MSR_TSC_DEADLINE, UINT64_MAX));
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(lapic_nodes, expiry_comes_before_an_access_of_the_same_instant)
{
    start_timer(f, TIMER_VECTOR, 10);
    f->engine.limit = SIM_TIME_NEVER;
    f->engine.now = 10 * TIMER_PERIOD;
    put(f, LAPIC_LVT_TIMER, TIMER_VECTOR | LAPIC_LVT_MASKED);
    EXPECT_TRUE(vecset_has(&f->node[0].lapic.irr, TIMER_VECTOR));
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, SOURCE_TIMER)->sent, 1);
}

TEST_F(lapic_nodes, identity_goes_from_irr_to_isr_to_the_eoi)
{
    irq_id id = arrive(f, 0x50);

    EXPECT_EQ(f->node[0].irr_irq[0x50], id);
    run_to(f, SOME_TIME);
    EXPECT_EQ(take_interrupt(f).irq, id);
    EXPECT_EQ(f->node[0].irr_irq[0x50], 0);
    EXPECT_EQ(f->node[0].isr_irq[0x50], id);
    put(f, LAPIC_EOI, 0);
    EXPECT_EQ(f->node[0].isr_irq[0x50], 0);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->delivered, 1);
    EXPECT_EQ(f->record[0].id, 0, "finished: the record is free");
}

TEST_F(lapic_nodes, eoi_leaves_an_open_fate_to_software)
{
    irq_id id = arrive(f, 0x50);

    run_to(f, SOME_TIME);
    EXPECT_EQ(lapic_node_acknowledge(&f->node[0]).irq, id);
    put(f, LAPIC_EOI, 0);
    EXPECT_TRUE(irq_pending(&f->irqs, id), "software still holds it");
    irq_drop(&f->irqs, id, IRQ_UNHANDLED);
}

TEST_F(lapic_nodes, same_vector_in_irr_is_merged)
{
    arrive(f, 0x50);
    arrive(f, 0x50);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->merged, 1);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->by_reason[IRQ_IRR_SET], 1);
}

TEST_F(lapic_nodes, refused_interrupts_are_dropped_with_the_reason)
{
    arrive(f, 5);
    put(f, LAPIC_SVR, 0xff);
    arrive(f, 0x50);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->dropped, 2);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->by_reason[IRQ_ILLEGAL_VECTOR], 1);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->by_reason[IRQ_APIC_DISABLED], 1);
}

TEST_F(lapic_nodes, spurious_vector_has_no_identity)
{
    struct lapic_ack ack;

    arrive(f, 0x50);
    put(f, LAPIC_TPR, 0xf0);
    ack = lapic_node_acknowledge(&f->node[0]);
    EXPECT_TRUE(ack.spurious);
    EXPECT_EQ(ack.vector, 0xff);
    EXPECT_EQ(ack.irq, 0);
    EXPECT_EQ(f->node[0].isr_irq[0xff], 0);
}

TEST_F(lapic_nodes, init_drops_what_is_pending)
{
    arrive(f, 0x50);
    run_to(f, SOME_TIME);
    take_interrupt(f);
    arrive(f, 0x60);
    run_to(f, 2 * SOME_TIME);
    EXPECT_TRUE(f->intr[0]);
    lapic_node_reset(&f->node[0], LAPIC_INIT);
    EXPECT_FALSE(f->intr[0]);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->by_reason[IRQ_APIC_RESET], 1);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->delivered, 1);
}

TEST_F(lapic_nodes, global_disable_drops_what_is_pending_and_stops_the_timer)
{
    arrive(f, 0x50);
    start_timer(f, TIMER_VECTOR, 1000);
    EXPECT_TRUE(
        lapic_node_wrmsr(&f->node[0], LAPIC_MSR_APIC_BASE, LAPIC_BASE_DEFAULT));
    EXPECT_EQ(count(f, SOURCE_DEVICE)->by_reason[IRQ_APIC_RESET], 1);
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(lapic_nodes, nmi_and_sipi_go_to_the_core)
{
    struct msg m = {.kind = MSG_APIC,
                    .apic = {.mode = DELIVERY_SIPI, .vector = 0x08}};

    m.irq = irq_birth(&f->irqs, SOURCE_DEVICE, HOP_MSI_WRITE, 0);
    lapic_node_receive(&f->node[0], &m);
    m.apic.mode = DELIVERY_NMI;
    m.irq = irq_birth(&f->irqs, SOURCE_DEVICE, HOP_MSI_WRITE, 0);
    lapic_node_receive(&f->node[0], &m);
    EXPECT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].line.line, CORE_SIPI);
    EXPECT_EQ(f->seen[0].line.vector, 0x08);
    EXPECT_TRUE(f->seen[0].line.high);
    EXPECT_EQ(f->seen[1].line.line, CORE_NMI);
    EXPECT_EQ(count(f, SOURCE_DEVICE)->delivered, 2);
}

TEST_F(lapic_nodes, lint_edge_is_born_at_the_pin)
{
    put(f, LAPIC_LVT_LINT0, 0x50);
    set_pin(f, 0, true);
    set_pin(f, 0, false);
    set_pin(f, 0, true);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 2);
    EXPECT_EQ(count(f, SOURCE_LINT)->merged, 1);
    put(f, LAPIC_LVT_LINT0, 0x50 | LAPIC_LVT_MASKED);
    set_pin(f, 0, false);
    set_pin(f, 0, true);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 2, "masked: not born");
}

TEST_F(lapic_nodes, level_lint_is_born_again_at_the_eoi)
{
    put(f, LAPIC_LVT_LINT0, 0x50 | LAPIC_LVT_LEVEL);
    set_pin(f, 0, true);
    run_to(f, SOME_TIME);
    take_interrupt(f);
    put(f, LAPIC_EOI, 0);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 2);
    EXPECT_EQ(count(f, SOURCE_LINT)->delivered, 1);
    run_to(f, 2 * SOME_TIME);
    EXPECT_TRUE(f->intr[0]);
}

TEST_F(lapic_nodes, extint_line_follows_the_pin_at_once)
{
    put(f, LAPIC_LVT_LINT0, DELIVERY_EXTINT << 8);
    set_pin(f, 0, true);
    EXPECT_TRUE(f->extint[0]);
    set_pin(f, 0, false);
    EXPECT_FALSE(f->extint[0]);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 0, "the 8259 has its identity");
}

TEST_F(lapic_nodes, extint_message_requests_until_it_is_acknowledged)
{
    struct msg m = {.kind = MSG_APIC, .apic.mode = DELIVERY_EXTINT};

    lapic_node_receive(&f->node[0], &m);
    EXPECT_TRUE(f->extint[0]);
    lapic_node_acknowledge_extint(&f->node[0]);
    EXPECT_FALSE(f->extint[0]);
}

TEST_F(lapic_nodes, error_interrupt_is_born_when_the_error_happens)
{
    put(f, LAPIC_LVT_ERROR, 0x70);
    get(f, 0x040);
    EXPECT_EQ(count(f, SOURCE_LINT)->sent, 1);
    run_to(f, SOME_TIME);
    EXPECT_EQ(take_interrupt(f).vector, 0x70);
}

TEST_F(lapic_nodes, ipi_to_all_has_one_identity_per_target)
{
    put(f, LAPIC_ICR_LOW, 0x50 | (uint32_t)SHORTHAND_ALL << 18);
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, SOURCE_IPI)->sent, NODES);
    EXPECT_NE(f->node[0].irr_irq[0x50], f->node[1].irr_irq[0x50]);
}

TEST_F(lapic_nodes, ipi_to_nobody_is_dropped)
{
    put(f, LAPIC_ICR_HIGH, 0x77000000);
    put(f, LAPIC_ICR_LOW, 0x50);
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, SOURCE_IPI)->by_reason[IRQ_NO_TARGET], 1);
}

TEST_F(lapic_nodes, cr8_write_raises_intr_after_its_delay)
{
    put(f, LAPIC_TPR, 0x60);
    arrive(f, 0x50);
    run_to(f, SOME_TIME);
    EXPECT_FALSE(f->intr[0]);
    EXPECT_EQ(lapic_node_cr8(&f->node[0]), 6);
    lapic_node_set_cr8(&f->node[0], 4);
    run_to(f, EDGE_AFTER + 2 * APIC_PERIOD);
    EXPECT_TRUE(f->intr[0]);
}
