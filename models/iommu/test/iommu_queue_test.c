/* The interrupt-entry cache, the invalidation queue and its waits. */
#include "models/iommu/test/iommu_fixture.h"

#define IQH(f) load(f, IOMMU_AT_IQH, 8)

/* ---- the cache ---- */

TEST_F(iommu_unit, cached_entry_stays_stale_until_it_is_invalidated)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    fire(f, 1);
    EXPECT_EQ(f->out.lookup, IOMMU_NO_LOOKUP, "it ends with the answer");
    put(f, 1, P | VECTOR(0x50), 0);
    fire(f, 1);
    EXPECT_EQ(f->out.lookup, IOMMU_HIT);
    EXPECT_EQ(sent(f), 0x40);
    EXPECT_EQ(f->reads, 1);
    queue(f, IEC(1, 0), 0);
    queue(f, WAIT_SW(7), STATUS);
    run_queue(f);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 7);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x50);
}

TEST_F(iommu_unit, selective_invalidation_drops_the_block_of_its_mask)
{
    struct iommu_config c = iommu_full;

    c.sets = 64;
    iommu_unit_start(f, &c);
    enable(f, false);
    set_table(f, TABLE | 5);
    for (unsigned i = 0x0e; i < 0x16; i++) {
        put(f, i, P | VECTOR(0x40), 0);
        fire(f, i);
        put(f, i, P | VECTOR(0x50), 0);
    }
    invalidate(f, IEC(0x10, 2));
    for (unsigned i = 0x0e; i < 0x16; i++) {
        fire(f, i);
        EXPECT_EQ(sent(f), i >= 0x10 && i <= 0x13 ? 0x50 : 0x40, "entry %x", i);
    }
}

TEST_F(iommu_unit, low_bits_of_the_index_do_not_count_under_the_mask)
{
    enable(f, false);
    put(f, 4, P | VECTOR(0x40), 0);
    fire(f, 4);
    put(f, 4, P | VECTOR(0x50), 0);
    invalidate(f, IEC(7, 2));
    fire(f, 4);
    EXPECT_EQ(sent(f), 0x50);
}

TEST_F(iommu_unit, global_invalidation_drops_everything)
{
    enable(f, false);
    for (unsigned i = 0; i < 8; i++) {
        put(f, i, P | VECTOR(0x40), 0);
        fire(f, i);
        put(f, i, P | VECTOR(0x50), 0);
    }
    invalidate(f, IEC_ALL);
    for (unsigned i = 0; i < 8; i++) {
        fire(f, i);
        EXPECT_EQ(sent(f), 0x50);
    }
}

/* Four sets of two ways: entries 1, 5 and 9 share a set. */
TEST_F(iommu_unit, full_set_replaces_its_ways_in_turn)
{
    static const unsigned order[] = {1, 5, 9, 5, 1, 9};
    static const bool hit[] = {false, false, false, true, false, true};

    enable(f, false);
    for (unsigned i = 0; i < 16; i++)
        put(f, i, P | VECTOR(0x40), 0);
    for (unsigned i = 0; i < 6; i++) {
        f->reads = 0;
        fire(f, order[i]);
        EXPECT_EQ(f->reads, hit[i] ? 0 : 1, "access %u", i);
    }
    f->reads = 0;
    fire(f, 2);
    fire(f, 2);
    EXPECT_EQ(f->reads, 1, "another set is not touched");
}

TEST_F(iommu_unit, way_without_an_entry_is_taken_first)
{
    enable(f, false);
    for (unsigned i = 0; i < 16; i++)
        put(f, i, P | VECTOR(0x40), 0);
    for (unsigned i = 1; i < 12; i += 4)
        fire(f, i); /* 9 has replaced 1; the turn is 5's */
    invalidate(f, IEC(9, 0));
    fire(f, 13);
    f->reads = 0;
    fire(f, 5);
    fire(f, 13);
    EXPECT_EQ(f->reads, 0);
}

TEST_F(iommu_unit, unit_without_a_cache_reads_the_table_each_time)
{
    struct iommu_config c = iommu_full;

    c.ways = 0;
    iommu_unit_start(f, &c);
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    for (unsigned i = 1; i < 4; i++) {
        fire(f, 1);
        EXPECT_EQ(f->reads, i);
    }
}

