/* The keys that the variants of a result have between them. */
#ifndef SIM_REPORT_KEYS_H
#define SIM_REPORT_KEYS_H

#include "sim/report/result.h"

struct keys {
    char (*key)[FIGURE_KEY];
    size_t count, capacity;
};

/* Every key, by section of figure_names.def, then in the order of the run;
 * keys without a name come last. */
void keys_all(struct keys *k, const struct result *r);

/* Those that begin with `prefix`, the largest value in any variant first. */
void keys_with_prefix(struct keys *k, const struct result *r,
                      const char *prefix);

/* The unit of a key in the first variant that has it. */
const char *keys_unit(const struct result *r, const char *key);

void keys_free(struct keys *k);

#endif
