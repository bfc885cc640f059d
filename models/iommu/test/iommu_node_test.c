/* The remapping unit's node: when messages leave, and what becomes of each
 * interrupt. */
#include "models/iommu/test/node_fixture.h"

#define WAIT(data)                                                             \
    (IOMMU_WAIT | IOMMU_WAIT_SW | (uint64_t)(data) << IOMMU_WAIT_DATA_SHIFT)

TEST_F(iommu_nodes, hit_leaves_after_its_delay_on_an_edge)
{
    put_entry(f, 0, 3, to_cpu(0x41, 9));
    warm(f, 0, 3);
    request(f, 0, 3);
    run_to(f, HIT_AT - 1);
    EXPECT_EQ(f->seen_count, 0);
    run_to(f, HIT_AT);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->node[0].counts.hits, 1);
}

TEST_F(iommu_nodes, miss_leaves_when_the_entry_was_read)
{
    put_entry(f, 0, 3, to_cpu(0x41, 9));
    run_to(f, SOME_TIME);
    request(f, 0, 3);
    run_to(f, HIT_AT + ENTRY_READ - 1);
    EXPECT_EQ(f->seen_count, 0);
    run_to(f, HIT_AT + ENTRY_READ);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->node[0].counts.misses, 1);
}

TEST_F(iommu_nodes, message_is_that_of_the_entry_with_the_requests_identity)
{
    irq_id irq;

    put_entry(f, 0, 3, to_cpu(0x41, 0x12345678));
    irq = request(f, 0, 3);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.kind, MSG_APIC);
    EXPECT_EQ(f->seen[0].m.irq, irq);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0x41);
    EXPECT_EQ(f->seen[0].m.apic.dest, 0x12345678);
    EXPECT_FALSE(f->seen[0].m.apic.dest8);
    EXPECT_TRUE(f->seen[0].m.apic.assert_level);
}

static void count_held(void *count, irq_id id)
{
    (void)id;
    ++*(unsigned *)count;
}

TEST_F(iommu_nodes, request_is_held_until_its_message_leaves)
{
    unsigned held = 0;

    put_entry(f, 0, 3, to_cpu(0x41, 9));
    request(f, 0, 3);
    iommu_node_each_held(&f->node[0], count_held, &held);
    EXPECT_EQ(held, 1);
    held = 0;
    run_to(f, SOME_TIME);
    iommu_node_each_held(&f->node[0], count_held, &held);
    EXPECT_EQ(held, 0);
}

TEST_F(iommu_nodes, compatibility_format_passes_as_it_came)
{
    put_register(f, 0, IOMMU_AT_GCMD, IOMMU_QIE);
    request_at(f, 0, 0xfee05000);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.kind, MSG_WRITE);
    EXPECT_EQ(f->seen[0].m.write.addr, 0xfee05000);
    EXPECT_EQ(f->seen[0].m.write.requester, DEVICE);
}

TEST_F(iommu_nodes, requests_leave_in_the_order_they_came)
{
    for (uint8_t i = 0; i < 8; i++)
        put_entry(f, 0, i, to_cpu((uint8_t)(0x40 + i), 0));
    warm(f, 0, 1);
    request(f, 0, 0); /* a miss */
    request(f, 0, 1); /* a hit */
    request(f, 0, 2);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 3);
    for (unsigned i = 0; i < 3; i++)
        EXPECT_EQ(f->seen[i].m.apic.vector, 0x40 + i);
    EXPECT_EQ(f->seen[1].time - f->seen[0].time, REQUEST_TO_MESSAGE * PERIOD,
              "one at a time");
}

TEST_F(iommu_nodes, units_do_not_wait_for_each_other)
{
    put_entry(f, 0, 1, to_cpu(0x41, 0));
    put_entry(f, 1, 1, to_cpu(0x51, 0));
    run_to(f, SOME_TIME);
    request(f, 0, 1);
    request(f, 1, 1);
    run_to(f, 2 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 2);
    EXPECT_EQ(f->seen[0].time, f->seen[1].time);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0x41);
    EXPECT_EQ(f->seen[1].m.apic.vector, 0x51);
}

TEST_F(iommu_nodes, blocked_request_is_dropped_with_its_reason_and_answered)
{
    request(f, 0, 3);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->seen_count, 0);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_ENTRY_NOT_PRESENT], 1);
    EXPECT_EQ(f->answered, 1);
    EXPECT_EQ(f->taken, 0);
    EXPECT_EQ(f->node[0].counts.faults[0x22], 1);
    EXPECT_EQ(f->node[0].counts.recorded, 1);
}

TEST_F(iommu_nodes, every_fault_has_its_reason_in_the_ledger)
{
    put_entry(f, 0, 2, (struct iommu_entry){IOMMU_IRTE_P | 1u << 12, 0});
    put_entry(f, 0, 3,
              (struct iommu_entry){IOMMU_IRTE_P, UINT64_C(1)
                                                     << IOMMU_IRTE_SVT_SHIFT});
    request_at(f, 0, 0xfee00000);
    request(f, 0, 2);
    request(f, 0, 3);
    request(f, 0, 256);
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_FORMAT_BLOCKED], 1);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_ENTRY_INVALID], 1);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_SOURCE_REFUSED], 1);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_INDEX_BEYOND_TABLE], 1);
}

