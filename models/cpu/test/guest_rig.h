/*
 * A guest on the rig of node_rig.h, and the smallest hypervisor: boot, log
 * every exit, skip the instruction that caused it, enter again.
 */
#ifndef MODELS_CPU_TEST_GUEST_RIG_H
#define MODELS_CPU_TEST_GUEST_RIG_H

#include "models/cpu/test/node_rig.h"

#define EXITS_MAX 1024u

struct guest_rig;

struct rig_exit {
    uint64_t reason, rip, activity, blocking, intr_info, vectoring;
    sim_time time;
    bool irr_41;
};

struct guest_rig {
    struct node_rig r;
    struct rig_exit exit[EXITS_MAX];
    unsigned exits;
    unsigned stop_after; /* exits; the host halts then */
    uint64_t end;        /* where it halts */
    void (*at_exit)(struct guest_rig *g, struct cpu_env *env);
    uint64_t boot, guest; /* RIPs */
};

static inline uint64_t guest_get(const struct guest_rig *g, enum vmcs_field f)
{
    return vmcs_get(&g->r.vmcs, f);
}

static inline void guest_put(struct guest_rig *g, enum vmcs_field f,
                             uint64_t value)
{
    vmcs_set(&g->r.vmcs, f, value);
}

static inline void guest_set(struct guest_rig *g, enum vmcs_field f,
                             uint32_t bits)
{
    guest_put(g, f, guest_get(g, f) | bits);
}

static inline void guest_clear(struct guest_rig *g, enum vmcs_field f,
                               uint32_t bits)
{
    guest_put(g, f, guest_get(g, f) & ~(uint64_t)bits);
}

/* What a hypervisor does after it has emulated the instruction. */
static inline void guest_skip(struct guest_rig *g)
{
    uint32_t length = (uint32_t)guest_get(g, VMCS_EXIT_INSTRUCTION_LENGTH);
    uint64_t vectoring = guest_get(g, VMCS_IDT_VECTORING_INFO);

    if (!length || (vectoring & INTR_INFO_VALID))
        return;
    guest_put(g, VMCS_GUEST_RIP,
              rip_plus(guest_get(g, VMCS_GUEST_RIP), length));
    guest_clear(g, VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
}

static inline void guest_log_exit(struct guest_rig *g, sim_time now)
{
    ASSERT_LT(g->exits, EXITS_MAX);
    g->exit[g->exits++] = (struct rig_exit){
        .reason = guest_get(g, VMCS_EXIT_REASON),
        .rip = guest_get(g, VMCS_GUEST_RIP),
        .activity = guest_get(g, VMCS_GUEST_ACTIVITY),
        .blocking = guest_get(g, VMCS_GUEST_INTERRUPTIBILITY),
        .intr_info = guest_get(g, VMCS_EXIT_INTR_INFO),
        .vectoring = guest_get(g, VMCS_IDT_VECTORING_INFO),
        .time = now,
        .irr_41 = vecset_has(&g->r.irr, 0x41),
    };
}

static inline void guest_exit_call(void *rig, struct cpu_env *env, uint64_t arg)
{
    struct guest_rig *g = rig;

    (void)arg;
    guest_log_exit(g, env->now);
    guest_skip(g);
    if (g->at_exit)
        g->at_exit(g, env);
    if (g->exits == g->stop_after)
        env->cpu->rip = g->end;
}

enum { ENTRY_FAILED = 9000 };

static inline void guest_call(struct guest_rig *g, cpu_call_fn *fn,
                              uint64_t arg)
{
    struct op *op = rig_emit(&g->r, OP_CALL, arg);

    op->fn = fn;
    op->self = g;
}

/* For at_exit: the host is the final consumer of what was acknowledged. */
static inline void guest_consume(struct guest_rig *g, struct cpu_env *env)
{
    irq_id irq = env->node->delivered_irq;

    if (irq_pending(env->irqs, irq))
        irq_deliver(env->irqs, irq, HOP_GUEST_HANDLER, env->now);
    rig_eoi(&g->r);
}

/* After this comes the guest's text: guest_begins(). */
static inline void guest_init(struct guest_rig *g)
{
    struct node_rig *r = &g->r;

    rig_init(r);
    r->node.root_is_host = true;
    g->boot = rig_here(r);
    rig_emit(r, OP_VMXON, 0);
    rig_emit(r, OP_VMPTRLD, 0)->self = &r->vmcs;
    rig_emit(r, OP_VMLAUNCH, 0);
    rig_emit_note(r, ENTRY_FAILED);
    g->end = rig_here(r);
    rig_emit_end(r);
    guest_put(g, VMCS_HOST_RIP, rig_here(r));
    guest_call(g, guest_exit_call, 0);
    rig_emit(r, OP_VMRESUME, 0);
    rig_emit_note(r, ENTRY_FAILED);
    rig_emit_end(r);
    guest_put(g, VMCS_HOST_RSP, HOST_STACK_AT);
    guest_put(g, VMCS_HOST_IDTR_BASE, IDT_AT);
    guest_put(g, VMCS_GUEST_RSP, STACK_AT);
    guest_put(g, VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    guest_put(g, VMCS_GUEST_IDTR_BASE, IDT_AT);
    guest_put(g, VMCS_GUEST_IDTR_LIMIT, 0xfff);
    guest_set(g, VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
    guest_put(g, VMCS_MSR_BITMAP, MSR_BITMAP_AT); /* nothing exits */
    g->stop_after = 1;
}

static inline void guest_begins(struct guest_rig *g)
{
    g->guest = rig_here(&g->r);
    guest_put(g, VMCS_GUEST_RIP, g->guest);
}

static inline void guest_run(struct guest_rig *g, uint64_t cycles)
{
    rig_start(&g->r, g->boot, false);
    rig_run(&g->r, cycles);
}

/* Cycles from power-up to the first op of the guest. */
#define BOOT_CYCLES (2 * COST_OF(vmptrld) + COST_OF(vm_entry))

/* The n-th exit, which has this reason. */
static inline const struct rig_exit *guest_exit(const struct guest_rig *g,
                                                unsigned n, uint64_t reason)
{
    static const struct rig_exit none;

    EXPECT_LT(n, g->exits, "exit %u is missing", n);
    if (n >= g->exits)
        return &none;
    EXPECT_EQ(g->exit[n].reason, reason, "exit %u", n);
    return &g->exit[n];
}

#endif
