/* What the processor's APIC virtualization needs: the hypervisor, the part's
 * capabilities, and the other controls that VM entries ask for. */
#include "sim/scenario/check_private.h"

struct vm_at {
    const struct check *c;
    const struct scenario_vm *vm;
    struct element e;
};

/* A feature that the machine or the processor cannot have. */
static void check_possible(const struct vm_at *v, const char *name,
                           const char *capability, bool capable)
{
    if (v->vm->hypervisor == HYPERVISOR_NONE)
        broken(v->c, place_of(v->e, name), "%s needs 'hypervisor: kvm'", name);
    else if (!capable)
        broken(v->c, place_of(v->e, name),
               "%s needs %s, which platform '%s' does not have", name,
               capability, v->c->s->platform.name);
}

/* "Checks on VM-Execution Control Fields". */
static void check_entry_rules(const struct vm_at *v)
{
    const struct kvm_apicv *f = &v->vm->features.apicv;
    const struct {
        const char *name;
        bool set;
    } users[] = {
        {"x2apic_virt", f->x2apic_virt},
        {"apic_register_virtualization", f->apic_register_virtualization},
        {"virtual_interrupt_delivery", f->virtual_interrupt_delivery},
        {"ipiv", f->ipiv},
    };

    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++)
        if (users[i].set && !f->tpr_shadow)
            broken(v->c, place_of(v->e, users[i].name),
                   "%s needs 'tpr_shadow: true': a VM entry with \"use TPR "
                   "shadow\" = 0 needs that control to be 0",
                   users[i].name);
    if (f->posted_interrupts && !f->virtual_interrupt_delivery)
        broken(v->c, place_of(v->e, "posted_interrupts"),
               "posted_interrupts needs 'virtual_interrupt_delivery: true': "
               "a VM entry that processes posted interrupts checks it");
    if (f->posted_interrupts && !v->vm->features.acknowledge_on_exit)
        broken(v->c, place_of(v->e, "posted_interrupts"),
               "posted_interrupts needs 'acknowledge_on_exit: true': a VM "
               "entry that processes posted interrupts checks it");
}

/* ELI's guest mode takes external interrupts and writes the physical EOI. */
static void check_against_eli(const struct vm_at *v)
{
    const struct kvm_apicv *f = &v->vm->features.apicv;

    if (!v->vm->features.eli)
        return;
    if (f->virtual_interrupt_delivery)
        broken(v->c, place_of(v->e, "virtual_interrupt_delivery"),
               "virtual_interrupt_delivery excludes eli: a VM entry with it "
               "needs external-interrupt exiting, which eli turns off");
    else if (f->x2apic_virt)
        broken(v->c, place_of(v->e, "x2apic_virt"),
               "x2apic_virt excludes eli: both decide about the MSR bitmap");
}

void check_apicv(const struct check *c, uint32_t i)
{
    const struct scenario_vm *vm = &c->s->vm[i];
    const struct vmx_features *vmx = &c->s->platform.capabilities.vmx;
    struct vm_at v = {c, vm, element(c, "vms", i)};

#define KVM_APICV(name, capability, sentence)                                  \
    if (vm->features.apicv.name)                                               \
        check_possible(&v, #name, #capability, vmx->capability);
#include "software/kvm_features.def"
#undef KVM_APICV
    check_entry_rules(&v);
    check_against_eli(&v);
}

/* Vectors of one CPU for the devices of all virtual machines. */
#define IRQ_CPU_VECTORS 128u

/* How many vectors the devices of the virtual machine take there. */
static uint32_t check_irq_cpu_devices(const struct check *c,
                                      const struct scenario_vm *vm)
{
    uint32_t vectors = 0;

    for (uint32_t j = 0; j < vm->assigned_count; j++) {
        const struct scenario_device *d = &c->s->device[vm->assigned[j]];
        struct element e = element(c, "devices", vm->assigned[j]);

        vectors += scenario_granted(d);
        if (scenario_has_line(d))
            broken(c, place_of(e, "message"),
                   "machine.irq_cpu needs devices with messages: the "
                   "interrupts of '%s' come through a line",
                   d->name);
        else if (d->message == MESSAGE_MSI && scenario_granted(d) > 1)
            broken(c, place_of(e, "vectors"),
                   "machine.irq_cpu needs 'message: msix' for several "
                   "vectors: those of MSI lie side by side, for which one "
                   "CPU may have no room");
    }
    return vectors;
}

void check_irq_cpu(const struct check *c)
{
    uint32_t last = c->s->machine.cpus - 1, vectors = 0;

    for (uint32_t i = 0; c->s->machine.irq_cpu && i < c->s->vm_count; i++) {
        const struct scenario_vm *vm = &c->s->vm[i];
        struct element e = element(c, "vms", i);

        if (vm->cpu <= last && last < vm->cpu + scenario_cpus(vm))
            broken(c, place_of(e, "cpu"),
                   "CPU %u is the one that machine.irq_cpu keeps for "
                   "interrupts",
                   last);
        if (vm->features.eli)
            broken(c, place_of(e, "eli"),
                   "eli needs its devices' interrupts on its own CPU, not "
                   "where machine.irq_cpu sends them");
        if (vm->hypervisor == HYPERVISOR_KVM)
            vectors += check_irq_cpu_devices(c, vm);
    }
    if (vectors > IRQ_CPU_VECTORS)
        broken(c, node_get(node_get(c->root, "machine"), "irq_cpu")->at,
               "machine.irq_cpu: the devices of all virtual machines have %u "
               "vectors; one CPU has room for %u",
               vectors, IRQ_CPU_VECTORS);
}
