/* virqsim explore: a machine in every order of its events. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/protocol/protocol.h"
#include "sim/scenario/value.h"

#define STATES 100000u
#define DEPTH 100000u

/* What was explored, and how far. */
struct exploration {
    const struct cli *cli;
    const char *variant; /* or NULL: a scenario without variants */
    struct explore_limits limits;
    struct explore_result result;
};

static void print_trace(FILE *to, const struct explore_result *r)
{
    fprintf(to, "violated after %u events: %s\n", r->trace_steps, r->violation);
    for (uint32_t i = 0; i < r->trace_steps; i++)
        fprintf(to, "  %5u  %14.3f ns  %s\n", i + 1,
                (double)r->trace[i].time / (double)SIM_NS, r->trace[i].text);
}

static void print_end(FILE *to, const struct explore_result *r)
{
    if (!r->exhausted)
        fputs("NOT exhausted: a limit cut the search short\n", to);
    else if (r->ended)
        fprintf(to,
                "exhausted up to the end of the duration, which %u states "
                "reach\n",
                r->ended);
    else
        fputs("exhausted: nothing else can ever happen\n", to);
    fprintf(to, "%s in these states:\n",
            r->exhausted ? "held" : "held, as far as it went,");
    for (const char *const *i = r->invariants; *i; i++)
        fprintf(to, "  %s\n", *i);
}

static void print(FILE *to, const struct exploration *e)
{
    const struct explore_result *r = &e->result;
    char window[VALUE_TEXT];

    quantity_format(QUANTITY_TIME, e->limits.window, window);
    fprintf(to, "%s%s%s: window %s, virqsim " CLI_VERSION "\n", e->cli->file,
            e->variant ? ", variant " : "", e->variant ? e->variant : "",
            window);
    fprintf(to, "%u states, %ju transitions, up to %u events deep\n", r->states,
            (uintmax_t)r->transitions, r->depth);
    if (r->choices)
        fprintf(to, "in %u states several events can be next\n", r->choices);
    else
        fputs("one order alone: no events are due inside one window\n", to);
    if (r->violated)
        print_trace(to, r);
    else
        print_end(to, r);
}

static json_t *json_violation(const struct explore_result *r)
{
    json_t *trace = json_array();

    if (!r->violated) {
        json_decref(trace);
        return json_null();
    }
    for (uint32_t i = 0; i < r->trace_steps; i++)
        json_array_append_new(
            trace, json_pack("{s:f, s:s}", "time_ns",
                             (double)r->trace[i].time / (double)SIM_NS, "event",
                             r->trace[i].text));
    return json_pack("{s:s, s:o}", "what", r->violation, "trace", trace);
}

static json_t *json_of(const struct exploration *e)
{
    const struct explore_result *r = &e->result;
    json_t *invariants = json_array();
    json_t *json = json_pack(
        "{s:s, s:s?, s:f, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "scenario",
        e->cli->file, "variant", e->variant, "window_ns",
        (double)e->limits.window / (double)SIM_NS, "states",
        (json_int_t)r->states, "transitions", (json_int_t)r->transitions,
        "choices", (json_int_t)r->choices, "depth", (json_int_t)r->depth,
        "ended", (json_int_t)r->ended, "exhausted",
        (int)(r->exhausted && !r->violated), "violation", json_violation(r));

    for (const char *const *i = r->invariants; *i; i++)
        json_array_append_new(invariants, json_string(*i));
    json_object_set_new(json, "invariants", invariants);
    return json;
}

static bool write_json(const struct exploration *e)
{
    const char *path = e->cli->json;
    bool to_stdout = path && !strcmp(path, "-"), good;
    FILE *f = to_stdout ? stdout : path ? fopen(path, "w") : NULL;
    json_t *json;

    if (!path)
        return true;
    json = json_of(e);
    good = f && !json_dumpf(json, f, JSON_INDENT(2)) && fputc('\n', f) != EOF;
    json_decref(json);
    if (f)
        good = !(to_stdout ? fflush(f) : fclose(f)) && good;
    if (!good)
        fprintf(stderr, "virqsim: cannot write '%s': %s\n", path,
                strerror(errno));
    return good;
}

static int report(const struct exploration *e)
{
    const struct cli *cli = e->cli;
    bool aside = cli->json && !strcmp(cli->json, "-");
    bool bad = e->result.violated || !e->result.exhausted;

    if (!cli->quiet || bad)
        print(aside ? stderr : stdout, e);
    if (!write_json(e))
        return CLI_USER_MISTAKE;
    if (e->result.violated)
        return CLI_EXPECTATION_FAILED;
    return e->result.exhausted ? CLI_FINE : CLI_NOT_EXHAUSTED;
}

/* The software boots in the warm-up, in the one order of a run. */
static int explore_variant(struct exploration *e, const struct scenario *s)
{
    const char *why = machine_unexplorable(s);
    struct machine *m;
    int status;

    if (why) {
        fprintf(stderr, "%s: error: cannot be explored: %s\n", e->cli->file,
                why);
        return CLI_USER_MISTAKE;
    }
    if (!e->cli->window)
        e->limits.window = s->explore_window;
    m = machine_build_small(s);
    machine_run(m, s->warmup);
    machine_explore(m, &e->limits, &e->result);
    status = report(e);
    explore_free(&e->result);
    machine_free(m);
    return status;
}

static int explore_file(struct exploration *e)
{
    struct scenario_set *set = cli_load(e->cli);
    int variant, status = CLI_USER_MISTAKE;

    if (!set)
        return CLI_USER_MISTAKE;
    variant = cli_variant(e->cli, set);
    if (variant >= 0) {
        if (set->variant_count > 1)
            e->variant = set->variant_name[variant];
        status = explore_variant(e, &set->variant[variant]);
    }
    scenario_free(set);
    return status;
}

static int explore_protocol(struct exploration *e, const struct protocol *p)
{
    int status;

    protocol_explore(p, &e->limits, &e->result);
    status = report(e);
    explore_free(&e->result);
    return status;
}

static int run_explore(const struct cli *cli)
{
    struct exploration e = {
        .cli = cli,
        .limits = {.window = cli->window ? *cli->window : 0,
                   .states = cli->max_states ? cli->max_states : STATES,
                   .depth = cli->depth ? cli->depth : DEPTH}};

    for (const struct protocol *const *p = protocols; *p; p++)
        if (!strcmp((*p)->name, cli->file))
            return explore_protocol(&e, *p);
    return explore_file(&e);
}

const struct cli_verb cli_explore = {
    .name = "explore",
    .summary = "run a small machine in every order of its events",
    .arguments = "FILE|PROTOCOL",
    .text = "From the end of the warm-up on, runs the machine through every "
            "order of the events that are due at the same time, or inside the "
            "window, and looks at its invariants after each. Prints the number "
            "of states and the invariants that held, or the shortest trace to "
            "a violation. A protocol of `list protocols' is explored instead "
            "of a machine by its name."
            "\v"
            "Example: virqsim explore scenarios/explore/msi-and-entry.yaml "
            "--window 100ns\n"
            "         virqsim explore posting-against-entry\n\n"
            "Exit status: 0 all held in every order, 1 a violation, 2 a "
            "mistake in the input, 4 a limit cut the search short.",
    .options = CLI_VARIANT | CLI_SET | CLI_OUTPUT | CLI_LIMITS,
    .needs_file = true,
    .run = run_explore,
};
