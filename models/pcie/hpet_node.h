/*
 * When the HPET's timers interrupt, and whom they tell.
 *
 * A tick is an edge of the block's clock.  Port `upstream` gets the message of
 * a timer, MSG_WRITE with the block's own source-id, at the tick of the match;
 * port `lines` gets MSG_LINE when an interrupt's line changes, by the number
 * that the I/O APIC has for it: a level-triggered one at the match, an
 * edge-triggered one falls at the match, if it was high, and rises one tick
 * later.
 */
#ifndef MODELS_PCIE_HPET_NODE_H
#define MODELS_PCIE_HPET_NODE_H

#include "models/pcie/hpet.h"
#include "models/pcie/source_id.h"
#include "sim/core/irq.h"
#include "sim/core/msg.h"
#include "sim/engine/clock.h"
#include "sim/engine/engine.h"

enum hpet_warning {
    HPET_WARNING_NONE,
#define WARNING(name, text, rule) HPET_WARNING_##name,
#include "models/pcie/hpet_warnings.def"
#undef WARNING
    HPET_WARNING_COUNT
};

struct hpet_node_config {
    struct engine *engine;
    struct irqs *irqs;
    struct clock clock;     /* the main counter's */
    struct hpet_build hpet; /* but for its period, which is the clock's */
    uint16_t requester;     /* its source_id() */
    uint16_t irq_source;
    struct port upstream, lines;
};

struct hpet_node {
    struct hpet hpet;
    struct hpet_node_config config;
    uint32_t wires;           /* as told */
    uint32_t rising;          /* timers whose output rises at the next tick */
    struct event match, rise; /* the next one */
    uint64_t messages[HPET_TIMERS];
    uint64_t warnings[HPET_WARNING_COUNT]; /* how often, by kind */
};

void hpet_node_init(struct hpet_node *n, const struct hpet_node_config *c);

/* Registers; `offset` below HPET_BYTES. */
uint64_t hpet_node_read(struct hpet_node *n, uint32_t offset, unsigned bytes);
void hpet_node_write(struct hpet_node *n, uint32_t offset, unsigned bytes,
                     uint64_t value);

/* As in "warnings.hpet.hole". */
const char *hpet_warning_name(enum hpet_warning warning);

#endif
