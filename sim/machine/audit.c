/*
 * At the end of every run: do the books balance?
 *
 * Conservation: for each source, sent = delivered + merged + dropped +
 * pending, where pending are the interrupts that some node really holds.
 * Accounting: for each CPU, the shares add up to the measured cycles.
 */
#include <stdio.h>

#include "sim/machine/machine_private.h"

struct holders {
    const struct machine *machine;
    uint64_t held[IRQ_SOURCES_MAX];
    irq_id seen[4096]; /* an interrupt may be in several hands */
    unsigned count;
};

static bool seen_before(struct holders *h, irq_id id)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->seen[i] == id)
            return true;
    if (h->count < sizeof h->seen / sizeof h->seen[0])
        h->seen[h->count++] = id;
    return false;
}

static void hold(void *ctx, irq_id id)
{
    struct holders *h = ctx;
    const struct irqs *q = &h->machine->irqs;

    if (irq_pending(q, id) && !seen_before(h, id))
        h->held[irq_source(q, id)]++;
}

static void count_held(const struct machine *m, struct holders *h)
{
    fabric_each_held(m, hold, h);
    for (unsigned i = 0; i < m->devices; i++)
        pcie_node_each_held(&m->device[i].fn, hold, h);
    for (unsigned i = 0; i < m->cpus; i++) {
        lapic_node_each_held(&m->cpu[i].lapic, hold, h);
        cpu_node_each_held(&m->cpu[i].node, hold, h);
        if (m->cpu[i].kvm)
            kvm_each_held(m->cpu[i].kvm, hold, h);
    }
}

static const char *audit_interrupts(struct machine *m)
{
    struct holders h = {.machine = m};

    count_held(m, &h);
    for (uint16_t s = 0; s < m->irqs.sources; s++) {
        const struct irq_counts *c = &m->irqs.count[s];
        uint64_t settled = c->delivered + c->merged + c->dropped;

        if (c->sent == settled + h.held[s])
            continue;
        snprintf(m->complaint, sizeof m->complaint,
                 "interrupts of %s: %ju sent, but %ju delivered + %ju merged "
                 "+ %ju dropped + %ju held",
                 m->source_name[s], (uintmax_t)c->sent, (uintmax_t)c->delivered,
                 (uintmax_t)c->merged, (uintmax_t)c->dropped,
                 (uintmax_t)h.held[s]);
        return m->complaint;
    }
    return NULL;
}

static const char *audit_cycles(struct machine *m)
{
    uint64_t want = (m->end - m->measure_from) / m->core.period;

    for (unsigned i = 0; i < m->cpus; i++) {
        const uint64_t *cycles = m->cpu[i].node.account.cycles;
        uint64_t sum = 0;

        for (unsigned s = 0; s < SHARE_COUNT; s++)
            sum += cycles[s];
        if (sum == want)
            continue;
        snprintf(m->complaint, sizeof m->complaint,
                 "cycles of CPU %u: the shares add up to %ju, not to %ju", i,
                 (uintmax_t)sum, (uintmax_t)want);
        return m->complaint;
    }
    return NULL;
}

const char *audit(struct machine *m)
{
    const char *complaint = audit_interrupts(m);

    return complaint ? complaint : audit_cycles(m);
}
