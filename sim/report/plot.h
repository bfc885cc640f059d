/*
 * Plots: a small table of numbers drawn by gnuplot as SVG, for use inside an
 * HTML page.  Colours are the page's (--c1 to --ca in
 * hexadecimal for the series, --ce and --cf for grid and labels, currentColor),
 * so that one drawing serves light and dark pages.
 */
#ifndef SIM_REPORT_PLOT_H
#define SIM_REPORT_PLOT_H

#include <stdbool.h>

#define PLOT_SERIES 10
#define PLOT_NAME 640
#define PLOT_ID 16

enum plot_kind {
    PLOT_STACKED, /* a bar a row, the series one after the other */
    PLOT_POINTS,  /* a mark a series, on a logarithmic axis */
    PLOT_ERRORS,  /* one bar a row, to the left or right of 0 */
    PLOT_CURVES,  /* a line a series, through the rows in order of x */
};

/* Rows of series; a value that is not there is NAN. */
struct plot {
    enum plot_kind kind;
    char id[PLOT_ID]; /* for ids in the page: letters and digits */
    const char *title, *sentence, *axis;
    char side[PLOT_NAME]; /* what curves show: the vertical axis */
    const char *missing;  /* why there is nothing to draw, or NULL */
    bool totals;          /* write the sum beside a stacked bar */
    unsigned rows, capacity, series;
    char series_name[PLOT_SERIES][PLOT_NAME];
    struct plot_row {
        char name[PLOT_NAME];
        double x; /* of curves */
        double value[PLOT_SERIES];
    } * row;
};

/* A new row without values. */
struct plot_row *plot_add_row(struct plot *p, const char *name);
void plot_free(struct plot *p);

/* The drawing as an <svg> element, to be freed; NULL if there is no gnuplot. */
char *plot_svg(const struct plot *p);

#endif
