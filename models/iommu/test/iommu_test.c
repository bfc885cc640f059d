/* Requests and entries: formats, index, checks, source validation. */
#include "models/iommu/test/iommu_fixture.h"

/* ---- formats ---- */

TEST_F(iommu_unit, everything_is_compatibility_format_without_remapping)
{
    put(f, 2, P | VECTOR(0x40), 0);
    set_table(f, TABLE | 3);
    send(f, (struct iommu_request){0xfee00050, 0xffffffff, 4, SID});
    EXPECT_EQ(f->out.outcome, IOMMU_PASSED);
    EXPECT_EQ(f->out.lookup, IOMMU_NO_LOOKUP);
    EXPECT_EQ(f->reads, 0, "no entry is read");
    EXPECT_EQ(records(f), 0);
}

TEST_F(iommu_unit, compatibility_format_is_blocked_in_x2apic_mode_even_with_cfi)
{
    enable(f, true);
    command(f, IOMMU_CFI, 0);
    EXPECT_TRUE(gsts(f) & IOMMU_CFI);
    send(f, (struct iommu_request){0xfee00000, 0x31, 4, SID});
    EXPECT_EQ(fault(f), 0x25);
    EXPECT_TRUE(f->out.recorded);
}

TEST_F(iommu_unit, compatibility_format_is_blocked_without_cfi)
{
    enable(f, false);
    send(f, (struct iommu_request){0xfee00000, 0x31, 4, SID});
    EXPECT_EQ(fault(f), 0x25);
    EXPECT_EQ(record_low(f, 0), 0, "there is no index");
    EXPECT_EQ(record_high(f, 0), IOMMU_RECORD_F | UINT64_C(0x25) << 32 | SID);
}

TEST_F(iommu_unit, compatibility_format_passes_with_cfi_in_legacy_mode)
{
    enable(f, false);
    command(f, IOMMU_CFI, 0);
    send(f, (struct iommu_request){0xfee00000, 0x31, 4, SID});
    EXPECT_EQ(f->out.outcome, IOMMU_PASSED);
    command(f, 0, IOMMU_CFI);
    send(f, (struct iommu_request){0xfee00000, 0x31, 4, SID});
    EXPECT_EQ(fault(f), 0x25);
}

TEST_F(iommu_unit, what_is_no_doubleword_is_no_request)
{
    struct iommu_request r = request_of(2, false);

    enable(f, false);
    put(f, 2, P | VECTOR(0x40), 0);
    for (r.bytes = 1; r.bytes <= 8; r.bytes++) {
        send(f, r);
        EXPECT_EQ(f->out.outcome,
                  r.bytes == 4 ? IOMMU_REMAPPED : IOMMU_NOT_REQUEST);
    }
    EXPECT_EQ(records(f), 0);
}

/* ---- index ---- */

TEST_F(iommu_unit, reserved_data_bits_count_with_subhandle_only)
{
    struct iommu_request r = request_of(2, true);

    enable(f, false);
    put(f, 2, P | VECTOR(0x40), 0);
    for (unsigned bit = 16; bit < 32; bit++) {
        r.data = 1u << bit;
        r.addr |= 8;
        send(f, r);
        EXPECT_EQ(fault(f), 0x20, "bit %u", bit);
        EXPECT_EQ(record_low(f, bit % 4), 0, "there is no index");
        clear_record(f, bit % 4);
        r.addr &= ~UINT64_C(8);
        send(f, r);
        EXPECT_EQ(sent(f), 0x40, "bit %u", bit);
    }
}

TEST_F(iommu_unit, upper_address_bits_are_reserved)
{
    struct iommu_request r = request_of(2, false);

    enable(f, false);
    put(f, 2, P | VECTOR(0x40), 0);
    r.addr |= UINT64_C(1) << 32;
    send(f, r);
    EXPECT_EQ(fault(f), 0x20);
}

TEST_F(iommu_unit, two_lowest_address_bits_are_ignored)
{
    struct iommu_request r = request_of(2, false);

    enable(f, false);
    put(f, 2, P | VECTOR(0x40), 0);
    r.addr |= 3;
    send(f, r);
    EXPECT_EQ(sent(f), 0x40);
}

