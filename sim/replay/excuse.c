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
    unsigned entry = LVT_TIMER + (op->where - LAPIC_LVT_TIMER) / 16;

    return op->kind == OP_APIC_READ && op->where >= LAPIC_LVT_TIMER &&
           op->where <= LAPIC_LVT_ERROR &&
           p->masked_by_disable[op->cpu] >> entry & 1 &&
           (recorded->value ^ got->value) == LAPIC_LVT_MASKED &&
           (got->value & LAPIC_LVT_MASKED);
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
    return REPLAY_EXCEPTIONS;
}
