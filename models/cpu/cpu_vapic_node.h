/* The node's part of APIC virtualization: which interrupt is which, and what
 * goes to the physical APIC.  For the CPU node only. */
#ifndef MODELS_CPU_CPU_VAPIC_NODE_H
#define MODELS_CPU_CPU_VAPIC_NODE_H

#include "models/cpu/cpu_node.h"

/* Does the virtual-APIC page serve this op of the guest? */
bool cpu_vapic_node_serves(const struct cpu_node *n, const struct op *op);

/* Its cost in cycles. */
uint64_t cpu_vapic_node_cost(const struct cpu_node *n, const struct op *op);

/* Executes it; APIC-write emulation can cause a VM exit behind it.  Fills the
 * result, which says CPU_GOES_ON, only if it does not. */
void cpu_vapic_node_execute(struct cpu_node *n, const struct op *op,
                            struct cpu_result *r);

/* SENDUIPI; its notification can be virtualized. */
struct cpu_result cpu_vapic_node_senduipi(struct cpu_node *n,
                                          const struct op *op);

/* Virtual-interrupt delivery begins: the event, whose interrupt becomes
 * n->vectored_irq. */
struct cpu_vectored cpu_vapic_node_deliver(struct cpu_node *n);

/* The guest's deadline, after a VM entry or a write of it. */
void cpu_vapic_node_arm(struct cpu_node *n);

/* The guest-timer event. */
void cpu_vapic_node_timer(struct cpu_node *n);

/* An exit ends: a virtual interrupt whose delivery it cut short is to be
 * injected again. */
void cpu_vapic_node_exit(struct cpu_node *n);

/* The notification n->vectored_irq, which is acknowledged, is processed. */
void cpu_vapic_node_begin_posted(struct cpu_node *n);
void cpu_vapic_node_end_posted(struct cpu_node *n);

#endif
