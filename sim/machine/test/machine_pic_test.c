/* Interrupt lines through the 8259s, in virtual-wire mode, beside lines through
 * the I/O APIC. */
#include "sim/machine/test/rig.h"

static const struct wire_row {
    const char *name;
    enum scenario_virtual_wire wire;
    enum scenario_message message;
    enum scenario_apic_mode apic;
    uint32_t irq;
} wire_rows[] = {
    {"intx_lint0_master", VIRTUAL_WIRE_LINT0, MESSAGE_INTX, APIC_MODE_XAPIC, 5},
    {"intx_lint0_slave", VIRTUAL_WIRE_LINT0, MESSAGE_INTX, APIC_MODE_X2APIC,
     11},
    {"intx_ioapic_slave", VIRTUAL_WIRE_IOAPIC, MESSAGE_INTX, APIC_MODE_XAPIC,
     10},
    {"intx_ioapic_master", VIRTUAL_WIRE_IOAPIC, MESSAGE_INTX, APIC_MODE_X2APIC,
     3},
    {"isa_lint0_timer", VIRTUAL_WIRE_LINT0, MESSAGE_ISA, APIC_MODE_X2APIC, 0},
    {"isa_lint0_last", VIRTUAL_WIRE_LINT0, MESSAGE_ISA, APIC_MODE_XAPIC, 15},
    {"isa_ioapic_seventh", VIRTUAL_WIRE_IOAPIC, MESSAGE_ISA, APIC_MODE_XAPIC,
     7},
    {"isa_ioapic_slave", VIRTUAL_WIRE_IOAPIC, MESSAGE_ISA, APIC_MODE_X2APIC,
     12},
};

/* Device 0 speaks through the 8259s to CPU 0, device 1 through the I/O APIC to
 * CPU 1. */
static struct scenario with_pic(const struct wire_row *row)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    s.machine.ioapic.pins = 24;
    s.machine.pic.virtual_wire = row->wire;
    for (uint32_t i = 0; i < s.device_count; i++) {
        struct scenario_device *d = &s.device[i];

        d->message = row->message;
        d->pin = 16 + i;
        d->irq = i ? 4 : row->irq;
        d->vectors = 1;
        d->moderation = d->ack_moderation = 0;
        s.vm[i].apic = row->apic;
    }
    s.device[0].controller = CONTROLLER_PIC;
    s.duration = 40 * SIM_MS;
    rig_pulses(&s, PULSE_EXPONENTIAL, 40 * SIM_US);
    return s;
}

static void expect_idle(const struct machine *m)
{
    for (unsigned i = 0; i < PIC_CHIPS; i++) {
        EXPECT_EQ(m->pic->pair.chip[i].isr, 0, "every EOI came, chip %u", i);
        EXPECT_EQ(m->pic->pair.chip[i].line, 0, "every line fell, chip %u", i);
    }
    EXPECT_FALSE(m->pic->int_high);
}

TEST_EACH(machine_pic, every_pulse_is_seen_on_both_controllers, struct wire_row,
          wire_rows)
{
    struct scenario s = with_pic(row);
    struct machine *m = machine_build(&s);
    struct figures f = rig_exchange_on(m);

    EXPECT_GT(m->device[0].pulses, 500);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], m->device[1].pulses);
    EXPECT_EQ(m->cpu[0].workload->spurious, 0);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.pic.delivered"), 500);
    expect_idle(m);
    machine_free(m);
    figures_free(&f);
}

/* Pulses are further apart than their service: one interrupt each, no more. */
TEST_EACH(machine_pic, a_cleared_cause_interrupts_once, struct wire_row,
          wire_rows)
{
    struct scenario s = with_pic(row);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.pic.delivered"),
              m->device[0].pulses);
    expect_idle(m);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_pic, devices_share_a_level_triggered_line)
{
    struct scenario s = with_pic(&wire_rows[1]);
    struct machine *m;
    struct figures f;

    s.vm_count = 1;
    s.vm[0].assigned_count = 2;
    s.vm[0].assigned[1] = 1;
    s.device[1].controller = CONTROLLER_PIC;
    s.device[1].irq = s.device[0].irq;
    s.device[1].nic.pulse_interval = 70 * SIM_US;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[0].workload->seen_received[1], m->device[1].pulses);
    expect_idle(m);
    machine_free(m);
    figures_free(&f);
}

