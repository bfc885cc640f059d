/* The hypervisor onto its CPUs, and its virtual CPUs. */
#include "sim/machine/machine_private.h"

#define PID_POINTERS 0x5000u /* behind what each virtual CPU has */

static uint32_t ndst(const struct machine *m, unsigned cpu,
                     enum scenario_apic_mode apic)
{
    bool x2apic =
        m->scenario->platform.capabilities.x2apic && apic == APIC_MODE_X2APIC;

    return x2apic ? cpu : cpu << 8;
}

struct kvm_cpu *install_host_cpu(struct machine *m, unsigned cpu,
                                 enum scenario_apic_mode apic)
{
    const struct scenario *s = m->scenario;
    uint64_t hz = s->machine.host_timer_hz;
    struct kvm_cpu_config c = {
        .x2apic = apic == APIC_MODE_X2APIC,
        .bsp = cpu == 0,
        .apic_id = cpu,
        .ndst = ndst(m, cpu, apic),
        .costs = s->platform.kvm,
        .timer_clock = m->apic_timer,
        .host_tick = hz ? SIM_S / hz : 0,
        .memory = HOST_MEMORY(cpu),
    };

    m->cpu[cpu].host = kvm_cpu_init(m->host, &c);
    return m->cpu[cpu].host;
}

static void install_cpus(struct machine *m, const struct scenario_vm *vm)
{
    for (uint32_t i = vm->cpu; i < vm->cpu + scenario_cpus(vm); i++) {
        struct machine_cpu *c = &m->cpu[i];

        if (c->host)
            continue;
        kvm_cpu_build(install_host_cpu(m, i, vm->apic), &m->text, &m->mem);
        c->node.root_is_host = true;
        cpu_node_start(&c->node, c->host->boot, c->host->stack);
    }
}

void install_host(struct machine *m)
{
    m->host->time_slice = m->scenario->machine.time_slice;
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        if (m->scenario->vm[i].hypervisor == HYPERVISOR_KVM)
            install_cpus(m, &m->scenario->vm[i]);
}

/* All virtual CPUs of a virtual machine are one after the other. */
static const struct machine_vcpu *first_of(const struct machine_vcpu *v)
{
    return v - v->index;
}

static uint64_t cpus_of(const struct scenario_vm *vm)
{
    uint64_t cpus = 0;

    for (uint32_t i = 0; i < scenario_cpus(vm); i++)
        cpus |= UINT64_C(1) << (vm->cpu + i);
    return cpus;
}

static struct kvm_config config_of(struct machine *m,
                                   const struct machine_vcpu *v)
{
    const struct scenario *s = m->scenario;
    const struct scenario_vm *vm = v->vm;
    sim_time timer = vm->features.eli_timer;

    return (struct kvm_config){
        .host = m->host,
        .cpu = v->cpu,
        .cpus = vm->pinned ? UINT64_C(1) << v->cpu : cpus_of(vm),
        .apic_id = v->index,
        .first_vcpu = m->host->vcpus - v->index,
        .vcpus = vm->vcpus,
        .x2apic = vm->apic == APIC_MODE_X2APIC,
        .acknowledge_on_exit = vm->features.acknowledge_on_exit,
        .virtual_nmis = s->platform.capabilities.vmx.virtual_nmis,
        .apicv = vm->features.apicv,
        .looks_early = vm->posting_switch == SWITCH_EARLY_LOOK,
        .guest_timer = vm->features.guest_timer,
        .mistake = vm->features.mistake,
        .preemption_timer_shift = PREEMPTION_TIMER_SHIFT,
        .poll = vm->features.poll,
        .pv_eoi = vm->features.pv_eoi,
        .eli = vm->features.eli,
        .eli_exitless_eoi = vm->features.eli_exitless_eoi,
        .eli_timer = (timer / m->core.period) >> PREEMPTION_TIMER_SHIFT,
        .costs = s->platform.kvm,
        .timer_clock = m->apic_timer,
        .core_clock = m->core,
        .memory = HOST_MEMORY(v->place),
        .pid_pointers = HOST_MEMORY(first_of(v)->place) + PID_POINTERS,
        .ioapic = {IOAPIC_BASE, IOAPIC_BASE + IOAPIC_BYTES},
        .ioapic_lock = IOAPIC_LOCK,
        .guest_boot = v->workload->boot,
        .guest_stack = v->workload->stack,
    };
}

/* Those of one virtual machine are the same source. */
static void set_sources(struct machine *m, const struct machine_vcpu *v,
                        struct kvm_config *k)
{
    const struct kvm *first = first_of(v)->kvm;

    if (v->index) {
        k->timer_source = first->config.timer_source;
        k->ipi_source = first->config.ipi_source;
        return;
    }
    k->timer_source = machine_add_source(m, "%s.timer", v->vm->name);
    k->ipi_source = machine_add_source(m, "%s.ipi", v->vm->name);
}

void install_kvm(struct machine *m, struct machine_vcpu *v,
                 const struct kvm_config *devices)
{
    struct kvm_config k = config_of(m, v);

    set_sources(m, v, &k);
    k.irq_count = devices->irq_count;
    for (uint32_t i = 0; i < k.irq_count; i++)
        k.irq[i] = devices->irq[i];
    v->kvm = arena_take(&m->arena, 1, sizeof *v->kvm);
    kvm_build(v->kvm, &k, &m->text, &m->mem);
    posted_irqs_add(&m->posted_irqs, kvm_descriptor(&k));
}
