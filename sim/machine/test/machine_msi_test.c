/*
 * What the interrupt fabric makes of a device's message: four CPUs that halt,
 * in xAPIC mode, with interrupts off so that their local APICs keep what
 * arrives.  "Message Address Register Format", "Message Data Register Format".
 */
#include "sim/machine/test/rig.h"

#define CPUS 4u
#define ALL ((1u << CPUS) - 1)

static struct scenario scenario;

static void enable(struct machine *m, unsigned cpu)
{
    struct lapic_node *l = &m->cpu[cpu].lapic;

    lapic_node_write(l, LAPIC_SVR, 4, 0x1ff);
    lapic_node_write(l, LAPIC_LDR, 4, 1u << (24 + cpu));
}

/* No software: the CPUs were never started. */
static struct machine *start(void)
{
    struct machine *m;

    scenario =
        (struct scenario){.platform = rig_platform(),
                          .duration = 5 * SIM_MS,
                          .machine = {.cpus = CPUS, .ioapic = {.pins = 24}}};
    m = machine_build(&scenario);
    rig_each_cpu(m, enable);
    machine_run(m, SIM_US); /* counts begin */
    return m;
}

static void finish(struct machine *m)
{
    struct figures f;

    rig_finish(m, &f);
    figures_free(&f);
    machine_free(m);
}

static void write_msi(struct machine *m, uint32_t addr, uint32_t data)
{
    machine_write(m, addr, &data, 4);
    machine_run(m, machine_now(m) + 10 * SIM_US);
}

/* The CPUs that have the vector in their IRR, as bits. */
static uint32_t holders(const struct machine *m, uint8_t vector)
{
    uint32_t set = 0;

    for (unsigned i = 0; i < CPUS; i++)
        set |= (uint32_t)lapic_node_in_irr(&m->cpu[i].lapic, vector) << i;
    return set;
}

static uint64_t dropped(const struct machine *m, enum irq_reason why)
{
    return m->irqs.count[m->outside_source].by_reason[why];
}

static uint32_t get(struct machine *m, unsigned cpu, uint32_t offset)
{
    return (uint32_t)lapic_node_read(&m->cpu[cpu].lapic, offset, 4);
}

TEST(machine_msi, redirection_hint_and_logical_is_one_of_the_matching_cpus)
{
    static const uint32_t modes[] = {0x000, 0x100}; /* fixed, lowest */
    struct machine *m = start();

    for (unsigned i = 0; i < 2; i++) {
        uint8_t vector = (uint8_t)(0x50 + i);

        write_msi(m, 0xfee0f00c, modes[i] | vector);
        EXPECT_EQ(__builtin_popcount(holders(m, vector)), 1);
    }
    finish(m);
}

TEST(machine_msi, lowest_priority_without_the_hint_is_one_of_them_too)
{
    struct machine *m = start();

    lapic_node_write(&m->cpu[1].lapic, LAPIC_TPR, 4, 0x20);
    write_msi(m, 0xfee06004, 0x150);
    EXPECT_EQ(holders(m, 0x50), 1u << 2, "the lower TPR");
    finish(m);
}

TEST(machine_msi, logical_without_the_hint_is_all_of_the_matching_cpus)
{
    struct machine *m = start();

    write_msi(m, 0xfee05004, 0x50);
    EXPECT_EQ(holders(m, 0x50), 1u << 0 | 1u << 2);
    finish(m);
}

TEST(machine_msi, hint_with_physical_mode_is_ignored)
{
    struct machine *m = start();

    write_msi(m, 0xfee02008, 0x50);
    EXPECT_EQ(holders(m, 0x50), 1u << 2);
    write_msi(m, 0xfeeff008, 0x51);
    EXPECT_EQ(holders(m, 0x51), ALL, "not allowed, and taken without it");
    finish(m);
}

TEST(machine_msi, physical_ffh_is_every_cpu)
{
    struct machine *m = start();

    write_msi(m, 0xfeeff000, 0x50);
    EXPECT_EQ(holders(m, 0x50), ALL);
    finish(m);
}

TEST(machine_msi, destination_that_matches_nobody_is_dropped)
{
    struct machine *m = start();

    write_msi(m, 0xfee40000, 0x50);
    EXPECT_EQ(holders(m, 0x50), 0);
    EXPECT_EQ(dropped(m, IRQ_NO_TARGET), 1);
    finish(m);
}

