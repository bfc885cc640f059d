/* The run queue, and each change of a virtual CPU's state. */
#include "software/kvm_sched.h"

#include "software/kvm_private.h"

/* ---- the queue ---- */

static void enqueue(struct kvm *k, sim_time now)
{
    struct kvm_host *h = k->config.host;

    k->state = KVM_RUNNABLE;
    k->since = now;
    h->queue[h->waiting++] = (uint8_t)k->index;
}

static struct kvm *waiting(const struct kvm_host *h, uint32_t place)
{
    return h->vcpu[h->queue[place]];
}

static bool may_run(const struct kvm *k, const struct kvm_cpu *c)
{
    return k->config.cpus >> c->config.apic_id & 1;
}

/* The place of the first one for the CPU, or how many there are. */
static uint32_t first_for(const struct kvm_cpu *c)
{
    const struct kvm_host *h = c->host;
    uint32_t place = 0;

    while (place < h->waiting && !may_run(waiting(h, place), c))
        place++;
    return place;
}

bool kvm_sched_waits(const struct kvm_cpu *c)
{
    return first_for(c) < c->host->waiting;
}

static struct kvm *dequeue(struct kvm_host *h, uint32_t place)
{
    struct kvm *k = waiting(h, place);

    h->waiting--;
    for (uint32_t i = place; i < h->waiting; i++)
        h->queue[i] = h->queue[i + 1];
    return k;
}

void kvm_sched_add(struct kvm *k)
{
    struct kvm_host *h = k->config.host;

    k->index = h->vcpus;
    h->vcpu[h->vcpus++] = k;
    for (unsigned i = 0; i < KVM_CPUS_MAX; i++)
        h->cpu[i].sharers += (uint32_t)(k->config.cpus >> i & 1);
    enqueue(k, 0);
}

/* ---- running ---- */

static void begin_slice(struct kvm_cpu *c, sim_time now)
{
    c->resched = false;
    if (c->sharers < 2)
        return;
    c->slice_end = now + c->host->time_slice;
    c->rearm = true;
}

static void note_wait(struct kvm *k, sim_time now)
{
    struct kvm_sched_counts *n = &k->config.host->counts;
    sim_time waited = now - k->since;

    n->waits++;
    n->waited += waited;
    if (waited > n->longest_wait)
        n->longest_wait = waited;
}

/* The host's state that its VM exits load is the CPU's; the host's timer that
 * watches the guest's is the CPU's too. */
static void move(struct kvm *k, struct kvm_cpu *to)
{
    if (k->cpu != to->config.apic_id) {
        k->config.host->counts.migrations++;
        to->rearm = to->rearm || kvm_timer_host_due(k) != SIM_TIME_NEVER;
    }
    k->cpu = to->config.apic_id;
    vmcs_set(&k->vmcs, VMCS_HOST_IDTR_BASE, to->idt);
    vmcs_set(&k->vmcs, VMCS_HOST_RSP, to->stack);
}

struct kvm *kvm_sched_pick(struct kvm_cpu *c, struct cpu_env *env)
{
    uint32_t place = first_for(c);
    struct kvm *k;

    c->claimed = false;
    if (place == c->host->waiting)
        return NULL;
    k = dequeue(c->host, place);
    note_wait(k, env->now);
    move(k, c);
    k->state = KVM_RUNNING;
    c->current = k->index;
    kvm_pid_run(k, env->mem);
    kvm_each_waiting(k, env, HOP_SCHEDULED_IN);
    begin_slice(c, env->now);
    return k;
}

bool kvm_sched_is_over(struct kvm *k)
{
    struct kvm_cpu *c = kvm_cpu_of(k);
    bool over = c->resched && kvm_sched_waits(c);

    c->resched = false;
    return over;
}

/* ---- waking ---- */

static bool is_current(const struct kvm *k)
{
    return kvm_cpu_of(k)->current == k->index;
}

/* It halts, and nobody has sent it anything to run yet. */
static bool is_idle(const struct kvm_cpu *c)
{
    const struct kvm_host *h = c->host;

    if (c->claimed || !c->idt)
        return false;
    return c->current == KVM_NOBODY ||
           (h->vcpu[c->current]->state == KVM_BLOCKED &&
            !h->vcpu[c->current]->woken);
}

