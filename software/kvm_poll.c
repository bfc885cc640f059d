/*
 * Halt polling: a virtual CPU that halts is looked at in a loop for a while
 * before the host gives the physical CPU away.  The window grows after halts
 * that a longer one would have covered, and shrinks after those that are too
 * long for any.  Who else wants the CPU ends it at once.  Linux,
 * Documentation/virt/kvm/halt-polling.
 */
#include "software/kvm_private.h"
#include "software/kvm_sched.h"

static sim_time larger(const struct kvm_poll_config *c, sim_time window)
{
    if (!c->grow)
        return window;
    window *= c->grow;
    if (window < c->grow_start)
        window = c->grow_start;
    return window < c->most ? window : c->most;
}

static sim_time smaller(const struct kvm_poll_config *c, sim_time window)
{
    if (!c->shrink)
        return 0;
    window /= c->shrink;
    return window < c->grow_start ? 0 : window;
}

/* What a halt that has just ended says about the next one. */
static void adapt(struct kvm_poll *p, const struct kvm_poll_config *c,
                  sim_time halted)
{
    if (halted <= p->window)
        return;
    if (p->window && halted > c->most)
        p->window = smaller(c, p->window);
    else if (p->window < c->most && halted < c->most)
        p->window = larger(c, p->window);
}

/* The CPU looks no more: something has come, or the window is over. */
static void stop_looking(struct kvm_poll *p, sim_time now)
{
    if (p->looks)
        p->counts.polled += now - p->since;
    p->looks = false;
}

void kvm_poll_begin(struct kvm *k, sim_time now)
{
    struct kvm_poll *p = &k->poll;

    if (!k->config.poll.most)
        return;
    p->since = now;
    p->looks = p->window != 0 && !p->off;
    p->asleep = false;
    p->counts.halts++;
    p->counts.polls += p->looks;
}

enum kvm_label kvm_poll_wait(struct kvm *k, sim_time now)
{
    struct kvm_poll *p = &k->poll;

    if (!k->config.poll.most || p->asleep)
        return KVM_BLOCK;
    if (p->looks && now - p->since < p->window &&
        !kvm_sched_waits(kvm_cpu_of(k)))
        return KVM_POLL;
    stop_looking(p, now);
    p->asleep = true;
    return KVM_SLEEP;
}

enum kvm_label kvm_poll_end(struct kvm *k, sim_time now)
{
    struct kvm_poll *p = &k->poll;

    if (!k->config.poll.most)
        return KVM_WAKE;
    p->counts.successes += p->looks;
    stop_looking(p, now);
    if (!p->off)
        adapt(p, &k->config.poll, now - p->since);
    return p->asleep ? KVM_WAKE : KVM_AWAKE;
}

uint64_t kvm_poll_rdmsr(const struct kvm *k)
{
    return k->poll.off ? 0 : KVM_POLL_ON;
}

bool kvm_poll_wrmsr(struct kvm *k, uint64_t value)
{
    if (value & ~(uint64_t)KVM_POLL_ON)
        return false;
    k->poll.off = !value;
    return true;
}

void kvm_poll_leave(struct kvm *k, sim_time now)
{
    stop_looking(&k->poll, now);
    k->poll.asleep = true;
}

/* One look; the loop goes through the handlers of what comes meanwhile. */
void kvm_poll_build(struct kvm *k, struct text *t)
{
    const struct kvm_costs *costs = &k->config.costs;

    k->label[KVM_POLL] = text_here(t);
    text_op(t, OP_STI, RAX, 0);
    text_op(t, OP_PAUSE, RAX, 0);
    text_work(t, costs->halt_poll);
    text_op(t, OP_JMP, RAX, k->label[KVM_REENTER]);
    k->label[KVM_SLEEP] = text_here(t);
    text_op(t, OP_STI, RAX, 0);
    text_work(t, costs->hlt);
    text_op(t, OP_JMP, RAX, k->label[KVM_REENTER]);
}
