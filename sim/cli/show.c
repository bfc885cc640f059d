/* virqsim show: one variant, with everything spelled out. */
#include <stdlib.h>

#include "sim/cli/cli.h"

static int show_variant(const struct cli *cli, const struct scenario_set *set,
                        unsigned variant)
{
    char *text = scenario_show(set, variant);

    (void)cli;
    fputs(text, stdout);
    free(text);
    return CLI_FINE;
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
    .on_variant = show_variant,
};
