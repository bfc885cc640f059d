/* Posted entries and posted-interrupt descriptors. */
#include "models/iommu/test/iommu_fixture.h"

#define CONTROL (PID + PID_CONTROL)
#define NV(v) ((uint64_t)(v) << PID_NV_SHIFT)
#define NDST(id) ((uint64_t)(id) << PID_NDST_SHIFT)
#define RUNNING (NV(0xf2) | NDST(0x0500)) /* xAPIC: the ID is in 15:8 */

static uint64_t control(struct iommu_unit *f)
{
    return mem_read64(&f->mem, CONTROL);
}

static bool in_pir(struct iommu_unit *f, unsigned vector)
{
    return mem_read64(&f->mem, PID + vector / 64 * 8) >> vector % 64 & 1;
}

struct posting {
    struct iommu_unit unit;
};

static void posting_setup(struct posting *p)
{
    iommu_unit_setup(&p->unit);
    enable(&p->unit, false);
    mem_write64(&p->unit.mem, CONTROL, RUNNING);
    put_posted(&p->unit, 1, 0);
}

static void posting_teardown(struct posting *p)
{
    iommu_unit_teardown(&p->unit);
}

#define POSTING(name)                                                          \
    static void name##_of(struct iommu_unit *f);                               \
    TEST_F(posting, name)                                                      \
    {                                                                          \
        name##_of(&f->unit);                                                   \
    }                                                                          \
    static void name##_of(struct iommu_unit *f)

POSTING(sets_the_pir_bit_and_notifies)
{
    fire(f, 1);
    EXPECT_EQ(f->out.outcome, IOMMU_POSTED);
    EXPECT_TRUE(in_pir(f, 0x71));
    EXPECT_EQ(f->out.descriptor, PID);
    EXPECT_EQ(f->out.vector, 0x71);
    EXPECT_EQ(control(f), RUNNING | PID_ON);
    EXPECT_TRUE(f->out.notify);
    EXPECT_EQ(f->out.message.vector, 0xf2);
    EXPECT_EQ(f->out.message.dest, 5);
    EXPECT_EQ(f->out.message.mode, DELIVERY_FIXED);
    EXPECT_FALSE(f->out.message.logical);
    EXPECT_FALSE(f->out.message.hint);
    EXPECT_FALSE(f->out.message.level);
}

POSTING(second_interrupt_sets_its_bit_without_a_message)
{
    put_posted(f, 2, VECTOR(0x02)); /* vector 73h */
    fire(f, 1);
    fire(f, 2);
    EXPECT_EQ(f->out.outcome, IOMMU_POSTED);
    EXPECT_FALSE(f->out.notify);
    EXPECT_TRUE(in_pir(f, 0x71));
    EXPECT_TRUE(in_pir(f, 0x73));
    fire(f, 1);
    EXPECT_FALSE(f->out.notify);
}

POSTING(sn_suppresses_the_notification_and_leaves_on)
{
    mem_write64(&f->mem, CONTROL, RUNNING | PID_SN);
    fire(f, 1);
    EXPECT_EQ(f->out.outcome, IOMMU_POSTED);
    EXPECT_TRUE(in_pir(f, 0x71));
    EXPECT_EQ(control(f), RUNNING | PID_SN);
    EXPECT_FALSE(f->out.notify);
}

POSTING(urgent_interrupt_notifies_in_spite_of_sn)
{
    mem_write64(&f->mem, CONTROL, RUNNING | PID_SN);
    put_posted(f, 2, IOMMU_IRTE_URG);
    fire(f, 2);
    EXPECT_EQ(control(f), RUNNING | PID_SN | PID_ON);
    EXPECT_TRUE(f->out.notify);
}

POSTING(urgent_interrupt_is_silent_with_on)
{
    mem_write64(&f->mem, CONTROL, RUNNING | PID_ON);
    put_posted(f, 2, IOMMU_IRTE_URG);
    fire(f, 2);
    EXPECT_TRUE(in_pir(f, 0x71));
    EXPECT_FALSE(f->out.notify);
}

POSTING(every_vector_has_its_bit)
{
    for (unsigned v = 0; v < 256; v++) {
        put(f, 1, P | IOMMU_IRTE_IM | VECTOR(v) | (PID & 0xffffffff) << 32,
            PID >> 32 << 32);
        invalidate(f, IEC_ALL);
        fire(f, 1);
        EXPECT_TRUE(in_pir(f, v), "vector %u", v);
        EXPECT_FALSE(in_pir(f, (v + 1) % 256) && v < 255, "vector %u", v);
    }
}

POSTING(destination_has_32_bits_in_x2apic_mode)
{
    set_table(f, TABLE | IOMMU_IRTA_EIME | 3);
    mem_write64(&f->mem, CONTROL, NV(0xf2) | NDST(0x12345678));
    fire(f, 1);
    EXPECT_TRUE(f->out.notify);
    EXPECT_EQ(f->out.message.dest, 0x12345678);
    EXPECT_FALSE(f->out.message.dest8);
}

POSTING(other_fields_of_the_line_stay_as_they_are)
{
    for (unsigned i = 0; i < 4; i++)
        mem_write64(&f->mem, PID + 8 * i, UINT64_C(0x1111111111111111) << i);
    fire(f, 1);
    EXPECT_EQ(mem_read64(&f->mem, PID), UINT64_C(0x1111111111111111));
    EXPECT_EQ(mem_read64(&f->mem, PID + 8),
              UINT64_C(0x2222222222222222) | UINT64_C(1) << (0x71 - 64));
    EXPECT_EQ(mem_read64(&f->mem, PID + 24), UINT64_C(0x8888888888888888));
}

