/* Plots drawn by gnuplot: the script.  svg.c runs it. */
#include "sim/report/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/number.h"
#include "sim/report/svg.h"
#include "sim/report/text.h"

#define LABEL_MAX 48 /* characters of a row's name */
#define WIDTH 800    /* pixels, before the page scales it */
#define CURVES_HEIGHT 360

struct plot_row *plot_add_row(struct plot *p, const char *name)
{
    struct plot_row *row;

    if (p->rows == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 16;
        p->row = text_grown(p->row, p->capacity * sizeof *p->row);
    }
    row = &p->row[p->rows++];
    snprintf(row->name, sizeof row->name, "%s", name);
    for (unsigned i = 0; i < PLOT_SERIES; i++)
        row->value[i] = NAN;
    return row;
}

void plot_free(struct plot *p)
{
    free(p->row);
    p->row = NULL;
    p->rows = p->capacity = 0;
}

/* A string for gnuplot: nothing is special between single quotes but the
 * quote, which is doubled.  Long ones end in an ellipsis. */
static void put_string(FILE *to, const char *s)
{
    int left = LABEL_MAX, width = text_width(s);
    char c[TEXT_CHARACTER];

    fputc('\'', to);
    for (; left > 0 && text_next(&s, c); left--) {
        if (left == 1 && width > LABEL_MAX)
            strcpy(c, "\xe2\x80\xa6"); /* ... */
        if (c[0] == '\n' || c[0] == '\t')
            c[0] = ' ';
        fprintf(to, "%s%s", c, c[0] == '\'' ? "'" : "");
    }
    fputc('\'', to);
}

static const char *number(char out[NUMBER_TEXT], double value)
{
    number_exact_real(out, value);
    return out;
}

/* The sum of a row's first `series` values. */
static double sum(const struct plot_row *row, unsigned series)
{
    double total = 0;

    for (unsigned i = 0; i < series; i++)
        total += isnan(row->value[i]) ? 0 : row->value[i];
    return total;
}

/* How far the rows reach to the left and to the right of 0. */
static void extent(const struct plot *p, double *left, double *right)
{
    *left = *right = 0;
    for (unsigned i = 0; i < p->rows; i++) {
        *left = fmin(*left, sum(&p->row[i], p->series));
        *right = fmax(*right, sum(&p->row[i], p->series));
    }
}

static void put_frame(FILE *to, const struct plot *p, unsigned height)
{
    fprintf(to,
            "set terminal svg size %d,%u dynamic noenhanced font"
            " 'sans-serif,13'\n"
            "set encoding utf8\nset decimalsign '.'\nunset key\n"
            "set border 0\nset tics scale 0\nset xtics ()\nset bmargin "
            "3.2\nset rmargin 7\n"
            "set grid xtics lt 1 lc rgb '#00010e' lw 1\n"
            "set xlabel ",
            WIDTH, height);
    put_string(to, p->axis);
    fputs(" offset 0,0.2\n", to);
}

static void put_row_names(FILE *to, const struct plot *p)
{
    fprintf(to, "set yrange [%u.5:-0.6]\nset ytics (", p->rows - 1);
    for (unsigned i = 0; i < p->rows; i++) {
        fputs(i ? ", " : "", to);
        put_string(to, p->row[i].name);
        fprintf(to, " %u", i);
    }
    fputs(")\n", to);
}

/* The least and the largest value of any series. */
static void bounds(const struct plot *p, double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (unsigned i = 0; i < p->rows; i++) {
        for (unsigned s = 0; s < p->series; s++) {
            *least = fmin(*least, p->row[i].value[s]);
            *most = fmax(*most, p->row[i].value[s]);
        }
    }
}

static void put_tick(FILE *to, char axis, double at)
{
    char place[NUMBER_TEXT], text[NUMBER_TEXT];

    number_limit(text, at);
    fprintf(to, "set %ctics add ('%s' %s)\n", axis, text, number(place, at));
}

static const double round_number[] = {1, 2, 5, 10};

/* About six round numbers from `low` to `high`. */
static void put_linear_ticks(FILE *to, char axis, double low, double high)
{
    double least = (high - low) / 9, base = pow(10, floor(log10(least)));
    unsigned i = 0;

    while (i < 3 && round_number[i] * base < least)
        i++;
    for (double k = ceil(low / (round_number[i] * base));
         k * round_number[i] * base <= high; k++)
        put_tick(to, axis, k * round_number[i] * base);
}