TEST(machine_msi, vector_0fh_is_a_receive_error_and_nothing_else)
{
    struct machine *m = start();

    write_msi(m, 0xfee01000, 0x0f);
    EXPECT_EQ(holders(m, 0x0f), 0);
    lapic_node_write(&m->cpu[1].lapic, LAPIC_ESR, 4, 0);
    EXPECT_EQ(get(m, 1, LAPIC_ESR), LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
    EXPECT_EQ(dropped(m, IRQ_ILLEGAL_VECTOR), 1);
    finish(m);
}

TEST(machine_msi, level_trigger_sets_tmr_and_its_eoi_matches_no_entry)
{
    struct machine *m = start();
    struct lapic_node *l = &m->cpu[1].lapic;
    struct ioapic before = m->ioapic->ioapic;
    struct lapic_ack ack;

    write_msi(m, 0xfee01000, 0xc050);
    EXPECT_EQ(get(m, 1, LAPIC_TMR + 0x20), 1u << 16);
    ack = lapic_node_acknowledge(l);
    EXPECT_EQ(ack.vector, 0x50);
    irq_deliver(&m->irqs, ack.irq, HOP_GUEST_HANDLER, machine_now(m));
    lapic_node_write(l, LAPIC_EOI, 4, 0);
    EXPECT_EQ(l->sending_count, 1, "the broadcast");
    machine_run(m, machine_now(m) + 10 * SIM_US);
    EXPECT_EQ(memcmp(&before, &m->ioapic->ioapic, sizeof before), 0);
    finish(m);
}

TEST(machine_msi, level_trigger_that_deasserts_is_ignored)
{
    struct machine *m = start();

    write_msi(m, 0xfee01000, 0x8050);
    EXPECT_EQ(holders(m, 0x50), 0);
    EXPECT_EQ(dropped(m, IRQ_DEASSERTED), 1);
    write_msi(m, 0xfee01000, 0x0050);
    EXPECT_EQ(holders(m, 0x50), 1u << 1, "an edge does not care");
    finish(m);
}

TEST(machine_msi, reserved_delivery_modes_are_dropped)
{
    struct machine *m = start();

    write_msi(m, 0xfee01000, 0x350);
    EXPECT_EQ(holders(m, 0x50), 0);
    EXPECT_EQ(dropped(m, IRQ_UNSUPPORTED_MODE), 1);
    finish(m);
}

TEST(machine_msi, nmi_is_delivered_whatever_the_tpr)
{
    struct machine *m = start();
    const struct irq_counts *c = &m->irqs.count[m->outside_source];

    lapic_node_write(&m->cpu[1].lapic, LAPIC_TPR, 4, 0xf0);
    write_msi(m, 0xfee01000, 0x450);
    EXPECT_EQ(c->delivered, 1);
    EXPECT_EQ(holders(m, 0x50), 0);
    write_msi(m, 0xfee01000, 0x051);
    EXPECT_EQ(c->delivered, 1, "a fixed one waits");
    finish(m);
}

TEST(machine_msi, reads_of_the_window_give_all_ones)
{
    struct machine *m = start();
    uint32_t data = 0;

    machine_read(m, 0xfee01000, &data, 4);
    EXPECT_EQ(data, 0xffffffff);
    finish(m);
}

TEST(machine_msi, upper_address_other_than_0_is_memory)
{
    struct machine *m = start();
    uint32_t data = 0x50, back = 0;

    machine_write(m, UINT64_C(0x1fee01000), &data, 4);
    machine_read(m, UINT64_C(0x1fee01000), &back, 4);
    machine_run(m, machine_now(m) + 10 * SIM_US);
    EXPECT_EQ(holders(m, 0x50), 0);
    EXPECT_EQ(back, 0x50);
    finish(m);
}

/* ---- what software enables of the capability ---- */

/* Four causes pulse in turn; 32-bit layout, without masking. */
static struct figures with_granted(uint32_t granted, uint64_t messages[4])
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct machine *m;
    struct figures f;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    for (uint32_t i = 0; i < s.device_count; i++) {
        s.device[i].message = MESSAGE_MSI;
        s.device[i].vectors = 4;
        s.device[i].msi.granted = granted;
    }
    m = machine_build(&s);
    rig_finish(m, &f);
    for (unsigned v = 0; v < 4; v++)
        messages[v] = m->device[1].fn.vector[v].messages;
    EXPECT_EQ(m->cpu[1].workload->faults, 0);
    machine_free(m);
    return f;
}

TEST(machine_msi, causes_fold_onto_the_granted_messages_and_none_is_lost)
{
    uint64_t all[4], two[4];
    struct figures f = with_granted(0, all), folded = with_granted(2, two);

    for (unsigned v = 0; v < 4; v++)
        EXPECT_GT(all[v], 0);
    EXPECT_EQ(two[2] + two[3], 0);
    EXPECT_EQ(two[0] + two[1], all[0] + all[1] + all[2] + all[3]);
    EXPECT_EQ(rig_count(&folded, "interrupts.delivered"),
              rig_count(&f, "interrupts.delivered"));
    figures_free(&f);
    figures_free(&folded);
}

/* ---- ordering: the handler sees what was written before ---- */

static uint64_t in_memory; /* when the interrupt reached the local APIC */

static bool accepted(struct machine *m)
{
    for (unsigned v = 16; v < 256; v++)
        if (lapic_node_in_irr(&m->cpu[0].lapic, (uint8_t)v) &&
            v != WORKLOAD_TIMER_VECTOR) {
            in_memory = mem_read64(&m->mem, writeback_at(0, 0) + 8);
            return true;
        }
    return false;
}

TEST(machine_msi, descriptor_written_before_is_in_memory_before_the_interrupt)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    struct machine *m;

    rig_pulses(&s, PULSE_PERIODIC, 100 * SIM_US);
    s.platform.pcie.dma_write = 2 * SIM_US; /* slower than the message */
    m = machine_build(&s);
    in_memory = 0;
    EXPECT_TRUE(rig_run_until(m, accepted));
    EXPECT_EQ(in_memory, 1);
    finish(m);
}
