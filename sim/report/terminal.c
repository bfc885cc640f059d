/* The result for a person at a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/report.h"
#include "sim/report/summary.h"
#include "sim/report/text.h"

#define WIDTH 100
#define LABEL_MAX 40  /* longer ones get a line of their own */
#define HEADER_MAX 20 /* longer names of variants are replaced by letters */
#define NAME_WIDTH 34 /* of a variant beside published values */
#define GAP 2

/* Where the columns of the summary stand. */
struct layout {
    int label, unit;
    int value[SCENARIO_VARIANTS], ratio[SCENARIO_VARIANTS];
    bool letters;
    unsigned first, end; /* the columns of the block being written */
};

static int most(int a, int b)
{
    return a > b ? a : b;
}

static void header_text(char out[SCENARIO_NAME], const struct result *r,
                        unsigned column, const struct layout *l)
{
    if (l->letters)
        snprintf(out, SCENARIO_NAME, "(%c)", (char)('A' + column));
    else
        snprintf(out, SCENARIO_NAME, "%s", result_name(r, column));
}

static int column_width(const struct layout *l, unsigned column)
{
    int ratio = l->ratio[column];

    return l->value[column] + (ratio ? 1 + ratio : 0);
}

static void make_layout(struct layout *l, const struct result *r,
                        const struct summary *s)
{
    char header[SCENARIO_NAME];

    *l = (struct layout){0};
    for (unsigned i = 0; i < r->variant_count; i++)
        l->letters = l->letters || text_width(result_name(r, i)) > HEADER_MAX;
    for (size_t k = 0; k < s->count; k++) {
        int label = text_width(s->row[k].label);

        if (label <= LABEL_MAX)
            l->label = most(l->label, label);
        l->unit = most(l->unit, (int)strlen(s->row[k].unit));
        for (unsigned i = 0; i < r->variant_count; i++) {
            const struct summary_cell *c = &s->row[k].cell[i];

            l->value[i] = most(l->value[i], (int)strlen(c->value));
            l->ratio[i] = most(l->ratio[i], (int)strlen(c->ratio));
        }
    }
    for (unsigned i = 0; i < r->variant_count; i++) {
        header_text(header, r, i, l);
        l->value[i] += most(0, text_width(header) - column_width(l, i));
    }
}

/* The block goes on from `first`: as many columns as fit, at least one. */
static void choose_block(struct layout *l, unsigned first, unsigned count)
{
    int used = 2 + l->label + GAP + l->unit;

    l->first = l->end = first;
    while (l->end < count &&
           (l->end == first || used + GAP + column_width(l, l->end) <= WIDTH)) {
        used += GAP + column_width(l, l->end);
        l->end++;
    }
}

static void put_label(FILE *to, const struct summary_row *row,
                      const struct layout *l)
{
    fputs("  ", to);
    if (text_width(row->label) <= l->label) {
        text_plain(to, row->label, l->label);
    } else {
        text_plain(to, row->label, 0);
        fprintf(to, "\n  %*s", l->label, "");
    }
    fprintf(to, "%*s%-*s", GAP, "", l->unit, row->unit);
}

static void put_row(FILE *to, const struct summary_row *row,
                    const struct layout *l)
{
    int pending = 0; /* spaces that are written only before more text */

    put_label(to, row, l);
    for (unsigned i = l->first; i < l->end; i++) {
        const struct summary_cell *c = &row->cell[i];

        fprintf(to, "%*s%*s", pending + GAP, "", l->value[i], c->value);
        pending = 0;
        if (c->ratio[0])
            fprintf(to, " %*s", l->ratio[i], c->ratio);
        else if (l->ratio[i])
            pending = 1 + l->ratio[i];
    }
    fputc('\n', to);
}

static void put_header(FILE *to, const struct result *r, const struct layout *l)
{
    fprintf(to, "\n  %*s", l->label + GAP + l->unit, "");
    for (unsigned i = l->first; i < l->end; i++) {
        char text[SCENARIO_NAME];

        header_text(text, r, i, l);
        fprintf(to, "%*s", GAP, "");
        text_plain(to, text, -column_width(l, i));
    }
    fputc('\n', to);
}