/* Bits of the descriptor that must be 0; the ID of xAPIC mode is 303:296. */
static bool reserved_bit(unsigned bit, bool eime)
{
    return (bit >= 258 && bit <= 271) || (bit >= 280 && bit <= 287) ||
           (!eime && bit >= 288 && bit <= 319 && !(bit >= 296 && bit <= 303)) ||
           bit >= 320;
}

static void try_bit(struct iommu_unit *f, unsigned bit, bool eime)
{
    uint64_t at = PID + bit / 64 * 8, value = UINT64_C(1) << bit % 64;

    mem_write64(&f->mem, at, value);
    fire(f, 1);
    EXPECT_EQ(fault(f), reserved_bit(bit, eime) ? 0x28 : 0, "bit %u", bit);
    if (fault(f)) {
        EXPECT_FALSE(in_pir(f, 0x71), "nothing changes");
        EXPECT_EQ(mem_read64(&f->mem, at), value, "bit %u", bit);
        EXPECT_TRUE(f->out.recorded);
        clear_record(f, (f->u.next_record + 3u) % 4);
    }
    mem_write64(&f->mem, at, 0);
    mem_write64(&f->mem, PID + 8, 0);
    mem_write64(&f->mem, CONTROL, 0);
}

POSTING(reserved_bits_of_the_descriptor_are_faults)
{
    for (int eime = 0; eime < 2; eime++) {
        set_table(f, TABLE | (eime ? IOMMU_IRTA_EIME : 0) | 3);
        mem_write64(&f->mem, CONTROL, 0);
        for (unsigned bit = 256; bit < 512; bit++)
            try_bit(f, bit, eime);
    }
}

POSTING(descriptor_that_cannot_be_read_is_a_fault_unless_fpd)
{
    put_posted(f, 2, FPD);
    f->fails_from = PID;
    f->fails_to = PID + 64;
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x27);
    EXPECT_EQ(record_low(f, 0) >> 48, 1);
    fire(f, 2);
    EXPECT_EQ(fault(f), 0x27);
    EXPECT_FALSE(f->out.recorded);
}

POSTING(fpd_hides_an_invalid_descriptor)
{
    put_posted(f, 2, FPD);
    mem_write64(&f->mem, PID + 40, 1); /* bit 320 */
    fire(f, 2);
    EXPECT_EQ(fault(f), 0x28);
    EXPECT_EQ(records(f), 0);
}

POSTING(source_is_validated_before_the_descriptor_is_touched)
{
    put(f, 2, P | IOMMU_IRTE_IM | VECTOR(0x71) | (PID & 0xffffffff) << 32,
        PID >> 32 << 32 | SVT(1, 0, 0x0100));
    fire(f, 2);
    EXPECT_EQ(fault(f), 0x26);
    EXPECT_EQ(f->locks, 0);
}

/* Bits of a posted entry that must be 0. */
static bool reserved_in_entry(unsigned bit)
{
    return (bit >= 2 && bit <= 7) || bit == 12 || bit == 13 ||
           (bit >= 24 && bit <= 37) || (bit >= 84 && bit <= 95);
}

POSTING(reserved_bits_of_a_posted_entry_are_faults)
{
    for (unsigned bit = 2; bit < 96; bit++) {
        uint64_t low = bit < 64 ? UINT64_C(1) << bit : 0;
        uint64_t high = bit < 64 ? 0 : UINT64_C(1) << (bit - 64);

        if (bit == 15 || (bit >= 38 && bit < 84)) /* IM, address, source */
            continue;
        put(f, 3, P | IOMMU_IRTE_IM | (PID & 0xffffffff) << 32 | low,
            PID >> 32 << 32 | high);
        invalidate(f, IEC_ALL);
        fire(f, 3);
        EXPECT_EQ(fault(f), reserved_in_entry(bit) ? 0x24 : 0, "bit %u", bit);
        if (fault(f))
            clear_record(f, (f->u.next_record + 3u) % 4);
    }
}

POSTING(cached_entry_posts_without_reading_the_table)
{
    fire(f, 1);
    f->reads = 0;
    fire(f, 1);
    EXPECT_EQ(f->out.outcome, IOMMU_POSTED);
    EXPECT_EQ(f->reads, 0);
}

/* The line is visible before the message, and nobody else changes it. */
POSTING(message_follows_the_write_of_the_locked_line)
{
    fire(f, 1); /* cached from here on */
    mem_write64(&f->mem, CONTROL, RUNNING);
    begin(f, request_of(1, false));
    EXPECT_EQ(f->out.outcome, IOMMU_NOTHING);
    EXPECT_EQ(iommu_access(&f->u, IOMMU_PORT_REQUEST).kind, IOMMU_ACCESS_LOCK);
    EXPECT_EQ(iommu_access(&f->u, IOMMU_PORT_REQUEST).addr, PID);
    step(f, IOMMU_PORT_REQUEST);
    EXPECT_EQ(f->out.outcome, IOMMU_NOTHING);
    EXPECT_EQ(iommu_access(&f->u, IOMMU_PORT_REQUEST).kind,
              IOMMU_ACCESS_UNLOCK);
    EXPECT_EQ(control(f), RUNNING);
    step(f, IOMMU_PORT_REQUEST);
    EXPECT_EQ(control(f), RUNNING | PID_ON);
    EXPECT_TRUE(f->out.notify);
}

TEST_F(iommu_unit, posted_entry_is_invalid_without_the_capability)
{
    struct iommu_config c = iommu_full;

    c.posting = false;
    iommu_unit_start(f, &c);
    enable(f, false);
    put_posted(f, 1, 0);
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x24);
    EXPECT_EQ(f->locks, 0);
}
