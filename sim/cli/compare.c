/* virqsim compare: all variants side by side, on the cores there are. */
#include <stdlib.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"

static bool run_variant(struct result *r, unsigned i)
{
    struct machine *m = cli_build(&r->set->variant[r->variant[i]]);
    bool good;

    machine_run(m, machine_end(m));
    good = cli_collect(r, i, m);
    machine_free(m);
    return good;
}

/* Each variant has its own machine and its own column of the result, so that
 * the result does not depend on how many run at once. */
static bool run_variants(const struct cli *cli, struct result *r)
{
    bool watched = cli_watched(cli);
    unsigned done = 0, bad = 0;

#pragma omp parallel for schedule(dynamic)
    for (unsigned i = 0; i < r->variant_count; i++) {
        bool good = run_variant(r, i);

#pragma omp critical
        {
            done++;
            bad += !good;
            if (watched)
                fprintf(stderr, "\r%u of %u variants%s", done, r->variant_count,
                        done < r->variant_count ? "" : "\n");
        }
    }
    return !bad;
}

static int compare_set(const struct cli *cli, const struct scenario_set *set,
                       int only)
{
    int status = CLI_OUR_FAULT;
    struct result r;

    result_init(&r, set, CLI_VERSION);
    r.variant_count = cli->variant ? 1 : set->variant_count;
    for (unsigned i = 0; i < r.variant_count; i++)
        r.variant[i] = cli->variant ? (unsigned)only : i;
    if (run_variants(cli, &r)) {
        result_derive(&r);
        status = cli_report(cli, &r);
    }
    result_free(&r);
    return status;
}

static int compare(const struct cli *cli)
{
    struct scenario_set *set = cli_load(cli);
    int only, status = CLI_USER_MISTAKE;

    if (!set)
        return CLI_USER_MISTAKE;
    only = cli_variant(cli, set);
    if (only >= 0)
        status = compare_set(cli, set, only);
    scenario_free(set);
    return status;
}

const struct cli_verb cli_compare = {
    .name = "compare",
    .summary = "simulate all variants of a scenario side by side",
    .arguments = "FILE",
    .text = "Simulates all variants of a scenario, as many at once as there "
            "are cores, and prints their figures side by side. The first one "
            "is the reference for ratios."
            "\v"
            "Example: virqsim compare scenarios/first-interrupt.yaml "
            "--out build/first\n\n"
            "Exit status: 0 fine, 1 an expectation of the scenario failed, 2 "
            "a mistake in the input, 3 the books of a run do not balance.",
    .options = CLI_VARIANT | CLI_SET | CLI_OUTPUT | CLI_FOLDER,
    .needs_file = true,
    .run = compare,
};
