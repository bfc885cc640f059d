/* Delivery modes, destinations and the form of a message. */
#include "models/ioapic/test/ioapic_fixture.h"
#include "sim/core/msg.h"

#define ASSERT_LEVEL 0x4000u /* data bit 14 */
#define LEVEL_TRIGGER 0x8000u

/* Every mode of delivery, and whether it has the level handshake. */
static const struct mode {
    const char *name;
    enum delivery_mode mode;
    bool sent, handshake;
} modes[] = {
    {"fixed", DELIVERY_FIXED, true, true},
    {"lowest_priority", DELIVERY_LOWEST, true, true},
    {"smi", DELIVERY_SMI, true, false},
    {"reserved_011", DELIVERY_RESERVED3, false, false},
    {"nmi", DELIVERY_NMI, true, false},
    {"init", DELIVERY_INIT, true, false},
    {"reserved_110", DELIVERY_SIPI, false, false},
    {"extint", DELIVERY_EXTINT, true, false},
};

static struct ioapic_message compose(struct ioapic_unit *f, uint32_t high,
                                     uint32_t low)
{
    put_high(f, PIN, high);
    put_low(f, PIN, low);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1);
    return f->last.message;
}

TEST_EACH(ioapic_modes, edge_is_sent_as_edge_unless_the_mode_is_reserved,
          struct mode, modes)
{
    struct ioapic_unit f;

    ioapic_unit_setup(&f);
    put_low(&f, PIN, 0x50 | MODE(row->mode));
    EXPECT_EQ(f.out.warning,
              row->sent ? IOAPIC_WARNING_NONE : IOAPIC_WARNING_RESERVED_MODE);
    set(&f, PIN, true);
    EXPECT_EQ(vecset_has(&f.out.dropped, PIN), !row->sent);
    ASSERT_EQ(messages(&f), row->sent);
    EXPECT_FALSE(f.last.level);
    if (row->sent)
        EXPECT_EQ(f.last.message.data, 0x50 | MODE(row->mode) | ASSERT_LEVEL);
}

TEST_EACH(ioapic_modes, only_fixed_and_lowest_priority_are_sent_as_level,
          struct mode, modes)
{
    struct ioapic_unit f;

    ioapic_unit_setup(&f);
    put_low(&f, PIN, 0x50 | LEVEL | MODE(row->mode));
    if (row->sent)
        EXPECT_EQ(f.out.warning, row->handshake ? IOAPIC_WARNING_NONE
                                                : IOAPIC_WARNING_LEVEL_MODE);
    set(&f, PIN, true);
    ASSERT_EQ(messages(&f), row->sent);
    EXPECT_EQ(f.last.level, row->handshake);
    EXPECT_EQ(remote_irr(&f, PIN), row->handshake);
    if (row->sent)
        EXPECT_EQ(f.last.message.data & LEVEL_TRIGGER,
                  row->handshake ? LEVEL_TRIGGER : 0);
}

TEST_EACH(ioapic_modes, other_modes_send_once_for_each_assertion, struct mode,
          modes)
{
    uint32_t low = 0x50 | LEVEL | MODE(row->mode);
    struct ioapic_unit f;

    ioapic_unit_setup(&f);
    if (!row->sent || row->handshake)
        return;
    set(&f, PIN, true);
    put_low(&f, PIN, low);
    EXPECT_EQ(messages(&f), 1, "active when it is unmasked");
    put_low(&f, PIN, low);
    put_high(&f, PIN, 0x01000000);
    eoi(&f, 0x50);
    EXPECT_EQ(messages(&f), 0, "no storm");
    set(&f, PIN, false);
    set(&f, PIN, true);
    EXPECT_EQ(messages(&f), 1);
    put_low(&f, PIN, low | ACTIVE_LOW);
    put_low(&f, PIN, low);
    EXPECT_EQ(messages(&f), 1, "the polarity makes a new assertion");
}

TEST_EACH(ioapic_modes, rewriting_to_a_reserved_mode_withdraws_the_message,
          struct mode, modes)
{
    struct ioapic_unit f;

    ioapic_unit_setup(&f);
    put_low(&f, PIN, 0x50);
    set(&f, PIN, true);
    put_low(&f, PIN, 0x50 | MODE(row->mode));
    EXPECT_EQ(f.out.withdrawn, !row->sent);
    EXPECT_EQ(f.out.pin, row->sent ? 0 : PIN);
    EXPECT_EQ(messages(&f), row->sent);
}

