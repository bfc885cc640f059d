/* Rules that a recorded machine breaks, recognized by what it answered. */
#include "sim/replay/player.h"

/* It has requests that the model has not, all of them of edge-triggered lines
 * that have fallen. */
static bool keeps_edge_requests(const struct player *p, const struct op *op,
                                const struct answer *recorded,
                                const struct answer *got)
{
    bool slave = op->where == PIC_PORT_SLAVE_COMMAND;
    const struct pic *chip = &p->board.pic.chip[slave ? PIC_SLAVE : PIC_MASTER];
    /* the slave's INT is a line like the others */
    uint64_t more = recorded->value & ~got->value;

    return p->irr_read && !(got->value & ~recorded->value) &&
           !(more & (chip->elcr | chip->line));
}

/* The CPU answered a request that was gone. */
static bool takes_lost_edge(const struct player *p, const struct op *op,
                            const struct answer *got)
{
    return (op->kind == OP_INTA && got->kind == ANSWER_NONE) ||
           (op->kind == OP_INTA_TAKEN && p->inta_excused);
}

static bool leaves_lvt_unmasked(const struct player *p, const struct op *op,
                                const struct answer *recorded,
                                const struct answer *got)
{
    uint32_t offset = op_apic_offset(op);
    unsigned entry = LVT_TIMER + (offset - LAPIC_LVT_TIMER) / 16;

    return (op->kind == OP_APIC_READ || op->kind == OP_MSR_READ) &&
           offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR &&
           p->masked_by_disable[op->cpu] >> entry & 1 &&
           (recorded->value ^ got->value) == LAPIC_LVT_MASKED &&
           (got->value & LAPIC_LVT_MASKED);
}

static bool splits_icr(const struct op *op, const struct answer *recorded,
                       const struct answer *got)
{
    const uint32_t low = LAPIC_MSR_FIRST + LAPIC_ICR_LOW / 16;

    if (op->kind != OP_MSR_READ)
        return false;
    if (op->where == low + 1)
        return got->kind == ANSWER_FAULT;
    return op->where == low && recorded->value == (uint32_t)got->value;
}

enum replay_exception player_excuse(const struct player *p,
                                    const struct answer *recorded,
                                    const struct answer *got)
{
    const struct op *op = &p->ops->op[p->at];

    if (keeps_edge_requests(p, op, recorded, got) ||
        takes_lost_edge(p, op, got))
        return REPLAY_EDGE_REQUEST_STAYS;
    if (leaves_lvt_unmasked(p, op, recorded, got))
        return REPLAY_DISABLE_MASKS_LVT;
    if (splits_icr(op, recorded, got))
        return REPLAY_X2APIC_ICR_IS_64_BITS;
    return REPLAY_EXCEPTIONS;
}
