/* Interrupt lines: INTx through the I/O APIC, to programs and to guests. */
#include "sim/machine/test/rig.h"

static const struct line_row {
    const char *name;
    enum rig_variant variant;
    enum scenario_apic_mode apic;
} line_rows[] = {
    {"bare_metal_xapic", RIG_BARE_METAL, APIC_MODE_XAPIC},
    {"bare_metal_x2apic", RIG_BARE_METAL, APIC_MODE_X2APIC},
    {"kvm_xapic", RIG_KVM, APIC_MODE_XAPIC},
    {"kvm_x2apic", RIG_KVM, APIC_MODE_X2APIC},
};

/* Two CPUs, each with a device on a line of its own. */
static struct scenario with_lines(const struct line_row *row,
                                  enum scenario_program_kind kind)
{
    struct scenario s = rig_scenario(row->variant, kind);

    s.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < s.device_count; i++) {
        struct scenario_device *d = &s.device[i];

        d->message = MESSAGE_INTX;
        d->pin = 16 + i;
        d->vectors = 1;
        d->moderation = d->ack_moderation = 0;
        s.vm[i].apic = row->apic;
    }
    return s;
}

/* Both devices belong to VM 0 and share its line. */
static void share(struct scenario *s)
{
    s->vm_count = 1;
    s->vm[0].assigned_count = 2;
    s->vm[0].assigned[1] = 1;
    s->device[1].pin = s->device[0].pin;
}

static void expect_idle_line(struct machine *m)
{
    for (unsigned i = 0; i < m->devices; i++) {
        uint32_t pin = m->scenario->device[i].pin;

        EXPECT_FALSE(m->intx[i].asserted, "device %u", i);
        EXPECT_TRUE(vecset_has(&m->ioapic->ioapic.high, (uint8_t)pin),
                    "the pull-up holds the line");
        EXPECT_EQ(m->ioapic->ioapic.rte[pin] &
                      (IOAPIC_RTE_REMOTE_IRR | IOAPIC_RTE_MASKED),
                  0, "the entry of pin %u waits for the next one", pin);
    }
}

TEST_EACH(machine_lines, every_pulse_is_seen_and_the_line_falls,
          struct line_row, line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_EXPONENTIAL, 40 * SIM_US);
    s.duration = 40 * SIM_MS;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_GT(m->device[0].pulses, 500);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], m->device[1].pulses);
    EXPECT_EQ(rig_count(&f, "interrupts.sent"),
              rig_count(&f, "interrupts.delivered") +
                  rig_count(&f, "interrupts.merged"));
    expect_idle_line(m);
    machine_free(m);
    figures_free(&f);
}

/* Pulses are further apart than their service: one interrupt each, no more. */
TEST_EACH(machine_lines, a_cleared_cause_interrupts_once, struct line_row,
          line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(rig_count(&f, "interrupts.sent"),
              m->device[0].pulses + m->device[1].pulses);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"),
              rig_count(&f, "interrupts.sent"));
    EXPECT_FALSE(figures_find(&f, "warnings.ioapic.index"));
    EXPECT_FALSE(figures_find(&f, "warnings.ioapic.vector_changed"));
    machine_free(m);
    figures_free(&f);
}

static const struct slow_row {
    const char *name;
    sim_time mmio_write, intx_message, dma_write;
} slow_rows[] = {
    {"quick_link", 200 * SIM_NS, 230 * SIM_NS, 250 * SIM_NS},
    {"slow_stores", 5 * SIM_US, 230 * SIM_NS, 250 * SIM_NS},
    {"slow_messages", 200 * SIM_NS, 5 * SIM_US, 250 * SIM_NS},
    {"slow_data", 200 * SIM_NS, 230 * SIM_NS, 5 * SIM_US},
};

/* The read behind the store that clears the cause pushes the store to the
 * device, and its answer the change of the line and the data to this side: the
 * EOI finds the line fallen though the handler does nothing else. */
TEST_EACH(machine_lines, eoi_comes_after_the_line_has_fallen, struct slow_row,
          slow_rows)
{
    struct scenario s = with_lines(&line_rows[1], PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    s.platform.pcie.mmio_write = row->mmio_write;
    s.platform.pcie.intx_message = row->intx_message;
    s.platform.pcie.dma_write = row->dma_write;
    s.program[0].handler_cycles = s.program[1].handler_cycles = 0;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(rig_count(&f, "interrupts.sent"),
              m->device[0].pulses + m->device[1].pulses);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], m->device[1].pulses);
    machine_free(m);
    figures_free(&f);
}

TEST_EACH(machine_lines, two_devices_share_a_pin, struct line_row, line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_EXPONENTIAL, 30 * SIM_US);
    s.device[1].nic.pulse_interval = 70 * SIM_US;
    s.duration = 40 * SIM_MS;
    share(&s);
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_GT(m->device[0].pulses, m->device[1].pulses);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[0].workload->seen_received[1], m->device[1].pulses);
    expect_idle_line(m);
    machine_free(m);
    figures_free(&f);
}