TEST_F(iommu_nodes, fault_event_is_an_interrupt_of_the_unit)
{
    iommu_node_write(&f->node[0], IOMMU_AT_FEDATA, 4, 0x33);
    iommu_node_write(&f->node[0], IOMMU_AT_FEADDR, 4, 0xfee07000);
    put_register(f, 0, IOMMU_AT_FECTL, 0);
    request(f, 0, 3);
    run_to(f, SOME_TIME);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0x33);
    EXPECT_EQ(f->seen[0].m.apic.dest, 7);
    EXPECT_EQ(count(f, f->own[0])->sent, 1);
    EXPECT_EQ(count(f, f->own[1])->sent, 0);
}

TEST_F(iommu_nodes, posted_interrupt_goes_to_its_descriptor_at_one_instant)
{
    irq_id irq;

    put_entry(f, 0, 3, to_descriptor(0x71));
    run_to(f, SOME_TIME);
    irq = request(f, 0, 3);
    run_to(f, HIT_AT + ENTRY_READ + DESCRIPTOR_UPDATE - 1);
    EXPECT_EQ(mem_read64(&f->mem, PID + 8), 0);
    EXPECT_EQ(posted_irqs_take(&f->posted, PID, 0x71), 0);
    run_to(f, HIT_AT + ENTRY_READ + DESCRIPTOR_UPDATE);
    EXPECT_EQ(mem_read64(&f->mem, PID + 8), UINT64_C(1) << (0x71 - 64));
    EXPECT_EQ(mem_read64(&f->mem, PID + PID_CONTROL),
              PID_CONTROL_WORD | PID_ON);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0xf2);
    EXPECT_EQ(f->seen[0].m.apic.dest, 6);
    EXPECT_NE(f->seen[0].m.irq, irq, "the notification is the unit's own");
    EXPECT_EQ(f->taken, 1);
    EXPECT_EQ(posted_irqs_take(&f->posted, PID, 0x71), irq);
    settle_irq(f, irq);
}

static void note_control_word(void *nodes, struct event *ev)
{
    struct iommu_nodes *f = nodes;

    (void)ev;
    f->control_word = mem_read64(&f->mem, PID + PID_CONTROL);
}

/* The entry and the descriptor need no event of their own ... */
TEST_F(iommu_nodes, request_goes_ahead_where_nobody_else_has_an_event)
{
    put_entry(f, 0, 3, to_descriptor(0x71));
    request(f, 0, 3);
    run_to(f, SOME_TIME);
    EXPECT_EQ(f->engine.executed, 1);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].time,
              REQUEST_TO_MESSAGE * PERIOD + ENTRY_READ + DESCRIPTOR_UPDATE);
}

/* ... unless somebody does something before, to whom all is as it was. */
TEST_F(iommu_nodes, request_goes_ahead_of_no_other_event)
{
    sim_time posted_at = HIT_AT + DESCRIPTOR_UPDATE;
    uint16_t target = engine_add_target(&f->engine, note_control_word, f);

    put_entry(f, 0, 3, to_descriptor(0x71));
    warm(f, 0, 3);
    mem_write64(&f->mem, PID + PID_CONTROL, PID_CONTROL_WORD);
    event_init(&f->other, target, 0);
    engine_schedule(&f->engine, &f->other, posted_at - 1);
    request(f, 0, 3);
    run_to(f, SOME_TIME * 2);
    EXPECT_EQ(f->control_word, PID_CONTROL_WORD);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].time, posted_at);
}

/* Two bursts before the notification is taken: one message. */
TEST_F(iommu_nodes, descriptor_with_on_gets_no_second_notification)
{
    put_entry(f, 0, 3, to_descriptor(0x71));
    put_entry(f, 0, 4, to_descriptor(0x72));
    for (unsigned i = 0; i < 6; i++)
        request(f, 0, 3 + i % 2);
    run_to(f, 2 * SOME_TIME);
    EXPECT_EQ(f->node[0].counts.posted, 6);
    EXPECT_EQ(f->seen_count, 1);
    EXPECT_EQ(count(f, f->own[0])->sent, 1);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_PIR_SET], 4);
}

/* An entry goes from remapped to posted and back while requests come: each of
 * them ends at the handler or in the descriptor. */
TEST_F(iommu_nodes, switch_to_posted_and_back_loses_nothing)
{
    struct iommu_entry form[] = {to_cpu(0x40, 0), to_descriptor(0x71)};
    const struct irq_counts *c = count(f, f->device);
    unsigned sent = 0;

    for (unsigned i = 0; i < 20; i++) {
        put_entry(f, 0, 3, form[i % 2]);
        put_descriptor(f, 2 * i, IOMMU_IEC_INVALIDATE, 0);
        put_descriptor(f, 2 * i + 1, WAIT(i), STATUS);
        put_register(f, 0, IOMMU_AT_IQT, 32 * (i + 1));
        for (unsigned k = 0; k < 3; k++, sent++) {
            request(f, 0, 3);
            run_to(f, engine_now(&f->engine) + 40 * PERIOD);
        }
    }
    run_to(f, engine_now(&f->engine) + SOME_TIME);
    EXPECT_EQ(c->sent, sent);
    EXPECT_EQ(c->dropped, 0);
    EXPECT_EQ(f->node[0].counts.remapped + f->node[0].counts.posted, sent);
    EXPECT_GT(f->node[0].counts.posted, 0);
    EXPECT_GT(f->node[0].counts.remapped, 0);
}

