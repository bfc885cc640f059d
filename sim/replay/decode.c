/* Words, numbers and mistakes of a recording's lines. */
#include <stdlib.h>

#include "sim/replay/decode.h"

void decode_split(struct decoder *c, uint32_t line)
{
    const struct recording_line *l = &c->recording->line[line - 1];
    const char *at = l->text, *end = l->text + l->bytes;

    c->line = line;
    c->words = 0;
    c->bad = false;
    for (;;) {
        const char *start;

        while (at < end && *at == ' ')
            at++;
        if (at == end || c->words == DECODE_WORDS)
            break;
        for (start = at; at < end && *at != ' ';)
            at++;
        c->word[c->words++] = (struct word){start, (size_t)(at - start)};
    }
    c->unscored = c->words && word_is(&c->word[c->words - 1], "?");
    c->words -= c->unscored;
}

void decode_error(struct decoder *c, unsigned i, const char *what)
{
    const struct recording_line *l = &c->recording->line[c->line - 1];
    struct diag_place at = {c->recording->path, c->line,
                            (unsigned)l->bytes + 1};

    if (i < c->words)
        at.column = (unsigned)(c->word[i].text - l->text) + 1;
    if (!c->bad)
        diag_error(c->diag, at, "%s", what);
    c->bad = true;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* True if all of the text is a number in the base that fits 64 bits. */
static bool number(struct word w, unsigned base, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < w.bytes; i++) {
        unsigned d = (unsigned)digit(w.text[i]);

        if (d >= base || *value > (UINT64_MAX - d) / base)
            return false;
        *value = *value * base + d;
    }
    return w.bytes > 0;
}

static uint64_t checked(struct decoder *c, unsigned i, unsigned base,
                        uint64_t max)
{
    uint64_t value;
    struct word w;

    if (i >= c->words) {
        decode_error(c, i, "the line ends too early");
        return 0;
    }
    w = c->word[i];
    if (base == 16 && word_starts(&w, "0x"))
        w = (struct word){w.text + 2, w.bytes - 2};
    if (!number(w, base, &value)) {
        decode_error(c, i,
                     base == 16 ? "expected a hexadecimal number"
                                : "expected a decimal number");
        return 0;
    }
    if (value > max) {
        decode_error(c, i, "the number is too large");
        return 0;
    }
    return value;
}

uint64_t decode_hex(struct decoder *c, unsigned i, uint64_t max)
{
    return checked(c, i, 16, max);
}

uint64_t decode_decimal(struct decoder *c, unsigned i, uint64_t max)
{
    return checked(c, i, 10, max);
}

uint64_t decode_number(struct decoder *c, unsigned i, uint64_t max)
{
    bool hex = i < c->words && word_starts(&c->word[i], "0x");

    return checked(c, i, hex ? 16 : 10, max);
}

uint64_t decode_behind(struct decoder *c, unsigned i, const char *letters,
                       unsigned base)
{
    size_t skip = strlen(letters);
    uint64_t value = 0;
    struct word w;

    if (i >= c->words) {
        decode_error(c, i, "the line ends too early");
        return 0;
    }
    w = c->word[i];
    if (!word_starts(&w, letters) ||
        !number((struct word){w.text + skip, w.bytes - skip}, base, &value))
        decode_error(c, i, "this is not understood");
    return value;
}

bool decode_expect_words(struct decoder *c, unsigned words)
{
    if (c->words < words)
        decode_error(c, c->words, "the line ends too early");
    else if (c->words > words)
        decode_error(c, words, "expected the end of the line");
    return c->words == words;
}

void decode_emit(struct decoder *c, struct op op)
{
    struct ops *o = c->ops;

    if (c->bad)
        return;
    if (o->count == o->capacity) {
        o->capacity = 2 * o->capacity + 1024;
        o->op = realloc(o->op, o->capacity * sizeof *o->op);
        if (!o->op)
            abort();
    }
    op.line = c->line;
    if (op.cpu >= o->cpus)
        o->cpus = op.cpu + 1u;
    o->op[o->count++] = op;
}

void ops_decode(struct ops *ops, const struct recording *r, struct diag *d)
{
    struct decoder c = {.recording = r, .ops = ops, .diag = d};

    *ops = (struct ops){.cpus = 1};
    switch (r->kind) {
    case RECORDING_BOOT:
        decode_boot(&c);
        break;
    case RECORDING_QEMU:
        decode_qemu(&c);
        break;
    default:
        decode_short(&c);
    }
}

void ops_free(struct ops *ops)
{
    free(ops->op);
}
