/* A decoded scenario as YAML. */
#ifndef SIM_SCENARIO_SHOW_H
#define SIM_SCENARIO_SHOW_H

#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

/*
 * One variant of a set as a file of its own, malloc'ed.  `root` is the tree
 * that the variant was decoded from: it knows the sources of the platform's
 * values.
 */
char *show_variant(const struct scenario_set *set, unsigned variant,
                   const struct node *root);

#endif
