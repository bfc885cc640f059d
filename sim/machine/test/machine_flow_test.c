/* Nothing gets stuck, nothing goes to the wrong place. */
#include "sim/machine/test/rig.h"

/* ---- no lost wake-up ---- */

TEST_EACH(machine_flow, idle_guests_get_every_interrupt, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_IDLE);
    struct figures f;
    uint64_t lost;

    rig_pulses(&s, PULSE_EXPONENTIAL, 20 * SIM_US);
    s.duration = 40 * SIM_MS;
    f = rig_exchange(&s, NULL);
    lost = rig_count(&f, "interrupts.sent") -
           rig_count(&f, "interrupts.delivered") -
           rig_count(&f, "interrupts.merged");
    EXPECT_GT(rig_count(&f, "interrupts.delivered"), 1000);
    EXPECT_EQ(lost, 0);
    EXPECT_GT(rig_count(&f, "cycles.idle"), 0);
    figures_free(&f);
}

/* Each message waits for the acknowledgement of another one, which comes when
 * the program is about to halt: a single lost wake-up would stop it for good,
 * as there is no timer to save it. */
TEST_EACH(machine_flow, stream_with_a_small_window_never_stops,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_STREAM);
    struct machine *m;
    uint64_t before[2];
    struct figures f;

    for (int i = 0; i < 2; i++) {
        s.program[i].window = i ? 1 : 4;
        s.device[i].moderation = 0;
        s.device[i].ack_moderation = 0;
        s.device[i].nic.round_trip = 0;
        s.device[i].nic.round_trip_jitter = 10 * SIM_US;
    }
    s.duration = 100 * SIM_MS;
    m = machine_build(&s);
    for (sim_time t = SIM_MS; t < machine_end(m); t += SIM_MS) {
        before[0] = m->cpu[0].workload->acknowledged;
        before[1] = m->cpu[1].workload->acknowledged;
        machine_run(m, t);
        ASSERT_GT(m->cpu[0].workload->acknowledged, before[0]);
        ASSERT_GT(m->cpu[1].workload->acknowledged, before[1]);
    }
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

/* The window is smaller than a batch: what is there is announced. */
TEST_EACH(machine_flow, window_below_the_doorbells_batch_does_not_stall,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_STREAM);
    struct figures f;

    s.program[0].window = 4;
    s.program[1].window = 17;
    f = rig_run(&s);
    EXPECT_GT(rig_count(&f, "throughput.messages"), 500);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.nic0.delivered"), 50);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.nic1.delivered"), 50);
    figures_free(&f);
}

/* ---- right place ---- */

TEST_EACH(machine_flow, interrupts_arrive_at_their_own_vm_only,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 40 * SIM_US);
    s.device[1].nic.pulse = PULSE_NONE; /* only VM 0's device speaks */
    m = machine_build(&s);
    rig_finish(m, &f);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.nic0.delivered"), 100);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.1.guest_irq"), 0);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.1.host"), 0);
    EXPECT_GT(m->cpu[0].workload->seen_received[0], 100);
    EXPECT_EQ(m->cpu[1].workload->seen_received[0], 0);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], 0);
    machine_free(m);
    figures_free(&f);
}

TEST_EACH(machine_flow, devices_of_one_vm_do_not_mix, struct rig_variant_row,
          rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_SPIN);
    const struct workload *w;
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 40 * SIM_US);
    s.device[1].nic.pulse_interval = 90 * SIM_US;
    s.vm_count = 1;
    s.vm[0].assigned_count = 2;
    s.vm[0].assigned[1] = 1;
    m = machine_build(&s);
    rig_talk(m, true);
    machine_run(m, 5 * SIM_MS);
    rig_talk(m, false);
    rig_finish(m, &f);
    w = m->cpu[0].workload;
    EXPECT_EQ(w->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(w->seen_received[1], m->device[1].pulses);
    EXPECT_GT(w->seen_received[0], w->seen_received[1]);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_flow, cpu_without_software_is_idle)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    struct figures f;

    s.vm_count = 1;
    f = rig_run(&s);
    EXPECT_EQ(rig_count(&f, "cycles.by_cpu.1.idle"),
              rig_count(&f, "cycles.by_cpu.1.total"));
    figures_free(&f);
}

