/*
 * INIT and SIPI of the guest.  Each reaches the software APIC, which hands it
 * on, and is a request to the virtual CPU that it sees before its next VM
 * entry.  INIT makes registers and APIC what they are after power-up; the
 * boot processor starts at the reset vector, another one waits for a SIPI,
 * and is blocked meanwhile.  An INIT takes back a SIPI that has not been seen.
 * SDM vol. 3, "MP Initialization Protocol Algorithm".
 */
#include "models/cpu/cpu_uintr.h"
#include "software/kvm_private.h"

#define IDT_LIMIT_AT_RESET 0xffffu

void kvm_start_accept(struct kvm *k, struct cpu_env *env,
                      const struct kvm_sending *s)
{
    k->init_pending = k->init_pending || s->mode == DELIVERY_INIT;
    k->sipi_pending = s->mode == DELIVERY_SIPI;
    k->sipi_vector = s->vector;
    irq_deliver(env->irqs, s->irq, HOP_VLAPIC_ACCEPT, env->now);
    irq_finish(env->irqs, s->irq, HOP_COUNT, env->now);
}

static void reset_registers(struct kvm *k)
{
    struct vmcs *v = &k->vmcs;
    uint64_t cr4 = vmcs_get(v, VMCS_GUEST_CR4);

    for (unsigned r = 0; r < GPR_COUNT; r++)
        k->gpr[r] = 0;
    vmcs_set(v, VMCS_GUEST_RSP, 0);
    vmcs_set(v, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    vmcs_set(v, VMCS_GUEST_IDTR_BASE, 0);
    vmcs_set(v, VMCS_GUEST_IDTR_LIMIT, IDT_LIMIT_AT_RESET);
    vmcs_set(v, VMCS_GUEST_CR4, cr4 & ~(uint64_t)CR4_UINTR);
    vmcs_set(v, VMCS_GUEST_INTERRUPTIBILITY, 0);
    vmcs_set(v, VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
    vmcs_set(v, VMCS_GUEST_PENDING_DEBUG, 0);
    vmcs_set_guest_cpl(v, 0);
    v->frames = 0;
}

/* Where the guest's CPU starts, memory holds the RIP of the op that stands
 * there; zeros: shutdown. */
static void start_at(struct kvm *k, struct mem *m, uint64_t addr)
{
    uint64_t rip = mem_read64(m, addr);

    vmcs_set(&k->vmcs, VMCS_GUEST_RIP, rip);
    k->start = rip ? KVM_STARTS : KVM_SHUT_DOWN;
}

/* What was cut short is lost before the APIC forgets that it is in service. */
static void reset(struct kvm *k, struct cpu_env *env)
{
    if (irq_pending(env->irqs, k->again.irq))
        irq_drop(env->irqs, k->again.irq, IRQ_APIC_RESET);
    k->again = (struct kvm_event){0};
    kvm_nmi_forget(k, env);
    kvm_vlapic_init(k, env);
    kvm_pv_eoi_forget(k);
    if (k->eli_on)
        kvm_eli_disable(k, env->mem);
    reset_registers(k);
    kvm_poll_leave(k, env->now);
    k->blocked = true;
    k->start = KVM_WAITS_FOR_SIPI;
    if (k->config.apic_id == 0)
        start_at(k, env->mem, CPU_RESET_VECTOR);
}

void kvm_start_take(struct kvm *k, struct cpu_env *env)
{
    if (k->init_pending)
        reset(k, env);
    if (k->sipi_pending && k->start == KVM_WAITS_FOR_SIPI)
        start_at(k, env->mem, (uint64_t)k->sipi_vector * MEM_PAGE_BYTES);
    k->init_pending = false;
    k->sipi_pending = false;
}
