/* Fault records, fault status, event messages. */
#include "models/iommu/test/iommu_fixture.h"

#define CAUSES (IOMMU_PFO | IOMMU_PPF | IOMMU_IQE)

static void unmask(struct iommu_unit *f, uint32_t control)
{
    store(f, control, 4, 0);
}

/* Four records, all used. */
static void fill_records(struct iommu_unit *f)
{
    for (unsigned i = 0; i < 4; i++)
        fire(f, i);
    EXPECT_EQ(records(f), 4);
}

TEST_F(iommu_unit, records_are_used_in_turn)
{
    enable(f, false);
    for (unsigned i = 0; i < 9; i++) {
        fire_from(f, i, (uint16_t)(0x100 + i));
        EXPECT_EQ(record_low(f, i % 4) >> 48, i);
        EXPECT_EQ(record_high(f, i % 4) & 0xffff, 0x100 + i);
        EXPECT_EQ(records(f), 1);
        EXPECT_EQ(fsts(f), IOMMU_PPF | (i % 4) << IOMMU_FRI_SHIFT);
        clear_record(f, i % 4);
        EXPECT_EQ(fsts(f) & CAUSES, 0);
    }
}

/* The index of the request before must not be there. */
TEST_F(iommu_unit, records_of_requests_without_an_index_have_0)
{
    enable(f, false);
    fire(f, 9);
    send(f, (struct iommu_request){0xfee000b8, 0x10000, 4, SID});
    send(f, (struct iommu_request){0xfee00000, 0x31, 4, SID});
    EXPECT_EQ(record_low(f, 0), UINT64_C(9) << IOMMU_RECORD_INDEX_SHIFT);
    EXPECT_EQ(record_low(f, 1), 0);
    EXPECT_EQ(record_low(f, 2), 0);
    EXPECT_EQ(record_high(f, 1),
              IOMMU_RECORD_F | UINT64_C(0x20) << IOMMU_RECORD_REASON_SHIFT |
                  SID);
    EXPECT_EQ(record_high(f, 2),
              IOMMU_RECORD_F | UINT64_C(0x25) << IOMMU_RECORD_REASON_SHIFT |
                  SID);
}

TEST_F(iommu_unit, fri_is_the_first_of_the_pending_records)
{
    enable(f, false);
    fire(f, 1);
    clear_record(f, 0);
    fire(f, 2);
    fire(f, 3);
    EXPECT_EQ(fsts(f) >> IOMMU_FRI_SHIFT, 1);
    clear_record(f, 1);
    EXPECT_EQ(fsts(f), IOMMU_PPF | 1u << IOMMU_FRI_SHIFT,
              "until PPF goes from 0 to 1");
}

TEST_F(iommu_unit, overflow_leaves_the_records_and_is_silent_from_then_on)
{
    enable(f, false);
    fill_records(f);
    fire(f, 9);
    EXPECT_EQ(fault(f), 0x22);
    EXPECT_FALSE(f->out.recorded);
    EXPECT_TRUE(fsts(f) & IOMMU_PFO);
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(record_low(f, i) >> 48, i);
    clear_record(f, 0);
    fire(f, 9);
    EXPECT_FALSE(f->out.recorded, "PFO is still 1");
    EXPECT_FALSE(record_valid(f, 0));
    store(f, IOMMU_AT_FSTS, 4, IOMMU_PFO);
    fire(f, 9);
    EXPECT_TRUE(record_valid(f, 0));
    EXPECT_EQ(record_low(f, 0) >> 48, 9);
}

/* The next record is the one in turn, not any that is free. */
TEST_F(iommu_unit, overflow_happens_if_the_next_record_is_in_use)
{
    enable(f, false);
    fill_records(f);
    clear_record(f, 2);
    fire(f, 9);
    EXPECT_TRUE(fsts(f) & IOMMU_PFO);
    EXPECT_FALSE(record_valid(f, 2));
}

TEST_F(iommu_unit, zeros_clear_nothing)
{
    enable(f, false);
    fill_records(f);
    fire(f, 9);
    store(f, IOMMU_AT_FSTS, 4, 0);
    EXPECT_TRUE(fsts(f) & IOMMU_PFO);
    store(f, IOMMU_AT_FRCD_HIGH, 8, ~IOMMU_RECORD_F);
    EXPECT_TRUE(record_valid(f, 0));
    store(f, IOMMU_AT_FRCD_HIGH, 4, 0xffffffff);
    EXPECT_TRUE(record_valid(f, 0), "F is in the upper half");
    store(f, IOMMU_AT_FRCD_HIGH + 4, 4, 0x80000000);
    EXPECT_FALSE(record_valid(f, 0));
}

