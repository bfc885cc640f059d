/* The ledger of interrupts: identity, fates, hops, conservation. */
#include "sim/core/irq.h"

#include "sim/core/rng.h"
#include "sim/core/test/dies.h"
#include "tests/gtest_c.h"

#define RECORDS 4

/* A small ledger with two sources; the sink keeps the last record. */
struct ledger {
    struct irqs irqs;
    struct irq_record record[RECORDS];
    uint16_t timer, nic;
    struct irq_record reported;
    unsigned reports;
};

static void keep(void *ctx, const struct irq_record *r)
{
    struct ledger *f = ctx;

    f->reported = *r;
    f->reports++;
}

static void ledger_setup(struct ledger *f)
{
    irqs_init(&f->irqs, f->record, RECORDS);
    f->irqs.sink = keep;
    f->irqs.sink_ctx = f;
    f->timer = irqs_add_source(&f->irqs);
    f->nic = irqs_add_source(&f->irqs);
}

/* Afterwards the sums hold; the tests are the node that holds everything. */
static void ledger_teardown(struct ledger *f)
{
    irqs_forget_held(&f->irqs);
    for (unsigned i = 0; i < RECORDS; i++)
        irqs_mark_held(&f->irqs, f->record[i].id);
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
}

static irq_id born(struct ledger *f)
{
    return irq_birth(&f->irqs, f->nic, HOP_MSI_WRITE, 10);
}

TEST_F(ledger, gives_no_number_twice)
{
    irq_id last = 0;

    for (int i = 0; i < 100; i++) {
        irq_id id = born(f);

        EXPECT_GT(id, last);
        irq_drop(&f->irqs, id, IRQ_LVT_MASKED);
        last = id;
    }
}

TEST_F(ledger, counts_a_birth_as_sent_and_pending_at_its_source)
{
    irq_id id = born(f);

    EXPECT_NE(id, 0);
    EXPECT_TRUE(irq_pending(&f->irqs, id));
    EXPECT_EQ(irq_source(&f->irqs, id), f->nic);
    EXPECT_EQ(f->irqs.count[f->nic].sent, 1);
    EXPECT_EQ(f->irqs.count[f->timer].sent, 0);
    EXPECT_EQ(irqs_pending(&f->irqs, f->nic), 1);
    EXPECT_EQ(irqs_pending(&f->irqs, f->timer), 0);
}

TEST_F(ledger, reports_all_hops_when_a_delivered_interrupt_is_finished)
{
    irq_id id = born(f);

    irq_hop(&f->irqs, id, HOP_LAPIC_ACCEPT, 20);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 30);
    EXPECT_FALSE(irq_pending(&f->irqs, id));
    EXPECT_EQ(f->irqs.count[f->nic].delivered, 1);
    EXPECT_EQ(f->reports, 0, "its EOI is still to come");
    irq_finish(&f->irqs, id, HOP_EOI, 40);
    ASSERT_EQ(f->reports, 1);
    EXPECT_EQ(f->reported.id, id);
    EXPECT_EQ(f->reported.source, f->nic);
    ASSERT_EQ(f->reported.hops, 4);
    EXPECT_EQ(f->reported.hop[0].hop, HOP_MSI_WRITE);
    EXPECT_EQ(f->reported.hop[0].time, 10);
    EXPECT_EQ(f->reported.hop[1].hop, HOP_LAPIC_ACCEPT);
    EXPECT_EQ(f->reported.hop[2].hop, HOP_GUEST_HANDLER);
    EXPECT_EQ(f->reported.hop[3].hop, HOP_EOI);
    EXPECT_EQ(f->reported.hop[3].time, 40);
}

TEST_F(ledger, adds_no_hop_when_no_eoi_will_come)
{
    irq_id id = born(f);

    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 30);
    irq_finish(&f->irqs, id, HOP_COUNT, 40);
    EXPECT_EQ(f->reported.hops, 2);
}

TEST_F(ledger, counts_merged_and_dropped_by_reason_and_reports_neither)
{
    irq_merge(&f->irqs, born(f), IRQ_IRR_SET);
    irq_drop(&f->irqs, born(f), IRQ_NO_TARGET);
    irq_drop(&f->irqs, born(f), IRQ_NO_TARGET);
    EXPECT_EQ(f->irqs.count[f->nic].merged, 1);
    EXPECT_EQ(f->irqs.count[f->nic].dropped, 2);
    EXPECT_EQ(f->irqs.count[f->nic].by_reason[IRQ_IRR_SET], 1);
    EXPECT_EQ(f->irqs.count[f->nic].by_reason[IRQ_NO_TARGET], 2);
    EXPECT_EQ(f->reports, 0);
}

TEST_F(ledger, ignores_number_zero)
{
    irq_hop(&f->irqs, 0, HOP_EOI, 1);
    irq_deliver(&f->irqs, 0, HOP_EOI, 1);
    irq_finish(&f->irqs, 0, HOP_EOI, 1);
    irq_merge(&f->irqs, 0, IRQ_IRR_SET);
    irq_drop(&f->irqs, 0, IRQ_NO_TARGET);
    EXPECT_FALSE(irq_pending(&f->irqs, 0));
    EXPECT_EQ(f->reports, 0);
}

