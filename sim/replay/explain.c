/*
 * The operations that led to a difference: those that touched the register,
 * the vectors or the lines that it is about, and those that bear on it.
 */
#include <stdio.h>

#include "sim/replay/player.h"

#define REPLAY_SERVES 3u /* of the operations told */

/* What an earlier operation must have touched to be told. */
struct query {
    struct vecset vectors;
    uint32_t reg[4]; /* written; 0: none */
    uint32_t lines;
    bool serves; /* and acknowledges and EOIs, whatever their vector */
};

static void print_answer(char *text, const struct answer *a, enum op_kind kind)
{
    if (a->kind == ANSWER_FAULT)
        snprintf(text, REPLAY_ANSWER, "#GP");
    else if (a->kind == ANSWER_NONE)
        snprintf(text, REPLAY_ANSWER, "%s",
                 kind == OP_MSR_WRITE ? "no fault" : "none");
    else if (kind == OP_MESSAGE)
        snprintf(text, REPLAY_ANSWER, "%jx %jx", (uintmax_t)(a->value >> 32),
                 (uintmax_t)(a->value & UINT32_MAX));
    else
        snprintf(text, REPLAY_ANSWER, "%jx", (uintmax_t)a->value);
}

static uint64_t value_of(const struct answer *a)
{
    return a->kind == ANSWER_VALUE ? a->value : 0;
}

/* The vectors whose bits differ in a register of IRR, ISR or TMR. */
static void about_vectors(struct query *q, uint32_t offset, uint64_t bits)
{
    for (unsigned i = 0; i < 32; i++)
        if (bits >> i & 1)
            vecset_add(&q->vectors, (uint8_t)((offset >> 4 & 7) * 32 + i));
}

static void about_apic(struct query *q, unsigned cpu, uint32_t offset,
                       uint64_t bits)
{
    if (offset >= LAPIC_ISR && offset < LAPIC_ESR)
        about_vectors(q, offset, bits);
    if (offset == LAPIC_PPR) {
        q->reg[1] = board_register(SPACE_APIC, cpu, LAPIC_TPR);
        q->serves = true;
    }
    if (offset == LAPIC_ESR) {
        q->vectors.word[0] |= 0xffff; /* the illegal ones */
        q->reg[1] = board_register(SPACE_APIC, cpu, LAPIC_ICR_LOW);
    }
    if (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR)
        q->reg[1] = board_register(SPACE_APIC, cpu, LAPIC_SVR);
    if (offset == LAPIC_ICR_LOW || offset == LAPIC_ICR_HIGH)
        q->reg[1] = board_register(SPACE_APIC, cpu,
                                   offset ^ LAPIC_ICR_LOW ^ LAPIC_ICR_HIGH);
}

static void about_port(struct query *q, uint32_t port, uint64_t bits)
{
    bool slave = port == PIC_PORT_SLAVE_COMMAND;

    q->reg[1] = board_register(SPACE_PORT, 0,
                               slave ? PIC_PORT_SLAVE_COMMAND
                                     : PIC_PORT_MASTER_COMMAND);
    if (!(port & 1))
        q->lines = (uint32_t)(bits & 0xff) << (slave ? 8 : 0);
}

/* A vector that is taken or not: the CPU's priority bears on it, and of the
 * 8259As their words and the vector's lines. */
static void about_taking(struct query *q, unsigned cpu, uint64_t a, uint64_t b)
{
    q->serves = true;
    vecset_add(&q->vectors, (uint8_t)a);
    vecset_add(&q->vectors, (uint8_t)b);
    q->reg[1] = board_register(SPACE_APIC, cpu, LAPIC_TPR);
}

static void about_pic(struct query *q, uint64_t a, uint64_t b)
{
    q->reg[2] = board_register(SPACE_PORT, 0, PIC_PORT_MASTER_COMMAND);
    q->reg[3] = board_register(SPACE_PORT, 0, PIC_PORT_SLAVE_COMMAND);
    q->lines = 0x101u << (a & 7) | 0x101u << (b & 7);
}

static struct query about(const struct player *p, uint64_t a, uint64_t b)
{
    const struct op *op = &p->ops->op[p->at];
    const struct footprint *mark = &p->mark[p->at];
    struct query q = {.reg = {mark->reg}};

    switch ((enum op_kind)op->kind) {
    case OP_APIC_READ:
    case OP_MSR_READ:
        if (mark->reg >> 24 == SPACE_APIC)
            about_apic(&q, op->cpu, mark->reg & 0xfff0, a ^ b);
        break;
    case OP_PORT_READ:
        about_port(&q, op->where, a ^ b);
        break;
    case OP_WINDOW_READ:
    case OP_INDEX_READ:
        q.lines = mark->lines;
        break;
    case OP_INTERRUPT:
        about_taking(&q, op->cpu, a, b);
        if (p->recording->kind == RECORDING_PIC)
            about_pic(&q, a, b);
        break;
    case OP_TAKEN:
        about_taking(&q, op->cpu, a, b);
        break;
    case OP_INTA:
    case OP_INTA_TAKEN:
        about_pic(&q, a, b);
        break;
    default: /* a message */
        vecset_add(&q.vectors, (uint8_t)a);
        vecset_add(&q.vectors, (uint8_t)b);
        q.lines = mark->lines;
    }
    return q;
}

static bool touches(const struct footprint *mark, const struct query *q)
{
    for (unsigned i = 0; i < 4; i++) {
        if (mark->vectors.word[i] & q->vectors.word[i])
            return true;
        if (q->reg[i] && q->reg[i] == mark->reg && mark->changes)
            return true;
    }
    return mark->lines & q->lines;
}

/* The last operations before this one that touch what it is about; of those
 * that only serve other vectors no more than there is room for. */
static unsigned collect(const struct player *p, const struct query *q,
                        size_t at[REPLAY_EARLIER])
{
    unsigned room = q->serves ? REPLAY_SERVES : 0, n = 0;

    for (size_t i = p->at; i-- > 0 && n < REPLAY_EARLIER;) {
        bool close = touches(&p->mark[i], q);

        if (!close && !(room && p->mark[i].serves))
            continue;
        room -= !close;
        at[n++] = i;
    }
    return n;
}

void player_explain(struct player *p, const struct answer *recorded,
                    const struct answer *got)
{
    const struct op *op = &p->ops->op[p->at];
    struct replay_first *f = &p->result->first;
    struct query q = about(p, value_of(recorded), value_of(got));
    size_t at[REPLAY_EARLIER];
    /* a message that the recording lacks is shown like those it has */
    enum op_kind kind =
        op->answer == OP_SILENT ? OP_MESSAGE : (enum op_kind)op->kind;

    f->line = op->line;
    print_answer(f->expected, recorded, kind);
    print_answer(f->got, got, kind);
    f->earlier_count = collect(p, &q, at);
    for (unsigned i = 0; i < f->earlier_count; i++)
        f->earlier[i] = p->ops->op[at[f->earlier_count - 1 - i]].line;
}