TEST_F(iommu_unit, entry_of_a_fault_is_not_cached)
{
    enable(f, false);
    fire(f, 1);
    put(f, 1, P | UINT64_C(1) << 12, 0);
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x24, "not the entry that was not present");
    put(f, 1, P | VECTOR(0x40), SVT(1, 0, 0x0999));
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x26);
    put(f, 1, P | VECTOR(0x41), 0);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x41);
}

/* A cached entry is not the source's: it stays for those who may use it. */
TEST_F(iommu_unit, refused_source_leaves_the_cached_entry)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), SVT(1, 0, SID));
    fire(f, 1);
    fire_from(f, 1, 0x0999);
    EXPECT_EQ(fault(f), 0x26);
    f->reads = 0;
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x40);
    EXPECT_EQ(f->reads, 0);
}

TEST_F(iommu_unit, caching_mode_caches_what_is_not_present)
{
    struct iommu_config c = iommu_full;

    c.caching = true;
    iommu_unit_start(f, &c);
    enable(f, false);
    fire(f, 1);
    put(f, 1, P | VECTOR(0x40), 0);
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x22);
    invalidate(f, IEC(1, 0));
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x40);
}

/* ---- descriptors ---- */

static const struct descriptor_row {
    const char *name;
    uint64_t low, high;
    unsigned error;
} descriptors[] = {
    {"context", 1, 0, 0},
    {"iotlb", 2, 0, 0},
    {"device_tlb", 3, 0, 0},
    {"global", IEC_ALL, 0, 0},
    {"selective", IEC(0xffff, 15), 0, 0},
    {"mask_beyond_mhmv", IEC(0, 16), 0, IOMMU_QUEUE_RESERVED},
    {"global_ignores_mask", IEC_ALL | 31u << 27, 0, 0},
    {"iec_bit_5", IEC_ALL | 1 << 5, 0, IOMMU_QUEUE_RESERVED},
    {"iec_bit_8", IEC_ALL | 1 << 8, 0, IOMMU_QUEUE_RESERVED},
    {"iec_bit_12", IEC_ALL | 1 << 12, 0, IOMMU_QUEUE_RESERVED},
    {"iec_bit_26", IEC_ALL | 1 << 26, 0, IOMMU_QUEUE_RESERVED},
    {"iec_bit_48", IEC_ALL | UINT64_C(1) << 48, 0, IOMMU_QUEUE_RESERVED},
    {"iec_bit_64", IEC_ALL, 1, IOMMU_QUEUE_RESERVED},
    {"iec_bit_127", IEC_ALL, UINT64_C(1) << 63, IOMMU_QUEUE_RESERVED},
    {"upper_type", IEC_ALL | 1 << 9, 0, IOMMU_QUEUE_TYPE},
    {"wait_for_nothing", IOMMU_WAIT, 0, 0},
    {"fence", IOMMU_WAIT | IOMMU_WAIT_FN, 0, 0},
    {"drain", IOMMU_WAIT | 1 << 7, 0, 0},
    {"wait_bit_8", IOMMU_WAIT | 1 << 8, 0, IOMMU_QUEUE_RESERVED},
    {"wait_bit_31", IOMMU_WAIT | 1u << 31, 0, IOMMU_QUEUE_RESERVED},
    {"wait_bit_64", WAIT_SW(1), STATUS | 1, IOMMU_QUEUE_RESERVED},
    {"wait_bit_65", WAIT_SW(1), STATUS | 2, IOMMU_QUEUE_RESERVED},
    {"type_0", 0, 0, IOMMU_QUEUE_TYPE},
    {"type_6", 6, 0, IOMMU_QUEUE_TYPE},
    {"type_9", 9, 0, IOMMU_QUEUE_TYPE},
    {"type_f", 0xf, 0, IOMMU_QUEUE_TYPE},
};

