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

/* An op that begins now, other than WORK and VM entries. */
uint64_t cpu_node_op_cost(const struct cpu_node *n, const struct op *op);

/* Ops that reach outside the CPU, and their end; false: #GP(0). */
bool cpu_node_reaches(uint8_t kind);
bool cpu_node_reach(struct cpu_node *n, const struct op *op);

#endif
