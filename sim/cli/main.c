/* virqsim: picks the verb and runs it. */
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/core/diag.h"

static const struct cli_verb *const verbs[] = {
    &cli_run,  &cli_compare, &cli_check,   &cli_show,
    &cli_list, &cli_replay,  &cli_explore, &cli_flows,
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void usage(FILE *to)
{
    fputs("Usage: virqsim VERB FILE [OPTION...]\n"
          "Simulates interrupt virtualization, cycle by cycle.\n\n",
          to);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(to, "  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n"
          "Example: virqsim compare scenarios/first-interrupt.yaml\n"
          "`virqsim VERB --help` tells more; `virqsim --version` the "
          "version.\n"
          "Exit status: 0 fine, 1 something does not hold or differs, 2 a "
          "mistake in the input; more in\na verb's help.\n",
          to);
}

static const struct cli_verb *find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (!strcmp(verbs[i]->name, name))
            return verbs[i];
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[VERBS], *near;

    for (size_t i = 0; i < VERBS; i++)
        names[i] = verbs[i]->name;
    near = diag_nearest(name, names, VERBS);
    fprintf(stderr, "virqsim: unknown verb '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?", near);
    fputs("\nTry `virqsim --help'.\n", stderr);
    return CLI_USER_MISTAKE;
}

static int run_verb(const struct cli_verb *verb, int argc, char **argv)
{
    struct cli cli = {.systemc = true};
    char name[64];

    snprintf(name, sizeof name, "virqsim %s", verb->name);
    argv[0] = name;
    cli_parse(verb, argc, argv, &cli);
    return verb->run ? verb->run(&cli) : cli_on_variant(verb, &cli);
}

int main(int argc, char **argv)
{
    const struct cli_verb *verb;

    if (argc < 2) {
        usage(stderr);
        return CLI_USER_MISTAKE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        usage(stdout);
        return CLI_FINE;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("virqsim " CLI_VERSION);
        return CLI_FINE;
    }
    verb = find(argv[1]);
    return verb ? run_verb(verb, argc - 1, argv + 1) : unknown(argv[1]);
}
