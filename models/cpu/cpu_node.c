/*
 * Steps of the CPU on the engine.  What happens is the model's; this file
 * says how long it takes, and carries identities and accounts along.
 */
#include "models/cpu/cpu_node_private.h"
#include "models/cpu/cpu_uintr.h"

#include <assert.h>

#include "models/cpu/cpu_uintr_node.h"
#include "models/cpu/cpu_vapic_node.h"

enum { CPU_STEP, CPU_TIMER, CPU_GUEST_TIMER };

static void run(struct cpu_node *n);

static void on_event(void *node, struct event *ev)
{
    struct cpu_node *n = node;

    if (ev->what == CPU_STEP) {
        run(n);
        return;
    }
    if (ev->what == CPU_TIMER)
        n->cpu.preemption_timer = true;
    else
        n->cpu.vapic.timer_due = true;
    cpu_node_look(n);
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
    n->cpu.uintr.supported = c->user_interrupts;
    n->cpu.uintr.uif_from_frame = c->uiret_uif;
    cpu_reset(&n->cpu, 0, 0);
    n->cpu.activity = ACTIVITY_WAIT_FOR_SIPI;
    event_init(&n->step_event, target, CPU_STEP);
    event_init(&n->timer_event, target, CPU_TIMER);
    event_init(&n->guest_timer_event, target, CPU_GUEST_TIMER);
}

/* ---- starting steps; each returns the step's length in cycles ---- */

static uint64_t work_cycles(const struct cpu_node *n, const struct op *op)
{
    return op->kind == OP_WORK ? op->imm : n->cpu.gpr[op->reg];
}

static uint64_t begin_work(struct cpu_node *n, const struct op *op)
{
    uint64_t work = work_cycles(n, op), done = rip_done(n->cpu.rip);
    uint64_t left = work > done ? work - done : 0;

    assert(work <= UINT32_MAX);
    if (left > 1 && cpu_single(&n->cpu))
        left = 1; /* the blocking covers one instruction */
    n->stall = n->cpu.non_root && left ? n->pollution : 0;
    return cpu_node_begin(n, STEP_WORK, cpu_node_share(n), left + n->stall);
}

static const struct op *current_op(const struct cpu_node *n)
{
    return &n->config.text[rip_op(n->cpu.rip)];
}

/* Plain ops change nothing that the steps between them would look at: as long
 * as time passes without an event they are executed in a row.  Returns the op
 * behind them. */
static const struct op *execute_row(struct cpu_node *n)
{
    struct engine *e = n->config.engine;
    const struct op *op = current_op(n);

    if (!cpu_is_plain(op->kind) || cpu_single(&n->cpu))
        return op;
    cpu_node_begin(n, STEP_OP, cpu_node_share(n), 0);
    while (cpu_is_plain(op->kind) &&
           engine_advance(e, engine_now(e) + n->op_cost[op->kind] *
                                                 n->config.clock.period)) {
        cpu_execute_plain(&n->cpu, n->config.mem, op);
        op = current_op(n);
    }
    return op;
}

/* One that can exit or fault.  Apart, as its struct on the stack costs those
 * that cannot. */
static __attribute__((noinline)) uint64_t begin_checked(struct cpu_node *n,
                                                        const struct op *op)
{
    bool access = op->kind == OP_LOAD || op->kind == OP_STORE;
    struct cpu_result r;
    struct cpu_exit x;

    if (n->cpu.cpl && cpu_privileged(&n->cpu, op)) {
        r = cpu_raise(&n->cpu, VECTOR_GP, 0);
        return cpu_node_begin_consequence(n, &r);
    }
    if (op->kind == OP_PAUSE && n->cpu.non_root)
        cpu_note_pause(&n->cpu, cpu_node_tsc(n));
    if (cpu_enters(&n->cpu, op))
        return cpu_node_begin_entry(n);
    if (access ? cpu_access_exits(&n->cpu, op->imm, op->kind == OP_STORE, &x)
               : cpu_intercepts(&n->cpu, n->config.mem, op, &x))
        return cpu_node_begin_exit(n, &x);
    return cpu_node_begin(n, STEP_OP, cpu_node_share(n),
                          cpu_node_op_cost(n, op));
}

static uint64_t begin_op(struct cpu_node *n)
{
    const struct op *op = execute_row(n);

    if (op->kind == OP_WORK || op->kind == OP_WORK_REG)
        return begin_work(n, op);
    if (cpu_is_open(op->kind))
        return cpu_node_begin(n, STEP_OP, cpu_node_share(n),
                              n->op_cost[op->kind]);
    return begin_checked(n, op);
}

