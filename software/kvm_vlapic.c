/* The guest's APIC in software: the rules are those of models/lapic. */
#include "software/apic_code.h"
#include "software/kvm_private.h"
#include "software/pv_eoi.h"

#define GP_INJECTION                                                           \
    (INTR_INFO_VALID | INTR_INFO_ERROR_CODE |                                  \
     INTR_TYPE_HARDWARE_EXCEPTION << 8 | VECTOR_GP)

struct lapic_time kvm_vlapic_time(const struct kvm *k, sim_time now)
{
    const struct clock *timer = &k->config.timer_clock;

    return (struct lapic_time){
        .timer_edge = clock_cycles(timer, clock_edge(timer, now)),
        .tsc = clock_cycles(&k->config.core_clock, now),
    };
}

sim_time kvm_vlapic_due(const struct kvm *k)
{
    struct lapic_due due = lapic_timer_due(&k->vlapic);
    sim_time period = due.clock == LAPIC_DUE_TSC ? k->config.core_clock.period
                                                 : k->config.timer_clock.period;

    /* a deadline beyond the end of time, or in its last cycle, never comes */
    if (due.clock == LAPIC_DUE_NEVER || due.at >= SIM_TIME_NEVER / period)
        return SIM_TIME_NEVER;
    return due.at * period;
}

/* What the software APIC hands on by delivery mode. */
static bool takes_signal(const struct kvm *k, uint8_t mode)
{
    return mode == DELIVERY_INIT || mode == DELIVERY_SIPI ||
           (mode == DELIVERY_NMI && k->config.virtual_nmis);
}

static void signal(struct kvm *k, struct cpu_env *env,
                   const struct lapic_taken *t, irq_id irq)
{
    struct kvm_sending s = {.mode = t->mode, .vector = t->vector, .irq = irq};

    if (!takes_signal(k, t->mode))
        irq_drop(env->irqs, irq, IRQ_UNSUPPORTED_MODE);
    else if (t->mode == DELIVERY_NMI)
        kvm_nmi_accept(k, env, irq);
    else
        kvm_start_accept(k, env, &s);
}

/* What became of an interrupt that was sent to the software APIC. */
static void settle(struct kvm *k, struct cpu_env *env,
                   const struct lapic_taken *t, irq_id irq)
{
    switch (t->fate) {
    case LAPIC_FATE_ACCEPTED:
        irq_hop(env->irqs, irq, HOP_VLAPIC_ACCEPT, env->now);
        k->vmcs.virr_irq[t->vector] = irq;
        break;
    case LAPIC_FATE_MERGED:
        irq_merge(env->irqs, irq, IRQ_VIRR_SET);
        break;
    case LAPIC_FATE_FORWARDED:
        signal(k, env, t, irq);
        break;
    default:
        irq_drop(env->irqs, irq,
                 t->fate == LAPIC_FATE_REFUSED ? (enum irq_reason)t->why
                                               : IRQ_UNSUPPORTED_MODE);
    }
}

void kvm_vlapic_accept(struct kvm *k, struct cpu_env *env, uint8_t vector,
                       irq_id irq)
{
    struct msg_apic m = {.vector = vector, .mode = DELIVERY_FIXED};
    struct lapic_out out = lapic_accept(&k->vlapic, &m);

    settle(k, env, &out.taken, irq);
}

bool kvm_vlapic_eligible(const struct kvm *k)
{
    int top = vecset_top(&k->vlapic.irr);

    return lapic_software_enabled(&k->vlapic) &&
           class_of(top) > class_of((int)lapic_ppr(&k->vlapic));
}

irq_id kvm_vlapic_next_irq(const struct kvm *k)
{
    int top = vecset_top(&k->vlapic.irr);

    return top < 0 ? 0 : k->vmcs.virr_irq[top];
}

uint8_t kvm_vlapic_take(struct kvm *k, irq_id *irq)
{
    uint8_t vector;

    lapic_acknowledge(&k->vlapic, &vector);
    *irq = k->vmcs.virr_irq[vector];
    k->vmcs.visr_irq[vector] = *irq;
    k->vmcs.virr_irq[vector] = 0;
    return vector;
}

/* The interrupt is born when the guest's timer was due: what the host needs to
 * notice is part of its latency. */
irq_id kvm_vlapic_expire(struct kvm *k, struct cpu_env *env)
{
    sim_time due = kvm_vlapic_due(k);
    struct lapic_out out = lapic_timer_expire(&k->vlapic);
    irq_id irq;

    if (out.taken.fate == LAPIC_FATE_NONE)
        return 0;
    irq = irq_birth(env->irqs, k->config.timer_source, HOP_TIMER_EXPIRY, due);
    settle(k, env, &out.taken, irq);
    return irq;
}

