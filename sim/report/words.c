/* A result in words: the first line, expectations, published values. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/report/summary.h"

/* Appends `text` unless it is there already; "..." stands for what has no
 * room. */
static void join(char *list, size_t room, const char *text)
{
    size_t used = strlen(list);
    const char *at = list;

    for (; *at; at += strcspn(at, ",") + (strchr(at, ',') ? 2 : 0)) {
        size_t n = strcspn(at, ",");

        if (strlen(text) == n && strncmp(at, text, n) == 0)
            return;
        if (at[n] == '\0')
            break;
    }
    if (used + strlen(text) + sizeof ", ..." + 2 > room) {
        if (used + sizeof ", ..." < room && !strstr(list, "..."))
            strcat(list, ", ...");
        return;
    }
    snprintf(list + used, room - used, "%s%s", used ? ", " : "", text);
}

static double simulated_ns(const struct result *r, unsigned column)
{
    const struct figure *f =
        figures_find(&r->figures[column], "time.simulated_ns");

    return f ? f->real : (double)result_scenario(r, column)->duration / 1e6;
}

static void make_simulated(struct headline *h, const struct result *r)
{
    double least = simulated_ns(r, 0), most = least;
    char from[NUMBER_TEXT], to[NUMBER_TEXT];

    for (unsigned i = 1; i < r->variant_count; i++) {
        double ns = simulated_ns(r, i);

        least = ns < least ? ns : least;
        most = ns > most ? ns : most;
    }
    number_time(from, least);
    number_time(to, most);
    if (strcmp(from, to) == 0)
        snprintf(h->simulated, sizeof h->simulated, "%s", from);
    else
        snprintf(h->simulated, sizeof h->simulated, "%.32s to %.32s", from, to);
}

void headline_make(struct headline *h, const struct result *r)
{
    memset(h, 0, sizeof *h);
    snprintf(h->variants, sizeof h->variants, "%u variant%s", r->variant_count,
             r->variant_count == 1 ? "" : "s");
    for (unsigned i = 0; i < r->variant_count; i++) {
        const struct scenario *s = result_scenario(r, i);
        char seed[NUMBER_TEXT];

        snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
        join(h->seed, sizeof h->seed, seed);
        join(h->profile, sizeof h->profile, s->platform.name);
    }
    if (r->variant_count)
        make_simulated(h, r);
}

void check_limits(char out[SCENARIO_TEXT], const struct scenario_expect *e)
{
    char min[NUMBER_TEXT], max[NUMBER_TEXT];

    number_limit(min, e->min);
    number_limit(max, e->max);
    if (e->has_min && e->has_max && e->min == e->max)
        snprintf(out, SCENARIO_TEXT, "exactly %s", min);
    else if (e->has_min && e->has_max)
        snprintf(out, SCENARIO_TEXT, "%s to %s", min, max);
    else if (e->has_min)
        snprintf(out, SCENARIO_TEXT, "at least %s", min);
    else
        snprintf(out, SCENARIO_TEXT, "at most %s", max);
}

void check_value(char out[SCENARIO_TEXT], const struct result_check *c)
{
    char value[NUMBER_TEXT];

    if (c->verdict == VERDICT_NO_FIGURE) {
        snprintf(out, SCENARIO_TEXT, "not a figure of this run");
        return;
    }
    if (!c->figure) {
        snprintf(out, SCENARIO_TEXT, "0 (none was counted)");
        return;
    }
    /* all digits where rounding could hide why it failed */
    if (c->verdict == VERDICT_FAILED && c->figure->kind == FIGURE_REAL)
        number_limit(value, c->figure->real);
    else
        number_pretty(value, c->figure);
    snprintf(out, SCENARIO_TEXT, "%s", value);
}

const char *check_verdict(const struct result_check *c)
{
    return c->verdict == VERDICT_HELD ? "held" : "FAILED";
}

void unchecked_words(char out[SCENARIO_TEXT], const struct result *r)
{
    unsigned n = result_unchecked(r);

    out[0] = '\0';
    if (n)
        snprintf(out, SCENARIO_TEXT,
                 "%u expectation%s about variants that did not run", n,
                 n == 1 ? " is" : "s are");
}

void figure_text(char out[NUMBER_TEXT], const struct figure *f)
{
    if (f)
        number_pretty(out, f);
    else
        strcpy(out, "-");
}

void published_words(struct published_text *t, const struct result_published *p)
{
    const struct figure_name *name = figure_name_of(p->row->figure);

    t->unit = name ? name->unit : "";
    figure_text(t->simulated, p->simulated);
    number_limit(t->published, p->published);
    if (p->has_error)
        number_difference(t->error, p->error_percent);
    else
        strcpy(t->error, "-");
}
