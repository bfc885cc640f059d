/* Events on the engine: interrupts and signals taken at an instruction
 * boundary, with their acknowledge, their delivery and their identities. */
#include "models/cpu/cpu_node_private.h"
#include "models/cpu/cpu_uintr_node.h"
#include "models/cpu/cpu_vapic_node.h"
#include "models/cpu/vapic.h"

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_BSP (1u << 8)

static bool acknowledges_on_exit(const struct cpu_node *n)
{
    return vmcs_get(n->cpu.vmcs, VMCS_EXIT_CONTROLS) & EXIT_CTL_ACKNOWLEDGE;
}

static uint8_t vectored(struct cpu_node *n, struct cpu_ack ack)
{
    n->vectored_irq = ack.irq;
    n->vectored_no_eoi = ack.no_eoi;
    return ack.vector;
}

static struct cpu_ack acknowledge(struct cpu_node *n)
{
    return n->config.apic.acknowledge(n->config.apic.apic);
}

/* `ack`: NULL if the exit does not acknowledge. */
static uint64_t begin_intr_exit(struct cpu_node *n, const struct cpu_ack *ack)
{
    struct cpu_exit x = cpu_intr_exit(ack, ack ? vectored(n, *ack) : 0);
    uint64_t cycles = cpu_node_begin_exit(n, &x);

    cpu_node_attribute_exit(n, n->vectored_irq);
    return cycles;
}

/* Whose time it is while the CPU turns to an interrupt. */
static enum cpu_share delivery_share(const struct cpu_node *n)
{
    enum cpu_share share = cpu_node_share(n);

    return share == SHARE_GUEST ? SHARE_GUEST_IRQ : share;
}

/* A notification of user interrupts ends at the local APIC at once. */
static void acknowledge_notification(struct cpu_node *n)
{
    const struct cpu_apic_port *apic = &n->config.apic;

    irq_deliver(n->config.irqs, n->vectored_irq, HOP_POSTED_PROCESSING,
                engine_now(n->config.engine));
    n->vectored_irq = 0;
    apic->eoi(apic->apic);
}

static uint64_t begin_delivery(struct cpu_node *n, struct cpu_ack ack,
                               bool extint)
{
    bool notifies = !extint && uintr_identifies(&n->cpu.uintr, ack.vector);

    n->vectored = (struct cpu_vectored){
        .vector = vectored(n, ack),
        .type = INTR_TYPE_EXTERNAL,
        .extint = extint,
        .return_rip = n->cpu.rip,
    };
    if (notifies)
        acknowledge_notification(n);
    return cpu_node_begin(n, STEP_DELIVERY, delivery_share(n),
                          notifies ? n->config.costs.user_notification
                                   : n->config.costs.interrupt_delivery);
}

static uint64_t begin_nmi(struct cpu_node *n)
{
    n->vectored = cpu_take_nmi(&n->cpu);
    n->account.nmis++;
    return cpu_node_begin(n, STEP_DELIVERY, delivery_share(n),
                          n->config.costs.interrupt_delivery);
}

/* A VM exit or the delivery of a fault. */
uint64_t cpu_node_begin_consequence(struct cpu_node *n,
                                    const struct cpu_result *r)
{
    uint64_t cycles;

    if (r->outcome == CPU_EXITS) {
        cycles = cpu_node_begin_exit(n, &r->exit);
        cpu_node_attribute_exit(n, n->vectored_irq);
        return cycles;
    }
    /* an interrupt whose place a fault takes never reaches a handler */
    irq_drop(n->config.irqs, n->vectored_irq, IRQ_UNHANDLED);
    n->vectored_irq = 0;
    n->vectored = r->fault;
    return cpu_node_begin(n, STEP_DELIVERY, cpu_node_share(n),
                          n->config.costs.fault_delivery);
}

static uint64_t begin_debug(struct cpu_node *n)
{
    struct cpu_result r = cpu_take_debug(&n->cpu);

    return cpu_node_begin_consequence(n, &r);
}

/* From here on the CPU takes what the 8259s answer, even if INTR falls. */
static uint64_t begin_inta(struct cpu_node *n, bool exits)
{
    return cpu_node_begin(n, exits ? STEP_INTA_EXIT : STEP_INTA,
                          exits ? SHARE_TRANSITION : delivery_share(n),
                          cpu_node_cycles(n, n->config.inta));
}

/* The next SMI can come while the firmware handles this one. */
static uint64_t begin_smi(struct cpu_node *n)
{
    n->cpu.smi = false;
    n->account.smis++;
    return cpu_node_begin(n, STEP_SMI, cpu_node_share(n), n->config.costs.smi);
}

static uint64_t begin_virtual_delivery(struct cpu_node *n)
{
    const struct cpu_costs *costs = &n->config.costs;

    n->vectored = cpu_vapic_node_deliver(n);
    return cpu_node_begin(n, STEP_DELIVERY, SHARE_GUEST_IRQ,
                          uintr_identifies(&n->cpu.uintr, n->vectored.vector)
                              ? costs->user_notification
                              : costs->virtual_delivery);
}

