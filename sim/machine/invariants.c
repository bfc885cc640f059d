/*
 * What holds at every event, or the run stops.  `explore` looks after each, a
 * run at each delivery and at what waits then, at all else now and then.
 *
 * When an interrupt reaches its handler: its vector is the highest in service
 * of the APIC that it came from, and was the highest that waited there; no
 * other one of its class is in service, its class is above the TPR's, and the
 * code that it interrupted had IF = 1.  It has not ended before, and what
 * waits and is in service at that APIC are interrupts that were sent; for all
 * APICs and descriptors books.c says so now and then.
 *
 * Of every CPU: it does not wait while there is something to take, RVI and SVI
 * are the highest bits of the virtual-APIC page.
 *
 * Of every virtual CPU: what was posted or queued for it will be looked at, as
 * a notification or its sender is on the way, or its CPU is in root operation
 * and passes the next VM entry, or it waits for a CPU, and none of those that
 * it may have is idle; its descriptor tells of its state.
 *
 * CPUs whose local APIC is RTL are looked at without it.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/cpu/vapic.h"
#include "sim/machine/machine_private.h"
#include "software/kvm_sched.h"

enum invariant {
#define INVARIANT(name, sentence) INVARIANT_##name,
#include "sim/machine/invariants.def"
#undef INVARIANT
    INVARIANT_COUNT
};

static const char *const sentences[] = {
#define INVARIANT(name, sentence) sentence,
#include "sim/machine/invariants.def"
#undef INVARIANT
};

static void append(struct machine *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct machine *m, const char *format, ...)
{
    size_t used = strlen(m->violation);
    va_list ap;

    va_start(ap, format);
    vsnprintf(m->violation + used, sizeof m->violation - used, format, ap);
    va_end(ap);
}

/* The way that the interrupt has gone. */
static void append_hops(struct machine *m, irq_id irq)
{
    const struct irq_record *r = irq_last(&m->irqs, irq);

    if (!r)
        return;
    append(m, "; the interrupt, of %s:", m->source_name[r->source]);
    for (unsigned i = 0; i < r->hops; i++)
        append(m, "%s %s at %.3f ns", i ? "," : "",
               hop_name((enum hop)r->hop[i].hop),
               (double)r->hop[i].time / (double)SIM_NS);
}

/* `c`: NULL if it is no CPU's. */
static void violate(struct machine *m, const struct machine_cpu *c,
                    enum invariant what, irq_id irq)
{
    if (*m->violation)
        return; /* the first one counts */
    if (c)
        append(m, "CPU %u breaks \"%s\"", c->index, sentences[what]);
    else
        append(m, "this is broken: \"%s\"", sentences[what]);
    append_hops(m, irq);
    engine_stop(&m->engine);
}

static void look_at_books(struct machine *m)
{
    struct misfit f;

    if (*m->violation || !books_differ(m, &f))
        return;
    violate(m, NULL, f.lost ? INVARIANT_KEPT : INVARIANT_SENT, f.irq);
    append(m, "; vector %02Xh in the %s of %s %u", f.vector, f.array, f.owner,
           f.index);
}

/* ---- an interrupt reaches its handler ---- */

/* The APIC that it came from. */
struct origin {
    struct vecset irr, isr;
    uint32_t tpr;
    const irq_id *irr_irq, *isr_irq;
    enum hop accept; /* when an interrupt came there */
};

static bool delivers_virtually(const struct vmcs *v)
{
    return vmcs_secondary(v) & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY;
}

/* The virtual CPU whose VMCS the CPU has, or NULL. */
static const struct kvm *current(const struct machine_cpu *c)
{
    const struct machine *m = c->machine;

    for (unsigned i = 0; i < m->vcpus; i++)
        if (m->vcpu[i].kvm && &m->vcpu[i].kvm->vmcs == c->node.cpu.vmcs)
            return m->vcpu[i].kvm;
    return NULL;
}

/* `tpr`: a guest whose interrupts are the CPU's has none. */
static struct origin physical_origin(const struct lapic_node *n, uint32_t tpr)
{
    return (struct origin){n->lapic.irr, n->lapic.isr, tpr,
                           n->irr_irq,   n->isr_irq,   HOP_LAPIC_ACCEPT};
}

static struct origin virtual_origin(struct machine *m, const struct kvm *k)
{
    const struct vmcs *v = &k->vmcs;

