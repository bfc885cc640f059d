/*
 * What is laid over a scenario: a variant's keys, and `--set KEY=VALUE`.
 */
#ifndef SIM_SCENARIO_MERGE_H
#define SIM_SCENARIO_MERGE_H

#include "sim/scenario/keys.h"
#include "sim/scenario/tree.h"

/*
 * The keys of `over` laid over `base`, both maps of the owner's keys.  Groups
 * merge key by key; lists of named elements merge by name, and `over` may
 * write such a list as a map from names to keys; every other value replaces
 * the one below.  A plain value over a sourced one replaces the value only.
 */
const struct node *merge_group(struct mistakes *m, enum key_owner owner,
                               const struct node *base,
                               const struct node *over);

/*
 * One variant over the base.  Besides nested keys its top level may have
 * dotted paths: {vms.guest.hypervisor: none}.
 */
const struct node *merge_variant(struct mistakes *m, const struct node *base,
                                 const struct node *over);

/*
 * The value at a dotted path ("vms.guest.cpu", "vms.0.cpu"), which is the
 * entry's key, replaced.  The path's mistakes are reported where the key
 * stands; `base` is returned after a mistake.
 */
const struct node *merge_path(struct mistakes *m, const struct node *base,
                              struct entry e);

/* "KEY=VALUE" of the command line over the base. */
const struct node *merge_option(struct mistakes *m, const struct node *base,
                                const char *option);

#endif
