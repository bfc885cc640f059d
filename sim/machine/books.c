/*
 * Do registers, descriptors and the ledger of interrupts tell the same?
 *
 * Where a vector waits or is in service there is an interrupt that stands for
 * it, or one is delivered that nobody has sent, or a second time.  Where an
 * interrupt is said to wait its bit is set, or it is lost.  Looked at are the
 * local APICs, the guests' APICs with what waits before them, and the
 * posted-interrupt descriptors.  A local APIC that is RTL keeps its state to
 * itself.
 */
#include "models/cpu/vapic.h"
#include "sim/core/pid.h"
#include "sim/machine/machine_private.h"

struct vecset books_page_vectors(struct machine *m, const struct vmcs *v,
                                 uint32_t offset)
{
    return vapic_vectors(&m->mem,
                         vmcs_get(v, VMCS_VIRTUAL_APIC_ADDRESS) + offset);
}

int books_unknown_vector(const struct vecset *vectors, const irq_id *irq)
{
    for (unsigned i = 0; i < 4; i++)
        for (uint64_t left = vectors->word[i]; left; left &= left - 1) {
            unsigned v = 64 * i + (unsigned)__builtin_ctzll(left);

            if (!irq[v])
                return (int)v;
        }
    return -1;
}

/* One array, and what is said to be in it. */
struct page {
    const char *array;
    struct vecset vectors;
    const irq_id *irq;
};

/* The first interrupt whose bit is not set, or -1. */
static int lost_vector(const struct page *p)
{
    for (unsigned v = 0; v < 256; v++)
        if (p->irq[v] && !vecset_has(&p->vectors, (uint8_t)v))
            return (int)v;
    return -1;
}

/* True: `found` says what and where. */
static bool differs(const struct page *pages, unsigned n, struct misfit *found)
{
    for (unsigned i = 0; i < n; i++) {
        const struct page *p = &pages[i];
        int unknown = books_unknown_vector(&p->vectors, p->irq);
        int v = unknown < 0 ? lost_vector(p) : unknown;

        if (v < 0)
            continue;
        found->lost = unknown < 0;
        found->irq = p->irq[v];
        found->array = p->array;
        found->vector = (uint8_t)v;
        return true;
    }
    return false;
}

static bool lapic_differs(const struct machine *m, const struct lapic_node *n,
                          struct misfit *found)
{
    const struct page pages[] = {{"IRR", n->lapic.irr, n->irr_irq},
                                 {"ISR", n->lapic.isr, n->isr_irq}};

    return m->scenario->machine.lapic != IMPLEMENTATION_RTL &&
           differs(pages, 2, found);
}

/* Its virtual-APIC page while it runs; else the hypervisor's copy, or still or
 * already the page. */
static bool apic_differs(struct machine *m, const struct kvm *k,
                         struct misfit *found)
{
    const struct vmcs *v = &k->vmcs;
    const struct cpu *c = &m->cpu[k->cpu].node.cpu;
    bool paged = vmcs_secondary(v) & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY;
    struct page pages[] = {{"IRR", k->vlapic.irr, v->virr_irq},
                           {"ISR", k->vlapic.isr, v->visr_irq}};

    if (!(paged && c->non_root && c->vmcs == v) && !differs(pages, 2, found))
        return false;
    if (!paged)
        return true;
    pages[0].vectors = books_page_vectors(m, v, VAPIC_IRR);
    pages[1].vectors = books_page_vectors(m, v, VAPIC_ISR);
    return differs(pages, 2, found);
}

static bool guest_differs(struct machine *m, const struct kvm *k,
                          struct misfit *found)
{
    const struct page inbox = {"inbox", k->inbox, k->inbox_irq};

    return apic_differs(m, k, found) || differs(&inbox, 1, found);
}

/* What is sent to a thread need not be in its descriptor. */
static bool descriptor_differs(struct machine *m, const struct kvm *k,
                               struct misfit *found)
{
    uint64_t pid = kvm_descriptor(&k->config);
    struct page pir = {.array = "PIR"};

    for (uint32_t i = 0; i < m->posted_irqs.count; i++)
        if (m->posted_irqs.row[i].pid == pid)
            pir.irq = m->posted_irqs.row[i].irq;
    for (unsigned i = 0; i < 4; i++)
        pir.vectors.word[i] = mem_read64(&m->mem, pid + PID_PIR + 8 * i);
    return pir.irq && differs(&pir, 1, found);
}

bool books_differ(struct machine *m, struct misfit *found)
{
    found->owner = "CPU";
    for (unsigned i = 0; i < m->cpus; i++) {
        found->index = i;
        if (lapic_differs(m, &m->cpu[i].lapic, found))
            return true;
    }
    found->owner = "virtual CPU";
    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct kvm *k = m->vcpu[i].kvm;

        found->index = i;
        if (k &&
            (guest_differs(m, k, found) || descriptor_differs(m, k, found)))
            return true;
    }
    return false;
}