    if (!delivers_virtually(v))
        return (struct origin){k->vlapic.irr, k->vlapic.isr, k->vlapic.tpr,
                               v->virr_irq,   v->visr_irq,   HOP_VLAPIC_ACCEPT};
    return (struct origin){
        .irr = books_page_vectors(m, v, VAPIC_IRR),
        .isr = books_page_vectors(m, v, VAPIC_ISR),
        .tpr = mem_read32(&m->mem,
                          vmcs_get(v, VMCS_VIRTUAL_APIC_ADDRESS) + VAPIC_TPR),
        .irr_irq = v->virr_irq,
        .isr_irq = v->visr_irq,
        .accept = HOP_VLAPIC_ACCEPT,
    };
}

static bool serves(const struct origin *o, irq_id irq)
{
    int top = vecset_top(&o->isr);

    return top >= 0 && o->isr_irq[top] == irq;
}

/* The time of the hop, or SIM_TIME_NEVER. */
static sim_time hop_time(const struct irq_record *r, enum hop hop)
{
    for (unsigned i = 0; i < r->hops; i++)
        if (r->hop[i].hop == hop)
            return r->hop[i].time;
    return SIM_TIME_NEVER;
}

/* No local APIC has it in service. */
static bool from_8259(const struct irq_record *r)
{
    return hop_time(r, HOP_PIC_ACK) != SIM_TIME_NEVER;
}

/* False: it is an 8259, or a twin that acts for the local APIC, and keeps ISR
 * to itself. */
static bool find_origin(struct machine *m, const struct machine_cpu *c,
                        const struct irq_record *r, struct origin *o)
{
    const struct kvm *k = current(c);

    if (k)
        *o = virtual_origin(m, k);
    if (k && serves(o, r->id))
        return true;
    if (from_8259(r))
        return false;
    if (k && !k->config.eli)
        return true;
    *o = physical_origin(&c->lapic, k ? 0 : c->lapic.lapic.tpr);
    return m->scenario->machine.lapic != IMPLEMENTATION_RTL;
}

static bool alone_in_class(const struct vecset *isr, unsigned vector)
{
    uint64_t word = isr->word[vector / 64] >> (vector % 64 & ~15u);

    return !((word & 0xffff) & ~(UINT64_C(1) << vector % 16));
}

static sim_time earlier(sim_time a, sim_time b)
{
    return a < b ? a : b;
}

/* When it left the IRR, or later: when its delivery or the VM entry began; or,
 * if it is injected a second time, the first time. */
static sim_time taken_at(const struct cpu_node *n, const struct irq_record *r)
{
    sim_time injected = hop_time(r, HOP_INJECTION);

    return earlier(n->start, earlier(injected, hop_time(r, HOP_VM_EXIT)));
}

/* Was one above it there already?  A search may turn round what is inside its
 * window: there the times do not tell. */
static bool passed_over(const struct machine *m, const struct cpu_node *n,
                        const struct origin *o, const struct irq_record *r)
{
    const struct irq_record *above = NULL;
    int top = vecset_top(&o->irr);
    sim_time came, taken;

    if (top > vecset_top(&o->isr))
        above = irq_find(&m->irqs, o->irr_irq[top]);
    if (!above)
        return false;
    came = hop_time(above, o->accept);
    taken = taken_at(n, r);
    return came < taken && taken - came > m->turned_round;
}

/* INVARIANT_COUNT: none. */
static enum invariant priority_broken(const struct machine *m,
                                      const struct cpu_node *n,
                                      const struct origin *o,
                                      const struct irq_record *r)
{
    int top = vecset_top(&o->isr);

    if (!serves(o, r->id))
        return INVARIANT_HIGHEST;
    if (passed_over(m, n, o, r))
        return INVARIANT_ORDER;
    if (!alone_in_class(&o->isr, (unsigned)top))
        return INVARIANT_ONE_OF_CLASS;
    if (class_of(top) <= class_of((int)o->tpr))
        return INVARIANT_TPR;
    return INVARIANT_COUNT;
}

#define FRAME_RFLAGS 16u /* bytes above RSP: RIP and CS come before */

static bool had_interrupts_off(struct machine *m, const struct cpu *c)
{
    return !(mem_read64(&m->mem, c->rsp + FRAME_RFLAGS) & RFLAGS_IF);
}