TEST_EACH(iommu_descriptors, are_checked, struct descriptor_row, descriptors)
{
    struct iommu_unit unit, *f = &unit;
    bool bad = row->error != 0;

    iommu_unit_setup(f);
    enable(f, false);
    queue(f, row->low, row->high);
    run_queue(f);
    EXPECT_EQ(fsts(f), bad ? IOMMU_IQE : 0);
    EXPECT_EQ(load(f, IOMMU_AT_IQERCD, 8), row->error);
    EXPECT_EQ(IQH(f), bad ? 0 : 16);
}

TEST_F(iommu_unit, error_stops_the_queue_until_the_tail_is_written_again)
{
    enable(f, false);
    queue(f, IEC_ALL, 0);
    queue(f, 0xf, 0);
    queue(f, WAIT_SW(9), STATUS);
    run_queue(f);
    EXPECT_EQ(fsts(f), IOMMU_IQE);
    EXPECT_EQ(IQH(f), 16, "the head stays at the descriptor");
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 0);
    run_queue(f);
    EXPECT_EQ(IQH(f), 16, "not while IQE is 1");
    mem_write64(&f->mem, QUEUE + 16, IEC_ALL);
    store(f, IOMMU_AT_FSTS, 4, IOMMU_IQE);
    EXPECT_EQ(IQH(f), 16, "not before the tail is written");
    run_queue(f);
    EXPECT_EQ(IQH(f), 48);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 9);
}

TEST_F(iommu_unit, upper_half_of_the_tail_starts_nothing)
{
    enable(f, false);
    queue(f, 0xf, 0);
    run_queue(f);
    mem_write64(&f->mem, QUEUE, IEC_ALL);
    store(f, IOMMU_AT_FSTS, 4, IOMMU_IQE);
    store(f, IOMMU_AT_IQT + 4, 4, 0);
    EXPECT_EQ(IQH(f), 0);
    store(f, IOMMU_AT_IQT, 4, f->tail);
    EXPECT_EQ(IQH(f), 16);
}

TEST_F(iommu_unit, queue_error_raises_the_fault_event)
{
    enable(f, false);
    store(f, IOMMU_AT_FECTL, 4, 0);
    queue(f, 0xf, 0);
    run_queue(f);
    EXPECT_EQ(f->fault_events, 1);
    fire(f, 1);
    EXPECT_EQ(f->fault_events, 1, "a cause is pending");
}

TEST_F(iommu_unit, tail_beyond_the_queue_is_an_error)
{
    enable(f, false);
    store(f, IOMMU_AT_IQT, 8, 4096);
    EXPECT_EQ(fsts(f), IOMMU_IQE);
    EXPECT_EQ(load(f, IOMMU_AT_IQERCD, 8), IOMMU_QUEUE_INVALID_TAIL);
    EXPECT_EQ(IQH(f), 0);
}

TEST_F(iommu_unit, descriptor_that_cannot_be_read_is_an_error)
{
    enable(f, false);
    f->fails_from = QUEUE;
    f->fails_to = QUEUE + 16;
    invalidate(f, IEC_ALL);
    EXPECT_EQ(load(f, IOMMU_AT_IQERCD, 8), IOMMU_QUEUE_FETCH);
    EXPECT_EQ(IQH(f), 0);
}

TEST_F(iommu_unit, head_goes_round)
{
    enable(f, false);
    for (unsigned i = 0; i < 255; i++)
        queue(f, IEC_ALL, 0);
    run_queue(f);
    EXPECT_EQ(IQH(f), 255 * 16);
    queue(f, IEC_ALL, 0);
    queue(f, WAIT_SW(3), STATUS);
    run_queue(f);
    EXPECT_EQ(IQH(f), 16);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 3);
}

TEST_F(iommu_unit, queue_has_two_to_the_power_of_qs_pages)
{
    store(f, IOMMU_AT_IQA, 8, QUEUE | 1);
    command(f, IOMMU_QIE, 0);
    for (unsigned i = 0; i < 511; i++)
        mem_write64(&f->mem, QUEUE + 16 * i, IEC_ALL);
    store(f, IOMMU_AT_IQT, 8, 511 * 16);
    EXPECT_EQ(IQH(f), 511 * 16);
    mem_write64(&f->mem, QUEUE + 511 * 16, IEC_ALL);
    store(f, IOMMU_AT_IQT, 8, 0);
    EXPECT_EQ(IQH(f), 0);
    EXPECT_EQ(fsts(f), 0);
}

