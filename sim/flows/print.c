/* The tables as text. */
#include <stdlib.h>
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
    if (cell->assumed)
        snprintf(text + strlen(text), FLOW_TEXT - strlen(text), "*");
}

/* Up to the last column that has a time. */
static void print_times(FILE *to, const struct flow_tables *t, unsigned row)
{
    sim_time own = flow_tables_own(t, row);
    int blank = LABEL;

    if (own)
        blank -= fprintf(to, "%8ju is its own work", (uintmax_t)(own / SIM_NS));
    for (unsigned c = 0; c < flow_config_count; c++) {
        const struct flow_cell *cell = flow_tables_cell(t, row, c);

        blank += COLUMN;
        if (cell->gap != FLOW_GAP_NOWHERE)
            continue;
        fprintf(to, "%*ju", blank, (uintmax_t)flow_cell_ns(cell));
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

static bool assumes(const struct flow_tables *t)
{
    for (unsigned i = 0; i < flow_row_count * flow_config_count; i++)
        if (t->cell[i].assumed)
            return true;
    return false;
}

static void print_gaps(FILE *to, const struct flow_tables *t)
{
    fputc('\n', to);
    if (assumes(t))
        fprintf(to, "*   as if the platform's processor had APIC-timer "
                    "virtualization\n");
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

/* All rows' changes; `d` is what is asked for. */
struct changes {
    const struct flow_diff *d;
    struct flow_change *row;
};

/* Does the feature add exits of the reason, or spare them, in any row? */
static bool does(const struct changes *all, const struct flow_feature *f,
                 unsigned reason, bool fewer)
{
    for (unsigned r = 0; r < flow_row_count; r++)
        for (unsigned i = 0; i < all->row[r].count; i++) {
            const struct flow_step *s = &all->row[r].step[i];
            int64_t more = (int64_t)s->after.exits[reason] -
                           (int64_t)s->before.exits[reason];

            if (s->feature == f && flow_step_counts(s) &&
                (fewer ? more < 0 : more > 0))
                return true;
        }
    return false;
}

/* What a feature does when it comes says, too, what is missing when it goes. */
static void print_whys(FILE *to, const struct changes *all,
                       const struct flow_feature *f, bool with)
{
    for (unsigned reason = 0; reason < EXIT_REASON_LIMIT; reason++)
        for (unsigned fewer = 0; fewer < 2; fewer++)
            if (does(all, f, reason, fewer))
                fprintf(to, "    %s %s%s:\n      %s\n",
                        exit_reason_name(reason), fewer ? "less" : "more",
                        with ? "" : ", as no longer",
                        flow_why(f, reason, fewer == with));
}

static void print_features(FILE *to, const struct changes *all)
{
    const struct flow_diff *d = all->d;

    for (unsigned i = 0; i < FLOW_FEATURES; i++) {
        const struct flow_feature *f = &flow_features[i];
        bool has = flow_config_has(d->to, f);

        if (has == flow_config_has(d->from, f))
            continue;
        fprintf(to, "  %s %s: %s\n", has ? "with" : "without", f->name,
                f->sentence);
        print_whys(to, all, f, has);
    }
}

static void print_time(FILE *to, const struct flow_cell *cell)
{
    if (cell->gap == FLOW_GAP_NOWHERE)
        fprintf(to, "%6ju", (uintmax_t)flow_cell_ns(cell));
    else
        fprintf(to, "%6s", "-");
}

static void print_times_of(FILE *to, const struct flow_change *c)
{
    print_time(to, c->before);
    fputs(" -> ", to);
    print_time(to, c->after);
    fputs(" ns", to);
}

/* What a feature adds and spares. */
static void print_step(FILE *to, const struct flow_step *s)
{
    const char *between = ": ";

    fprintf(to, "    %s %s", s->with ? "with" : "without", s->feature->name);
    for (unsigned r = 0; flow_step_counts(s) && r < EXIT_REASON_LIMIT; r++) {
        uint32_t before = s->before.exits[r], after = s->after.exits[r];

        if (before == after)
            continue;
        fprintf(to, "%s%u %s %s", between,
                after < before ? before - after : after - before,
                exit_reason_name(r), after < before ? "less" : "more");
        between = ", ";
    }
    fputc('\n', to);
}

static void print_change(FILE *to, unsigned row, const struct flow_change *c)
{
    char before[FLOW_TEXT], after[FLOW_TEXT];

    flow_cell_text(c->before, before);
    flow_cell_text(c->after, after);
    fprintf(to, "  %-26s %15s -> %-15s ", flow_rows[row].key, before, after);
    print_times_of(to, c);
    fputc('\n', to);
    for (unsigned i = 0; i < c->count; i++)
        print_step(to, &c->step[i]);
}

static void print_other_time(FILE *to, unsigned row,
                             const struct flow_change *c)
{
    char text[FLOW_TEXT];

    flow_cell_text(c->before, text);
    fprintf(to, "  %-26s %15s    ", flow_rows[row].key, text);
    print_times_of(to, c);
    for (unsigned i = 0; i < c->count; i++)
        fprintf(to, "%s%s %s", i ? ", " : "  ",
                c->step[i].with ? "with" : "without", c->step[i].feature->name);
    fputc('\n', to);
}

static void print_changes(FILE *to, const struct changes *all)
{
    const struct flow_diff *d = all->d;
    unsigned changed = 0, timed = 0;

    fprintf(to, "From %s (%s) to %s (%s):\n", d->from->name, d->from->title,
            d->to->name, d->to->title);
    if (d->from->later || d->to->later) {
        fprintf(to, "  %s\n", flow_gap_sentence(FLOW_GAP_COLUMN));
        return;
    }
    print_features(to, all);
    fputs("What changes:\n", to);
    for (unsigned r = 0; r < flow_row_count; r++) {
        changed += all->row[r].changed;
        if (all->row[r].changed)
            print_change(to, r, &all->row[r]);
    }
    fputs("The same exits, but not the same time:\n", to);
    for (unsigned r = 0; r < flow_row_count; r++) {
        timed += all->row[r].other_time;
        if (all->row[r].other_time)
            print_other_time(to, r, &all->row[r]);
    }
    fprintf(to, "Exits change in %u of %u rows, the time alone in %u.\n",
            changed, flow_row_count, timed);
}

static void print_diff(FILE *to, const struct flow_tables *t,
                       const struct flow_diff *d)
{
    struct changes all = {d, calloc(flow_row_count, sizeof *all.row)};

    if (!all.row)
        abort();
    for (unsigned r = 0; r < flow_row_count; r++)
        all.row[r] = flow_diff_row(t, d, r);
    print_changes(to, &all);
    free(all.row);
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
