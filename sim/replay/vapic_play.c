/* Set-up by set-up, operation by operation: played and compared. */
#include "sim/replay/vapic_play.h"

#include <stdio.h>

#include "models/cpu/vmcs.h"
#include "sim/replay/vapic_cpu.h"
#include "sim/replay/vapic_decode.h"

struct vapic_player {
    const struct vapic_rows *rows;
    struct replay_result *result;
    struct vapic_cpu *cpu;
    struct vapic_answers answers;
    size_t setup;     /* the row of the set-up at hand */
    size_t operation; /* and of the operation */
    bool over;        /* the model's VM entry failed */
};

static unsigned values_of(enum vapic_row_kind kind)
{
    static const uint8_t values[VAPIC_ROW_KINDS] = {
        [VAPIC_EXIT] = EXIT_AT_INFO + 1,
        [VAPIC_STATE] = STATE_ON + 1,
        [VAPIC_FAILURE] = FAILURE_CODE + 1,
    };
    return values[kind];
}

/* After a VM exit of the reading op itself the host has skipped it, and the
 * recorded register held something else. */
static bool value_counts(const struct vapic_answers *a)
{
    for (unsigned i = 0; i < a->count; i++)
        if (a->row[i].kind == VAPIC_EXIT &&
            (a->row[i].value[EXIT_AT_REASON] == EXIT_CR_ACCESS ||
             a->row[i].value[EXIT_AT_REASON] == EXIT_APIC_ACCESS))
            return false;
    return true;
}

static bool same_taken(const struct vapic_row *a, const struct vapic_row *b)
{
    if (a->taken_count != b->taken_count)
        return false;
    for (unsigned i = 0; i < a->taken_count; i++)
        if (a->taken[i] != b->taken[i])
            return false;
    return true;
}

/* The first number that differs, or how many there are. */
static unsigned differs_at(const struct vapic_player *p,
                           const struct vapic_row *recorded,
                           const struct vapic_row *got)
{
    unsigned n = values_of((enum vapic_row_kind)recorded->kind), i = 0;

    if (recorded->kind == VAPIC_STATE && !value_counts(&p->answers))
        i++;
    while (i < n && recorded->value[i] == got->value[i])
        i++;
    return i;
}

/* ---- the first difference ---- */

static void print_taken(char text[REPLAY_ANSWER], const struct vapic_row *row)
{
    size_t used = (size_t)snprintf(text, REPLAY_ANSWER, "taken");

    for (unsigned i = 0; i < row->taken_count && used < REPLAY_ANSWER - 4; i++)
        used += (size_t)snprintf(text + used, REPLAY_ANSWER - used, " %x",
                                 row->taken[i]);
}

/* What one side says where the two differ; NULL: it says nothing. */
static void print_answer(char text[REPLAY_ANSWER], const struct vapic_row *row,
                         const struct vapic_row *other, unsigned at)
{
    enum vapic_row_kind kind = row ? (enum vapic_row_kind)row->kind : 0;

    if (!row)
        snprintf(text, REPLAY_ANSWER, "nothing");
    else if (kind == VAPIC_FAILURE)
        snprintf(text, REPLAY_ANSWER, "%s %ju",
                 row->value[FAILURE_ENTRY] ? "entry reason" : "vmfail err",
                 (uintmax_t)row->value[FAILURE_CODE]);
    else if (!other || other->kind != kind)
        snprintf(text, REPLAY_ANSWER,
                 kind == VAPIC_EXIT ? "exit %ju" : "no exit",
                 (uintmax_t)row->value[EXIT_AT_REASON]);
    else if (at == values_of(kind))
        print_taken(text, row);
    else if (kind == VAPIC_EXIT && at == EXIT_AT_REASON)
        snprintf(text, REPLAY_ANSWER, "exit %ju", (uintmax_t)row->value[at]);
    else
        snprintf(text, REPLAY_ANSWER, "%s %jx",
                 kind == VAPIC_EXIT && at == EXIT_AT_INFO
                     ? "info"
                     : vapic_value_name(kind, at),
                 (uintmax_t)row->value[at]);
}

