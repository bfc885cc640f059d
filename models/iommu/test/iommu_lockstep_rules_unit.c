/* Rules that the lock-step test counts: the cache, commands, fault records and
 * the invalidation queue. */
#include <stddef.h>
#include <string.h>

#include "models/iommu/test/iommu_lockstep_rules.h"

#define meet iommu_rules_meet
#define PLACES LOCKSTEP_ENTRIES

static struct {
    uint64_t table[PLACES]; /* of which an entry was cached */
    uint32_t dropped;       /* the index of the last one, plus 1 */
    uint32_t evictions[PLACES];
    bool stopped; /* by an error that was cleared since */
} was;

void iommu_rules_keep(struct iommu *to, const struct iommu *from)
{
    memcpy(to, from, offsetof(struct iommu, cache));
    memcpy(to->cache.way, from->cache.way, PLACES * sizeof from->cache.way[0]);
}

void iommu_rules_power_up(void)
{
    memset(&was, 0, sizeof was);
}

static bool has(const struct iommu *u, uint32_t bits)
{
    return (u->reg[IOMMU_GSTS] & bits) != 0;
}

static unsigned places(const struct iommu *u)
{
    return (unsigned)u->config.sets * u->config.ways;
}

/* ---- the cache ---- */

static void filled(const struct iommu_moments *m, unsigned place)
{
    const struct iommu *u = m->start;
    unsigned set = place / u->config.ways;
    const struct iommu_cached *old = &u->cache.way[place];

    was.table[place] = u->table;
    meet(RULE_FILL, true);
    meet(RULE_RACE_RELOAD, was.dropped == m->due->index + 1u);
    meet(RULE_ABSENT_CACHED, m->seen[SEEN_FAULT] != 0);
    meet(RULE_EVICT, old->valid);
    was.evictions[set] += old->valid;
    meet(RULE_EVICT_ROUND,
         old->valid && u->config.ways > 1 && was.evictions[set] > 2);
}

/* An entry was read, and the request ended or went on. */
static void entry_came(const struct iommu_moments *m)
{
    const struct iommu *u = m->due;
    uint32_t fault = m->seen[SEEN_FAULT];
    bool cached = false;

    for (unsigned i = 0; i < places(u); i++) {
        const struct iommu_cached *way = &u->cache.way[i];

        if (way->valid && way->index == u->index) {
            cached = true;
            filled(m, i);
        }
    }
    meet(RULE_NOT_CACHED, fault && !cached && u->config.ways);
    meet(RULE_RACE_FILL, !fault && !cached && u->config.ways &&
                             m->start->queue_state == IOMMU_QUEUE_DRAINS);
}

static void lookups(const struct iommu_moments *m)
{
    const struct iommu *u = m->start;
    bool hit = m->seen[SEEN_LOOKUP] == IOMMU_HIT;

    meet(RULE_HIT, hit);
    meet(RULE_MISS, m->seen[SEEN_LOOKUP] == IOMMU_MISS);
    meet(RULE_NO_CACHE, m->seen[SEEN_LOOKUP] == IOMMU_MISS && !u->config.ways);
    meet(RULE_STALE, hit && m->stale);
    meet(RULE_ABSENT_HIT,
         hit && m->seen[SEEN_FAULT] == IOMMU_FAULT_ENTRY_NOT_PRESENT);
    for (unsigned i = 0; hit && i < places(u); i++)
        if (u->cache.way[i].valid && u->cache.way[i].index == m->due->index)
            meet(RULE_OLD_TABLE, was.table[i] != u->table);
    if (u->state == IOMMU_READS_ENTRY && m->due->state != IOMMU_READS_ENTRY &&
        m->seen[SEEN_FAULT] != IOMMU_FAULT_ENTRY_READ_ERROR)
        entry_came(m);
}

/* What an invalidation of the queue left. */
static void invalidated(const struct iommu_moments *m)
{
    uint64_t d = m->due->descriptor[0];
    bool selective = d & IOMMU_IEC_SELECTIVE;
    uint32_t first = d >> IOMMU_IEC_IIDX_SHIFT & 0xffff;
    bool dropped = false, others = false, kept = false;

    for (unsigned i = 0; i < places(m->start); i++) {
        const struct iommu_cached *old = &m->start->cache.way[i];
        bool valid = m->due->cache.way[i].valid;

        if (!old->valid)
            continue;
        if (!valid)
            was.dropped = old->index + 1u;
        dropped |= !valid && old->index == first;
        others |= !valid && old->index != first;
        kept |= valid;
    }
    meet(RULE_GLOBAL, !selective && (dropped || others));
    meet(RULE_SELECTIVE, selective && dropped);
    meet(RULE_SELECTIVE_MASK, selective && others);
    meet(RULE_SELECTIVE_KEEPS, selective && dropped && kept);
    meet(RULE_RACE_LOOKUP, m->seen[SEEN_LOOKUP] == IOMMU_HIT && dropped);
}

