/*
 * A host CPU without a virtual CPU: it takes the interrupts of assigned devices
 * and hands them to the virtual CPUs that run elsewhere, by posting them or by
 * queueing them and a kick.
 */
#ifndef SOFTWARE_KVM_IRQ_CPU_H
#define SOFTWARE_KVM_IRQ_CPU_H

#include "software/kvm.h"

#define KVM_REMOTES_MAX 160 /* vectors that a host gives to devices */

/* One interrupt: a virtual CPU's irq[index]. */
struct kvm_remote {
    struct kvm *kvm;
    uint32_t index;
    uint8_t host_vector;
};

struct kvm_irq_cpu {
    struct kvm_cpu *cpu; /* made by kvm_cpu_init() */
    uint32_t count;
    struct kvm_remote remote[KVM_REMOTES_MAX];
};

/* Assembles its text and fills its IDT. */
void kvm_irq_cpu_build(struct kvm_irq_cpu *c, struct text *t, struct mem *m);

#endif
