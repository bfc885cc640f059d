/*
 * A host CPU without a virtual CPU: it takes the interrupts of assigned devices
 * and hands them to the virtual CPUs that run elsewhere, by posting them or by
 * queueing them and a kick.
 */
#ifndef SOFTWARE_KVM_IRQ_CPU_H
#define SOFTWARE_KVM_IRQ_CPU_H

#include "software/kvm.h"

#define KVM_REMOTES_MAX 160 /* vectors that a host gives to devices */

/* One interrupt: a virtual machine's irq[index] on CPU `apic_id`. */
struct kvm_remote {
    struct kvm *kvm;
    uint32_t index, apic_id;
    uint8_t host_vector;
};

struct kvm_irq_cpu {
    bool x2apic, bsp;
    struct kvm_costs costs;
    uint64_t memory; /* base of 64 KiB of its own */
    uint32_t count;
    struct kvm_remote remote[KVM_REMOTES_MAX];
    uint64_t boot, host_stack;
};

/* Assembles its text and fills its IDT. */
void kvm_irq_cpu_build(struct kvm_irq_cpu *c, struct text *t, struct mem *m);

#endif