TEST_F(iommu_unit, all_four_encodings_of_an_index_find_the_entry)
{
    struct iommu_request r;

    enable(f, false);
    put(f, 9, P | VECTOR(0x49), 0);
    fire(f, 9);
    EXPECT_EQ(sent(f), 0x49, "handle alone");
    send(f, request_of(9, true));
    EXPECT_EQ(sent(f), 0x49, "subhandle 0");
    r = request_of(0, true);
    r.data = 9;
    send(f, r);
    EXPECT_EQ(sent(f), 0x49, "subhandle alone");
    r = request_of(5, true);
    r.data = 4;
    send(f, r);
    EXPECT_EQ(sent(f), 0x49, "sum");
}

TEST_F(iommu_unit, data_is_no_subhandle_without_shv)
{
    struct iommu_request r = request_of(5, false);

    enable(f, false);
    put(f, 5, P | VECTOR(0x45), 0);
    put(f, 8, P | VECTOR(0x48), 0);
    r.data = 3;
    send(f, r);
    EXPECT_EQ(sent(f), 0x45);
    r.addr |= 8;
    send(f, r);
    EXPECT_EQ(sent(f), 0x48);
}

/* The page's test vector: FEE000BCh with data 3. */
TEST_F(iommu_unit, address_bit_2_is_the_highest_bit_of_the_handle)
{
    enable(f, false);
    set_table(f, UINT64_C(0x100000) | 15);
    put_at(f, 0x100000, 0x8008, (struct iommu_entry){P | VECTOR(0x88), 0});
    send(f, (struct iommu_request){0xfee000bc, 3, 4, SID});
    EXPECT_EQ(sent(f), 0x88);
    send(f, (struct iommu_request){0xfee00014, 0, 4, SID});
    EXPECT_EQ(fault(f), 0x22);
    EXPECT_EQ(record_low(f, 0) >> 48, 0x8000);
}

TEST_F(iommu_unit, index_beyond_the_table_is_recorded_whatever_fpd_says)
{
    struct iommu_request r = request_of(1, true);

    enable(f, false);
    set_table(f, TABLE); /* S = 0: two entries */
    put(f, 1, P | FPD | VECTOR(0x41), 0);
    put(f, 2, P | FPD | VECTOR(0x42), 0);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x41);
    r.data = 1;
    send(f, r);
    EXPECT_EQ(fault(f), 0x21);
    EXPECT_TRUE(f->out.recorded);
    EXPECT_EQ(record_low(f, 0) >> 48, 2);
}

TEST_F(iommu_unit, index_does_not_wrap)
{
    struct iommu_request r = request_of(0xffff, true);

    enable(f, false);
    set_table(f, UINT64_C(0x100000) | 15);
    put_at(f, 0x100000, 0, (struct iommu_entry){P | VECTOR(0x40), 0});
    r.data = 1;
    send(f, r);
    EXPECT_EQ(fault(f), 0x21);
}

TEST_F(iommu_unit, table_has_two_to_the_power_of_s_plus_1_entries)
{
    enable(f, false);
    for (unsigned s = 0; s < 16; s++) {
        uint32_t last = (2u << s) - 1;

        set_table(f, UINT64_C(0x100000) | s);
        invalidate(f, IEC_ALL);
        put_at(f, 0x100000, last, (struct iommu_entry){P | VECTOR(0x40), 0});
        fire(f, last);
        EXPECT_EQ(sent(f), 0x40, "S = %u", s);
        if (s == 15)
            break;
        fire(f, last + 1);
        EXPECT_EQ(fault(f), 0x21, "S = %u", s);
        put_at(f, 0x100000, last, (struct iommu_entry){0});
        clear_record(f, s % 4);
    }
}

/* ---- entries ---- */

TEST_F(iommu_unit, entry_that_is_not_present_is_a_fault_with_its_index)
{
    enable(f, false);
    fire_from(f, 7, 0x1234);
    EXPECT_EQ(fault(f), 0x22);
    EXPECT_EQ(record_low(f, 0), UINT64_C(7) << 48);
    EXPECT_EQ(record_high(f, 0),
              IOMMU_RECORD_F | UINT64_C(0x22) << 32 | 0x1234);
}

