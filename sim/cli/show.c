/* virqsim show: one variant, with everything spelled out. */
#include <stdlib.h>

#include "sim/cli/cli.h"

static int show(const struct cli *cli)
{
    struct scenario_set *set = cli_load(cli);
    int variant;
    char *text;

    if (!set)
        return CLI_USER_MISTAKE;
    variant = cli_variant(cli, set);
    if (variant >= 0) {
        text = scenario_show(set, (unsigned)variant);
        fputs(text, stdout);
        free(text);
    }
    scenario_free(set);
    return variant < 0 ? CLI_USER_MISTAKE : CLI_FINE;
}

const struct cli_verb cli_show = {
    .name = "show",
    .summary = "print a variant with all defaults and platform values",
    .arguments = "FILE",
    .text = "Prints one variant of a scenario (the first) with all defaults, "
            "overrides and platform values spelled out, as one file that "
            "loads again."
            "\v"
            "Example: virqsim show scenarios/first-interrupt.yaml "
            "--set duration=1ms\n\n"
            "Exit status: 0 fine, 2 a mistake in the input.",
    .options = CLI_VARIANT | CLI_SET,
    .needs_file = true,
    .run = show,
};
