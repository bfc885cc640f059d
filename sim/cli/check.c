/* virqsim check: a scenario's mistakes, all at once. */
#include "sim/cli/cli.h"

static int check_variant(const struct cli *cli, const struct scenario_set *set,
                         unsigned variant)
{
    (void)cli;
    (void)variant;
    printf("%s: OK, %u variant%s\n", set->path, set->variant_count,
           set->variant_count == 1 ? "" : "s");
    return CLI_FINE;
}

const struct cli_verb cli_check = {
    .name = "check",
    .summary = "report every mistake in a scenario, without running it",
    .arguments = "FILE",
    .text = "Reads a scenario and its platform profile, and reports every "
            "mistake with file, line and column."
            "\v"
            "Example: virqsim check scenarios/first-interrupt.yaml\n\n"
            "Exit status: 0 fine, 2 there are mistakes.",
    .options = CLI_VARIANT | CLI_SET,
    .needs_file = true,
    .on_variant = check_variant,
};
