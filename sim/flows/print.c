/* The tables as text. */
#include <string.h>

#include "sim/flows/flows.h"

#define LABEL 24
#define COLUMN 9

static bool several_reasons(const struct flow_cell *cell)
{
    unsigned reasons = 0;

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        reasons += cell->exits[r] != 0;
    return reasons > 1;
}

/* To fit a column: "2x48"; "1+7", one exit of each; or "-" with the number of
 * its footnote. */
static void short_text(const struct flow_cell *cell, char text[FLOW_TEXT])
{
    bool several = several_reasons(cell);
    size_t n = 0;

    snprintf(text, FLOW_TEXT, "0");
    if (cell->gap != FLOW_GAP_NOWHERE)
        snprintf(text, FLOW_TEXT, "-%u", cell->gap);
    for (unsigned r = 0; r < EXIT_REASON_LIMIT && n < FLOW_TEXT; r++) {
        if (!cell->exits[r])
            continue;
        if (n)
            text[n++] = '+';
        if (several && cell->exits[r] == 1)
            n += (size_t)snprintf(text + n, FLOW_TEXT - n, "%u", r);
        else
            n += (size_t)snprintf(text + n, FLOW_TEXT - n, "%ux%u",
                                  cell->exits[r], r);
    }
}

/* Up to the last column that has a time. */
static void print_times(FILE *to, const struct flow_tables *t, unsigned row)
{
    int blank = LABEL;

    for (unsigned c = 0; c < flow_config_count; c++) {
        const struct flow_cell *cell = flow_tables_cell(t, row, c);

        blank += COLUMN;
        if (!cell->timed)
            continue;
        fprintf(to, "%*.0f", blank, (double)cell->time / (double)SIM_NS);
        blank = 0;
    }
    if (blank < LABEL + (int)flow_config_count * COLUMN)
        fputc('\n', to);
}

static void print_row(FILE *to, const struct flow_tables *t, unsigned row)
{
    char text[FLOW_TEXT];

    fprintf(to, "%-*s", LABEL, flow_rows[row].title);
    for (unsigned c = 0; c < flow_config_count; c++) {
        short_text(flow_tables_cell(t, row, c), text);
        fprintf(to, "%*s", COLUMN, text);
    }
    fputc('\n', to);
    print_times(to, t, row);
}

static void print_head(FILE *to, unsigned event)
{
    fprintf(to, "\n%u. %s\n%-*s", event, flow_event_title(event), LABEL, "");
    for (unsigned c = 0; c < flow_config_count; c++)
        fprintf(to, " %*s", COLUMN - 1, flow_configs[c].letter);
    fputc('\n', to);
}

static void print_columns(FILE *to)
{
    fputs("Configurations:\n", to);
    for (unsigned c = 0; c < flow_config_count; c++)
        fprintf(to, "  %s  %-13s %s\n", flow_configs[c].letter,
                flow_configs[c].name, flow_configs[c].title);
    fputs("NxR: N exits with basic reason R, of V1 where a guest sends to "
          "another one, of both in\n'of both', else of V0; R+S: one exit of "
          "each.  Below it: nanoseconds, from the event to\nV0's handler, or "
          "of the guest's instruction.\n",
          to);
}

static bool used(const struct flow_tables *t, enum flow_gap gap)
{
    for (unsigned i = 0; i < flow_row_count * flow_config_count; i++)
        if (t->cell[i].gap == gap)
            return true;
    return false;
}

static void print_gaps(FILE *to, const struct flow_tables *t)
{
    fputc('\n', to);
    for (unsigned gap = FLOW_GAP_NOWHERE + 1; gap < FLOW_GAPS; gap++)
        if (used(t, (enum flow_gap)gap))
            fprintf(to, "-%u  %s\n", gap,
                    flow_gap_sentence((enum flow_gap)gap));
}

static void print_tables(FILE *to, const struct flow_tables *t)
{
    unsigned event = 0;

    print_columns(to);
    for (unsigned r = 0; r < flow_row_count; r++) {
        if (flow_rows[r].event != event)
            print_head(to, event = flow_rows[r].event);
        print_row(to, t, r);
    }
    print_gaps(to, t);
}

/* ---- the difference of two ---- */

static void print_features(FILE *to, const struct flow_diff *d)
{
    for (unsigned i = 0; i < FLOW_FEATURES; i++) {
        const struct flow_feature *f = &flow_features[i];
        bool has = flow_config_has(d->to, f);

        if (has != flow_config_has(d->from, f))
            fprintf(to, "  %s %s: %s\n", has ? "with" : "without", f->name,
                    f->sentence);
    }
}

static void print_time(FILE *to, const struct flow_cell *cell)
{
    if (cell->timed)
        fprintf(to, "%6.0f", (double)cell->time / (double)SIM_NS);
    else
        fprintf(to, "%6s", "-");
}

static void print_change(FILE *to, unsigned row, const struct flow_change *c)
{
    char before[FLOW_TEXT], after[FLOW_TEXT];

    flow_cell_text(c->before, before);
    flow_cell_text(c->after, after);
    fprintf(to, "  %-26s %15s -> %-15s ", flow_rows[row].key, before, after);
    print_time(to, c->before);
    fputs(" -> ", to);
    print_time(to, c->after);
    fputs(" ns", to);
    for (unsigned i = 0; i < c->count; i++)
        fprintf(to, "%s%s", i ? ", " : "\n    by ", c->by[i]->name);
    fputc('\n', to);
}

static void print_diff(FILE *to, const struct flow_tables *t,
                       const struct flow_diff *d)
{
    unsigned changed = 0;

    fprintf(to, "From %s (%s) to %s (%s):\n", d->from->name, d->from->title,
            d->to->name, d->to->title);
    print_features(to, d);
    fputs("What changes:\n", to);
    for (unsigned r = 0; r < flow_row_count; r++) {
        struct flow_change change = flow_diff_row(t, d, r);

        if (!change.changed)
            continue;
        changed++;
        print_change(to, r, &change);
    }
    fprintf(to, "%u of %u rows.\n", changed, flow_row_count);
}

void flow_print(FILE *to, const struct flow_tables *t,
                const struct flow_diff *diff)
{
    fprintf(to, "Interrupt flows on %s\n", t->base->platform.name);
    if (diff)
        print_diff(to, t, diff);
    else
        print_tables(to, t);
}