TEST_F(iommu_unit, compression_is_off_unless_chosen)
{
    struct iommu_config c = iommu_full;

    enable(f, false);
    fire(f, 1);
    fire(f, 2);
    EXPECT_EQ(records(f), 2);
    c.compress = true;
    iommu_unit_start(f, &c);
    enable(f, false);
    fire(f, 1);
    fire(f, 2);
    EXPECT_EQ(records(f), 1, "the same source");
    EXPECT_FALSE(f->out.recorded);
    fire_from(f, 3, 0x0999);
    EXPECT_EQ(records(f), 2, "another one");
}

/* ---- the fault event ---- */

TEST_F(iommu_unit, masked_event_is_pending_and_sent_when_unmasked)
{
    enable(f, false);
    EXPECT_EQ(load(f, IOMMU_AT_FECTL, 4), IOMMU_EVENT_MASKED);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 0);
    EXPECT_EQ(load(f, IOMMU_AT_FECTL, 4),
              IOMMU_EVENT_MASKED | IOMMU_EVENT_PENDING);
    unmask(f, IOMMU_AT_FECTL);
    EXPECT_EQ(f->fault_events, 1);
    EXPECT_EQ(load(f, IOMMU_AT_FECTL, 4), 0);
    unmask(f, IOMMU_AT_FECTL);
    EXPECT_EQ(f->fault_events, 1, "once");
}

TEST_F(iommu_unit, fault_raises_no_event_while_a_cause_is_pending)
{
    enable(f, false);
    unmask(f, IOMMU_AT_FECTL);
    for (unsigned i = 0; i < 6; i++)
        fire(f, i);
    EXPECT_TRUE(fsts(f) & IOMMU_PFO);
    EXPECT_EQ(f->fault_events, 1);
    for (unsigned i = 0; i < 4; i++)
        clear_record(f, i);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 1, "PFO is still a cause");
    store(f, IOMMU_AT_FSTS, 4, IOMMU_PFO);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 2);
}

TEST_F(iommu_unit, clearing_every_cause_clears_the_pending_event)
{
    enable(f, false);
    fire(f, 1);
    fire(f, 2);
    clear_record(f, 0);
    EXPECT_TRUE(load(f, IOMMU_AT_FECTL, 4) & IOMMU_EVENT_PENDING);
    clear_record(f, 1);
    EXPECT_FALSE(load(f, IOMMU_AT_FECTL, 4) & IOMMU_EVENT_PENDING);
    unmask(f, IOMMU_AT_FECTL);
    EXPECT_EQ(f->fault_events, 0);
}

TEST_F(iommu_unit, suppressed_fault_raises_no_event)
{
    enable(f, false);
    unmask(f, IOMMU_AT_FECTL);
    put(f, 1, FPD, 0);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 0);
}

TEST_F(iommu_unit, event_message_is_that_of_its_registers)
{
    struct iommu_message m;

    store(f, IOMMU_AT_FEDATA, 4, 0x1a5);
    store(f, IOMMU_AT_FEADDR, 4, 0xfee92000 | 8 | 4);
    store(f, IOMMU_AT_FEUADDR, 4, 0xabcdef00);
    store(f, IOMMU_AT_IEDATA, 4, 0x052);
    store(f, IOMMU_AT_IEADDR, 4, 0xfee34000);
    m = iommu_event(&f->u, IOMMU_FAULT_EVENT);
    EXPECT_EQ(m.vector, 0xa5);
    EXPECT_EQ(m.mode, DELIVERY_LOWEST);
    EXPECT_EQ(m.dest, 0x92, "the upper address counts in x2APIC mode only");
    EXPECT_TRUE(m.hint && m.logical && m.dest8);
    EXPECT_FALSE(m.level);
    m = iommu_event(&f->u, IOMMU_INVALIDATION_EVENT);
    EXPECT_EQ(m.vector, 0x52);
    EXPECT_EQ(m.mode, DELIVERY_FIXED);
    EXPECT_EQ(m.dest, 0x34);
    EXPECT_FALSE(m.hint || m.logical);
    enable(f, true);
    m = iommu_event(&f->u, IOMMU_FAULT_EVENT);
    EXPECT_EQ(m.dest, 0xabcdef92);
    EXPECT_FALSE(m.dest8);
}

/* Compatibility format, which is blocked for devices. */
TEST_F(iommu_unit, event_of_the_unit_is_not_remapped)
{
    enable(f, false);
    store(f, IOMMU_AT_FEADDR, 4, 0xfee00000);
    unmask(f, IOMMU_AT_FECTL);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 1);
    EXPECT_EQ(records(f), 1, "of the device's request alone");
}

static const struct fault_row {
    const char *name;
    enum iommu_fault reason;
    unsigned code;
} faults[] = {
#define FAULT(name, code, qualified, sentence)                                 \
    {#name, IOMMU_FAULT_##name, code},
#include "models/iommu/iommu_faults.def"
#undef FAULT
};

TEST_EACH(iommu_faults, have_the_codes_of_the_manual_in_order, struct fault_row,
          faults)
{
    EXPECT_EQ(row->reason, row->code);
    EXPECT_EQ(row->code, 0x20 + (row - faults));
}
