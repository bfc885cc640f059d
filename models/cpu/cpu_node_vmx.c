/* VM entries and exits on the engine, and the VMX-preemption timer. */
#include "models/cpu/cpu_node_private.h"
#include "models/cpu/cpu_vapic_node.h"

/* How often TSC bit X has toggled: what the preemption timer counts. */
static uint64_t timer_ticks(const struct cpu_node *n, sim_time time)
{
    return clock_cycles(&n->config.clock, time) >>
           n->config.preemption_timer_shift;
}

static void stop_preemption_timer(struct cpu_node *n)
{
    struct vmcs *v = n->cpu.vmcs;
    sim_time now = engine_now(n->config.engine);
    uint64_t left = 0;

    /* it may be about to run out at this very time, or be late */
    if (event_scheduled(&n->timer_event) && n->timer_event.time > now)
        left = timer_ticks(n, n->timer_event.time) - timer_ticks(n, now);
    engine_cancel(n->config.engine, &n->timer_event);
    if (vmcs_get(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_SAVE_PREEMPTION_TIMER)
        vmcs_set(v, VMCS_PREEMPTION_TIMER_VALUE, left);
}

static void arm_preemption_timer(struct cpu_node *n)
{
    const struct vmcs *v = n->cpu.vmcs;
    uint32_t value = (uint32_t)vmcs_get(v, VMCS_PREEMPTION_TIMER_VALUE);
    uint64_t due = timer_ticks(n, engine_now(n->config.engine)) + value;

    if (!(vmcs_get(v, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER) ||
        n->cpu.preemption_timer)
        return;
    engine_schedule(n->config.engine, &n->timer_event,
                    (due << n->config.preemption_timer_shift) *
                        n->config.clock.period);
}

uint64_t cpu_node_begin_exit(struct cpu_node *n, const struct cpu_exit *x)
{
    n->exit = *x;
    n->account.exits[x->reason & 0xffff]++;
    n->cpu.vmcs->exits[x->reason & 0xffff]++;
    n->attributed = false;
    stop_preemption_timer(n);
    engine_cancel(n->config.engine, &n->guest_timer_event);
    return cpu_node_begin(n, STEP_EXIT, SHARE_TRANSITION,
                          n->config.costs.vm_exit);
}

void cpu_node_end_exit(struct cpu_node *n)
{
    const struct cpu_costs *costs = &n->config.costs;

    irq_hop(n->config.irqs, n->vectored_irq, HOP_VM_EXIT,
            engine_now(n->config.engine));
    if (n->vectored_irq || n->exit.reason == EXIT_EXTERNAL_INTERRUPT)
        n->delivered_irq = n->vectored_irq;
    cpu_vapic_node_exit(n);
    n->vectored_irq = 0;
    n->exit_reason = n->exit.reason;
    n->pollution += costs->pollution_per_exit;
    if (n->pollution > costs->pollution_limit)
        n->pollution = costs->pollution_limit;
    cpu_vm_exit(&n->cpu, &n->exit);
    cpu_exit_msrs(&n->cpu, n->config.mem);
}

uint64_t cpu_node_begin_entry(struct cpu_node *n)
{
    const struct cpu_costs *costs = &n->config.costs;
    struct cpu_vectored e;
    bool injects = cpu_entry_injects(&n->cpu, &e);

    if (injects && (e.type == INTR_TYPE_EXTERNAL || e.type == INTR_TYPE_NMI))
        irq_hop(n->config.irqs, n->cpu.vmcs->inject_irq, HOP_INJECTION,
                engine_now(n->config.engine));
    return cpu_node_begin(n, STEP_ENTRY, SHARE_TRANSITION,
                          costs->vm_entry +
                              (injects ? costs->event_injection : 0));
}

/* Guest state or MSRs were refused; the host goes on as after a VM exit. */
static void entry_failed(struct cpu_node *n)
{
    n->exit_reason = vmcs_get32(n->cpu.vmcs, VMCS_EXIT_REASON) & 0xffff;
    n->account.exits[n->exit_reason]++;
    n->attributed = false;
}

/* An NMI has no EOI: it ends where its handler begins. */
static struct cpu_result inject_nmi(struct cpu_node *n,
                                    const struct cpu_vectored *e)
{
    struct cpu_result r = cpu_node_deliver(n, e);
    struct irqs *q = n->config.irqs;
    irq_id *irq = &n->cpu.vmcs->inject_irq;

    n->account.virtual_nmis++;
    if (r.outcome == CPU_EXITS)
        return r; /* it has to be injected again */
    if (r.outcome == CPU_GOES_ON) {
        n->account.handled += *irq != 0;
        irq_deliver(q, *irq, HOP_GUEST_HANDLER, engine_now(n->config.engine));
        irq_finish(q, *irq, HOP_COUNT, engine_now(n->config.engine));
    } else {
        irq_drop(q, *irq, IRQ_UNHANDLED);
    }
    *irq = 0;
    return r;
}

static struct cpu_result inject(struct cpu_node *n,
                                const struct cpu_vectored *e)
{
    struct vmcs *v = n->cpu.vmcs;
    struct cpu_result r;

    if (e->type == INTR_TYPE_NMI)
        return inject_nmi(n, e);
    if (e->type != INTR_TYPE_EXTERNAL)
        return cpu_node_deliver(n, e);
    n->account.injections++;
    n->vectored_irq = v->inject_irq;
    r = cpu_node_deliver(n, e);
    if (r.outcome != CPU_EXITS) /* else it has to be injected again */
        v->inject_irq = 0;
    return r;
}

struct cpu_result cpu_node_end_entry(struct cpu_node *n)
{
    const struct op *op = &n->config.text[rip_op(n->cpu.rip)];
    struct cpu_result r = {.outcome = CPU_GOES_ON};
    bool entry_failure;
    struct cpu_vectored e;

    if (cpu_vm_entry(&n->cpu, n->config.mem, op, &entry_failure)) {
        cpu_retire(&n->cpu);
        return r;
    }
    if (entry_failure) {
        entry_failed(n);
        return r;
    }
    arm_preemption_timer(n);
    cpu_vapic_node_arm(n);
    return cpu_entry_injects(&n->cpu, &e) ? inject(n, &e) : r;
}
