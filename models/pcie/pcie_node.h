/*
 * When a PCI Express function acts, and whom it tells.
 *
 * Everything that the function sends goes into one FIFO: an MSI or an INTx
 * message never passes the DMA writes queued before it.  Port `upstream` gets
 * MSG_WRITE when the write arrives at the root complex, on an edge of the PCI
 * Express clock; port `intx` gets MSG_LINE there when the function's INTx
 * signal has changed: `high` means asserted, `line` is 0 for INTA# .. 3 for
 * INTD#.  What it means electrically is the matter of who wires it.
 *
 * The FIFO is what the link takes at once.  A device asks pcie_node_ready()
 * before it writes and raises a cause; if the answer is no, it waits for the
 * wake call, so nothing is lost.
 */
#ifndef MODELS_PCIE_PCIE_NODE_H
#define MODELS_PCIE_PCIE_NODE_H

#include "models/pcie/intx.h"
#include "models/pcie/pcie_warning.h"
#include "models/pcie/source_id.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

/* More than pcie_owed() can ever be, so that a device is not kept waiting by
 * what only software can release. */
#define PCIE_FIFO 128u

struct pcie_costs {
#define COST(name, unit, sentence) sim_time name;
#include "models/pcie/pcie_costs.def"
#undef COST
};

/* The device behind the function; `wake` may be NULL. */
struct pcie_device {
    /* configuration space was written, or the FIFO has room again */
    void (*wake)(void *ctx);
    void *ctx;
};

struct pcie_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock clock; /* PCIe domain: everything happens on its edges */
    struct pcie_costs costs;
    uint16_t requester; /* its source_id() */
    uint16_t irq_source;
    unsigned msix_vectors;  /* 0: no MSI-X capability; at most 32 */
    unsigned msi_vectors;   /* 0: no MSI capability; 1, 2, 4 .. 32 */
    uint32_t msi_features;  /* its layout, as in struct pcie_build */
    unsigned interrupt_pin; /* 0 to 3: INTA# to INTD# */
    /* What each throttle register is loaded with after reset; 0: nothing.  It
     * may be finer and longer than software can write. */
    sim_time moderation_interval[PCIE_VECTORS];
    struct port upstream;
    struct port intx; /* `send` may be NULL: the pin is not connected */
    struct pcie_device device;
};

struct pcie_node {
    struct pcie pcie;
    struct pcie_node_config config;
    struct pcie_posted {
        sim_time arrival;
        struct msg msg;
    } fifo[PCIE_FIFO];
    uint32_t first, count; /* of the FIFO */
    bool intx, intx_told;  /* the signal; what the newest message says of it */
    struct event arrive;   /* the oldest write reaches upstream */
    struct event interval[PCIE_VECTORS];
    struct pcie_vector_counts {
        uint64_t causes, messages;
    } vector[PCIE_VECTORS];
    sim_time untold_since[PCIE_VECTORS]; /* per cause; SIM_TIME_NEVER: none */
    struct pcie_waits {
        uint64_t count;
        sim_time sum, longest;
    } waits; /* from what a message tells first to the message */
    uint64_t warnings[PCIE_WARNING_COUNT]; /* how often, by kind */
    uint64_t intx_asserted;                /* how often the signal rose */
};

void pcie_node_init(struct pcie_node *n, const struct pcie_node_config *c);

/* Room for one more DMA write and the message of one more cause. */
bool pcie_node_ready(const struct pcie_node *n);

/* Something has happened that cause k will tell. */
void pcie_node_event(struct pcie_node *n, unsigned k);

/* A cause of interrupt k becomes active: moderation, masking, MSI or MSI-X.
 * Only while pcie_node_ready(). */
void pcie_node_cause(struct pcie_node *n, unsigned k);

/* Software took care of cause k: what is held of it goes, and INTx falls if no
 * other cause holds it. */
void pcie_node_cause_gone(struct pcie_node *n, unsigned k);

/* The answer to a read of the function, on its way to the CPU, pushes all that
 * was sent before it: everything arrives now. */
void pcie_node_push(struct pcie_node *n);

/* A posted write of `bytes` bytes to memory, of which the first 8 are data.
 * Only while pcie_node_ready(); lost without bus mastering. */
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

/* The throttle register of cause k. */
uint32_t pcie_node_throttle_read(const struct pcie_node *n, unsigned k);
void pcie_node_throttle_write(struct pcie_node *n, unsigned k, uint32_t value);

/* Interrupts born here that have not reached `upstream` yet. */
void pcie_node_each_held(const struct pcie_node *n,
                         void (*each)(void *ctx, irq_id id), void *ctx);

#endif