/* Powers of ten, with 2 and 5 between them where there is room. */
static void put_log_ticks(FILE *to, double low, double high)
{
    unsigned each = high / low > 1000 ? 1 : 3;

    for (double base = pow(10, floor(log10(low))); base <= high; base *= 10)
        for (unsigned i = 0; i < each; i++)
            if (round_number[i] * base >= low && round_number[i] * base <= high)
                put_tick(to, 'x', round_number[i] * base);
}

/* The ends of the axis, with room for what is written beside bars. */
static void axis_ends(const struct plot *p, double *low, double *high)
{
    if (p->kind == PLOT_POINTS) {
        bounds(p, low, high);
        *low /= 1.3;
        *high *= 1.3;
        return;
    }
    extent(p, low, high);
    if (p->kind == PLOT_ERRORS) {
        *low = 1.1 * fmin(*low, -5);
        *high = fmax(*high, 5);
    }
    if (p->kind == PLOT_ERRORS || p->totals)
        *high += 0.15 * (*high - *low);
    if (*high <= *low)
        *high = 1;
}

static void put_range(FILE *to, const struct plot *p)
{
    char a[NUMBER_TEXT], b[NUMBER_TEXT];
    double low, high;

    axis_ends(p, &low, &high);
    if (p->kind == PLOT_POINTS) {
        fputs("set logscale x\n", to);
        put_log_ticks(to, low, high);
    } else {
        put_linear_ticks(to, 'x', low, high);
    }
    if (p->kind == PLOT_ERRORS)
        fputs("set arrow from 0,graph 0 to 0,graph 1 nohead lw 1.5"
              " lc rgb '#00010f'\n",
              to);
    fprintf(to, "set xrange [%s:%s]\n", number(a, low), number(b, high));
}

/* $s0, $s1, ...: "from to row" of each series' boxes or marks. */
static void put_data(FILE *to, const struct plot *p)
{
    char a[NUMBER_TEXT], b[NUMBER_TEXT];

    for (unsigned s = 0; s < p->series; s++) {
        fprintf(to, "$s%u << END\n", s);
        for (unsigned i = 0; i < p->rows; i++) {
            double value = p->row[i].value[s];
            double from = p->kind == PLOT_STACKED ? sum(&p->row[i], s) : 0;

            if (!isnan(value))
                fprintf(to, "%s %s %u\n", number(a, from),
                        number(b, from + value), i);
        }
        fputs("END\n", to);
    }
}

/* $labels: "at row text", what is written beside the bars. */
static void put_labels(FILE *to, const struct plot *p)
{
    char at[NUMBER_TEXT], text[NUMBER_TEXT];

    fputs("$labels << END\n", to);
    for (unsigned i = 0; i < p->rows; i++) {
        double value = sum(&p->row[i], p->series);

        if (p->kind == PLOT_ERRORS)
            number_difference(text, value);
        else
            number_pretty_real(text, value);
        fprintf(to, "%s %u \"%s\"\n", number(at, fmax(value, 0)), i, text);
    }
    fputs("END\n", to);
}

/* $range: "from row length 0" of the line behind a row's marks. */
static void put_ranges(FILE *to, const struct plot *p)
{
    char a[NUMBER_TEXT], b[NUMBER_TEXT];
    double least, most;

    fputs("$range << END\n", to);
    for (unsigned i = 0; i < p->rows; i++) {
        struct plot one = {.rows = 1, .series = p->series, .row = &p->row[i]};

        bounds(&one, &least, &most);
        fprintf(to, "%s %u %s 0\n", number(a, least), i,
                number(b, most - least));
    }
    fputs("END\n", to);
}

static bool has_data(const struct plot *p, unsigned s)
{
    for (unsigned i = 0; i < p->rows; i++)
        if (!isnan(p->row[i].value[s]))
            return true;
    return false;
}

