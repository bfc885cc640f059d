/* The tables as JSON. */
#include <jansson.h>

#include "sim/flows/flows.h"

static json_t *json_cell(const struct flow_cell *cell)
{
    json_t *by_reason;

    if (cell->gap != FLOW_GAP_NOWHERE)
        return json_pack("{s:n, s:s}", "exits", "why",
                         flow_gap_sentence(cell->gap));
    by_reason = json_object();
    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        if (cell->exits[r])
            json_object_set_new(by_reason, exit_reason_name(r),
                                json_integer(cell->exits[r]));
    return json_pack("{s:{s:i, s:o}, s:f, s:f, s:b}", "exits", "total",
                     (int)cell->total, "by_reason", by_reason, "latency_ns",
                     (double)cell->time / (double)SIM_NS, "own_ns",
                     (double)cell->own / (double)SIM_NS, "assumed",
                     (int)cell->assumed);
}

static bool shown(const struct flow_diff *diff, const struct flow_config *c)
{
    return !diff || c == diff->from || c == diff->to;
}

static json_t *json_row(const struct flow_tables *t, unsigned row,
                        const struct flow_diff *diff)
{
    const struct flow_row *r = &flow_rows[row];
    static const char *const sides[] = {
        [FLOW_V0] = "receive", [FLOW_V1] = "send", [FLOW_BOTH] = "both"};
    json_t *cells = json_object();

    for (unsigned c = 0; c < flow_config_count; c++)
        if (shown(diff, &flow_configs[c]))
            json_object_set_new(cells, flow_configs[c].name,
                                json_cell(flow_tables_cell(t, row, c)));
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "key", r->key, "event",
                     (int)r->event, "event_title", flow_event_title(r->event),
                     "title", r->title, "side", sides[r->side], "cells", cells);
}

/* A feature on the way, and why it changes the exits. */
static json_t *json_step(const struct flow_step *s)
{
    json_t *why = json_object();

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++) {
        bool fewer = s->after.exits[r] < s->before.exits[r];

        if (flow_step_counts(s) && s->before.exits[r] != s->after.exits[r])
            json_object_set_new(
                why, exit_reason_name(r),
                json_pack("s?", flow_why(s->feature, r, fewer == s->with)));
    }
    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "feature", s->feature->name,
                     "with", (int)s->with, "before", json_cell(&s->before),
                     "after", json_cell(&s->after), "why", why);
}

/* NULL: nothing changes in the row. */
static json_t *json_change(const struct flow_tables *t, unsigned row,
                           const struct flow_diff *diff)
{
    struct flow_change change = flow_diff_row(t, diff, row);
    json_t *json, *by;

    if (!change.changed && !change.other_time)
        return NULL;
    by = json_array();
    for (unsigned i = 0; i < change.count; i++)
        json_array_append_new(by, json_step(&change.step[i]));
    json = json_row(t, row, diff);
    json_object_set_new(json, "exits_change", json_boolean(change.changed));
    json_object_set_new(json, "changed_by", by);
    return json;
}

bool flow_write_json(FILE *to, const struct flow_tables *t,
                     const struct flow_diff *diff)
{
    json_t *rows = json_array();
    json_t *json = json_pack("{s:s, s:o}", "platform", t->base->platform.name,
                             "rows", rows);
    bool good;

    for (unsigned r = 0; r < flow_row_count; r++)
        json_array_append_new(rows, diff ? json_change(t, r, diff)
                                         : json_row(t, r, NULL));
    good = !json_dumpf(json, to, JSON_INDENT(2)) && fputc('\n', to) != EOF;
    json_decref(json);
    return good;
}
