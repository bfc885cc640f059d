/* Two I/O APICs: their pins as global system interrupts, and EOIs, which reach
 * both. */
#include "sim/machine/test/rig.h"

static const struct units_row {
    const char *name;
    uint32_t pins[2];
    enum rig_variant variant;
    enum scenario_apic_mode apic;
} units_rows[] = {
    {"24_and_120_bare_metal", {24, 120}, RIG_BARE_METAL, APIC_MODE_X2APIC},
    {"120_and_24_bare_metal", {120, 24}, RIG_BARE_METAL, APIC_MODE_XAPIC},
    {"24_and_120_kvm", {24, 120}, RIG_KVM, APIC_MODE_X2APIC},
    {"120_and_120_kvm", {120, 120}, RIG_KVM, APIC_MODE_XAPIC},
};

/* Device 0 has the last pin of the first unit, device 1 the last one of the
 * second. */
static struct scenario with_units(const struct units_row *row)
{
    struct scenario s = rig_scenario(row->variant, PROGRAM_SPIN);

    s.machine.ioapic.pins = row->pins[0];
    s.machine.ioapic.second_pins = row->pins[1];
    for (uint32_t i = 0; i < s.device_count; i++) {
        s.device[i].message = MESSAGE_INTX;
        s.device[i].vectors = 1;
        s.device[i].moderation = s.device[i].ack_moderation = 0;
        s.vm[i].apic = row->apic;
    }
    s.device[0].pin = row->pins[0] - 1;
    s.device[1].pin = row->pins[0] + row->pins[1] - 1;
    s.duration = 40 * SIM_MS;
    rig_pulses(&s, PULSE_EXPONENTIAL, 60 * SIM_US);
    return s;
}

TEST_EACH(machine_ioapics, every_pulse_is_seen_through_either_unit,
          struct units_row, units_rows)
{
    struct scenario s = with_units(row);
    struct machine *m = machine_build(&s);
    struct figures f = rig_exchange_on(m);

    for (unsigned i = 0; i < 2; i++) {
        EXPECT_GT(m->device[i].pulses, 300);
        EXPECT_EQ(m->cpu[i].workload->seen_received[i], m->device[i].pulses);
        EXPECT_EQ(m->ioapic[i].ioapic.rte[row->pins[i] - 1] &
                      (IOAPIC_RTE_REMOTE_IRR | IOAPIC_RTE_MASKED),
                  0, "unit %u waits for the next one", i);
    }
    EXPECT_GT(rig_count(&f, "interrupts.by_source.ioapic.delivered"), 200);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.ioapic2.delivered"), 200);
    machine_free(m);
    figures_free(&f);
}

/* Both lines belong to one VM, which takes them by two vectors. */
TEST_EACH(machine_ioapics, one_cpu_can_have_lines_of_both, struct units_row,
          units_rows)
{
    struct scenario s = with_units(row);
    struct machine *m;
    struct figures f;

    s.vm_count = 1;
    s.vm[0].assigned_count = 2;
    s.vm[0].assigned[1] = 1;
    m = machine_build(&s);
    f = rig_exchange_on(m);
    for (unsigned i = 0; i < 2; i++)
        EXPECT_EQ(m->cpu[0].workload->seen_received[i], m->device[i].pulses);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_ioapics, gsi_counts_the_pins_of_one_unit_after_the_other)
{
    struct scenario s = with_units(&units_rows[0]);
    struct machine *m = machine_build(&s);

    EXPECT_EQ(lines_pin(m, 0).unit, 0);
    EXPECT_EQ(lines_pin(m, 23).number, 23);
    EXPECT_EQ(lines_pin(m, 24).unit, 1);
    EXPECT_EQ(lines_pin(m, 24).number, 0);
    EXPECT_EQ(lines_pin(m, 143).number, 119);
    EXPECT_EQ(lines_pin(m, 144).unit, m->ioapics, "there is none");
    EXPECT_NE(m->ioapic[0].config.requester, m->ioapic[1].config.requester);
    machine_free(m);
}

/* ---- EOIs ---- */

#define VECTOR 0x55u

/* A level entry of pin 0 of each unit, with one vector, to CPU 0. */
static void open_pin_0(struct machine *m)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ioapic_node *io = &m->ioapic[i];

        ioapic_node_write(io, IOAPIC_IOREGSEL, 4, IOAPIC_AT_RTE_LOW);
        ioapic_node_write(io, IOAPIC_IOWIN, 4, VECTOR | IOAPIC_RTE_LEVEL);
    }
}

static void pulse_pin_0(struct machine *m, unsigned unit)
{
    struct msg msg = {.kind = MSG_LINE, .line = {.line = 0, .high = true}};

    ioapic_node_receive(&m->ioapic[unit], &msg);
    machine_run(m, machine_now(m) + SIM_US);
    msg.line.high = false;
    ioapic_node_receive(&m->ioapic[unit], &msg);
}

static bool waits_for_eoi(const struct machine *m, unsigned unit)
{
    return m->ioapic[unit].ioapic.rte[0] & IOAPIC_RTE_REMOTE_IRR;
}

/* CPU 0 keeps interrupts off; both interrupts merge in its local APIC. */
TEST(machine_ioapics, broadcast_eoi_reaches_both_units)
{
    struct scenario s = with_units(&units_rows[0]);
    struct machine *m = machine_build(&s);
    struct lapic_node *l = &m->cpu[0].lapic;
    uint64_t loop;

    rig_talk(m, false);
    loop = rig_code(m, 0);
    rig_op(m, OP_CLI, 0);
    rig_op(m, OP_WORK, 1000000);
    rig_op(m, OP_JMP, loop);
    machine_run(m, s.warmup);
    open_pin_0(m);
    pulse_pin_0(m, 0);
    pulse_pin_0(m, 1);
    EXPECT_TRUE(waits_for_eoi(m, 0));
    EXPECT_TRUE(waits_for_eoi(m, 1));
    ASSERT_EQ(lapic_node_acknowledge(l).vector, VECTOR);
    lapic_node_wrmsr(l, 0x80b, 0);
    machine_run(m, machine_now(m) + SIM_US);
    EXPECT_FALSE(waits_for_eoi(m, 0));
    EXPECT_FALSE(waits_for_eoi(m, 1));
    machine_free(m);
}

TEST(machine_ioapics, eoi_register_is_one_units_own)
{
    struct scenario s = with_units(&units_rows[0]);
    struct machine *m = machine_build(&s);
    uint32_t eoi = VECTOR;

    rig_talk(m, false);
    machine_run(m, s.warmup);
    lapic_node_set_cr8(&m->cpu[0].lapic, 15);
    open_pin_0(m);
    pulse_pin_0(m, 0);
    pulse_pin_0(m, 1);
    machine_write(m, IOAPIC_BASE + IOAPIC_BYTES + IOAPIC_EOI, &eoi, sizeof eoi);
    EXPECT_TRUE(waits_for_eoi(m, 0));
    EXPECT_FALSE(waits_for_eoi(m, 1));
    machine_free(m);
}