/* The CPU where it was last, or any other; NULL: all are at work. */
static struct kvm_cpu *idle_cpu(const struct kvm *k)
{
    struct kvm_host *h = k->config.host;

    if (is_idle(kvm_cpu_of(k)))
        return kvm_cpu_of(k);
    for (unsigned i = 0; i < KVM_CPUS_MAX; i++)
        if (may_run(k, &h->cpu[i]) && is_idle(&h->cpu[i]))
            return &h->cpu[i];
    return NULL;
}

static void kick(struct kvm_cpu *from, const struct kvm_cpu *to)
{
    if (to != from)
        from->kick |= UINT64_C(1) << to->config.apic_id;
}

static void claim(struct kvm_cpu *from, struct kvm_cpu *idle)
{
    if (!idle)
        return;
    idle->claimed = true;
    kick(from, idle);
}

/* The CPU was to take one from the queue, and has something else to do now. */
static void pass_claim(struct kvm_cpu *c)
{
    uint32_t place = first_for(c);

    if (c->claimed && place < c->host->waiting)
        claim(c, idle_cpu(waiting(c->host, place)));
    c->claimed = false;
}

void kvm_sched_awake(struct kvm *k, struct cpu_env *env)
{
    if (k->state != KVM_BLOCKED)
        return;
    k->config.host->counts.wakeups++;
    k->state = KVM_RUNNING;
    kvm_pid_run(k, env->mem);
    begin_slice(kvm_cpu_of(k), env->now);
    pass_claim(kvm_cpu_of(k));
}

/* It could run, and some CPU is to take it. */
static void wait_for_cpu(struct kvm *k, struct kvm_cpu *from,
                         struct cpu_env *env)
{
    kvm_pid_wait(k, env->mem);
    enqueue(k, env->now);
    claim(from, idle_cpu(k));
}

void kvm_sched_wake(struct kvm *k, struct kvm_cpu *from, struct cpu_env *env)
{
    if (k->state != KVM_BLOCKED)
        return;
    if (is_current(k)) {
        k->woken = true;
        kick(from, kvm_cpu_of(k));
    } else {
        k->config.host->counts.wakeups++;
        wait_for_cpu(k, from, env);
    }
}

/* ---- leaving the CPU ---- */

void kvm_call_block(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    struct kvm_cpu *c = kvm_cpu_of(k);
    bool posted = false;

    (void)arg;
    if (k->state == KVM_RUNNING) {
        k->state = KVM_BLOCKED;
        posted = kvm_pid_block(k, env->mem);
    }
    if (posted || k->woken) {
        kvm_jump(k, env, KVM_AGAIN); /* look once more */
        return;
    }
    c->slice_end = SIM_TIME_NEVER;
    c->claimed = kvm_sched_waits(c);
    if (c->claimed) /* by the first one */
        kvm_jump(k, env, KVM_SWITCH);
}

void kvm_call_leave(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct kvm *k = self;

    if (!(k->config.cpus & (k->config.cpus - 1)))
        env->cpu->rip = arg;
}

void kvm_call_switch(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    struct kvm_cpu *c = kvm_cpu_of(k);
    struct kvm_sched_counts *counts = &c->host->counts;
    struct kvm *next = kvm_sched_pick(c, env);

    (void)arg;
    if (!next) { /* other CPUs have taken all */
        kvm_jump(k, env, KVM_SCHEDULE_IN);
        return;
    }
    counts->switches++;
    counts->preemptions += k->state == KVM_RUNNING;
    counts->wakeups += k->state == KVM_BLOCKED && k->woken;
    if (k->state == KVM_RUNNING || k->woken)
        wait_for_cpu(k, c, env);
    kvm_jump(next, env, KVM_SCHEDULE_IN);
}

void kvm_call_rearm(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm_cpu *c = kvm_cpu_of(self);

    if (!c->rearm) {
        env->cpu->rip = arg;
        return;
    }
    c->rearm = false;
    env->cpu->gpr[RAX] = kvm_cpu_timer_count(c, env->now);
}
