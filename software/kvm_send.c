/*
 * Interrupts between virtual CPUs, and from any CPU of the host to them: posted
 * to the descriptor, or put into an inbox that the target empties before its
 * next VM entry.
 */
#include "sim/core/pid.h"
#include "software/kvm_private.h"

/* ---- to a virtual CPU, from anywhere ---- */

/* The CPU where the target is in its guest is interrupted; outside it will look
 * before the entry, and before it blocks.  One that waits for a CPU looks when
 * it has one. */
static void tell(struct kvm *k, struct cpu_env *env,
                 const struct kvm_sending *s, uint64_t *cpus)
{
    if (k->state == KVM_BLOCKED)
        kvm_sched_wake(k, s->from, env);
    else if (k->state == KVM_RUNNING && k->mode == KVM_IN_GUEST)
        *cpus |= UINT64_C(1) << k->cpu;
    else
        k->woken = k->state == KVM_RUNNING;
}

/* One kick ends the guest's turn, however many want it. */
static void kick(struct kvm *k, struct cpu_env *env,
                 const struct kvm_sending *s)
{
    tell(k, env, s, &s->from->kick);
    if (k->mode == KVM_IN_GUEST)
        k->mode = KVM_EXITING_GUEST;
}

/* Software leaves alone what is posted already, and sets ON whatever SN says.
 */
static void post(struct kvm *k, struct cpu_env *env,
                 const struct kvm_sending *s)
{
    uint64_t pid = kvm_descriptor(&k->config);
    bool is_new = !pid_has(env->mem, pid, s->vector);

    irq_hop(env->irqs, s->irq, HOP_POSTED, env->now);
    posted_irqs_put(env->node->config.posted, pid, s->vector, s->irq);
    if (is_new && pid_post(env->mem, pid, s->vector, true).notify)
        tell(k, env, s, &s->from->notify);
}

static void put(struct kvm *k, struct cpu_env *env, const struct kvm_sending *s)
{
    if (vecset_has(&k->inbox, s->vector)) {
        irq_merge(env->irqs, s->irq, IRQ_VIRR_SET);
        return;
    }
    vecset_add(&k->inbox, s->vector);
    k->inbox_irq[s->vector] = s->irq;
    kick(k, env, s);
}

/* What has no vector is never posted. */
static void send_signal(struct kvm *k, struct cpu_env *env,
                        const struct kvm_sending *s)
{
    if (s->mode == DELIVERY_NMI)
        kvm_nmi_accept(k, env, s->irq);
    else
        kvm_start_accept(k, env, s);
    kick(k, env, s);
}

void kvm_send(struct kvm *k, struct cpu_env *env, const struct kvm_sending *s)
{
    if (s->mode != DELIVERY_FIXED)
        send_signal(k, env, s);
    else if (k->config.apicv.posted_interrupts)
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

/* For one that is elsewhere. */

void kvm_send_device(struct kvm *k, struct cpu_env *env, uint32_t i,
                     const struct kvm_sending *s)
{
    if (k->config.apicv.posted_interrupts && !k->config.irq[i].nmi)
        post(k, env, s);
    else if (queue(k, env, i, s->irq))
        kick(k, env, s);
}

void kvm_call_host_device(void *self, struct cpu_env *env, uint64_t i)
{
    struct kvm *k = self;
    struct kvm_cpu *here = &k->config.host->cpu[k->config.cpu];
    struct kvm_sending s = {
        .from = here,
        .vector = k->config.irq[i].guest_vector,
        .irq = kvm_cpu_take(here, env),
    };
    bool elsewhere = here->current != k->index;

    env->cpu->gpr[RAX] = elsewhere ? k->config.costs.post : 0;
    if (elsewhere)
        kvm_send_device(k, env, (uint32_t)i, &s);
    else
        queue(k, env, i, s.irq);
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
