/* The result as Markdown: the tables of the terminal, then everything. */
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_keys.h"
#include "sim/report/report.h"
#include "sim/report/summary.h"
#include "sim/report/text.h"

static void put_paragraph(FILE *to, const char *mark, const char *text)
{
    if (!*text)
        return;
    fprintf(to, "\n%s", mark);
    text_markdown(to, text);
    fprintf(to, "%s\n", mark);
}

static void put_headline(FILE *to, const struct result *r)
{
    struct headline h;

    headline_make(&h, r);
    fputs("# ", to);
    text_markdown(to, r->set->path);
    fputs(": profile ", to);
    text_markdown(to, h.profile);
    fprintf(to, ", seed %s, %s, %s simulated, virqsim %s\n", h.seed, h.variants,
            h.simulated, r->version);
    put_paragraph(to, "**", r->set->variant[0].title);
    put_paragraph(to, "", r->set->variant[0].question);
}

/* Header and rule of a table with a column for each variant. */
static void put_columns(FILE *to, const struct result *r, const char *what)
{
    fprintf(to, "\n| %s | unit |", what);
    for (unsigned i = 0; i < r->variant_count; i++) {
        fputc(' ', to);
        text_markdown(to, result_name(r, i));
        fputs(" |", to);
    }
    fputs("\n| :-- | :-- |", to);
    for (unsigned i = 0; i < r->variant_count; i++)
        fputs(" --: |", to);
    fputc('\n', to);
}

static void put_group(FILE *to, const struct result *r, const char *group)
{
    fprintf(to, "| **%s** | |", group);
    for (unsigned i = 0; i < r->variant_count; i++)
        fputs(" |", to);
    fputc('\n', to);
}

static void put_row(FILE *to, const struct result *r,
                    const struct summary_row *row)
{
    fputs("| ", to);
    text_markdown(to, row->label);
    fprintf(to, " | %s |", row->unit);
    for (unsigned i = 0; i < r->variant_count; i++) {
        const struct summary_cell *c = &row->cell[i];

        fprintf(to, " %s%s%s%s |", c->value, *c->ratio ? " (" : "", c->ratio,
                *c->ratio ? ")" : "");
    }
    fputc('\n', to);
}

static void put_summary(FILE *to, const struct result *r)
{
    struct summary s;

    summary_make(&s, r);
    put_columns(to, r, "figure");
    for (size_t k = 0; k < s.count; k++) {
        if (k == 0 || strcmp(s.row[k].group, s.row[k - 1].group) != 0)
            put_group(to, r, s.row[k].group);
        put_row(to, r, &s.row[k]);
    }
    summary_free(&s);
}

/* A cell of text, closed. */
static void put_cell(FILE *to, const char *text)
{
    fputc(' ', to);
    text_markdown(to, text);
    fputs(" |", to);
}

static void put_published(FILE *to, const struct result *r)
{
    struct result_published p = {0};
    struct published_text text;

    for (bool first = true; result_next_published(r, &p); first = false) {
        if (first)
            fputs("\n## Simulated beside published\n\n"
                  "| what | figure | unit | variant | simulated | published |"
                  " error | certainty | source |\n"
                  "| :-- | :-- | :-- | :-- | --: | --: | --: | :-- | :-- |\n",
                  to);
        published_words(&text, &p);
        fputc('|', to);
        put_cell(to, p.row->label);
        put_cell(to, p.row->figure);
        put_cell(to, text.unit);
        put_cell(to, result_name(r, p.column));
        fprintf(to, " %s | %s | %s |", text.simulated, text.published,
                text.error);
        put_cell(to, p.row->certainty);
        put_cell(to, p.row->source);
        fputc('\n', to);
    }
}

static void put_expectations(FILE *to, const struct result *r)
{
    struct result_check c = {0};
    char limits[SCENARIO_TEXT], value[SCENARIO_TEXT], rest[SCENARIO_TEXT];

    for (bool first = true; result_next_check(r, &c); first = false) {
        if (first)
            fputs("\n## Expectations\n\n"
                  "| verdict | variant | figure | value | expected |\n"
                  "| :-- | :-- | :-- | --: | --: |\n",
                  to);
        check_limits(limits, c.expect);
        check_value(value, &c);
        fprintf(to, "| %s |", check_verdict(&c));
        put_cell(to, result_name(r, c.column));
        put_cell(to, c.expect->figure);
        fprintf(to, " %s | %s |\n", value, limits);
    }
    unchecked_words(rest, r);
    if (*rest)
        fprintf(to, "\n%s.\n", rest);
}

static void put_all_figures(FILE *to, const struct result *r)
{
    struct figure_keys keys;

    figure_keys_all(&keys, r);
    fputs("\n## All figures\n", to);
    put_columns(to, r, "figure");
    for (size_t k = 0; k < keys.count; k++) {
        fputc('|', to);
        put_cell(to, keys.key[k]);
        put_cell(to, figure_keys_unit(r, keys.key[k]));
        for (unsigned i = 0; i < r->variant_count; i++) {
            char text[NUMBER_TEXT];

            figure_text(text, figures_find(&r->figures[i], keys.key[k]));
            fprintf(to, " %s |", text);
        }
        fputc('\n', to);
    }
    figure_keys_free(&keys);
}

/* Indented code needs no fence that the text could close. */
static void put_resolved(FILE *to, const struct result *r, unsigned column)
{
    const char *s = r->resolved[column];
    char c[TEXT_CHARACTER];
    bool start = true;

    fputs("\n## Resolved scenario of ", to);
    text_markdown(to, result_name(r, column));
    fputs("\n\n", to);
    while (text_next(&s, c)) {
        fprintf(to, "%s%s", start ? "    " : "", c);
        start = c[0] == '\n';
    }
    fputs(start ? "" : "\n", to);
}

void report_markdown(FILE *to, const struct result *r)
{
    static const struct line_form line = {"\n", "\n", text_markdown};

    put_headline(to, r);
    put_summary(to, r);
    put_twins(to, r, &line);
    put_published(to, r);
    put_expectations(to, r);
    put_all_figures(to, r);
    for (unsigned i = 0; i < r->variant_count; i++)
        if (r->resolved[i])
            put_resolved(to, r, i);
}