static bool any_cached(const struct iommu *u)
{
    for (unsigned i = 0; i < places(u); i++)
        if (u->cache.way[i].valid)
            return true;
    return false;
}

/* ---- commands ---- */

/* The one that waited is done. */
static void late_command(const struct iommu_moments *m)
{
    meet(RULE_COMMAND_OLD_RULES,
         m->seen[SEEN_OUTCOME] == IOMMU_REMAPPED && !has(m->due, IOMMU_IRE));
    meet(RULE_COMMAND_LATE_WARNING, m->seen[SEEN_LATE_WARNING] != 0);
}

static void latched(const struct iommu *before, const struct iommu *after)
{
    bool same = !(after->command & IOMMU_SIRTP) || (!has(after, IOMMU_SIRTP)) ||
                before->table == after->table;

    if (same)
        return;
    meet(RULE_SIRTP, true);
    meet(RULE_ESIRTPS,
         any_cached(before) && after->config.esirtps && !any_cached(after));
    meet(RULE_NO_ESIRTPS, !after->config.esirtps && any_cached(after));
}

static void queue_switched(const struct iommu *before,
                           const struct iommu *after)
{
    bool was_on = has(before, IOMMU_QIE), is_on = has(after, IOMMU_QIE);

    meet(RULE_QUEUE_STARTS, !was_on && is_on && !after->reg[IOMMU_IQH]);
    meet(RULE_QUEUE_STOPS, was_on && !is_on && before->reg[IOMMU_IQH]);
}

/* ---- faults ---- */

static void faults(const struct iommu_moments *m)
{
    const uint32_t *seen = m->seen;
    bool fault = seen[SEEN_FAULT] != 0, recorded = seen[SEEN_RECORDED];
    const uint64_t *start = m->start->reg, *due = m->due->reg;
    uint32_t reason = seen[SEEN_FAULT];
    bool pfo = start[IOMMU_FSTS] & IOMMU_PFO;
    bool fpd = m->due->entry.low & IOMMU_IRTE_FPD;

    meet(RULE_RECORD, recorded);
    meet(RULE_RECORD_FRI, recorded && start[IOMMU_FSTS] != due[IOMMU_FSTS] &&
                              m->start->next_record);
    meet(RULE_RECORD_ROUND, recorded && !m->due->next_record);
    meet(RULE_RECORD_NO_INDEX, recorded && m->due->index &&
                                   (reason == IOMMU_FAULT_REQUEST_RESERVED ||
                                    reason == IOMMU_FAULT_FORMAT_BLOCKED));
    meet(RULE_RECORD_FULL, !pfo && due[IOMMU_FSTS] & IOMMU_PFO);
    meet(RULE_RECORD_PFO, fault && !fpd && pfo);
    meet(RULE_RECORD_ABSORBED,
         fault && !fpd && !pfo && !recorded && !(due[IOMMU_FSTS] & IOMMU_PFO));
    meet(RULE_FAULT_EVENT, recorded && seen[SEEN_FAULT_EVENT]);
    meet(RULE_FAULT_ONCE, recorded && !seen[SEEN_FAULT_EVENT] &&
                              !(start[IOMMU_FECTL] & IOMMU_EVENT_MASKED));
    meet(RULE_FAULT_MASKED, recorded && due[IOMMU_FECTL] & ~start[IOMMU_FECTL] &
                                            IOMMU_EVENT_PENDING);
    meet(RULE_EVENT_EXTENDED, seen[SEEN_FAULT_EVENT + 1] > UINT8_MAX ||
                                  seen[SEEN_COMPLETION_EVENT + 1] > UINT8_MAX);
}

/* ---- the queue ---- */

