/* Random operations for the remapping unit, biased to what collides: few
 * entries, few descriptors, software that acts while requests are on their way
 * through the unit. */
#include "models/iommu/iommu.h"
#include "models/iommu/test/iommu_lockstep.h"
#include "tests/lockstep/stimulus.h"

void iommu_lockstep_setup(struct rng *r, struct lockstep_setup *s)
{
    static const uint64_t delays[] = {0, 1, 1, 2, 3, 5, 9, 40};
    static const uint64_t busy[] = {60, 250, 600, 950};
    static const uint64_t requests[] = {5, 20, 40, 60, 95};
    static const uint64_t latencies[] = {1, 2, 4, 10, 40};
    static const uint64_t indices[] = {3, 6, 12, 24};
    uint64_t *v = s->value;

    v[SETUP_FAULTS] = chance(r, 20) ? RECORDS : 1 + below(r, 5);
    v[SETUP_MHMV] = chance(r, 70) ? 15 : below(r, 16);
    v[SETUP_FEATURES] = below(r, SETUP_FEATURE_SETS);
    v[SETUP_FEATURES] |= chance(r, 60) ? SETUP_POSTING : 0;
    v[SETUP_FEATURES] |= chance(r, 50) ? SETUP_EXTENDED : 0;
    v[SETUP_WAYS] = chance(r, 10) ? 0 : 1 + below(r, LOCKSTEP_WAYS);
    v[SETUP_SETS] = UINT64_C(1) << below(r, v[SETUP_WAYS] > 2 ? 2 : 3);
    v[SETUP_SETS] <<= v[SETUP_WAYS] == 1 && chance(r, 30);
    v[SETUP_REQUEST_TO_MESSAGE] = delays[below(r, 8)];
    v[SETUP_APIC_PERIOD] = chance(r, 50) ? 1 : 1 + below(r, 4);
    v[SETUP_REPEATS] = chance(r, 75) ? 1 : 2 + below(r, 2);
    v[SETUP_BUSY] = busy[below(r, 4)];
    v[SETUP_REQUESTS] = requests[below(r, 5)];
    v[SETUP_LATENCY] = latencies[below(r, 5)];
    v[SETUP_FAILURES] = chance(r, 50) ? 0 : 10 + below(r, 90);
    v[SETUP_INDICES] = indices[below(r, 4)];
    v[SETUP_SALT] = rng_u64(r) >> 8;
}

/* A register as it was after the last cycle. */
static uint64_t reg(const struct making *m, uint32_t offset)
{
    const uint32_t *words = &m->v->seen[SEEN_REG + offset / 4];

    return (uint64_t)words[1] << 32 | words[0];
}

static uint32_t gsts(const struct making *m)
{
    return (uint32_t)reg(m, IOMMU_AT_GSTS);
}

static uint32_t some_index(const struct making *m)
{
    return below(m->r, (uint32_t)m->v->setup->value[SETUP_INDICES]);
}

/* ---- requests ---- */

static uint16_t some_source(const struct making *m)
{
    uint32_t bus = chance(m->r, 70) ? 1 : below(m->r, 6);

    return (uint16_t)(bus << 8 | below(m->r, chance(m->r, 90) ? 4 : 16));
}

/* One of the encodings of an index. */
static void remappable(struct making *m, struct lockstep_op *op)
{
    uint32_t index = some_index(m), handle = index;
    bool subhandle = chance(m->r, 40);

    op->value = chance(m->r, 80) ? 0 : rng_u64(m->r) & UINT32_MAX;
    if (subhandle) {
        handle = below(m->r, index + 1);
        op->value = index - handle;
        op->value |= chance(m->r, 4) ? 0x10000u << below(m->r, 16) : 0;
    }
    if (chance(m->r, 4))
        handle = chance(m->r, 50) ? handle ^ 0x8000 : 0xffff;
    op->address = 0xfee00010 | (handle & 0x7fff) << 5 | (handle >> 15) << 2 |
                  (subhandle ? 8u : 0) | below(m->r, 4);
    if (chance(m->r, 1))
        op->address |= UINT64_C(1) << (32 + below(m->r, 32));
}

static void request(struct making *m)
{
    struct lockstep_op *op = add(m, OP_REQUEST);
    uint32_t bytes = 4;

    if (chance(m->r, 92)) {
        remappable(m, op);
    } else {
        op->address = 0xfee00000 | (rng_u64(m->r) & 0xfffef);
        op->value = rng_u64(m->r) & 0xffff;
    }
    if (chance(m->r, 2))
        bytes = below(m->r, 65);
    op->extra = REQUEST_EXTRA(bytes, some_source(m));
}

