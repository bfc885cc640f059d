/* The ledger of interrupts: numbers, fates and hops. */
#include "sim/core/irq.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* An id is the serial number above the number of the record's slot. */
#define SLOT_BITS 20
#define SLOT_MASK ((UINT64_C(1) << SLOT_BITS) - 1)

static const char *const hop_names[] = {
#define HOP(name, text, sentence) text,
#include "sim/core/hops.def"
#undef HOP
};

static const char *const reason_names[] = {
#define IRQ_REASON(name, text, sentence) text,
#include "sim/core/irq_reasons.def"
#undef IRQ_REASON
};

const char *hop_name(enum hop hop)
{
    assert(hop < HOP_COUNT);
    return hop_names[hop];
}

const char *irq_reason_name(enum irq_reason why)
{
    assert(why < IRQ_REASON_COUNT);
    return reason_names[why];
}

void irqs_init(struct irqs *q, struct irq_record *records, uint32_t capacity)
{
    assert(capacity <= SLOT_MASK + 1);
    memset(q, 0, sizeof *q);
    q->record = records;
    q->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++)
        records[i] = (struct irq_record){.next_free = i + 1};
}

uint16_t irqs_add_source(struct irqs *q)
{
    assert(q->sources < IRQ_SOURCES_MAX);
    return q->sources++;
}

/* NULL for id 0 and for interrupts that are finished. */
static struct irq_record *find(const struct irqs *q, irq_id id)
{
    uint64_t slot = id & SLOT_MASK;

    if (!id || slot >= q->capacity || q->record[slot].id != id)
        return NULL;
    return &q->record[slot];
}

const struct irq_record *irq_find(const struct irqs *q, irq_id id)
{
    return find(q, id);
}

const struct irq_record *irq_last(const struct irqs *q, irq_id id)
{
    uint64_t slot = id & SLOT_MASK;

    return id && slot < q->capacity && q->record[slot].last == id
               ? &q->record[slot]
               : NULL;
}

static void complain(const struct irqs *q, irq_id id)
{
    assert(q->wrong);
    q->wrong(q->watch_ctx, id);
}

/* The record of an interrupt whose fate is to be settled; NULL: nobody's, or
 * it is settled already. */
static struct irq_record *unsettled(const struct irqs *q, irq_id id)
{
    struct irq_record *r = find(q, id);

    if (r && !r->final)
        return r;
    if (id)
        complain(q, id);
    return NULL;
}

static void add_hop(struct irq_record *r, enum hop hop, sim_time now)
{
    assert(hop < HOP_COUNT);
    if (r->hops < IRQ_HOPS_MAX)
        r->hops++;
    r->hop[r->hops - 1] = (struct irq_hop){now, (uint8_t)hop};
}

static void release(struct irqs *q, struct irq_record *r)
{
    uint32_t slot = (uint32_t)(r->id & SLOT_MASK);

    r->id = 0;
    r->next_free = q->free;
    q->free = slot;
}

irq_id irq_birth(struct irqs *q, uint16_t source, enum hop hop, sim_time now)
{
    uint32_t slot = q->free;
    struct irq_record *r;

    assert(source < q->sources);
    assert(slot < q->capacity); /* the machine sizes the pool */
    r = &q->record[slot];
    q->free = r->next_free;
    r->id = ++q->serial << SLOT_BITS | slot;
    r->last = r->id;
    r->source = source;
    r->hops = 0;
    r->final = false;
    r->warmup = false;
    r->held = false;
    add_hop(r, hop, now);
    q->count[source].sent++;
    return r->id;
}

void irq_hop(struct irqs *q, irq_id id, enum hop hop, sim_time now)
{
    struct irq_record *r = find(q, id);

    if (r)
        add_hop(r, hop, now);
}

void irq_deliver(struct irqs *q, irq_id id, enum hop hop, sim_time now)
{
    struct irq_record *r = unsettled(q, id);

    if (!r)
        return;
    if (hop != HOP_COUNT)
        add_hop(r, hop, now);
    r->final = true;
    q->count[r->source].delivered++;
    if (q->watch)
        q->watch(q->watch_ctx, r);
}

