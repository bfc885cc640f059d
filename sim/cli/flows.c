/* virqsim flows: what each event costs in each configuration. */
#include <errno.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/core/diag.h"
#include "sim/flows/flows.h"

static struct scenario_set *load(const struct cli *cli)
{
    struct scenario_options opts = {
        .set = cli->set, .set_count = cli->set_count, .seed = cli->seed};

    return flow_load(&opts);
}

static const struct flow_config *config_named(const char *name, size_t length)
{
    const struct flow_config *c = flow_config_named(name, length);

    if (c)
        return c;
    fprintf(stderr, "--feature-diff: error: no configuration '%.*s'; there is",
            (int)length, name);
    for (unsigned i = 0; i < flow_config_count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", flow_configs[i].name);
    fputc('\n', stderr);
    return NULL;
}

/* "FROM,TO"; false after a mistake is printed. */
static bool read_diff(const char *text, struct flow_diff *diff)
{
    const char *comma = strchr(text, ',');

    if (!comma) {
        fprintf(stderr,
                "--feature-diff %s: error: expected two "
                "configurations, such as apicv,posted\n",
                text);
        return false;
    }
    diff->from = config_named(text, (size_t)(comma - text));
    diff->to = diff->from ? config_named(comma + 1, strlen(comma + 1)) : NULL;
    return diff->to;
}

static bool write_json(const struct cli *cli, const struct flow_tables *t,
                       const struct flow_diff *diff)
{
    bool to_stdout = cli->json && !strcmp(cli->json, "-"), good;
    FILE *f;

    if (!cli->json)
        return true;
    f = to_stdout ? stdout : fopen(cli->json, "w");
    good = f && flow_write_json(f, t, diff);
    if (f)
        good = !(to_stdout ? fflush(f) : fclose(f)) && good;
    if (!good)
        fprintf(stderr, "virqsim: cannot write '%s': %s\n", cli->json,
                strerror(errno));
    return good;
}

/* One form of the tables in the folder. */
static bool write_view(const char *folder, const char *name,
                       void (*view)(FILE *to, const struct flow_tables *t),
                       const struct flow_tables *t)
{
    char path[CLI_PATH];
    FILE *f;
    bool good;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    if (f)
        view(f, t);
    good = f && !ferror(f);
    if (f)
        good = !fclose(f) && good;
    if (!good)
        fprintf(stderr, "virqsim: cannot write '%s': %s\n", path,
                strerror(errno));
    return good;
}

static bool write_folder(const struct cli *cli, const struct flow_tables *t)
{
    return !cli->out ||
           (cli_make_folder(cli->out) &&
            write_view(cli->out, "flows.html", flow_write_html, t) &&
            write_view(cli->out, "flows.csv", flow_write_csv, t));
}

static int run_flows(const struct cli *cli)
{
    bool aside = cli->json && !strcmp(cli->json, "-"), good, broken;
    struct flow_diff named, *diff = cli->feature_diff ? &named : NULL;
    struct scenario_set *set;
    struct flow_tables t;

    if (cli->file) {
        fprintf(stderr,
                "flows: error: it runs machines of its own; what is "
                "'%s'?\n",
                cli->file);
        return CLI_USER_MISTAKE;
    }
    if (diff && !read_diff(cli->feature_diff, diff))
        return CLI_USER_MISTAKE;
    set = load(cli);
    if (!set)
        return CLI_USER_MISTAKE;
    t = flow_tables_run(&set->variant[0]);
    if (!cli->quiet)
        flow_print(aside ? stderr : stdout, &t, diff);
    good = write_json(cli, &t, diff) && write_folder(cli, &t);
    broken = flow_tables_broken(&t);
    flow_tables_free(&t);
    scenario_free(set);
    if (!good)
        return CLI_USER_MISTAKE;
    return broken ? CLI_OUR_FAULT : CLI_FINE;
}

const struct cli_verb cli_flows = {
    .name = "flows",
    .summary = "count the exits of nine events in eight configurations",
    .text =
        "Runs a small machine for each event that interrupts a virtual machine "
        "and each configuration of interrupt virtualization, and prints the VM "
        "exits by their reasons and the time it took. A cell that cannot be "
        "computed is '-' and the number of a footnote. --set changes the "
        "platform, as a "
        "whole or key by key."
        "\v"
        "Example: virqsim flows\n"
        "         virqsim flows --feature-diff apicv,posted\n"
        "         virqsim flows --out build/flows\n"
        "         virqsim flows --set platform=platforms/nehalem-x5570.yaml\n\n"
        "Exit status: 0 fine, 2 a mistake in the input, 3 a run's accounts do "
        "not add up.",
    .options = CLI_SET | CLI_OUTPUT | CLI_DIFF | CLI_TABLES,
    .run = run_flows,
};
