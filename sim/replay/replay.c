/* Plays operations one by one and counts what their answers are. */
#include <stdlib.h>
#include <string.h>

#include "sim/replay/choices.h"
#include "sim/replay/player.h"
#include "sim/replay/vapic_play.h"
#include "sim/replay/vtd.h"

#define START_SVR 0x1ffu
#define START_LDR 0x01000000u
#define START_LINT0_EXTINT 0x00000700u
#define ADDR_REMAPPABLE (1u << 4)
#define DATA_BIT_14 (1u << 14) /* of a message; recordings lack it */

/* Of the 8259As the lines that pic recordings drive: the others' requests are
 * not shown where the IRR is read. */
static const uint8_t lines_driven[PIC_CHIPS] = {0xe8, 0x8e};

const char *replay_exception_rule(enum replay_exception e)
{
    static const char *const rules[] = {
#define EXCEPTION(name, rule, recording) rule,
#include "sim/replay/exceptions.def"
#undef EXCEPTION
    };
    return rules[e];
}

const char *replay_exception_recording(enum replay_exception e)
{
    static const char *const recordings[] = {
#define EXCEPTION(name, rule, recording) recording,
#include "sim/replay/exceptions.def"
#undef EXCEPTION
    };
    return recordings[e];
}

/* ---- the board at the start ---- */

static void apic_put(struct board *b, uint32_t offset, uint32_t value)
{
    board_apic_write(b, 0, (struct lapic_mmio){offset, 4, value});
}

/* One CPU whose local APIC is enabled.  A whole machine starts at reset. */
static void start(struct player *p)
{
    struct board *b = &p->board;

    board_init(b, p->ops->cpus);
    if (is_machine(p))
        return;
    apic_put(b, LAPIC_SVR, START_SVR);
    apic_put(b, LAPIC_LDR, START_LDR);
    if (p->recording->kind == RECORDING_PIC)
        apic_put(b, LAPIC_LVT_LINT0, START_LINT0_EXTINT);
    if (p->recording->kind == RECORDING_X2APIC)
        board_wrmsr(b, 0, LAPIC_MSR_APIC_BASE,
                    LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | LAPIC_BASE_EXTD |
                        LAPIC_BASE_BSP);
}

/* ---- operations ---- */

static struct answer value(uint64_t v)
{
    return (struct answer){ANSWER_VALUE, v};
}

static struct answer play_apic_read(struct player *p, const struct op *op)
{
    struct lapic_mmio a = {op->where, op->bytes, 0};

    return value(board_apic_read(&p->board, op->cpu, a));
}

/* Which LVT entries a software disable has masked. */
static void follow_masks(struct player *p, const struct op *op)
{
    uint8_t *masked = &p->masked_by_disable[op->cpu];
    uint32_t offset = op_apic_offset(op);

    if (offset == LAPIC_SVR && !(op->value & LAPIC_SVR_ENABLE))
        *masked = UINT8_MAX;
    else if (offset == LAPIC_LVT_CMCI)
        *masked &= (uint8_t) ~(1u << LVT_CMCI);
    else if (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR)
        *masked &=
            (uint8_t) ~(1u << (LVT_TIMER + (offset - LAPIC_LVT_TIMER) / 16));
}

static struct answer play_apic_write(struct player *p, const struct op *op)
{
    struct lapic_mmio a = {op->where, op->bytes, op->value};

    follow_masks(p, op);
    board_apic_write(&p->board, op->cpu, a);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_msr_write(struct player *p, const struct op *op)
{
    bool good = board_wrmsr(&p->board, op->cpu, op->where, op->value);

    follow_masks(p, op);
    return (struct answer){good ? ANSWER_NONE : ANSWER_FAULT, 0};
}

static struct answer play_msr_read(struct player *p, const struct op *op)
{
    struct answer a = {ANSWER_VALUE, 0};

    if (!board_rdmsr(&p->board, op->cpu, op->where, &a.value))
        a.kind = ANSWER_FAULT;
    return a;
}

static struct answer play_port_write(struct player *p, const struct op *op)
{
    struct pic_access a = {(uint16_t)op->where, op->bytes, (uint32_t)op->value};

