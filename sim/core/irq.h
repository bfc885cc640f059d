/*
 * Interrupts have identity.
 *
 * Every interrupt gets a number at birth (a device's MSI write, an ICR write,
 * a timer's expiry, a line's edge), never reused, carried by each message that
 * belongs to it.  This ledger counts what became of each, per source, and
 * keeps the times of its hops until it is finished.
 *
 * An interrupt ends in exactly one fate: delivered to its final consumer,
 * merged into another one, or dropped.  Until then it is pending, and some
 * node holds it; irqs_check() compares the ledger with what the nodes hold.
 */
#ifndef SIM_CORE_IRQ_H
#define SIM_CORE_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/sim_time.h"

typedef uint64_t irq_id; /* 0: none */

enum hop {
#define HOP(name, text, sentence) HOP_##name,
#include "sim/core/hops.def"
#undef HOP
    HOP_COUNT
};

/* Why an interrupt was merged or dropped. */
enum irq_reason {
#define IRQ_REASON(name, text, sentence) IRQ_##name,
#include "sim/core/irq_reasons.def"
#undef IRQ_REASON
    IRQ_REASON_COUNT
};

#define IRQ_HOPS_MAX 16
#define IRQ_SOURCES_MAX 256

struct irq_record {
    irq_id id;   /* 0: the slot is free */
    irq_id last; /* whose hops these are */
    uint32_t next_free;
    uint16_t source;
    uint8_t hops; /* how many of the entries below are used */
    bool final;   /* its fate is settled; kept only for later hops (EOI) */
    bool warmup;  /* delivered before irqs_restart_counts(): not reported */
    bool held;    /* some node holds it; see irqs_check() */
    struct irq_hop {
        sim_time time;
        uint8_t hop; /* enum hop */
    } hop[IRQ_HOPS_MAX];
};

struct irq_counts {
    uint64_t sent, delivered, merged, dropped;
    uint64_t by_reason[IRQ_REASON_COUNT];
};

/* Called once per delivered interrupt when its last hop is known. */
typedef void irq_sink_fn(void *ctx, const struct irq_record *r);

/* Called when an interrupt has reached its final consumer, at that hop. */
typedef void irq_watch_fn(void *ctx, const struct irq_record *r);

/* Called when an interrupt has ended twice, or without a fate. */
typedef void irq_wrong_fn(void *ctx, irq_id id);

struct irqs {
    struct irq_record *record;
    uint32_t capacity;
    uint32_t free;   /* head of the free list, or capacity */
    uint64_t serial; /* of the newest interrupt */
    uint16_t sources;
    struct irq_counts count[IRQ_SOURCES_MAX];
    irq_sink_fn *sink;
    void *sink_ctx;
    irq_watch_fn *watch; /* or NULL */
    irq_wrong_fn *wrong; /* or NULL: an assertion */
    void *watch_ctx;     /* of both */
    char problem[160];   /* the words of irqs_check() */
};

/* `capacity`: how many can be unfinished at once, at most 2^20. */
void irqs_init(struct irqs *q, struct irq_record *records, uint32_t capacity);

/* A new source of interrupts; returns its number.  At most IRQ_SOURCES_MAX. */
uint16_t irqs_add_source(struct irqs *q);

/* An interrupt is born: counts as sent; `hop` is its first hop. */
irq_id irq_birth(struct irqs *q, uint16_t source, enum hop hop, sim_time now);

/* It passes a hop.  id 0 and finished interrupts are ignored; beyond
 * IRQ_HOPS_MAX the middle hops are kept and the last one is overwritten. */
void irq_hop(struct irqs *q, irq_id id, enum hop hop, sim_time now);

/* It reaches its final consumer, by that hop or, with HOP_COUNT, by the one
 * before it; the record stays until irq_finish().  Here and in irq_merge() and
 * irq_drop() id 0 is ignored, and a fate that is settled already is our
 * mistake: `wrong` is told, and nothing is counted. */
void irq_deliver(struct irqs *q, irq_id id, enum hop hop, sim_time now);

/* The last hop (the EOI): the sink gets the record, the slot is freed.  Also
 * used with `hop` = HOP_COUNT when no EOI will come.  id 0 and finished
 * interrupts are ignored; one that is not yet delivered is our mistake. */
void irq_finish(struct irqs *q, irq_id id, enum hop hop, sim_time now);

/* The slot is freed at once. */
void irq_merge(struct irqs *q, irq_id id, enum irq_reason why);
void irq_drop(struct irqs *q, irq_id id, enum irq_reason why);

/* The source of an interrupt, or IRQ_SOURCES_MAX once it is finished. */
uint16_t irq_source(const struct irqs *q, irq_id id);

/* NULL for 0 and for interrupts that are finished. */
const struct irq_record *irq_find(const struct irqs *q, irq_id id);

/* One that is finished is found too, until its slot is used again. */
const struct irq_record *irq_last(const struct irqs *q, irq_id id);

/* True while the interrupt's fate is open. */
bool irq_pending(const struct irqs *q, irq_id id);

/* How many interrupts of a source are pending: counts the records. */
uint64_t irqs_pending(const struct irqs *q, uint16_t source);

/* Forget counts, keep what is in flight: the end of the warm-up.  Interrupts
 * in flight count as sent after it, so that the sum still holds.  Those that
 * were delivered but not finished belong to the warm-up: they are kept until
 * irq_finish(), but the sink does not get them. */
void irqs_restart_counts(struct irqs *q);

/*
 * NULL, or in words what does not add up (valid until the next call): per
 * source sent = delivered + merged + dropped + pending, and some node holds
 * each pending interrupt.  Before it: irqs_forget_held(), then give
 * irqs_mark_held() with the ledger as its context to each node's each_held().
 */
void irqs_forget_held(struct irqs *q);
void irqs_mark_held(void *irqs, irq_id id);
const char *irqs_check(struct irqs *q);

const char *hop_name(enum hop hop);
const char *irq_reason_name(enum irq_reason why);

#endif
