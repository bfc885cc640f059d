/* Shared by the files of the CPU's node only. */
#ifndef MODELS_CPU_CPU_NODE_PRIVATE_H
#define MODELS_CPU_CPU_NODE_PRIVATE_H

#include "models/cpu/cpu_node.h"

/* A time in whole cycles, rounded up. */
static inline uint64_t cpu_node_cycles(const struct cpu_node *n, sim_time time)
{
    sim_time period = n->config.clock.period;

    return (time + period - 1) / period;
}

static inline uint64_t cpu_node_tsc(const struct cpu_node *n)
{
    return clock_cycles(&n->config.clock, engine_now(n->config.engine));
}

/* The step that begins now and takes `cycles`, which it returns.  Steps of one
 * share that follow each other are accounted for together; the reason that host
 * time goes to changes only in transitions. */
static inline uint64_t cpu_node_begin(struct cpu_node *n, enum cpu_step step,
                                      enum cpu_share share, uint64_t cycles)
{
    if (share != n->share)
        cpu_node_settle(n, engine_now(n->config.engine));
    n->step = step;
    n->share = share;
    return cycles;
}

/* Whose time it is while the CPU executes. */
static inline enum cpu_share cpu_node_share(const struct cpu_node *n)
{
    if (!n->cpu.non_root && n->root_is_host)
        return SHARE_HOST;
    return n->cpu.frames ? SHARE_GUEST_IRQ : SHARE_GUEST;
}

/* The event is taken, one that is not CPU_EVENT_NONE; the step's cycles. */
uint64_t cpu_node_begin_event(struct cpu_node *n, enum cpu_event event);

/* CPU_EXITS or CPU_FAULTS: the VM exit, or the delivery of the fault. */
uint64_t cpu_node_begin_consequence(struct cpu_node *n,
                                    const struct cpu_result *r);

/* The 8259s have answered: what follows begins. */
uint64_t cpu_node_end_inta(struct cpu_node *n);
void cpu_node_end_init(struct cpu_node *n);

/* A host's INT_REG has ended: it has called its handler, if it did, for the
 * interrupt of the last exit. */
void cpu_node_dispatched(struct cpu_node *n, const struct cpu_result *r);

/* Delivers an event; it is n->vectored_irq's, if that is not 0. */
struct cpu_result cpu_node_deliver(struct cpu_node *n,
                                   const struct cpu_vectored *e);

uint64_t cpu_node_begin_exit(struct cpu_node *n, const struct cpu_exit *x);
void cpu_node_end_exit(struct cpu_node *n);

/* VMLAUNCH or VMRESUME, with the event that it injects. */
uint64_t cpu_node_begin_entry(struct cpu_node *n);
struct cpu_result cpu_node_end_entry(struct cpu_node *n);

/* An op that begins now, other than WORK and VM entries. */
uint64_t cpu_node_op_cost(const struct cpu_node *n, const struct op *op);

/* Ops that reach outside the CPU, and their end; false: #GP(0). */
bool cpu_node_reaches(uint8_t kind);
bool cpu_node_reach(struct cpu_node *n, const struct op *op);

#endif
