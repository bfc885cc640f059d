/*
 * Numbers as text, for every view the same: independent of the locale, same
 * value same bytes.
 */
#ifndef SIM_REPORT_NUMBER_H
#define SIM_REPORT_NUMBER_H

#include "sim/report/figures.h"

#define NUMBER_TEXT 40

/* For machines: a count's digits, or the shortest decimal that reads back as
 * the same double and always has a '.' or an exponent. */
void number_exact(char out[NUMBER_TEXT], const struct figure *f);
void number_exact_real(char out[NUMBER_TEXT], double value);

/* For people: a count in full with commas (1,234,567), a real with four
 * significant digits or all of its integer digits (0.1653, 58.12, 49,231). */
void number_pretty(char out[NUMBER_TEXT], const struct figure *f);
void number_pretty_real(char out[NUMBER_TEXT], double value);

/* All digits that matter, for people: "0.95", "1,000". */
void number_limit(char out[NUMBER_TEXT], double value);

/* "83.51": two decimals, more only below 0.01. */
void number_percent(char out[NUMBER_TEXT], double value);

/* "12.3x", "1.63x", "0.006x". */
void number_ratio(char out[NUMBER_TEXT], double value);

/* "+1.7 %": a difference, with its sign. */
void number_difference(char out[NUMBER_TEXT], double percent);

/* "1.5 s", "200 ms": a length of simulated time in the fitting unit,
 * to the nanosecond. */
void number_time(char out[NUMBER_TEXT], double nanoseconds);

#endif
