/*
 * Steps of the CPU on the engine.  What happens is the model's; this file
 * says how long it takes, and carries identities and accounts along.
 */
#include "models/cpu/cpu_node_private.h"

#include <assert.h>

enum { CPU_STEP, CPU_TIMER };

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_BSP (1u << 8)

static void run(struct cpu_node *n);

static void on_event(void *node, struct event *ev)
{
    struct cpu_node *n = node;

    if (ev->what == CPU_TIMER) {
        n->cpu.preemption_timer = true;
        cpu_node_look(n);
        return;
    }
    run(n);
}

void cpu_node_init(struct cpu_node *n, const struct cpu_node_config *c)
{
    uint16_t target = engine_add_target(c->engine, on_event, n);

    *n = (struct cpu_node){
        .config = *c,
        .share = SHARE_IDLE,
        .exit_reason = NO_EXIT_YET,
        .op_cost =
            {
#define OP(name, mnemonic, cost, sentence) [OP_##name] = c->costs.cost,
#include "models/cpu/ops.def"
#undef OP
            },
    };
    n->cpu.vmx = vmx_capabilities_of(c->vmx, c->preemption_timer_shift);
    cpu_reset(&n->cpu, 0, 0);
    n->cpu.activity = ACTIVITY_WAIT_FOR_SIPI;
    event_init(&n->step_event, target, CPU_STEP);
    event_init(&n->timer_event, target, CPU_TIMER);
}

/* ---- accounting ---- */

void cpu_node_settle(struct cpu_node *n, sim_time now)
{
    uint64_t cycles = (now - n->settled) / n->config.clock.period;

    n->account.cycles[n->share] += cycles;
    if (n->share == SHARE_HOST)
        n->account.host_by_reason[n->exit_reason] += cycles;
    n->settled += cycles * n->config.clock.period;
}

/* Whose time it is while the CPU executes. */
static enum cpu_share executing_share(const struct cpu_node *n)
{
    if (!n->cpu.non_root && n->root_is_host)
        return SHARE_HOST;
    return n->cpu.frames ? SHARE_GUEST_IRQ : SHARE_GUEST;
}

void cpu_node_attribute_exit(struct cpu_node *n, irq_id irq)
{
    uint16_t source = irq_source(n->config.irqs, irq);

    if (source == IRQ_SOURCES_MAX || n->attributed)
        return;
    n->attributed = true;
    n->account.exits_by_source[source]++;
}

/* ---- starting steps; each returns the step's length in cycles ---- */

static uint64_t begin(struct cpu_node *n, enum cpu_step step,
                      enum cpu_share share, uint64_t cycles)
{
    n->step = step;
    n->share = share;
    return cycles;
}

/* How often TSC bit X has toggled: what the preemption timer counts. */
static uint64_t timer_ticks(const struct cpu_node *n, sim_time time)
{
    return clock_cycles(&n->config.clock, time) >>
           n->config.preemption_timer_shift;
}

static void stop_preemption_timer(struct cpu_node *n)
{
    struct vmcs *v = n->cpu.vmcs;
    uint64_t left = 0;

    if (event_scheduled(&n->timer_event))
        left = timer_ticks(n, n->timer_event.time) -
               timer_ticks(n, engine_now(n->config.engine));
    engine_cancel(n->config.engine, &n->timer_event);
    if (vmcs_get(v, VMCS_EXIT_CONTROLS) & EXIT_CTL_SAVE_PREEMPTION_TIMER)
        vmcs_set(v, VMCS_PREEMPTION_TIMER_VALUE, left);
}

static uint64_t begin_exit(struct cpu_node *n, const struct cpu_exit *x)
{
    n->exit = *x;
    n->account.exits[x->reason & 0xffff]++;
    n->attributed = false;
    stop_preemption_timer(n);
    return begin(n, STEP_EXIT, SHARE_TRANSITION, n->config.costs.vm_exit);
}

static uint64_t begin_simple_exit(struct cpu_node *n, enum exit_reason reason)
{
    struct cpu_exit x = {.reason = reason};

    return begin_exit(n, &x);
}

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
    uint64_t cycles = begin_exit(n, &x);

    cpu_node_attribute_exit(n, n->vectored_irq);
    return cycles;
}

/* Whose time it is while the CPU turns to an interrupt. */
static enum cpu_share delivery_share(const struct cpu_node *n)
{
    enum cpu_share share = executing_share(n);

    return share == SHARE_GUEST ? SHARE_GUEST_IRQ : share;
}

