/* What is in a line stands in vapic_fields.def. */
#include "sim/replay/vapic_decode.h"

#include <stdlib.h>

static const struct field {
    uint8_t kind;
    const char *name;
    uint8_t count, base, bits;
} fields[] = {
#define VAPIC_FIELD(kind, name, count, base, bits)                             \
    {VAPIC_##kind, name, count, base, bits},
#include "sim/replay/vapic_fields.def"
#undef VAPIC_FIELD
};
#define FIELDS (sizeof fields / sizeof fields[0])

static const char letters[VAPIC_ROW_KINDS] = {
    [VAPIC_SETUP] = 'T', [VAPIC_OPERATION] = 'O', [VAPIC_EXIT] = 'E',
    [VAPIC_STATE] = 'S', [VAPIC_FAILURE] = 'F',
};

const char *vapic_value_name(enum vapic_row_kind kind, unsigned i)
{
    unsigned passed = 0;

    for (size_t f = 0; f < FIELDS; f++) {
        if (fields[f].kind != kind)
            continue;
        passed += fields[f].count;
        if (i < passed)
            return fields[f].name;
    }
    return "";
}

static void expect_word(struct decoder *c, unsigned i, const char *text)
{
    char what[32];

    if (i < c->words && word_is(&c->word[i], text))
        return;
    snprintf(what, sizeof what, "expected '%s'", text);
    decode_error(c, i, what);
}

static uint64_t number(struct decoder *c, unsigned i, const struct field *f)
{
    uint64_t max = UINT64_MAX >> (64 - f->bits);

    return f->base == 10 ? decode_decimal(c, i, max) : decode_hex(c, i, max);
}

/* Vectors up to the next word that is none; returns its place. */
static unsigned decode_taken(struct decoder *c, unsigned i,
                             struct vapic_row *row)
{
    while (i < c->words && !word_is(&c->word[i], "vtpr") && !c->bad) {
        if (row->taken_count == VAPIC_TAKEN) {
            decode_error(c, i, "too many vectors");
            break;
        }
        row->taken[row->taken_count++] = (uint8_t)decode_hex(c, i++, UINT8_MAX);
    }
    return i;
}

/* The fields of a line; returns the place behind them. */
static unsigned decode_fields(struct decoder *c, struct vapic_row *row)
{
    unsigned i = 1, v = 0;

    for (size_t f = 0; f < FIELDS && !c->bad; f++) {
        if (fields[f].kind != row->kind)
            continue;
        if (fields[f].name[0])
            expect_word(c, i++, fields[f].name);
        for (unsigned n = 0; n < fields[f].count && !c->bad; n++)
            row->value[v++] = number(c, i++, &fields[f]);
        if (!fields[f].count)
            i = decode_taken(c, i, row);
    }
    return i;
}

static unsigned decode_failure(struct decoder *c, struct vapic_row *row)
{
    bool entry = c->words > 1 && word_is(&c->word[1], "entry");

    row->value[FAILURE_ENTRY] = entry;
    expect_word(c, 1, entry ? "entry" : "vmfail");
    expect_word(c, 2, entry ? "reason" : "err");
    row->value[FAILURE_CODE] = decode_decimal(c, 3, UINT32_MAX);
    return 4;
}

/* "info i" can follow, where there is interruption information. */
static unsigned decode_info(struct decoder *c, unsigned i,
                            struct vapic_row *row)
{
    if (i >= c->words || !word_is(&c->word[i], "info"))
        return i;
    row->value[EXIT_AT_INFO] = decode_hex(c, i + 1, UINT32_MAX);
    return i + 2;
}

static bool kind_of(const struct decoder *c, struct vapic_row *row)
{
    for (unsigned kind = 0; kind < VAPIC_ROW_KINDS; kind++)
        if (c->word[0].bytes == 1 && c->word[0].text[0] == letters[kind]) {
            row->kind = (uint8_t)kind;
            return true;
        }
    return false;
}

/* Only reads and writes have an offset, only writes a value; what stands there
 * otherwise means nothing. */
static void check_operation(struct decoder *c, const uint64_t *value)
{
    enum vapic_operation op = (enum vapic_operation)value[OPERATION_KIND];
    bool writes =
        op == VAPIC_OP_WRITE || op == VAPIC_OP_WRMSR || op == VAPIC_OP_SET_CR8;

    if (op >= VAPIC_OPS)
        decode_error(c, 1, "expected an operation from 0 to 7");
    else if (op <= VAPIC_OP_WRMSR && value[OPERATION_OFFSET] > 0xfff)
        decode_error(c, 2, "the number is too large");
    else if (writes && value[OPERATION_VALUE] > UINT32_MAX)
        decode_error(c, 3, "the number is too large");
}

/* Rules of single numbers, and of the order of lines. */
static void check(struct decoder *c, const struct vapic_row *row,
                  const struct vapic_row *before)
{
    if (row->kind == VAPIC_OPERATION)
        check_operation(c, row->value);
    if (row->kind == VAPIC_SETUP &&
        (row->value[SETUP_CTL] & ~UINT64_C(0x111111)))
        decode_error(c, 3, "expected six flags, 0 or 1");
    if (row->kind != VAPIC_SETUP && !before)
        decode_error(c, 0, "expected a set-up before it");
    else if (row->kind > VAPIC_OPERATION && before->kind == VAPIC_SETUP)
        decode_error(c, 0, "expected an operation before it");
}

/* False: it is not known what the line is. */
static bool decode_row(struct decoder *c, struct vapic_row *row,
                       const struct vapic_row *before)
{
    unsigned end;

    *row = (struct vapic_row){.line = c->line, .unscored = c->unscored};
    if (!kind_of(c, row)) {
        decode_error(c, 0, "expected T, O, E, S or F");
        return false;
    }
    end = row->kind == VAPIC_FAILURE ? decode_failure(c, row)
                                     : decode_fields(c, row);
    if (row->kind == VAPIC_EXIT)
        end = decode_info(c, end, row);
    if (!c->bad && end < c->words)
        decode_error(c, end, "expected the end of the line");
    if (!c->bad)
        check(c, row, before);
    return true;
}

void vapic_rows_decode(struct vapic_rows *rows, const struct recording *r,
                       struct diag *d)
{
    struct decoder c = {.recording = r, .diag = d};

    *rows = (struct vapic_rows){
        .row = calloc(r->line_count + 1, sizeof *rows->row)};
    if (!rows->row)
        abort();
    for (uint32_t i = 1; i <= r->line_count; i++) {
        size_t n = rows->count;

        decode_split(&c, i);
        if (!c.words || word_is(&c.word[0], "BEGIN") ||
            word_is(&c.word[0], "END"))
            continue;
        /* one with a mistake counts: what follows it is no mistake */
        rows->count +=
            decode_row(&c, &rows->row[n], n ? &rows->row[n - 1] : NULL);
    }
}

void vapic_rows_free(struct vapic_rows *rows)
{
    free(rows->row);
}
