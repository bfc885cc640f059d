/* The rules between keys: what no single key can say. */
#ifndef SIM_SCENARIO_CHECK_H
#define SIM_SCENARIO_CHECK_H

#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

/*
 * A scenario that was decoded without mistakes, and its tree for the places.
 * `variant` is appended to each mistake, or NULL.
 */
void check_scenario(struct mistakes *m, const struct scenario *s,
                    const struct node *root, const char *variant);

/* Warns of devices that no variant assigns; `tree` has one for each. */
void check_devices_are_used(struct mistakes *m, const struct scenario_set *set,
                            const struct node *const *tree);

#endif
