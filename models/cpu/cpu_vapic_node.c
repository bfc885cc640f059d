/* What APIC virtualization says, told to the ledger and the physical APIC. */
#include "models/cpu/cpu_vapic_node.h"

#include "models/cpu/cpu_uintr.h"
#include "models/cpu/cpu_uintr_node.h"
#include "models/cpu/vapic.h"

static struct vapic_access page_access(const struct cpu_node *n,
                                       const struct op *op)
{
    bool load = op->kind == OP_LOAD;

    return (struct vapic_access){
        .offset = op->imm % MEM_PAGE_BYTES,
        .bytes = 4,
        .type = load ? VAPIC_READ : VAPIC_WRITE,
        .value = (uint32_t)n->cpu.gpr[op->reg],
    };
}

bool cpu_vapic_node_serves(const struct cpu_node *n, const struct op *op)
{
    switch (op->kind) {
    case OP_LOAD:
    case OP_STORE:
        return vapic_claims(&n->cpu, op->imm);
    case OP_RDMSR:
        return vapic_has_rdmsr(&n->cpu, (uint32_t)op->imm);
    case OP_WRMSR:
        return vapic_has_wrmsr(&n->cpu, (uint32_t)op->imm);
    case OP_MOV_CR8:
    case OP_MOV_FROM_CR8:
        return vapic_has_cr8(&n->cpu);
    default:
        return false;
    }
}

static bool is_eoi(const struct op *op)
{
    return op->kind == OP_WRMSR
               ? op->imm == VAPIC_MSR_FIRST + VAPIC_EOI / 16
               : op->kind == OP_STORE && op->imm % MEM_PAGE_BYTES == VAPIC_EOI;
}

static bool is_icr(const struct op *op)
{
    return op->kind == OP_WRMSR
               ? op->imm == VAPIC_MSR_FIRST + VAPIC_ICR_LOW / 16
               : op->kind == OP_STORE &&
                     op->imm % MEM_PAGE_BYTES == VAPIC_ICR_LOW;
}

uint64_t cpu_vapic_node_cost(const struct cpu_node *n, const struct op *op)
{
    const struct cpu_costs *costs = &n->config.costs;

    switch (op->kind) {
    case OP_LOAD:
    case OP_RDMSR:
        return costs->vapic_read;
    case OP_STORE:
    case OP_WRMSR:
        if (is_eoi(op))
            return costs->vapic_eoi;
        return is_icr(op) ? costs->vapic_icr : costs->vapic_write;
    default:
        return costs->mov_cr8;
    }
}

/* ---- the ledger ---- */

static void requested(struct cpu_node *n, uint8_t vector, bool merged,
                      irq_id irq)
{
    struct irqs *q = n->config.irqs;

    if (merged) {
        irq_merge(q, irq, IRQ_VIRR_SET);
        return;
    }
    irq_hop(q, irq, HOP_VLAPIC_ACCEPT, engine_now(n->config.engine));
    n->cpu.vmcs->virr_irq[vector] = irq;
}

static void ended(struct cpu_node *n, uint8_t vector)
{
    irq_id *irq = &n->cpu.vmcs->visr_irq[vector];

    /* while its fate is open, somebody is still to deliver it */
    if (!irq_pending(n->config.irqs, *irq))
        irq_finish(n->config.irqs, *irq, HOP_EOI, engine_now(n->config.engine));
    *irq = 0;
}

static void posted(struct cpu_node *n, const struct vapic_out *out, irq_id irq)
{
    const struct cpu_apic_port *apic = &n->config.apic;

    irq_hop(n->config.irqs, irq, HOP_POSTED, engine_now(n->config.engine));
    posted_irqs_put(n->config.posted, out->descriptor, out->vector, irq);
    if (out->posted.notify)
        apic->notify(apic->apic, out->posted.nv, out->posted.ndst);
}

static irq_id birth(struct cpu_node *n)
{
    return irq_birth(n->config.irqs, n->cpu.vmcs->ipi_source, HOP_ICR_WRITE,
                     engine_now(n->config.engine));
}

/* The interrupt of the guest's timer is born when it was due. */
static irq_id timer_birth(struct cpu_node *n)
{
    uint64_t deadline = vmcs_get(n->cpu.vmcs, VMCS_GUEST_DEADLINE);

    return irq_birth(n->config.irqs, n->cpu.vmcs->timer_source,
                     HOP_TIMER_EXPIRY, deadline * n->config.clock.period);
}

static void account(struct cpu_node *n, const struct vapic_out *out)
{
    switch (out->event) {
    case VAPIC_ENDED:
        ended(n, out->vector);
        break;
    case VAPIC_REQUESTED:
        requested(n, out->vector, out->merged, birth(n));
        break;
    case VAPIC_POSTED:
        posted(n, out, birth(n));
        break;
    default:
        break;
    }
}

/* ---- ops ---- */

static struct vapic_out page_op(struct cpu_node *n, const struct op *op)
{
    struct vapic_access a = page_access(n, op);
    struct mem *m = n->config.mem;

    if (op->kind == OP_LOAD)
        n->cpu.gpr[op->reg] = vapic_read(&n->cpu, m, &a);
    else
        vapic_write(&n->cpu, m, &a);
    return vapic_complete(&n->cpu, m);
}

static struct vapic_out execute(struct cpu_node *n, const struct op *op)
{
    struct vapic_out out = {0};
    struct cpu *c = &n->cpu;
    struct mem *m = n->config.mem;
    uint64_t *reg = &c->gpr[op->reg];