TEST_F(ioapic_unit, vector_below_16_is_sent_with_a_warning)
{
    put_low(f, PIN, 0x0f);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_ILLEGAL_VECTOR);
    set(f, PIN, true);
    EXPECT_EQ(messages(f), 1, "the local APIC refuses it");
    EXPECT_EQ(f->last.message.data, 0x0f | ASSERT_LEVEL);
    put_low(f, PIN, 0x10);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_NONE);
    put_low(f, PIN, 0x00 | MASKED);
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_NONE, "masked: nothing is sent");
    put_low(f, PIN, 0x00 | MODE(DELIVERY_NMI));
    EXPECT_EQ(f->out.warning, IOAPIC_WARNING_NONE, "NMI ignores the vector");
}

TEST_F(ioapic_unit, message_has_the_form_of_an_msi)
{
    struct ioapic_message m = compose(f, 0xa5000000, 0x71);

    EXPECT_EQ(m.addr, 0xfeea5000);
    EXPECT_EQ(m.data, 0x4071);
}

TEST_F(ioapic_unit, logical_destination_is_address_bit_2)
{
    struct ioapic_message m = compose(f, 0x0d000000, 0x71 | LOGICAL);

    EXPECT_EQ(m.addr, 0xfee0d004);
}

TEST_F(ioapic_unit, lowest_priority_is_the_redirection_hint)
{
    struct ioapic_message m =
        compose(f, 0xff000000, 0x71 | LOGICAL | MODE(DELIVERY_LOWEST));

    EXPECT_EQ(m.addr, 0xfeeff00c);
    EXPECT_EQ(m.data, 0x4171);
}

TEST_F(ioapic_unit, level_is_data_bit_15)
{
    struct ioapic_message m = compose(f, 0, 0x71 | LEVEL);

    EXPECT_EQ(m.data, 0xc071);
}

TEST_F(ioapic_unit, polarity_and_mask_are_not_in_the_message)
{
    struct ioapic_message m;

    set(f, PIN, true);
    put_low(f, PIN, 0x71 | LEVEL | ACTIVE_LOW);
    set(f, PIN, false);
    EXPECT_EQ(messages(f), 1);
    m = f->last.message;
    EXPECT_EQ(m.addr, 0xfee00000);
    EXPECT_EQ(m.data, 0xc071);
}

TEST_F(ioapic_unit, extended_destination_is_address_bits_11_to_4)
{
    struct ioapic_message m = compose(f, 0x12fe0000, 0x71);

    EXPECT_EQ(m.addr, 0xfee12fe0);
}

TEST_F(ioapic_unit, remappable_entry_carries_index_and_format)
{
    struct ioapic_message m = compose(f, 0x000b0000, 0x71 | LEVEL);

    EXPECT_EQ(m.addr, 0xfee000b0, "index 5");
    EXPECT_EQ(m.data, 0xc071);
    eoi(f, 0x71);
    EXPECT_EQ(messages(f), 1, "the EOI matches RTE bits 7:0");
}

TEST_F(ioapic_unit, bit_15_of_the_remapping_index_is_address_bit_2)
{
    struct ioapic_message m = compose(f, 0xffff0000, 0x71 | LOGICAL);

    EXPECT_EQ(m.addr, 0xfeeffff4);
}

/* The VT-d page's example: index 8123h, vector 31h, level. */
TEST_F(ioapic_unit, remappable_entry_of_an_index_above_7fffh)
{
    struct ioapic_message m = compose(f, 0x02470000, 0x00008831);

    EXPECT_EQ(m.addr, 0xfee02474);
    EXPECT_EQ(m.data & 0xffff, 0xc031, "level, assert");
}

TEST_F(ioapic_unit, entry_is_read_when_its_message_sets_out)
{
    put_low(f, PIN, 0x71);
    set(f, PIN, true);
    put_low(f, PIN, 0x72);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.message.data, 0x4072);
}

TEST(ioapic, version_11_decodes_four_bits_of_a_physical_destination)
{
    struct ioapic_unit f;

    ioapic_unit_start(&f, 24, 0x11);
    EXPECT_EQ(compose(&f, 0x53000000, 0x71).addr, 0xfee03000);
    set(&f, PIN, false);
    EXPECT_EQ(compose(&f, 0x0f000000, 0x71).addr, 0xfeeff000, "broadcast");
    set(&f, PIN, false);
    EXPECT_EQ(compose(&f, 0x53ff0000, 0x71 | LOGICAL).addr, 0xfee53004);
}

TEST_F(ioapic_unit, extint_is_sent_without_handshake)
{
    put_low(f, 0, MODE(DELIVERY_EXTINT));
    set(f, 0, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_EQ(f->last.message.data, 0x4700);
    EXPECT_FALSE(remote_irr(f, 0));
}
