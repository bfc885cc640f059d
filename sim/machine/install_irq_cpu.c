/* The CPU that takes the interrupts of assigned devices for the others. */
#include "sim/machine/machine_private.h"

bool irq_cpu_takes(const struct machine *m, const struct scenario_vm *vm)
{
    return m->scenario->machine.irq_cpu && vm->hypervisor == HYPERVISOR_KVM;
}

static void add_remotes(struct kvm_irq_cpu *c, struct kvm *of)
{
    for (uint32_t i = 0; i < of->config.irq_count; i++)
        c->remote[c->count++] = (struct kvm_remote){
            .kvm = of,
            .index = i,
            .host_vector = of->config.irq[i].host_vector,
        };
}

void install_irq_cpu(struct machine *m)
{
    unsigned last = m->cpus - 1;
    struct kvm_irq_cpu *c = arena_take(&m->arena, 1, sizeof *c);

    c->cpu = install_host_cpu(m, last,
                              m->scenario->platform.capabilities.x2apic
                                  ? APIC_MODE_X2APIC
                                  : APIC_MODE_XAPIC);
    for (unsigned i = 0; i < m->vcpus; i++)
        if (m->vcpu[i].kvm)
            add_remotes(c, m->vcpu[i].kvm);
    kvm_irq_cpu_build(c, &m->text, &m->mem);
    m->cpu[last].node.root_is_host = true;
    cpu_node_start(&m->cpu[last].node, c->cpu->boot, c->cpu->stack);
}