/* The set-up and its operations lead to every difference. */
static void explain(struct vapic_player *p, const struct vapic_row *recorded,
                    const struct vapic_row *got)
{
    struct replay_first *f = &p->result->first;
    bool comparable = recorded && got && recorded->kind == got->kind;
    unsigned at = comparable ? differs_at(p, recorded, got) : 0;

    f->line = recorded ? recorded->line : p->rows->row[p->operation].line;
    print_answer(f->expected, recorded, got, at);
    print_answer(f->got, got, recorded, at);
    f->earlier_count = 0;
    for (size_t i = p->setup; i <= p->operation; i++)
        if (p->rows->row[i].kind <= VAPIC_OPERATION &&
            f->earlier_count < REPLAY_EARLIER)
            f->earlier[f->earlier_count++] = p->rows->row[i].line;
}

/* ---- scores ---- */

static void differ(struct vapic_player *p, const struct vapic_row *recorded,
                   const struct vapic_row *got)
{
    if (!p->result->different++)
        explain(p, recorded, got);
}

/* NULL: the model has no such answer. */
static void score(struct vapic_player *p, const struct vapic_row *recorded,
                  const struct vapic_row *got)
{
    bool good = got && got->kind == recorded->kind &&
                differs_at(p, recorded, got) ==
                    values_of((enum vapic_row_kind)recorded->kind) &&
                same_taken(recorded, got);

    if (recorded->unscored) {
        p->result->unscored++;
        return;
    }
    p->result->compared++;
    if (!good)
        differ(p, recorded, got);
}

/* Where lines of an operation are not scored, their number need not be the
 * model's; the last line is then compared with the model's last one. */
static void compare(struct vapic_player *p, size_t first, size_t end)
{
    const struct vapic_answers *m = &p->answers;
    bool marked = false;

    for (size_t i = first; i < end; i++)
        marked |= p->rows->row[i].unscored;
    for (size_t i = first; i < end; i++) {
        size_t n = i + 1 == end && marked ? m->count - 1 : i - first;

        score(p, &p->rows->row[i],
              !p->over && n < m->count ? &m->row[n] : NULL);
    }
    for (size_t n = end - first; n < m->count && !marked && !p->over; n++) {
        p->result->compared++;
        differ(p, NULL, &m->row[n]);
    }
}

static void play_operation(struct vapic_player *p, size_t first, size_t end)
{
    bool over = p->over;

    if (!over)
        over =
            !vapic_cpu_play(p->cpu, &p->rows->row[p->operation], &p->answers);
    compare(p, first, end);
    p->over = over;
}

static void play_rows(struct vapic_player *p)
{
    const struct vapic_rows *rows = p->rows;

    for (size_t i = 0; i < rows->count;) {
        size_t first = i + 1, end = first;

        if (rows->row[i].kind == VAPIC_SETUP) {
            p->setup = i;
            p->over = false;
            vapic_cpu_set_up(p->cpu, &rows->row[i]);
            i++;
            continue;
        }
        while (end < rows->count && rows->row[end].kind > VAPIC_OPERATION)
            end++;
        p->operation = i;
        play_operation(p, first, end);
        i = end;
    }
}

bool vapic_play(const struct recording *r, struct replay_result *result,
                struct diag *d)
{
    unsigned errors = d->errors;
    struct vapic_rows rows;
    struct vapic_player p = {.rows = &rows, .result = result};

    vapic_rows_decode(&rows, r, d);
    p.cpu = vapic_cpu_new();
    if (d->errors == errors)
        play_rows(&p);
    vapic_cpu_free(p.cpu);
    vapic_rows_free(&rows);
    return d->errors == errors;
}
