/*
 * The one result object of a run: every output format is a view of it.
 */
#ifndef SIM_REPORT_RESULT_H
#define SIM_REPORT_RESULT_H

#include "sim/report/figures.h"
#include "sim/scenario/scenario.h"

enum verdict { VERDICT_HELD, VERDICT_FAILED, VERDICT_NO_FIGURE };

struct result {
    const struct scenario_set *set;
    char version[32];
    unsigned variant_count;
    /* index into set->variant of each; a run may have fewer than the file */
    unsigned variant[SCENARIO_VARIANTS];
    struct figures figures[SCENARIO_VARIANTS];
    char *resolved[SCENARIO_VARIANTS]; /* the resolved scenario, as YAML */
};

/* Empty: no variants yet.  `set` must outlive the result. */
void result_init(struct result *r, const struct scenario_set *set,
                 const char *version);

/* Frees the figures and the resolved texts (which free() must fit). */
void result_free(struct result *r);

/*
 * Adds what only a comparison knows, once, after all variants have run:
 * throughput.relative, if the file's first variant is among those that ran and
 * has a throughput.
 */
void result_derive(struct result *r);

/* The names of a column: its variant's, and its scenario. */
const char *result_name(const struct result *r, unsigned column);
const struct scenario *result_scenario(const struct result *r, unsigned column);

/* One expectation applied to one column. */
struct result_check {
    const struct scenario_expect *expect;
    unsigned column;
    enum verdict verdict;
    /* NULL: not measured; judged as 0 where figure_names.def says so */
    const struct figure *figure;
    unsigned next; /* where result_next_check() goes on */
};

/*
 * Start with a zeroed `check`; false after the last one.  Expectations of
 * variants that did not run, and of a throughput relative to one, are left
 * out; result_unchecked() counts them.
 */
bool result_next_check(const struct result *r, struct result_check *check);
unsigned result_unchecked(const struct result *r);

/* How many expectations failed or had no figure. */
unsigned result_failed(const struct result *r);

/* One published value beside the simulated one. */
struct result_published {
    const struct scenario_published *row;
    unsigned column;
    double published;
    const struct figure *simulated; /* NULL: this run has no such figure */
    bool has_error; /* there is a figure, and the published value is not 0 */
    double error_percent;
    unsigned next;
};

bool result_next_published(const struct result *r, struct result_published *p);

/* True if two columns have the same figures with the same values. */
bool result_same(const struct result *r, unsigned a, unsigned b);

#endif
