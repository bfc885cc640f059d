/* The result object: what comparing variants adds, and how expectations and
 * published values are judged. */
#include "sim/report/result.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_names.h"

/* The figure that needs the reference beside the column's own variant. */
#define RELATIVE "throughput.relative"

void result_init(struct result *r, const struct scenario_set *set,
                 const char *version)
{
    memset(r, 0, sizeof *r);
    r->set = set;
    snprintf(r->version, sizeof r->version, "%s", version);
}

void result_free(struct result *r)
{
    for (unsigned i = 0; i < SCENARIO_VARIANTS; i++) {
        figures_free(&r->figures[i]);
        free(r->resolved[i]);
        r->resolved[i] = NULL;
    }
    r->variant_count = 0;
}

static const struct figure *throughput(const struct result *r, unsigned column)
{
    return figures_find(&r->figures[column], "throughput.per_second");
}

/* The column of the reference, or -1.  It is the file's first variant, not the
 * first that happened to run: else one variant run alone would be compared
 * with itself. */
static int reference_column(const struct result *r)
{
    for (unsigned i = 0; i < r->variant_count; i++)
        if (r->variant[i] == 0)
            return (int)i;
    return -1;
}

void result_derive(struct result *r)
{
    int column = reference_column(r);
    const struct figure *reference =
        column < 0 ? NULL : throughput(r, (unsigned)column);
    double base = reference ? reference->real : 0;

    if (base <= 0)
        return;
    for (unsigned i = 0; i < r->variant_count; i++) {
        const struct figure *own = throughput(r, i);

        if (own)
            figures_add_real(&r->figures[i], "", own->real / base, RELATIVE);
    }
}

const char *result_name(const struct result *r, unsigned column)
{
    return r->set->variant_name[r->variant[column]];
}

const struct scenario *result_scenario(const struct result *r, unsigned column)
{
    return &r->set->variant[r->variant[column]];
}

/* False if one of the variants that the expectation is about did not run. */
static bool applies(const struct result *r, const struct scenario_expect *e,
                    unsigned column)
{
    if (strcmp(e->figure, RELATIVE) == 0 && reference_column(r) < 0)
        return false;
    return e->variant < 0 || r->variant[column] == (unsigned)e->variant;
}

static void judge(const struct result *r, struct result_check *c)
{
    const struct figure *f =
        figures_find(&r->figures[c->column], c->expect->figure);
    const struct figure_name *name = figure_name_of(c->expect->figure);

    double value = f ? f->real : 0;

    c->figure = f;
    if (!f && !(name && name->zero_if_absent))
        c->verdict = VERDICT_NO_FIGURE;
    else if ((c->expect->has_min && value < c->expect->min) ||
             (c->expect->has_max && value > c->expect->max))
        c->verdict = VERDICT_FAILED;
    else
        c->verdict = VERDICT_HELD;
}

bool result_next_check(const struct result *r, struct result_check *check)
{
    unsigned total = r->set->expect_count * r->variant_count;

    for (unsigned at = check->next; at < total; at++) {
        check->expect = &r->set->expect[at / r->variant_count];
        check->column = at % r->variant_count;
        check->next = at + 1;
        if (applies(r, check->expect, check->column)) {
            judge(r, check);
            return true;
        }
    }
    return false;
}

unsigned result_failed(const struct result *r)
{
    struct result_check c = {0};
    unsigned failed = 0;

    while (result_next_check(r, &c))
        failed += c.verdict != VERDICT_HELD;
    return failed;
}

unsigned result_unchecked(const struct result *r)
{
    unsigned unchecked = 0;

    for (unsigned i = 0; i < r->set->expect_count; i++) {
        unsigned column = 0;

        while (column < r->variant_count &&
               !applies(r, &r->set->expect[i], column))
            column++;
        unchecked += column == r->variant_count;
    }
    return unchecked;
}

bool result_next_published(const struct result *r, struct result_published *p)
{
    unsigned total = r->set->published_count * r->variant_count;

    for (unsigned at = p->next; at < total; at++) {
        unsigned column = at % r->variant_count;

        p->row = &r->set->published[at / r->variant_count];
        p->column = column;
        p->next = at + 1;
        if (!p->row->values.has[r->variant[column]])
            continue;
        p->published = p->row->values.value[r->variant[column]];
        p->simulated = figures_find(&r->figures[column], p->row->figure);
        p->has_error = p->simulated && p->published != 0;
        p->error_percent =
            p->has_error ? (p->simulated->real / p->published - 1) * 100 : 0;
        return true;
    }
    return false;
}

bool result_same(const struct result *r, unsigned a, unsigned b)
{
    const struct figures *left = &r->figures[a], *right = &r->figures[b];

    if (left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++) {
        const struct figure *x = &left->list[i];
        const struct figure *y = figures_find(right, x->key);

        if (!y || x->kind != y->kind || x->count != y->count ||
            x->real != y->real)
            return false;
    }
    return true;
}
