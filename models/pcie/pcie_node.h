/*
 * When a PCI Express function acts, and whom it tells.
 *
 * Everything that the function sends goes into one FIFO: an MSI never passes
 * the DMA writes queued before it.  Port `upstream` gets MSG_WRITE when the
 * write arrives at the root complex.
 */
#ifndef MODELS_PCIE_PCIE_NODE_H
#define MODELS_PCIE_PCIE_NODE_H

#include "models/pcie/pcie.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

struct pcie_costs {
#define COST(name, unit, sentence) sim_time name;
#include "models/pcie/pcie_costs.def"
#undef COST
};

struct pcie_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock clock; /* PCIe domain: everything happens on its edges */
    struct pcie_costs costs;
    uint16_t requester; /* bus 15:8, device 7:3, function 2:0 */
    uint16_t irq_source;
    unsigned msix_vectors;          /* 0: no MSI-X capability; at most 32 */
    unsigned msi_vectors;           /* 0: no MSI capability; 1, 2, 4 .. 32 */
    sim_time moderation_interval[32]; /* per vector; 0: none (msi.md 9.1) */
    struct port upstream;
};

struct pcie_node; /* defined below by the builder of this node */

void pcie_node_init(struct pcie_node *n, const struct pcie_node_config *c);

/* A cause of interrupt k becomes active: moderation, masking, MSI or MSI-X. */
void pcie_node_cause(struct pcie_node *n, unsigned k);

/* A posted write of `bytes` bytes to memory, of which the first 8 are data. */
void pcie_node_dma_write(struct pcie_node *n, uint64_t addr, uint64_t data,
                         uint32_t bytes);

/* Configuration space: offset 0..255, `bytes` 1, 2 or 4. */
uint32_t pcie_node_config_read(struct pcie_node *n, unsigned offset,
                               unsigned bytes);
void pcie_node_config_write(struct pcie_node *n, unsigned offset,
                            unsigned bytes, uint32_t value);

/* The MSI-X table and PBA, by offset in their BAR. */
uint64_t pcie_node_msix_read(struct pcie_node *n, uint32_t offset,
                             unsigned bytes);
void pcie_node_msix_write(struct pcie_node *n, uint32_t offset, unsigned bytes,
                          uint64_t value);

/* Interrupts born here that have not reached `upstream` yet. */
void pcie_node_each_held(const struct pcie_node *n,
                         void (*each)(void *ctx, irq_id id), void *ctx);

#endif
