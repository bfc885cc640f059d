/* Interrupts that software moves between CPUs while they come. */
#include "sim/machine/test/rig.h"

static struct scenario balanced(enum scenario_balance balance)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_EXPONENTIAL, 15 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.device[0].vectors = 4;
    s.program[0].timer_hz = 2000;
    s.vm[0].balance = balance;
    s.machine.iommu = rig_iommu(2, true);
    return s;
}

TEST(machine_balance, nothing_is_lost_and_both_cpus_take_their_share)
{
    struct scenario s = balanced(BALANCE_FLUSH);
    struct figures f = rig_run(&s);
    uint64_t sent = rig_count(&f, "interrupts.by_source.nic0.sent");

    EXPECT_GT(sent, 1000);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "moves.count"), 4 * 40);
    EXPECT_LT(rig_count(&f, "moves.strays"), sent / 50);
    EXPECT_GT(rig_count(&f, "cycles.by_cpu.1.guest_irq"),
              rig_count(&f, "cycles.by_cpu.0.guest_irq") / 4);
    figures_free(&f);
}

/* Two descriptors, the status, and the write of the tail on its way. */
TEST(machine_balance, move_ends_when_the_unit_has_written_the_status)
{
    struct scenario s = balanced(BALANCE_FLUSH);
    struct figures f = rig_run(&s);
    double least = 200 + 2 * 75 + 65;

    EXPECT_GE(rig_real(&f, "moves.mean"), least);
    EXPECT_LT(rig_real(&f, "moves.mean"), least + 150);
    figures_free(&f);
}

TEST(machine_balance, without_invalidation_half_of_them_stray)
{
    struct scenario s = balanced(BALANCE_NO_FLUSH);
    struct figures f = rig_run(&s);
    uint64_t sent = rig_count(&f, "interrupts.by_source.nic0.sent");

    EXPECT_GT(rig_count(&f, "moves.strays"), sent / 3);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    figures_free(&f);
}

TEST(machine_balance, without_a_cache_nothing_is_stale)
{
    struct scenario s = balanced(BALANCE_NO_FLUSH);
    struct figures f;

    s.machine.iommu.cache_entries = 0;
    f = rig_run(&s);
    EXPECT_LT(rig_count(&f, "moves.strays"),
              rig_count(&f, "interrupts.by_source.nic0.sent") / 50);
    figures_free(&f);
}
