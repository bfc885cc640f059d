/* Which share a cycle goes to, and whose exits they are. */
#include "models/cpu/cpu_node_private.h"

void cpu_node_settle(struct cpu_node *n, sim_time now)
{
    uint64_t cycles = clock_cycles(&n->config.clock, now - n->settled);

    n->account.cycles[n->share] += cycles;
    if (n->share == SHARE_HOST)
        n->account.host_by_reason[n->exit_reason] += cycles;
    n->settled += cycles * n->config.clock.period;
}

void cpu_node_attribute_exit(struct cpu_node *n, irq_id irq)
{
    uint16_t source = irq_source(n->config.irqs, irq);

    if (source == IRQ_SOURCES_MAX || n->attributed)
        return;
    n->attributed = true;
    n->account.exits_by_source[source]++;
}