/* To itself. */
static void send_here(struct kvm *k, struct cpu_env *env,
                      const struct msg_apic *m)
{
    struct lapic_out out = lapic_accept(&k->vlapic, m);

    if (out.taken.fate != LAPIC_FATE_NONE)
        settle(k, env, &out.taken,
               irq_birth(env->irqs, k->config.ipi_source, HOP_ICR_WRITE,
                         env->now));
}

static bool has_vector(const struct msg_apic *m)
{
    return m->mode == DELIVERY_FIXED || m->mode == DELIVERY_LOWEST;
}

/* To another virtual CPU; what it cannot take ends here. */
static void send_there(const struct kvm *k, struct cpu_env *env, struct kvm *to,
                       const struct msg_apic *m)
{
    struct kvm_sending s = {
        .from = kvm_cpu_of(k),
        .mode = has_vector(m) ? DELIVERY_FIXED : m->mode,
        .vector = m->vector,
        .irq =
            irq_birth(env->irqs, k->config.ipi_source, HOP_ICR_WRITE, env->now),
    };

    if (has_vector(m) || takes_signal(to, m->mode))
        kvm_send(to, env, &s);
    else
        irq_drop(env->irqs, s.irq, IRQ_UNSUPPORTED_MODE);
}

static struct kvm *sibling(const struct kvm *k, uint32_t i)
{
    return k->config.host->vcpu[k->config.first_vcpu + i];
}

/* Of those that a lowest-priority IPI matches, the one with the lowest TPR. */
static const struct kvm *lowest(const struct kvm *k, const struct msg_apic *m)
{
    const struct kvm *best = NULL;

    for (uint32_t i = 0; i < k->config.vcpus; i++) {
        const struct kvm *to = sibling(k, i);

        if (lapic_matches(&to->vlapic, m) &&
            (!best || to->vlapic.tpr < best->vlapic.tpr))
            best = to;
    }
    return best;
}

/* The guest's ICR; returns the cycles that other virtual CPUs cost. */
static uint64_t send(struct kvm *k, struct cpu_env *env,
                     const struct msg_apic *m)
{
    const struct kvm *only = m->mode == DELIVERY_LOWEST ? lowest(k, m) : NULL;
    uint64_t cycles = 0;

    for (uint32_t i = 0; i < k->config.vcpus; i++) {
        struct kvm *to = sibling(k, i);

        if (!lapic_matches(&to->vlapic, m) || (only && only != to))
            continue;
        if (to == k) {
            send_here(k, env, m);
        } else {
            send_there(k, env, to, m);
            cycles += k->config.costs.post;
        }
    }
    return cycles;
}

/* A reset or a global disable of the software APIC. */
static void clear(struct kvm *k, struct cpu_env *env)
{
    for (unsigned v = 0; v < 256; v++) {
        irq_drop(env->irqs, k->vmcs.virr_irq[v], IRQ_APIC_RESET);
        irq_finish(env->irqs, k->vmcs.visr_irq[v], HOP_COUNT, env->now);
        k->vmcs.virr_irq[v] = 0;
        k->vmcs.visr_irq[v] = 0;
    }
}

void kvm_vlapic_init(struct kvm *k, struct cpu_env *env)
{
    lapic_reset(&k->vlapic, LAPIC_INIT);
    clear(k, env);
}

/* The guest is done with the line: it may interrupt again. */
static void unmask(const struct kvm *k, struct cpu_env *env, uint8_t vector)
{
    const struct kvm_irq *line = kvm_line(k, vector);

    env->cpu->gpr[RCX] = line && !line->ioapic ? line->rte_select : 0;
    env->cpu->gpr[RSI] = line && line->ioapic ? line->rte_select : 0;
    env->cpu->gpr[RDX] = line ? line->rte_low : 0;
}

/* Does what one emulated access asks for; see kvm_call_msr. */
static void apply(struct kvm *k, struct cpu_env *env,
                  const struct lapic_out *out)
{
    const struct kvm_costs *costs = &k->config.costs;

    env->cpu->gpr[RAX] = out->eoi ? costs->eoi : 0;
    env->cpu->gpr[RBX] = 0;
    env->cpu->gpr[RCX] = 0;
    env->cpu->gpr[RSI] = 0;
    if (out->cleared)
        clear(k, env);
    if (out->eoi) {
        irq_finish(env->irqs, k->vmcs.visr_irq[out->eoi_vector], HOP_EOI,
                   env->now);
        k->vmcs.visr_irq[out->eoi_vector] = 0;
        unmask(k, env, out->eoi_vector);
        if (k->eli_on && vecset_empty(&k->vlapic.isr) &&
            !kvm_vlapic_eligible(k))
            kvm_eli_enter_guest_mode(k, env->mem);
    }
    if (out->send)
        env->cpu->gpr[RAX] += send(k, env, &out->message);
    if (out->timer_changed || kvm_timer_is_unwatched(k))
        kvm_timer_changed(k, env);
}

