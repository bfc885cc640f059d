/* Which accesses to a function are warned of, and that they do no harm. */
#include "models/pcie/test/pcie_rig.h"

static struct rig rig;
static struct nic_node nic;
static struct pcie_node *const fn = &nic.fn;

#define TABLE PCIE_MSIX_TABLE_AT

/* MSI-X with 2 entries, MSI with 4 vectors; entry 0 is unmasked. */
static void start(void)
{
    struct pcie_node_config p = rig_init(&rig);
    struct nic_config c = {.line_rate = 1000000000,
                           .message_bytes = 125,
                           .complete_every = 1,
                           .ack_every = 1};

    p.msix_vectors = 2;
    p.msi_vectors = 4;
    nic_node_init(&nic, &p, &c);
    rig_enable(fn, 1);
}

/* Exactly one warning more, of this kind. */
#define EXPECT_WARNING(kind, access)                                           \
    do {                                                                       \
        uint64_t before_[PCIE_WARNING_COUNT];                                  \
                                                                               \
        memcpy(before_, fn->warnings, sizeof before_);                         \
        access;                                                                \
        for (unsigned w_ = 1; w_ < PCIE_WARNING_COUNT; w_++)                   \
            EXPECT_EQ(fn->warnings[w_] - before_[w_],                          \
                      w_ == PCIE_WARNING_##kind, "%s after " #access,          \
                      pcie_warning_name((enum pcie_warning)w_));               \
    } while (0)

TEST(pcie_warning, a_driver_that_keeps_the_rules_gets_none)
{
    start();
    for (unsigned w = 1; w < PCIE_WARNING_COUNT; w++)
        EXPECT_EQ(fn->warnings[w], 0, "%s",
                  pcie_warning_name((enum pcie_warning)w));
}

TEST(pcie_warning, of_table_accesses_of_wrong_width_that_change_nothing)
{
    struct pcie before;

    start();
    before = fn->pcie;
    EXPECT_WARNING(BAR_WIDTH, nic_node_write(&nic, TABLE + 0x18, 2, 0x99));
    EXPECT_WARNING(BAR_WIDTH, nic_node_write(&nic, TABLE + 0x18, 1, 0x99));
    EXPECT_WARNING(BAR_WIDTH, nic_node_write(&nic, TABLE + 0x14, 8, 0x99));
    EXPECT_WARNING(BAR_WIDTH, nic_node_read(&nic, TABLE + 2, 2));
    EXPECT_WARNING(NONE, nic_node_read(&nic, TABLE, 8));
    EXPECT_EQ(memcmp(&before, &fn->pcie, sizeof before), 0);
}

TEST(pcie_warning, of_holes_in_bar_0)
{
    start();
    EXPECT_WARNING(BAR_HOLE, nic_node_read(&nic, TABLE + 2 * 16, 4));
    EXPECT_WARNING(BAR_HOLE, nic_node_write(&nic, TABLE - 4, 4, 1));
    EXPECT_WARNING(BAR_HOLE, nic_node_write(&nic, PCIE_MSIX_PBA_AT + 8, 4, 1));
    EXPECT_WARNING(BAR_HOLE, nic_node_read(&nic, 0x4, 4));
    EXPECT_WARNING(BAR_HOLE, nic_node_write(&nic, 0x28, 4, 1));
}

TEST(pcie_warning, of_narrow_accesses_to_the_adapters_registers)
{
    start();
    EXPECT_WARNING(BAR_WIDTH, nic_node_write(&nic, NIC_REG_TXDOORBELL, 2, 1));
    EXPECT_EQ(nic.queued, 0);
    EXPECT_WARNING(NONE, nic_node_write(&nic, NIC_REG_TXWB, 8, 0x1000));
}

TEST(pcie_warning, of_a_write_to_the_pending_bit_array)
{
    start();
    EXPECT_WARNING(PBA_WRITE, nic_node_write(&nic, PCIE_MSIX_PBA_AT, 4, 1));
    EXPECT_WARNING(NONE, nic_node_read(&nic, PCIE_MSIX_PBA_AT, 8));
}

TEST(pcie_warning, of_an_entry_that_changes_while_nothing_masks_it)
{
    start();
    EXPECT_WARNING(UNMASKED, nic_node_write(&nic, TABLE + 8, 4, 0x77));
    EXPECT_WARNING(UNMASKED, nic_node_write(&nic, TABLE, 8, 0xfee00000));
    EXPECT_WARNING(NONE, nic_node_write(&nic, TABLE + 0xc, 4, 1));
    EXPECT_WARNING(NONE, nic_node_write(&nic, TABLE + 8, 4, 0x77));
    nic_node_write(&nic, TABLE + 0xc, 4, 0);
    pcie_node_config_write(fn, PCIE_AT_MSIX_CONTROL, 2,
                           PCIE_MSIX_ENABLE | PCIE_MSIX_FUNCTION_MASK);
    EXPECT_WARNING(NONE, nic_node_write(&nic, TABLE + 8, 4, 0x78));
}

TEST(pcie_warning, of_the_new_value_the_next_message_all_the_same)
{
    start();
    nic_node_write(&nic, TABLE + 8, 4, 0x77);
    pcie_node_cause(fn, 0);
    engine_run(&rig.engine, SIM_US);
    ASSERT_EQ(rig.arrivals, 1);
    EXPECT_EQ(rig.log[0].msg.write.data, 0x77);
}

TEST(pcie_warning, of_configuration_accesses_that_cannot_be)
{
    start();
    EXPECT_WARNING(CONFIG_WIDTH, pcie_node_config_read(fn, 0x51, 2));
    EXPECT_WARNING(CONFIG_WIDTH, pcie_node_config_write(fn, 0x02, 4, 0));
    EXPECT_WARNING(CONFIG_READ_ONLY, pcie_node_config_write(fn, 0x00, 4, 1));
    EXPECT_WARNING(CONFIG_READ_ONLY, pcie_node_config_write(fn, 0xf0, 4, 1));
    EXPECT_WARNING(NONE, pcie_node_config_read(fn, 0xf0, 4));
    EXPECT_WARNING(NONE, pcie_node_config_write(fn, 0x3c, 2, 5));
}

TEST(pcie_warning, of_granting_too_many_and_of_enabling_both)
{
    start();
    EXPECT_WARNING(GRANTED, pcie_node_config_write(fn, PCIE_AT_MSI_CONTROL, 2,
                                                   3 << PCIE_MSI_MME_SHIFT));
    EXPECT_EQ(pcie_config_read(&fn->pcie, PCIE_AT_MSI_CONTROL, 2) >> 4 & 7, 2);
    EXPECT_WARNING(BOTH_ENABLED, pcie_node_config_write(fn, PCIE_AT_MSI_CONTROL,
                                                        2, PCIE_MSI_ENABLE));
    EXPECT_WARNING(NONE, pcie_node_config_write(fn, PCIE_AT_COMMAND, 2, 6));
    EXPECT_EQ(pcie_mode(&fn->pcie), PCIE_MSIX);
}

TEST(pcie_warning, each_has_a_name_of_its_own)
{
    for (int w = 1; w < PCIE_WARNING_COUNT; w++) {
        const char *name = pcie_warning_name((enum pcie_warning)w);

        for (int other = 0; other < w; other++)
            EXPECT_NE(strcmp(name, pcie_warning_name((enum pcie_warning)other)),
                      0, "%s", name);
    }
}
