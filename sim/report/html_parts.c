/* The tables of the HTML report. */
#include "sim/report/html_parts.h"

#include <string.h>

#include "sim/report/figure_keys.h"
#include "sim/report/summary.h"
#include "sim/report/text.h"

static void put_columns(FILE *to, const struct result *r)
{
    fputs("<div class=\"scroll wide\"><table>\n"
          "<thead><tr><th>figure</th><th></th>",
          to);
    for (unsigned i = 0; i < r->variant_count; i++) {
        fputs("<th class=\"n\">", to);
        text_html(to, result_name(r, i));
        fputs("</th>", to);
    }
    fputs("</tr></thead>\n<tbody>\n", to);
}

static void put_group(FILE *to, const struct result *r, const char *title)
{
    fprintf(to,
            "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%u\">"
            "%s</th></tr>\n",
            r->variant_count + 2, title);
}

/* Every column but the first has room for a ratio in each row, so that its
 * numbers stand below each other. */
static void put_row(FILE *to, const struct result *r,
                    const struct summary_row *row)
{
    fputs("<tr><th scope=\"row\">", to);
    text_html(to, row->label);
    fprintf(to, "</th><td class=\"u\">%s</td>", row->unit);
    for (unsigned i = 0; i < r->variant_count; i++) {
        fprintf(to, "<td class=\"n\">%s", row->cell[i].value);
        if (i > 0) {
            fputs(" <small>", to);
            text_html(to, row->cell[i].ratio);
            fputs("</small>", to);
        }
        fputs("</td>", to);
    }
    fputs("</tr>\n", to);
}

void html_summary(FILE *to, const struct result *r)
{
    struct summary s;

    summary_make(&s, r);
    put_columns(to, r);
    for (size_t k = 0; k < s.count; k++) {
        if (k == 0 || strcmp(s.row[k].group, s.row[k - 1].group) != 0)
            put_group(to, r, s.row[k].group);
        put_row(to, r, &s.row[k]);
    }
    fputs("</tbody></table></div>\n", to);
    if (r->variant_count > 1)
        fputs("<p class=\"soft\">\"1.63x\" is the ratio to the first variant"
              " that has the figure.</p>\n",
              to);
    summary_free(&s);
}

static void put_cell(FILE *to, const char *text)
{
    fputs("<td>", to);
    text_html(to, text);
    fputs("</td>", to);
}

/* The name of a figure: long and without blanks, it goes on in another line
 * behind a dot or an underscore. */
static void put_key(FILE *to, const char *key)
{
    char c[TEXT_CHARACTER];

    fputs("<td class=\"key\">", to);
    while (text_next(&key, c)) {
        text_html(to, c);
        if (c[0] == '_' || (c[0] == '.' && *key != '.'))
            fputs("<wbr>", to);
    }
    fputs("</td>", to);
}

void html_expectations(FILE *to, const struct result *r)
{
    struct result_check c = {0};
    char limits[SCENARIO_TEXT], value[SCENARIO_TEXT], rest[SCENARIO_TEXT];
    unsigned rows = 0;

    for (; result_next_check(r, &c); rows++) {
        if (rows == 0)
            fputs("<h2>Expectations</h2>\n<div class=\"scroll\"><table>\n"
                  "<thead><tr><th>verdict</th><th>variant</th><th>figure</th>"
                  "<th class=\"n\">value</th><th class=\"n\">expected</th></tr>"
                  "</thead>\n<tbody>\n",
                  to);
        check_limits(limits, c.expect);
        check_value(value, &c);
        fprintf(to, "<tr><td class=\"%s\">%s</td>",
                c.verdict == VERDICT_HELD ? "held" : "failed",
                check_verdict(&c));
        put_cell(to, result_name(r, c.column));
        put_key(to, c.expect->figure);
        fprintf(to, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                value, limits);
    }
    if (rows)
        fputs("</tbody></table></div>\n", to);
    unchecked_words(rest, r);
    if (*rest)
        fprintf(to, "<p class=\"soft\">%s.</p>\n", rest);
}

/* What a group of published rows is: "exits.per_second, 1/s; primary: ..." */
static void put_origin(FILE *to, const struct scenario_published *row,
                       const char *unit)
{
    fputs("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"4\">", to);
    text_html(to, row->label);
    fputs("</th></tr>\n<tr><td colspan=\"4\" class=\"soft\">", to);
    text_html(to, row->figure);
    fprintf(to, "%s%s; ", *unit ? ", " : "", unit);
    text_html(to, row->certainty);
    fputs(": ", to);
    text_html(to, row->source);
    fputs("</td></tr>\n", to);
}

void html_published(FILE *to, const struct result *r)
{
    struct result_published p = {0};
    const struct scenario_published *row = NULL;
    struct published_text text;

    for (; result_next_published(r, &p); row = p.row) {
        published_words(&text, &p);
        if (!row)
            fputs("<div class=\"scroll\"><table>\n<thead><tr><th>variant</th>"
                  "<th class=\"n\">simulated</th><th class=\"n\">published</th>"
                  "<th class=\"n\">error</th></tr></thead>\n<tbody>\n",
                  to);
        if (p.row != row)
            put_origin(to, p.row, text.unit);
        fputs("<tr>", to);
        put_cell(to, result_name(r, p.column));
        fprintf(to,
                "<td class=\"n\">%s</td><td class=\"n\">%s</td>"
                "<td class=\"n\">%s</td></tr>\n",
                text.simulated, text.published, text.error);
    }
    if (row)
        fputs("</tbody></table></div>\n", to);
}

static void put_figure_row(FILE *to, const struct result *r, const char *key)
{
    fputs("<tr>", to);
    put_key(to, key);
    fprintf(to, "<td class=\"u\">%s</td>", figure_keys_unit(r, key));
    for (unsigned i = 0; i < r->variant_count; i++) {
        char text[NUMBER_TEXT];

        figure_text(text, figures_find(&r->figures[i], key));
        fprintf(to, "<td class=\"n\">%s</td>", text);
    }
    fputs("</tr>\n", to);
}

void html_all_figures(FILE *to, const struct result *r)
{
    const struct figure_name *section = NULL;
    struct figure_keys keys;

    figure_keys_all(&keys, r);
    fprintf(to, "<details>\n<summary>All %zu figures</summary>\n", keys.count);
    put_columns(to, r);
    for (size_t k = 0; k < keys.count; k++) {
        const struct figure_name *own = figure_section_of(keys.key[k]);

        if (k == 0 || own != section)
            put_group(to, r, own ? own->label : "Others");
        section = own;
        put_figure_row(to, r, keys.key[k]);
    }
    fputs("</tbody></table></div>\n</details>\n", to);
    figure_keys_free(&keys);
}

void html_resolved(FILE *to, const struct result *r)
{
    for (unsigned i = 0; i < r->variant_count; i++) {
        if (!r->resolved[i])
            continue;
        fputs("<details>\n<summary>Resolved scenario of ", to);
        text_html(to, result_name(r, i));
        fputs("</summary>\n<pre>", to);
        text_html(to, r->resolved[i]);
        fputs("</pre>\n</details>\n", to);
    }
}