TEST_F(iommu_unit, fpd_counts_in_an_entry_that_is_not_present)
{
    enable(f, false);
    put(f, 7, FPD, 0);
    fire(f, 7);
    EXPECT_EQ(fault(f), 0x22);
    EXPECT_FALSE(f->out.recorded);
    EXPECT_EQ(records(f), 0);
}

TEST_F(iommu_unit, entry_that_cannot_be_read_is_a_fault_that_fpd_cannot_hide)
{
    enable(f, false);
    put(f, 3, P | FPD, 0);
    f->fails_from = TABLE;
    f->fails_to = TABLE + 0x1000;
    fire(f, 3);
    EXPECT_EQ(fault(f), 0x23);
    EXPECT_TRUE(f->out.recorded);
    EXPECT_EQ(record_low(f, 0) >> 48, 3);
}

/* What an earlier entry said of FPD is not looked at. */
TEST_F(iommu_unit, fpd_of_the_entry_before_has_no_effect)
{
    enable(f, false);
    put(f, 3, FPD, 0);
    fire(f, 3);
    fire(f, 16);
    EXPECT_EQ(fault(f), 0x21);
    EXPECT_TRUE(f->out.recorded);
    fire(f, 4);
    EXPECT_EQ(fault(f), 0x22);
    EXPECT_TRUE(f->out.recorded);
}

TEST_F(iommu_unit, message_has_the_fields_of_the_entry)
{
    enable(f, false);
    put(f, 1,
        P | IOMMU_IRTE_DM | IOMMU_IRTE_RH | IOMMU_IRTE_TM |
            DLM(DELIVERY_LOWEST) | VECTOR(0xa5) | DST8(0x7f),
        0);
    fire(f, 1);
    EXPECT_EQ(f->out.outcome, IOMMU_REMAPPED);
    EXPECT_EQ(f->out.message.vector, 0xa5);
    EXPECT_EQ(f->out.message.mode, DELIVERY_LOWEST);
    EXPECT_EQ(f->out.message.dest, 0x7f);
    EXPECT_TRUE(f->out.message.logical);
    EXPECT_TRUE(f->out.message.hint);
    EXPECT_TRUE(f->out.message.level);
    EXPECT_TRUE(f->out.message.dest8);
    put(f, 2, P | VECTOR(0x5a) | DST8(0x80), 0);
    fire(f, 2);
    EXPECT_EQ(f->out.message.vector, 0x5a);
    EXPECT_EQ(f->out.message.mode, DELIVERY_FIXED);
    EXPECT_EQ(f->out.message.dest, 0x80);
    EXPECT_FALSE(f->out.message.logical);
    EXPECT_FALSE(f->out.message.hint);
    EXPECT_FALSE(f->out.message.level);
}

TEST_F(iommu_unit, nmi_of_an_entry_keeps_its_mode)
{
    enable(f, false);
    put(f, 1, P | DLM(DELIVERY_NMI) | VECTOR(0x31), 0);
    fire(f, 1);
    EXPECT_EQ(f->out.message.mode, DELIVERY_NMI);
}

/* Bits of a remapped entry that must be 0. */
static bool reserved_bit(unsigned bit, bool eime)
{
    return (bit >= 12 && bit <= 14) || (bit >= 24 && bit <= 31) ||
           (!eime && ((bit >= 32 && bit <= 39) || (bit >= 48 && bit <= 63))) ||
           bit >= 84;
}

static void try_bit(struct iommu_unit *f, unsigned bit, bool eime)
{
    uint64_t low = bit < 64 ? UINT64_C(1) << bit : 0;
    uint64_t high = bit < 64 ? 0 : UINT64_C(1) << (bit - 64);
    bool bad = reserved_bit(bit, eime);

    put(f, 1, P | low, high);
    fire_from(f, 1, 0);
    if (bit == 1 || bit == 83) /* FPD; SVT = 10: buses 0 to 0 */
        bad = false;
    EXPECT_EQ(fault(f), bad ? 0x24 : 0, "bit %u", bit);
    if (f->out.recorded)
        clear_record(f, (f->u.next_record + 3u) % 4);
    invalidate(f, IEC_ALL);
}

