/* Memory of the lock-step test: what it holds, and when it answers. */
#include <string.h>

#include "models/iommu/iommu.h"
#include "models/iommu/test/iommu_lockstep.h"
#include "sim/core/msg.h"
#include "tests/lockstep/stimulus.h"

#define PLACES (sizeof((struct lockstep_memory){0}.byte))

/* ---- what is written ---- */

static uint64_t random_remapped(struct rng *r)
{
    static const uint8_t modes[] = {0, 0, 0, 1, 2, 4, 5, 7, 3, 6};
    uint64_t low = (uint64_t)modes[below(r, chance(r, 90) ? 8 : 10)]
                   << IOMMU_IRTE_DLM_SHIFT;

    low |= rng_u64(r) & (IOMMU_IRTE_DM | IOMMU_IRTE_RH | IOMMU_IRTE_TM);
    if (chance(r, 85))
        low |= (uint64_t)below(r, 256) << IOMMU_IRTE_DST8_SHIFT;
    else
        low |= (uint64_t)(uint32_t)rng_u64(r) << IOMMU_IRTE_DST_SHIFT;
    return low;
}

static uint64_t random_source(struct rng *r)
{
    static const uint8_t svts[] = {0, 0, 0, 1, 1, 2, 2, 3};
    uint64_t svt = svts[below(r, chance(r, 95) ? 7 : 8)];
    uint64_t sid = 0x0100 + below(r, 16);

    if (svt == IOMMU_SVT_BUS)
        sid = (uint64_t)below(r, 3) << 8 | (2 + below(r, 3));
    return sid | (uint64_t)below(r, 4) << IOMMU_IRTE_SQ_SHIFT |
           svt << IOMMU_IRTE_SVT_SHIFT;
}

void lockstep_random_entry(struct rng *r, uint64_t entry[2])
{
    uint64_t pid = LOCKSTEP_PID + PID_BYTES * below(r, LOCKSTEP_PIDS);
    bool posted = chance(r, 40);

    entry[0] = chance(r, 88) ? IOMMU_IRTE_P : 0;
    entry[0] |= chance(r, 20) ? IOMMU_IRTE_FPD : 0;
    entry[0] |= rng_u64(r) & 0xf00; /* AVAIL */
    entry[0] |= (uint64_t)below(r, 256) << IOMMU_IRTE_VECTOR_SHIFT;
    entry[1] = random_source(r);
    if (posted) {
        entry[0] |= IOMMU_IRTE_IM | pid << 32;
        entry[0] |= chance(r, 30) ? IOMMU_IRTE_URG : 0;
        entry[1] |= chance(r, 10) ? rng_u64(r) << 32 : 0;
    } else {
        entry[0] |= random_remapped(r);
    }
    if (chance(r, 5))
        entry[below(r, 2)] ^= UINT64_C(1) << below(r, 64);
}

static void random_invalidation(struct rng *r, uint32_t indices,
                                uint64_t descriptor[2])
{
    descriptor[0] = IOMMU_IEC_INVALIDATE;
    if (chance(r, 75))
        descriptor[0] |= IOMMU_IEC_SELECTIVE |
                         (uint64_t)below(r, chance(r, 95) ? 3 : 32)
                             << IOMMU_IEC_IM_SHIFT |
                         (uint64_t)below(r, indices) << IOMMU_IEC_IIDX_SHIFT;
}

static void random_wait(struct rng *r, uint64_t descriptor[2])
{
    descriptor[0] =
        IOMMU_WAIT | (rng_u64(r) & 0xf0) | rng_u64(r) << IOMMU_WAIT_DATA_SHIFT;
    descriptor[1] = LOCKSTEP_STATUS + 4 * below(r, 64);
    if (chance(r, 5)) /* over a table entry */
        descriptor[1] = LOCKSTEP_TABLE + 4 * below(r, 64);
    if (chance(r, 5))
        descriptor[1] |= rng_u64(r) << 32;
}

