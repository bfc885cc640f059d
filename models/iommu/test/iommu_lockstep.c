/* The remapping unit's block of the lock-step test but for its RTL side. */
#include "models/iommu/test/iommu_lockstep.h"

#include <inttypes.h>
#include <stdio.h>

static const struct lockstep_rule rules[] = {
#define RULE(name, sentence) {#name, sentence},
#include "models/iommu/test/iommu_rules.def"
#undef RULE
};

/* A row of words begins at each of these. */
static const struct {
    uint32_t first;
    const char *name;
} rows[] = {
    {SEEN_REG, "register"},
    {SEEN_RECORD, "record"},
    {SEEN_TABLE, "table"},
    {SEEN_COMMANDED, "commanded"},
    {SEEN_COMMAND, "command"},
    {SEEN_REQUEST_STATE, "request state"},
    {SEEN_QUEUE_STATE, "queue state"},
    {SEEN_QUEUE_RUNS, "queue runs"},
    {SEEN_QUEUE_WAITED, "queue waited"},
    {SEEN_CACHED, "cached"},
    {SEEN_NEXT, "next way"},
    {SEEN_WAITING, "waiting"},
    {SEEN_TURN, "turn"},
    {SEEN_MEM_KIND, "memory"},
    {SEEN_MEM_ADDR, "memory address"},
    {SEEN_QUEUE_KIND, "queue"},
    {SEEN_QUEUE_ADDR, "queue address"},
    {SEEN_QUEUE_WDATA, "queue data"},
    {SEEN_UNLOCK, "unlock"},
    {SEEN_UNLOCK_ADDR, "unlock address"},
    {SEEN_UNLOCK_LINE, "line"},
    {SEEN_OUTCOME, "outcome"},
    {SEEN_LOOKUP, "lookup"},
    {SEEN_FAULT, "fault"},
    {SEEN_RECORDED, "recorded"},
    {SEEN_PASSED_ADDR, "passed address"},
    {SEEN_PASSED_DATA, "passed data"},
    {SEEN_PASSED_SID, "passed SID"},
    {SEEN_POSTED_ADDR, "posted address"},
    {SEEN_POSTED_VECTOR, "posted vector"},
    {SEEN_MESSAGE, "message"},
    {SEEN_FAULT_EVENT, "fault event"},
    {SEEN_COMPLETION_EVENT, "completion"},
    {SEEN_REFUSED, "refused"},
    {SEEN_RDATA, "read"},
    {SEEN_WARNING, "warning"},
    {SEEN_LATE_WARNING, "late warning"},
    {SEEN_POWER_UP, "after power-up"},
    {SEEN_WORDS, NULL},
};

static void word_name(size_t word, char *text, size_t bytes)
{
    unsigned i = 0;

    while (rows[i + 1].first <= word)
        i++;
    if (!i)
        snprintf(text, bytes, "at %02zx", 4 * word);
    else if (rows[i + 1].first - rows[i].first == 1)
        snprintf(text, bytes, "%s", rows[i].name);
    else
        snprintf(text, bytes, "%s %zu", rows[i].name, word - rows[i].first);
}

static void op_text(const struct lockstep_op *op, char *text, size_t bytes)
{
    switch (op->kind) {
    case OP_MEMORY:
        snprintf(text, bytes,
                 "memory %04" PRIx64 ": %016" PRIx64 " %016" PRIx64,
                 op->address, op->value, op->extra);
        break;
    case OP_LOAD:
        lockstep_load_text(op, text, bytes);
        break;
    case OP_STORE:
        lockstep_store_text(op, text, bytes);
        break;
    default:
        snprintf(text, bytes,
                 "request %08" PRIx64 " (%" PRIu64 " bytes) %" PRIx64
                 " from %04" PRIx64,
                 op->address, op->extra >> 16, op->value, op->extra & 0xffff);
    }
}

static void setup_text(const struct lockstep_setup *s, char *text, size_t bytes)
{
    const uint64_t *v = s->value;

    snprintf(text, bytes,
             "faults %" PRIu64 " MHMV %" PRIu64 " features %02" PRIx64
             " cache %" PRIu64 "x%" PRIu64 " delay %" PRIu64 " period %" PRIu64
             " latency %" PRIu64 " salt %" PRIx64,
             v[SETUP_FAULTS], v[SETUP_MHMV], v[SETUP_FEATURES], v[SETUP_SETS],
             v[SETUP_WAYS], v[SETUP_REQUEST_TO_MESSAGE], v[SETUP_APIC_PERIOD],
             v[SETUP_LATENCY], v[SETUP_SALT]);
}

struct lockstep_block iommu_lockstep_block = LOCKSTEP_BLOCK(iommu);
