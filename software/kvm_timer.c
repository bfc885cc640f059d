/*
 * Who watches the deadline of the guest's APIC timer while the guest runs: the
 * host's own timer, the VMX-preemption timer, or the processor itself, which
 * virtualizes a TSC deadline.  Both of the latter need the guest on the CPU:
 * while it is blocked, and for what they cannot do, the host's timer watches.
 */
#include "software/apic_code.h"
#include "software/kvm_private.h"

static enum kvm_guest_timer way(const struct kvm *k)
{
    return k->config.guest_timer;
}

/* The preemption timer's value at an entry now: it must not end early. */
static uint64_t preemption_value(const struct kvm *k, sim_time now)
{
    unsigned shift = k->config.preemption_timer_shift;
    sim_time period = k->config.core_clock.period;
    uint64_t due = (kvm_vlapic_due(k) + period - 1) / period;
    uint64_t tick = clock_cycles(&k->config.core_clock, now) >> shift;
    uint64_t last = (due + (UINT64_C(1) << shift) - 1) >> shift;

    return last > tick ? last - tick : 0;
}

/* A TSC deadline whose expiry is to set a bit of the virtual IRR. */
static bool is_virtualizable(const struct kvm *k)
{
    uint32_t lvt = k->vlapic.lvt[LVT_TIMER];

    return (lvt & LVT_TIMER_MODES) == LVT_TSC_DEADLINE &&
           !(lvt & LAPIC_LVT_MASKED) && (lvt & 0xff) >= 16;
}

static bool needs_host(const struct kvm *k, sim_time now)
{
    switch (way(k)) {
    case KVM_TIMER_PREEMPTION:
        return k->blocked || (kvm_vlapic_due(k) != SIM_TIME_NEVER &&
                              preemption_value(k, now) > UINT32_MAX);
    case KVM_TIMER_VIRTUALIZED:
        return k->blocked || !is_virtualizable(k);
    default:
        return true;
    }
}

bool kvm_timer_is_unwatched(const struct kvm *k)
{
    return way(k) == KVM_TIMER_VIRTUALIZED && !k->timer_on_host &&
           !is_virtualizable(k);
}

sim_time kvm_timer_host_due(const struct kvm *k)
{
    return k->timer_on_host ? kvm_vlapic_due(k) : SIM_TIME_NEVER;
}

/* Does the host's timer have to be set, and to what? */
struct setting {
    bool set;
    uint64_t count;
};

/* Who watches is chosen anew. */
static struct setting choose(struct kvm *k, sim_time now)
{
    bool was = k->timer_on_host;

    k->timer_on_host = needs_host(k, now);
    return (struct setting){
        (was || k->timer_on_host) && kvm_vlapic_due(k) != SIM_TIME_NEVER,
        kvm_cpu_timer_count(kvm_cpu_of(k), now),
    };
}

static void expire_if_due(struct kvm *k, struct cpu_env *env)
{
    if (kvm_vlapic_due(k) <= env->now)
        cpu_node_attribute_exit(env->node, kvm_vlapic_expire(k, env));
}

void kvm_timer_changed(struct kvm *k, struct cpu_env *env)
{
    const struct kvm_costs *costs = &k->config.costs;
    struct setting host = {true, kvm_cpu_timer_count(kvm_cpu_of(k), env->now)};

    if (way(k) != KVM_TIMER_HOST) {
        expire_if_due(k, env); /* nobody has to watch it */
        host = choose(k, env->now);
    }
    env->cpu->gpr[RAX] += host.set ? costs->virtual_timer : costs->direct_timer;
    env->cpu->gpr[RBX] = host.set ? host.count : 0;
}

/* ---- the guest blocks, or is to run again ---- */

static void switch_host(struct kvm *k, struct cpu_env *env, uint64_t cycles)
{
    struct setting host = choose(k, env->now);

    env->cpu->gpr[RAX] = host.set ? cycles : 0;
    env->cpu->gpr[RBX] = host.count;
    env->cpu->gpr[RCX] = host.set;
}

static void call_block(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    switch_host(k, env, k->config.costs.virtual_timer);
}

static void call_resume(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    switch_host(k, env, k->config.costs.direct_timer);
}

static void build_switch(struct kvm *k, struct text *t, cpu_call_fn *call)
{
    uint32_t unchanged;

    if (way(k) == KVM_TIMER_HOST)
        return;
    text_call(t, call, k, 0);
    text_op(t, OP_WORK_REG, RAX, 0);
    unchanged = text_op(t, OP_JZ, RCX, 0);
    apic_code_write_reg(t, k->config.x2apic, APIC_TMICT, RBX);
    text_patch(t, unchanged);
}

void kvm_timer_build_block(struct kvm *k, struct text *t)
{
    build_switch(k, t, call_block);
}

void kvm_timer_build_resume(struct kvm *k, struct text *t)
{
    build_switch(k, t, call_resume);
}

/* ---- the preemption timer ---- */

static void store_preemption(struct kvm *k, sim_time now)
{
    bool on = !k->timer_on_host && kvm_vlapic_due(k) != SIM_TIME_NEVER;

    kvm_set_control(k, VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER, on);
    if (on)
        vmcs_set(&k->vmcs, VMCS_PREEMPTION_TIMER_VALUE,
                 preemption_value(k, now));
}

/* RAX = cycles of its work. */
static void call_expiry(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    expire_if_due(k, env);
    env->cpu->gpr[RAX] = k->config.costs.direct_timer;
}

void kvm_timer_build_expiry(struct kvm *k, struct text *t)
{
    if (way(k) != KVM_TIMER_PREEMPTION)
        return;
    text_call(t, call_expiry, k, 0);
    text_op(t, OP_WORK_REG, RAX, 0);
}

/* ---- APIC-timer virtualization ---- */

static void intercept_deadline(const struct kvm *k, struct mem *m, bool exits)
{
    kvm_intercept_msr(k, m, MSR_TSC_DEADLINE, exits);
    kvm_intercept_msr(k, m, KVM_MSR_WRITES + MSR_TSC_DEADLINE, exits);
}

/* The TSC has no offset: deadline and shadow are the same. */
static void store_deadline(struct kvm *k, struct mem *m)
{
    bool on = !k->timer_on_host && is_virtualizable(k);

    kvm_set_control(k, VMCS_TERTIARY_CONTROLS,
                    TERTIARY_APIC_TIMER_VIRTUALIZATION, on);
    intercept_deadline(k, m, !on);
    vmcs_set(&k->vmcs, VMCS_VIRTUAL_TIMER_VECTOR,
             k->vlapic.lvt[LVT_TIMER] & 0xff);
    vmcs_set(&k->vmcs, VMCS_GUEST_DEADLINE, k->vlapic.tsc_deadline);
    vmcs_set(&k->vmcs, VMCS_GUEST_DEADLINE_SHADOW, k->vlapic.tsc_deadline);
}

void kvm_timer_store(struct kvm *k, struct mem *m, sim_time now)
{
    if (way(k) == KVM_TIMER_PREEMPTION)
        store_preemption(k, now);
    if (way(k) == KVM_TIMER_VIRTUALIZED)
        store_deadline(k, m);
}

void kvm_timer_load(struct kvm *k)
{
    if (vmcs_tertiary(&k->vmcs) & TERTIARY_APIC_TIMER_VIRTUALIZATION)
        k->vlapic.tsc_deadline = vmcs_get(&k->vmcs, VMCS_GUEST_DEADLINE_SHADOW);
}
