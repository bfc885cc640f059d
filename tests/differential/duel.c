/* Both sides at once; what is reported. */
#include "tests/differential/duel.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct known_row {
    const char *block, *rule, *qemu, *verdict;
};

#define OURS "the page is right"
#define FREE "the data sheets leave it open, ours is the page's choice"
#define BOARD "wiring of QEMU's board"

static const struct known_row rows[] = {
#define KNOWN(name, block, rule, qemu, verdict) {#block, rule, qemu, verdict},
#include "tests/differential/known.def"
};

void duel_say(struct duel *d, bool fine, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    printf("%s - %s: ", fine ? "ok" : "not ok", d->block);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    if (fine)
        d->passed++;
    else
        d->failed++;
}

/* ---- both sides ---- */

struct answers duel_do(struct duel *d, const struct op *op)
{
    struct answers a;

    board_do(&d->board, op, &a.ours);
    qemu_do(&d->qemu, op, &a.theirs);
    return a;
}

void duel_do_all(struct duel *d, const struct op *ops)
{
    for (; ops->kind != OP_END; ops++)
        duel_do(d, ops);
}

void duel_alike(struct duel *d)
{
    d->trail_count = 0;
}

/* ---- comparing ---- */

/* What is known of a message that both sent: `theirs` becomes what QEMU would
 * have sent without it. */
static void allow_known(struct duel *d, const struct message *ours,
                        struct message *theirs)
{
    const uint32_t hint = 1u << 3, level = 1u << 14, vector = 0xff;
    bool lowest = (ours->data >> 8 & 7) == DELIVERY_LOWEST;
    bool extint = (ours->data >> 8 & 7) == DELIVERY_EXTINT;

    if (lowest && (ours->addr & hint) && !(theirs->addr & hint)) {
        theirs->addr |= hint;
        d->hits[KNOWN_IOAPIC_HINT]++;
    }
    if ((ours->data & level) && !(theirs->data & level)) {
        theirs->data |= level;
        d->hits[KNOWN_IOAPIC_LEVEL_BIT]++;
    }
    if (extint && (ours->data ^ theirs->data) & vector) {
        theirs->data = (theirs->data & ~vector) | (ours->data & vector);
        d->hits[KNOWN_IOAPIC_EXTINT_VECTOR]++;
    }
}

/* What differs, in words; NULL: nothing. */
static const char *difference(struct duel *d, struct answers *a)
{
    static char text[160];
    const struct answer *o = &a->ours, *t = &a->theirs;

    d->answers++;
    if (o->value != t->value)
        snprintf(text, sizeof text, "value: by the page %x, QEMU %x", o->value,
                 t->value);
    else if (o->intr != t->intr)
        snprintf(text, sizeof text, "INT: by the page %d, QEMU %d", o->intr,
                 t->intr);
    else if (o->messages != t->messages)
        snprintf(text, sizeof text, "messages: by the page %u, QEMU %u",
                 o->messages, t->messages);
    else
        text[0] = '\0';
    if (text[0])
        return text;
    for (unsigned i = 0; i < o->messages; i++) {
        const struct message *mine = &o->message[i];
        struct message other = t->message[i];

        allow_known(d, mine, &other);
        if (mine->addr == other.addr && mine->data == other.data &&
            mine->reached == other.reached)
            continue;
        snprintf(text, sizeof text,
                 "message %u: by the page %08" PRIx64 " %08x, QEMU %08" PRIx64
                 " %08x%s",
                 i, mine->addr, mine->data, other.addr, other.data,
                 other.reached ? "" : " (lost)");
        return text;
    }
    return NULL;
}

static void print_op(const struct op *op)
{
    static const char *const name[] = {"end",  "in",   "out",   "line",
                                       "inta", "read", "write", "pin"};

    printf("#    %s", name[op->kind]);
    if (op->kind != OP_INTA)
        printf(" %x", op->at);
    if (op->kind == OP_READ || op->kind == OP_WRITE)
        printf(" %u", op->bytes);
    if (op->kind == OP_OUT || op->kind == OP_WRITE || op->kind == OP_LINE ||
        op->kind == OP_PIN)
        printf(" %x", op->value);
    printf("\n");
}

static void report(struct duel *d, const struct op *op, const char *what)
{
    uint64_t first =
        d->trail_count > TRAIL_MAX ? d->trail_count - TRAIL_MAX : 0;

    duel_say(d, false, "seed %" PRIu64 ", step %" PRIu64 ": %s", d->seed,
             d->step, what);
    printf("#  the last %" PRIu64 " of %" PRIu64
           " operations since both were set up alike:\n",
           d->trail_count - first, d->trail_count);
    for (uint64_t i = first; i < d->trail_count; i++)
        print_op(&d->trail[i % TRAIL_MAX]);
    printf("#  it shows in:\n");
    print_op(op);
}

static bool compare(struct duel *d, const struct op *op)
{
    struct answers a = duel_do(d, op);
    const char *what = difference(d, &a);
    const char *wrong = board_check(&d->board);

    if (!what && !wrong)
        return true;
    report(d, op, what ? what : wrong);
    return false;
}

bool duel_step(struct duel *d, const struct op *op)
{
    bool same;

    d->trail[d->trail_count++ % TRAIL_MAX] = *op;
    same = compare(d, op);
    d->messages += d->board.answer.messages;
    d->vectors += op->kind == OP_INTA;
    return same;
}

bool duel_look(struct duel *d, const struct op *op)
{
    return compare(d, op);
}

/* ---- known differences ---- */

static uint32_t seen(enum sees sees, const struct answer *a)
{
    switch (sees) {
    case SEES_VALUE:
        return a->value;
    case SEES_INT:
        return a->intr;
    case SEES_MESSAGES:
        return a->messages;
    case SEES_ADDR:
        return a->messages ? (uint32_t)a->message[0].addr : 0;
    case SEES_DATA:
        return a->messages ? a->message[0].data : 0;
    default:
        return a->messages && a->message[0].reached;
    }
}

void duel_witness(struct duel *d, const struct witness *w)
{
    static const char *const what[] = {"value",   "INT",  "messages",
                                       "address", "data", "messages taken"};
    const struct known_row *row = &rows[w->known];
    struct answers a = {0};
    uint32_t ours, theirs;

    d->board.nobody = w->nobody;
    for (unsigned i = 0; i < WITNESS_OPS && w->op[i].kind != OP_END; i++)
        a = duel_do(d, &w->op[i]);
    d->board.nobody = false;
    ours = seen(w->sees, &a.ours);
    theirs = seen(w->sees, &a.theirs);
    d->hits[w->known] += theirs == w->qemu;
    duel_say(d, ours == w->page && theirs == w->qemu, "%s; QEMU %s: %s",
             row->rule, row->qemu, row->verdict);
    if (ours != w->page)
        printf("#  our %s: %x; by the page %x\n", what[w->sees], ours, w->page);
    if (theirs == w->page)
        printf("#  known difference unused: this QEMU does as the page says\n");
    else if (theirs != w->qemu)
        printf("#  QEMU's %s: %x; known is %x\n", what[w->sees], theirs,
               w->qemu);
}
