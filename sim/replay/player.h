/* What playing, excusing and explaining share. */
#ifndef SIM_REPLAY_PLAYER_H
#define SIM_REPLAY_PLAYER_H

#include "sim/replay/board.h"
#include "sim/replay/op.h"
#include "sim/replay/replay.h"

enum answer_kind { ANSWER_VALUE, ANSWER_NONE, ANSWER_FAULT, ANSWER_UNKNOWN };

struct answer {
    enum answer_kind kind;
    uint64_t value;
};

struct choices;

struct player {
    const struct recording *recording;
    const struct ops *ops;
    struct replay_result *result;
    struct board board;
    struct choices *choices; /* where another CPU could have acted */
    struct footprint *mark;  /* of each operation that was played */
    size_t at;               /* the operation at hand */
    struct answer inta;      /* of the INTA cycle before */
    bool inta_excused;
    bool remappable_told; /* the recording has messages on their way to the
                             remapper */
    bool irr_read;        /* the operation at hand read an IRR of the 8259As */
    /* LVT entries by CPU that a software disable has masked, and that were
     * not written since: bits of enum lapic_lvt */
    uint8_t masked_by_disable[BOARD_CPUS];
};

/* The local APIC's register that an operation accesses, by its offset, or
 * UINT32_MAX. */
static inline uint32_t op_apic_offset(const struct op *op)
{
    if (op->kind == OP_APIC_READ || op->kind == OP_APIC_WRITE)
        return op->where;
    if ((op->kind == OP_MSR_READ || op->kind == OP_MSR_WRITE) &&
        op->where >= LAPIC_MSR_FIRST && op->where <= LAPIC_MSR_LAST)
        return (op->where - LAPIC_MSR_FIRST) * 16;
    return UINT32_MAX;
}

static inline bool is_machine(const struct player *p)
{
    return p->recording->kind == RECORDING_BOOT ||
           p->recording->kind == RECORDING_QEMU;
}

/* The rule that the recording breaks with its answer to the operation at
 * hand, or REPLAY_EXCEPTIONS. */
enum replay_exception player_excuse(const struct player *p,
                                    const struct answer *recorded,
                                    const struct answer *got);

/* Fills `first` for the operation at hand. */
void player_explain(struct player *p, const struct answer *recorded,
                    const struct answer *got);

#endif
