/* From a machine that has run to the result, and to every form of it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/report/report.h"
#include "sim/sc/twins.h"

struct machine *cli_build(const struct scenario *s)
{
    return machine_build_with(s, &sc_twins);
}

bool cli_collect(struct result *r, unsigned i, struct machine *m)
{
    const char *why;

    figures_init(&r->figures[i]);
    why = machine_finish(m, &r->figures[i]);
    r->resolved[i] = scenario_show(r->set, r->variant[i]);
    if (why)
        fprintf(stderr,
                "virqsim: variant '%s' does not add up: %s\n"
                "This is a fault of virqsim; please report it with the "
                "scenario.\n",
                result_name(r, i), why);
    return !why;
}

typedef void view_fn(FILE *to, const struct result *r);

/* True if the view was written in full. */
static bool write_view(const char *path, view_fn *view, const struct result *r)
{
    FILE *f = fopen(path, "w");
    bool good = f;

    if (f) {
        view(f, r);
        good = !ferror(f);
        good = !fclose(f) && good;
    }
    if (!good)
        fprintf(stderr, "virqsim: cannot write '%s': %s\n", path,
                strerror(errno));
    return good;
}

/* Makes the folder and those above it. */
static bool make_folder(const char *folder)
{
    char path[4096];
    size_t bytes = (size_t)snprintf(path, sizeof path, "%s", folder);

    if (bytes >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= bytes; i++) {
        if (path[i] != '/' && path[i])
            continue;
        path[i] = 0;
        if (mkdir(path, 0777) && errno != EEXIST)
            return false;
        path[i] = folder[i];
    }
    return true;
}

bool cli_make_folder(const char *folder)
{
    bool good = make_folder(folder);

    if (!good)
        fprintf(stderr, "virqsim: cannot make '%s': %s\n", folder,
                strerror(errno));
    return good;
}

static bool write_folder(const char *folder, const struct result *r)
{
    static const struct {
        const char *name;
        view_fn *view;
    } files[] = {
        {"result.json", report_json},
        {"report.md", report_markdown},
        {"report.csv", report_csv},
        {"report.html", report_html},
    };
    bool good = cli_make_folder(folder);

    for (size_t i = 0; i < sizeof files / sizeof files[0] && good; i++) {
        char path[CLI_PATH];

        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        good = write_view(path, files[i].view, r);
    }
    return good;
}

static bool write_json(const char *path, const struct result *r)
{
    if (strcmp(path, "-") != 0)
        return write_view(path, report_json, r);
    report_json(stdout, r);
    return !fflush(stdout);
}

int cli_report(const struct cli *cli, struct result *r)
{
    bool to_stdout = cli->json && !strcmp(cli->json, "-");
    FILE *person = to_stdout ? stderr : stdout;

    if (!cli->quiet)
        report_terminal(person, r);
    if (cli->json && !write_json(cli->json, r))
        return CLI_USER_MISTAKE;
    if (cli->out && !write_folder(cli->out, r))
        return CLI_USER_MISTAKE;
    if (!result_failed(r))
        return CLI_FINE;
    if (cli->quiet || person != stderr) /* else the tables have said it */
        report_failures(stderr, r);
    return CLI_EXPECTATION_FAILED;
}
