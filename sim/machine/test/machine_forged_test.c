/* Hostile devices: whom their forged messages hit. */
#include "sim/machine/test/rig.h"

/* Three CPUs; the device of the last one is hostile. */
static struct scenario hostile(void)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    rig_add_vm(&s, RIG_KVM, PROGRAM_SPIN);
    rig_pulses(&s, PULSE_EXPONENTIAL, 100 * SIM_US);
    s.duration = 20 * SIM_MS;
    s.device[2].forge_interval = 10 * SIM_US;
    s.machine.iommu = (struct scenario_iommu){.entries = 256,
                                              .cache_entries = 16,
                                              .cache_ways = 4,
                                              .x2apic = true,
                                              .source_check = true};
    return s;
}

static uint64_t hits(const struct figures *f, const char *victim,
                     const char *kind)
{
    char key[96];

    snprintf(key, sizeof key, "forged.by_victim.%s.%s", victim, kind);
    return rig_count(f, key);
}

TEST(machine_forged, without_remapping_everybody_is_hit_by_everything)
{
    static const char *const kinds[] = {"interrupts", "nmi", "smi", "init"};
    static const char *const victims[] = {"vm0", "vm1", "vm2"};
    struct scenario s = hostile();
    struct figures f = rig_run(&s);
    uint64_t sum = 0;

    for (unsigned v = 0; v < 3; v++)
        for (unsigned k = 0; k < 4; k++) {
            EXPECT_GT(hits(&f, victims[v], kinds[k]), 0, "%s %s", victims[v],
                      kinds[k]);
            sum += hits(&f, victims[v], kinds[k]);
        }
    EXPECT_EQ(rig_count(&f, "forged.arrived"), sum);
    figures_free(&f);
}

TEST(machine_forged, with_remapping_nothing_but_interrupts_of_entries_arrives)
{
    struct scenario s = hostile();
    struct figures f;

    s.machine.iommu.units = 2;
    s.machine.iommu.source_check = false;
    f = rig_run(&s);
    EXPECT_GT(hits(&f, "vm0", "interrupts"), 0);
    EXPECT_GT(hits(&f, "vm1", "interrupts"), 0);
    EXPECT_EQ(hits(&f, "vm0", "nmi") + hits(&f, "vm0", "smi") +
                  hits(&f, "vm0", "init"),
              0);
    EXPECT_GT(rig_count(&f, "interrupts.dropped_by_reason.format_blocked"), 0);
    figures_free(&f);
}

TEST(machine_forged, with_source_check_a_device_hits_its_own_guest_only)
{
    struct scenario s = hostile();
    struct figures f;

    s.machine.iommu.units = 1;
    f = rig_run(&s);
    EXPECT_EQ(hits(&f, "vm0", "interrupts") + hits(&f, "vm1", "interrupts"), 0);
    EXPECT_GT(hits(&f, "vm2", "interrupts"), 0);
    EXPECT_GT(rig_count(&f, "interrupts.dropped_by_reason.source_refused"), 0);
    figures_free(&f);
}

TEST(machine_forged, other_devices_take_their_course)
{
    struct scenario s = hostile();
    struct figures quiet, loud;

    s.machine.iommu.units = 1;
    loud = rig_run(&s);
    s.device[2].forge_interval = 0;
    quiet = rig_run(&s);
    EXPECT_EQ(rig_count(&quiet, "interrupts.by_source.nic0.delivered"),
              rig_count(&loud, "interrupts.by_source.nic0.delivered"));
    EXPECT_TRUE(!figures_find(&quiet, "forged.arrived"));
    figures_free(&quiet);
    figures_free(&loud);
}