TEST_F(ledger, ignores_hops_of_a_finished_interrupt_whose_slot_is_used_again)
{
    irq_id old = born(f), new;

    irq_drop(&f->irqs, old, IRQ_NO_TARGET);
    new = born(f);
    EXPECT_EQ(new & 0xfffff, old & 0xfffff, "the slot is used again");
    irq_hop(&f->irqs, old, HOP_VM_EXIT, 20);
    irq_finish(&f->irqs, old, HOP_EOI, 20);
    EXPECT_FALSE(irq_pending(&f->irqs, old));
    irq_deliver(&f->irqs, new, HOP_GUEST_HANDLER, 30);
    irq_finish(&f->irqs, new, HOP_COUNT, 30);
    EXPECT_EQ(f->reported.hops, 2);
}

TEST_F(ledger, keeps_the_first_fifteen_hops_and_the_last)
{
    irq_id id = born(f);

    for (sim_time t = 11; t < 50; t++)
        irq_hop(&f->irqs, id, HOP_VM_EXIT, t);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 50);
    irq_finish(&f->irqs, id, HOP_EOI, 60);
    ASSERT_EQ(f->reported.hops, IRQ_HOPS_MAX);
    EXPECT_EQ(f->reported.hop[0].time, 10);
    EXPECT_EQ(f->reported.hop[IRQ_HOPS_MAX - 2].time, 24);
    EXPECT_EQ(f->reported.hop[IRQ_HOPS_MAX - 1].time, 60);
    EXPECT_EQ(f->reported.hop[IRQ_HOPS_MAX - 1].hop, HOP_EOI);
}

TEST_F(ledger, counts_what_is_in_flight_as_sent_again_after_the_warm_up)
{
    irq_id flying = born(f);

    irq_drop(&f->irqs, born(f), IRQ_NO_TARGET);
    irqs_restart_counts(&f->irqs);
    EXPECT_EQ(f->irqs.count[f->nic].sent, 1);
    EXPECT_EQ(f->irqs.count[f->nic].dropped, 0);
    EXPECT_EQ(f->irqs.count[f->nic].by_reason[IRQ_NO_TARGET], 0);
    irq_deliver(&f->irqs, flying, HOP_GUEST_HANDLER, 30);
    irq_finish(&f->irqs, flying, HOP_EOI, 40);
    EXPECT_EQ(f->irqs.count[f->nic].delivered, 1);
    EXPECT_EQ(f->reports, 1, "it was delivered after the warm-up");
    EXPECT_EQ(f->reported.hop[0].time, 10, "its hops are kept");
}

TEST_F(ledger, does_not_report_what_was_delivered_during_the_warm_up)
{
    irq_id early = born(f), late;

    irq_deliver(&f->irqs, early, HOP_GUEST_HANDLER, 30);
    irqs_restart_counts(&f->irqs);
    EXPECT_EQ(f->irqs.count[f->nic].sent, 0);
    irq_finish(&f->irqs, early, HOP_EOI, 40);
    EXPECT_EQ(f->reports, 0);
    EXPECT_EQ(f->irqs.count[f->nic].delivered, 0);

    late = born(f);
    EXPECT_EQ(late & 0xfffff, early & 0xfffff, "the slot is used again");
    irq_deliver(&f->irqs, late, HOP_GUEST_HANDLER, 50);
    irq_finish(&f->irqs, late, HOP_EOI, 60);
    EXPECT_EQ(f->reports, 1);
}

TEST_F(ledger, checks_that_some_node_holds_each_pending_interrupt)
{
    irq_id id = born(f);

    irqs_forget_held(&f->irqs);
    EXPECT_STREQ(irqs_check(&f->irqs),
                 "interrupt 1 of source 1 is pending after msi_write, but no "
                 "node holds it");
    irqs_mark_held(&f->irqs, id);
    EXPECT_STREQ(irqs_check(&f->irqs), NULL);
    irqs_forget_held(&f->irqs);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 20);
    EXPECT_STREQ(irqs_check(&f->irqs), NULL, "its fate is settled");
}

TEST_F(ledger, does_not_take_a_new_interrupt_for_held_because_an_old_one_was)
{
    irq_id old = born(f);

    irqs_mark_held(&f->irqs, old);
    irq_drop(&f->irqs, old, IRQ_NO_TARGET);
    born(f);
    EXPECT_TRUE(irqs_check(&f->irqs) != NULL);
}

TEST_F(ledger, checks_that_the_counts_add_up)
{
    f->irqs.count[f->timer].merged++;
    EXPECT_STREQ(irqs_check(&f->irqs),
                 "source 0: 0 sent, but 0 delivered + 1 merged + 0 dropped + "
                 "0 pending");
    f->irqs.count[f->timer].merged--;
}

static void bear_too_many(void *ledger)
{
    for (int i = 0; i <= RECORDS; i++)
        born(ledger);
}

