/*
 * When the I/O APIC acts, and whom it tells.
 *
 * Port `bus` gets MSG_WRITE in the format of an MSI, `requester` being the ID
 * that an interrupt remapper knows the unit by, so that one can stand between
 * the unit and the local APICs.  Messages leave one at a time, the lowest pin
 * first, after the delays of ioapic_costs.def; which one is next is decided at
 * an edge of the clock, at the end of the instant, when everything that
 * happened in it is known.
 *
 * What happens at one instant happens in the order of the calls.  The RTL twin
 * (rtl/ioapic.sv) gets everything of a cycle at once and has a fixed order: a
 * message leaves, answer, EOI, register access, pins, reset, the next message
 * is chosen.
 *
 * Who routes a message answers it: ioapic_node_answer(), see there.
 *
 * An interrupt is born when a pin finds something to send (HOP_LINE_EDGE): by
 * an edge, an active level or an EOI with the level still active.  A masked
 * edge is none.
 */
#ifndef MODELS_IOAPIC_IOAPIC_NODE_H
#define MODELS_IOAPIC_IOAPIC_NODE_H

#include "models/ioapic/ioapic_node_twin.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

struct ioapic_costs {
#define COST(name, unit, sentence) uint64_t name;
#include "models/ioapic/ioapic_costs.def"
#undef COST
};

struct ioapic_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock apic_clock; /* the domain of the delays */
    struct ioapic_costs costs;
    unsigned pins;       /* 1 .. IOAPIC_PINS_MAX; customarily 24 or 120 */
    uint16_t version;    /* VERSION bits 15:0: 0x0011, 0x0020 or 0x8020 */
    uint16_t requester;  /* bus 15:8, device 7:3, function 2:0 */
    uint16_t irq_source; /* of the interrupt ledger */
    struct port bus;
    struct ioapic_twin twin; /* in place of the model; empty: none */
};

struct ioapic_node {
    struct ioapic ioapic; /* as after power-up if a twin acts for it */
    struct ioapic_node_config config;
    struct event take_event; /* the next message is chosen */
    sim_time take_scheduled; /* when that was last put off */
    struct event send_event; /* it reaches the bus; scheduled: it is on its
                                way */
    irq_id waiting_irq[IOAPIC_PINS_MAX];
    irq_id asked_irq[IOAPIC_PINS_MAX]; /* of the level message sent last */
    struct ioapic_sent sending;
    irq_id sending_irq;
    uint64_t warnings[IOAPIC_WARNING_COUNT]; /* how often, by kind */
};

/* As after power-up: all entries masked, all pins electrically low. */
void ioapic_node_init(struct ioapic_node *n,
                      const struct ioapic_node_config *c);

/* Platform reset now.  What has not reached the bus yet is dropped. */
void ioapic_node_reset(struct ioapic_node *n);

/* MSG_LINE: the electrical level of a pin, of all who share it; MSG_EOI: the
 * broadcast of a local APIC. */
void ioapic_node_receive(struct ioapic_node *n, const struct msg *m);

/*
 * The message `irq` of this unit was taken (one local APIC has set the IRR
 * bit), or will never be: it was refused, nobody matched, a remapper dropped
 * it.  Level messages (data bit 15) need one answer, not before they are sent
 * and not after the EOI; the first one counts.  Others need none: answers to
 * them, to messages that the entry has forgotten, and to those of other units
 * are ignored.
 */
void ioapic_node_answer(struct ioapic_node *n, irq_id irq, bool taken);

/* The CPU's side: takes effect now, at engine time.  `offset` from the base
 * address, `bytes` 1, 2, 4 or 8. */
uint64_t ioapic_node_read(struct ioapic_node *n, uint32_t offset,
                          unsigned bytes);
void ioapic_node_write(struct ioapic_node *n, uint32_t offset, unsigned bytes,
                       uint64_t value);

/* Every interrupt that was born here and has not reached the bus. */
void ioapic_node_each_held(const struct ioapic_node *n,
                           void (*each)(void *ctx, irq_id id), void *ctx);

#endif
