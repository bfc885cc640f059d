/* virqsim list: what there is. */
#include <glob.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/protocol/protocol.h"
#include "sim/report/figure_names.h"
#include "sim/scenario/keys.h"

static void list_files(const char *pattern)
{
    glob_t found;

    if (!glob(pattern, 0, NULL, &found))
        for (size_t i = 0; i < found.gl_pathc; i++)
            puts(found.gl_pathv[i]);
    else
        fprintf(stderr, "virqsim: no file fits '%s' here\n", pattern);
    globfree(&found);
}

static void list_scenarios(const struct cli *cli)
{
    (void)cli;
    list_files("scenarios/*.yaml");
    list_files("scenarios/explore/*.yaml");
}

static void list_platforms(const struct cli *cli)
{
    (void)cli;
    list_files("scenarios/platforms/*.yaml");
}

static void list_keys(const struct cli *cli)
{
    if (cli->markdown)
        keys_markdown(stdout);
    else
        keys_list(stdout);
}

static void list_figures(const struct cli *cli)
{
    (void)cli;
    report_figure_names(stdout);
}

static void list_schema(const struct cli *cli)
{
    (void)cli;
    keys_schema(stdout);
}

static void list_protocols(const struct cli *cli)
{
    (void)cli;
    for (const struct protocol *const *p = protocols; *p; p++)
        printf("%-27s %s\n", (*p)->name, (*p)->title);
}

static const struct {
    const char *name;
    void (*list)(const struct cli *cli);
} lists[] = {
    {"scenarios", list_scenarios}, {"platforms", list_platforms},
    {"keys", list_keys},           {"figures", list_figures},
    {"schema", list_schema},       {"protocols", list_protocols},
};
#define LISTS (sizeof lists / sizeof lists[0])

static int unknown(const char *name)
{
    const char *names[LISTS], *near;

    for (size_t i = 0; i < LISTS; i++)
        names[i] = lists[i].name;
    near = diag_nearest(name, names, LISTS);
    fprintf(stderr, "virqsim list: there is no list '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        fputs("; expected scenarios, platforms, keys, figures, schema or "
              "protocols\n",
              stderr);
    return CLI_USER_MISTAKE;
}

static int list(const struct cli *cli)
{
    for (size_t i = 0; i < LISTS; i++)
        if (!strcmp(lists[i].name, cli->file)) {
            lists[i].list(cli);
            return CLI_FINE;
        }
    return unknown(cli->file);
}

const struct cli_verb cli_list = {
    .name = "list",
    .summary = "list scenarios, platforms, keys, figures and so on",
    .arguments = "scenarios|platforms|keys|figures|schema|protocols",
    .text = "Lists the scenarios and platform profiles of the current folder, "
            "all keys of scenario files, the names of all figures, the "
            "protocols that can be explored, or prints the JSON Schema of "
            "scenario files."
            "\v"
            "Example: virqsim list keys\n\n"
            "Exit status: 0 fine, 2 a mistake in the input.",
    .options = CLI_MARKDOWN,
    .needs_file = true,
    .run = list,
};
