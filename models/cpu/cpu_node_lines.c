/* The lines from the local APIC to a CPU on the engine. */
#include "models/cpu/cpu_node.h"

#include <assert.h>

/* The next edge.  A CPU that is ahead of who acts on it does not go back. */
static sim_time next_edge(const struct cpu_node *n)
{
    sim_time now = engine_now(n->config.engine);

    return clock_edge(&n->config.clock, now < n->start ? n->start : now);
}

void cpu_node_look(struct cpu_node *n)
{
    struct engine *e = n->config.engine;
    sim_time edge;

    if (n->in_step || (n->step != STEP_WAIT && n->step != STEP_WORK))
        return; /* the next boundary will see it */
    if (cpu_recognize(&n->cpu) == CPU_EVENT_NONE)
        return;
    edge = next_edge(n);
    if (!event_scheduled(&n->step_event) || n->step_event.time > edge)
        engine_schedule(e, &n->step_event, edge);
}

void cpu_node_intr(struct cpu_node *n, bool high)
{
    n->cpu.intr = high;
    cpu_node_look(n);
}

/* The CPU has waited for it, so no other step is under way. */
static void start(struct cpu_node *n, uint8_t vector)
{
    struct engine *e = n->config.engine;
    sim_time edge = next_edge(n);

    if (!cpu_sipi(&n->cpu, n->config.mem, vector))
        return;
    n->step = STEP_WAKE;
    n->start = edge;
    engine_schedule(e, &n->step_event,
                    edge + n->config.costs.sipi * n->config.clock.period);
}

/* An INIT that finds the CPU waiting for a SIPI changes nothing; one that
 * finds a guest doing so waits for the next VM exit and entry. */
static void latch_init(struct cpu *c)
{
    c->init = c->non_root || c->activity != ACTIVITY_WAIT_FOR_SIPI;
}

void cpu_node_receive(struct cpu_node *n, const struct msg *m)
{
    assert(m->kind == MSG_LINE);
    switch ((enum core_line)m->line.line) {
    case CORE_INTR:
        n->cpu.intr = m->line.high;
        break;
    case CORE_EXTINT:
        n->cpu.extint = m->line.high;
        break;
    case CORE_NMI:
        n->cpu.nmi = true;
        break;
    case CORE_SMI:
        n->cpu.smi = true;
        break;
    case CORE_INIT:
        latch_init(&n->cpu);
        break;
    case CORE_SIPI:
        start(n, m->line.vector);
        break;
    }
    cpu_node_look(n);
}
