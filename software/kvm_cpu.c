/* One CPU of the host: boot, its tick, IPIs, NMIs, and the timers of the guests
 * that are on it. */
#include "software/apic_code.h"
#include "software/idt.h"
#include "software/kvm_private.h"

#define HOST_IDT 0x0000u
#define HOST_STACK 0xf000u
#define ICR_DEST_SHIFT 32u
#define ICR_DEST_XAPIC_SHIFT 24u

irq_id kvm_cpu_take(struct kvm_cpu *c, struct cpu_env *env)
{
    irq_id irq = env->node->delivered_irq;

    c->interrupts++;
    if (env->node->exit_reason == EXIT_EXTERNAL_INTERRUPT)
        cpu_node_attribute_exit(env->node, irq);
    return irq;
}

/* The host is who it was sent to. */
static void end_in_host(struct kvm_cpu *c, struct cpu_env *env)
{
    irq_deliver(env->irqs, kvm_cpu_take(c, env), HOP_COUNT, env->now);
}

/* ---- what other CPUs are told ---- */

/* The next CPU of a set, which it leaves. */
static uint64_t next_of(uint64_t *cpus)
{
    unsigned i = (unsigned)__builtin_ctzll(*cpus);

    *cpus &= *cpus - 1;
    return i;
}

bool kvm_cpu_next_ipi(struct kvm_cpu *c, uint64_t *icr)
{
    if (c->notify)
        *icr = next_of(&c->notify) << ICR_DEST_SHIFT | KVM_NOTIFICATION_VECTOR;
    else if (c->kick)
        *icr = next_of(&c->kick) << ICR_DEST_SHIFT | KVM_KICK_VECTOR;
    else
        return false;
    return true;
}

/* RAX = ICR, RBX = its high half as xAPIC mode has it; goes to `end` if nobody
 * has to be told. */
static void next_ipi(void *self, struct cpu_env *env, uint64_t end)
{
    uint64_t icr;

    if (!kvm_cpu_next_ipi(self, &icr)) {
        env->cpu->rip = end;
        return;
    }
    env->cpu->gpr[RAX] = icr;
    env->cpu->gpr[RBX] = icr >> ICR_DEST_SHIFT << ICR_DEST_XAPIC_SHIFT;
}

static void next_ipi_of_vcpu(void *self, struct cpu_env *env, uint64_t end)
{
    next_ipi(kvm_cpu_of(self), env, end);
}

static void build_ipis(struct text *t, bool x2apic, cpu_call_fn *next,
                       void *self)
{
    uint64_t again = text_here(t);
    uint32_t none = text_call(t, next, self, 0);

    if (!x2apic)
        apic_code_write_reg(t, false, APIC_ICR_HIGH, RBX);
    apic_code_write_reg(t, x2apic, APIC_ICR_LOW, RAX);
    text_op(t, OP_JMP, RAX, again);
    text_patch(t, none);
}

void kvm_cpu_build_ipis(struct kvm_cpu *c, struct text *t)
{
    build_ipis(t, c->config.x2apic, next_ipi, c);
}

void kvm_build_ipis(struct kvm *k, struct text *t)
{
    build_ipis(t, k->config.x2apic, next_ipi_of_vcpu, k);
}

/* ---- the timer: one-shot; of the tick, the guests and the time slice ---- */

/* The virtual CPUs whose timers this CPU keeps. */
static struct kvm *kept(const struct kvm_cpu *c, uint32_t i)
{
    struct kvm *k = c->host->vcpu[i];

    return k->cpu == c->config.apic_id ? k : NULL;
}

static uint64_t expire_guests(struct kvm_cpu *c, struct cpu_env *env)
{
    uint64_t cycles = 0;

    for (uint32_t i = 0; i < c->host->vcpus; i++) {
        struct kvm *k = kept(c, i);

        if (!k || kvm_timer_host_due(k) > env->now)
            continue;
        cycles += c->config.costs.virtual_timer;
        kvm_vlapic_expire(k, env);
        kvm_sched_wake(k, c, env);
    }
    return cycles;
}

static void want_switches(const struct kvm_cpu *c)
{
    for (uint32_t i = 0; i < c->host->vcpus; i++)
        if (kept(c, i))
            kept(c, i)->switch_due = true;
}

/* RAX = cycles of its work. */
static void on_timer(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm_cpu *c = self;
    uint64_t cycles = 0;

    (void)arg;
    end_in_host(c, env);
    if (c->next_tick <= env->now) {
        cycles += c->config.costs.host_tick;
        c->next_tick += c->config.host_tick;
        want_switches(c);
    }
    if (c->slice_end <= env->now) {
        c->slice_end = env->now + c->host->time_slice;
        c->resched = true;
    }
    env->cpu->gpr[RAX] = cycles + expire_guests(c, env);
}

/* In 32 bits: what is due later is looked at again when they have passed. */
static uint64_t clocks_until(const struct kvm_cpu *c, sim_time due,
                             sim_time now)
{
    uint64_t clocks =
        due > now ? (due - now - 1) / c->config.timer_clock.period + 1 : 1;

    return clocks < UINT32_MAX ? clocks : UINT32_MAX;
}

uint64_t kvm_cpu_timer_count(const struct kvm_cpu *c, sim_time now)
{
    sim_time due = c->next_tick < c->slice_end ? c->next_tick : c->slice_end;

    for (uint32_t i = 0; i < c->host->vcpus; i++) {
        const struct kvm *k = kept(c, i);
        sim_time guest = k ? kvm_timer_host_due(k) : SIM_TIME_NEVER;

        if (guest < due)
            due = guest;
    }
    return due == SIM_TIME_NEVER ? 0 : clocks_until(c, due, now);
}