/* Is there a vector of which nobody knows what sent it?  Most often there is
 * none but the one that was delivered. */
static bool knows_not(const struct origin *o)
{
    struct vecset others = o->isr;

    vecset_del(&others, (uint8_t)vecset_top(&o->isr));
    if (vecset_empty(&o->irr) && vecset_empty(&others))
        return false;
    return books_unknown_vector(&o->irr, o->irr_irq) >= 0 ||
           books_unknown_vector(&o->isr, o->isr_irq) >= 0;
}

static void look_at_delivery(struct machine *m, const struct machine_cpu *c,
                             const struct irq_record *r)
{
    enum invariant what = INVARIANT_COUNT;
    struct origin o;
    bool found = find_origin(m, c, r, &o);

    if (found)
        what = priority_broken(m, &c->node, &o, r);
    if (had_interrupts_off(m, &c->node.cpu))
        what = INVARIANT_INTERRUPT_FLAG;
    if (what != INVARIANT_COUNT)
        violate(m, c, what, r->id);
    else if (found && knows_not(&o))
        look_at_books(m);
}

/* ---- what waits for a guest ---- */

static uint64_t descriptor(const struct kvm *k)
{
    return kvm_is_posted_to(&k->config) ? kvm_descriptor(&k->config) : 0;
}

/* The interrupt that waits in the descriptor, or 0. */
static irq_id posted_irq(const struct machine *m, uint64_t pid)
{
    for (uint32_t i = 0; i < m->posted_irqs.count; i++)
        for (unsigned v = 0; m->posted_irqs.row[i].pid == pid && v < 256; v++)
            if (m->posted_irqs.row[i].irq[v])
                return m->posted_irqs.row[i].irq[v];
    return 0;
}

/* What waits in the descriptor. */
struct waiting {
    bool vectors, outstanding; /* in PIR; ON */
};

static struct waiting waits_at(struct machine *m, uint64_t pid)
{
    uint64_t word[PID_CONTROL / 8 + 1];

    mem_read(&m->mem, pid, word, sizeof word);
    return (struct waiting){
        .vectors = word[0] | word[1] | word[2] | word[3],
        .outstanding = le64toh(word[PID_CONTROL / 8]) & PID_ON,
    };
}

/* Vectors below 16 are never accepted. */
static bool requests_wait(const struct lapic_node *n)
{
    for (unsigned v = 16; v < 256; v++)
        if (lapic_node_in_irr(n, (uint8_t)v))
            return true;
    return false;
}

/* The CPU itself will look before the guest's next instruction. */
static bool looks_itself(const struct machine_cpu *c)
{
    switch (c->node.step) {
    case STEP_WAIT:
        return c->node.cpu.intr || event_scheduled(&c->lapic.intr_event);
    case STEP_POSTED:
    case STEP_EXIT:
    case STEP_INTA_EXIT:
        return true;
    default:
        return !c->node.cpu.non_root || c->node.cpu.intr ||
               event_scheduled(&c->lapic.intr_event) ||
               requests_wait(&c->lapic);
    }
}

/* Another CPU of the host is at work, or a message is under way. */
static bool told_by_others(const struct machine *m, const struct machine_cpu *c)
{
    for (unsigned i = 0; i < m->cpus; i++) {
        const struct machine_cpu *o = &m->cpu[i];

        if (o->lapic.sending_count)
            return true;
        if (o != c && o->node.step != STEP_WAIT && o->node.root_is_host &&
            !o->node.cpu.non_root)
            return true;
    }
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++)
        if (m->fabric.message[i].in_use && m->fabric.message[i].cpu == c->index)
            return true;
    return false;
}

/* Something that no processor posts: the first of it, or 0. */
static irq_id queued_irq(const struct kvm *k)
{
    int v = vecset_top(&k->inbox);

    if (k->queued)
        return k->queued_irq[__builtin_ctzll(k->queued)];
    return v < 0 ? 0 : k->inbox_irq[v];
}

/* Not while the CPU takes what is posted, or leaves the guest. */
static bool runs_guest(const struct machine_cpu *c, const struct kvm *k)
{
    return c->node.cpu.non_root && c->node.cpu.vmcs == &k->vmcs &&
           c->node.step != STEP_POSTED && c->node.step != STEP_EXIT;
}

