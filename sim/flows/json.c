/* The tables as JSON. */
#include <jansson.h>
#include <string.h>

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
    return json_pack("{s:{s:i, s:o}, s:o}", "exits", "total", (int)cell->total,
                     "by_reason", by_reason, "latency_ns",
                     cell->timed
                         ? json_real((double)cell->time / (double)SIM_NS)
                         : json_null());
}

static bool shown(const struct flow_diff *diff, const struct flow_config *c)
{
    return !diff || c == diff->from || c == diff->to;
}

static bool changed(const struct flow_tables *t, unsigned row,
                    const struct flow_diff *diff)
{
    const struct flow_cell *a, *b;

    if (!diff)
        return true;
    a = flow_tables_cell(t, row, (unsigned)(diff->from - flow_configs));
    b = flow_tables_cell(t, row, (unsigned)(diff->to - flow_configs));
    return a->gap != b->gap || memcmp(a->exits, b->exits, sizeof a->exits);
}

static json_t *json_row(const struct flow_tables *t, unsigned row,
                        const struct flow_diff *diff)
{
    const struct flow_row *r = &flow_rows[row];
    json_t *cells = json_object();

    for (unsigned c = 0; c < flow_config_count; c++)
        if (shown(diff, &flow_configs[c]))
            json_object_set_new(cells, flow_configs[c].name,
                                json_cell(flow_tables_cell(t, row, c)));
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "key", r->key, "event",
                     (int)r->event, "event_title", flow_event_title(r->event),
                     "title", r->title, "side",
                     flow_cpu(r) ? "send" : "receive", "cells", cells);
}

bool flow_write_json(FILE *to, const struct flow_tables *t,
                     const struct flow_diff *diff)
{
    json_t *rows = json_array();
    json_t *json =
        json_pack("{s:s, s:o}", "platform", t->platform, "rows", rows);
    bool good;

    for (unsigned r = 0; r < flow_row_count; r++)
        if (changed(t, r, diff))
            json_array_append_new(rows, json_row(t, r, diff));
    good = !json_dumpf(json, to, JSON_INDENT(2)) && fputc('\n', to) != EOF;
    json_decref(json);
    return good;
}