TEST_F(iommu_unit, tail_is_only_stored_while_the_queue_is_disabled)
{
    set_table(f, TABLE | 3);
    store(f, IOMMU_AT_IQA, 8, QUEUE);
    queue(f, WAIT_SW(1), STATUS);
    run_queue(f);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 0);
    EXPECT_EQ(load(f, IOMMU_AT_IQT, 8), 16);
    command(f, IOMMU_QIE, 0);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 1, "a tail that is not 0 counts");
}

TEST_F(iommu_unit, queue_is_disabled_only_when_it_ended_with_a_wait)
{
    enable(f, false);
    invalidate(f, IEC_ALL);
    command(f, 0, IOMMU_QIE);
    EXPECT_TRUE(gsts(f) & IOMMU_QIE);
    EXPECT_EQ(IQH(f), 16);
    queue(f, IOMMU_WAIT, 0);
    run_queue(f);
    command(f, 0, IOMMU_QIE);
    EXPECT_FALSE(gsts(f) & IOMMU_QIE);
    EXPECT_EQ(IQH(f), 0);
}

/* Software moves the tail back to the head meanwhile. */
TEST_F(iommu_unit, queue_is_not_disabled_while_it_is_at_a_descriptor)
{
    enable(f, false);
    queue(f, IOMMU_WAIT, 0);
    poke(f, IOMMU_AT_IQT, 8, f->tail);
    poke(f, IOMMU_AT_IQT, 8, 0);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_IRE);
    EXPECT_EQ(f->out.warning, IOMMU_WARNING_QUEUE_IN_USE);
    EXPECT_TRUE(gsts(f) & IOMMU_QIE);
}

/* ---- waits ---- */

TEST_F(iommu_unit, status_is_in_memory_before_the_head_goes_on)
{
    enable(f, false);
    mem_write64(&f->mem, STATUS, UINT64_MAX);
    mem_write64(&f->mem, STATUS + 8, UINT64_MAX);
    queue(f, WAIT_SW(0xdeadbeef), STATUS + 4);
    poke(f, IOMMU_AT_IQT, 8, f->tail);
    step(f, IOMMU_PORT_QUEUE);
    EXPECT_EQ(iommu_access(&f->u, IOMMU_PORT_QUEUE).kind, IOMMU_ACCESS_WRITE);
    EXPECT_EQ(IQH(f), 0);
    step(f, IOMMU_PORT_QUEUE);
    EXPECT_EQ(mem_read32(&f->mem, STATUS + 4), 0xdeadbeef);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), UINT32_MAX);
    EXPECT_EQ(mem_read32(&f->mem, STATUS + 8), UINT32_MAX);
    EXPECT_EQ(IQH(f), 16);
    EXPECT_EQ(load(f, IOMMU_AT_ICS, 4), 0, "it was not to interrupt");
}

TEST_F(iommu_unit, masked_completion_is_pending_and_sent_when_unmasked)
{
    enable(f, false);
    invalidate(f, WAIT_IF);
    EXPECT_EQ(load(f, IOMMU_AT_ICS, 4), IOMMU_ICS_IWC);
    EXPECT_EQ(load(f, IOMMU_AT_IECTL, 4),
              IOMMU_EVENT_MASKED | IOMMU_EVENT_PENDING);
    EXPECT_EQ(f->invalidation_events, 0);
    store(f, IOMMU_AT_IECTL, 4, 0);
    EXPECT_EQ(f->invalidation_events, 1);
    EXPECT_EQ(load(f, IOMMU_AT_IECTL, 4), 0);
    EXPECT_EQ(f->fault_events, 0);
}

TEST_F(iommu_unit, second_completion_is_silent_until_the_first_is_cleared)
{
    enable(f, false);
    store(f, IOMMU_AT_IECTL, 4, 0);
    invalidate(f, WAIT_IF);
    invalidate(f, WAIT_IF);
    EXPECT_EQ(f->invalidation_events, 1);
    EXPECT_EQ(load(f, IOMMU_AT_ICS, 4), IOMMU_ICS_IWC);
    store(f, IOMMU_AT_ICS, 4, IOMMU_ICS_IWC);
    EXPECT_EQ(load(f, IOMMU_AT_ICS, 4), 0);
    invalidate(f, WAIT_IF);
    EXPECT_EQ(f->invalidation_events, 2);
}