/* Somebody has to look. */
static __attribute__((noinline)) void
look_for_lookers(struct machine *m, const struct kvm *k, struct waiting posted)
{
    const struct machine_cpu *c = &m->cpu[k->cpu];
    bool waits = posted.vectors || posted.outstanding;

    if (!looks_itself(c) && !told_by_others(m, c))
        violate(m, c, waits ? INVARIANT_POSTED_SEEN : INVARIANT_QUEUED_SEEN,
                waits ? posted_irq(m, descriptor(k)) : queued_irq(k));
    if (posted.vectors && !posted.outstanding && runs_guest(c, k))
        violate(m, c, INVARIANT_OUTSTANDING, posted_irq(m, descriptor(k)));
}

static void look_at_waiting(struct machine *m, const struct kvm *k)
{
    uint64_t pid = descriptor(k);
    struct waiting posted = pid ? waits_at(m, pid) : (struct waiting){0};
    bool waits = posted.vectors | posted.outstanding;

    /* most often nothing waits, and whoever would look need not be found */
    if ((waits || k->queued || !vecset_empty(&k->inbox)) &&
        k->state != KVM_RUNNABLE)
        look_for_lookers(m, k, posted);
}

/* ---- lines ---- */

/* Asserted, and masked by the host until the guest's EOI. */
static bool line_waits(const struct machine *m, const struct kvm_irq *irq)
{
    unsigned pin = (irq->rte_select - IOAPIC_AT_RTE_LOW) / 2u;
    const struct ioapic *io = &m->ioapic[irq->ioapic].ioapic;

    return vecset_has(&io->high, (uint8_t)pin) &&
           (io->rte[pin] & IOAPIC_RTE_MASKED);
}

/* The guest's APIC has the vector; in the guest it is the processor's. */
static bool has_vector(struct machine *m, const struct kvm *k, uint8_t v)
{
    const struct cpu *cpu = &m->cpu[k->cpu].node.cpu;
    struct vecset irr = k->vlapic.irr, isr = k->vlapic.isr;

    if (cpu->non_root && cpu->vmcs == &k->vmcs &&
        delivers_virtually(&k->vmcs)) {
        irr = books_page_vectors(m, &k->vmcs, VAPIC_IRR);
        isr = books_page_vectors(m, &k->vmcs, VAPIC_ISR);
    }
    return vecset_has(&irr, v) || vecset_has(&isr, v);
}

static void look_at_lines(struct machine *m, const struct kvm *k)
{
    const struct machine_cpu *c = &m->cpu[k->cpu];

    if (m->posted.count)
        return; /* a write is under way, which may open it */
    for (uint32_t i = 0; i < k->config.irq_count; i++) {
        const struct kvm_irq *irq = &k->config.irq[i];

        if (!irq->rte_select || !line_waits(m, irq) || (k->queued >> i & 1) ||
            has_vector(m, k, irq->guest_vector) || looks_itself(c) ||
            told_by_others(m, c))
            continue;
        violate(m, c, INVARIANT_LINE_SEEN, 0);
    }
}

/* ---- the scheduler ---- */

static uint64_t control_of(const struct kvm *k)
{
    static const uint8_t vector[] = {
        [KVM_RUNNABLE] = KVM_NOTIFICATION_VECTOR,
        [KVM_RUNNING] = KVM_NOTIFICATION_VECTOR,
        [KVM_BLOCKED] = KVM_WAKEUP_VECTOR,
    };
    const struct kvm_cpu *c = &k->config.host->cpu[k->cpu];

    return (k->state == KVM_RUNNABLE ? PID_SN : 0) |
           (uint64_t)vector[k->state] << PID_NV_SHIFT |
           (uint64_t)c->config.ndst << PID_NDST_SHIFT;
}

static void look_at_descriptor(struct machine *m, const struct kvm *k)
{
    uint64_t pid = descriptor(k);

    if (k->config.mistake == KVM_NV_NOT_SWITCHED)
        return; /* it is what is lost by it that is to be found */
    if (pid &&
        (mem_read64(&m->mem, pid + PID_CONTROL) & ~PID_ON) != control_of(k))
        violate(m, &m->cpu[k->cpu], INVARIANT_DESCRIPTOR, posted_irq(m, pid));
}

static bool at_rest(const struct machine_cpu *c)
{
    return c->node.step == STEP_WAIT && !c->node.cpu.non_root &&
           !looks_itself(c) && !told_by_others(c->machine, c);
}

