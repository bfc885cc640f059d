/*
 * Interrupts between virtual CPUs, and from any CPU of the host to them: posted
 * to the descriptor, or put into an inbox that the target empties before its
 * next VM entry.
 */
#include "sim/core/pid.h"
#include "software/kvm_private.h"

/* ---- to a virtual CPU, from anywhere ---- */

/* The host's CPU where the target is looks; it itself will before the entry. */
static void tell(const struct kvm *k, const struct kvm_cpu *from,
                 uint64_t *cpus)
{
    if (k->cpu != from->config.apic_id)
        *cpus |= UINT64_C(1) << k->cpu;
}

/* Software sets ON whatever SN says. */
static void post(struct kvm *k, struct cpu_env *env,
                 const struct kvm_sending *s)
{
    uint64_t pid = kvm_descriptor(&k->config);
    struct pid_posted p = pid_post(env->mem, pid, s->vector, true);

    irq_hop(env->irqs, s->irq, HOP_POSTED, env->now);
    posted_irqs_put(env->node->config.posted, pid, s->vector, s->irq);
    if (p.notify)
        tell(k, s->from, &s->from->notify);
}

static void put(struct kvm *k, struct cpu_env *env, const struct kvm_sending *s)
{
    if (vecset_has(&k->inbox, s->vector)) {
        irq_merge(env->irqs, s->irq, IRQ_VIRR_SET);
        return;
    }
    vecset_add(&k->inbox, s->vector);
    k->inbox_irq[s->vector] = s->irq;
    tell(k, s->from, &s->from->kick);
}

void kvm_send(struct kvm *k, struct cpu_env *env, const struct kvm_sending *s)
{
    if (k->config.apicv.posted_interrupts)
        post(k, env, s);
    else
        put(k, env, s);
}

/* ---- interrupts of devices ---- */

static bool queue(struct kvm *k, struct cpu_env *env, uint64_t i, irq_id irq)
{
    if (k->queued >> i & 1) {
        irq_merge(env->irqs, irq, IRQ_VIRR_SET);
        return false;
    }
    k->queued |= UINT64_C(1) << i;
    k->queued_irq[i] = irq;
    return true;
}

void kvm_call_host_device(void *self, struct cpu_env *env, uint64_t i)
{
    struct kvm *k = self;

    queue(k, env, i, kvm_cpu_take(kvm_cpu_of(k), env));
}

void kvm_send_device(struct kvm *k, struct cpu_env *env, uint32_t i,
                     const struct kvm_sending *s)
{
    if (k->config.apicv.posted_interrupts && !k->config.irq[i].nmi)
        post(k, env, s);
    else if (queue(k, env, i, s->irq))
        tell(k, s->from, &s->from->kick);
}

/* ---- at the target ---- */

void kvm_inbox_sync(struct kvm *k, struct cpu_env *env)
{
    int v;

    while ((v = vecset_top(&k->inbox)) >= 0) {
        vecset_del(&k->inbox, (uint8_t)v);
        kvm_vlapic_accept(k, env, (uint8_t)v, k->inbox_irq[v]);
        k->inbox_irq[v] = 0;
    }
}