static uint64_t begin_delivery(struct cpu_node *n, struct cpu_ack ack)
{
    n->vectored = (struct cpu_vectored){
        .vector = vectored(n, ack),
        .type = INTR_TYPE_EXTERNAL,
        .return_rip = n->cpu.rip,
    };
    return begin(n, STEP_DELIVERY, delivery_share(n),
                 n->config.costs.interrupt_delivery);
}

static uint64_t begin_nmi(struct cpu_node *n)
{
    n->vectored = cpu_take_nmi(&n->cpu);
    return begin(n, STEP_DELIVERY, delivery_share(n),
                 n->config.costs.interrupt_delivery);
}

/* From here on the CPU takes what the 8259s answer, even if INTR falls. */
static uint64_t begin_inta(struct cpu_node *n, bool exits)
{
    return begin(n, exits ? STEP_INTA_EXIT : STEP_INTA,
                 exits ? SHARE_TRANSITION : delivery_share(n),
                 cpu_node_cycles(n, n->config.inta));
}

/* The next SMI can come while the firmware handles this one. */
static uint64_t begin_smi(struct cpu_node *n)
{
    n->cpu.smi = false;
    return begin(n, STEP_SMI, executing_share(n), n->config.costs.smi);
}

static uint64_t work_cycles(const struct cpu_node *n, const struct op *op)
{
    return op->kind == OP_WORK ? op->imm : n->cpu.gpr[op->reg];
}

static uint64_t begin_work(struct cpu_node *n, const struct op *op)
{
    uint64_t work = work_cycles(n, op), done = rip_done(n->cpu.rip);
    uint64_t left = work > done ? work - done : 0;

    assert(work <= UINT32_MAX);
    if ((n->cpu.sti_blocking || n->cpu.mov_ss_blocking) && left > 1)
        left = 1; /* the blocking covers one instruction */
    n->stall = n->cpu.non_root && left ? n->pollution : 0;
    return begin(n, STEP_WORK, executing_share(n), left + n->stall);
}

static uint64_t begin_entry(struct cpu_node *n)
{
    const struct cpu_costs *costs = &n->config.costs;
    struct cpu_vectored e;
    bool injects = cpu_entry_injects(&n->cpu, &e);

    if (injects && e.type == INTR_TYPE_EXTERNAL)
        irq_hop(n->config.irqs, n->cpu.vmcs->inject_irq, HOP_INJECTION,
                engine_now(n->config.engine));
    return begin(n, STEP_ENTRY, SHARE_TRANSITION,
                 costs->vm_entry + (injects ? costs->event_injection : 0));
}

static uint64_t begin_op(struct cpu_node *n)
{
    const struct op *op = &n->config.text[rip_op(n->cpu.rip)];
    bool access = op->kind == OP_LOAD || op->kind == OP_STORE;
    struct cpu_exit x;

    if (op->kind == OP_WORK || op->kind == OP_WORK_REG)
        return begin_work(n, op);
    if (cpu_enters(&n->cpu, op))
        return begin_entry(n);
    if (access ? cpu_access_exits(&n->cpu, op->imm, op->kind == OP_STORE, &x)
               : cpu_intercepts(&n->cpu, n->config.mem, op, &x))
        return begin_exit(n, &x);
    return begin(n, STEP_OP, executing_share(n), cpu_node_op_cost(n, op));
}

static uint64_t begin_event(struct cpu_node *n, enum cpu_event event)
{
    struct cpu_ack ack;

    switch (event) {
    case CPU_EVENT_SMI:
        return begin_smi(n);
    case CPU_EVENT_INIT:
        return begin(n, STEP_INIT, executing_share(n), n->config.costs.init);
    case CPU_EVENT_PREEMPTION_TIMER_EXIT:
        return begin_simple_exit(n, EXIT_PREEMPTION_TIMER);
    case CPU_EVENT_NMI_DELIVERY:
        return begin_nmi(n);
    case CPU_EVENT_WINDOW_EXIT:
        return begin_simple_exit(n, EXIT_INTERRUPT_WINDOW);
    case CPU_EVENT_EXTINT_EXIT:
        return acknowledges_on_exit(n) ? begin_inta(n, true)
                                       : begin_intr_exit(n, NULL);
    case CPU_EVENT_INTR_EXIT:
        if (!acknowledges_on_exit(n))
            return begin_intr_exit(n, NULL);
        ack = acknowledge(n);
        return begin_intr_exit(n, &ack);
    case CPU_EVENT_EXTINT_DELIVERY:
        return begin_inta(n, false);
    case CPU_EVENT_INTR_DELIVERY:
        return begin_delivery(n, acknowledge(n));
    default:
        return begin_op(n);
    }
}

