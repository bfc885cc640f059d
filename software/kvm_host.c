/* The host's own interrupts: assigned devices, its tick, the guest's timer. */
#include "software/kvm_private.h"

/* A physical interrupt is in the host's hands. */
static irq_id take(struct kvm *k, struct cpu_env *env)
{
    irq_id irq = env->node->delivered_irq;

    k->host_interrupts++;
    if (env->node->exit_reason == EXIT_EXTERNAL_INTERRUPT)
        cpu_node_attribute_exit(env->node, irq);
    return irq;
}

void kvm_call_host_device(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    irq_id irq = take(k, env);

    if (k->queued >> arg & 1) {
        irq_merge(env->irqs, irq, IRQ_VIRR_SET);
        return;
    }
    k->queued |= UINT64_C(1) << arg;
    k->queued_irq[arg] = irq;
}

/* The host's timer is one-shot; it serves the tick and the guest's timer. */
void kvm_call_host_timer(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    const struct kvm_costs *costs = &k->config.costs;
    uint64_t cycles = 0;

    (void)arg;
    irq_deliver(env->irqs, take(k, env), HOP_GUEST_HANDLER, env->now);
    if (k->next_tick <= env->now) {
        cycles += costs->host_tick;
        k->next_tick += k->config.host_tick;
    }
    if (kvm_vlapic_due(k) <= env->now) {
        cycles += costs->virtual_timer;
        kvm_vlapic_expire(k, env);
    }
    env->cpu->gpr[RAX] = cycles;
}

uint64_t kvm_host_timer_count(const struct kvm *k, sim_time now)
{
    sim_time period = k->config.timer_clock.period;
    sim_time due = kvm_vlapic_due(k);

    if (k->next_tick < due)
        due = k->next_tick;
    if (due == SIM_TIME_NEVER)
        return 0;
    return due <= now ? 1 : (due - now + period - 1) / period;
}

void kvm_call_host_timer_next(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    env->cpu->gpr[RAX] = kvm_host_timer_count(k, env->now);
}

void kvm_call_host_ipi(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    irq_deliver(env->irqs, take(k, env), HOP_GUEST_HANDLER, env->now);
}

void kvm_call_host_nmi(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)env;
    (void)arg;
    k->nmis++;
}

void kvm_call_host_unknown(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    irq_drop(env->irqs, take(k, env), IRQ_UNHANDLED);
}