/* An acknowledged interrupt notifies of posted ones, or it exits. */
static uint64_t begin_acknowledged(struct cpu_node *n, struct cpu_ack ack)
{
    if (!vapic_notifies(&n->cpu, ack.vector))
        return begin_intr_exit(n, &ack);
    vectored(n, ack);
    cpu_vapic_node_begin_posted(n);
    return cpu_node_begin(n, STEP_POSTED, SHARE_GUEST_IRQ,
                          n->config.costs.posted_processing);
}

uint64_t cpu_node_begin_event(struct cpu_node *n, enum cpu_event event)
{
    struct cpu_exit x;

    switch (event) {
    case CPU_EVENT_SMI:
        return begin_smi(n);
    case CPU_EVENT_INIT:
        return cpu_node_begin(n, STEP_INIT, cpu_node_share(n),
                              n->config.costs.init);
    case CPU_EVENT_DEBUG:
        return begin_debug(n);
    case CPU_EVENT_NMI_DELIVERY:
        return begin_nmi(n);
    case CPU_EVENT_GUEST_TIMER:
        return cpu_node_begin(n, STEP_GUEST_TIMER, SHARE_GUEST_IRQ,
                              n->config.costs.guest_timer);
    case CPU_EVENT_VIRTUAL_DELIVERY:
        return begin_virtual_delivery(n);
    case CPU_EVENT_EXTINT_EXIT:
        return acknowledges_on_exit(n) ? begin_inta(n, true)
                                       : begin_intr_exit(n, NULL);
    case CPU_EVENT_INTR_EXIT:
        if (!acknowledges_on_exit(n))
            return begin_intr_exit(n, NULL);
        return begin_acknowledged(n, acknowledge(n));
    case CPU_EVENT_EXTINT_DELIVERY:
        return begin_inta(n, false);
    case CPU_EVENT_INTR_DELIVERY:
        return begin_delivery(n, acknowledge(n), false);
    case CPU_EVENT_USER_INTERRUPT:
        return cpu_node_begin(n, STEP_USER_DELIVERY, delivery_share(n),
                              n->config.costs.user_delivery);
    default:
        x = cpu_take_exit(&n->cpu, event);
        return cpu_node_begin_exit(n, &x);
    }
}

/* A handler is entered: in a guest or on bare metal that is what the
 * interrupt was sent for; a host's handler has yet to decide. */
static void entered(struct cpu_node *n, irq_id irq)
{
    sim_time now = engine_now(n->config.engine);

    n->delivered_irq = irq;
    if (!n->cpu.non_root && n->root_is_host) {
        irq_hop(n->config.irqs, irq, HOP_HOST_HANDLER, now);
        return;
    }
    n->account.handled += irq != 0;
    irq_deliver(n->config.irqs, irq, HOP_GUEST_HANDLER, now);
    if (n->vectored_no_eoi)
        irq_finish(n->config.irqs, irq, HOP_COUNT, now);
}

/* A host has called its handler for the interrupt of the last exit. */
void cpu_node_dispatched(struct cpu_node *n, const struct cpu_result *r)
{
    if (r->outcome == CPU_GOES_ON && !n->cpu.non_root && n->root_is_host)
        irq_hop(n->config.irqs, n->delivered_irq, HOP_HOST_HANDLER,
                engine_now(n->config.engine));
}

/* Notification processing has ended; one that did not come from the local APIC
 * ends with it. */
static void notified(struct cpu_node *n, uint64_t user_vectors)
{
    sim_time now = engine_now(n->config.engine);

    cpu_uintr_node_notified(n, user_vectors);

    irq_deliver(n->config.irqs, n->vectored_irq, HOP_POSTED_PROCESSING, now);
    irq_finish(n->config.irqs, n->vectored_irq, HOP_COUNT, now);
    n->vectored_irq = 0;
}

struct cpu_result cpu_node_deliver(struct cpu_node *n,
                                   const struct cpu_vectored *e)
{
    struct cpu_result r = cpu_deliver(&n->cpu, n->config.mem, e);

    if (r.outcome == CPU_NOTIFIED)
        notified(n, r.user_vectors);
    if (r.outcome == CPU_GOES_ON) {
        if (e->type == INTR_TYPE_EXTERNAL)
            entered(n, n->vectored_irq);
        n->vectored_irq = 0;
    }
    return r;
}

/* The 8259s have answered. */
uint64_t cpu_node_end_inta(struct cpu_node *n)
{
    struct cpu_ack ack = n->config.apic.inta(n->config.apic.apic);

    return n->step == STEP_INTA_EXIT ? begin_intr_exit(n, &ack)
                                     : begin_delivery(n, ack, true);
}

void cpu_node_end_init(struct cpu_node *n)
{
    const struct cpu_apic_port *apic = &n->config.apic;
    uint64_t base = 0;

    apic->init(apic->apic);
    apic->rdmsr(apic->apic, MSR_APIC_BASE, &base);
    cpu_init(&n->cpu, n->config.mem, base & APIC_BASE_BSP);
    cpu_uintr_node_changed(n);
}