void lockstep_random_descriptor(struct rng *r, uint32_t indices,
                                uint64_t descriptor[2])
{
    uint32_t kind = below(r, 100);

    descriptor[0] = descriptor[1] = 0;
    if (kind < 45)
        random_invalidation(r, indices, descriptor);
    else if (kind < 85)
        random_wait(r, descriptor);
    else if (kind < 97)
        descriptor[0] = 1 + below(r, 3) + (rng_u64(r) & 0xfffff000);
    else
        descriptor[0] = below(r, 16);
    if (chance(r, 2))
        descriptor[below(r, 2)] ^= UINT64_C(1) << below(r, 64);
}

uint64_t lockstep_random_control(struct rng *r)
{
    uint64_t control = chance(r, 35) ? PID_ON : 0;

    control |= chance(r, 35) ? PID_SN : 0;
    control |= (uint64_t)below(r, 256) << PID_NV_SHIFT;
    if (chance(r, 85))
        control |= (uint64_t)below(r, 256) << (PID_NDST_SHIFT + 8);
    else
        control |= (uint64_t)(uint32_t)rng_u64(r) << PID_NDST_SHIFT;
    if (chance(r, 4))
        control ^= UINT64_C(1) << below(r, 64);
    return control;
}

/* ---- what it holds ---- */

void lockstep_memory_read(const struct lockstep_memory *m, uint64_t addr,
                          void *to, unsigned bytes)
{
    uint8_t *byte = to;

    for (unsigned i = 0; i < bytes; i++)
        byte[i] = m->byte[(addr + i) % PLACES];
}

void lockstep_memory_write(struct lockstep_memory *m, uint64_t addr,
                           const void *from, unsigned bytes)
{
    const uint8_t *byte = from;

    for (unsigned i = 0; i < bytes; i++)
        m->byte[(addr + i) % PLACES] = byte[i];
}

void lockstep_memory_start(struct lockstep_memory *m,
                           const struct lockstep_setup *s)
{
    struct rng r;
    uint64_t pair[2];

    memset(m, 0, sizeof *m);
    rng_init(&r, s->value[SETUP_SALT], 0);
    for (uint64_t at = LOCKSTEP_TABLE; at < LOCKSTEP_QUEUE; at += sizeof pair) {
        lockstep_random_entry(&r, pair);
        lockstep_memory_write(m, at, pair, sizeof pair);
    }
    for (uint64_t at = LOCKSTEP_QUEUE; at < LOCKSTEP_PID; at += sizeof pair) {
        lockstep_random_descriptor(&r, (uint32_t)s->value[SETUP_INDICES], pair);
        lockstep_memory_write(m, at, pair, sizeof pair);
    }
    for (unsigned i = 0; i < LOCKSTEP_PIDS; i++) {
        pair[0] = lockstep_random_control(&r);
        lockstep_memory_write(m, LOCKSTEP_PID + PID_BYTES * i + PID_CONTROL,
                              pair, sizeof pair[0]);
    }
}

/* ---- when it answers ---- */

enum { DRAW_FAILS = LOCKSTEP_DELAYS };

/* The same for both sides, whatever happened before. */
static uint64_t draw(const struct lockstep_setup *s, uint64_t when,
                     unsigned what)
{
    struct rng r;

    rng_init(&r, s->value[SETUP_SALT] + 1 + what, when);
    return rng_u64(&r) >> 8;
}

uint64_t lockstep_memory_delay(const struct lockstep_setup *s, uint32_t cycle,
                               enum lockstep_delay what)
{
    return 1 + draw(s, cycle, what) % s->value[SETUP_LATENCY];
}

bool lockstep_memory_fails(const struct lockstep_setup *s, uint64_t instant,
                           uint64_t addr)
{
    return draw(s, instant * PLACES + addr % PLACES, DRAW_FAILS) % 1000 <
           s->value[SETUP_FAILURES];
}
