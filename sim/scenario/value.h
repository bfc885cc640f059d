/*
 * Quantities with units, in exact decimal arithmetic: "20us", "1.5 ms",
 * "2.93GHz", "1500 cycles".  Held in the base unit: femtoseconds, Hz, bits
 * per second, cycles, or a plain count.
 */
#ifndef SIM_SCENARIO_VALUE_H
#define SIM_SCENARIO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quantity {
    QUANTITY_COUNT,
    QUANTITY_CYCLES,
    QUANTITY_TIME,
    QUANTITY_FREQUENCY,
    QUANTITY_RATE,
    QUANTITIES
};

#define VALUE_TEXT 160

/* False: `why` says in words what is expected, with an example. */
bool quantity_parse(enum quantity q, const char *text, uint64_t *value,
                    char why[VALUE_TEXT]);

/* The shortest text in the largest unit that keeps it exact and above 1. */
void quantity_format(enum quantity q, uint64_t value, char out[VALUE_TEXT]);

/* For the manual and the schema. */
const char *quantity_noun(enum quantity q);    /* "a time" */
const char *quantity_example(enum quantity q); /* "20us" */
const char *quantity_units(enum quantity q);   /* "fs, ps, ...", or "" */

/* Fills `out` with the units as a regular expression "(fs|ps|...)". */
void quantity_pattern(enum quantity q, char out[VALUE_TEXT]);

/* A finite decimal number, with or without fraction and exponent. */
bool number_parse(const char *text, double *value);

/* The shortest text that reads back as the same number. */
void number_format(double value, char out[VALUE_TEXT]);

#endif
