/*
 * The host of all virtual CPUs: its CPUs, and which virtual CPU is where.
 *
 * What one CPU has to tell another is collected while its code runs (`kick`,
 * `notify`) and sent by the ops that follow.
 */
#ifndef SOFTWARE_KVM_HOST_H
#define SOFTWARE_KVM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cpu/cpu_node.h"
#include "software/kvm_costs.h"
#include "software/text.h"

#define KVM_CPUS_MAX 64
#define KVM_VCPUS_MAX 64 /* of all virtual machines */

#define KVM_NOBODY UINT32_MAX /* no virtual CPU */

#define KVM_TIMER_VECTOR 0xef        /* the host's own local timer */
#define KVM_WAKEUP_VECTOR 0xf1       /* posted to one that is blocked here */
#define KVM_NOTIFICATION_VECTOR 0xf2 /* of posted interrupts */
#define KVM_KICK_VECTOR 0xf3         /* look at what another CPU has queued */

struct kvm;
struct kvm_host;

struct kvm_cpu_config {
    bool x2apic, bsp;
    uint32_t apic_id; /* also its place among the host's CPUs */
    uint32_t ndst;    /* as a posted-interrupt descriptor names it */
    struct kvm_costs costs;
    struct clock timer_clock;
    sim_time host_tick; /* period of its own timer; 0: none */
    uint64_t memory;    /* base of 64 KiB of its own */
};

/* One CPU of the host. */
struct kvm_cpu {
    struct kvm_cpu_config config;
    struct kvm_host *host;
    uint64_t boot; /* RIP of its first op */
    uint64_t idt, stack;
    sim_time next_tick;
    uint64_t kick, notify; /* CPUs to be sent these vectors */
    uint32_t current;      /* virtual CPU that runs, or that it halts for */
    uint32_t sharers;      /* virtual CPUs that may run here */
    sim_time slice_end;    /* of the current one, or SIM_TIME_NEVER */
    bool resched;          /* a slice is over */
    bool rearm;            /* its timer does not know yet when to ring */
    bool claimed;          /* it idles, and is about to take one */
    uint64_t interrupts;   /* handled by the host's own handlers */
    uint64_t nmis;         /* runs of the host's NMI handler */
};

struct kvm_sched_counts {
    uint64_t switches;    /* from one virtual CPU to another */
    uint64_t preemptions; /* slices that ended while another one waited */
    uint64_t wakeups;     /* of blocked ones */
    uint64_t migrations;  /* to another CPU */
    uint64_t waits;       /* in the queue, until they ran */
    sim_time waited, longest_wait;
};

struct kvm_host {
    sim_time time_slice;
    struct kvm_cpu cpu[KVM_CPUS_MAX];
    uint32_t vcpus;
    struct kvm *vcpu[KVM_VCPUS_MAX];
    uint32_t waiting; /* virtual CPUs that could run, in their order */
    uint8_t queue[KVM_VCPUS_MAX];
    struct kvm_sched_counts counts;
};

/* Returns the CPU, still without text. */
struct kvm_cpu *kvm_cpu_init(struct kvm_host *h,
                             const struct kvm_cpu_config *c);

/* Assembles a CPU's boot code and its own handlers, and fills its IDT. */
void kvm_cpu_build(struct kvm_cpu *c, struct text *t, struct mem *m);

#endif