void irq_finish(struct irqs *q, irq_id id, enum hop hop, sim_time now)
{
    struct irq_record *r = find(q, id);

    if (!r)
        return;
    if (!r->final) {
        complain(q, id);
        return;
    }
    if (hop != HOP_COUNT)
        add_hop(r, hop, now);
    if (q->sink && !r->warmup)
        q->sink(q->sink_ctx, r);
    release(q, r);
}

/* Merged or dropped: counted in `fate`, and nothing more will come. */
static void end(struct irqs *q, irq_id id, enum irq_reason why, bool merged)
{
    struct irq_record *r = unsettled(q, id);
    struct irq_counts *c;

    if (!r)
        return;
    assert(why < IRQ_REASON_COUNT);
    c = &q->count[r->source];
    c->merged += merged;
    c->dropped += !merged;
    c->by_reason[why]++;
    release(q, r);
}

void irq_merge(struct irqs *q, irq_id id, enum irq_reason why)
{
    end(q, id, why, true);
}

void irq_drop(struct irqs *q, irq_id id, enum irq_reason why)
{
    end(q, id, why, false);
}

uint16_t irq_source(const struct irqs *q, irq_id id)
{
    const struct irq_record *r = find(q, id);

    return r ? r->source : IRQ_SOURCES_MAX;
}

bool irq_pending(const struct irqs *q, irq_id id)
{
    const struct irq_record *r = find(q, id);

    return r && !r->final;
}

void irqs_restart_counts(struct irqs *q)
{
    memset(q->count, 0, sizeof q->count);
    for (uint32_t i = 0; i < q->capacity; i++) {
        struct irq_record *r = &q->record[i];

        if (!r->id)
            continue;
        if (r->final)
            r->warmup = true;
        else
            q->count[r->source].sent++;
    }
}

uint64_t irqs_pending(const struct irqs *q, uint16_t source)
{
    uint64_t pending = 0;

    for (uint32_t i = 0; i < q->capacity; i++) {
        const struct irq_record *r = &q->record[i];

        pending += r->id && !r->final && r->source == source;
    }
    return pending;
}

void irqs_forget_held(struct irqs *q)
{
    for (uint32_t i = 0; i < q->capacity; i++)
        q->record[i].held = false;
}

void irqs_mark_held(void *irqs, irq_id id)
{
    struct irq_record *r = find(irqs, id);

    if (r)
        r->held = true;
}

/* sent = delivered + merged + dropped + pending, source by source. */
static bool sums_hold(struct irqs *q)
{
    for (uint16_t s = 0; s < q->sources; s++) {
        const struct irq_counts *c = &q->count[s];
        uint64_t pending = irqs_pending(q, s);

        if (c->sent == c->delivered + c->merged + c->dropped + pending)
            continue;
        snprintf(q->problem, sizeof q->problem,
                 "source %u: %ju sent, but %ju delivered + %ju merged + "
                 "%ju dropped + %ju pending",
                 s, (uintmax_t)c->sent, (uintmax_t)c->delivered,
                 (uintmax_t)c->merged, (uintmax_t)c->dropped,
                 (uintmax_t)pending);
        return false;
    }
    return true;
}

const char *irqs_check(struct irqs *q)
{
    if (!sums_hold(q))
        return q->problem;
    for (uint32_t i = 0; i < q->capacity; i++) {
        const struct irq_record *r = &q->record[i];

        if (!r->id || r->final || r->held)
            continue;
        snprintf(q->problem, sizeof q->problem,
                 "interrupt %ju of source %u is pending after %s, but no "
                 "node holds it",
                 (uintmax_t)(r->id >> SLOT_BITS), r->source,
                 hop_name(r->hop[r->hops - 1].hop));
        return q->problem;
    }
    return NULL;
}
