/*
 * What makes a PCI Express function hostile: beside its own work it writes
 * forged messages to the interrupt range by DMA, as a driver in a guest can
 * make many devices do.
 *
 * Each is drawn at random: half of them in compatibility format, to any CPU,
 * of any vector, three in eight of them NMI, SMI or INIT; the other half in
 * remappable format, for one of the first entries of a remapping table.
 * Intervals are exponential.  Without bus mastering, and while the function's
 * FIFO is full, nothing is written.
 */
#ifndef MODELS_PCIE_ROGUE_NODE_H
#define MODELS_PCIE_ROGUE_NODE_H

#include "models/pcie/pcie_node.h"
#include "sim/core/rng.h"

#define ROGUE_ENTRIES 64u /* of a table that it tries */

struct rogue_config {
    sim_time interval; /* mean */
    uint32_t cpus;     /* APIC IDs 0 .. cpus - 1 */
    uint64_t seed, stream;
};

struct rogue_node {
    struct pcie_node *fn;
    struct rogue_config config;
    struct rng rng;
    struct event next;
    sim_time time; /* of the next one, before the clock edge */
};

/* `fn` is already initialised. */
void rogue_node_init(struct rogue_node *n, struct pcie_node *fn,
                     const struct rogue_config *c);

#endif
