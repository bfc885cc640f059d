/* VM entries and exits: what is injected, and what each exit means. */
#include "software/kvm.h"

#include <assert.h>

#include "software/apic_code.h"
#include "software/kvm_private.h"

#define MSR_X2APIC_EOI (MSR_X2APIC + APIC_EOI / 16)

static uint64_t get(const struct kvm *k, enum vmcs_field f)
{
    return vmcs_get(&k->vmcs, f);
}

/* ---- entry ---- */

void kvm_call_queued(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct kvm *k = self;

    (void)arg;
    env->cpu->gpr[RAX] = k->queued != 0;
}

void kvm_call_route(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    unsigned i = (unsigned)__builtin_ctzll(k->queued);

    (void)arg;
    k->queued &= k->queued - 1;
    if (k->config.irq[i].nmi)
        kvm_nmi_accept(k, env, k->queued_irq[i]);
    else
        kvm_vlapic_accept(k, env, k->config.irq[i].guest_vector,
                          k->queued_irq[i]);
    k->queued_irq[i] = 0;
}

/* Is the guest able to take an interrupt at this entry? */
static bool injectable(const struct kvm *k)
{
    return (get(k, VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
           !(get(k, VMCS_GUEST_INTERRUPTIBILITY) &
             (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

static void inject(struct kvm *k, const struct kvm_event *e)
{
    vmcs_set(&k->vmcs, VMCS_ENTRY_INTR_INFO, e->info);
    vmcs_set(&k->vmcs, VMCS_ENTRY_ERROR_CODE, e->error_code);
    vmcs_set(&k->vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, e->instruction_length);
    k->vmcs.inject_irq = e->irq;
}

/* An interrupt waits that the processor will not deliver itself. */
static bool has_to_inject(const struct kvm *k)
{
    return !k->config.apicv.virtual_interrupt_delivery &&
           kvm_vlapic_eligible(k);
}

static struct kvm_event take_interrupt(struct kvm *k, struct cpu_env *env)
{
    struct kvm_event e = {0};

    if (k->eli_on && !k->injection_mode)
        kvm_eli_enter_injection_mode(k, env->mem);
    e.info = INTR_INFO_VALID | kvm_vlapic_take(k, &e.irq);
    return e;
}

/* What was cut short comes first, then NMIs, then interrupts. */
static enum kvm_label choose_event(struct kvm *k, struct cpu_env *env)
{
    struct kvm_event e = k->again;

    if (e.info)
        k->again = (struct kvm_event){0};
    else if (kvm_nmi_injectable(k))
        e = kvm_nmi_take(k);
    else if (has_to_inject(k) && injectable(k))
        e = take_interrupt(k, env);
    else
        return KVM_ENTER;
    inject(k, &e);
    return KVM_INJECT;
}

/* What still waits follows as soon as the guest allows it. */
static enum kvm_label open_windows(struct kvm *k, enum kvm_label to)
{
    bool interrupt = has_to_inject(k), nmi = k->nmis_waiting;

    kvm_set_control(k, VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW,
                    interrupt);
    kvm_set_control(k, VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW, nmi);
    return to == KVM_ENTER && (interrupt || nmi) ? KVM_WINDOW : to;
}

static bool is_woken(const struct kvm *k)
{
    if (k->start != KVM_STARTED)
        return k->start == KVM_STARTS;
    return (kvm_vlapic_eligible(k) && injectable(k)) || kvm_nmi_injectable(k);
}

/* From its halt, or from waiting for a SIPI. */
static enum kvm_label wake(struct kvm *k, struct cpu_env *env)
{
    bool starts = k->start == KVM_STARTS;

    k->blocked = false;
    k->start = KVM_STARTED;
    kvm_sched_awake(k, env);
    return starts ? KVM_WAKE : kvm_poll_end(k, env->now);
}

static enum kvm_label choose(struct kvm *k, struct cpu_env *env)
{
    if (k->queued)
        return KVM_AGAIN;
    if (k->blocked && !is_woken(k))
        return kvm_poll_wait(k, env->now);
    if (k->blocked)
        return wake(k, env);
    if (kvm_sched_is_over(k))
        return KVM_SWITCH;
    kvm_nmi_merge(k, env);
    k->mode = KVM_IN_GUEST;
    return open_windows(k, choose_event(k, env));
}

void kvm_call_prepare_entry(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    k->woken = false;
    kvm_apicv_sync(k, env);
    kvm_inbox_sync(k, env);
    kvm_start_take(k, env);
    kvm_jump(k, env, choose(k, env));
}

void kvm_call_load(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    kvm_apicv_store(k, env->mem, env->now);
    kvm_timer_store(k, env->mem, env->now);
    kvm_pv_eoi_offer(k, env->mem);
    for (unsigned r = 0; r < GPR_COUNT; r++)
        env->cpu->gpr[r] = k->gpr[r];
    if (!k->vmcs.launched)
        kvm_jump(k, env, KVM_LAUNCH);
}

void kvm_call_failed(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)self;
    (void)env;
    (void)arg;
    assert(!"a VM entry of the hypervisor failed");
}

/* ---- exit ---- */

/* The op that exited: what a hypervisor finds by decoding the instruction. */
static const struct op *guest_op(const struct kvm *k, const struct cpu_env *env)
{
    return &env->node->config.text[rip_op(get(k, VMCS_GUEST_RIP))];
}

/* The guest's op has been emulated: RIP moves on, blocking by STI ends. */
static void skip(struct kvm *k)
{
    vmcs_set(&k->vmcs, VMCS_GUEST_RIP,
             rip_plus(get(k, VMCS_GUEST_RIP),
                      (uint32_t)get(k, VMCS_EXIT_INSTRUCTION_LENGTH)));
    kvm_set_control(k, VMCS_GUEST_INTERRUPTIBILITY,
                    BLOCKING_BY_STI | BLOCKING_BY_MOV_SS, false);
}

void kvm_call_skip(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)env;
    (void)arg;
    skip(self);
}

void kvm_call_halted(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;

    (void)arg;
    skip(k);
    k->blocked = true;
    kvm_poll_begin(k, env->now);
}

/* The event whose delivery the exit interrupted has to be injected again; an
 * external interrupt of ELI's guest mode is the host's instead. */
static void keep_vectored(struct kvm *k)
{
    uint32_t info = (uint32_t)get(k, VMCS_IDT_VECTORING_INFO);
    bool external = INTR_INFO_TYPE(info) == INTR_TYPE_EXTERNAL;
    bool nmi = INTR_INFO_TYPE(info) == INTR_TYPE_NMI;

    if (!(info & INTR_INFO_VALID) || (external && kvm_eli_guest_mode(k)))
        return;
    if (nmi) /* its delivery has begun the blocking, and begins again */
        kvm_set_control(k, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI, false);
    k->again = (struct kvm_event){
        .info = info & ~UINT32_C(0x7ffff000),
        .error_code = (uint32_t)get(k, VMCS_IDT_VECTORING_ERROR_CODE),
        .instruction_length = (uint32_t)get(k, VMCS_EXIT_INSTRUCTION_LENGTH),
        .irq = external || nmi ? k->vmcs.inject_irq : 0,
    };
}

static bool is_guest_eoi(const struct kvm *k, const struct cpu_env *env)
{
    return get(k, VMCS_EXIT_REASON) == EXIT_MSR_WRITE &&
           guest_op(k, env)->imm == MSR_X2APIC_EOI;
}

static bool vectored_external(const struct kvm *k)
{
    uint32_t info = (uint32_t)get(k, VMCS_IDT_VECTORING_INFO);

    return (info & INTR_INFO_VALID) &&
           INTR_INFO_TYPE(info) == INTR_TYPE_EXTERNAL;
}

static bool is_nmi(const struct kvm *k)
{
    return get(k, VMCS_EXIT_REASON) == EXIT_EXCEPTION_NMI &&
           get(k, VMCS_EXIT_INTR_INFO) == INTR_INFO_NMI;
}

static enum kvm_label handler_of(const struct kvm *k, const struct cpu_env *env)
{
    switch (get(k, VMCS_EXIT_REASON)) {
    case EXIT_EXTERNAL_INTERRUPT:
        return KVM_ON_INTR;
    case EXIT_INTERRUPT_WINDOW:
        return KVM_ON_WINDOW;
    case EXIT_NMI_WINDOW:
        return KVM_ON_NMI_WINDOW;
    case EXIT_HLT:
        return KVM_ON_HLT;
    case EXIT_MSR_WRITE:
        if (kvm_eli_guest_mode(k) && is_guest_eoi(k, env))
            return KVM_ELI_EOI;
        return KVM_ON_MSR;
    case EXIT_MSR_READ:
        return KVM_ON_MSR;
    case EXIT_CR_ACCESS:
        return KVM_ON_CR8;
    case EXIT_EPT_VIOLATION:
        return KVM_ON_EPT;
    case EXIT_PREEMPTION_TIMER:
        return KVM_ON_TIMER;
    case EXIT_TPR_BELOW_THRESHOLD:
        return KVM_ON_TPR;
    case EXIT_APIC_ACCESS:
        return KVM_ON_APIC_ACCESS;
    case EXIT_APIC_WRITE:
        return KVM_ON_APIC_WRITE;
    case EXIT_EOI_INDUCED:
        return KVM_ON_EOI;
    case EXIT_EXCEPTION_NMI:
        return is_nmi(k) ? KVM_ON_NMI : KVM_ON_EXCEPTION;
    default:
        return KVM_ON_OTHER;
    }
}

/* Which interrupt made the exit necessary; a physical one is not known before
 * the host has acknowledged it. */
static irq_id exit_cause(const struct kvm *k, const struct cpu_env *env)
{
    int in_service = vecset_top(&k->vlapic.isr);

    switch (get(k, VMCS_EXIT_REASON)) {
    case EXIT_EXTERNAL_INTERRUPT:
        return 0;
    case EXIT_INTERRUPT_WINDOW:
        return kvm_vlapic_next_irq(k);
    case EXIT_PREEMPTION_TIMER:
        return 0; /* it is the cause of one that is not born yet */
    case EXIT_NMI_WINDOW:
        return k->nmi_irq[0];
    default:
        break;
    }
    if (is_nmi(k))
        return 0;
    if (in_service >= 0)
        return k->vmcs.visr_irq[in_service];
    return is_guest_eoi(k, env) ? env->node->delivered_irq : 0;
}

void kvm_call_dispatch(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    enum kvm_label to = handler_of(k, env);

    (void)arg;
    if (to == KVM_ON_INTR)
        env->cpu->gpr[RAX] = INTR_INFO_VECTOR(get(k, VMCS_EXIT_INTR_INFO));
    kvm_jump(k, env, to);
}

void kvm_call_exit(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    bool guest_mode = kvm_eli_guest_mode(k);

    for (unsigned r = 0; r < GPR_COUNT; r++)
        k->gpr[r] = env->cpu->gpr[r];
    k->mode = KVM_OUTSIDE_GUEST;
    kvm_apicv_load(k, env->mem);
    kvm_timer_load(k);
    kvm_pv_eoi_take_back(k, env);
    keep_vectored(k);
    cpu_node_attribute_exit(env->node, exit_cause(k, env));
    if (k->one_entry) {
        k->one_entry = false;
        kvm_eli_enter_guest_mode(k, env->mem);
    }
    if (guest_mode && !vectored_external(k) && !is_guest_eoi(k, env))
        kvm_jump(k, env, KVM_ELI_ANY_EXIT);
    else
        kvm_call_dispatch(self, env, arg);
}

/* The guest's RAX: which of its interrupts, then what to program its device
 * with.  Returns the cycles that it takes. */
static uint64_t map_interrupt(struct kvm *k, struct mem *m)
{
    uint64_t i = k->gpr[RAX];

    if (i >= k->config.irq_count || !k->config.irq[i].map)
        return 0;
    k->gpr[RAX] = vtd_map(k->config.irq[i].map, m);
    return k->config.costs.hypercall;
}

static uint64_t hypercall(struct kvm *k, struct mem *m)
{
    if (!k->config.eli)
        return map_interrupt(k, m);
    kvm_eli_enable(k, m);
    return 0;
}

/* RAX = more cycles.  VMCALL asks for ELI, or for a table entry; LIDT is
 * emulated and ends it, as the shadow would no longer follow; nothing else is
 * expected. */
void kvm_call_other(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm *k = self;
    const struct op *op = guest_op(k, env);

    (void)arg;
    env->cpu->gpr[RAX] = 0;
    switch (get(k, VMCS_EXIT_REASON)) {
    case EXIT_VMCALL:
        env->cpu->gpr[RAX] = hypercall(k, env->mem);
        break;
    case EXIT_GDTR_IDTR:
        k->guest_idt = (struct cpu_idtr){k->gpr[op->reg], (uint16_t)op->imm};
        kvm_eli_disable(k, env->mem);
        break;
    case EXIT_INIT_SIGNAL: /* nobody's op: the guest goes on where it was */
        return;
    default:
        k->unexpected++;
    }
    skip(k);
}

struct passing {
    struct cpu_env *env;
    enum hop hop;
};

/* The first time counts. */
static void pass(void *ctx, irq_id id)
{
    const struct passing *p = ctx;
    const struct irq_record *r = irq_find(p->env->irqs, id);

    for (unsigned i = 0; r && i < r->hops; i++)
        if (r->hop[i].hop == p->hop)
            return;
    irq_hop(p->env->irqs, id, p->hop, p->env->now);
}

void kvm_each_waiting(const struct kvm *k, struct cpu_env *env, enum hop hop)
{
    struct passing p = {env, hop};

    for (unsigned i = 0; i < k->config.irq_count; i++)
        pass(&p, k->queued_irq[i]);
    for (unsigned v = 0; v < 256; v++) {
        pass(&p, k->inbox_irq[v]);
        pass(&p, k->vmcs.virr_irq[v]);
    }
    posted_irqs_each_of(env->node->config.posted, kvm_descriptor(&k->config),
                        pass, &p);
}

void kvm_each_held(const struct kvm *k, void (*each)(void *ctx, irq_id id),
                   void *ctx)
{
    for (unsigned i = 0; i < k->config.irq_count; i++)
        each(ctx, k->queued_irq[i]);
    for (unsigned i = 0; i < k->nmis_waiting; i++)
        each(ctx, k->nmi_irq[i]);
    for (unsigned v = 0; v < 256; v++)
        each(ctx, k->inbox_irq[v]);
    vmcs_each_held(&k->vmcs, each, ctx);
    each(ctx, k->again.irq);
}