/* A stream sends through its adapter, whatever else is assigned before it. */
TEST_EACH(machine_flow, stream_leaves_a_pulse_source_alone,
          struct rig_variant_row, rig_variants)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_STREAM);
    struct machine *m;
    struct figures f;

    s.device[0].nic.pulse = PULSE_PERIODIC;
    s.device[0].nic.pulse_interval = 50 * SIM_US;
    s.vm_count = 1;
    s.vm[0].assigned_count = 2;
    s.vm[0].assigned[1] = 1;
    s.program[0].window = 64;
    m = machine_build(&s);
    rig_finish(m, &f);
    EXPECT_EQ(nic_node_sent(&m->device[0]), 0);
    EXPECT_GT(nic_node_sent(&m->device[1]), 1000);
    EXPECT_LE(m->cpu[0].workload->acknowledged, m->cpu[0].workload->produced);
    machine_free(m);
    figures_free(&f);
}

/* ---- bare metal ---- */

TEST(machine_flow, xapic_and_x2apic_handle_the_same_interrupts)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct figures x2apic, xapic;

    rig_pulses(&s, PULSE_PERIODIC, 40 * SIM_US);
    x2apic = rig_exchange(&s, NULL);
    s.vm[0].apic = APIC_MODE_XAPIC;
    s.vm[1].apic = APIC_MODE_XAPIC;
    xapic = rig_exchange(&s, NULL);
    EXPECT_GT(rig_count(&xapic, "interrupts.delivered"), 150);
    EXPECT_EQ(rig_count(&xapic, "interrupts.delivered"),
              rig_count(&x2apic, "interrupts.delivered"));
    EXPECT_EQ(rig_count(&xapic, "exits.total"), 0);
    figures_free(&xapic);
    figures_free(&x2apic);
}

/* ---- vectors ---- */

static const struct vectors_row {
    const char *name;
    unsigned devices;
    unsigned vectors[12];
    bool msi[12];
} vector_rows[] = {
    {"msi_block_after_many_single_ones", 2, {24, 32}, {false, true}},
    {"two_large_blocks", 2, {32, 32}, {true, true}},
    {"blocks_of_every_size",
     6,
     {1, 2, 4, 8, 16, 32},
     {true, true, true, true, true, true}},
    {"one_vector_each_then_a_block",
     12,
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 32},
     {true, true, true, true, true, true, true, true, true, true, true, true}},
};

/* One VM with all the devices, which send pulses until shortly before the
 * end. */
static struct scenario with_devices(enum rig_variant v,
                                    const struct vectors_row *row)
{
    struct scenario s = rig_scenario(v, PROGRAM_SPIN);

    s.vm_count = 1;
    s.vm[0].assigned_count = row->devices;
    s.device_count = row->devices;
    for (unsigned i = 0; i < row->devices; i++) {
        struct scenario_device *d = &s.device[i];

        *d = rig_device();
        snprintf(d->name, sizeof d->name, "nic%u", i);
        s.vm[0].assigned[i] = i;
    }
    rig_pulses(&s, PULSE_PERIODIC, 200 * SIM_US);
    for (unsigned i = 0; i < row->devices; i++) {
        s.device[i].vectors = row->vectors[i];
        s.device[i].message = row->msi[i] ? MESSAGE_MSI : MESSAGE_MSIX;
    }
    s.warmup = 0;
    s.duration = 16 * SIM_MS;
    return s;
}

/* Every vector of each device gets through to its own handler. */
TEST_EACH(machine_vectors, are_found_for, struct vectors_row, vector_rows)
{
    for (enum rig_variant v = RIG_BARE_METAL; v <= RIG_ELI; v++) {
        struct scenario s = with_devices(v, row);
        struct machine *m = machine_build(&s);
        struct figures f;

        machine_run(m, 15 * SIM_MS);
        rig_talk(m, false);
        rig_finish(m, &f);
        for (unsigned i = 0; i < row->devices; i++)
            EXPECT_EQ(m->cpu[0].workload->seen_received[i], m->device[i].pulses,
                      "device %u", i);
        EXPECT_EQ(rig_count(&f, "interrupts.delivered"),
                  rig_count(&f, "interrupts.sent"));
        EXPECT_EQ(m->cpu[0].workload->faults, 0);
        machine_free(m);
        figures_free(&f);
    }
}
