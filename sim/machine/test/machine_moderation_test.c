/* A driver that writes the throttle registers of its device while it runs. */
#include "sim/machine/test/rig.h"

#define LEAST 4u
#define MOST 64u

/* Two devices with a packet every `interval`; that of CPU 1 is left alone. */
static struct scenario adaptive(enum rig_variant v, sim_time interval)
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_PERIODIC, interval);
    for (uint32_t i = 0; i < s.device_count; i++)
        s.device[i].moderation = 16 * SIM_US;
    s.device[0].adaptive.least_usecs = LEAST;
    s.device[0].adaptive.most_usecs = MOST;
    s.device[0].adaptive.few = 1;
    s.device[0].adaptive.many = 4;
    return s;
}

static uint32_t interval_of(struct machine *m, unsigned device, unsigned k)
{
    uint32_t value = 0;

    machine_read(m, BAR_BASE + BAR_STRIDE * device + NIC_REG_EITR + 4 * k,
                 &value, sizeof value);
    return (value & PCIE_THROTTLE_INTERVAL) >> 2;
}

static const struct load_row {
    const char *name;
    enum rig_variant variant;
    sim_time packets; /* their interval */
    uint32_t found;   /* by the driver, in microseconds */
} load_rows[] = {
    {"busy", RIG_BARE_METAL, SIM_US, MOST},
    {"busy_kvm", RIG_KVM, SIM_US, MOST},
    {"busy_eli", RIG_ELI, SIM_US, MOST},
    {"idle", RIG_BARE_METAL, 50 * SIM_US, LEAST},
    {"idle_kvm", RIG_KVM, 50 * SIM_US, LEAST},
};

TEST_EACH(machine_moderation, driver_finds_the_interval_for_its_load,
          struct load_row, load_rows)
{
    struct scenario s = adaptive(row->variant, row->packets);
    struct machine *m = machine_build(&s);
    struct figures f;

    EXPECT_EQ(interval_of(m, 0, 0), 16, "what it begins with");
    rig_finish(m, &f);
    EXPECT_EQ(interval_of(m, 0, 0), row->found);
    EXPECT_EQ(interval_of(m, 0, 1), 0, "its other registers are left alone");
    EXPECT_EQ(interval_of(m, 1, 0), 16, "as are the other driver's");
    figures_free(&f);
    machine_free(m);
}

/* Acknowledgements come by vector 1, which has its own register. */
TEST(machine_moderation, each_vector_adapts_by_what_it_tells)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_STREAM);
    struct machine *m;
    struct figures f;

    s.device[0].moderation = 16 * SIM_US;
    s.device[0].ack_moderation = 32 * SIM_US;
    s.device[0].adaptive.least_usecs = LEAST;
    s.device[0].adaptive.most_usecs = MOST;
    s.device[0].adaptive.few = 0;
    s.device[0].adaptive.many = 1;
    m = machine_build(&s);
    EXPECT_EQ(interval_of(m, 0, 0), 16);
    EXPECT_EQ(interval_of(m, 0, 1), 32);
    rig_finish(m, &f);
    EXPECT_EQ(interval_of(m, 0, 0), MOST);
    EXPECT_EQ(interval_of(m, 0, 1), MOST);
    EXPECT_EQ(interval_of(m, 1, 0), 96);
    figures_free(&f);
    machine_free(m);
}

TEST(machine_moderation, throttle_registers_can_be_written_from_outside)
{
    struct scenario s = adaptive(RIG_BARE_METAL, 10 * SIM_US);
    struct machine *m = machine_build(&s);
    uint32_t value = PCIE_THROTTLE_KEEP_COUNTER | 40u << 2;
    uint64_t before;
    struct figures f;

    machine_run(m, 2 * SIM_MS);
    machine_write(m, BAR_BASE + BAR_STRIDE + NIC_REG_EITR, &value, 4);
    before = m->device[1].fn.vector[0].messages;
    machine_run(m, 4 * SIM_MS);
    EXPECT_EQ(interval_of(m, 1, 0), 40);
    EXPECT_GE(m->device[1].fn.vector[0].messages - before, 50);
    EXPECT_LE(m->device[1].fn.vector[0].messages - before, 51);
    rig_finish(m, &f);
    figures_free(&f);
    machine_free(m);
}