TEST_F(iommu_unit, clearing_the_completion_clears_the_pending_event)
{
    enable(f, false);
    invalidate(f, WAIT_IF);
    store(f, IOMMU_AT_ICS, 4, IOMMU_ICS_IWC);
    store(f, IOMMU_AT_IECTL, 4, 0);
    EXPECT_EQ(f->invalidation_events, 0);
}

TEST_F(iommu_unit, wait_can_write_and_interrupt)
{
    enable(f, false);
    store(f, IOMMU_AT_IECTL, 4, 0);
    queue(f, WAIT_SW(5) | IOMMU_WAIT_IF, STATUS);
    run_queue(f);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 5);
    EXPECT_EQ(f->invalidation_events, 1);
}

/* ---- requests in flight ---- */

TEST_F(iommu_unit, invalidation_waits_for_the_request_in_the_unit)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    begin(f, request_of(1, false));
    EXPECT_EQ(iommu_access(&f->u, IOMMU_PORT_REQUEST).kind, IOMMU_ACCESS_READ);
    queue(f, IEC(1, 0), 0);
    queue(f, WAIT_SW(1), STATUS);
    run_queue(f);
    EXPECT_EQ(IQH(f), 0);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 0);
    serve(f, IOMMU_PORT_REQUEST);
    EXPECT_EQ(sent(f), 0x40);
    put(f, 1, P | VECTOR(0x50), 0);
    serve(f, IOMMU_PORT_QUEUE);
    EXPECT_EQ(mem_read32(&f->mem, STATUS), 1);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x50, "what it had cached is gone");
}

TEST_F(iommu_unit, command_waits_for_the_request_in_the_unit)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    begin(f, request_of(1, false));
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_QIE);
    EXPECT_TRUE(gsts(f) & IOMMU_IRE);
    serve(f, IOMMU_PORT_REQUEST);
    EXPECT_EQ(sent(f), 0x40, "under the old rules");
    EXPECT_FALSE(gsts(f) & IOMMU_IRE);
}

TEST_F(iommu_unit, one_shot_status_is_0_until_the_command_is_done)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    put_at(f, OTHER_TABLE, 1, (struct iommu_entry){P | VECTOR(0x50), 0});
    begin(f, request_of(1, false));
    poke(f, IOMMU_AT_IRTA, 8, OTHER_TABLE | 3);
    poke(f, IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_IRE | IOMMU_SIRTP);
    EXPECT_FALSE(gsts(f) & IOMMU_SIRTP);
    serve(f, IOMMU_PORT_REQUEST);
    EXPECT_EQ(sent(f), 0x40);
    EXPECT_TRUE(gsts(f) & IOMMU_SIRTP);
    invalidate(f, IEC_ALL);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x50);
}

/* ---- the table pointer ---- */

TEST_F(iommu_unit, irta_has_no_effect_until_sirtp)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), 0);
    put_at(f, OTHER_TABLE, 1, (struct iommu_entry){P | VECTOR(0x50), 0});
    store(f, IOMMU_AT_IRTA, 8, OTHER_TABLE | 3);
    EXPECT_TRUE(gsts(f) & IOMMU_SIRTP);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x40);
}

TEST_F(iommu_unit, cached_entry_outlives_its_table_without_esirtps)
{
    struct iommu_config c = iommu_full;

    for (int esirtps = 0; esirtps < 2; esirtps++) {
        c.esirtps = esirtps;
        iommu_unit_start(f, &c);
        enable(f, false);
        put(f, 1, P | VECTOR(0x40), 0);
        put_at(f, OTHER_TABLE, 1, (struct iommu_entry){P | VECTOR(0x50), 0});
        fire(f, 1);
        set_table(f, OTHER_TABLE | 3);
        fire(f, 1);
        EXPECT_EQ(sent(f), esirtps ? 0x50 : 0x40);
    }
}
