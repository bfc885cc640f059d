/*
 * Figures: what a run measured, as an ordered list of dotted keys.
 *
 * The keys are the names of docs/figures.md, the same in JSON, CSV, tables
 * and documents; every output format is a view of this one list.
 */
#ifndef SIM_REPORT_FIGURES_H
#define SIM_REPORT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURE_KEY 160

enum figure_kind { FIGURE_COUNT, FIGURE_REAL };

struct figure {
    char key[FIGURE_KEY]; /* for instance "exits.by_reason.MSR_WRITE" */
    char unit[16];        /* "" for a pure count or ratio */
    enum figure_kind kind;
    uint64_t count;
    double real; /* also set for a count */
};

struct figures {
    struct figure *list;
    size_t count, capacity;
};

void figures_init(struct figures *f);
void figures_free(struct figures *f);

/* Append; the key is a printf format.  Keys must be new. */
void figures_add_count(struct figures *f, const char *unit, uint64_t value,
                       const char *key, ...)
    __attribute__((format(printf, 4, 5)));
void figures_add_real(struct figures *f, const char *unit, double value,
                      const char *key, ...)
    __attribute__((format(printf, 4, 5)));

/* NULL if there is no such figure. */
const struct figure *figures_find(const struct figures *f, const char *key);

#endif