/* What comes next at this instruction boundary; UINT64_MAX: wait. */
static uint64_t begin_next(struct cpu_node *n)
{
    enum cpu_event event = cpu_recognize(&n->cpu);
    bool inactive = n->cpu.activity != ACTIVITY_ACTIVE;

    if (inactive && event == CPU_EVENT_NONE) {
        n->awake = false;
        return begin(n, STEP_WAIT, SHARE_IDLE, UINT64_MAX);
    }
    if (inactive && !n->awake)
        return begin(n, STEP_WAKE, SHARE_IDLE, n->config.costs.hlt_wake);
    n->awake = false;
    return begin_event(n, event);
}

/* ---- ending steps ---- */

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
    irq_deliver(n->config.irqs, irq, HOP_GUEST_HANDLER, now);
    if (n->vectored_no_eoi)
        irq_finish(n->config.irqs, irq, HOP_COUNT, now);
}

/* A host has called its handler for the interrupt of the last exit. */
static void dispatched(struct cpu_node *n, const struct cpu_result *r)
{
    if (r->outcome == CPU_GOES_ON && !n->cpu.non_root && n->root_is_host)
        irq_hop(n->config.irqs, n->delivered_irq, HOP_HOST_HANDLER,
                engine_now(n->config.engine));
}

/* An op, a delivery or an entry has ended; true if a VM exit or the delivery
 * of a fault follows. */
static bool follow(struct cpu_node *n, const struct cpu_result *r,
                   uint64_t *cycles)
{
    switch (r->outcome) {
    case CPU_EXITS:
        *cycles = begin_exit(n, &r->exit);
        cpu_node_attribute_exit(n, n->vectored_irq);
        return true;
    case CPU_FAULTS:
        /* an interrupt whose place a fault takes never reaches a handler */
        irq_drop(n->config.irqs, n->vectored_irq, IRQ_UNHANDLED);
        n->vectored_irq = 0;
        n->vectored = r->fault;
        *cycles = begin(n, STEP_DELIVERY, executing_share(n),
                        n->config.costs.fault_delivery);
        return true;
    default:
        return false;
    }
}

static void end_work(struct cpu_node *n, uint64_t cycles)
{
    const struct op *op = &n->config.text[rip_op(n->cpu.rip)];
    uint64_t stalled = cycles < n->stall ? cycles : n->stall;

    n->stall -= stalled;
    n->pollution -= stalled;
    n->account.pollution += stalled;
    n->cpu.rip += cycles - stalled;
    if (cycles > stalled) {
        n->cpu.sti_blocking = false;
        n->cpu.mov_ss_blocking = false;
    }
    if (rip_done(n->cpu.rip) >= work_cycles(n, op))
        cpu_retire(&n->cpu);
}

static void call_software(struct cpu_node *n, const struct op *op)
{
    struct cpu_env env = {
        .node = n,
        .cpu = &n->cpu,
        .mem = n->config.mem,
        .irqs = n->config.irqs,
        .now = engine_now(n->config.engine),
    };

    op->fn(op->self, &env, op->imm);
}

static struct cpu_result end_op(struct cpu_node *n)
{
    const struct op *op = &n->config.text[rip_op(n->cpu.rip)];
    struct cpu_result r = {.outcome = CPU_GOES_ON};

    if (op->kind == OP_CALL) {
        cpu_retire(&n->cpu);
        call_software(n, op);
    } else if (!cpu_node_reaches(op->kind)) {
        r = cpu_execute(&n->cpu, n->config.mem, op);
        if (op->kind == OP_INT_REG)
            dispatched(n, &r);
    } else if (cpu_node_reach(n, op)) {
        cpu_retire(&n->cpu);
    } else {
        r = cpu_raise(&n->cpu, VECTOR_GP, 0);
    }
    return r;
}

/* The event is n->vectored_irq's, if that is not 0. */
static struct cpu_result deliver(struct cpu_node *n,
                                 const struct cpu_vectored *e)
{
    struct cpu_result r = cpu_deliver(&n->cpu, n->config.mem, e);

    if (r.outcome == CPU_GOES_ON) {
        if (e->type == INTR_TYPE_EXTERNAL)
            entered(n, n->vectored_irq);
        n->vectored_irq = 0;
    }
    return r;
}