/* ---- memory ---- */

static uint64_t place_of_entry(const struct making *m)
{
    uint64_t latched =
        (uint64_t)m->v->seen[SEEN_TABLE + 1] << 32 | m->v->seen[SEEN_TABLE];
    uint64_t table = latched & ~(uint64_t)(IOMMU_PAGE_BYTES - 1);

    return table + sizeof(struct iommu_entry) * some_index(m);
}

static uint64_t place_of_descriptor(const struct making *m)
{
    uint64_t queue = reg(m, IOMMU_AT_IQA) & ~(uint64_t)(IOMMU_PAGE_BYTES - 1);
    uint64_t at = reg(m, chance(m->r, 50) ? IOMMU_AT_IQH : IOMMU_AT_IQT);

    return queue + (uint32_t)at +
           (uint64_t)IOMMU_DESCRIPTOR_BYTES * below(m->r, 4);
}

static bool in_error(const struct making *m)
{
    return reg(m, IOMMU_AT_FSTS) & IOMMU_IQE;
}

/* Software puts a wait in place of what stopped the queue. */
static void mend_descriptor(struct making *m)
{
    struct lockstep_op *op = add(m, OP_MEMORY);

    op->address = (reg(m, IOMMU_AT_IQA) & ~(uint64_t)(IOMMU_PAGE_BYTES - 1)) +
                  (uint32_t)reg(m, IOMMU_AT_IQH);
    op->value = IOMMU_WAIT;
}

static void write_memory(struct making *m)
{
    struct lockstep_op *op = add(m, OP_MEMORY);
    uint32_t kind = below(m->r, 100);
    uint64_t pair[2] = {0, 0};

    if (kind < 45) {
        op->address = place_of_entry(m);
        lockstep_random_entry(m->r, pair);
    } else if (kind < 70) {
        op->address = place_of_descriptor(m);
        lockstep_random_descriptor(
            m->r, (uint32_t)m->v->setup->value[SETUP_INDICES], pair);
    } else {
        op->address = LOCKSTEP_PID + PID_BYTES * below(m->r, LOCKSTEP_PIDS);
        op->address += kind < 90 ? PID_CONTROL : 16 * below(m->r, 4);
        if (kind < 90)
            pair[0] = lockstep_random_control(m->r);
    }
    op->value = pair[0];
    op->extra = pair[1];
}

/* ---- software's accesses ---- */

static void store(struct making *m, uint64_t offset, unsigned bytes,
                  uint64_t value)
{
    struct lockstep_op *op = add(m, OP_STORE);

    op->address = offset;
    op->extra = bytes;
    op->value = value;
}

static bool queue_looks_empty(const struct making *m)
{
    return reg(m, IOMMU_AT_IQH) == reg(m, IOMMU_AT_IQT);
}

static void give_command(struct making *m)
{
    uint32_t levels = gsts(m) & IOMMU_LEVEL_COMMANDS;
    uint32_t missing = ~gsts(m);

    if (queue_looks_empty(m) && chance(m->r, 30))
        levels ^= IOMMU_QIE;
    else if ((missing & IOMMU_SIRTP) && chance(m->r, 60))
        levels |= IOMMU_SIRTP;
    else if ((missing & IOMMU_QIE) && chance(m->r, 50))
        levels |= IOMMU_QIE;
    else if ((missing & IOMMU_IRE) && chance(m->r, 80))
        levels |= IOMMU_IRE;
    else if (chance(m->r, 35))
        levels |= IOMMU_SIRTP;
    else if (chance(m->r, 40))
        levels ^= IOMMU_CFI;
    else
        levels ^= UINT32_C(1) << (23 + below(m->r, 9));
    if (chance(m->r, 4))
        levels ^= (uint32_t)rng_u64(m->r);
    store(m, IOMMU_AT_GCMD, 4, levels);
}

static void set_table(struct making *m)
{
    uint64_t base = chance(m->r, 80) ? LOCKSTEP_TABLE : LOCKSTEP_OTHER_TABLE;

    base |= chance(m->r, 80) ? 2 + below(m->r, 4) : below(m->r, 16);
    base |= chance(m->r, 50) ? IOMMU_IRTA_EIME : 0;
    if (chance(m->r, 10))
        base |= rng_u64(m->r) << 32;
    store(m, IOMMU_AT_IRTA, 8, base);
}

static void set_queue(struct making *m)
{
    uint64_t base = chance(m->r, 80) ? LOCKSTEP_QUEUE : LOCKSTEP_OTHER_QUEUE;

    base |= chance(m->r, 80) ? 0 : below(m->r, 8);
    store(m, IOMMU_AT_IQA, 8, base);
}

