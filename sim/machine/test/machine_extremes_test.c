/* What the loader lets through at the ends of its ranges: nothing asserts,
 * nothing runs for ever, the books balance. */
#include "sim/core/rng.h"
#include "sim/machine/test/rig.h"

#define ISA_PINS 16u
#define FIRST_IRQ 9u
#define RUNS 40

static uint64_t either(struct rng *r, uint64_t low, uint64_t high)
{
    switch (rng_below(r, 3)) {
    case 0:
        return low;
    case 1:
        return high;
    default:
        return low + rng_below(r, high - low + 1);
    }
}

static void extreme_platform(struct rng *r, struct platform *p)
{
    uint64_t *cpu = &p->cpu.vm_exit, *kvm = &p->kvm.switch_out;
    size_t cpu_costs = sizeof p->cpu / sizeof *cpu - 1; /* without `none` */

    p->clocks.core = either(r, 1000000, 100000000000);
    p->clocks.apic = either(r, 1000000, 100000000000);
    p->clocks.apic_timer = either(r, 1000000, 100000000000);
    p->clocks.pcie = either(r, 1000000, 100000000000);
    for (size_t i = 0; i < cpu_costs; i++)
        cpu[i] = either(r, 0, 1000000);
    for (size_t i = 0; i < sizeof p->kvm / sizeof *kvm; i++)
        kvm[i] = either(r, 0, 1000000);
    p->bus.ipi_self = p->bus.ipi = p->bus.msi_to_lapic = either(r, 0, SIM_MS);
    p->pcie.dma_write = either(r, 0, SIM_MS);
    p->pcie.msi_write = either(r, 0, SIM_MS);
    p->pcie.mmio_write = either(r, 0, SIM_MS);
    p->pcie.mmio_read = either(r, 0, SIM_MS);
    p->pcie.intx_message = either(r, 0, SIM_MS);
    p->bus.eoi_to_ioapic = either(r, 0, SIM_MS);
    p->bus.port_access = either(r, 0, SIM_MS);
    p->bus.inta = either(r, 0, SIM_MS);
    p->pic.line_to_int = either(r, 0, 1000000);
    p->pic.write_to_int = either(r, 0, 1000000);
    p->ioapic.pin_to_message = either(r, 0, 1000000);
    p->ioapic.eoi_to_message = either(r, 0, 1000000);
}

static void extreme_program(struct rng *r, struct scenario_program *p)
{
    p->message_work_cycles = either(r, 0, 1000000);
    p->critical_work_cycles = either(r, 0, 1000000);
    p->window = (uint32_t)either(r, 1, 4096);
    p->messages_per_doorbell = (uint32_t)either(r, 1, p->window);
    p->handler_cycles = either(r, 0, 1000000000);
    p->completion_cycles = either(r, 0, 1000);
    p->softirq_cycles = either(r, 0, 1000000);
    p->timer_hz = either(r, 0, 100000);
    p->timer_cycles = either(r, 0, 1000000);
}

static void extreme_device(struct rng *r, struct scenario_device *d)
{
    d->vectors = 1u << rng_below(r, 6);
    d->message = (enum scenario_message)rng_below(r, 3);
    d->moderation = either(r, 0, SIM_S);
    d->ack_moderation = either(r, 0, SIM_S);
    if (d->message == MESSAGE_INTX) {
        d->vectors = 1;
        d->moderation = d->ack_moderation = 0;
    }
    d->nic.line_rate = either(r, 1000, 1000000000000);
    d->nic.message_bytes = (uint32_t)either(r, 1, 1048576);
    d->nic.complete_every = (uint32_t)either(r, 1, 65536);
    d->nic.ack_every = (uint32_t)either(r, 1, 65536);
    d->nic.round_trip = either(r, 0, SIM_MS);
    d->nic.round_trip_jitter = either(r, 0, SIM_MS);
}

/* What only programs on bare metal can have: ISA's lines, the 8259s (of CPU 0),
 * NMIs and SMIs. */
static void old_ways(struct rng *r, struct scenario *s, unsigned i)
{
    struct scenario_device *d = &s->device[i];

    d->irq = FIRST_IRQ + i;
    if (d->message == MESSAGE_INTX && rng_below(r, 2))
        d->message = MESSAGE_ISA;
    if (scenario_has_line(d) && i == 0 && s->machine.pic.virtual_wire)
        d->controller = (enum scenario_controller)rng_below(r, 2);
    if (!scenario_has_line(d) && d->nic.pulse != PULSE_NONE)
        d->delivery = (enum scenario_delivery)rng_below(r, 3);
}

static struct scenario extreme(struct rng *r)
{
    struct scenario s = {.platform = rig_platform(), .seed = rng_u64(r)};
    unsigned vms = (unsigned)either(r, 1, SCENARIO_VMS);

    extreme_platform(r, &s.platform);
    s.duration = either(r, SIM_NS, 500 * SIM_US);
    s.warmup = either(r, 0, 500 * SIM_US);
    s.machine.host_timer_hz = either(r, 0, 100000);
    s.machine.ioapic.pins = (uint32_t)either(r, ISA_PINS, 240);
    s.machine.ioapic.second_pins = (uint32_t)either(r, 0, 120);
    s.machine.pic.virtual_wire = (enum scenario_virtual_wire)rng_below(r, 3);
    for (unsigned i = 0; i < vms; i++) {
        rig_add_vm(&s, (enum rig_variant)rng_below(r, 4),
                   (enum scenario_program_kind)rng_below(r, 3));
        extreme_program(r, &s.program[i]);
        extreme_device(r, &s.device[i]);
        s.device[i].pin = 1 + i;
        if (s.vm[i].features.eli && s.device[i].message == MESSAGE_INTX)
            s.device[i].message = MESSAGE_MSIX;
        s.device[i].nic.pulse_interval = either(r, 100 * SIM_NS, SIM_MS);
        if (s.program[i].kind != PROGRAM_STREAM)
            s.device[i].nic.pulse = (enum pulse_distribution)rng_below(r, 4);
        s.vm[i].features.eli_timer = either(r, 0, SIM_S);
        if (s.vm[i].hypervisor == HYPERVISOR_NONE && i < ISA_PINS - FIRST_IRQ)
            old_ways(r, &s, i);
    }
    if (rng_below(r, 4) == 0)
        s.machine.cpus = SCENARIO_CPUS;
    return s;
}

TEST(machine_extremes, end_and_balance)
{
    struct rng r;

    rng_init(&r, 77, 0);
    for (unsigned i = 0; i < RUNS; i++) {
        struct scenario s = extreme(&r);
        struct machine *m = machine_build(&s);
        struct figures f;

        rig_finish_nth(m, i, &f);
        figures_free(&f);
        machine_free(m);
    }
}