    switch (op->kind) {
    case OP_RDMSR:
        *reg = vapic_rdmsr(c, m, (uint32_t)op->imm);
        return out;
    case OP_WRMSR:
        return vapic_wrmsr(c, m, (uint32_t)op->imm, *reg);
    case OP_MOV_FROM_CR8:
        *reg = vapic_cr8(c, m);
        return out;
    case OP_MOV_CR8:
        out.gp = *reg > 15;
        return out.gp ? out : vapic_set_cr8(c, m, (uint8_t)*reg);
    default:
        return page_op(n, op);
    }
}

/* The op has been executed; an exit behind it is a trap. */
static void follow(struct cpu_node *n, const struct vapic_out *out,
                   struct cpu_result *r)
{
    account(n, out);
    if (!out->exits)
        return;
    r->outcome = CPU_EXITS;
    r->exit = out->exit;
}

void cpu_vapic_node_execute(struct cpu_node *n, const struct op *op,
                            struct cpu_result *r)
{
    struct vapic_out out = execute(n, op);

    if (out.gp) {
        *r = cpu_raise(&n->cpu, VECTOR_GP, 0);
        return;
    }
    cpu_retire(&n->cpu);
    if (op->kind == OP_WRMSR && op->imm == VAPIC_MSR_TSC_DEADLINE)
        cpu_vapic_node_arm(n);
    follow(n, &out, r);
}

struct cpu_result cpu_vapic_node_senduipi(struct cpu_node *n,
                                          const struct op *op)
{
    const struct cpu_apic_port *apic = &n->config.apic;
    struct mem *m = n->config.mem;
    struct uintr_sent sent;
    struct cpu_result r = cpu_senduipi(&n->cpu, m, op, &sent);
    struct vapic_out out;

    if (r.outcome != CPU_GOES_ON)
        return r;
    cpu_uintr_node_sent(n, &sent);
    if (!sent.notify)
        return r;
    if (!vapic_has_senduipi(&n->cpu)) {
        apic->notify(apic->apic, sent.vector, sent.ndst);
        return r;
    }
    out = vapic_senduipi(&n->cpu, m, sent.vector, sent.ndst);
    follow(n, &out, &r);
    return r;
}

/* ---- the guest's timer ---- */

void cpu_vapic_node_arm(struct cpu_node *n)
{
    struct engine *e = n->config.engine;
    sim_time period = n->config.clock.period;
    uint64_t deadline;

    engine_cancel(e, &n->guest_timer_event);
    if (!vapic_has_timer(&n->cpu))
        return;
    deadline = vmcs_get(n->cpu.vmcs, VMCS_GUEST_DEADLINE);
    /* one beyond the end of time never comes */
    if (!deadline || deadline > SIM_TIME_NEVER / period - 1)
        return;
    if (deadline * period <= engine_now(e))
        n->cpu.vapic.timer_due = true;
    else
        engine_schedule(e, &n->guest_timer_event, deadline * period);
}

void cpu_vapic_node_timer(struct cpu_node *n)
{
    irq_id irq = timer_birth(n);
    struct vapic_out out = vapic_timer_event(&n->cpu, n->config.mem);

    requested(n, out.vector, out.merged, irq);
}

/* ---- events ---- */

struct cpu_vectored cpu_vapic_node_deliver(struct cpu_node *n)
{
    struct vmcs *v = n->cpu.vmcs;
    uint8_t vector = vapic_deliver(&n->cpu, n->config.mem);

    ended(n, vector); /* a VMM's error has it in service already */
    n->vectored_irq = v->virr_irq[vector];
    v->visr_irq[vector] = n->vectored_irq;
    v->virr_irq[vector] = 0;
    if (uintr_identifies(&n->cpu.uintr, vector)) {
        v->visr_irq[vector] = 0;
        vapic_end_notification(&n->cpu, n->config.mem);
    }
    return (struct cpu_vectored){
        .vector = vector,
        .type = INTR_TYPE_EXTERNAL,
        .return_rip = n->cpu.rip,
    };
}

void cpu_vapic_node_exit(struct cpu_node *n)
{
    struct vmcs *v = n->cpu.vmcs;
    uint32_t info = n->exit.idt_vectoring_info;
    irq_id in_service = v->visr_irq[INTR_INFO_VECTOR(info)];

    if ((info & INTR_INFO_VALID) && n->vectored_irq &&
        n->vectored_irq == in_service)
        v->inject_irq = n->vectored_irq;
}

void cpu_vapic_node_begin_posted(struct cpu_node *n)
{
    vapic_clear_on(&n->cpu, n->config.mem);
}

void cpu_vapic_node_end_posted(struct cpu_node *n)
{
    const struct cpu_apic_port *apic = &n->config.apic;
    uint64_t pid = vmcs_get(n->cpu.vmcs, VMCS_POSTED_DESCRIPTOR_ADDRESS);
    struct vapic_taken taken;

    irq_deliver(n->config.irqs, n->vectored_irq, HOP_POSTED_PROCESSING,
                engine_now(n->config.engine));
    n->vectored_irq = 0;
    apic->eoi(apic->apic);
    taken = vapic_take_posted(&n->cpu, n->config.mem);
    for (unsigned i = 0; i < VAPIC_PIR_GROUPS; i++)
        for (uint64_t left = taken.vectors.word[i]; left; left &= left - 1) {
            uint8_t vector =
                (uint8_t)(64 * i + (unsigned)__builtin_ctzll(left));

            requested(n, vector, vecset_has(&taken.merged, vector),
                      posted_irqs_take(n->config.posted, pid, vector));
        }
}
