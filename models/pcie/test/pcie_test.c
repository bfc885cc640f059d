/* Rules of MSI, MSI-X, INTx level and moderation, without time. */
#include "models/pcie/pcie.h"

#include <string.h>

#include "tests/gtest_c.h"

#define ADDRESS 0xfee01000u

/* Every call is followed by a check of the invariants. */
static struct pcie_out checked(const struct pcie *p, struct pcie_out out)
{
    const char *broken = pcie_check(p);

    EXPECT_TRUE(!broken, "%s", broken);
    return out;
}

static struct pcie_out config(struct pcie *p, unsigned at, uint32_t value)
{
    return checked(p, pcie_config_write(p, at, 2, value));
}

static struct pcie_out config32(struct pcie *p, unsigned at, uint32_t value)
{
    return checked(p, pcie_config_write(p, at, 4, value));
}

static struct pcie_out cause(struct pcie *p, unsigned k)
{
    return checked(p, pcie_cause(p, k));
}

static struct pcie_out table(struct pcie *p, unsigned v, enum pcie_entry word,
                             uint32_t value)
{
    uint32_t at = PCIE_MSIX_TABLE_AT + PCIE_MSIX_ENTRY_BYTES * v + 4 * word;

    return checked(p, pcie_msix_write(p, at, 4, value));
}

static uint32_t table_read(const struct pcie *p, unsigned v,
                           enum pcie_entry word)
{
    return (uint32_t)pcie_msix_read(
        p, PCIE_MSIX_TABLE_AT + PCIE_MSIX_ENTRY_BYTES * v + 4 * word, 4);
}

static uint64_t pba(const struct pcie *p)
{
    return pcie_msix_read(p, PCIE_MSIX_PBA_AT, 8);
}

static struct pcie msi_function(unsigned capable, unsigned mme)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msi_vectors = capable,
                                       .msi_features =
                                           PCIE_MSI_64BIT | PCIE_MSI_MASKING});
    config(&p, PCIE_AT_COMMAND, PCIE_COMMAND_BUS_MASTER);
    config32(&p, PCIE_AT_MSI_ADDRESS, ADDRESS);
    config(&p, PCIE_AT_MSI_DATA, 0x4047);
    config(&p, PCIE_AT_MSI_CONTROL,
           PCIE_MSI_ENABLE | mme << PCIE_MSI_MME_SHIFT);
    return p;
}

#define INTERVAL (128 * SIM_US)

/* Enabled; entry v has data 40h + v and is still masked, as after reset. */
static struct pcie msix_function(unsigned vectors, uint32_t moderated)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msix_vectors = vectors});
    for (uint32_t rest = moderated; rest; rest &= rest - 1)
        p.interval[__builtin_ctz(rest)] = INTERVAL;
    config(&p, PCIE_AT_COMMAND, PCIE_COMMAND_BUS_MASTER);
    config(&p, PCIE_AT_MSIX_CONTROL, PCIE_MSIX_ENABLE);
    for (unsigned v = 0; v < vectors; v++) {
        table(&p, v, PCIE_ENTRY_ADDRESS, ADDRESS);
        table(&p, v, PCIE_ENTRY_DATA, 0x40 + v);
    }
    return p;
}

static struct pcie msix_unmasked(unsigned vectors, uint32_t moderated)
{
    struct pcie p = msix_function(vectors, moderated);

    for (unsigned v = 0; v < vectors; v++)
        table(&p, v, PCIE_ENTRY_VECTOR_CONTROL, 0);
    return p;
}

TEST(pcie_msi, vector_number_replaces_the_low_data_bits)
{
    struct pcie p = msi_function(32, 2);

    EXPECT_EQ(cause(&p, 2).send, 1u << 2);
    EXPECT_EQ(pcie_message(&p, 2).data, 0x4046);
    EXPECT_EQ(pcie_message(&p, 0).data, 0x4044);
    EXPECT_EQ(pcie_message(&p, 2).addr, ADDRESS);
}

TEST(pcie_msi, one_granted_vector_leaves_the_data_as_written)
{
    struct pcie p = msi_function(32, 0);

    EXPECT_EQ(cause(&p, 0).send, 1);
    EXPECT_EQ(pcie_message(&p, 0).data, 0x4047);
}

