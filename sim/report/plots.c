/* What the plots of a report show. */
#include "sim/report/plots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_keys.h"
#include "sim/report/figure_names.h"
#include "sim/report/latency_key.h"

#define SIDE_MAX 30 /* letters beside a plot */

static double value_of(const struct result *r, unsigned column, const char *key)
{
    const struct figure *f = figures_find(&r->figures[column], key);

    return f ? f->real : NAN;
}

/* Returns the number of the series with this name, added if it is new; what
 * has no room shares the last one. */
static unsigned series(struct plot *p, const char *name)
{
    unsigned i = 0;

    while (i < p->series && strcmp(p->series_name[i], name) != 0)
        i++;
    if (i == PLOT_SERIES) {
        snprintf(p->series_name[i - 1], PLOT_NAME, "all others");
        return i - 1;
    }
    if (i == p->series)
        snprintf(p->series_name[p->series++], PLOT_NAME, "%s", name);
    return i;
}

static void add(struct plot_row *row, unsigned at, double value)
{
    if (!isnan(value))
        row->value[at] = (isnan(row->value[at]) ? 0 : row->value[at]) + value;
}

void plot_cycles(struct plot *p, const struct result *r)
{
    static const char *const part[] = {"cycles.guest", "cycles.guest_irq",
                                       "cycles.host", "cycles.transition",
                                       "cycles.idle"};

    *p = (struct plot){
        .kind = PLOT_STACKED,
        .id = "cycles",
        .title = "Where the cycles go",
        .sentence = "Every cycle of every CPU, by what it was spent on; the"
                    " parts of a bar add up to the whole run.",
        .axis = "share of all cycles, %"};
    for (unsigned c = 0; c < r->variant_count; c++) {
        double total = value_of(r, c, "cycles.total");
        struct plot_row *row;

        if (isnan(total) || total <= 0)
            continue;
        row = plot_add_row(p, result_name(r, c));
        for (unsigned i = 0; i < sizeof part / sizeof *part; i++) {
            char label[FIGURE_LABEL];

            figure_label(label, part[i]);
            add(row, series(p, label), value_of(r, c, part[i]) / total * 100);
        }
    }
    if (p->rows == 0)
        p->missing = "This run has no accounting of cycles.";
}

void plot_exits(struct plot *p, const struct result *r)
{
    struct figure_keys keys;

    *p = (struct plot){
        .kind = PLOT_STACKED,
        .id = "exits",
        .title = "VM exits by reason",
        .sentence = "VM exits per simulated second, by basic exit reason; the"
                    " number beside a bar is the sum.",
        .axis = "VM exits per second",
        .totals = true};
    figure_keys_with_prefix(&keys, r, "exits.per_second_by_reason.");
    for (unsigned c = 0; c < r->variant_count && keys.count; c++) {
        struct plot_row *row = plot_add_row(p, result_name(r, c));

        for (size_t i = 0; i < keys.count; i++) {
            char label[FIGURE_LABEL];

            figure_label(label, keys.key[i]);
            add(row, series(p, label), value_of(r, c, keys.key[i]));
        }
    }
    figure_keys_free(&keys);
    if (p->rows == 0)
        p->missing = "No variant of this run had a VM exit.";
}

static double latency(const struct result *r, unsigned column, enum hop from,
                      const char *what)
{
    struct latency_key k = {.from = from, .to = latency_handler(from)};
    char key[FIGURE_KEY];

    latency_key_make(key, &k, what);
    return value_of(r, column, key);
}

static void add_latency_row(struct plot *p, const struct result *r,
                            unsigned column, enum hop from)
{
    static const char *const shown[][2] = {{"p50", "median"},
                                           {"p90", "p90"},
                                           {"p99", "p99"},
                                           {"p999", "p99.9"},
                                           {"max", "maximum"}};
    struct plot_row *row;
    char name[PLOT_NAME];

    if (!(latency(r, column, from, "p50") > 0))
        return;
    snprintf(name, sizeof name, "%s: %s", result_name(r, column),
             latency_hop_text(from));
    row = plot_add_row(p, name);
    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++)
        add(row, series(p, shown[i][1]), latency(r, column, from, shown[i][0]));
}

void plot_latency(struct plot *p, const struct result *r)
{
    *p = (struct plot){
        .kind = PLOT_POINTS,
        .id = "latency",
        .title = "Latency from birth to handler",
        .sentence = "From an interrupt's birth, named beside the variant, to"
                    " the first instruction of its final consumer's handler.",
        .axis = "latency, ns (logarithmic)"};
    for (unsigned c = 0; c < r->variant_count; c++) {
        for (unsigned from = 0; latency_is_birth(from); from++)
            add_latency_row(p, r, c, from);
    }
    if (p->rows == 0)
        p->missing = "No interrupt of this run reached its handler.";
}

/* The sum of count * mean of the latencies chosen by `chosen`; *count is the
 * sum of their counts. */
static double time_of(const struct figures *f,
                      bool (*chosen)(const struct latency_key *), double *count)
{
    double sum = 0;

    *count = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct figure *mean = &f->list[i], *n;
        char key[FIGURE_KEY];
        struct latency_key k;

        if (!latency_key_parse(&k, mean->key) || !chosen(&k) ||
            strcmp(k.what, "mean") != 0)
            continue;
        latency_key_make(key, &k, "count");
        n = figures_find(f, key);
        *count += n ? n->real : 0;
        sum += n ? n->real * mean->real : 0;
    }
    return sum;
}

/* What a step adds to the mean way of all `interrupts` of a column; 0 if none
 * took it. */
