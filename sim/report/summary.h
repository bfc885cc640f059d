/*
 * What terminal, Markdown and HTML show of a result: chosen figures in groups,
 * already as text, so that the three cannot differ.
 */
#ifndef SIM_REPORT_SUMMARY_H
#define SIM_REPORT_SUMMARY_H

#include "sim/report/figure_names.h"
#include "sim/report/number.h"
#include "sim/report/result.h"

struct summary_cell {
    bool present;
    double number;
    char value[NUMBER_TEXT]; /* "-" if the variant has no such figure */
    char ratio[NUMBER_TEXT]; /* to the row's first variant that has it, or "" */
};

struct summary_row {
    const char *group;
    char label[FIGURE_LABEL];
    char unit[16];
    struct summary_cell cell[SCENARIO_VARIANTS];
};

struct summary {
    struct summary_row *row;
    size_t count, capacity;
};

void summary_make(struct summary *s, const struct result *r);
void summary_free(struct summary *s);

/* The parts of a report's first line. */
struct headline {
    char profile[SCENARIO_NAME * 2]; /* more than one: "a, b" */
    char seed[SCENARIO_NAME * 2];
    char variants[NUMBER_TEXT];      /* "1 variant", "4 variants" */
    char simulated[NUMBER_TEXT * 2]; /* "200 ms", or "200 ms to 1 s" */
};

void headline_make(struct headline *h, const struct result *r);

/* How a format puts a line: what stands around it, and how users' text gets
 * into it. */
struct line_form {
    const char *before, *after;
    void (*text)(FILE *to, const char *s);
};

/* A line for each variant with the same figures as one before it. */
void put_twins(FILE *to, const struct result *r, const struct line_form *form);

/* One line of "simulated beside published". */
struct published_text {
    const char *unit;
    char simulated[NUMBER_TEXT], published[NUMBER_TEXT], error[NUMBER_TEXT];
};

void published_words(struct published_text *t,
                     const struct result_published *p);

/* "1 expectation is about variants that did not run"; "" if all did. */
void unchecked_words(char out[SCENARIO_TEXT], const struct result *r);

/* number_pretty(), or "-" for NULL. */
void figure_text(char out[NUMBER_TEXT], const struct figure *f);

/* "1 to 5", "at most 5"; "4", "not a figure of this run"; "held". */
void check_limits(char out[SCENARIO_TEXT], const struct scenario_expect *e);
void check_value(char out[SCENARIO_TEXT], const struct result_check *c);
const char *check_verdict(const struct result_check *c);

#endif