/* A lost interrupt would stop it for good: there is no timer to save it. */
TEST_EACH(machine_lines, stream_with_a_small_window_never_stops,
          struct line_row, line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_STREAM);
    struct machine *m;
    struct figures f;

    for (int i = 0; i < 2; i++) {
        s.program[i].window = i ? 1 : 4;
        s.device[i].nic.round_trip = 0;
        s.device[i].nic.round_trip_jitter = 10 * SIM_US;
    }
    s.duration = 40 * SIM_MS;
    m = machine_build(&s);
    for (sim_time t = SIM_MS; t < machine_end(m); t += SIM_MS) {
        uint64_t before[2] = {m->cpu[0].workload->acknowledged,
                              m->cpu[1].workload->acknowledged};

        machine_run(m, t);
        ASSERT_GT(m->cpu[0].workload->acknowledged, before[0]);
        ASSERT_GT(m->cpu[1].workload->acknowledged, before[1]);
    }
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

/* Faster than it can be served: the handler's own time, no endless chain of
 * interrupts without a cause. */
TEST_EACH(machine_lines, storm_ends_with_its_causes, struct line_row, line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_IDLE);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_EXPONENTIAL, 2 * SIM_US);
    s.duration = 10 * SIM_MS;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], m->device[1].pulses);
    EXPECT_LT(rig_count(&f, "interrupts.delivered"),
              m->device[0].pulses + m->device[1].pulses);
    expect_idle_line(m);
    machine_free(m);
    figures_free(&f);
}

/* An EOI broadcast names a vector only: with the same one for both lines the
 * EOI of one CPU would end the interrupt of the other. */
TEST_EACH(machine_lines, lines_of_different_cpus_have_different_vectors,
          struct line_row, line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_SPIN);
    struct machine *m = machine_build(&s);

    EXPECT_NE(m->ioapic->ioapic.rte[16] & 0xff,
              m->ioapic->ioapic.rte[17] & 0xff);
    machine_free(m);
}

/* ---- hops ---- */

static double mean(const struct figures *f, const char *hops)
{
    char key[96];

    snprintf(key, sizeof key, "latency_ns.%s.mean", hops);
    return rig_real(f, key);
}

TEST_EACH(machine_lines, interrupts_are_born_at_the_pin, struct line_row,
          line_rows)
{
    struct scenario s = with_lines(row, PROGRAM_SPIN);
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    f = rig_run(&s);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.ioapic.delivered"), 50);
    EXPECT_FALSE(figures_find(&f, "interrupts.by_source.nic0.sent"));
    EXPECT_GT(mean(&f, "line_edge..guest_handler"),
              mean(&f, "line_edge..ioapic_message"));
    EXPECT_NEAR(mean(&f, "ioapic_message..lapic_accept"), 60, 0.001);
    EXPECT_GT(mean(&f, "line_edge..eoi"), mean(&f, "line_edge..guest_handler"));
    figures_free(&f);
}

static bool remote_irr(const struct machine *m)
{
    return m->ioapic->ioapic.rte[m->scenario->device[0].pin] &
           IOAPIC_RTE_REMOTE_IRR;
}

static bool pin_is_low(struct machine *m)
{
    return !vecset_has(&m->ioapic->ioapic.high,
                       (uint8_t)m->scenario->device[0].pin);
}

static bool taken(struct machine *m)
{
    return remote_irr(m);
}

static bool acknowledged(struct machine *m)
{
    return !vecset_empty(&m->cpu[0].lapic.lapic.isr);
}

static bool ended(struct machine *m)
{
    return vecset_empty(&m->cpu[0].lapic.lapic.isr);
}

static bool open_again(struct machine *m)
{
    return !remote_irr(m);
}

static sim_time when(struct machine *m, bool (*found)(struct machine *m))
{
    EXPECT_TRUE(rig_run_until(m, found));
    return machine_now(m);
}

