/*
 * NMIs of the guest: messages and IPIs whose delivery mode is NMI reach the
 * software APIC, which hands them on as they are.  One is injected when
 * virtual NMIs are not blocked; the next waits for the NMI window, which the
 * guest's IRET opens.  Those that come meanwhile are one with it.
 */
#include "software/kvm_private.h"

#define NMI_BLOCKING (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI)

static bool is_blocked(const struct kvm *k, uint64_t by)
{
    return vmcs_get(&k->vmcs, VMCS_GUEST_INTERRUPTIBILITY) & by;
}

/* One in the handler and one behind it: an NMI whose delivery was cut short
 * counts as in the handler. */
static unsigned most_waiting(const struct kvm *k)
{
    bool again = INTR_INFO_TYPE(k->again.info) == INTR_TYPE_NMI;

    return again || is_blocked(k, BLOCKING_BY_NMI) ? 1 : KVM_NMIS;
}

void kvm_nmi_accept(struct kvm *k, struct cpu_env *env, irq_id irq)
{
    if (k->nmis_waiting == KVM_NMIS) {
        irq_merge(env->irqs, irq, IRQ_NMI_WAITING);
        return;
    }
    irq_hop(env->irqs, irq, HOP_VLAPIC_ACCEPT, env->now);
    k->nmi_irq[k->nmis_waiting++] = irq;
}

void kvm_nmi_merge(struct kvm *k, struct cpu_env *env)
{
    while (k->nmis_waiting > most_waiting(k)) {
        irq_merge(env->irqs, k->nmi_irq[--k->nmis_waiting], IRQ_NMI_WAITING);
        k->nmi_irq[k->nmis_waiting] = 0;
    }
}

bool kvm_nmi_injectable(const struct kvm *k)
{
    return k->nmis_waiting && !is_blocked(k, NMI_BLOCKING);
}

void kvm_nmi_forget(struct kvm *k, struct cpu_env *env)
{
    while (k->nmis_waiting) {
        irq_drop(env->irqs, k->nmi_irq[--k->nmis_waiting], IRQ_APIC_RESET);
        k->nmi_irq[k->nmis_waiting] = 0;
    }
}

struct kvm_event kvm_nmi_take(struct kvm *k)
{
    struct kvm_event e = {.info = INTR_INFO_NMI, .irq = k->nmi_irq[0]};

    k->nmi_irq[0] = k->nmi_irq[1];
    k->nmi_irq[1] = 0;
    k->nmis_waiting--;
    return e;
}
