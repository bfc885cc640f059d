/* The CPU that takes the interrupts of assigned devices for the others. */
#include "sim/machine/machine_private.h"

bool irq_cpu_takes(const struct machine *m, const struct scenario_vm *vm)
{
    return m->scenario->machine.irq_cpu && vm->hypervisor == HYPERVISOR_KVM;
}

static void add_remotes(struct kvm_irq_cpu *c, const struct machine_cpu *of)
{
    for (uint32_t i = 0; i < of->kvm->config.irq_count; i++)
        c->remote[c->count++] = (struct kvm_remote){
            .kvm = of->kvm,
            .index = i,
            .apic_id = of->index,
            .host_vector = of->kvm->config.irq[i].host_vector,
        };
}

void install_irq_cpu(struct machine *m)
{
    unsigned last = m->cpus - 1;
    struct kvm_irq_cpu *c = arena_take(&m->arena, 1, sizeof *c);

    c->x2apic = m->scenario->platform.capabilities.x2apic;
    c->bsp = last == 0;
    c->costs = m->scenario->platform.kvm;
    c->memory = HOST_MEMORY(last);
    for (unsigned i = 0; i < m->cpus; i++)
        if (m->cpu[i].kvm)
            add_remotes(c, &m->cpu[i]);
    kvm_irq_cpu_build(c, &m->text, &m->mem);
    m->cpu[last].node.root_is_host = true;
    cpu_node_start(&m->cpu[last].node, c->boot, c->host_stack);
}
