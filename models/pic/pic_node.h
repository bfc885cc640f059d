/*
 * When the pair of 8259As acts, and whom it tells.
 *
 * Ports: `apic` gets the master's INT as MSG_LINE, line 0: a board connects it
 * to LINT0 of the boot processor's local APIC and to INTIN0 of the I/O APIC.
 * `direct` gets it instead while an IMCR says so: the CPU's INTR pin.  INT
 * falls at once and rises after the delay of pic_costs.def.
 *
 * A request is born on its line's source at the line's edge (or at the end of
 * interrupt of a level that is still high).  The INTA cycle hands it to the
 * CPU, which delivers it; a poll delivers it to software.  The EOI finishes
 * it.  While its fate is open after the EOI, software holds it.
 */
#ifndef MODELS_PIC_PIC_NODE_H
#define MODELS_PIC_PIC_NODE_H

#include "models/pic/pic_node_twin.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

struct pic_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "models/pic/pic_costs.def"
#undef COST
};

struct pic_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock clock; /* the domain of the delays */
    struct pic_costs costs;
    uint16_t line_source[PIC_LINES]; /* of the interrupt ledger */
    bool has_imcr;                   /* without: INT always goes to `apic` */
    struct port apic, direct;        /* `direct`: with an IMCR only */
    struct pic_twin twin;            /* in place of the model; empty: none */
};

/* What the CPU gets from an INTA cycle. */
struct pic_ack {
    uint8_t vector;
    bool no_eoi; /* automatic EOI: who delivers it must also finish it */
    irq_id irq;  /* 0: spurious, or nobody's */
};

struct pic_node {
    struct pic_pair pair; /* as after power-up for ever if a twin acts for it */
    struct pic_node_config config;
    struct event int_event; /* INT rises */
    bool int_high;          /* as the world sees it */
    bool direct;            /* ... on this side of the IMCR */
    irq_id irr_irq[PIC_LINES], isr_irq[PIC_LINES];
    uint64_t warnings[PIC_WARNING_COUNT]; /* how often the guest did it */
};

/* As after power-up. */
void pic_node_init(struct pic_node *n, const struct pic_node_config *c);

/* MSG_LINE: the level of ISA line 0..15 changes now; high = asserted.  A
 * repeated level is no change. */
void pic_node_receive(struct pic_node *n, const struct msg *m);

/* True if the board answers at the port. */
bool pic_node_claims(const struct pic_node *n, uint16_t port);

/* The CPU's IN and OUT; `bytes` 1, 2 or 4.  They take effect now. */
uint32_t pic_node_read(struct pic_node *n, uint16_t port, unsigned bytes);
void pic_node_write(struct pic_node *n, uint16_t port, unsigned bytes,
                    uint32_t value);

/* The CPU runs its INTA cycles. */
struct pic_ack pic_node_acknowledge(struct pic_node *n);

/* Every interrupt that the chips hold and whose fate may be open. */
void pic_node_each_held(const struct pic_node *n,
                        void (*each)(void *ctx, irq_id id), void *ctx);

#endif
