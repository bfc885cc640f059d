/* virqsim explore: a machine in every order of its events. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/protocol/protocol.h"
#include "sim/report/text.h"
#include "sim/scenario/value.h"

#define STATES 100000u
#define DEPTH 100000u

#define WIDTH 80

/* What was explored, and how far. */
struct exploration {
    const struct cli *cli;
    const struct protocol *protocol; /* NULL: a machine */
    const char *variant;             /* or NULL: a scenario without variants */
    unsigned variants;               /* that the scenario has */
    sim_time from, until;            /* of a machine */
    struct explore_limits limits;
    struct explore_result result;
};

static double in_ns(sim_time time)
{
    return (double)time / (double)SIM_NS;
}

/* `format` and what follows it, behind `lead`. */
static void say(FILE *to, const char *lead, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(FILE *to, const char *lead, const char *format, ...)
{
    char text[2 * EXPLORE_VIOLATION];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    text_wrapped(to, WIDTH, lead, text);
}

/* By how much another one went first that was due later. */
static sim_time late_by(const struct explore_result *r, uint32_t step)
{
    sim_time latest = r->trace[step].time;

    for (uint32_t i = 0; i < step; i++)
        if (r->trace[i].time > latest)
            latest = r->trace[i].time;
    return latest - r->trace[step].time;
}

static void print_step(FILE *to, const struct exploration *e, uint32_t step)
{
    const struct explore_step *s = &e->result.trace[step];
    sim_time late = late_by(&e->result, step);
    char lead[64], due[32] = "", behind[32] = "";

    if (!e->protocol)
        snprintf(due, sizeof due, "%15.3f", in_ns(s->time));
    if (late)
        snprintf(behind, sizeof behind, "%.3f", in_ns(late));
    snprintf(lead, sizeof lead, e->protocol ? "%5u%s%s  " : "%5u%s%12s  ",
             step + 1, due, behind);
    text_wrapped(to, WIDTH, lead, s->text);
}

static void print_trace(FILE *to, const struct exploration *e)
{
    const struct explore_result *r = &e->result;

    say(to, "Result:   ", "VIOLATED after %u events: %s", r->trace_steps,
        r->violation);
    say(to, "", "This is the shortest way there. %s",
        e->protocol ? "" : "Late: behind one that was due so much later.");
    if (!e->protocol)
        fputs("event        due, ns    late, ns\n", to);
    for (uint32_t i = 0; i < r->trace_steps; i++)
        print_step(to, e, i);
}

static void print_end(FILE *to, const struct exploration *e)
{
    static const char lead[] = "Result:   ";
    const struct explore_result *r = &e->result;

    if (r->exhausted)
        say(to, lead,
            "exhausted: no state breaks an invariant, and what follows it is "
            "among them; %s",
            r->ended ? "the search ends with the duration"
                     : "in the end nothing else can ever happen");
    else if (r->states == e->limits.states)
        say(to, lead, "NOT exhausted: cut short at %u states (--max-states)",
            r->states);
    else if (r->depth == e->limits.depth)
        say(to, lead, "NOT exhausted: cut short at %u events (--depth)",
            r->depth);
    else
        say(to, lead, "NOT exhausted: too many events in one window");
    fputs(r->exhausted ? "What held in each state:\n"
                       : "What held, as far as it went:\n",
          to);
    for (const char *const *i = r->invariants; *i; i++)
        text_wrapped(to, WIDTH, "  - ", *i);
}

static void print_question(FILE *to, const struct exploration *e)
{
    static const char lead[] = "Explored: ";
    char window[VALUE_TEXT], from[VALUE_TEXT], until[VALUE_TEXT];

    if (e->protocol) {
        say(to, lead, "every order of the agents' accesses to memory");
        return;
    }
    quantity_format(QUANTITY_TIME, e->limits.window, window);
    quantity_format(QUANTITY_TIME, e->from, from);
    quantity_format(QUANTITY_TIME, e->until, until);
    say(to, lead,
        "every order of the events from %s to %s in which none comes before "
        "one that was due more than %s earlier (the window)",
        from, until, window);
}

static void print(FILE *to, const struct exploration *e)
{
    const struct explore_result *r = &e->result;

    fputs(e->cli->file, to);
    if (e->variant)
        fprintf(to, ", variant %s of %u", e->variant, e->variants);
    fputs("; virqsim " CLI_VERSION "\n", to);
    print_question(to, e);
    fprintf(to, "Found:    %u states, %ju transitions, up to %u events deep\n",
            r->states, (uintmax_t)r->transitions, r->depth);
    if (r->choices)
        fprintf(to, "          in %u states several events can be next\n",
                r->choices);
    else
        fputs("          one order alone: no two events are in one window\n",
              to);
    if (r->violated)
        print_trace(to, e);
    else
        print_end(to, e);
}

static json_t *json_violation(const struct explore_result *r)
{
    json_t *trace = json_array();

    if (!r->violated) {
        json_decref(trace);
        return json_null();
    }
    for (uint32_t i = 0; i < r->trace_steps; i++)
        json_array_append_new(trace, json_pack("{s:f, s:f, s:s}", "time_ns",
                                               in_ns(r->trace[i].time),
                                               "late_ns", in_ns(late_by(r, i)),
                                               "event", r->trace[i].text));
    return json_pack("{s:s, s:o}", "what", r->violation, "trace", trace);
}

static json_t *json_of(const struct exploration *e)
{
    const struct explore_result *r = &e->result;
    json_t *invariants = json_array();
    json_t *json = json_pack(
        "{s:s, s:s?, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:b, s:o}",
        "scenario", e->cli->file, "variant", e->variant, "from_ns",
        in_ns(e->from), "until_ns", in_ns(e->until), "window_ns",
        in_ns(e->limits.window), "states", (json_int_t)r->states, "transitions",
        (json_int_t)r->transitions, "choices", (json_int_t)r->choices, "depth",
        (json_int_t)r->depth, "ended", (json_int_t)r->ended, "exhausted",
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
    e->from = s->warmup;
    e->until = s->warmup + s->duration;
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
        e->variants = set->variant_count;
        status = explore_variant(e, &set->variant[variant]);
    }
    scenario_free(set);
    return status;
}

static int explore_protocol(struct exploration *e, const struct protocol *p)
{
    const struct cli *cli = e->cli;
    int status;

    if (cli->variant || cli->set_count || cli->seed || cli->window) {
        fprintf(stderr,
                "%s: error: a protocol has no time and no keys: --variant, "
                "--set, --seed and --window are for scenarios\n",
                cli->file);
        return CLI_USER_MISTAKE;
    }
    e->protocol = p;
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
            "--window 2us\n"
            "         virqsim explore posting-against-entry\n\n"
            "Exit status: 0 all held in every order, 1 a violation, 2 a "
            "mistake in the input, 4 a limit cut the search short.",
    .options = CLI_VARIANT | CLI_SET | CLI_OUTPUT | CLI_LIMITS,
    .needs_file = true,
    .run = run_explore,
};
