/* Options of all verbs, through argp; and what they ask of a scenario. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/core/diag.h"
#include "sim/scenario/value.h"

enum {
    KEY_VARIANT = 256,
    KEY_SET,
    KEY_SEED,
    KEY_OUT,
    KEY_JSON,
    KEY_QUIET,
    KEY_HOST,
    KEY_MARKDOWN,
    KEY_WINDOW,
    KEY_STATES,
    KEY_DEPTH,
    KEY_DIFF
};

static const struct option_row {
    unsigned option;
    struct argp_option argp;
} rows[] = {
    {CLI_VARIANT,
     {"variant", KEY_VARIANT, "NAME", 0,
      "This variant alone; otherwise compare and check take all, others the "
      "first",
      0}},
    {CLI_SET,
     {"set", KEY_SET, "KEY=VALUE", 0,
      "Replace one key, by its dotted path; may be repeated", 0}},
    {CLI_SET,
     {"seed", KEY_SEED, "N", 0, "Replace the seed of the random streams", 0}},
    {CLI_FOLDER,
     {"out", KEY_OUT, "DIR", 0,
      "Write result.json, report.md, report.csv and report.html there", 0}},
    {CLI_TABLES,
     {"out", KEY_OUT, "DIR", 0,
      "Write flows.html and flows.csv there: all tables, whatever the "
      "difference",
      0}},
    {CLI_OUTPUT,
     {"json", KEY_JSON, "FILE", 0,
      "Write the result as JSON; - is standard output and leaves the rest to "
      "standard error",
      0}},
    {CLI_OUTPUT, {"quiet", KEY_QUIET, NULL, 0, "Print failures only", 0}},
    {CLI_HOST,
     {"host", KEY_HOST, "systemc|none", 0,
      "What runs the machine: SystemC's kernel (the default) or the C library "
      "alone; the result is the same",
      0}},
    {CLI_MARKDOWN,
     {"markdown", KEY_MARKDOWN, NULL, 0,
      "Print `list keys' as the manual, docs/scenario.md", 0}},
    {CLI_LIMITS,
     {"window", KEY_WINDOW, "TIME", 0,
      "Events at most this much apart come in every order, such as 100ns; "
      "without it the scenario's explore_window says it",
      0}},
    {CLI_LIMITS,
     {"max-states", KEY_STATES, "N", 0, "Stop after N states (100000)", 0}},
    {CLI_LIMITS,
     {"depth", KEY_DEPTH, "N", 0,
      "Follow no more than N events from the start (100000)", 0}},
    {CLI_DIFF,
     {"feature-diff", KEY_DIFF, "FROM,TO", 0,
      "Only what changes between two configurations, and why", 0}},
};
#define ROWS (sizeof rows / sizeof rows[0])

struct parse {
    const struct cli_verb *verb;
    struct cli *cli;
};

static error_t take_host(struct argp_state *state, struct cli *cli,
                         const char *host)
{
    cli->systemc = !strcmp(host, "systemc");
    if (!cli->systemc && strcmp(host, "none") != 0)
        argp_error(state, "--host %s: expected systemc or none", host);
    return 0;
}

static error_t take_set(struct argp_state *state, struct cli *cli,
                        const char *set)
{
    if (cli->set_count == CLI_SETS)
        argp_error(state, "more than %d times --set", CLI_SETS);
    else
        cli->set[cli->set_count++] = set;
    return 0;
}

static error_t take_window(struct argp_state *state, struct cli *cli,
                           const char *text)
{
    static uint64_t window;
    char why[VALUE_TEXT];

    if (!quantity_parse(QUANTITY_TIME, text, &window, why))
        argp_error(state, "--window %s: %s", text, why);
    cli->window = &window;
    return 0;
}

static error_t take_limit(struct argp_state *state, uint32_t *limit,
                          const char *text)
{
    char why[VALUE_TEXT];
    uint64_t value;

    if (!quantity_parse(QUANTITY_COUNT, text, &value, why))
        argp_error(state, "'%s': %s", text, why);
    else if (!value || value > UINT32_MAX / 2)
        argp_error(state, "'%s': expected 1 to %u", text, UINT32_MAX / 2);
    else
        *limit = (uint32_t)value;
    return 0;
}

static error_t take_argument(struct argp_state *state, const struct parse *p,
                             const char *argument)
{
    struct cli *cli = p->cli;

    if (cli->file && !p->verb->many_files)
        argp_error(state, "one file is enough; what is '%s'?", argument);
    if (cli->file_count == CLI_FILES)
        argp_error(state, "more than %d files", CLI_FILES);
    else
        cli->files[cli->file_count++] = argument;
    cli->file = argument;
    return 0;
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct parse *p = state->input;
    struct cli *cli = p->cli;

    switch (key) {
    case KEY_VARIANT:
        cli->variant = arg;
        return 0;
    case KEY_SET:
        return take_set(state, cli, arg);
    case KEY_SEED:
        cli->seed = arg;
        return 0;
    case KEY_OUT:
        cli->out = arg;
        return 0;
    case KEY_JSON:
        cli->json = arg;
        return 0;
    case KEY_QUIET:
        cli->quiet = true;
        return 0;
    case KEY_HOST:
        return take_host(state, cli, arg);
    case KEY_MARKDOWN:
        cli->markdown = true;
        return 0;
    case KEY_WINDOW:
        return take_window(state, cli, arg);
    case KEY_STATES:
        return take_limit(state, &cli->max_states, arg);
    case KEY_DEPTH:
        return take_limit(state, &cli->depth, arg);
    case KEY_DIFF:
        cli->feature_diff = arg;
        return 0;
    case ARGP_KEY_ARG:
        return take_argument(state, p, arg);
    case ARGP_KEY_END:
        if (p->verb->needs_file && !cli->file)
            argp_error(state, "expected %s", p->verb->arguments);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void cli_parse(const struct cli_verb *verb, int argc, char **argv,
               struct cli *cli)
{
    struct argp_option options[ROWS + 1] = {0};
    struct argp argp = {.options = options,
                        .parser = take,
                        .args_doc = verb->arguments,
                        .doc = verb->text};
    struct parse p = {verb, cli};
    size_t n = 0;

    for (size_t i = 0; i < ROWS; i++)
        if (verb->options & rows[i].option)
            options[n++] = rows[i].argp;
    argp_err_exit_status = CLI_USER_MISTAKE;
    argp_parse(&argp, argc, argv, 0, NULL, &p);
}

struct scenario_set *cli_load(const struct cli *cli)
{
    struct scenario_options opts = {.set = cli->set,
                                    .set_count = cli->set_count,
                                    .seed = cli->seed,
                                    .platform_dir = "scenarios"};
    struct scenario_set *set;
    struct diag d;

    diag_init(&d);
    set = scenario_load(cli->file, &opts, &d);
    diag_print(&d, stderr);
    diag_free(&d);
    return set;
}

int cli_variant(const struct cli *cli, const struct scenario_set *set)
{
    const char *names[SCENARIO_VARIANTS], *near;

    if (!cli->variant)
        return 0;
    for (unsigned i = 0; i < set->variant_count; i++) {
        names[i] = set->variant_name[i];
        if (!strcmp(names[i], cli->variant))
            return (int)i;
    }
    near = diag_nearest(cli->variant, names, set->variant_count);
    fprintf(stderr, "--variant %s: error: %s has no such variant", cli->variant,
            set->path);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        for (unsigned i = 0; i < set->variant_count; i++)
            fprintf(stderr, "%s%s%s", i ? ", " : "; it has ", names[i],
                    i + 1 == set->variant_count ? "\n" : "");
    return -1;
}

int cli_on_variant(const struct cli_verb *verb, const struct cli *cli)
{
    struct scenario_set *set = cli_load(cli);
    int variant, status = CLI_USER_MISTAKE;

    if (!set)
        return CLI_USER_MISTAKE;
    variant = cli_variant(cli, set);
    if (variant >= 0)
        status = verb->on_variant(cli, set, (unsigned)variant);
    scenario_free(set);
    return status;
}

bool cli_watched(const struct cli *cli)
{
    return !cli->quiet && isatty(STDERR_FILENO);
}