static void look_at_queue(struct machine *m, const struct machine_cpu *c)
{
    if (c->host && kvm_sched_waits(c->host) && at_rest(c))
        violate(m, c, INVARIANT_BUSY, 0);
}

/* ---- the virtual-APIC page ---- */

static void look_at_page(struct machine *m, const struct machine_cpu *c)
{
    const struct vmcs *v = c->node.cpu.vmcs;
    uint64_t page;
    uint8_t virr, visr;

    if (!c->node.cpu.non_root || !delivers_virtually(v))
        return;
    page = vmcs_get(v, VMCS_VIRTUAL_APIC_ADDRESS);
    virr = vapic_top(&m->mem, page + VAPIC_IRR);
    visr = vapic_top(&m->mem, page + VAPIC_ISR);
    if (c->node.cpu.vapic.rvi != virr)
        violate(m, c, INVARIANT_RVI, v->virr_irq[virr]);
    if (c->node.cpu.vapic.svi != visr)
        violate(m, c, INVARIANT_SVI, v->visr_irq[visr]);
}

/* ---- the whole ---- */

static void look_at_rest(struct machine *m, const struct machine_cpu *c)
{
    const struct cpu_node *n = &c->node;

    if (n->step == STEP_WAIT && !n->in_step &&
        !event_scheduled(&n->step_event) &&
        cpu_recognize(&n->cpu) != CPU_EVENT_NONE)
        violate(m, c, INVARIANT_AWAKE, 0);
}

/* A guest would wait for ever. */
static void look_at_entries(struct machine *m, const struct machine_cpu *c)
{
    const uint64_t *exits = c->node.account.exits;

    if (c->host && (exits[EXIT_INVALID_GUEST_STATE] | exits[EXIT_MSR_LOADING]))
        violate(m, c, INVARIANT_ENTRY, 0);
}

/* A CPU, and the virtual CPUs that are there. */
static void look_at_cpu(struct machine *m, const struct machine_cpu *c)
{
    look_at_rest(m, c);
    look_at_entries(m, c);
    look_at_page(m, c);
    look_at_queue(m, c);
    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct kvm *k = m->vcpu[i].kvm;

        if (!k || k->cpu != c->index)
            continue;
        look_at_waiting(m, k);
        look_at_descriptor(m, k);
        look_at_lines(m, k);
    }
}

const char *invariants_broken(struct machine *m)
{
    for (unsigned i = 0; i < m->cpus; i++)
        look_at_cpu(m, &m->cpu[i]);
    return *m->violation ? m->violation : NULL;
}

const char *invariants_broken_at_all(struct machine *m)
{
    look_at_books(m);
    return invariants_broken(m);
}

const char *invariants_lost(struct machine *m, irq_id irq)
{
    violate(m, NULL, INVARIANT_CONSERVATION, irq);
    return m->violation;
}

/* ---- while the machine runs ---- */

/* The whole machine costs more than what one delivery does, and its books even
 * more; what is broken there stays so.  But what waits unseen can be found by
 * the next notification. */
#define DELIVERIES_A_LOOK 16u
#define DELIVERIES_A_LOOK_AT_BOOKS 1024u

static void on_delivered(void *machine, const struct irq_record *r)
{
    struct machine *m = machine;

    if (r->hop[r->hops - 1].hop != HOP_GUEST_HANDLER)
        return;
    for (unsigned i = 0; i < m->cpus; i++)
        if (m->cpu[i].node.vectored_irq == r->id)
            look_at_delivery(m, &m->cpu[i], r);
    for (unsigned i = 0; i < m->vcpus; i++)
        if (m->vcpu[i].kvm)
            look_at_waiting(m, m->vcpu[i].kvm);
    if (++m->delivered % DELIVERIES_A_LOOK == 0)
        invariants_broken(m);
    if (m->delivered % DELIVERIES_A_LOOK_AT_BOOKS == 0)
        look_at_books(m);
}

static void on_wrong(void *machine, irq_id irq)
{
    violate(machine, NULL, INVARIANT_CONSERVATION, irq);
}

void invariants_init(struct machine *m)
{
    m->irqs.watch = on_delivered;
    m->irqs.wrong = on_wrong;
    m->irqs.watch_ctx = m;
}