TEST(pcie_msi, in_the_64_bit_layout_8_is_the_upper_address_and_c_the_data)
{
    struct pcie p = msi_function(1, 0);

    config32(&p, PCIE_AT_MSI_ID + 0x8, 0x12345600);
    config(&p, PCIE_AT_MSI_ID + 0xc, 0x0031);
    EXPECT_EQ(pcie_message(&p, 0).addr, UINT64_C(0x12345600) << 32 | ADDRESS);
    EXPECT_EQ(pcie_message(&p, 0).data, 0x31);
}

TEST(pcie_msi, address_bits_1_and_0_read_as_zero)
{
    struct pcie p = msi_function(1, 0);

    config32(&p, PCIE_AT_MSI_ADDRESS, 0xfee00003);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_ADDRESS, 4), 0xfee00000);
}

TEST(pcie_msi, more_vectors_than_asked_for_are_not_granted)
{
    struct pcie p = msi_function(8, 5);

    EXPECT_EQ((pcie_config_read(&p, PCIE_AT_MSI_CONTROL, 2) >> 4) & 7, 3);
}

TEST(pcie_msi, causes_beyond_the_granted_vectors_fold)
{
    struct pcie p = msi_function(32, 2);

    EXPECT_EQ(cause(&p, 7).send, 1u << 3);
    EXPECT_EQ(cause(&p, 4).send, 1u << 0);
}

TEST(pcie_msi, masked_events_give_one_message_when_unmasked)
{
    struct pcie p = msi_function(4, 2);

    config32(&p, PCIE_AT_MSI_MASK, 1u << 1);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(cause(&p, 1).send, 0);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 1u << 1);
    EXPECT_EQ(cause(&p, 2).send, 1u << 2, "others are not masked");
    EXPECT_EQ(config32(&p, PCIE_AT_MSI_MASK, 0).send, 1u << 1);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 0);
    EXPECT_EQ(config32(&p, PCIE_AT_MSI_MASK, 0).send, 0);
}

TEST(pcie_msi, pending_bits_ignore_writes)
{
    struct pcie p = msi_function(4, 2);

    config32(&p, PCIE_AT_MSI_PENDING, 0xffffffff);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 0);
    config32(&p, PCIE_AT_MSI_MASK, 2);
    cause(&p, 1);
    config32(&p, PCIE_AT_MSI_PENDING, 0);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 2);
}

TEST(pcie_msi, granting_fewer_vectors_discards_what_was_pending_for_the_rest)
{
    struct pcie p = msi_function(4, 2);

    config32(&p, PCIE_AT_MSI_MASK, 0xf);
    cause(&p, 0);
    cause(&p, 3);
    config(&p, PCIE_AT_MSI_CONTROL, PCIE_MSI_ENABLE);
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 1);
}

TEST(pcie_msi, a_cause_that_went_away_while_masked_is_not_told)
{
    struct pcie p = msi_function(4, 0);

    config32(&p, PCIE_AT_MSI_MASK, 1);
    cause(&p, 0);
    cause(&p, 1); /* folds to vector 0 */
    checked(&p, pcie_cause_gone(&p, 0));
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 1, "cause 1 is");
    checked(&p, pcie_cause_gone(&p, 1));
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSI_PENDING, 4), 0);
    EXPECT_EQ(config32(&p, PCIE_AT_MSI_MASK, 0).send, 0);
}

TEST(pcie_msix, entries_are_masked_after_reset)
{
    struct pcie p = msix_function(4, 0);

    EXPECT_EQ(table_read(&p, 3, PCIE_ENTRY_VECTOR_CONTROL), 1);
    EXPECT_EQ(cause(&p, 3).send, 0);
    EXPECT_EQ(pba(&p), 1u << 3);
}

TEST(pcie_msix, a_message_is_sent_exactly_as_stored)
{
    struct pcie p = msix_unmasked(4, 0);

    table(&p, 2, PCIE_ENTRY_UPPER_ADDRESS, 0x55);
    table(&p, 2, PCIE_ENTRY_DATA, 0xdeadbeef);
    EXPECT_EQ(cause(&p, 2).send, 1u << 2);
    EXPECT_EQ(pcie_message(&p, 2).addr, UINT64_C(0x55) << 32 | ADDRESS);
    EXPECT_EQ(pcie_message(&p, 2).data, 0xdeadbeef);
}

