/*
 * The views of a result.  Each writes the same numbers in its own form; same
 * result, same bytes.
 */
#ifndef SIM_REPORT_REPORT_H
#define SIM_REPORT_REPORT_H

#include <stdio.h>

#include "sim/report/result.h"

/* For a person at a terminal: tables of at most 100 columns. */
void report_terminal(FILE *to, const struct result *r);

/* The same tables, then every figure and the resolved scenarios. */
void report_markdown(FILE *to, const struct result *r);

/* One self-contained page with plots; without gnuplot it says so instead. */
void report_html(FILE *to, const struct result *r);

/* variant,figure,value,unit: one line a figure, as RFC 4180 has it. */
void report_csv(FILE *to, const struct result *r);

/* As docs/schema/result.schema.json describes it. */
void report_json(FILE *to, const struct result *r);

/* A line for each expectation that failed or had no figure. */
void report_failures(FILE *to, const struct result *r);

#endif
