/* virqsim replay: recorded answers against the models'. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/replay/replay.h"
#include "sim/report/text.h"

#define LINE_SHOWN 120

/* All files together. */
struct replays {
    const struct cli *cli;
    FILE *person;
    struct replay_result sum;
    json_t *first; /* or NULL: nothing is different */
    struct diag diag;
};

/* What is shown of a line; to be freed. */
static char *shown(const struct recording *r, uint32_t line)
{
    const struct recording_line *l = &r->line[line - 1];
    char start[LINE_SHOWN + 1];

    snprintf(start, sizeof start, "%.*s",
             (int)(l->bytes < LINE_SHOWN ? l->bytes : LINE_SHOWN), l->text);
    return text_clean(start);
}

static void print_line(FILE *to, const struct recording *r, uint32_t line)
{
    char *text = shown(r, line);

    fprintf(to, "%s:%u: %s", r->path, line, text);
    free(text);
}

static void print_first(FILE *to, const struct recording *r,
                        const struct replay_first *f)
{
    fputs("first difference: ", to);
    print_line(to, r, f->line);
    fprintf(to, "\n  expected %s\n  got      %s\n", f->expected, f->got);
    if (f->earlier_count)
        fputs("  what led to it:\n", to);
    for (unsigned i = 0; i < f->earlier_count; i++) {
        fputs("    ", to);
        print_line(to, r, f->earlier[i]);
        fputc('\n', to);
    }
}

static void print_result(const struct replays *all, const struct recording *r,
                         const struct replay_result *result)
{
    FILE *to = all->person;

    if (all->cli->quiet && !result->different)
        return;
    fprintf(to, "%s: %ju compared, %ju different, %ju unscored\n", r->path,
            (uintmax_t)result->compared, (uintmax_t)result->different,
            (uintmax_t)result->unscored);
    for (int e = 0; e < REPLAY_EXCEPTIONS; e++)
        if (result->excepted[e])
            fprintf(to, "  %ju of these break %s; the recorded machine %s\n",
                    (uintmax_t)result->excepted[e],
                    replay_exception_rule((enum replay_exception)e),
                    replay_exception_recording((enum replay_exception)e));
    if (result->different)
        print_first(to, r, &result->first);
}

static json_t *json_line(const struct recording *r, uint32_t line)
{
    char *text = shown(r, line);
    json_t *json =
        json_pack("{s:I, s:s}", "line", (json_int_t)line, "operation", text);

    free(text);
    return json;
}

static json_t *json_first(const struct recording *r,
                          const struct replay_first *f)
{
    json_t *earlier = json_array(), *first;
    char *path = text_clean(r->path); /* jansson takes UTF-8 only */

    for (unsigned i = 0; i < f->earlier_count; i++)
        json_array_append_new(earlier, json_line(r, f->earlier[i]));
    first = json_pack("{s:s}", "file", path);
    free(path);
    json_object_update_new(first, json_line(r, f->line));
    json_object_set_new(first, "expected", json_string(f->expected));
    json_object_set_new(first, "got", json_string(f->got));
    json_object_set_new(first, "earlier", earlier);
    return first;
}

static void replay_file(struct replays *all, const char *path)
{
    struct recording *r = recording_load(path, &all->diag);
    struct replay_result result;

    if (r && replay_play(r, &result, &all->diag)) {
        print_result(all, r, &result);
        if (result.different && !all->first)
            all->first = json_first(r, &result.first);
        all->sum.compared += result.compared;
        all->sum.different += result.different;
        all->sum.unscored += result.unscored;
    }
    recording_free(r);
}

static bool write_json(const char *path, const json_t *json)
{
    bool to_stdout = !strcmp(path, "-"), good;
    FILE *f = to_stdout ? stdout : fopen(path, "w");

    good = f && !json_dumpf(json, f, JSON_INDENT(2)) && fputc('\n', f) != EOF;
    if (f && !to_stdout)
        good = !fclose(f) && good;
    else if (f)
        good = !fflush(f) && good;
    if (!good)
        fprintf(stderr, "virqsim: cannot write '%s': %s\n", path,
                strerror(errno));
    return good;
}

/* Takes `first` over. */
static bool report_json_of(struct replays *all)
{
    json_t *json = json_pack("{s:I, s:I, s:I, s:o}", "compared",
                             (json_int_t)all->sum.compared, "different",
                             (json_int_t)all->sum.different, "unscored",
                             (json_int_t)all->sum.unscored, "first",
                             all->first ? all->first : json_null());
    bool good = !all->cli->json || write_json(all->cli->json, json);

    json_decref(json);
    return good;
}

static int replay(const struct cli *cli)
{
    struct replays all = {.cli = cli, .person = stdout};
    bool broken;

    if (cli->json && !strcmp(cli->json, "-"))
        all.person = stderr;
    diag_init(&all.diag);
    for (unsigned i = 0; i < cli->file_count; i++)
        replay_file(&all, cli->files[i]);
    fflush(all.person);
    diag_print(&all.diag, stderr);
    broken = all.diag.errors > 0;
    diag_free(&all.diag);
    if (broken) {
        json_decref(all.first);
        return CLI_USER_MISTAKE;
    }
    if (!report_json_of(&all))
        return CLI_USER_MISTAKE;
    return all.sum.different ? CLI_EXPECTATION_FAILED : CLI_FINE;
}

const struct cli_verb cli_replay = {
    .name = "replay",
    .summary = "compare recorded answers with the models'",
    .arguments = "FILE...",
    .text = "Plays recordings of interrupt controllers into the models and "
            "compares every recorded answer. Prints how many were compared, "
            "how many differ, and the first difference with the operations "
            "that led to it."
            "\v"
            "Example: virqsim replay tests/recorded/pic-101.txt\n\n"
            "Exit status: 0 fine, 1 an answer differs, 2 a mistake in the "
            "input.",
    .options = CLI_OUTPUT,
    .needs_file = true,
    .many_files = true,
    .run = replay,
};