TEST(pcie_msix, clearing_the_function_mask_sends_what_is_pending)
{
    struct pcie p = msix_unmasked(2, 0);

    config(&p, PCIE_AT_MSIX_CONTROL,
           PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    EXPECT_EQ(cause(&p, 1).send, 0);
    EXPECT_EQ(pba(&p), 2);
    EXPECT_EQ(config(&p, PCIE_AT_MSIX_CONTROL, PCIE_MSIX_ENABLE).send, 2);
    EXPECT_EQ(pba(&p), 0);
}

TEST(pcie_msix, an_entry_mask_keeps_masking_after_the_function_mask)
{
    struct pcie p = msix_function(2, 0);

    config(&p, PCIE_AT_MSIX_CONTROL,
           PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    cause(&p, 1);
    EXPECT_EQ(config(&p, PCIE_AT_MSIX_CONTROL, PCIE_MSIX_ENABLE).send, 0);
    EXPECT_EQ(pba(&p), 2);
    EXPECT_EQ(table(&p, 1, PCIE_ENTRY_VECTOR_CONTROL, 0).send, 2);
}

TEST(pcie_msix, the_function_mask_leaves_the_entries_masks_alone)
{
    struct pcie p = msix_function(2, 0);

    table(&p, 0, PCIE_ENTRY_VECTOR_CONTROL, 0);
    config(&p, PCIE_AT_MSIX_CONTROL,
           PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    EXPECT_EQ(table_read(&p, 0, PCIE_ENTRY_VECTOR_CONTROL), 0);
    EXPECT_EQ(table_read(&p, 1, PCIE_ENTRY_VECTOR_CONTROL), 1);
}

TEST(pcie_msix, table_size_field_3_means_4_entries)
{
    struct pcie p = msix_function(4, 0);

    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_MSIX_CONTROL, 2) & 0x7ff, 3);
    table(&p, 4, PCIE_ENTRY_DATA, 0x99);
    EXPECT_EQ(table_read(&p, 4, PCIE_ENTRY_DATA), 0);
    for (unsigned k = 0; k < PCIE_VECTORS; k++)
        cause(&p, k);
    EXPECT_EQ(pba(&p), 0xf, "bit 4 is always 0");
}

TEST(pcie_msix, writes_outside_the_table_change_nothing)
{
    static const uint32_t outside[] = {
        0, PCIE_MSIX_TABLE_AT - 8, PCIE_MSIX_TABLE_AT + 4 * 16,
        PCIE_MSIX_PBA_AT - 8, PCIE_BAR_BYTES - 8};
    struct pcie p = msix_function(4, 0), before = p;

    for (unsigned i = 0; i < sizeof outside / sizeof *outside; i++) {
        checked(&p, pcie_msix_write(&p, outside[i], 8, UINT64_MAX));
        EXPECT_EQ(memcmp(&p, &before, sizeof p), 0, "at %x", outside[i]);
        EXPECT_EQ(pcie_msix_read(&p, outside[i], 8), 0);
    }
}

TEST(pcie_msix, pending_bit_array_ignores_writes)
{
    struct pcie p = msix_function(2, 0);

    cause(&p, 0);
    checked(&p, pcie_msix_write(&p, PCIE_MSIX_PBA_AT, 4, 0xfffffffe));
    checked(&p, pcie_msix_write(&p, PCIE_MSIX_PBA_AT, 8, 0));
    EXPECT_EQ(pba(&p), 1);
}

TEST(pcie_msix, a_rewritten_masked_entry_sends_its_new_values)
{
    struct pcie p = msix_function(2, 0);

    cause(&p, 0);
    table(&p, 0, PCIE_ENTRY_ADDRESS, 0xfee02000);
    table(&p, 0, PCIE_ENTRY_DATA, 0x51);
    EXPECT_EQ(table(&p, 0, PCIE_ENTRY_VECTOR_CONTROL, 0).send, 1);
    EXPECT_EQ(pcie_message(&p, 0).addr, 0xfee02000);
    EXPECT_EQ(pcie_message(&p, 0).data, 0x51);
}

TEST(pcie_msix, a_quadword_write_sets_two_doublewords)
{
    struct pcie p = msix_function(2, 0);

    cause(&p, 1);
    EXPECT_EQ(checked(&p, pcie_msix_write(&p, PCIE_MSIX_TABLE_AT + 16 + 8, 8,
                                          UINT64_C(0xfffffffe00000077)))
                  .send,
              2, "vector control 0");
    EXPECT_EQ(pcie_message(&p, 1).data, 0x77);
    EXPECT_EQ(pcie_msix_read(&p, PCIE_MSIX_TABLE_AT + 16 + 8, 8), 0x77);
}

TEST(pcie_msix, narrow_and_misaligned_writes_are_ignored)
{
    struct pcie p = msix_function(2, 0);

    checked(&p, pcie_msix_write(&p, PCIE_MSIX_TABLE_AT + 8, 2, 0x99));
    checked(&p, pcie_msix_write(&p, PCIE_MSIX_TABLE_AT + 8, 1, 0x99));
    checked(&p, pcie_msix_write(&p, PCIE_MSIX_TABLE_AT + 6, 4, 0x99));
    checked(&p, pcie_msix_write(&p, PCIE_MSIX_TABLE_AT + 4, 8, 0x99));
    EXPECT_EQ(table_read(&p, 0, PCIE_ENTRY_DATA), 0x40);
    EXPECT_EQ(table_read(&p, 0, PCIE_ENTRY_UPPER_ADDRESS), 0);
    EXPECT_EQ(pcie_msix_read(&p, PCIE_MSIX_TABLE_AT + 9, 1), 0);
    EXPECT_EQ(pcie_msix_read(&p, PCIE_MSIX_TABLE_AT + 2, 2), 0xfee0);
}

TEST(pcie_msix, enabling_it_sends_what_stayed_pending)
{
    struct pcie p = msix_function(2, 0);

    cause(&p, 0);
    config(&p, PCIE_AT_MSIX_CONTROL, 0);
    table(&p, 0, PCIE_ENTRY_VECTOR_CONTROL, 0);
    EXPECT_EQ(pba(&p), 1);
    EXPECT_EQ(config(&p, PCIE_AT_MSIX_CONTROL, PCIE_MSIX_ENABLE).send, 1);
}

TEST(pcie_msix, has_precedence_if_both_are_enabled)
{
    struct pcie p;

    pcie_init(&p, &(struct pcie_build){.msi_vectors = 1, .msix_vectors = 2});
    config(&p, PCIE_AT_COMMAND, PCIE_COMMAND_BUS_MASTER);
    config(&p, PCIE_AT_MSI_CONTROL, PCIE_MSI_ENABLE);
    config(&p, PCIE_AT_MSIX_CONTROL, PCIE_MSIX_ENABLE);
    EXPECT_EQ(cause(&p, 0).send, 0, "MSI would not be masked");
    EXPECT_EQ(pba(&p), 1);
}

TEST(pcie_intx, enabling_msi_takes_the_level_away)
{
    struct pcie p = msi_function(1, 0);

    config(&p, PCIE_AT_MSI_CONTROL, 0);
    cause(&p, 0);
    EXPECT_TRUE(pcie_intx(&p));
    struct pcie_out out = config(&p, PCIE_AT_MSI_CONTROL, PCIE_MSI_ENABLE);
    EXPECT_FALSE(pcie_intx(&p));
    EXPECT_EQ(out.send, 0, "the condition was signalled already");
    out = cause(&p, 0);
    EXPECT_FALSE(pcie_intx(&p));
    EXPECT_EQ(out.send, 1);
}

TEST(pcie_intx, disabling_msi_shows_the_condition_that_was_masked)
{
    struct pcie p = msi_function(1, 0);

    config32(&p, PCIE_AT_MSI_MASK, 1);
    cause(&p, 0);
    EXPECT_FALSE(pcie_intx(&p));
    config(&p, PCIE_AT_MSI_CONTROL, 0);
    EXPECT_TRUE(pcie_intx(&p));
    checked(&p, pcie_cause_gone(&p, 0));
    EXPECT_FALSE(pcie_intx(&p));
}

TEST(pcie_intx, works_without_bus_mastering_while_messages_are_lost)
{
    struct pcie p = msi_function(1, 0);

    config(&p, PCIE_AT_COMMAND, 0);
    EXPECT_EQ(cause(&p, 0).send, 0);
    EXPECT_EQ(config(&p, PCIE_AT_COMMAND, PCIE_COMMAND_BUS_MASTER).send, 0,
              "it was lost");
    config(&p, PCIE_AT_COMMAND, 0);
    config(&p, PCIE_AT_MSI_CONTROL, 0);
    cause(&p, 0);
    EXPECT_TRUE(pcie_intx(&p));
}

TEST(pcie_intx, interrupt_disable_hides_the_level_not_the_status)
{
    struct pcie p = msi_function(1, 0);

    config(&p, PCIE_AT_MSI_CONTROL, 0);
    cause(&p, 0);
    config(&p, PCIE_AT_COMMAND,
           PCIE_COMMAND_BUS_MASTER | PCIE_COMMAND_INTX_DISABLE);
    EXPECT_FALSE(pcie_intx(&p));
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_STATUS, 2), 0x18);
    config(&p, PCIE_AT_MSI_CONTROL, PCIE_MSI_ENABLE);
    EXPECT_EQ(cause(&p, 0).send, 1, "MSI is not affected");
    EXPECT_EQ(pcie_config_read(&p, PCIE_AT_STATUS, 2), 0x10);
}

