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

static void put_frame(FILE *to, const struct plot *p)
{
    fprintf(to,
            "set terminal svg size %d,%u dynamic noenhanced font"
            " 'sans-serif,13'\n"
            "set encoding utf8\nset decimalsign '.'\nunset key\n"
            "set border 0\nset tics scale 0\nset xtics ()\nset bmargin "
            "3.2\nset rmargin 7\n"
            "set grid xtics lt 1 lc rgb '#00010e' lw 1\n"
            "set xlabel '%s' offset 0,0.2\n",
            WIDTH, 64 + 32 * p->rows, p->axis);
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

static void put_tick(FILE *to, double at)
{
    char place[NUMBER_TEXT], text[NUMBER_TEXT];

    number_limit(text, at);
    fprintf(to, "set xtics add ('%s' %s)\n", text, number(place, at));
}

static const double round_number[] = {1, 2, 5, 10};

/* About six round numbers from `low` to `high`. */
static void put_linear_ticks(FILE *to, double low, double high)
{
    double least = (high - low) / 9, base = pow(10, floor(log10(least)));
    unsigned i = 0;

    while (i < 3 && round_number[i] * base < least)
        i++;
    for (double k = ceil(low / (round_number[i] * base));
         k * round_number[i] * base <= high; k++)
        put_tick(to, k * round_number[i] * base);
}

/* Powers of ten, with 2 and 5 between them where there is room. */
static void put_log_ticks(FILE *to, double low, double high)
{
    unsigned each = high / low > 1000 ? 1 : 3;

    for (double base = pow(10, floor(log10(low))); base <= high; base *= 10)
        for (unsigned i = 0; i < each; i++)
            if (round_number[i] * base >= low && round_number[i] * base <= high)
                put_tick(to, round_number[i] * base);
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
        put_linear_ticks(to, low, high);
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

static void put_points(FILE *to, const struct plot *p)
{
    static const int shape[] = {7, 5, 9, 13, 11};

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

static void put_script(FILE *to, const struct plot *p)
{
    put_frame(to, p);
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

    put_script(to, p);
    fclose(to);
    svg = svg_draw(script, p->id, p->title);
    free(script);
    return svg;
}
