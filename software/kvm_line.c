/*
 * The interrupt lines of assigned devices: the host masks the I/O APIC's entry
 * until the guest's EOI.  IOREGSEL and IOWIN are one for all CPUs: a lock keeps
 * the two accesses together, and interrupts are off while it is held.
 */
#include "software/kvm_private.h"
#include "software/lock.h"

/* The I/O APIC, as software sees it. */
#define IOREGSEL 0x00u
#define IOWIN 0x10u
#define RTE_MASKED (1u << 16)

const struct kvm_irq *kvm_line(const struct kvm *k, uint8_t guest_vector)
{
    for (uint32_t i = 0; i < k->config.irq_count; i++)
        if (k->config.irq[i].rte_select &&
            k->config.irq[i].guest_vector == guest_vector)
            return &k->config.irq[i];
    return NULL;
}

static bool has_lines(const struct kvm *k, unsigned ioapic)
{
    for (uint32_t i = 0; i < k->config.irq_count; i++)
        if (k->config.irq[i].rte_select && k->config.irq[i].ioapic == ioapic)
            return true;
    return false;
}

/* Linux selects an entry, reads it, writes it, and after a mask reads again:
 * it is in force when the EOI clears remote IRR. */
void kvm_line_mask(struct kvm *k, struct text *t, const struct kvm_irq *irq)
{
    uint64_t base = k->config.ioapic[irq->ioapic];
    uint64_t window = base + IOWIN;

    lock_build_take(&k->config.ioapic_lock, t);
    text_op(t, OP_MOV, RAX, irq->rte_select);
    text_op(t, OP_STORE, RAX, base + IOREGSEL);
    text_op(t, OP_LOAD, RAX, window);
    text_op(t, OP_MOV, RAX, irq->rte_low | RTE_MASKED);
    text_op(t, OP_STORE, RAX, window);
    text_op(t, OP_LOAD, RAX, window);
    lock_build_release(&k->config.ioapic_lock, t);
}

/* `select`: the register with the line's IOREGSEL, or 0. */
static void build_unmask(struct kvm *k, struct text *t, uint64_t base,
                         enum cpu_gpr select)
{
    uint64_t window = base + IOWIN;
    uint32_t none = text_op(t, OP_JZ, select, 0);

    text_op(t, OP_CLI, RAX, 0);
    lock_build_take(&k->config.ioapic_lock, t);
    text_op(t, OP_STORE, select, base + IOREGSEL);
    text_op(t, OP_LOAD, RAX, window);
    text_op(t, OP_STORE, RDX, window);
    lock_build_release(&k->config.ioapic_lock, t);
    text_op(t, OP_STI, RAX, 0);
    text_patch(t, none);
}

void kvm_line_unmask(struct kvm *k, struct text *t)
{
    static const enum cpu_gpr select[KVM_IOAPICS] = {RCX, RSI};

    for (unsigned i = 0; i < KVM_IOAPICS; i++)
        if (has_lines(k, i))
            build_unmask(k, t, k->config.ioapic[i], select[i]);
}