TEST(pcie_bus_master, pending_messages_wait_for_it)
{
    struct pcie p = msix_function(1, 0);

    cause(&p, 0);
    config(&p, PCIE_AT_COMMAND, 0);
    EXPECT_EQ(table(&p, 0, PCIE_ENTRY_VECTOR_CONTROL, 0).send, 0);
    EXPECT_EQ(pba(&p), 1);
    EXPECT_EQ(config(&p, PCIE_AT_COMMAND, PCIE_COMMAND_BUS_MASTER).send, 1);
}

TEST(pcie_moderation, first_event_goes_at_once_later_ones_merge)
{
    struct pcie p = msix_unmasked(2, 1);
    struct pcie_out out = cause(&p, 0);

    EXPECT_EQ(out.send, 1);
    EXPECT_EQ(out.start, 1);
    for (int i = 0; i < 2; i++) {
        out = cause(&p, 0);
        EXPECT_EQ(out.send, 0);
        EXPECT_EQ(out.start, 0);
    }
    out = checked(&p, pcie_interval_over(&p, 0));
    EXPECT_EQ(out.send, 1, "two events, one message");
    EXPECT_EQ(out.start, 1);
}

TEST(pcie_moderation, does_not_reload_while_nothing_is_wanted)
{
    struct pcie p = msix_unmasked(2, 1);

    cause(&p, 0);
    EXPECT_EQ(checked(&p, pcie_interval_over(&p, 0)).start, 0);
    EXPECT_EQ(cause(&p, 0).send, 1, "idle: at once");
}

