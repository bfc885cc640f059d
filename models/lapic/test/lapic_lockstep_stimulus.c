/* Random operations for the local APIC, biased to what collides: few vectors,
 * counts that end soon, several operations in one cycle. */
#include "models/lapic/lapic.h"
#include "models/lapic/test/lapic_lockstep.h"
#include "tests/lockstep/stimulus.h"

#define VECTORS 16u

void lapic_lockstep_setup(struct rng *r, struct lockstep_setup *s)
{
    static const uint64_t delays[] = {0, 1, 1, 2, 3, 5, 9, 120};
    static const uint64_t ids[] = {0, 1, 7, 0x25, 0xfe, 0x101, 0x12345, 0};
    static const uint64_t busy[] = {60, 250, 600, 950};
    uint64_t *v = s->value;
    bool grid = chance(r, 50); /* the test's clock is the APIC's own */

    v[SETUP_ID] = ids[below(r, 8)];
    v[SETUP_BSP] = below(r, 2);
    v[SETUP_FEATURES] = chance(r, 60) ? 0x1f : below(r, 32);
    v[SETUP_MAXPHYADDR] = chance(r, 50) ? 52 : 36;
    for (int i = SETUP_ACCEPT_TO_INTR; i <= SETUP_ICR_TO_BUS; i++)
        v[i] = delays[below(r, 8)];
    v[SETUP_APIC_PERIOD] = grid ? 1 : 1 + below(r, 4);
    v[SETUP_TIMER_PERIOD] = grid ? 1 : 1 + below(r, 5);
    v[SETUP_TSC_PERIOD] = grid ? 1 : 1 + below(r, 3);
    v[SETUP_BUSY] = busy[below(r, 4)];
    v[SETUP_REPEATS] = grid ? 0 : below(r, 5);
    if (v[SETUP_REPEATS] == 1) /* time must go on */
        v[SETUP_REPEATS] = 2;
    for (int i = SETUP_VECTORS; i < SETUP_VECTORS_END; i++)
        v[i] = 0;
    for (unsigned i = 0; i < VECTORS; i++) {
        uint32_t one = 16 + below(r, 240);

        if (i % 4) /* a neighbour, mostly of the same class */
            one = (uint32_t)(v[SETUP_VECTORS + i / 8] >> (i / 4 % 2 * 32) &
                             0xff) ^
                  below(r, 32);
        if (one < 16)
            one += 16;
        v[SETUP_VECTORS + i / 8] |= (uint64_t)one << (i % 8 * 8);
    }
}

static uint32_t vector(const struct making *m)
{
    unsigned i = below(m->r, VECTORS);

    if (chance(m->r, 4))
        return below(m->r, 16); /* illegal */
    if (chance(m->r, 6))
        return below(m->r, 256);
    return m->v->setup->value[SETUP_VECTORS + i / 8] >> (i % 8 * 8) & 0xff;
}

static void message(struct making *m)
{
    uint32_t mode = chance(m->r, 80) ? below(m->r, 2) : below(m->r, 8);
    uint32_t flags = below(m->r, 4);

    add(m, OP_MESSAGE)->value = vector(m) | mode << 8 | flags << 11;
}

/* What software writes to a register, mostly legal and soon of effect. */
static uint32_t svr_value(const struct making *m)
{
    return vector(m) | (chance(m->r, 85) ? LAPIC_SVR_ENABLE : 0) |
           (chance(m->r, 25) ? LAPIC_SVR_SUPPRESS_EOI : 0) |
           (chance(m->r, 3) ? 0x200u : 0);
}

static uint32_t tpr_value(const struct making *m)
{
    switch (below(m->r, 4)) {
    case 0:
        return 0;
    case 1:
        return below(m->r, 256);
    default:
        return vector(m) & (chance(m->r, 50) ? 0xf0u : 0xffu);
    }
}

static uint32_t lvt_value(const struct making *m, uint32_t offset)
{
    uint32_t value = vector(m);

    if (offset == LAPIC_LVT_TIMER)
        value |= chance(m->r, 90) ? below(m->r, 3) << 17 : 3u << 17;
    else if (offset != LAPIC_LVT_ERROR && chance(m->r, 30))
        value |= below(m->r, 8) << 8;
    if (offset == LAPIC_LVT_LINT0 || offset == LAPIC_LVT_LINT1)
        value |= below(m->r, 8) << 13 | (chance(m->r, 10) ? 7u << 8 : 0);
    if (chance(m->r, 5))
        value |= 1u << 12;
    return value | (chance(m->r, 20) ? LAPIC_LVT_MASKED : 0);
}

static uint32_t icr_value(const struct making *m)
{
    uint32_t mode = chance(m->r, 60) ? below(m->r, 2) : below(m->r, 8);

    return vector(m) | mode << 8 | below(m->r, 2) << 11 | below(m->r, 4) << 14 |
           below(m->r, 4) << 18;
}