/* From the line to the answer: the 8259s' delay, a boundary, the INTA cycles.
 * Nothing of the local APIC's is in it. */
TEST(machine_pic, inta_cycles_are_part_of_the_latency)
{
    struct scenario s = with_pic(&wire_rows[1]);
    double cycle = 1e9 / (double)s.platform.clocks.apic;
    double core = 1e9 / (double)s.platform.clocks.core;
    double inta = (double)s.platform.bus.inta / (double)SIM_NS;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    s.platform.pic.line_to_int = 40; /* and up to one to the clock's edge */
    f = rig_run(&s);
    EXPECT_GE(rig_real(&f, "latency_ns.line_edge..pic_ack.min"),
              inta + 40 * cycle);
    EXPECT_LE(rig_real(&f, "latency_ns.line_edge..pic_ack.max"),
              inta + 41 * cycle + 3 * core);
    figures_free(&f);
}

TEST(machine_pic, extint_message_of_pin_0_and_lint0_give_the_same_interrupts)
{
    struct scenario s = with_pic(&wire_rows[1]);
    struct figures a, b;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    a = rig_run(&s);
    s.machine.pic.virtual_wire = VIRTUAL_WIRE_IOAPIC;
    b = rig_run(&s);
    EXPECT_EQ(rig_count(&a, "interrupts.by_source.pic.delivered"),
              rig_count(&b, "interrupts.by_source.pic.delivered"));
    EXPECT_LT(rig_real(&a, "latency_ns.line_edge..pic_ack.p50"),
              rig_real(&b, "latency_ns.line_edge..pic_ack.p50"),
              "the message takes the longer way");
    figures_free(&a);
    figures_free(&b);
}

/* ---- spurious interrupts ---- */

static bool in_inta(struct machine *m)
{
    return m->cpu[0].node.step == STEP_INTA;
}

static void set_irq(struct machine *m, uint8_t irq, bool high)
{
    struct msg msg = {.kind = MSG_LINE, .line = {.line = irq, .high = high}};

    pic_node_receive(m->pic, &msg);
}

/* The line falls while the INTA cycles are on their way. */
static void glitch(struct machine *m, uint8_t irq)
{
    set_irq(m, irq, true);
    ASSERT_TRUE(rig_run_until(m, in_inta), "the CPU answers");
    set_irq(m, irq, false);
    machine_run(m, machine_now(m) + 30 * SIM_US);
}

static const struct spurious_row {
    const char *name;
    uint8_t irq;
} spurious_rows[] = {{"of_the_master", 5}, {"of_the_slave", 10}};

TEST_EACH(machine_pic, spurious_interrupt_is_told_from_a_real_one,
          struct spurious_row, spurious_rows)
{
    struct scenario s = with_pic(&wire_rows[row->irq == 5 ? 0 : 2]);
    struct machine *m = machine_build(&s);
    struct figures f;
    uint64_t pulses;

    rig_talk(m, false);
    machine_run(m, s.warmup);
    glitch(m, row->irq);
    EXPECT_EQ(m->cpu[0].workload->spurious, 1);
    expect_idle(m);
    rig_talk(m, true);
    machine_run(m, s.warmup + s.duration / 2);
    rig_talk(m, false);
    pulses = m->device[0].pulses;
    rig_finish(m, &f);
    EXPECT_GT(pulses, 100);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], pulses,
              "real ones come as before");
    EXPECT_EQ(m->cpu[0].workload->spurious, 1);
    EXPECT_EQ(rig_count(&f, "warnings.cpu0.spurious_8259"), 1);
    machine_free(m);
    figures_free(&f);
}

/* ---- how interrupts end ---- */

static const struct eoi_row {
    const char *name;
    enum scenario_pic_eoi eoi;
    unsigned wire; /* row of wire_rows */
    uint8_t lowest[PIC_CHIPS];
} eoi_rows[] = {
    {"specific_master", SCENARIO_EOI_SPECIFIC, 0, {7, 7}},
    {"specific_slave", SCENARIO_EOI_SPECIFIC, 1, {7, 7}},
    {"rotating_master", SCENARIO_EOI_ROTATING, 0, {5, 7}},
    {"rotating_slave", SCENARIO_EOI_ROTATING, 1, {2, 3}},
    {"rotating_seventh", SCENARIO_EOI_ROTATING, 6, {7, 7}},
    {"automatic_master", SCENARIO_EOI_AUTOMATIC, 0, {7, 7}},
    {"automatic_slave", SCENARIO_EOI_AUTOMATIC, 1, {7, 7}},
    {"automatic_seventh", SCENARIO_EOI_AUTOMATIC, 6, {7, 7}},
};

