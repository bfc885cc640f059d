/* Tree -> structs, as the table of keys says. */
#ifndef SIM_SCENARIO_DECODE_H
#define SIM_SCENARIO_DECODE_H

#include "sim/scenario/keys.h"
#include "sim/scenario/tree.h"

struct decoder {
    struct mistakes *m;
    struct scenario_set *set; /* for the names of variants */
    struct scenario *s;       /* for the names of devices and programs */
    bool partial; /* what is named or must be given may be missing */
};

/* Every key of the owner into `base`; unknown and missing keys are mistakes. */
void decode_group(const struct decoder *d, enum key_owner owner,
                  const struct node *n, void *base);

/* The top level: the scenario into d->s. */
void decode_scenario(const struct decoder *d, const struct node *root);

/* The keys of the file itself (expect, published) into d->set. */
void decode_file(const struct decoder *d, const struct node *root);

/* A value into the field of `k`; for a sourced key the inner value. */
void decode_value(const struct decoder *d, const struct key *k,
                  const struct node *n, void *base);

/* False after a mistake: names are a letter, then letters, digits, _ and -. */
bool decode_name_is_good(struct mistakes *m, struct diag_place at,
                         const char *name);

#endif