TEST_F(iommu_nodes, descriptors_of_the_queue_take_their_time)
{
    put_descriptor(f, 0, IOMMU_IEC_INVALIDATE, 0);
    put_descriptor(f, 1, WAIT(7), STATUS);
    run_to(f, SOME_TIME);
    put_register(f, 0, IOMMU_AT_IQT, 32);
    run_to(f, EDGE_AFTER + QUEUE_READ - 1);
    EXPECT_EQ(iommu_node_read(&f->node[0], IOMMU_AT_IQH, 8), 0);
    run_to(f, EDGE_AFTER + QUEUE_READ);
    EXPECT_EQ(iommu_node_read(&f->node[0], IOMMU_AT_IQH, 8), 16);
    run_to(f, EDGE_AFTER + 2 * QUEUE_READ + STATUS_WRITE - 1);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 0);
    run_to(f, EDGE_AFTER + 2 * QUEUE_READ + STATUS_WRITE);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 7);
}

/* No request that was looked up before the wait ends comes after it. */
TEST_F(iommu_nodes, wait_comes_after_the_requests_with_the_old_entry)
{
    sim_time written = 0;

    put_entry(f, 0, 3, to_cpu(0x40, 0));
    warm(f, 0, 3);
    put_entry(f, 0, 3, to_cpu(0x50, 0));
    put_descriptor(f, 0, IOMMU_IEC_INVALIDATE, 0);
    put_descriptor(f, 1, WAIT(1), STATUS);
    put_register(f, 0, IOMMU_AT_IQT, 32);
    for (unsigned i = 1; i < 60; i++) {
        request(f, 0, 3);
        run_to(f, SOME_TIME + i * 6 * PERIOD);
        if (!written && mem_read32(&f->mem, STATUS))
            written = engine_now(&f->engine);
    }
    run_to(f, 3 * SOME_TIME);
    ASSERT_EQ(f->seen_count, 59);
    EXPECT_NE(written, 0);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0x40);
    for (unsigned i = 0; i < f->seen_count; i++)
        if (f->seen[i].time > written)
            EXPECT_EQ(f->seen[i].m.apic.vector, 0x50);
}

/* The read of the descriptor was scheduled first. */
TEST_F(iommu_nodes, request_comes_before_the_queue_at_one_instant)
{
    put_entry(f, 0, 3, to_cpu(0x40, 0));
    warm(f, 0, 3);
    put_entry(f, 0, 3, to_cpu(0x50, 0));
    put_descriptor(f, 0, IOMMU_IEC_INVALIDATE, 0);
    put_register(f, 0, IOMMU_AT_IQT, 16);
    run_to(f, EDGE_AFTER + QUEUE_READ - REQUEST_TO_MESSAGE * PERIOD);
    request(f, 0, 3);
    run_to(f, EDGE_AFTER + QUEUE_READ);
    EXPECT_EQ(iommu_node_read(&f->node[0], IOMMU_AT_IQH, 8), 16);
    ASSERT_EQ(f->seen_count, 1);
    EXPECT_EQ(f->seen[0].m.apic.vector, 0x40);
}

TEST_F(iommu_nodes, settling_takes_no_time)
{
    put_descriptor(f, 0, IOMMU_IEC_INVALIDATE, 0);
    put_descriptor(f, 1, WAIT(7), STATUS);
    put_register(f, 0, IOMMU_AT_IQT, 32);
    iommu_node_settle(&f->node[0]);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 7);
    EXPECT_EQ(iommu_node_read(&f->node[0], IOMMU_AT_IQH, 8), 32);
    EXPECT_EQ(engine_next(&f->engine), SIM_TIME_NEVER);
}

TEST_F(iommu_nodes, request_that_finds_no_room_is_dropped_and_answered)
{
    put_entry(f, 0, 3, to_cpu(0x40, 0));
    for (unsigned i = 0; i <= IOMMU_FIFO; i++)
        request(f, 0, 3);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_REMAPPER_FULL], 1);
    EXPECT_EQ(f->answered, 1);
}

TEST_F(iommu_nodes, what_is_no_doubleword_is_dropped)
{
    struct msg m = {.kind = MSG_WRITE,
                    .irq = irq_birth(&f->irqs, f->device, HOP_MSI_WRITE, 0),
                    .write = {.addr = 0xfee00010, .bytes = 2}};

    iommu_node_receive(&f->node[0], &m);
    run_to(f, SOME_TIME);
    EXPECT_EQ(count(f, f->device)->by_reason[IRQ_BAD_WRITE], 1);
    EXPECT_EQ(f->node[0].counts.blocked, 0);
}