static uint32_t value_for(const struct making *m, uint32_t offset)
{
    struct rng *r = m->r;

    if (chance(r, 2))
        return (uint32_t)rng_u64(r);
    switch (offset) {
    case LAPIC_TPR:
        return tpr_value(m);
    case LAPIC_SVR:
        return svr_value(m);
    case LAPIC_LDR:
        return chance(r, 20) ? 0 : below(r, 256) << 24;
    case LAPIC_DFR:
        return chance(r, 45) ? 0 : 0xfu << 28 | below(r, 100);
    case LAPIC_ICR_LOW:
        return icr_value(m);
    case LAPIC_ICR_HIGH:
        return below(r, 256) << 24;
    case LAPIC_SELF_IPI:
        return vector(m);
    case LAPIC_TMICT:
        return chance(r, 10) ? 0 : 1 + below(r, chance(r, 70) ? 8 : 60);
    case LAPIC_DCR:
        return chance(r, 50) ? 0xb : below(r, 4) | below(r, 2) << 3;
    case LAPIC_EOI:
    case LAPIC_ESR:
        return chance(r, 95) ? 0 : below(r, 4);
    default:
        return lvt_value(m, offset);
    }
}

static uint32_t register_offset(const struct making *m)
{
    static const uint32_t often[] = {
        LAPIC_TPR,       LAPIC_TPR,         LAPIC_TPR,       LAPIC_SVR,
        LAPIC_SVR,       LAPIC_ESR,         LAPIC_ESR,       LAPIC_ICR_LOW,
        LAPIC_ICR_LOW,   LAPIC_ICR_LOW,     LAPIC_ICR_LOW,   LAPIC_ICR_HIGH,
        LAPIC_LVT_TIMER, LAPIC_LVT_TIMER,   LAPIC_LVT_TIMER, LAPIC_LVT_CMCI,
        LAPIC_LVT_LINT0, LAPIC_LVT_LINT0,   LAPIC_LVT_LINT0, LAPIC_LVT_LINT1,
        LAPIC_LVT_ERROR, LAPIC_LVT_THERMAL, LAPIC_TMICT,     LAPIC_LVT_PERFMON,
        LAPIC_TMICT,     LAPIC_TMICT,       LAPIC_TMICT,     LAPIC_DCR,
        LAPIC_DCR,       LAPIC_SELF_IPI,    LAPIC_TMCCT,     LAPIC_LDR,
        LAPIC_DFR,       LAPIC_ID,          LAPIC_PPR,       LAPIC_LVT_ERROR,
    };
    const uint32_t *seen = m->v->seen;
    bool in_service = false;

    for (unsigned i = 0; i < 8; i++)
        in_service |= seen[LAPIC_ISR / 16 + i] != 0;
    if (chance(m->r, in_service ? 35 : 3))
        return LAPIC_EOI;
    if (chance(m->r, 12))
        return below(m->r, 64) * 16;
    return often[below(m->r, sizeof(often) / sizeof(*often))];
}

static uint64_t base_value(const struct making *m)
{
    static const uint64_t modes[] = {LAPIC_BASE_EN,
                                     LAPIC_BASE_EN,
                                     LAPIC_BASE_EN | LAPIC_BASE_EXTD,
                                     LAPIC_BASE_EN | LAPIC_BASE_EXTD,
                                     0,
                                     LAPIC_BASE_EXTD};
    uint64_t value = LAPIC_BASE_DEFAULT | modes[below(m->r, 6)];

    if (chance(m->r, 20))
        value += (uint64_t)below(m->r, 256) << 12;
    if (chance(m->r, 10))
        value |= UINT64_C(1) << below(m->r, 64);
    return value | (chance(m->r, 50) ? LAPIC_BASE_BSP : 0);
}

static uint64_t deadline_value(const struct making *m)
{
    const struct lockstep_setup *s = m->v->setup;
    uint64_t tsc =
        lapic_lockstep_instant(s, m->v->cycle) / s->value[SETUP_TSC_PERIOD];

    if (chance(m->r, 10))
        return chance(m->r, 50) ? 0 : rng_u64(m->r);
    return tsc + below(m->r, 30) - (tsc > 8 ? 8 : tsc);
}

static void page_access(struct making *m)
{
    bool store = chance(m->r, 75);
    struct lockstep_op *op = add(m, store ? OP_STORE : OP_LOAD);
    uint32_t offset = register_offset(m);

    op->address = offset;
    op->extra = 4;
    op->value = value_for(m, offset);
    if (chance(m->r, 8)) { /* another width or place */
        op->extra = UINT64_C(1) << below(m->r, 4);
        op->address += below(m->r, 16);
    }
    if (chance(m->r, 2))
        op->address = below(m->r, 4096);
}

