/* Rules that the lock-step test counts: what software does, whose turn it is,
 * and what falls on one cycle. */
#include "models/iommu/test/iommu_lockstep_rules.h"

#define meet iommu_rules_meet

static bool has(const struct iommu *u, uint32_t bits)
{
    return (u->reg[IOMMU_GSTS] & bits) != 0;
}

static const struct lockstep_op *find(const struct lockstep_cycle *c,
                                      uint32_t kind)
{
    for (uint32_t i = 0; i < c->ops; i++)
        if (c->op[i].kind == kind)
            return &c->op[i];
    return NULL;
}

/* What a command met; `op` is a write of GCMD. */
static void command(const struct iommu_moments *m, const struct lockstep_op *op)
{
    const struct iommu *before = m->due, *after = m->end;
    uint32_t one_shots = (uint32_t)op->value & IOMMU_ONE_SHOTS;
    uint32_t warning = m->seen[SEEN_WARNING];
    bool empty = before->reg[IOMMU_IQH] == before->reg[IOMMU_IQT];

    meet(RULE_COMMAND_WAITS, after->commanded);
    meet(RULE_COMMAND_STATUS, after->commanded && one_shots & IOMMU_SIRTP &&
                                  has(before, IOMMU_SIRTP));
    meet(RULE_COMMAND_KEPT,
         before->commanded && before->command & IOMMU_ONE_SHOTS & ~one_shots);
    meet(RULE_COMMAND_SEVERAL, warning == IOMMU_WARNING_SEVERAL_COMMANDS);
    meet(RULE_COMMAND_NO_TABLE, warning == IOMMU_WARNING_NO_TABLE);
    meet(RULE_COMMAND_DMA, has(after, IOMMU_TE) != has(before, IOMMU_TE) &&
                               has(after, IOMMU_SRTP));
    meet(RULE_COLLIDE_COMMAND, m->seen[SEEN_LOOKUP] == IOMMU_MISS);
    meet(RULE_COLLIDE_COMMANDS, m->start->commanded && !before->commanded);
    if (warning != IOMMU_WARNING_QUEUE_IN_USE)
        return;
    meet(RULE_QUEUE_IN_USE, !empty);
    meet(RULE_QUEUE_BUSY, empty && before->queue_waited);
    meet(RULE_QUEUE_NO_WAIT, empty && !before->queue_waited);
}

static void stored_fault(const struct iommu_moments *m,
                         const struct lockstep_op *op)
{
    uint32_t at = (uint32_t)op->address;
    uint64_t gone = m->due->reg[IOMMU_FECTL] & ~m->end->reg[IOMMU_FECTL];
    bool fault = m->seen[SEEN_RECORDED] != 0;
    bool clears = at == IOMMU_AT_FSTS || at >= IOMMU_AT_FRCD_LOW;

    meet(RULE_FAULT_UNMASKED,
         at == IOMMU_AT_FECTL && gone & IOMMU_EVENT_PENDING);
    meet(RULE_FAULT_CLEARED, clears && gone & IOMMU_EVENT_PENDING);
    meet(RULE_COLLIDE_CLEAR, clears && fault && op->value);
    meet(RULE_COLLIDE_UNMASK,
         at == IOMMU_AT_FECTL && fault && gone & IOMMU_EVENT_PENDING);
    for (unsigned i = 0; i < m->end->config.faults; i++)
        meet(RULE_RECORD_CLEARED,
             m->due->record[i][1] & ~m->end->record[i][1] & IOMMU_RECORD_F);
}

static void stored_queue(const struct iommu_moments *m,
                         const struct lockstep_op *op)
{
    uint32_t at = (uint32_t)op->address;
    uint64_t gone = m->due->reg[IOMMU_IECTL] & ~m->end->reg[IOMMU_IECTL];

    meet(RULE_WAIT_UNMASKED,
         at == IOMMU_AT_IECTL && gone & IOMMU_EVENT_PENDING);
    meet(RULE_WAIT_CLEARED, at == IOMMU_AT_ICS && gone & IOMMU_EVENT_PENDING);
    if (at != IOMMU_AT_IQT)
        return;
    meet(RULE_TAIL_DISABLED, !has(m->end, IOMMU_QIE) && !m->end->queue_runs);
    meet(RULE_ERROR_STOPS, m->end->reg[IOMMU_FSTS] & IOMMU_IQE &&
                               m->due->reg[IOMMU_FSTS] & IOMMU_IQE &&
                               !m->end->queue_runs);
    meet(RULE_COLLIDE_TAIL,
         m->start->queue_runs && !m->due->queue_runs && m->end->queue_runs);
}

