/*
 * At the end of every run: do the books balance?
 *
 * Conservation: for each source, sent = delivered + merged + dropped +
 * pending, where pending are the interrupts that some node really holds.
 * Accounting: for each CPU, the shares add up to the measured cycles, and the
 * host's cycles by exit reason to its share.
 * Twins: RTL that runs in place of a model kept the time of its node.
 */
#include <stdio.h>

#include "sim/machine/machine_private.h"

static void mark_held(struct machine *m)
{
    struct irqs *q = &m->irqs;

    irqs_forget_held(q);
    fabric_each_held(m, irqs_mark_held, q);
    for (unsigned i = 0; i < m->ioapics; i++)
        ioapic_node_each_held(&m->ioapic[i], irqs_mark_held, q);
    posted_irqs_each_held(&m->posted_irqs, irqs_mark_held, q);
    if (m->pic)
        pic_node_each_held(m->pic, irqs_mark_held, q);
    for (unsigned i = 0; i < m->units; i++)
        iommu_node_each_held(&m->unit[i].node, irqs_mark_held, q);
    for (unsigned i = 0; i < m->devices; i++)
        pcie_node_each_held(&m->device[i].fn, irqs_mark_held, q);
    for (unsigned i = 0; i < m->cpus; i++) {
        lapic_node_each_held(&m->cpu[i].lapic, irqs_mark_held, q);
        cpu_node_each_held(&m->cpu[i].node, irqs_mark_held, q);
    }
    for (unsigned i = 0; i < m->vcpus; i++) {
        irqs_mark_held(q, m->vcpu[i].workload->thread.signal);
        if (m->vcpu[i].kvm)
            kvm_each_held(m->vcpu[i].kvm, irqs_mark_held, q);
    }
}

/* One that is pending, and no node holds it; or 0. */
static irq_id lost(const struct irqs *q)
{
    for (uint32_t i = 0; i < q->capacity; i++) {
        const struct irq_record *r = &q->record[i];

        if (r->id && !r->final && !r->held)
            return r->id;
    }
    return 0;
}

/* How many pending interrupts of a source some node holds. */
static uint64_t held(const struct irqs *q, uint16_t source)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < q->capacity; i++) {
        const struct irq_record *r = &q->record[i];

        n += r->id && !r->final && r->held && r->source == source;
    }
    return n;
}

const char *audit_interrupts(struct machine *m)
{
    mark_held(m);
    if (lost(&m->irqs))
        return invariants_lost(m, lost(&m->irqs));
    for (uint16_t s = 0; s < m->irqs.sources; s++) {
        const struct irq_counts *c = &m->irqs.count[s];
        uint64_t settled = c->delivered + c->merged + c->dropped;
        uint64_t pending = held(&m->irqs, s);

        if (c->sent == settled + pending)
            continue;
        snprintf(m->complaint, sizeof m->complaint,
                 "interrupts of %s: %ju sent, but %ju delivered + %ju merged "
                 "+ %ju dropped + %ju held",
                 m->source_name[s], (uintmax_t)c->sent, (uintmax_t)c->delivered,
                 (uintmax_t)c->merged, (uintmax_t)c->dropped,
                 (uintmax_t)pending);
        return m->complaint;
    }
    return NULL;
}

static const char *complain(struct machine *m, unsigned cpu, const char *what,
                            const uint64_t sum_and_want[2])
{
    snprintf(m->complaint, sizeof m->complaint,
             "cycles of CPU %u: the %s add up to %ju, not to %ju", cpu, what,
             (uintmax_t)sum_and_want[0], (uintmax_t)sum_and_want[1]);
    return m->complaint;
}

static uint64_t sum(const uint64_t *cycles, unsigned n)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < n; i++)
        total += cycles[i];
    return total;
}

/* The shares make up the run, the exit reasons make up the host's share. */
static const char *audit_cycles(struct machine *m)
{
    uint64_t run = (m->end - m->measure_from) / m->core.period;

    for (unsigned i = 0; i < m->cpus; i++) {
        const struct cpu_account *a = &m->cpu[i].node.account;
        uint64_t shares[2] = {sum(a->cycles, SHARE_COUNT), run};
        uint64_t reasons[2] = {sum(a->host_by_reason, NO_EXIT_YET + 1),
                               a->cycles[SHARE_HOST]};

        if (shares[0] != shares[1])
            return complain(m, i, "shares", shares);
        if (reasons[0] != reasons[1])
            return complain(m, i, "host's cycles by exit reason", reasons);
    }
    return NULL;
}

/* RTL twins that did not do what was due at the time that the profile says. */
static const char *audit_twins(struct machine *m)
{
    const char *complaint = NULL;

    for (unsigned i = 0; i < m->twins && !complaint; i++)
        complaint = m->twin[i].call->complaint(m->twin[i].of);
    return complaint;
}

const char *audit(struct machine *m)
{
    const char *complaint = audit_twins(m);

    if (!complaint)
        complaint = audit_interrupts(m);
    return complaint ? complaint : audit_cycles(m);
}