static void msr_access(struct making *m)
{
    bool write = chance(m->r, 75);
    struct lockstep_op *op = add(m, write ? OP_WRMSR : OP_RDMSR);
    uint32_t offset = register_offset(m);

    op->address = LAPIC_MSR_FIRST + offset / 16;
    op->value = value_for(m, offset);
    if (offset == LAPIC_ICR_LOW)
        op->value |= rng_u64(m->r) << 32;
    else if (chance(m->r, 3))
        op->value |= UINT64_C(1) << (32 + below(m->r, 32));
    if (chance(m->r, 2))
        op->address = below(m->r, 0x1000);
}

static void deadline_access(struct making *m)
{
    struct lockstep_op *op = add(m, chance(m->r, 85) ? OP_WRMSR : OP_RDMSR);

    op->address = LAPIC_MSR_TSC_DEADLINE;
    op->value = deadline_value(m);
}

static void base_access(struct making *m)
{
    struct lockstep_op *op = add(m, chance(m->r, 80) ? OP_WRMSR : OP_RDMSR);

    op->address = LAPIC_MSR_APIC_BASE;
    op->value = base_value(m);
}

static void enable(struct making *m, bool x2apic)
{
    struct lockstep_op *op = add(m, x2apic ? OP_WRMSR : OP_STORE);

    op->address = x2apic ? LAPIC_MSR_FIRST + LAPIC_SVR / 16 : LAPIC_SVR;
    op->extra = 4;
    op->value = LAPIC_SVR_ENABLE | vector(m);
}

static void register_access(struct making *m)
{
    uint32_t base = m->v->seen[SEEN_BASE_LOW];
    bool en = (base & LAPIC_BASE_EN) != 0, x2apic = (base >> 10 & 1) != 0;
    bool deadline_mode =
        (m->v->seen[LAPIC_LVT_TIMER / 16] >> 17 & 3) == TIMER_TSC_DEADLINE;
    bool disabled = !(m->v->seen[LAPIC_SVR / 16] & LAPIC_SVR_ENABLE);

    if (chance(m->r, en ? 1 : 30))
        base_access(m);
    else if (chance(m->r, deadline_mode ? 25 : 3))
        deadline_access(m);
    else if (chance(m->r, 5))
        add(m, OP_SET_CR8)->value = below(m->r, chance(m->r, 90) ? 16 : 256);
    else if (disabled && chance(m->r, 30))
        enable(m, x2apic);
    else if (chance(m->r, x2apic ? 90 : 5))
        msr_access(m);
    else
        page_access(m);
}

static void ask_match(struct making *m)
{
    const uint32_t *seen = m->v->seen;
    uint32_t id = (uint32_t)m->v->setup->value[SETUP_ID];
    const uint32_t dests[] = {id,
                              id & 0xff,
                              seen[LAPIC_ID / 16] >> 24,
                              0xff,
                              UINT32_MAX,
                              seen[LAPIC_LDR / 16] >> 24,
                              seen[LAPIC_LDR / 16],
                              seen[LAPIC_LDR / 16] ^ 1u << below(m->r, 32),
                              below(m->r, 256)};
    struct lockstep_op *op = add(m, OP_MATCH);

    op->value = dests[below(m->r, 9)];
    op->address = dests[below(m->r, 9)];
    op->extra = below(m->r, 4) << 2 | (chance(m->r, 70) ? 0 : below(m->r, 4));
}

static void pins(struct making *m)
{
    if (chance(m->r, 12))
        add(m, OP_LINT0)->value = below(m->r, 2);
    if (chance(m->r, 8))
        add(m, OP_LINT1)->value = below(m->r, 2);
    for (unsigned kind = OP_CMCI; kind <= OP_PERFMON; kind++)
        if (chance(m->r, 3))
            add(m, (enum lapic_op)kind);
}

uint32_t lapic_lockstep_stimulate(const struct lockstep_view *v,
                                  struct lockstep_op *op)
{
    struct making m = {v, v->rng, op, 0};

    if (rng_below(v->rng, 1000) >= v->setup->value[SETUP_BUSY])
        return 0;
    if (chance(m.r, 30))
        message(&m);
    pins(&m);
    if (chance(m.r, 60))
        register_access(&m);
    if (chance(m.r, v->seen[SEEN_INTR] ? 30 : 1))
        add(&m, OP_ACK);
    if (chance(m.r, v->seen[SEEN_EXTINT] ? 15 : 1))
        add(&m, OP_ACK_EXTINT);
    if (rng_below(m.r, 1000) < 2)
        add(&m, chance(m.r, 70) ? OP_INIT : OP_RESET);
    if (chance(m.r, 40))
        ask_match(&m);
    return m.ops;
}
