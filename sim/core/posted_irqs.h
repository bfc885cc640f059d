/*
 * Which interrupts the bits of posted-interrupt descriptors stand for.  A
 * descriptor lies in simulated memory and has no room for identities; every
 * agent that posts to one or takes from it keeps them here.
 */
#ifndef SIM_CORE_POSTED_IRQS_H
#define SIM_CORE_POSTED_IRQS_H

#include "sim/core/irq.h"

struct posted_irqs_row {
    uint64_t pid; /* address of the descriptor */
    irq_id irq[256];
};

struct posted_irqs {
    struct irqs *irqs;
    struct posted_irqs_row *row;
    uint32_t count, capacity;
};

void posted_irqs_init(struct posted_irqs *p, struct irqs *irqs,
                      struct posted_irqs_row *rows, uint32_t capacity);

/* While the machine is built: a descriptor that interrupts will be posted to.
 */
void posted_irqs_add(struct posted_irqs *p, uint64_t pid);

/* PIR[vector] has been set for this interrupt: it waits there, or is merged
 * into the one that does.  In a descriptor that nobody added it is dropped. */
void posted_irqs_put(struct posted_irqs *p, uint64_t pid, uint8_t vector,
                     irq_id irq);

/* PIR[vector] has been cleared: what it stood for, or 0. */
irq_id posted_irqs_take(struct posted_irqs *p, uint64_t pid, uint8_t vector);

/* Those of one descriptor. */
void posted_irqs_each_of(const struct posted_irqs *p, uint64_t pid,
                         void (*each)(void *ctx, irq_id id), void *ctx);

void posted_irqs_each_held(const struct posted_irqs *p,
                           void (*each)(void *ctx, irq_id id), void *ctx);

#endif
