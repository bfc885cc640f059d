/* The tables as text. */
#include <string.h>

#include "sim/flows/flows.h"

#define LABEL 24
#define COLUMN 9

/* "1 x 7" without its spaces, to fit a column. */
static void squeeze(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (*from != ' ')
            *to++ = *from;
    *to = 0;
}

static void print_row(FILE *to, const struct flow_tables *t, unsigned row)
{
    char text[FLOW_TEXT];

    fprintf(to, "%-*s", LABEL, flow_rows[row].title);
    for (unsigned c = 0; c < flow_config_count; c++) {
        flow_cell_text(flow_tables_cell(t, row, c), text);
        squeeze(text);
        fprintf(to, " %*s", COLUMN - 1, text);
    }
    fprintf(to, "\n%-*s", LABEL, "");
    for (unsigned c = 0; c < flow_config_count; c++) {
        const struct flow_cell *cell = flow_tables_cell(t, row, c);

        if (cell->timed)
            fprintf(to, " %*.0f", COLUMN - 1,
                    (double)cell->time / (double)SIM_NS);
        else
            fprintf(to, " %*s", COLUMN - 1, "");
    }
    fputc('\n', to);
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
    fputs("N x R: N exits with basic reason R, of V1 where a guest sends to "
          "another one, else of V0.\nBelow it: nanoseconds, from the event to "
          "V0's handler, or of the guest's instruction.\n",
          to);
}

/* Why a '-' is there: the row's reason, or that of the column. */
static void print_gaps(FILE *to, const struct flow_tables *t)
{
    for (unsigned r = 0; r < flow_row_count; r++)
        if (flow_tables_cell(t, r, 0)->gap != FLOW_GAP_NOWHERE)
            fprintf(to, "  %s: %s\n", flow_rows[r].key,
                    flow_gap_sentence(flow_tables_cell(t, r, 0)->gap));
    for (unsigned c = 0; c < flow_config_count; c++)
        if (flow_configs[c].later)
            fprintf(to, "  %s: %s\n", flow_configs[c].letter,
                    flow_gap_sentence(FLOW_GAP_COLUMN));
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
    fputs("\n- is not computed:\n", to);
    print_gaps(to, t);
}

/* ---- the difference of two ---- */

static void print_feature(FILE *to, const char *name, int change,
                          const char *sentence)
{
    if (change)
        fprintf(to, "  %s %s: %s\n", change > 0 ? "with" : "without", name,
                sentence);
}

static void print_features(FILE *to, const struct flow_diff *d)
{
    const struct kvm_apicv *from = &d->from->apicv, *with = &d->to->apicv;

#define KVM_APICV(name, capability, sentence)                                  \
    print_feature(to, #name, with->name - from->name, sentence);
#include "software/kvm_features.def"
#undef KVM_APICV
    print_feature(to, "vtd_posting", d->to->vtd_posting - d->from->vtd_posting,
                  "The remapping unit posts an assigned device's interrupts.");
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
        char before[FLOW_TEXT], after[FLOW_TEXT];
        const struct flow_cell *a =
            flow_tables_cell(t, r, (unsigned)(d->from - flow_configs));
        const struct flow_cell *b =
            flow_tables_cell(t, r, (unsigned)(d->to - flow_configs));

        flow_cell_text(a, before);
        flow_cell_text(b, after);
        if (!strcmp(before, after))
            continue;
        changed++;
        fprintf(to, "  %-24s %15s -> %-15s %7.0f -> %.0f ns\n",
                flow_rows[r].key, before, after,
                (double)a->time / (double)SIM_NS,
                (double)b->time / (double)SIM_NS);
    }
    fprintf(to, "%u of %u rows.\n", changed, flow_row_count);
}

void flow_print(FILE *to, const struct flow_tables *t,
                const struct flow_diff *diff)
{
    fprintf(to, "Interrupt flows on %s\n", t->platform);
    if (diff)
        print_diff(to, t, diff);
    else
        print_tables(to, t);
}