static void stored(const struct iommu_moments *m, const struct lockstep_op *op)
{
    uint32_t at = (uint32_t)op->address, warning = m->seen[SEEN_WARNING];
    bool eim = m->start->config.extended;

    meet(RULE_WIDTH, warning == IOMMU_WARNING_WIDTH);
    meet(RULE_READ_ONLY, warning == IOMMU_WARNING_READ_ONLY && op->value);
    meet(RULE_WIDE_HOLE,
         warning == IOMMU_WARNING_HOLE && op->extra == 8 &&
             (at == IOMMU_AT_ICS - 4 || at == IOMMU_AT_FSTS - 4) &&
             op->value >> 32);
    meet(RULE_NO_RECORD,
         warning == IOMMU_WARNING_HOLE && op->extra == 8 &&
             at == IOMMU_AT_FRCD_HIGH + 16u * m->start->config.faults);
    if (warning == IOMMU_WARNING_WIDTH)
        return;
    meet(RULE_WIDE, op->extra == 8 && at == IOMMU_AT_FECTL && op->value >> 32);
    meet(RULE_NO_EIM, !eim && at == IOMMU_AT_IEUADDR && op->value & 0xffffff00);
    meet(RULE_IRTA_ALONE,
         at == IOMMU_AT_IRTA && m->end->reg[IOMMU_IRTA] != m->end->table);
    meet(RULE_COLLIDE_TABLE, at == IOMMU_AT_IRTA && m->start->commanded &&
                                 !m->due->commanded &&
                                 m->start->command & IOMMU_SIRTP);
    if (at == IOMMU_AT_GCMD)
        command(m, op);
    stored_fault(m, op);
    stored_queue(m, op);
}

static void loaded(const struct iommu_moments *m, const struct lockstep_op *op)
{
    uint32_t at = (uint32_t)op->address;

    meet(RULE_HOLE, m->seen[SEEN_WARNING] == IOMMU_WARNING_HOLE);
    meet(RULE_WRITE_ONLY, m->seen[SEEN_WARNING] == IOMMU_WARNING_WRITE_ONLY);
    meet(RULE_READ_NARROW, op->extra < 4 && m->seen[SEEN_RDATA]);
    meet(RULE_COLLIDE_READ, at == IOMMU_AT_IQH && m->start->reg[IOMMU_IQH] !=
                                                      m->due->reg[IOMMU_IQH]);
}

static bool answered(const struct iommu *before, const struct iommu *after)
{
    return before->state != IOMMU_IDLE && before->state != after->state;
}

static bool queue_answered(const struct iommu *before,
                           const struct iommu *after)
{
    return (before->queue_state == IOMMU_QUEUE_FETCHES ||
            before->queue_state == IOMMU_QUEUE_WRITES_STATUS) &&
           (before->queue_state != after->queue_state ||
            before->reg[IOMMU_IQH] != after->reg[IOMMU_IQH]);
}

void iommu_rules_software(const struct iommu_moments *m,
                          const struct iommu_node *n)
{
    const struct lockstep_op *load = find(m->cycle, OP_LOAD);
    const struct lockstep_op *store = find(m->cycle, OP_STORE);
    bool request = find(m->cycle, OP_REQUEST);
    bool queue = queue_answered(m->start, m->due);
    sim_time now = engine_now(n->config.engine);
    const uint32_t *seen = m->seen;
    bool event = seen[SEEN_FAULT_EVENT] || seen[SEEN_COMPLETION_EVENT];

    if (store)
        stored(m, store);
    if (load)
        loaded(m, load);
    meet(RULE_TURN, m->took && n->count);
    meet(RULE_TURN_NO_DELAY, m->took && !n->config.costs.request_to_message);
    meet(RULE_TURN_OFF_EDGE, request && n->count == 1 &&
                                 event_scheduled(&n->take_event) &&
                                 clock_edge(&n->config.apic_clock, now) != now);
    meet(RULE_FULL, seen[SEEN_REFUSED]);
    meet(RULE_FULL_LEAVES, m->took && request && n->count == IOMMU_FIFO);
    meet(RULE_COLLIDE_PORTS, answered(m->start, m->due) && queue);
    meet(RULE_COLLIDE_TURN_QUEUE, m->took && queue);
    meet(RULE_COLLIDE_MESSAGES, seen[SEEN_MESSAGE] && event);
    meet(RULE_COLLIDE_EVENTS,
         seen[SEEN_FAULT_EVENT] && seen[SEEN_COMPLETION_EVENT]);
}
