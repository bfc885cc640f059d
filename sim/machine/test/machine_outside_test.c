/* Accesses from outside: what a user's own module can do to a machine. */
#include "sim/machine/test/rig.h"

static double figure(const struct figures *f, const char *key)
{
    const struct figure *found = figures_find(f, key);

    return found ? found->real : 0;
}

TEST(machine_outside, register_accesses_of_other_widths_are_refused)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct machine *m = machine_build(&s);
    uint8_t data[16] = {0};
    struct figures f;

    machine_write(m, BAR_BASE + NIC_REG_TXWB, data, 16);
    machine_write(m, BAR_BASE + NIC_REG_TXWB, data, 3);
    machine_read(m, BAR_BASE + NIC_REG_MSIX_TABLE, data, 16);
    EXPECT_EQ(data[15], 0xff);
    machine_write(m, BAR_BASE + NIC_BAR_BYTES - 4, data, 8);
    rig_finish(m, &f);
    EXPECT_EQ(figure(&f, "warnings.outside_accesses_refused"), 4);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_outside, memory_fills_up_without_harm_to_the_software)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_STREAM);
    struct machine *m = machine_build(&s);
    uint8_t byte = 1;
    struct figures f;

    for (uint64_t page = 0; page < 3 * MEM_PAGES_OUTSIDE; page++)
        machine_write(m, page * MEM_PAGE_BYTES, &byte, 1);
    rig_finish(m, &f);
    EXPECT_GT(figure(&f, "warnings.outside_accesses_refused"), 0);
    EXPECT_GT(figure(&f, "throughput.messages"), 0);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_outside, an_msi_must_be_one_aligned_doubleword)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct machine *m = machine_build(&s);
    uint64_t data = 0x31;
    struct figures f;

    machine_run(m, 2 * SIM_MS);
    machine_write(m, MSI_BASE, &data, 8);
    machine_write(m, MSI_BASE + 2, &data, 4);
    machine_write(m, MSI_BASE, &data, 4);
    rig_finish(m, &f);
    EXPECT_EQ(figure(&f, "interrupts.by_source.outside.sent"), 3);
    EXPECT_EQ(figure(&f, "interrupts.dropped_by_reason.bad_write"), 2);
    EXPECT_EQ(figure(&f, "interrupts.by_source.outside.delivered"), 1);
    figures_free(&f);
    machine_free(m);
}
