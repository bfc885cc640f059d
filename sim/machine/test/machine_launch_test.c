/* A hypervisor that starts beneath a running system, as code on a CPU: sources
 * are remapped one by one while they interrupt. */
#include "sim/machine/test/rig.h"

static const struct launch_row {
    const char *name;
    enum scenario_message message;
    uint32_t vectors;
} launch_rows[] = {{"msix", MESSAGE_MSIX, 4}, {"intx", MESSAGE_INTX, 1}};

#define LAUNCH (10 * SIM_MS)

/* Two CPUs and two units; each has a device in its scope, the I/O APIC is in
 * that of unit 1. */
static struct scenario running(const struct launch_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_EXPONENTIAL, 20 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.program[0].timer_hz = 1000;
    s.vm[0].late_launch = LAUNCH;
    s.machine.ioapic.pins = 24;
    s.machine.ioapic.unit = 1;
    s.machine.iommu = rig_iommu(2, false);
    for (uint32_t i = 0; i < 2; i++) {
        s.vm[i].apic = APIC_MODE_XAPIC;
        s.device[i].message = row->message;
        s.device[i].vectors = row->vectors;
        s.device[i].unit = i;
        s.device[i].pin = 16 + i;
        s.device[i].ack_moderation = 0;
    }
    return s;
}

static uint64_t counted(const struct machine *m, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < m->units; i++)
        sum +=
            *(const uint64_t *)((const char *)&m->unit[i].node.counts + offset);
    return sum;
}

#define COUNTED(m, what) counted(m, offsetof(struct iommu_counts, what))

TEST_EACH(machine_launch, loses_nothing_and_remaps_from_then_on,
          struct launch_row, launch_rows)
{
    struct scenario s = running(row);
    struct machine *m = machine_build(&s);
    uint64_t passed;
    struct figures f;

    machine_run(m, LAUNCH - SIM_US);
    EXPECT_GT(COUNTED(m, passed), 500);
    EXPECT_EQ(COUNTED(m, remapped), 0);
    EXPECT_EQ(COUNTED(m, misses), 0, "nothing is looked up");
    machine_run(m, LAUNCH + SIM_MS);
    passed = COUNTED(m, passed);
    machine_run(m, s.warmup + s.duration * 3 / 4);
    EXPECT_EQ(COUNTED(m, passed), passed);
    EXPECT_GT(COUNTED(m, remapped), 200);
    EXPECT_EQ(COUNTED(m, blocked), 0);
    rig_talk(m, false);
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "launch.sources"), 2 * row->vectors);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    EXPECT_EQ(rig_count(&f, "interrupts.pending"), 0);
    figures_free(&f);
    machine_free(m);
}

/* As the driver leaves a unit before a run, but for what cannot be read. */
TEST_EACH(machine_launch, leaves_the_units_as_a_driver_does_before_the_run,
          struct launch_row, launch_rows)
{
    static const enum iommu_reg same[] = {IOMMU_GSTS, IOMMU_IRTA, IOMMU_IQA,
                                          IOMMU_FSTS};
    struct scenario s = running(row), other = s;
    struct machine *m = machine_build(&s), *n;

    other.vm[0].late_launch = 0;
    n = machine_build(&other);
    machine_run(m, LAUNCH + SIM_MS);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned r = 0; r < sizeof same / sizeof same[0]; r++)
            EXPECT_EQ(m->unit[i].node.iommu.reg[same[r]],
                      n->unit[i].node.iommu.reg[same[r]]);
    machine_free(m);
    machine_free(n);
}

/* The same interrupts, by vector and CPU, as if there had been no launch. */
TEST_EACH(machine_launch, keeps_vectors_and_destinations, struct launch_row,
          launch_rows)
{
    static const char *const same[] = {
        "interrupts.sent",
        "interrupts.delivered",
    };
    struct scenario s = running(row), never = s;
    struct figures f, g;

    never.vm[0].late_launch = SIM_S;
    f = rig_exchange(&s, NULL);
    g = rig_exchange(&never, NULL);
    for (unsigned i = 0; i < sizeof same / sizeof same[0]; i++)
        EXPECT_EQ(rig_count(&f, same[i]), rig_count(&g, same[i]));
    EXPECT_GT(rig_count(&f, same[0]), 100);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped"), 0);
    figures_free(&f);
    figures_free(&g);
}

/* Each register write arrives 200 ns later, each read takes 500. */
TEST(machine_launch, takes_the_time_of_its_register_accesses)
{
    struct scenario s = running(&launch_rows[0]);
    struct figures f = rig_run(&s);
    double reads = 2 * 5 + 8 * 2, ns = rig_real(&f, "launch.time");

    EXPECT_GT(ns, reads * 500);
    EXPECT_LT(ns, reads * 500 * 2);
    EXPECT_GT(rig_count(&f, "launch.cycles"), (uint64_t)(ns * 2.9));
    figures_free(&f);
}

/* A mistake: CFI ends with the command that sets IRE. */
TEST(machine_launch, without_compatibility_format_running_sources_are_blocked)
{
    struct scenario s = running(&launch_rows[0]);
    struct machine *m;

    s.device[0].nic.pulse_interval = SIM_US;
    m = machine_build(&s);
    for (uint32_t i = 0; i < m->text.count; i++)
        if (m->text.op[i].imm == (IOMMU_QIE | IOMMU_CFI | IOMMU_IRE))
            m->text.op[i].imm &= ~(uint64_t)IOMMU_CFI;
    machine_run(m, SIM_TIME_NEVER);
    EXPECT_GT(COUNTED(m, blocked), 0);
    machine_free(m);
}
