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

#define SPURIOUS_LEVEL 7u

/* The model's chip has no request any more, and gives the spurious vector. */
static bool answers_spurious(const struct player *p,
                             const struct answer *recorded,
                             const struct answer *got)
{
    const struct pic *chip = p->board.pic.chip;
    unsigned level = recorded->value % PIC_LEVELS;

    if (chip->base != (recorded->value & ~(PIC_LEVELS - 1u)))
        chip++;
    return got->value == chip->base + SPURIOUS_LEVEL &&
           chip->base + level == recorded->value && !(chip->line >> level & 1);
}

/* The CPU answered a request that was gone. */
static bool takes_lost_edge(const struct player *p, const struct op *op,
                            const struct answer *recorded,
                            const struct answer *got)
{
    if (op->kind == OP_INTA)
        return got->kind == ANSWER_NONE || answers_spurious(p, recorded, got);
    return op->kind == OP_INTA_TAKEN && p->inta_excused;
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

static bool reads_page_in_x2apic_mode(const struct player *p,
                                      const struct op *op)
{
    return op->kind == OP_APIC_READ &&
           p->board.lapic[op->cpu].base & LAPIC_BASE_EXTD;
}

enum replay_exception player_excuse(const struct player *p,
                                    const struct answer *recorded,
                                    const struct answer *got)
{
    const struct op *op = &p->ops->op[p->at];

    if (keeps_edge_requests(p, op, recorded, got) ||
        takes_lost_edge(p, op, recorded, got))
        return REPLAY_EDGE_REQUEST_STAYS;
    if (leaves_lvt_unmasked(p, op, recorded, got))
        return REPLAY_DISABLE_MASKS_LVT;
    if (splits_icr(op, recorded, got))
        return REPLAY_X2APIC_ICR_IS_64_BITS;
    if (reads_page_in_x2apic_mode(p, op))
        return REPLAY_X2APIC_HAS_NO_PAGE;
    return REPLAY_EXCEPTIONS;
}
