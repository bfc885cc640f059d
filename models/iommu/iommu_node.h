/*
 * When a remapping unit acts, and whom it tells.
 *
 * Writes of devices to FEEx_xxxxh wait in one FIFO; a request is in the unit
 * until its message leaves, so none overtakes another.  Table, descriptors and
 * queue are reached through the port `memory`, each access after its delay of
 * iommu_costs.def, on an edge of the clock.  A posted-interrupt descriptor is
 * read, changed and written back at one instant: nobody sees it half done.
 * Where nothing else comes before a request's access, time passes inside the
 * event that is running, and the access needs none of its own.
 *
 * Port `bus` gets what leaves: MSG_WRITE for a request in compatibility format,
 * as it came; MSG_APIC for a remapped one, with the identity of the request;
 * notifications and the unit's own event messages, which are born here.
 *
 * Who sends level-triggered requests waits for an answer (`answer`): the unit
 * says no for those that it blocks.
 */
#ifndef MODELS_IOMMU_IOMMU_NODE_H
#define MODELS_IOMMU_IOMMU_NODE_H

#include "models/iommu/iommu_node_twin.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/core/posted_irqs.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

#define IOMMU_FIFO 256u

struct iommu_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "models/iommu/iommu_costs.def"
#undef COST
};

struct iommu_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock apic_clock;
    struct iommu_costs costs;
    struct iommu_config iommu;
    uint16_t irq_source; /* of what is born here */
    struct port bus;
    void *ctx; /* of the functions below */
    /* Done at once; false: the place cannot be accessed. */
    bool (*memory)(void *ctx, struct iommu_access *a);
    void (*answer)(void *ctx, irq_id irq, bool taken);
    struct posted_irqs *posted; /* has what is posted from then on */
    struct iommu_twin twin;     /* in place of the model; empty: none */
};

struct iommu_counts {
    uint64_t requests, hits, misses;
    uint64_t passed, remapped, posted, blocked;
    uint64_t faults[IOMMU_FAULT_DESCRIPTOR_INVALID + 1]; /* by reason */
    uint64_t recorded, notifications;
    uint64_t events[IOMMU_EVENTS]; /* messages of the unit itself */
    uint64_t warnings[IOMMU_WARNING_COUNT];
};

struct iommu_node {
    struct iommu iommu; /* as after power-up if a twin acts for it */
    struct iommu_node_config config;
    struct event take_event; /* the oldest request has its turn */
    struct event memory_event[IOMMU_PORTS];
    struct msg fifo[IOMMU_FIFO];
    uint32_t first, count;
    struct msg current; /* the request in the unit */
    struct iommu_counts counts;
};

void iommu_node_init(struct iommu_node *n, const struct iommu_node_config *c);

/* A device's write reaches the unit: MSG_WRITE to FEEx_xxxxh. */
void iommu_node_receive(struct iommu_node *n, const struct msg *m);

/* The CPU's side: takes effect now.  `bytes` 1, 2, 4 or 8. */
uint64_t iommu_node_read(struct iommu_node *n, uint32_t offset, unsigned bytes);
void iommu_node_write(struct iommu_node *n, uint32_t offset, unsigned bytes,
                      uint64_t value);

/* What the queue is at is done now, without its delays: for software that has
 * set the unit up before time begins. */
void iommu_node_settle(struct iommu_node *n);

/* Interrupts that have reached the unit and not left it. */
void iommu_node_each_held(const struct iommu_node *n,
                          void (*each)(void *ctx, irq_id id), void *ctx);

#endif