static uint64_t begin_inactive(struct cpu_node *n, enum cpu_event event)
{
    if (event == CPU_EVENT_NONE) {
        n->awake = false;
        return cpu_node_begin(n, STEP_WAIT, SHARE_IDLE, UINT64_MAX);
    }
    if (!n->awake)
        return cpu_node_begin(n, STEP_WAKE, SHARE_IDLE,
                              n->config.costs.hlt_wake);
    /* processing of notifications leaves the CPU in HLT, but awake */
    n->awake =
        event == CPU_EVENT_INTR_EXIT || event == CPU_EVENT_INTR_DELIVERY ||
        event == CPU_EVENT_GUEST_TIMER || event == CPU_EVENT_VIRTUAL_DELIVERY;
    return cpu_node_begin_event(n, event);
}

/* What comes next at this instruction boundary; UINT64_MAX: wait. */
static uint64_t begin_next(struct cpu_node *n)
{
    enum cpu_event event = cpu_recognize(&n->cpu);

    if (n->cpu.activity != ACTIVITY_ACTIVE)
        return begin_inactive(n, event);
    n->awake = false;
    return event == CPU_EVENT_NONE ? begin_op(n)
                                   : cpu_node_begin_event(n, event);
}

/* ---- ending steps ---- */

/* An op, a delivery or an entry has ended; true if a VM exit or the delivery
 * of a fault follows. */
static bool follow(struct cpu_node *n, const struct cpu_result *r,
                   uint64_t *cycles)
{
    if (r->outcome != CPU_EXITS && r->outcome != CPU_FAULTS)
        return false;
    *cycles = cpu_node_begin_consequence(n, r);
    return true;
}

static void end_work(struct cpu_node *n)
{
    sim_time took = engine_now(n->config.engine) - n->start;
    uint64_t cycles = clock_cycles(&n->config.clock, took);
    const struct op *op = current_op(n);
    uint64_t stalled = cycles < n->stall ? cycles : n->stall;

    n->stall -= stalled;
    n->pollution -= stalled;
    n->account.pollution += stalled;
    n->cpu.rip += cycles - stalled;
    if (cycles > stalled)
        cpu_step_over(&n->cpu);
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

/* Fills the result, of which the rest does not matter, unless it goes on. */
static void end_op(struct cpu_node *n, struct cpu_result *r)
{
    const struct op *op = current_op(n);

    if (cpu_is_plain(op->kind)) {
        cpu_execute_plain(&n->cpu, n->config.mem, op);
    } else if (op->kind == OP_CALL) {
        cpu_retire(&n->cpu);
        call_software(n, op);
    } else if (op->kind == OP_SENDUIPI) {
        *r = cpu_vapic_node_senduipi(n, op);
    } else if (!cpu_node_reaches(op->kind)) {
        *r = cpu_execute(&n->cpu, n->config.mem, op);
        if (op->kind == OP_INT_REG)
            cpu_node_dispatched(n, r);
    } else if (cpu_vapic_node_serves(n, op)) {
        cpu_vapic_node_execute(n, op, r);
    } else if (cpu_node_reach(n, op)) {
        cpu_retire(&n->cpu);
    } else {
        *r = cpu_raise(&n->cpu, VECTOR_GP, 0);
    }
}

static bool end_delivery(struct cpu_node *n, uint64_t *cycles)
{
    struct cpu_result r = cpu_node_deliver(n, &n->vectored);

    return follow(n, &r, cycles);
}

/* Ends the step that began at n->start; true if the next one has begun. */
static bool end(struct cpu_node *n, uint64_t *cycles)
{
    struct cpu_result r;

    r.outcome = CPU_GOES_ON;
    switch (n->step) {
    case STEP_WAIT:
    case STEP_SMI:
        break;
    case STEP_WAKE:
        n->awake = true;
        break;
    case STEP_WORK:
        end_work(n);
        break;
    case STEP_OP:
        end_op(n, &r);
        break;
    case STEP_INTA:
    case STEP_INTA_EXIT:
        *cycles = cpu_node_end_inta(n);
        return true;
    case STEP_DELIVERY:
        return end_delivery(n, cycles);
    case STEP_GUEST_TIMER:
        cpu_vapic_node_timer(n);
        break;
    case STEP_POSTED:
        cpu_vapic_node_end_posted(n);
        break;
    case STEP_USER_DELIVERY:
        r = cpu_uintr_node_deliver(n);
        break;
    case STEP_INIT:
        cpu_node_end_init(n);
        break;
    case STEP_EXIT:
        cpu_node_end_exit(n);
        break;
    case STEP_ENTRY:
        r = cpu_node_end_entry(n);
        break;
    }
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
    assert(!cpu_check(&n->cpu));
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
    if (n->cpu.vmcs)
        vmcs_each_held(n->cpu.vmcs, each, ctx);
    cpu_uintr_node_each_held(n, each, ctx);
}