static void put_bars(FILE *to, const struct plot *p)
{
    const char *next = "plot ";

    for (unsigned s = 0; s < p->series; s++) {
        if (!has_data(p, s))
            continue;
        fprintf(to,
                "%s$s%u using 2:3:1:2:($3-0.32):($3+0.32) with boxxyerror"
                " fc rgb '#00010%x' fs solid 1 noborder title ",
                next, s, s + 1);
        put_string(to, p->series_name[s]);
        next = ", ";
    }
    if (p->totals || p->kind == PLOT_ERRORS)
        fputs(", $labels using 1:2:3 with labels left offset 0.6,0"
              " tc rgb '#00010f' title 'sum'",
              to);
    fputc('\n', to);
}

static const int shape[] = {7, 5, 9, 13, 11}; /* of marks */

static void put_points(FILE *to, const struct plot *p)
{
    fputs("plot $range using 1:2:3:4 with vectors nohead lw 2"
          " lc rgb '#00010e' title 'range'",
          to);
    for (unsigned s = p->series; s-- > 0;) { /* the first is never hidden */
        if (!has_data(p, s))
            continue;
        fprintf(to,
                ", $s%u using 2:3 with points pt %d ps 1.1"
                " lc rgb '#00010%x' title ",
                s, shape[s % 5], s + 1);
        put_string(to, p->series_name[s]);
    }
    fputc('\n', to);
}

/* Both axes of curves: values are from 0 on, and a place of a row has a tick
 * where there is room for its number. */
static void put_curve_axes(FILE *to, const struct plot *p)
{
    double first = p->row[0].x, last = p->row[p->rows - 1].x;
    double room = (last - first) / 24, ticked = -INFINITY, least, most;
    char a[NUMBER_TEXT], b[NUMBER_TEXT];

    for (unsigned i = 0; i < p->rows; i++) {
        if (p->row[i].x <= ticked || p->row[i].x - ticked < room)
            continue;
        ticked = p->row[i].x;
        put_tick(to, 'x', ticked);
    }
    bounds(p, &least, &most);
    most = most > 0 ? 1.1 * most : 1;
    fputs("set grid ytics lt 1 lc rgb '#00010e' lw 1\nset ytics ()\n", to);
    put_linear_ticks(to, 'y', 0, most);
    fprintf(to, "set yrange [0:%s]\n", number(a, most));
    room = last > first ? room : 1;
    fprintf(to, "set xrange [%s:%s]\nset ylabel ", number(a, first - room),
            number(b, last + room));
    put_string(to, p->side);
    fputc('\n', to);
}

static void put_curves(FILE *to, const struct plot *p)
{
    char x[NUMBER_TEXT], y[NUMBER_TEXT];

    for (unsigned s = 0; s < p->series; s++) {
        fprintf(to, "$s%u << END\n", s);
        for (unsigned i = 0; i < p->rows; i++)
            if (!isnan(p->row[i].value[s]))
                fprintf(to, "%s %s\n", number(x, p->row[i].x),
                        number(y, p->row[i].value[s]));
        fputs("END\n", to);
    }
    for (unsigned s = 0; s < p->series; s++) {
        fprintf(to,
                "%s$s%u using 1:2 with linespoints pt %d ps 0.8 lw 2"
                " lc rgb '#00010%x' title ",
                s ? ", " : "plot ", s, shape[s % 5], s + 1);
        put_string(to, p->series_name[s]);
    }
    fputc('\n', to);
}

static void put_curves_script(FILE *to, const struct plot *p)
{
    put_frame(to, p, CURVES_HEIGHT);
    put_curve_axes(to, p);
    put_curves(to, p);
}

static void put_script(FILE *to, const struct plot *p)
{
    put_frame(to, p, 64 + 32 * p->rows);
    put_row_names(to, p);
    put_range(to, p);
    put_data(to, p);
    if (p->kind == PLOT_POINTS) {
        put_ranges(to, p);
        put_points(to, p);
    } else {
        put_labels(to, p);
        put_bars(to, p);
    }
}

char *plot_svg(const struct plot *p)
{
    char *script, *svg;
    size_t bytes;
    FILE *to = text_stream(&script, &bytes);

    if (p->kind == PLOT_CURVES)
        put_curves_script(to, p);
    else
        put_script(to, p);
    fclose(to);
    svg = svg_draw(script, p->id, p->title);
    free(script);
    return svg;
}
