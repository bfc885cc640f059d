/* Diagnostics in the order of their report, and the nearest known name. */
#include "sim/core/diag.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 100
#define NAME_MAX_BYTES 64

void diag_init(struct diag *d)
{
    *d = (struct diag){0};
}

void diag_free(struct diag *d)
{
    free(d->text);
    *d = (struct diag){0};
}

static void reserve(struct diag *d, size_t more)
{
    char *text;

    if (d->capacity - d->used >= more)
        return;
    d->capacity = 2 * d->capacity + more;
    text = realloc(d->text, d->capacity);
    if (!text) {
        fputs("virqsim: no memory for diagnostics\n", stderr);
        exit(1);
    }
    d->text = text;
}

static void append_v(struct diag *d, const char *format, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(n >= 0);
    reserve(d, (size_t)n + 1);
    vsnprintf(d->text + d->used, (size_t)n + 1, format, ap);
    d->used += (size_t)n;
}

__attribute__((format(printf, 2, 3))) static void
append(struct diag *d, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    append_v(d, format, ap);
    va_end(ap);
}

static void append_place(struct diag *d, struct diag_place at)
{
    if (!at.file)
        return;
    append(d, "%s:", at.file);
    if (at.line)
        append(d, "%u:", at.line);
    if (at.line && at.column)
        append(d, "%u:", at.column);
    append(d, " ");
}

/* False where there is no more room for text. */
static bool begin_line(struct diag *d, struct diag_place at, const char *kind)
{
    if (d->errors + d->warnings >= KEPT_MAX)
        return false;
    append_place(d, at);
    append(d, "%s: ", kind);
    return true;
}

static void end_line(struct diag *d, const char *format, va_list ap)
{
    append_v(d, format, ap);
    append(d, "\n");
}

void diag_error(struct diag *d, struct diag_place at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    if (begin_line(d, at, "error"))
        end_line(d, format, ap);
    va_end(ap);
    d->errors++;
}

void diag_warning(struct diag *d, struct diag_place at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    if (begin_line(d, at, "warning"))
        end_line(d, format, ap);
    va_end(ap);
    d->warnings++;
}

void diag_print(const struct diag *d, FILE *to)
{
    unsigned total = d->errors + d->warnings;

    if (!total)
        return;
    fwrite(d->text, 1, d->used, to);
    fprintf(to, "%u error%s, %u warning%s", d->errors,
            d->errors == 1 ? "" : "s", d->warnings,
            d->warnings == 1 ? "" : "s");
    if (total > KEPT_MAX)
        fprintf(to, " (the first %d are shown)", KEPT_MAX);
    fputc('\n', to);
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours between two
 * names of at most NAME_MAX_BYTES. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[3][NAME_MAX_BYTES + 1]; /* row i of the table is row[i % 3] */
    size_t la = strlen(a), lb = strlen(b);

    for (unsigned j = 0; j <= lb; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= la; i++) {
        unsigned *now = row[i % 3], *above = row[(i - 1) % 3];

        now[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            bool swapped =
                i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];

            now[j] = smaller(above[j], now[j - 1]) + 1;
            now[j] = smaller(now[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (swapped)
                now[j] = smaller(now[j], row[(i - 2) % 3][j - 2] + 1);
        }
    }
    return row[la % 3][lb];
}

const char *diag_nearest(const char *name, const char *const *names,
                         size_t count)
{
    size_t length = strlen(name);
    unsigned best = length < 6 ? 1 : length < 9 ? 2 : 3;
    const char *nearest = NULL;

    if (length > NAME_MAX_BYTES)
        return NULL;
    /* A name of which nothing is left would match every short one. */
    if (best >= length)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        unsigned d;

        if (strlen(names[i]) > NAME_MAX_BYTES)
            continue;
        d = distance(name, names[i]);
        if (d > best || (nearest && d == best))
            continue;
        best = d;
        nearest = names[i];
    }
    return nearest;
}