static void write_tail(struct making *m)
{
    uint64_t size = (uint64_t)IOMMU_PAGE_BYTES << (reg(m, IOMMU_AT_IQA) & 7);
    uint64_t tail = (uint32_t)reg(m, IOMMU_AT_IQT);

    tail = (tail + (uint64_t)IOMMU_DESCRIPTOR_BYTES *
                       below(m->r, chance(m->r, 90) ? 4 : 64)) %
           size;
    if (chance(m->r, 10)) /* nothing, or all that there is room for */
        tail = (reg(m, IOMMU_AT_IQH) +
                (chance(m->r, 50) ? 0 : size - IOMMU_DESCRIPTOR_BYTES)) %
               size;
    if (chance(m->r, 3))
        tail = rng_u64(m->r) & 0x7ffff;
    store(m, IOMMU_AT_IQT, chance(m->r, 50) ? 8 : 4, tail);
}

static void clear_faults(struct making *m)
{
    uint32_t faults = (uint32_t)m->v->setup->value[SETUP_FAULTS];

    if (chance(m->r, 40))
        store(m, IOMMU_AT_FSTS, 4, chance(m->r, 70) ? 0x71 : rng_u64(m->r));
    else
        store(m, IOMMU_AT_FRCD_HIGH + 16 * below(m->r, faults), 8,
              chance(m->r, 90) ? IOMMU_RECORD_F : rng_u64(m->r));
}

static void set_event(struct making *m)
{
    static const uint32_t places[] = {
        IOMMU_AT_FECTL, IOMMU_AT_FEDATA, IOMMU_AT_FEADDR, IOMMU_AT_FEUADDR,
        IOMMU_AT_IECTL, IOMMU_AT_IEDATA, IOMMU_AT_IEADDR, IOMMU_AT_IEUADDR};
    uint32_t place = places[below(m->r, 8)];
    uint64_t value = rng_u64(m->r);

    if (chance(m->r, 60))
        place = chance(m->r, 50) ? IOMMU_AT_FECTL : IOMMU_AT_IECTL;
    store(m, place, place % 8 == 0 && chance(m->r, 30) ? 8 : 4, value);
}

/* Any register, hole, width and value. */
static void any_access(struct making *m)
{
    struct lockstep_op *op = add(m, chance(m->r, 70) ? OP_LOAD : OP_STORE);

    op->address = below(m->r, chance(m->r, 90) ? 0x100 : 0x1000);
    if (chance(m->r, 30))
        op->address = 0x200 + below(m->r, 0x120);
    op->extra = UINT64_C(1) << below(m->r, 4);
    if (chance(m->r, 75))
        op->address &= ~(op->extra - 1);
    op->value = rng_u64(m->r);
    /* what is set up should stay so */
    if (op->kind == OP_STORE && op->address / 8 == IOMMU_AT_GCMD / 8)
        op->kind = OP_LOAD;
}

static bool set_up(const struct making *m)
{
    uint32_t all = IOMMU_SIRTP | IOMMU_QIE | IOMMU_IRE;

    return (gsts(m) & all) == all && reg(m, IOMMU_AT_IRTA) &&
           reg(m, IOMMU_AT_IQA);
}

static void access_register(struct making *m)
{
    uint32_t kind = below(m->r, 100);

    if (!set_up(m) && chance(m->r, 50))
        kind = 60 + below(m->r, 20);
    if (in_error(m) && chance(m->r, 40))
        store(m, IOMMU_AT_FSTS, 4, IOMMU_IQE);
    else if (kind < 35)
        write_tail(m);
    else if (kind < 47)
        clear_faults(m);
    else if (kind < 55)
        set_event(m);
    else if (kind < 60)
        store(m, IOMMU_AT_ICS, 4, 1);
    else if (kind < 72)
        give_command(m);
    else if (kind < 77)
        set_table(m);
    else if (kind < 80)
        set_queue(m);
    else
        any_access(m);
}

uint32_t iommu_lockstep_stimulate(const struct lockstep_view *v,
                                  struct lockstep_op *op)
{
    struct making m = {v, v->rng, op, 0};

    if (rng_below(v->rng, 1000) >= v->setup->value[SETUP_BUSY])
        return 0;
    if (in_error(&m) && chance(m.r, 50))
        mend_descriptor(&m);
    else if (chance(m.r, 30))
        write_memory(&m);
    if (chance(m.r, 40))
        access_register(&m);
    if (chance(m.r, (unsigned)v->setup->value[SETUP_REQUESTS]))
        request(&m);
    return m.ops;
}
