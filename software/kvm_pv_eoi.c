/*
 * PV EOI: a word in the guest's memory whose bit 0 says that the interrupt in
 * service needs no EOI write.  The host sets it before an entry where skipping
 * the EOI is safe, and takes it back at each exit: what the guest has cleared
 * until then was an EOI.  Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_EOI_EN.
 */
#include "software/kvm_private.h"
#include "software/pv_eoi.h"

bool kvm_pv_eoi_write_msr(struct kvm *k, uint64_t value)
{
    if (!k->config.pv_eoi || value & PV_EOI_RESERVED)
        return false;
    k->pv_eoi_msr = value;
    return true;
}

static uint64_t word_of(const struct kvm *k)
{
    return k->pv_eoi_msr & ~(uint64_t)(PV_EOI_ENABLE | PV_EOI_RESERVED);
}

/* With one in service, and none that waits for its end: neither a second
 * one, nor a line's entry in the I/O APIC. */
static bool is_safe(const struct kvm *k)
{
    struct vecset others = k->vlapic.isr;
    int top = vecset_top(&others);

    if (!(k->pv_eoi_msr & PV_EOI_ENABLE) || top < 0)
        return false;
    vecset_del(&others, (uint8_t)top);
    return vecset_empty(&others) && vecset_empty(&k->vlapic.irr) &&
           !kvm_line(k, (uint8_t)top);
}

void kvm_pv_eoi_offer(struct kvm *k, struct mem *m)
{
    k->pv_eoi_offered = is_safe(k);
    if (k->pv_eoi_offered)
        mem_write32(m, word_of(k), PV_EOI_SET);
}

void kvm_pv_eoi_take_back(struct kvm *k, struct cpu_env *env)
{
    bool used;

    if (!k->pv_eoi_offered)
        return;
    k->pv_eoi_offered = false;
    used = !(mem_read32(env->mem, word_of(k)) & PV_EOI_SET);
    mem_write32(env->mem, word_of(k), 0);
    if (used)
        kvm_vlapic_eoi(k, env);
}

/* At an exit the word was taken back. */
void kvm_pv_eoi_forget(struct kvm *k)
{
    k->pv_eoi_msr = 0;
}