/* RAX = initial count. */
static void timer_count(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    env->cpu->gpr[RAX] = kvm_cpu_timer_count(self, env->now);
}

/* ---- handlers ---- */

static void on_ipi(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    end_in_host(self, env);
}

/* Posted to one of the virtual CPUs that are blocked here. */
static void on_wakeup(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm_cpu *c = self;

    on_ipi(self, env, arg);
    for (uint32_t i = 0; i < c->host->vcpus; i++) {
        struct kvm *k = c->host->vcpu[i];

        if (kept(c, i) && kvm_pid_is_on(k, env->mem))
            kvm_sched_wake(k, c, env);
    }
}

static void on_nmi(void *self, struct cpu_env *env, uint64_t arg)
{
    struct kvm_cpu *c = self;

    (void)env;
    (void)arg;
    c->nmis++;
}

static void on_unknown(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    irq_drop(env->irqs, kvm_cpu_take(self, env), IRQ_UNHANDLED);
}

static void op(struct text *t, enum op_kind kind)
{
    text_op(t, kind, RAX, 0);
}

static void build_end(const struct kvm_cpu *c, struct text *t)
{
    apic_code_write(t, c->config.x2apic, APIC_EOI, 0);
    op(t, OP_POPA);
    op(t, OP_IRET);
}

static void build_timer_handler(struct kvm_cpu *c, struct text *t)
{
    op(t, OP_PUSHA);
    text_work(t, c->config.costs.host_isr);
    text_call(t, on_timer, c, 0);
    op(t, OP_WORK_REG);
    text_call(t, timer_count, c, 0);
    apic_code_write_reg(t, c->config.x2apic, APIC_TMICT, RAX);
    kvm_cpu_build_ipis(c, t);
    build_end(c, t);
}

static void build_handler(struct kvm_cpu *c, struct text *t, uint64_t cycles,
                          cpu_call_fn *call)
{
    op(t, OP_PUSHA);
    text_work(t, cycles);
    text_call(t, call, c, 0);
    kvm_cpu_build_ipis(c, t);
    build_end(c, t);
}

/* An NMI has no EOI, and no identity any more: it ended at the core. */
static void build_nmi_handler(struct kvm_cpu *c, struct text *t)
{
    op(t, OP_PUSHA);
    text_work(t, c->config.costs.host_isr);
    text_call(t, on_nmi, c, 0);
    op(t, OP_POPA);
    op(t, OP_IRET);
}

static void build_idt(struct kvm_cpu *c, struct text *t, struct mem *m)
{
    const struct kvm_costs *costs = &c->config.costs;

    for (unsigned v = 0; v < IDT_GATES; v++)
        idt_set_gate(m, c->idt, (uint8_t)v, text_here(t));
    build_handler(c, t, costs->host_isr, on_unknown);
    idt_set_gate(m, c->idt, VECTOR_NMI, text_here(t));
    build_nmi_handler(c, t);
    idt_set_gate(m, c->idt, SPURIOUS_VECTOR, text_here(t));
    op(t, OP_IRET);
    /* what they tell of is seen before the next VM entry */
    idt_set_gate(m, c->idt, KVM_KICK_VECTOR, text_here(t));
    idt_set_gate(m, c->idt, KVM_NOTIFICATION_VECTOR, text_here(t));
    build_handler(c, t, costs->host_ipi, on_ipi);
    idt_set_gate(m, c->idt, KVM_WAKEUP_VECTOR, text_here(t));
    build_handler(c, t, costs->host_ipi, on_wakeup);
    idt_set_gate(m, c->idt, KVM_TIMER_VECTOR, text_here(t));
    build_timer_handler(c, t);
}

/* ---- boot ---- */

/* As long as nobody has run here. */
static void first_vcpu(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct kvm *k = kvm_sched_pick(self, env);

    (void)arg;
    if (k)
        kvm_jump(k, env, KVM_SCHEDULE_IN);
}

static void build_idle(struct kvm_cpu *c, struct text *t)
{
    uint64_t loop = text_here(t);

    text_call(t, first_vcpu, c, 0);
    op(t, OP_STI);
    op(t, OP_HLT);
    op(t, OP_CLI);
    text_op(t, OP_JMP, RAX, loop);
}

static void build_boot(struct kvm_cpu *c, struct text *t)
{
    bool x2apic = c->config.x2apic;

    c->boot = text_here(t);
    text_op(t, OP_MOV, RAX, c->idt);
    text_op(t, OP_LIDT, RAX, IDT_LIMIT);
    apic_code_enable(t, x2apic, c->config.bsp);
    apic_code_write(t, x2apic, APIC_DCR, DCR_DIVIDE_BY_1);
    apic_code_write(t, x2apic, APIC_LVT_TIMER, KVM_TIMER_VECTOR);
    text_call(t, timer_count, c, 0);
    apic_code_write_reg(t, x2apic, APIC_TMICT, RAX);
    op(t, OP_VMXON);
    build_idle(c, t);
}

struct kvm_cpu *kvm_cpu_init(struct kvm_host *h,
                             const struct kvm_cpu_config *config)
{
    struct kvm_cpu *c = &h->cpu[config->apic_id];

    *c = (struct kvm_cpu){
        .config = *config,
        .host = h,
        .idt = config->memory + HOST_IDT,
        .stack = config->memory + HOST_STACK,
        .next_tick = config->host_tick ? config->host_tick : SIM_TIME_NEVER,
        .current = KVM_NOBODY,
        .claimed = true, /* it boots, and takes one then */
        .slice_end = SIM_TIME_NEVER,
    };
    return c;
}

void kvm_cpu_build(struct kvm_cpu *c, struct text *t, struct mem *m)
{
    build_idt(c, t, m);
    build_boot(c, t);
}