TEST(pcie_moderation, interval_0_sends_each_event)
{
    struct pcie p = msix_unmasked(2, 1);

    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(cause(&p, 1).send, 2);
        EXPECT_EQ(p.running, 0);
    }
}

TEST(pcie_moderation, a_masked_message_reloads_the_counter_too)
{
    struct pcie p = msix_function(1, 1);
    struct pcie_out out = cause(&p, 0);

    EXPECT_EQ(out.send, 0);
    EXPECT_EQ(out.start, 1);
    EXPECT_EQ(pba(&p), 1);
    cause(&p, 0);
    EXPECT_EQ(checked(&p, pcie_interval_over(&p, 0)).start, 1);
    EXPECT_EQ(table(&p, 0, PCIE_ENTRY_VECTOR_CONTROL, 0).send, 1);
}

TEST(pcie_moderation, a_held_cause_that_went_away_is_not_sent)
{
    struct pcie p = msix_unmasked(4, 1u << 3);

    cause(&p, 3);
    cause(&p, 3);
    checked(&p, pcie_cause_gone(&p, 3));
    EXPECT_EQ(p.wanted, 0);
    EXPECT_EQ(checked(&p, pcie_interval_over(&p, 3)).send, 0);
}

TEST(pcie_moderation, intx_is_not_moderated)
{
    struct pcie p = msix_unmasked(1, 1);

    config(&p, PCIE_AT_MSIX_CONTROL, 0);
    cause(&p, 0);
    EXPECT_TRUE(pcie_intx(&p));
    EXPECT_EQ(p.running, 0);
}