static double share(const struct result *r, unsigned column,
                    const struct latency_key *k)
{
    char mean[FIGURE_KEY], count[FIGURE_KEY];
    double interrupts, time;

    latency_key_make(mean, k, "mean");
    latency_key_make(count, k, "count");
    time_of(&r->figures[column], latency_end_to_end, &interrupts);
    time = value_of(r, column, mean) * value_of(r, column, count) / interrupts;
    return time > 0 ? time : 0;
}

/* Adds a step to all rows, if any interrupt spent time on it. */
static void add_step(struct plot *p, const struct result *r,
                     const struct latency_key *k)
{
    char name[PLOT_NAME];

    snprintf(name, sizeof name, "%s to %s",
             latency_is_birth(k->from) ? "birth" : latency_hop_text(k->from),
             latency_hop_text(k->to));
    for (unsigned c = 0, row = 0; c < r->variant_count && row < p->rows; c++) {
        double time = share(r, c, k);

        if (strcmp(p->row[row].name, result_name(r, c)) != 0)
            continue;
        if (time > 0)
            add(&p->row[row], series(p, name), time);
        row++;
    }
}

void plot_hops(struct plot *p, const struct result *r)
{
    bool adds_up = true;

    *p = (struct plot){
        .kind = PLOT_STACKED,
        .id = "hops",
        .title = "The way of an interrupt, hop by hop",
        .sentence = "What each hop adds to the mean latency from birth to"
                    " handler, over all delivered interrupts; a hop that only"
                    " some interrupts take counts with their share.",
        .axis = "mean latency, ns",
        .totals = true};
    for (unsigned c = 0; c < r->variant_count; c++) {
        double interrupts, steps;
        double whole = time_of(&r->figures[c], latency_end_to_end, &interrupts);
        double sum = time_of(&r->figures[c], latency_is_step, &steps);

        if (interrupts <= 0 || steps <= 0)
            continue;
        adds_up = adds_up && fabs(sum / whole - 1) < 0.01;
        plot_add_row(p, result_name(r, c));
    }
    for (unsigned i = 0; i < HOP_COUNT * HOP_COUNT; i++) {
        struct latency_key k = {.from = i / HOP_COUNT, .to = i % HOP_COUNT};

        if (latency_is_step(&k))
            add_step(p, r, &k);
    }
    if (p->rows == 0)
        p->missing = "This run has no latencies of single hops.";
    else if (!adds_up)
        p->missing = "The hops of this run do not add up to the latency from"
                     " birth to handler, so that bars would mislead; see the"
                     " table of all figures.";
}

/* ---- curves of the scenario ---- */

static bool share_plot(const struct scenario_curve *a,
                       const struct scenario_curve *b)
{
    return strcmp(a->plot, b->plot) == 0 && strcmp(a->figure, b->figure) == 0;
}

static void add_curve(struct plot *p, const struct result *r,
                      const struct scenario_curve *curve)
{
    for (unsigned c = 0; c < r->variant_count; c++) {
        unsigned variant = r->variant[c];
        double y = value_of(r, c, curve->figure);
        struct plot_row *row;

        if (!curve->x.has[variant] || isnan(y))
            continue;
        row = plot_add_row(p, result_name(r, c));
        row->x = curve->x.value[variant];
        add(row, series(p, curve->label), y);
    }
}

static int by_x(const void *a, const void *b)
{
    const struct plot_row *left = a, *right = b;

    return (left->x > right->x) - (left->x < right->x);
}

/* A name that is longer than the plot is high would be cut off; then the unit
 * alone stands there, and the title has to do. */
static void name_side(struct plot *p, const char *figure, const char *unit)
{
    char label[FIGURE_LABEL];

    figure_label(label, figure);
    if (*unit && strlen(label) > SIDE_MAX)
        snprintf(p->side, sizeof p->side, "%s", unit);
    else
        snprintf(p->side, sizeof p->side, "%s%s%s", label, *unit ? ", " : "",
                 unit);
}

bool plot_curves(struct plot *p, const struct result *r, unsigned first)
{
    const struct scenario_curve *curve = r->set->curve;
    const struct figure_name *name = figure_name_of(curve[first].figure);

    for (unsigned i = 0; i < first; i++)
        if (share_plot(&curve[i], &curve[first]))
            return false;
    *p = (struct plot){.kind = PLOT_CURVES,
                       .title = curve[first].plot,
                       .sentence = name ? name->sentence : "",
                       .axis = curve[first].axis};
    snprintf(p->id, sizeof p->id, "curve%u", first);
    name_side(p, curve[first].figure, name ? name->unit : "");
    for (unsigned i = first; i < r->set->curve_count; i++)
        if (share_plot(&curve[i], &curve[first]))
            add_curve(p, r, &curve[i]);
    if (p->rows)
        qsort(p->row, p->rows, sizeof *p->row, by_x);
    else
        p->missing = "No variant of this run has the figure of these curves.";
    return true;
}

void plot_published(struct plot *p, const struct result *r)
{
    struct result_published pub = {0};

    *p = (struct plot){
        .kind = PLOT_ERRORS,
        .id = "published",
        .title = "Simulated against published",
        .sentence = "How far each simulated figure is from the published one;"
                    " 0 is agreement.",
        .axis = "error, % of the published value"};
    while (result_next_published(r, &pub)) {
        char name[PLOT_NAME];
        struct plot_row *row;

        if (!pub.has_error)
            continue;
        snprintf(name, sizeof name, "%s: %s", result_name(r, pub.column),
                 *pub.row->label ? pub.row->label : pub.row->figure);
        row = plot_add_row(p, name);
        add(row, series(p, "error"), pub.error_percent);
    }
    if (p->rows == 0)
        p->missing = "No published value has a simulated one beside it.";
}
