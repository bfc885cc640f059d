/* The keys that the variants of a result have between them. */
#ifndef SIM_REPORT_FIGURE_KEYS_H
#define SIM_REPORT_FIGURE_KEYS_H

#include "sim/report/result.h"

struct figure_keys {
    char (*key)[FIGURE_KEY];
    size_t count, capacity;
};

/* Every key, by section of figure_names.def, then in the order of the run;
 * keys without a name come last. */
void figure_keys_all(struct figure_keys *k, const struct result *r);

/* Those that begin with `prefix`, the largest value in any variant first. */
void figure_keys_with_prefix(struct figure_keys *k, const struct result *r,
                             const char *prefix);

/* The same in the order of the run. */
void figure_keys_as_measured(struct figure_keys *k, const struct result *r,
                             const char *prefix);

/* The unit of a key in the first variant that has it. */
const char *figure_keys_unit(const struct result *r, const char *key);

void figure_keys_free(struct figure_keys *k);

#endif
