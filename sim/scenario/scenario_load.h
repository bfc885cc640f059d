/*
 * YAML -> checked scenarios.
 *
 * Every mistake of the file, of its platform profile and of the options is
 * reported at once, with file:line:column.
 */
#ifndef SIM_SCENARIO_SCENARIO_LOAD_H
#define SIM_SCENARIO_SCENARIO_LOAD_H

#include <stddef.h>

#include "sim/core/diag.h"
#include "sim/scenario/scenario.h"

/* All zero: nothing is overridden. */
struct scenario_options {
    const char *const *set; /* "KEY=VALUE": the dotted path of any key */
    size_t set_count;
    const char *seed;         /* as on the command line, or NULL */
    const char *platform_dir; /* where else platform files are looked for */
    const char *text;         /* the file's content, if it was read already */
    size_t text_bytes;
};

/* NULL if there is a mistake.  `opts` may be NULL. */
struct scenario_set *scenario_load(const char *path,
                                   const struct scenario_options *opts,
                                   struct diag *d);
void scenario_free(struct scenario_set *set);

/*
 * One variant with all its keys, defaults and platform values spelled out, as
 * one YAML file that loads again.  Free it with free().
 */
char *scenario_show(const struct scenario_set *set, unsigned variant);

#endif