    board_port_write(&p->board, a);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_port_read(struct player *p, const struct op *op)
{
    bool slave = op->where == PIC_PORT_SLAVE_COMMAND;
    const struct pic *chip = &p->board.pic.chip[slave ? PIC_SLAVE : PIC_MASTER];
    struct pic_access a = {(uint16_t)op->where, op->bytes, 0};
    uint32_t got;

    p->irr_read = (slave || op->where == PIC_PORT_MASTER_COMMAND) &&
                  !chip->poll && !chip->read_isr;
    got = board_port_read(&p->board, a);
    if (p->irr_read && p->recording->kind == RECORDING_PIC)
        got &= lines_driven[slave ? PIC_SLAVE : PIC_MASTER];
    return value(got);
}

static struct answer play_window_write(struct player *p, const struct op *op)
{
    struct ioapic_mmio a = {op->where, op->bytes, op->value};

    board_ioapic_write(&p->board, a);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_window_read(struct player *p, const struct op *op)
{
    struct ioapic_mmio a = {op->where, op->bytes, 0};

    return value(board_ioapic_read(&p->board, a));
}

static void select_index(struct player *p, const struct op *op)
{
    struct ioapic_mmio a = {IOAPIC_IOREGSEL, 4, op->where};

    board_ioapic_write(&p->board, a);
}

static struct answer play_index_write(struct player *p, const struct op *op)
{
    struct ioapic_mmio a = {IOAPIC_IOWIN, 4, op->value};

