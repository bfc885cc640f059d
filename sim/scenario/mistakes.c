/* Collected mistakes of one load; see mistakes.h. */
#include "sim/scenario/mistakes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_BYTES 60u

static bool same_place(struct diag_place a, struct diag_place b)
{
    return a.line == b.line && a.column == b.column && !strcmp(a.file, b.file);
}

static bool known(const struct mistakes *m, struct diag_place at,
                  const char *text)
{
    for (unsigned i = 0; i < m->count; i++)
        if (same_place(m->list[i].at, at) && !strcmp(m->list[i].text, text))
            return true;
    return false;
}

static unsigned rank_of(const struct mistakes *m, const char *file)
{
    unsigned ranks = 1;

    if (!strcmp(m->file, file))
        return 0;
    for (unsigned i = 0; i < m->count; i++) {
        if (!strcmp(m->list[i].at.file, file))
            return m->list[i].file_rank;
        if (m->list[i].file_rank >= ranks)
            ranks = m->list[i].file_rank + 1;
    }
    return ranks;
}

static void add(struct mistakes *m, struct mistake new)
{
    m->failed |= !new.warning;
    if (m->count == MISTAKES_MAX || known(m, new.at, new.text))
        return;
    new.file_rank = rank_of(m, new.at.file);
    new.order = m->count;
    m->list[m->count++] = new;
}

static const char *formatted(struct mistakes *m, const char *format, va_list ap)
{
    char text[1024];

    vsnprintf(text, sizeof text, format, ap);
    return pool_text(m->pool, text, strlen(text));
}

void mistake_add(struct mistakes *m, struct diag_place at, const char *format,
                 ...)
{
    va_list ap;

    va_start(ap, format);
    add(m, (struct mistake){.at = at, .text = formatted(m, format, ap)});
    va_end(ap);
}

void mistake_warn(struct mistakes *m, struct diag_place at, const char *format,
                  ...)
{
    va_list ap;

    va_start(ap, format);
    add(m, (struct mistake){
               .at = at, .text = formatted(m, format, ap), .warning = true});
    va_end(ap);
}

const char *mistake_suggestion(struct mistakes *m, const char *name,
                               const char *const *names)
{
    size_t count = 0;
    const char *near;

    while (names[count])
        count++;
    if (strlen(name) > QUOTE_BYTES) /* no slip of the pen is that long */
        return "";
    near = diag_nearest(name, names, count);
    return near ? pool_format(m->pool, "; did you mean '%s'?", near) : "";
}

const char *mistake_quote(struct mistakes *m, const char *text)
{
    size_t bytes = strcspn(text, "\n");

    if (!text[bytes] && bytes <= QUOTE_BYTES)
        return text;
    if (bytes > QUOTE_BYTES)
        bytes = QUOTE_BYTES;
    while (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80)
        bytes--; /* not inside a character */
    return pool_format(m->pool, "%.*s...", (int)bytes, text);
}

static int in_file_order(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;

    if (x->file_rank != y->file_rank)
        return x->file_rank < y->file_rank ? -1 : 1;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

void mistakes_print(struct mistakes *m, struct diag *d)
{
    qsort(m->list, m->count, sizeof m->list[0], in_file_order);
    for (unsigned i = 0; i < m->count; i++) {
        const struct mistake *x = &m->list[i];

        if (x->warning)
            diag_warning(d, x->at, "%s", x->text);
        else
            diag_error(d, x->at, "%s", x->text);
    }
}