static void end_exit(struct cpu_node *n)
{
    const struct cpu_costs *costs = &n->config.costs;

    irq_hop(n->config.irqs, n->vectored_irq, HOP_VM_EXIT,
            engine_now(n->config.engine));
    if (n->vectored_irq || n->exit.reason == EXIT_EXTERNAL_INTERRUPT)
        n->delivered_irq = n->vectored_irq;
    n->vectored_irq = 0;
    n->exit_reason = n->exit.reason;
    n->pollution += costs->pollution_per_exit;
    if (n->pollution > costs->pollution_limit)
        n->pollution = costs->pollution_limit;
    cpu_vm_exit(&n->cpu, &n->exit);
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

/* Guest state was refused; the host goes on as after a VM exit. */
static void entry_failed(struct cpu_node *n)
{
    n->exit_reason = EXIT_INVALID_GUEST_STATE;
    n->account.exits[EXIT_INVALID_GUEST_STATE]++;
    n->attributed = false;
}

static struct cpu_result inject(struct cpu_node *n,
                                const struct cpu_vectored *e)
{
    struct vmcs *v = n->cpu.vmcs;
    struct cpu_result r;

    if (e->type != INTR_TYPE_EXTERNAL)
        return deliver(n, e);
    n->account.injections++;
    n->vectored_irq = v->inject_irq;
    r = deliver(n, e);
    if (r.outcome != CPU_EXITS) /* else it has to be injected again */
        v->inject_irq = 0;
    return r;
}

static struct cpu_result end_entry(struct cpu_node *n)
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
    return cpu_entry_injects(&n->cpu, &e) ? inject(n, &e) : r;
}

/* The 8259s have answered. */
static uint64_t end_inta(struct cpu_node *n)
{
    struct cpu_ack ack = n->config.apic.inta(n->config.apic.apic);

    return n->step == STEP_INTA_EXIT ? begin_intr_exit(n, &ack)
                                     : begin_delivery(n, ack);
}

static void end_init(struct cpu_node *n)
{
    const struct cpu_apic_port *apic = &n->config.apic;
    uint64_t base = 0;

    apic->init(apic->apic);
    apic->rdmsr(apic->apic, MSR_APIC_BASE, &base);
    cpu_init(&n->cpu, n->config.mem, base & APIC_BASE_BSP);
}

/* Ends the step that began at n->start; true if the next one has begun. */
static bool end(struct cpu_node *n, uint64_t *cycles)
{
    struct cpu_result r = {.outcome = CPU_GOES_ON};
    sim_time now = engine_now(n->config.engine);
    uint64_t took = (now - n->start) / n->config.clock.period;

    cpu_node_settle(n, now);
    switch (n->step) {
    case STEP_WAIT:
    case STEP_SMI:
        break;
    case STEP_WAKE:
        n->awake = true;
        break;
    case STEP_WORK:
        end_work(n, took);
        break;
    case STEP_OP:
        r = end_op(n);
        break;
    case STEP_INTA:
    case STEP_INTA_EXIT:
        *cycles = end_inta(n);
        return true;
    case STEP_DELIVERY:
        r = deliver(n, &n->vectored);
        break;
    case STEP_INIT:
        end_init(n);
        break;
    case STEP_EXIT:
        end_exit(n);
        break;
    case STEP_ENTRY:
        r = end_entry(n);
        break;
    }
    assert(!cpu_check(&n->cpu));
    return follow(n, &r, cycles);
}

/* Ends the step that is due, and goes on until one ends in the future behind
 * another event. */
static void run(struct cpu_node *n)
{
    struct engine *e = n->config.engine;
    uint64_t cycles;
    sim_time until;

    n->in_step = true;
    do {
        if (!end(n, &cycles))
            cycles = begin_next(n);
        n->start = engine_now(e);
        until = n->start + cycles * n->config.clock.period;
        if (n->step == STEP_WAIT)
            break;
    } while (engine_advance(e, until));
    n->in_step = false;
    if (n->step != STEP_WAIT)
        engine_schedule(e, &n->step_event, until);
}

void cpu_node_start(struct cpu_node *n, uint64_t rip, uint64_t rsp)
{
    sim_time edge = clock_edge(&n->config.clock, engine_now(n->config.engine));
    bool intr = n->cpu.intr, extint = n->cpu.extint;

    cpu_reset(&n->cpu, rip, rsp);
    n->cpu.intr = intr; /* the lines are the APIC's */
    n->cpu.extint = extint;
    n->step = STEP_WAIT;
    n->share = SHARE_IDLE;
    n->start = edge;
    engine_schedule(n->config.engine, &n->step_event, edge);
}

void cpu_node_each_held(const struct cpu_node *n,
                        void (*each)(void *ctx, irq_id id), void *ctx)
{
    if (n->vectored_irq)
        each(ctx, n->vectored_irq);
    if (n->delivered_irq && n->root_is_host)
        each(ctx, n->delivered_irq);
    if (n->cpu.vmcs && n->cpu.vmcs->inject_irq)
        each(ctx, n->cpu.vmcs->inject_irq);
}