    select_index(p, op);
    board_ioapic_write(&p->board, a);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_index_read(struct player *p, const struct op *op)
{
    struct ioapic_mmio a = {IOAPIC_IOWIN, 4, 0};

    select_index(p, op);
    return value(board_ioapic_read(&p->board, a));
}

static struct answer play_pic_line(struct player *p, const struct op *op)
{
    board_pic_line(&p->board, op->where, op->value != 0);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_pin(struct player *p, const struct op *op)
{
    board_pin(&p->board, op->where, op->value != 0);
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_interrupt(struct player *p, const struct op *op)
{
    struct board *b = &p->board;

    if (b->intr[op->cpu])
        return value(board_take(b, op->cpu));
    if (b->extint[op->cpu])
        return value(board_inta(b, op->cpu));
    return (struct answer){ANSWER_NONE, 0};
}

/* Those whose deadline has passed, the earliest first: a thread may have slept
 * between a write and what the log says of it.  A log's clock is coarse: if
 * there is none, the one that is due next. */
static struct candidates expiring(const struct board *b)
{
    struct candidates c = {.count = 0};
    uint64_t at[BOARD_CPUS];
    unsigned passed = 0;

    for (unsigned i = 0; i < b->cpus; i++) {
        unsigned place = c.count;

        if (!board_timer_armed(b, i, &at[i]))
            continue;
        passed += at[i] <= b->now_ns;
        for (; place && at[c.cpu[place - 1]] > at[i]; place--)
            c.cpu[place] = c.cpu[place - 1];
        c.cpu[place] = (uint8_t)i;
        c.count++;
    }
    if (c.count)
        c.count = passed ? passed : 1;
    return c;
}

static struct answer play_timer(struct player *p, const struct op *op)
{
    struct candidates c = expiring(&p->board);

    (void)op;
    if (c.count)
        board_timer(&p->board, choices_take(p, &c));
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer play_remapper_write(struct player *p, const struct op *op)
{
    struct iommu_mmio a = {op->where, op->bytes, op->value};

    board_remapper_write(&p->board, a);
    return (struct answer){ANSWER_NONE, 0};
}

/* Registers of its interrupt side.  What it can do is the recorded unit's, and
 * the rest is about DMA. */
static bool is_remappers_own(uint32_t offset)
{
    static const struct {
        uint32_t first, end;
    } own[] = {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title) \
    {offset, (offset) + (bytes)},
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
    };

    if (offset >= IOMMU_AT_CAP && offset < IOMMU_AT_GCMD)
        return false;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (offset >= own[i].first && offset < own[i].end)
            return true;
    return false;
}

static struct answer play_remapper_read(struct player *p, const struct op *op)
{
    struct iommu_mmio a = {op->where, op->bytes, 0};

    if (!is_remappers_own(op->where))
        return (struct answer){ANSWER_UNKNOWN, 0};
    return value(board_remapper_read(&p->board, a));
}

/* The oldest message that nobody compared. */
static struct answer next_message(struct board *b)
{
    struct answer a = {ANSWER_NONE, 0};

    if (!b->sent_count)
        return a;
    a = value((uint64_t)b->sent[0].addr << 32 |
              (b->sent[0].data & ~DATA_BIT_14));
    vecset_add(&b->mark.vectors, b->sent[0].data & 0xff);
    b->sent_count--;
    memmove(&b->sent[0], &b->sent[1], sizeof b->sent - sizeof b->sent[0]);
    return a;
}

static bool is_eoi(const struct op *op)
{
    return (op->kind == OP_APIC_WRITE || op->kind == OP_MSR_WRITE) &&
           op_apic_offset(op) == LAPIC_EOI;
}

/* Whether an operation can make the I/O APIC send. */
static bool causes_message(const struct op *op)
{
    return op->kind == OP_PIN || op->kind == OP_WINDOW_WRITE || is_eoi(op);
}

/* A message that follows no such operation is another device's: a stimulus. */
static bool is_anothers_message(const struct player *p)
{
    size_t i = p->at;

    while (i && p->ops->op[i].kind == OP_MESSAGE)
        i--;
    return !p->board.sent_count && !causes_message(&p->ops->op[i]);
}

static struct answer play_message(struct player *p, const struct op *op)
{
    struct ioapic_message m = {(uint32_t)(op->value >> 32),
                               (uint32_t)op->value};

    if (!is_anothers_message(p))
        return next_message(&p->board);
    board_message(&p->board, &m);
    return (struct answer){ANSWER_UNKNOWN, 0};
}

/* Without a remapper it has been delivered already. */
static struct answer play_delivered(struct player *p, const struct op *op)
{
    struct iommu_message m = {
        .dest = op->where,
        .vector = (uint8_t)op->value,
        .mode = op->value >> OP_MODE_SHIFT & 7,
        .logical = op->value & OP_LOGICAL,
        .level = op->value >> OP_LEVEL_SHIFT & 1,
        .dest8 = !(p->board.remapper.table & IOMMU_IRTA_EIME),
    };

    if (board_remaps(&p->board))
        board_delivered(&p->board, &m);
    return (struct answer){ANSWER_NONE, 0};
}

/* Without a request no CPU would run the cycle. */
static struct answer play_inta(struct player *p, const struct op *op)
{
    (void)op;
    p->inta = (struct answer){ANSWER_NONE, 0};
    for (unsigned i = 0; i < p->board.cpus; i++)
        if (p->board.extint[i]) {
            p->inta = value(board_inta(&p->board, i));
            break;
        }
    return p->inta;
}

static struct answer play_inta_taken(struct player *p, const struct op *op)
{
    (void)op;
    return p->inta;
}

/* The log does not tell which CPU takes a vector.  It is one where it is the
 * highest eligible; of several first the one that writes EOI next, and if that
 * does not fit what follows, another. */
static int taker(struct player *p, uint64_t vector)
{
    struct candidates c = {.count = 0};

    for (unsigned i = 0; i < p->board.cpus; i++)
        if (board_eligible(&p->board, i) == (int)vector)
            c.cpu[c.count++] = (uint8_t)i;
    for (size_t i = p->at + 1; c.count > 1 && i < p->ops->count; i++)
        if (is_eoi(&p->ops->op[i]) && candidate_first(&c, p->ops->op[i].cpu))
            break;
    return c.count ? choices_take(p, &c) : -1;
}

static struct answer play_taken(struct player *p, const struct op *op)
{
    struct board *b = &p->board;
    int cpu = taker(p, op->value);
    int eligible;

    if (cpu >= 0)
        return value(board_take(b, (unsigned)cpu));
    for (unsigned i = 0; i < b->cpus; i++) {
        eligible = board_eligible(b, i);
        if (eligible >= 0)
            return value((unsigned)eligible);
    }
    /* INTR fell before the CPU's acknowledge: whichever CPU it was */
    if (op->value == (b->lapic[0].svr & UINT8_MAX))
        return value(board_take(b, 0));
    return (struct answer){ANSWER_NONE, 0};
}

static struct answer (*const play[OP_KINDS])(struct player *p,
                                             const struct op *op) = {
    [OP_APIC_WRITE] = play_apic_write,
    [OP_APIC_READ] = play_apic_read,
    [OP_MSR_WRITE] = play_msr_write,
    [OP_MSR_READ] = play_msr_read,
    [OP_PORT_WRITE] = play_port_write,
    [OP_PORT_READ] = play_port_read,
    [OP_WINDOW_WRITE] = play_window_write,
    [OP_WINDOW_READ] = play_window_read,
    [OP_INDEX_WRITE] = play_index_write,
    [OP_INDEX_READ] = play_index_read,
    [OP_PIC_LINE] = play_pic_line,
    [OP_PIN] = play_pin,
    [OP_INTERRUPT] = play_interrupt,
    [OP_TIMER] = play_timer,
    [OP_MESSAGE] = play_message,
    [OP_INTA] = play_inta,
    [OP_INTA_TAKEN] = play_inta_taken,
    [OP_TAKEN] = play_taken,
    [OP_REMAPPER_WRITE] = play_remapper_write,
    [OP_REMAPPER_READ] = play_remapper_read,
    [OP_DELIVERED] = play_delivered,
};

/* ---- answers ---- */

static struct answer recorded_answer(const struct op *op)
{
    if (op->faults)
        return (struct answer){ANSWER_FAULT, 0};
    if (op->kind == OP_MSR_WRITE ||
        (op->kind == OP_INTERRUPT && op->value == OP_NO_VECTOR))
        return (struct answer){ANSWER_NONE, 0};
    if (op->kind == OP_MESSAGE)
        return value(op->value & ~(uint64_t)DATA_BIT_14);
    return value(op->value);
}

static bool same(const struct answer *a, const struct answer *b)
{
    return a->kind == b->kind &&
           (a->kind != ANSWER_VALUE || a->value == b->value);
}

static void differ(struct player *p, const struct answer *recorded,
                   const struct answer *got)
{
    if (!p->result->different++)
        player_explain(p, recorded, got);
}

static void score(struct player *p, const struct op *op, struct answer got)
{
    struct answer recorded = recorded_answer(op);
    enum replay_exception e = REPLAY_EXCEPTIONS;
    bool good = same(&recorded, &got);

    if (!good && is_machine(p))
        e = player_excuse(p, &recorded, &got);
    p->inta_excused = op->kind == OP_INTA && e != REPLAY_EXCEPTIONS;
    if (e != REPLAY_EXCEPTIONS) {
        p->result->excepted[e]++;
        p->result->unscored++;
        return;
    }
    p->result->compared++;
    if (!good)
        differ(p, &recorded, &got);
}

static bool tells_remappable(const struct ops *ops)
{
    for (size_t i = 0; i < ops->count; i++)
        if (ops->op[i].kind == OP_MESSAGE &&
            (ops->op[i].value >> 32 & ADDR_REMAPPABLE))
            return true;
    return false;
}

/* Messages that the recording has follow their cause at once. */
static void expect_no_message(struct player *p)
{
    struct board *b = &p->board;
    const struct answer none = {ANSWER_NONE, 0};

    if (board_remaps(b) && !p->remappable_told)
        b->sent_count = 0;
    while (is_machine(p) && b->sent_count) {
        struct answer sent = next_message(b);

        p->result->compared++;
        differ(p, &none, &sent);
    }
    b->sent_count = 0;
}

static void play_one(struct player *p, const struct op *op)
{
    struct answer got;

    p->board.now_ns = op->time_ns;
    p->board.mark = (struct footprint){0};
    p->irr_read = false;
    if (op->left_out) {
        p->result->unscored += op->answer != OP_SILENT;
        return;
    }
    got = play[op->kind](p, op);
    p->mark[p->at] = p->board.mark;
    if (op->answer == OP_SCORED && got.kind != ANSWER_UNKNOWN)
        score(p, op, got);
    else if (op->answer != OP_SILENT)
        p->result->unscored++;
}

static void play_all(struct player *p)
{
    const struct ops *ops = p->ops;

    start(p);
    while (p->at < ops->count) {
        uint64_t different = p->result->different;

        play_one(p, &ops->op[p->at]);
        if (p->at + 1 == ops->count || ops->op[p->at + 1].kind != OP_MESSAGE)
            expect_no_message(p);
        if (p->result->different == different || !choices_retreat(p))
            p->at++;
    }
}

static void play_ops(const struct recording *r, const struct ops *ops,
                     struct replay_result *result)
{
    struct player *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    *p = (struct player){.recording = r, .ops = ops, .result = result};
    p->remappable_told = tells_remappable(ops);
    p->mark = calloc(ops->count + 1, sizeof *p->mark);
    if (!p->mark)
        abort();
    p->choices = choices_new();
    play_all(p);
    choices_free(p->choices);
    free(p->mark);
    free(p);
}

bool replay_play(const struct recording *r, struct replay_result *result,
                 struct diag *d)
{
    unsigned errors = d->errors;
    struct ops ops;

    *result = (struct replay_result){0};
    if (r->kind == RECORDING_VAPIC)
        return vapic_play(r, result, d);
    if (r->kind == RECORDING_VTD)
        return vtd_play(r, result, d);
    ops_decode(&ops, r, d);
    if (d->errors == errors)
        play_ops(r, &ops, result);
    ops_free(&ops);
    return d->errors == errors;
}