TEST_F(iommu_unit, reserved_bits_of_a_remapped_entry_are_faults)
{
    for (int eime = 0; eime < 2; eime++) {
        iommu_unit_setup(f);
        enable(f, eime);
        for (unsigned bit = 1; bit < 128; bit++)
            if (bit != 15 && bit != 6 && bit != 7) /* IM and DLM */
                try_bit(f, bit, eime);
    }
}

TEST_F(iommu_unit, destination_has_32_bits_in_x2apic_mode_only)
{
    enable(f, false);
    put(f, 1, P | VECTOR(0x40) | DST(0x12345678), 0);
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x24);
    set_table(f, TABLE | IOMMU_IRTA_EIME | 3);
    fire(f, 1);
    EXPECT_EQ(sent(f), 0x40);
    EXPECT_EQ(f->out.message.dest, 0x12345678);
    EXPECT_FALSE(f->out.message.dest8);
}

TEST_F(iommu_unit, reserved_delivery_modes_are_faults)
{
    enable(f, false);
    for (unsigned mode = 0; mode < 8; mode++) {
        put(f, 1, P | DLM(mode), 0);
        invalidate(f, IEC_ALL);
        fire(f, 1);
        EXPECT_EQ(fault(f), mode == 3 || mode == 6 ? 0x24 : 0, "%u", mode);
    }
}

TEST_F(iommu_unit, fpd_hides_an_invalid_entry)
{
    enable(f, false);
    put(f, 1, P | FPD | UINT64_C(1) << 12, 0);
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x24);
    EXPECT_EQ(records(f), 0);
}

/* ---- source validation ---- */

static const struct source_row {
    const char *name;
    uint64_t high;
    uint16_t sid;
    int fault;
} sources[] = {
    {"no_check", SVT(0, 3, 0xffff), 0x0100, 0},
    {"same", SVT(1, 0, 0x0310), 0x0310, 0},
    {"other_function", SVT(1, 0, 0x0310), 0x0311, 0x26},
    {"bus_80h_apart", SVT(1, 0, 0x0310), 0x8310, 0x26},
    {"other_bus", SVT(1, 3, 0x0310), 0x0210, 0x26},
    {"bit_2_ignored", SVT(1, 1, 0x0108), 0x010c, 0},
    {"bit_1_compared", SVT(1, 1, 0x0108), 0x010a, 0x26},
    {"bits_2_and_1_ignored", SVT(1, 2, 0x0108), 0x010e, 0},
    {"bit_0_compared", SVT(1, 2, 0x0108), 0x0109, 0x26},
    {"function_ignored", SVT(1, 3, 0x0100), 0x0107, 0},
    {"device_compared", SVT(1, 3, 0x0100), 0x0108, 0x26},
    {"last_bus", SVT(2, 0, 0x0205), 0x0500, 0},
    {"first_bus", SVT(2, 0, 0x0205), 0x02ff, 0},
    {"above_the_last_bus", SVT(2, 0, 0x0205), 0x0600, 0x26},
    {"below_the_first_bus", SVT(2, 0, 0x0205), 0x01ff, 0x26},
    {"bus_range_ignores_sq", SVT(2, 3, 0x0205), 0x0600, 0x26},
    {"empty_bus_range", SVT(2, 0, 0x0502), 0x0300, 0x26},
    {"reserved_type", SVT(3, 0, SID), SID, 0x26},
};

TEST_EACH(iommu_sources, are_validated, struct source_row, sources)
{
    struct iommu_unit unit, *f = &unit;

    iommu_unit_setup(f);
    enable(f, false);
    put(f, 1, P | VECTOR(0x40), row->high);
    for (int cached = 0; cached < 2; cached++) {
        fire_from(f, 1, row->sid);
        EXPECT_EQ(fault(f), row->fault);
        EXPECT_EQ(sent(f), row->fault ? -1 : 0x40);
    }
}

TEST_F(iommu_unit, reserved_bit_comes_before_the_source)
{
    enable(f, false);
    put(f, 1, P | UINT64_C(1) << 12, SVT(1, 0, 0x0100));
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x24);
}

TEST_F(iommu_unit, fpd_hides_a_refused_source)
{
    enable(f, false);
    put(f, 1, P | FPD, SVT(1, 0, 0x0100));
    fire(f, 1);
    EXPECT_EQ(fault(f), 0x26);
    EXPECT_EQ(records(f), 0);
}