static void waited(const struct iommu_moments *m)
{
    uint64_t d = m->due->descriptor[0];
    const uint64_t *start = m->start->reg, *due = m->due->reg;
    bool status = d & IOMMU_WAIT_SW, interrupt = d & IOMMU_WAIT_IF;

    meet(RULE_WAIT_STATUS, status && !interrupt);
    meet(RULE_WAIT_INTERRUPT, interrupt && !status);
    meet(RULE_WAIT_BOTH, interrupt && status);
    meet(RULE_WAIT_NEITHER, !interrupt && !status);
    meet(RULE_WAIT_EVENT, interrupt && m->seen[SEEN_COMPLETION_EVENT]);
    meet(RULE_WAIT_ONCE, interrupt && start[IOMMU_ICS]);
    meet(RULE_WAIT_MASKED,
         due[IOMMU_IECTL] & ~start[IOMMU_IECTL] & IOMMU_EVENT_PENDING);
}

static void stopped(const struct iommu_moments *m)
{
    const struct iommu *u = m->due;
    uint64_t d = u->descriptor[0];
    bool iec = (d & 0xf) == IOMMU_IEC_INVALIDATE;
    bool reserved = u->reg[IOMMU_IQERCD] == IOMMU_QUEUE_RESERVED;
    bool high = (d >> IOMMU_IEC_IM_SHIFT & 0x1f) > u->config.mhmv;

    meet(RULE_ERROR_FETCH, u->reg[IOMMU_IQERCD] == IOMMU_QUEUE_FETCH);
    meet(RULE_ERROR_TYPE, u->reg[IOMMU_IQERCD] == IOMMU_QUEUE_TYPE);
    meet(RULE_ERROR_IEC, reserved && iec && !high);
    meet(RULE_ERROR_MHMV, reserved && iec && high && d & IOMMU_IEC_SELECTIVE);
    meet(RULE_ERROR_WAIT, reserved && !iec);
    meet(RULE_ERROR_EVENT,
         m->seen[SEEN_FAULT_EVENT] && !m->seen[SEEN_RECORDED]);
}

static void advanced(const struct iommu_moments *m)
{
    const uint64_t *start = m->start->reg, *due = m->due->reg;
    unsigned type = m->due->descriptor[0] & 0xf;

    if (type == IOMMU_WAIT)
        waited(m);
    if (type == IOMMU_IEC_INVALIDATE)
        invalidated(m);
    meet(RULE_DMA_DESCRIPTOR, type < IOMMU_IEC_INVALIDATE);
    meet(RULE_HEAD_ROUND, due[IOMMU_IQH] < start[IOMMU_IQH]);
    meet(RULE_HEAD_PAGES, due[IOMMU_IQH] == IOMMU_PAGE_BYTES);
    meet(RULE_ERROR_RESTART, was.stopped);
    was.stopped = false;
}

static void queue(const struct iommu_moments *m)
{
    const struct iommu *u = m->start;
    bool error = m->due->reg[IOMMU_FSTS] & ~u->reg[IOMMU_FSTS] & IOMMU_IQE;
    bool drains = m->due->queue_state == IOMMU_QUEUE_DRAINS &&
                  u->queue_state != IOMMU_QUEUE_DRAINS;

    if (m->due->reg[IOMMU_IQH] != u->reg[IOMMU_IQH] && has(m->due, IOMMU_QIE) &&
        has(u, IOMMU_QIE))
        advanced(m);
    if (error && u->queue_state == IOMMU_QUEUE_FETCHES)
        stopped(m);
    meet(RULE_RACE_WAITS, drains && m->due->state == IOMMU_READS_ENTRY);
    meet(RULE_RACE_POSTED, drains && m->due->state == IOMMU_LOCKS_DESCRIPTOR);
    meet(RULE_ERROR_TAIL,
         m->end->reg[IOMMU_IQERCD] == IOMMU_QUEUE_INVALID_TAIL &&
             m->end->reg[IOMMU_FSTS] & ~u->reg[IOMMU_FSTS] & IOMMU_IQE);
    was.stopped |= u->reg[IOMMU_FSTS] & ~m->end->reg[IOMMU_FSTS] & IOMMU_IQE;
}

void iommu_rules_unit(const struct iommu_moments *m)
{
    lookups(m);
    faults(m);
    queue(m);
    if (m->start->commanded && !m->due->commanded)
        late_command(m);
    latched(m->start, m->due);
    latched(m->due, m->end);
    queue_switched(m->start, m->due);
    queue_switched(m->due, m->end);
}
