/* Figures: an ordered list of dotted keys with their values. */
#include "sim/report/figures.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void figures_init(struct figures *f)
{
    *f = (struct figures){0};
}

void figures_free(struct figures *f)
{
    free(f->list);
    figures_init(f);
}

static struct figure *figures_grow(struct figures *f)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 64;
        f->list = realloc(f->list, f->capacity * sizeof *f->list);
        if (!f->list) {
            fputs("virqsim: no memory left for figures\n", stderr);
            exit(1);
        }
    }
    f->list[f->count] = (struct figure){0};
    return &f->list[f->count];
}

static struct figure *append(struct figures *f, const char *unit,
                             const char *format, va_list ap)
{
    struct figure *fig = figures_grow(f);
    int length = vsnprintf(fig->key, sizeof fig->key, format, ap);

    assert(length > 0 && (size_t)length < sizeof fig->key);
    assert(strlen(unit) < sizeof fig->unit);
    assert(!figures_find(f, fig->key));
    (void)length;
    snprintf(fig->unit, sizeof fig->unit, "%s", unit);
    f->count++;
    return fig;
}

void figures_add_count(struct figures *f, const char *unit, uint64_t value,
                       const char *key, ...)
{
    struct figure *fig;
    va_list ap;

    va_start(ap, key);
    fig = append(f, unit, key, ap);
    va_end(ap);
    fig->kind = FIGURE_COUNT;
    fig->count = value;
    fig->real = (double)value;
}

void figures_add_real(struct figures *f, const char *unit, double value,
                      const char *key, ...)
{
    struct figure *fig;
    va_list ap;

    assert(isfinite(value)); /* what cannot be computed is not a figure */
    va_start(ap, key);
    fig = append(f, unit, key, ap);
    va_end(ap);
    fig->kind = FIGURE_REAL;
    fig->real = value;
}

const struct figure *figures_find(const struct figures *f, const char *key)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->list[i].key, key) == 0)
            return &f->list[i];
    return NULL;
}
