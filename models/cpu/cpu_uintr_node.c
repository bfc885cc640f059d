/* What user interrupts do, told to the ledger. */
#include "models/cpu/cpu_uintr_node.h"

#include "models/cpu/cpu_uintr.h"

/* It is born when the instruction begins, whose time is part of its way. */
void cpu_uintr_node_sent(struct cpu_node *n, const struct uintr_sent *sent)
{
    struct irqs *q = n->config.irqs;
    irq_id irq = irq_birth(q, n->config.user_source, HOP_USER_SEND, n->start);

    irq_hop(q, irq, HOP_POSTED, engine_now(n->config.engine));
    posted_irqs_put(n->config.posted, sent->upid, sent->posted, irq);
}

static void accepted(struct cpu_node *n, uint8_t vector)
{
    struct irqs *q = n->config.irqs;
    irq_id irq =
        posted_irqs_take(n->config.posted, n->cpu.uintr.upidaddr, vector);

    if (irq_pending(q, n->uirr_irq[vector])) {
        irq_merge(q, irq, IRQ_UIRR_SET);
        return;
    }
    irq_hop(q, irq, HOP_UIRR, engine_now(n->config.engine));
    n->uirr_irq[vector] = irq;
}

void cpu_uintr_node_notified(struct cpu_node *n, uint64_t vectors)
{
    for (; vectors; vectors &= vectors - 1)
        accepted(n, (uint8_t)__builtin_ctzll(vectors));
}

struct cpu_result cpu_uintr_node_deliver(struct cpu_node *n)
{
    irq_id *irq = &n->uirr_irq[uintr_vector(&n->cpu.uintr)];
    struct cpu_result r = cpu_deliver_user_interrupt(&n->cpu, n->config.mem);
    sim_time now = engine_now(n->config.engine);

    if (r.outcome != CPU_GOES_ON)
        return r;
    n->account.handled += *irq != 0;
    irq_deliver(n->config.irqs, *irq, HOP_USER_HANDLER, now);
    irq_finish(n->config.irqs, *irq, HOP_COUNT, now); /* there is no EOI */
    *irq = 0;
    return r;
}

void cpu_uintr_node_changed(struct cpu_node *n)
{
    for (unsigned v = 0; v < USER_VECTORS; v++) {
        if (n->cpu.uintr.uirr >> v & 1)
            continue;
        irq_drop(n->config.irqs, n->uirr_irq[v], IRQ_WITHDRAWN);
        n->uirr_irq[v] = 0;
    }
}

void cpu_uintr_node_each_held(const struct cpu_node *n,
                              void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (unsigned v = 0; v < USER_VECTORS; v++)
        if (n->uirr_irq[v])
            each(ctx, n->uirr_irq[v]);
}
