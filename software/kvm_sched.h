/*
 * Which virtual CPU runs where: round-robin with a time slice.
 *
 * Virtual CPUs that could run wait in one queue; a CPU takes the first one that
 * may run there.  One that wakes goes to the queue's end, and preempts nobody.
 * While nothing waits, a CPU halts for the virtual CPU that it had last.
 *
 * Taking one is a single step of the host's code, so that each virtual CPU is
 * always in exactly one state.
 */
#ifndef SOFTWARE_KVM_SCHED_H
#define SOFTWARE_KVM_SCHED_H

#include "software/kvm_host.h"

/* While the machine is built: a new virtual CPU waits to run. */
void kvm_sched_add(struct kvm *k);

/* The CPU takes the first one that may run there, which becomes its current
 * one; NULL: none waits. */
struct kvm *kvm_sched_pick(struct kvm_cpu *c, struct cpu_env *env);

/* Is there one that may run on the CPU, but has to wait? */
bool kvm_sched_waits(const struct kvm_cpu *c);

/* The slice of its current one is over: the next one, at the next VM entry. */
bool kvm_sched_is_over(struct kvm *k);

/* Something has come for it that it may be blocked for.  `from` is the CPU
 * whose code says so. */
void kvm_sched_wake(struct kvm *k, struct kvm_cpu *from, struct cpu_env *env);

/* It is current and blocked, and has found something to take. */
void kvm_sched_awake(struct kvm *k, struct cpu_env *env);

/* The virtual CPU's code behind CALLs. */
cpu_call_fn kvm_call_block;  /* nothing to take: jumps, or falls into HLT */
cpu_call_fn kvm_call_leave;  /* arg: where to go if VMCLEAR is not needed */
cpu_call_fn kvm_call_switch; /* always jumps, to the next one */
cpu_call_fn kvm_call_rearm;  /* RAX = initial count, or goes to arg */

#endif