void kvm_vlapic_write(struct kvm *k, struct cpu_env *env,
                      const struct lapic_mmio *a)
{
    struct lapic_out out =
        lapic_write(&k->vlapic, a, kvm_vlapic_time(k, env->now));

    apply(k, env, &out);
}

void kvm_vlapic_wrmsr(struct kvm *k, struct cpu_env *env, uint32_t msr,
                      uint64_t value)
{
    struct lapic_out out =
        lapic_wrmsr(&k->vlapic, msr, value, kvm_vlapic_time(k, env->now));

    apply(k, env, &out);
}

void kvm_vlapic_eoi(struct kvm *k, struct cpu_env *env)
{
    struct lapic_mmio eoi = {.offset = APIC_EOI, .bytes = 4};

    if (lapic_mode(&k->vlapic) == LAPIC_MODE_X2APIC)
        kvm_vlapic_wrmsr(k, env, MSR_X2APIC + APIC_EOI / 16, 0);
    else
        kvm_vlapic_write(k, env, &eoi);
}

void kvm_vlapic_ended(struct kvm *k, struct cpu_env *env, uint8_t vector)
{
    struct lapic_out nothing = {0};

    apply(k, env, &nothing);
    unmask(k, env, vector);
}

static void skip_or_fault(struct kvm *k, struct cpu_env *env, bool gp)
{
    if (gp)
        k->again = (struct kvm_event){.info = GP_INJECTION};
    else
        kvm_call_skip(k, env, 0);
}

void kvm_call_msr(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    uint64_t rip = vmcs_get(&k->vmcs, VMCS_GUEST_RIP);
    const struct op *op = &env->node->config.text[rip_op(rip)];
    struct lapic_time now = kvm_vlapic_time(k, env->now);
    uint64_t *reg = &k->gpr[op->reg];
    struct lapic_out out = {0};

    (void)arg;
    if (op->kind == OP_WRMSR && op->imm == MSR_KVM_PV_EOI)
        out.gp = !kvm_pv_eoi_write_msr(k, *reg);
    else if (op->kind == OP_WRMSR && op->imm == MSR_KVM_POLL_CONTROL)
        out.gp = !kvm_poll_wrmsr(k, *reg);
    else if (op->imm == MSR_KVM_POLL_CONTROL)
        *reg = kvm_poll_rdmsr(k);
    else if (op->kind == OP_WRMSR)
        out = lapic_wrmsr(&k->vlapic, (uint32_t)op->imm, *reg, now);
    else
        out = lapic_rdmsr(&k->vlapic, (uint32_t)op->imm, now, reg);
    skip_or_fault(k, env, out.gp);
    apply(k, env, &out);
}

/* Exit qualification of a control-register access. */
#define CR_ACCESS_FROM (1u << 4)
#define CR_ACCESS_REGISTER(q) ((q) >> 8 & 0xf)

void kvm_call_cr8(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    uint64_t q = vmcs_get(&k->vmcs, VMCS_EXIT_QUALIFICATION);
    uint64_t *reg = &k->gpr[CR_ACCESS_REGISTER(q)];
    struct lapic_out out = {0};

    (void)arg;
    if (q & CR_ACCESS_FROM)
        *reg = lapic_cr8(&k->vlapic);
    else
        out = lapic_set_cr8(&k->vlapic, *reg);
    skip_or_fault(k, env, out.gp);
    apply(k, env, &out);
}

/* An access to the xAPIC page that is emulated. */
static void emulate(struct kvm *k, struct cpu_env *env, uint64_t offset)
{
    uint64_t rip = vmcs_get(&k->vmcs, VMCS_GUEST_RIP);
    const struct op *op = &env->node->config.text[rip_op(rip)];
    struct lapic_time now = kvm_vlapic_time(k, env->now);
    uint64_t *reg = &k->gpr[op->reg];
    struct lapic_mmio a = {
        .offset = offset & 0xfff,
        .bytes = 4,
        .value = (uint32_t)*reg,
    };
    struct lapic_out out;

    if (op->kind == OP_STORE) {
        out = lapic_write(&k->vlapic, &a, now);
    } else {
        out = lapic_read(&k->vlapic, &a, now);
        *reg = a.value;
    }
    skip_or_fault(k, env, false);
    apply(k, env, &out);
}

void kvm_call_ept(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    emulate(k, env, vmcs_get(&k->vmcs, VMCS_GUEST_PHYSICAL_ADDRESS));
}

void kvm_call_apic_access(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    emulate(k, env, vmcs_get(&k->vmcs, VMCS_EXIT_QUALIFICATION));
}
