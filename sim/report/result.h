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

#endif
