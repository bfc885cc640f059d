/* The result as one self-contained page. */
#include <stdlib.h>
#include <string.h>

#include "sim/report/html_parts.h"
#include "sim/report/html_style.h"
#include "sim/report/plots.h"
#include "sim/report/report.h"
#include "sim/report/summary.h"
#include "sim/report/text.h"

static void put_head(FILE *to, const struct result *r)
{
    const struct scenario *s = &r->set->variant[0];
    struct headline h;

    headline_make(&h, r);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,"
          "initial-scale=1\">\n<title>",
          to);
    text_html(to, *s->title ? s->title : r->set->path);
    fprintf(to, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n",
            html_style);
    fputs("<p class=\"run\">", to);
    text_html(to, r->set->path);
    fputs(": profile ", to);
    text_html(to, h.profile);
    fprintf(to, ", seed %s, %s, %s simulated, virqsim %s</p>\n<h1>", h.seed,
            h.variants, h.simulated, r->version);
    text_html(to, *s->title ? s->title : r->set->path);
    fputs("</h1>\n<p>", to);
    text_html(to, s->question);
    fputs("</p>\n", to);
}

/* A mark in the series' colour and, where marks have shapes, its shape. */
static void put_legend(FILE *to, const struct plot *p)
{
    static const char *const mark[] = {"&#9679;", "&#9632;", "&#9650;",
                                       "&#9670;", "&#9660;"};
    bool has_marks = p->kind == PLOT_POINTS || p->kind == PLOT_CURVES;

    if (p->series < 2)
        return;
    fputs("<ul class=\"legend\">\n", to);
    for (unsigned i = 0; i < p->series; i++) {
        fprintf(to, "<li><i style=\"color:var(--c%x)\">%s</i>", i + 1,
                has_marks ? mark[i % 5] : "&#9632;");
        text_html(to, p->series_name[i]);
        fputs("</li>\n", to);
    }
    fputs("</ul>\n", to);
}

static void put_drawing(FILE *to, const struct plot *p)
{
    char *svg = p->missing ? NULL : plot_svg(p);

    if (svg)
        fprintf(to, "<div class=\"scroll\">%s</div>\n", svg);
    else
        fprintf(to, "<p class=\"note\">%s</p>\n",
                p->missing ? p->missing
                           : "There is no plot: gnuplot could not be run on the"
                             " machine that made this page. The tables have"
                             " its numbers.");
    free(svg);
}

static void put_plot(FILE *to, struct plot *p)
{
    fprintf(to, "<figure id=\"%s\">\n<figcaption><h3>", p->id);
    text_html(to, p->title);
    fprintf(to, "</h3>\n<p>%s</p></figcaption>\n", p->sentence);
    if (!p->missing)
        put_legend(to, p);
    put_drawing(to, p);
    fputs("</figure>\n", to);
    plot_free(p);
}

static void put_plots(FILE *to, const struct result *r)
{
    static void (*const make[])(struct plot *, const struct result *) = {
        plot_cycles, plot_exits, plot_latency, plot_hops};

    struct plot p;

    fputs("<h2>Plots</h2>\n", to);
    for (unsigned i = 0; i < r->set->curve_count; i++)
        if (plot_curves(&p, r, i))
            put_plot(to, &p);
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        make[i](&p, r);
        put_plot(to, &p);
    }
}

static void put_published(FILE *to, const struct result *r)
{
    struct plot p;

    if (r->set->published_count == 0)
        return;
    fputs("<h2>Simulated beside published</h2>\n", to);
    html_published(to, r);
    plot_published(&p, r);
    put_plot(to, &p);
}

void report_html(FILE *to, const struct result *r)
{
    static const struct line_form note = {"<p class=\"note\">", "</p>\n",
                                          text_html};

    put_head(to, r);
    put_twins(to, r, &note);
    html_summary(to, r);
    html_expectations(to, r);
    put_published(to, r);
    put_plots(to, r);
    fputs("<h2>Appendix</h2>\n", to);
    html_all_figures(to, r);
    html_resolved(to, r);
    fputs("<footer>Names and meanings of all figures: docs/figures.md of"
          " virqsim.</footer>\n</main>\n</body>\n</html>\n",
          to);
}