TEST_EACH(machine_pic, every_pulse_is_seen_however_its_interrupt_ends,
          struct eoi_row, eoi_rows)
{
    struct scenario s = with_pic(&wire_rows[row->wire]);
    struct machine *m;
    struct figures f;

    s.machine.pic.eoi = row->eoi;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[0].workload->spurious, 0);
    expect_idle(m);
    for (unsigned i = 0; i < PIC_CHIPS; i++) {
        EXPECT_EQ(m->pic->pair.chip[i].lowest, row->lowest[i], "chip %u", i);
        EXPECT_EQ(m->pic->pair.chip[i].aeoi, row->eoi == SCENARIO_EOI_AUTOMATIC,
                  "chip %u", i);
    }
    machine_free(m);
    figures_free(&f);
}

/* Line 7 with automatic EOI: its ISR bit is 0 for a real interrupt too. */
TEST(machine_pic, spurious_interrupt_is_taken_for_real_with_automatic_eoi)
{
    struct scenario s = with_pic(&wire_rows[0]);
    struct machine *m;

    s.machine.pic.eoi = SCENARIO_EOI_AUTOMATIC;
    m = machine_build(&s);
    rig_talk(m, false);
    machine_run(m, s.warmup);
    glitch(m, 5);
    EXPECT_EQ(m->cpu[0].workload->spurious, 0);
    expect_idle(m);
    machine_free(m);
}

static const struct eager_row {
    const char *name;
    unsigned wire;
    sim_time intx_message;
    bool twice; /* the line outlasts the INTA cycles after the EOI */
} eager_rows[] = {
    {"master_spurious", 0, 800 * SIM_NS, false},
    {"slave_spurious", 1, 1400 * SIM_NS, false},
    {"master_twice", 0, 3 * SIM_US, true},
    {"slave_twice", 1, 4 * SIM_US, true},
};

TEST_EACH(machine_pic, eager_eoi_meets_a_line_that_has_not_fallen,
          struct eager_row, eager_rows)
{
    struct scenario s = with_pic(&wire_rows[row->wire]);
    uint64_t delivered, spurious, pulses;
    struct machine *m;
    struct figures f;

    s.program[0].handler_cycles = 0;
    s.program[0].eager_eoi = true;
    s.platform.pcie.intx_message = row->intx_message;
    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    m = machine_build(&s);
    f = rig_exchange_on(m);
    delivered = rig_count(&f, "interrupts.by_source.pic.delivered");
    spurious = m->cpu[0].workload->spurious;
    pulses = m->device[0].pulses;
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], pulses);
    EXPECT_EQ(spurious, row->twice ? 0 : pulses);
    EXPECT_EQ(delivered, row->twice ? 2 * pulses : pulses);
    expect_idle(m);
    machine_free(m);
    figures_free(&f);
}

/* ---- the board ---- */

TEST(machine_pic, isa_line_0_is_pin_2_and_pin_0_is_silent)
{
    struct scenario s = with_pic(&wire_rows[4]);
    struct machine *m;
    struct figures f;

    s.device[0].controller = CONTROLLER_IOAPIC;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    EXPECT_EQ(m->ioapic->ioapic.rte[2] & IOAPIC_RTE_MASKED, 0);
    EXPECT_TRUE(m->ioapic->ioapic.rte[0] & IOAPIC_RTE_MASKED);
    EXPECT_GT(m->device[0].pulses, 500);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_pic, inta_without_8259s_gives_the_floating_bus)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct machine *m = machine_build(&s);
    uint32_t extint = DELIVERY_EXTINT << 8;
    struct figures f;

    rig_talk(m, false);
    machine_run(m, s.warmup);
    machine_write(m, MSI_BASE, &extint, sizeof extint);
    ASSERT_TRUE(rig_run_until(m, in_inta));
    EXPECT_EQ(m->cpu[1].node.step, STEP_WORK, "it is for CPU 0");
    rig_finish(m, &f);
    EXPECT_EQ(m->cpu[0].workload->faults, 0, "FFh is the spurious vector");
    machine_free(m);
    figures_free(&f);
}
