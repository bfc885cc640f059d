/* Interrupt messages between local APICs: three CPUs on bare metal; the first
 * one sends, the others halt. */
#include "sim/machine/test/rig.h"

#define MSR_ICR 0x830
#define SENT 20
#define PERIOD 100000u /* cycles */
#define ICR_OTHERS (UINT64_C(3) << 18)
#define ICR_SELF (UINT64_C(1) << 18)

/* The first CPU writes `icr` SENT times, then halts. */
static struct machine *sender(struct scenario *s, uint64_t icr)
{
    struct machine *m;

    *s = rig_scenario(RIG_BARE_METAL, PROGRAM_IDLE);
    rig_add_vm(s, RIG_BARE_METAL, PROGRAM_IDLE);
    s->warmup = 0;
    m = machine_build(s);
    rig_talk(m, false);
    rig_code(m, 0);
    for (unsigned i = 0; i < SENT; i++) {
        rig_op(m, OP_WORK, PERIOD);
        rig_wrmsr(m, MSR_ICR, icr | WORKLOAD_TIMER_VECTOR);
    }
    rig_op(m, OP_WORK, PERIOD);
    rig_op(m, OP_JMP, text_here(&m->text) - rip_of(1));
    return m;
}

static uint64_t handled(const struct figures *f, unsigned cpu)
{
    char key[80];

    snprintf(key, sizeof key, "cycles.by_cpu.%u.guest_irq", cpu);
    return rig_count(f, key);
}

/* Cycles of one run of the handler, delivery included. */
static uint64_t handler(const struct scenario *s)
{
    const struct cpu_costs *c = &s->platform.cpu;

    return c->interrupt_delivery + 2 * c->mem_access + c->wrmsr + c->iret +
           s->program[0].timer_cycles;
}

TEST(machine_ipi, to_one_cpu_arrives_there_alone)
{
    struct scenario s;
    struct machine *m = sender(&s, UINT64_C(2) << 32);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.cpu0.ipi.sent"), SENT);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.cpu0.ipi.delivered"), SENT);
    EXPECT_EQ(handled(&f, 0), 0);
    EXPECT_EQ(handled(&f, 1), 0);
    EXPECT_EQ(handled(&f, 2), SENT * handler(&s));
    machine_free(m);
    figures_free(&f);
}

TEST(machine_ipi, to_all_others_is_one_interrupt_for_each)
{
    struct scenario s;
    struct machine *m = sender(&s, ICR_OTHERS);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.cpu0.ipi.sent"), 2 * SENT);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"), 2 * SENT);
    EXPECT_EQ(handled(&f, 0), 0);
    EXPECT_EQ(handled(&f, 1), SENT * handler(&s));
    EXPECT_EQ(handled(&f, 2), SENT * handler(&s));
    machine_free(m);
    figures_free(&f);
}

TEST(machine_ipi, to_self_takes_the_way_over_the_bus)
{
    struct scenario s;
    struct machine *m = sender(&s, ICR_SELF);
    const struct platform *p = &s.platform;
    sim_time bus = clock_from_hz(p->clocks.apic).period * p->lapic.icr_to_bus;
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"), SENT);
    EXPECT_EQ(handled(&f, 0), SENT * handler(&s));
    EXPECT_NEAR(rig_real(&f, "latency_ns.icr_write..lapic_accept.mean"),
                (double)(bus + p->bus.ipi_self) / (double)SIM_NS, 8,
                "up to one cycle of the APIC's clock");
    machine_free(m);
    figures_free(&f);
}

TEST(machine_ipi, to_nobody_is_dropped_with_the_reason)
{
    struct scenario s;
    struct machine *m = sender(&s, UINT64_C(9) << 32);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(rig_count(&f, "interrupts.dropped_by_reason.no_target"), SENT);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered"), 0);
    machine_free(m);
    figures_free(&f);
}

/* ---- the notification of a posted-interrupt descriptor ---- */

static const struct ndst_row {
    const char *name;
    enum scenario_apic_mode apic;
    uint32_t ndst, icr_high;
} ndst_rows[] = {
    {"xapic_500h_is_id_5", APIC_MODE_XAPIC, 0x500, 5u << 24},
    {"xapic_5_is_id_0", APIC_MODE_XAPIC, 5, 0},
    {"x2apic_100h_is_id_256", APIC_MODE_X2APIC, 0x100, 0x100},
};

TEST_EACH(vapic_ndst, reaches_the_cpu_that_it_names, struct ndst_row, ndst_rows)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_IDLE);
    struct machine *m;
    const struct cpu_apic_port *apic;
    struct figures f;

    s.warmup = 0;
    for (uint32_t i = 0; i < s.vm_count; i++)
        s.vm[i].apic = row->apic;
    m = machine_build(&s);
    rig_talk(m, false);
    machine_run(m, 100 * SIM_US);
    apic = &m->cpu[1].node.config.apic;
    apic->notify(apic->apic, WORKLOAD_TIMER_VECTOR, row->ndst);
    EXPECT_EQ(m->cpu[1].lapic.lapic.icr_high, row->icr_high);
    rig_finish(m, &f);
    EXPECT_EQ(handled(&f, 0) > 0, row->icr_high == 0);
    machine_free(m);
    figures_free(&f);
}