static void put_summary(FILE *to, const struct result *r,
                        const struct summary *s)
{
    struct layout l;

    make_layout(&l, r, s);
    for (unsigned i = 0; l.letters && i < r->variant_count; i++) {
        fprintf(to, "%s  (%c) ", i ? "" : "\n", (char)('A' + i));
        text_plain(to, result_name(r, i), 0);
        fputc('\n', to);
    }
    for (unsigned at = 0; at < r->variant_count; at = l.end) {
        choose_block(&l, at, r->variant_count);
        put_header(to, r, &l);
        for (size_t k = 0; k < s->count; k++) {
            if (k == 0 || strcmp(s->row[k].group, s->row[k - 1].group) != 0)
                fprintf(to, "%s\n", s->row[k].group);
            put_row(to, &s->row[k], &l);
        }
    }
}

static void put_headline(FILE *to, const struct result *r)
{
    struct headline h;

    headline_make(&h, r);
    text_plain(to, r->set->path, 0);
    fputs(": profile ", to);
    text_plain(to, h.profile, 0);
    fprintf(to, ", seed %s, %s, %s simulated, virqsim %s\n", h.seed, h.variants,
            h.simulated, r->version);
    text_wrapped(to, WIDTH, "", r->set->variant[0].title);
    text_wrapped(to, WIDTH, "", r->set->variant[0].question);
}

static void put_text(FILE *to, const char *s)
{
    text_plain(to, s, 0);
}

static void put_published_row(FILE *to, const struct result *r,
                              const struct result_published *p)
{
    struct published_text text;

    published_words(&text, p);
    fputs("    ", to);
    text_plain(to, result_name(r, p->column), NAME_WIDTH);
    if (text_width(result_name(r, p->column)) > NAME_WIDTH)
        fprintf(to, "\n    %*s", NAME_WIDTH, "");
    fprintf(to, " %16s %16s %14s\n", text.simulated, text.published,
            text.error);
}

/* "exits.per_second, 1/s; primary: the paper's name" */
static void put_published_origin(FILE *to, const struct scenario_published *row)
{
    const struct figure_name *name = figure_name_of(row->figure);
    const char *unit = name ? name->unit : "";
    char *text;
    size_t bytes;
    FILE *line = text_stream(&text, &bytes);

    fprintf(line, "%s%s%s; %s: %s", row->figure, *unit ? ", " : "", unit,
            row->certainty, row->source);
    fclose(line);
    text_wrapped(to, WIDTH, "  ", row->label);
    text_wrapped(to, WIDTH, "    ", text);
    free(text);
}

static void put_published(FILE *to, const struct result *r)
{
    const struct scenario_published *row = NULL;
    struct result_published p = {0};

    while (result_next_published(r, &p)) {
        if (!row)
            fprintf(to, "\n%-*s %16s %16s %14s\n", 4 + NAME_WIDTH,
                    "Simulated beside published", "simulated", "published",
                    "error");
        if (p.row != row)
            put_published_origin(to, p.row);
        put_published_row(to, r, &p);
        row = p.row;
    }
}

static void put_check(FILE *to, const char *lead, const struct result *r,
                      const struct result_check *c)
{
    char limits[SCENARIO_TEXT], value[SCENARIO_TEXT], *text;
    size_t bytes;
    FILE *line = text_stream(&text, &bytes);

    check_limits(limits, c->expect);
    check_value(value, c);
    fprintf(line, "%s: %s is %s; expected: %s", result_name(r, c->column),
            c->expect->figure, value, limits);
    fclose(line);
    text_wrapped(to, WIDTH, lead, text);
    free(text);
}

static void put_expectations(FILE *to, const struct result *r)
{
    struct result_check c = {0};
    unsigned held = 0, failed = result_failed(r);
    unsigned unchecked = result_unchecked(r);

    while (result_next_check(r, &c))
        held += c.verdict == VERDICT_HELD;
    if (held + failed + unchecked == 0)
        return;
    fprintf(to, "\nExpectations: %u held, %u failed", held, failed);
    if (unchecked)
        fprintf(to, ", %u about variants that did not run", unchecked);
    fputc('\n', to);
    c = (struct result_check){0};
    while (result_next_check(r, &c)) {
        char lead[16];

        snprintf(lead, sizeof lead, "  %-6s  ", check_verdict(&c));
        put_check(to, lead, r, &c);
    }
}

void report_failures(FILE *to, const struct result *r)
{
    struct result_check c = {0};

    while (result_next_check(r, &c))
        if (c.verdict != VERDICT_HELD)
            put_check(to, "virqsim: expectation failed: ", r, &c);
}

void report_terminal(FILE *to, const struct result *r)
{
    static const struct line_form line = {"\n", "\n", put_text};
    struct summary s;

    put_headline(to, r);
    summary_make(&s, r);
    put_summary(to, r, &s);
    summary_free(&s);
    put_twins(to, r, &line);
    put_published(to, r);
    put_expectations(to, r);
}