TEST(machine_lines, each_step_takes_what_the_profile_says)
{
    struct scenario s = with_lines(&line_rows[1], PROGRAM_SPIN);
    const struct platform *p = &s.platform;
    struct machine *m = machine_build(&s);
    struct figures f;
    sim_time time;

    rig_talk(m, false);
    machine_run(m, 100 * SIM_US);
    time = machine_now(m);
    pcie_node_cause(&m->device[0].fn, 0);
    time = clock_edge(&m->pcie, time + p->pcie.intx_message);
    EXPECT_EQ(when(m, pin_is_low), time);
    time = clock_after(&m->apic, clock_edge(&m->apic, time),
                       p->ioapic.pin_to_message);
    EXPECT_EQ(when(m, taken), time + p->bus.msi_to_lapic);
    when(m, acknowledged);
    time = when(m, ended);
    EXPECT_FALSE(pin_is_low(m), "the handler's read has pushed the level");
    time = clock_after(&m->apic, time, p->lapic.icr_to_bus);
    EXPECT_EQ(when(m, open_again), time + p->bus.eoi_to_ioapic);
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

/* ---- lines of a guest ---- */

static bool masked(struct machine *m)
{
    return m->ioapic->ioapic.rte[m->scenario->device[0].pin] &
           IOAPIC_RTE_MASKED;
}

static bool open_for_guest(struct machine *m)
{
    return !masked(m);
}

static bool cleared(struct machine *m)
{
    return !m->device[0].fn.intx;
}

/* Up to where the host has masked the line of device 0. */
static struct machine *host_has_it(struct scenario *s)
{
    struct machine *m = machine_build(s);

    rig_talk(m, false);
    machine_run(m, s->warmup);
    pcie_node_cause(&m->device[0].fn, 0);
    when(m, masked);
    return m;
}

TEST(machine_lines, host_masks_before_its_eoi_until_the_guests_eoi)
{
    struct scenario s = with_lines(&line_rows[3], PROGRAM_SPIN);
    struct machine *m = host_has_it(&s);
    struct figures f;

    EXPECT_TRUE(remote_irr(m), "the EOI is still to come");
    when(m, open_again);
    EXPECT_TRUE(pin_is_low(m), "the guest has not seen the interrupt yet");
    when(m, cleared);
    EXPECT_TRUE(masked(m));
    when(m, open_for_guest);
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"), 1);
    EXPECT_EQ(rig_count(&f, "exits.by_reason.EXTERNAL_INTERRUPT"), 1);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_lines, cause_that_comes_while_the_guest_has_the_line_comes_after)
{
    struct scenario s = with_lines(&line_rows[3], PROGRAM_SPIN);
    struct machine *m = host_has_it(&s);
    struct figures f;

    when(m, cleared);
    pcie_node_cause(&m->device[0].fn, 0);
    when(m, open_for_guest);
    EXPECT_TRUE(pin_is_low(m));
    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"), 2);
    expect_idle_line(m);
    machine_free(m);
    figures_free(&f);
}

/* ---- messages to more or less than one local APIC ---- */

/* The entry of device 0 as a test wants it. */
static void set_entry(struct machine *m, uint32_t high, uint32_t low)
{
    unsigned pin = m->scenario->device[0].pin;
    uint32_t select[2] = {IOAPIC_AT_RTE_HIGH + 2 * pin,
                          IOAPIC_AT_RTE_LOW + 2 * pin};
    uint32_t value[2] = {high, low | IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW};

    for (unsigned i = 0; i < 2; i++) {
        machine_write(m, IOAPIC_BASE + IOAPIC_IOREGSEL, &select[i], 4);
        machine_write(m, IOAPIC_BASE + IOAPIC_IOWIN, &value[i], 4);
    }
}

static struct machine *one_pulse(struct scenario *s, uint32_t high)
{
    struct machine *m;

    rig_pulses(s, PULSE_PERIODIC, 100 * SIM_US);
    m = machine_build(s);
    rig_talk(m, false);
    machine_run(m, 100 * SIM_US);
    set_entry(m, high, 0x41);
    pcie_node_cause(&m->device[0].fn, 0);
    return m;
}

TEST(machine_lines, nobody_at_the_destination_leaves_remote_irr_clear)
{
    struct scenario s = with_lines(&line_rows[1], PROGRAM_SPIN);
    struct machine *m = one_pulse(&s, 7u << 24);
    struct figures f;

    machine_run(m, 200 * SIM_US);
    EXPECT_FALSE(remote_irr(m));
    EXPECT_EQ(
        m->irqs.count[m->ioapic->config.irq_source].by_reason[IRQ_NO_TARGET],
        1);
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_lines, broadcast_to_all_sets_remote_irr_if_one_takes_it)
{
    struct scenario s = with_lines(&line_rows[1], PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    s.vm_count = 1;
    s.vm[0].cpu = 1; /* the local APIC of CPU 0 is disabled: it refuses first */
    m = one_pulse(&s, 0xffu << 24);
    machine_run(m, machine_now(m) + SIM_US);
    EXPECT_TRUE(remote_irr(m));
    EXPECT_EQ(m->irqs.count[m->ioapic->config.irq_source]
                  .by_reason[IRQ_APIC_DISABLED],
              1);
    rig_finish(m, &f);
    machine_free(m);
    figures_free(&f);
}

/* ---- from outside ---- */

TEST(machine_lines, registers_are_reached_from_outside)
{
    struct scenario s = with_lines(&line_rows[1], PROGRAM_SPIN);
    struct machine *m = machine_build(&s);
    uint8_t select = IOAPIC_AT_VERSION;
    uint32_t version = 0;

    machine_write(m, IOAPIC_BASE + IOAPIC_IOREGSEL, &select, 1);
    machine_read(m, IOAPIC_BASE + IOAPIC_IOWIN, &version, 4);
    EXPECT_EQ(version, 0x00170020);
    machine_read(m, IOAPIC_BASE + IOAPIC_IOWIN, &version, 3);
    EXPECT_EQ(m->outside_refused, 1);
    machine_free(m);
}