static void deliver_twice(void *ledger)
{
    struct ledger *f = ledger;
    irq_id id = born(f);

    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 20);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 30);
}

static void drop_after_merge(void *ledger)
{
    struct ledger *f = ledger;
    irq_id id = born(f);

    irq_merge(&f->irqs, id, IRQ_IRR_SET);
    irq_drop(&f->irqs, id, IRQ_NO_TARGET);
}

static void finish_undelivered(void *ledger)
{
    struct ledger *f = ledger;

    irq_finish(&f->irqs, born(f), HOP_EOI, 20);
}

TEST_F(ledger, takes_a_second_fate_or_a_full_pool_for_our_mistake)
{
    EXPECT_TRUE(dies(bear_too_many, f));
    EXPECT_TRUE(dies(deliver_twice, f));
    EXPECT_TRUE(dies(drop_after_merge, f));
    EXPECT_TRUE(dies(finish_undelivered, f));
}

/* What the ledger complains about. */
struct wrong {
    irq_id id;
    unsigned told;
};

static void note_wrong(void *ctx, irq_id id)
{
    struct wrong *w = ctx;

    w->id = id;
    w->told++;
}

TEST_F(ledger, tells_a_second_fate_and_counts_nothing_of_it)
{
    struct wrong w = {0};
    irq_id id = born(f);

    f->irqs.wrong = note_wrong;
    f->irqs.watch_ctx = &w;
    irq_finish(&f->irqs, id, HOP_EOI, 15);
    EXPECT_EQ(w.told, 1, "ended without a fate");
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 20);
    EXPECT_EQ(w.told, 1);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 30);
    irq_merge(&f->irqs, id, IRQ_IRR_SET);
    irq_drop(&f->irqs, id, IRQ_IRR_SET);
    EXPECT_EQ(w.told, 4);
    EXPECT_EQ(w.id, id);
    EXPECT_EQ(f->irqs.count[f->nic].delivered, 1);
    EXPECT_EQ(f->irqs.count[f->nic].merged, 0);
    EXPECT_EQ(f->irqs.count[f->nic].dropped, 0);
    irq_finish(&f->irqs, id, HOP_EOI, 40);
    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 50);
    EXPECT_EQ(w.told, 5);
}

TEST_F(ledger, knows_the_way_of_a_finished_one_until_its_slot_is_used_again)
{
    irq_id id = born(f);

    irq_deliver(&f->irqs, id, HOP_GUEST_HANDLER, 20);
    irq_finish(&f->irqs, id, HOP_EOI, 30);
    EXPECT_TRUE(!irq_find(&f->irqs, id));
    ASSERT_TRUE(irq_last(&f->irqs, id) != NULL);
    EXPECT_EQ(irq_last(&f->irqs, id)->hops, 3);
    irq_drop(&f->irqs, born(f), IRQ_LVT_MASKED);
    EXPECT_TRUE(!irq_last(&f->irqs, id));
    EXPECT_TRUE(!irq_last(&f->irqs, 0));
}

/* One random step in the life of a random interrupt of `alive`. */
static void live_on(struct ledger *f, struct rng *r, irq_id alive[RECORDS])
{
    uint64_t i = rng_below(r, RECORDS);
    bool pending = irq_pending(&f->irqs, alive[i]);

    if (!alive[i]) {
        alive[i] =
            irq_birth(&f->irqs, (uint16_t)rng_below(r, 2), HOP_LINE_EDGE, 0);
    } else if (!pending) {
        irq_finish(&f->irqs, alive[i], HOP_EOI, 0);
        alive[i] = 0;
    } else if (rng_below(r, 2)) {
        irq_deliver(&f->irqs, alive[i], HOP_GUEST_HANDLER, 0);
    } else {
        (rng_below(r, 2) ? irq_merge : irq_drop)(&f->irqs, alive[i],
                                                 IRQ_APIC_RESET);
        alive[i] = 0;
    }
}

TEST_F(ledger, conserves_interrupts_in_random_lives_with_warm_ups)
{
    irq_id alive[RECORDS] = {0};
    struct rng r;

    rng_init(&r, 1, 0);
    for (int step = 0; step < 100000; step++) {
        live_on(f, &r, alive);
        if (rng_below(&r, 1000) == 0)
            irqs_restart_counts(&f->irqs);
        irqs_forget_held(&f->irqs);
        for (unsigned i = 0; i < RECORDS; i++)
            irqs_mark_held(&f->irqs, alive[i]);
        ASSERT_STREQ(irqs_check(&f->irqs), NULL, "step %d", step);
    }
    EXPECT_GT(f->reports, 1000);
}

TEST(ledger_names, are_those_of_the_tables)
{
    EXPECT_STREQ(hop_name(HOP_MSI_WRITE), "msi_write");
    EXPECT_STREQ(hop_name(HOP_EOI), "eoi");
    EXPECT_STREQ(irq_reason_name(IRQ_IRR_SET), "irr_set");
    EXPECT_STREQ(irq_reason_name(IRQ_UNHANDLED), "unhandled");
}
