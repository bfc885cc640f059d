/* Chosen figures in groups, as text. */
#include "sim/report/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_keys.h"
#include "sim/report/latency_key.h"
#include "sim/report/text.h"

/* How a row's numbers come from its figure. */
enum scale { SCALE_AS_IS, SCALE_OF_CYCLES };

struct row_spec {
    const char *group;
    const char *key;
    enum scale scale;
    bool only_if_any;  /* leave the row out if it is 0 everywhere */
    const char *label; /* NULL: as figure_names.def has it */
};

/* The divisor of a scale in this column; 0 if the run cannot say. */
static double divisor(const struct figures *f, enum scale scale)
{
    const struct figure *total = figures_find(f, "cycles.total");

    if (scale == SCALE_AS_IS)
        return 1;
    return total ? total->real / 100 : 0;
}

static void fill_cell(struct summary_cell *c, const struct figures *f,
                      const struct row_spec *spec)
{
    const struct figure *own = figures_find(f, spec->key);
    const struct figure_name *name = figure_name_of(spec->key);
    struct figure counted_none = {.kind = FIGURE_COUNT};
    double by = divisor(f, spec->scale);

    strcpy(c->value, "-");
    if (!own && name && name->zero_if_absent)
        own = &counted_none;
    if (!own || by <= 0)
        return;
    c->present = true;
    c->number = own->real / by;
    if (spec->scale == SCALE_AS_IS)
        number_pretty(c->value, own);
    else
        number_percent(c->value, c->number);
}

static void fill_ratios(struct summary_row *row, unsigned columns)
{
    unsigned reference = 0;

    while (reference < columns && !row->cell[reference].present)
        reference++;
    for (unsigned i = reference + 1; i < columns; i++)
        if (row->cell[i].present && row->cell[reference].number > 0)
            number_ratio(row->cell[i].ratio,
                         row->cell[i].number / row->cell[reference].number);
}

static void fill_unit(struct summary_row *row, const struct row_spec *spec)
{
    const struct figure_name *name = figure_name_of(spec->key);
    const char *unit = name ? name->unit : "";

    if (spec->scale == SCALE_OF_CYCLES)
        unit = "%";
    snprintf(row->unit, sizeof row->unit, "%s", unit);
}

static void add_row(struct summary *s, const struct result *r,
                    struct row_spec spec)
{
    struct summary_row *row;
    bool any = false, present = false;

    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 32;
        s->row = text_grown(s->row, s->capacity * sizeof *s->row);
    }
    row = &s->row[s->count];
    memset(row, 0, sizeof *row);
    row->group = spec.group;
    if (spec.label)
        snprintf(row->label, sizeof row->label, "%s", spec.label);
    else
        figure_label(row->label, spec.key);
    fill_unit(row, &spec);
    for (unsigned i = 0; i < r->variant_count; i++) {
        fill_cell(&row->cell[i], &r->figures[i], &spec);
        present = present || row->cell[i].present;
        any = any || row->cell[i].number > 0;
    }
    fill_ratios(row, r->variant_count);
    if (present && (any || !spec.only_if_any))
        s->count++;
}

/* Frees the keys. */
static void add_rows(struct summary *s, const struct result *r,
                     struct figure_keys *keys, struct row_spec spec)
{
    for (size_t i = 0; i < keys->count; i++) {
        spec.key = keys->key[i];
        add_row(s, r, spec);
    }
    figure_keys_free(keys);
}

static void add_family(struct summary *s, const struct result *r,
                       const char *prefix, struct row_spec spec)
{
    struct figure_keys keys;

    figure_keys_with_prefix(&keys, r, prefix);
    add_rows(s, r, &keys, spec);
}

/* Who was hit: victim by victim, nobody left out. */
static void add_forged(struct summary *s, const struct result *r)
{
    struct figure_keys keys;

    figure_keys_as_measured(&keys, r, "forged.by_victim.");
    add_rows(
        s, r, &keys,
        (struct row_spec){"Forged messages", NULL, SCALE_AS_IS, false, NULL});
}

/* From each kind of birth to the final handler. */
static void add_latencies(struct summary *s, const struct result *r)
{
    static const char *const shown[][2] = {
        {"mean", "mean"}, {"p50", "median"}, {"p99", "p99"}};

    for (unsigned i = 0; latency_is_birth(i / 3); i++) {
        struct latency_key k = {.from = i / 3, .to = latency_handler(i / 3)};
        const char *section = k.to == HOP_USER_HANDLER
                                  ? "Latency to user_handler"
                                  : "Latency to guest_handler";
        char key[FIGURE_KEY], label[FIGURE_LABEL];

        latency_key_make(key, &k, shown[i % 3][0]);
        snprintf(label, sizeof label, "from %s, %s", latency_hop_text(k.from),
                 shown[i % 3][1]);
        add_row(s, r,
                (struct row_spec){section, key, SCALE_AS_IS, false, label});
    }
}

void summary_make(struct summary *s, const struct result *r)
{
    static const struct row_spec rows[] = {
        {"Throughput", "throughput.per_second", SCALE_AS_IS, false, NULL},
        {"Throughput", "throughput.messages", SCALE_AS_IS, false, NULL},
        {"Throughput", "time_in_guest.percent", SCALE_AS_IS, false, NULL},
        {"Interrupts", "interrupts.per_second", SCALE_AS_IS, false, NULL},
        {"Interrupts", "host_interrupts.per_second", SCALE_AS_IS, true, NULL},
        {"Interrupts", "injections.per_second", SCALE_AS_IS, false, NULL},
        {"Interrupts", "interrupts.merged", SCALE_AS_IS, true, NULL},
        {"Interrupts", "interrupts.dropped", SCALE_AS_IS, true, NULL},
        {"Remapping", "remapping.hit_percent", SCALE_AS_IS, false, NULL},
        {"Remapping", "remapping.blocked", SCALE_AS_IS, true, NULL},
        {"Scheduling", "scheduling.switches", SCALE_AS_IS, true, NULL},
        {"Scheduling", "scheduling.preemptions", SCALE_AS_IS, true, NULL},
        {"Scheduling", "scheduling.wakeups", SCALE_AS_IS, true, NULL},
        {"Scheduling", "scheduling.wait_ns.mean", SCALE_AS_IS, true, NULL},
        {"VM exits", "exits.per_second", SCALE_AS_IS, false, NULL},
        {"VM exits", "exits.per_interrupt", SCALE_AS_IS, false, NULL},
    };
    static const struct row_spec cycles[] = {
        {"Cycles of all CPUs", "cycles.guest", SCALE_OF_CYCLES, false, NULL},
        {"Cycles of all CPUs", "cycles.guest_irq", SCALE_OF_CYCLES, false,
         NULL},
        {"Cycles of all CPUs", "cycles.host", SCALE_OF_CYCLES, false, NULL},
        {"Cycles of all CPUs", "cycles.transition", SCALE_OF_CYCLES, false,
         NULL},
        {"Cycles of all CPUs", "cycles.idle", SCALE_OF_CYCLES, false, NULL},
    };

    *s = (struct summary){0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_row(s, r, rows[i]);
    add_family(
        s, r, "exits.per_second_by_reason.",
        (struct row_spec){"VM exits by reason", NULL, SCALE_AS_IS, true, NULL});
    add_family(s, r, "packets_per_message.",
               (struct row_spec){"Devices", NULL, SCALE_AS_IS, false, NULL});
    add_family(s, r, "wait_ns.",
               (struct row_spec){"Devices", NULL, SCALE_AS_IS, true, NULL});
    add_forged(s, r);
    add_latencies(s, r);
    for (size_t i = 0; i < sizeof cycles / sizeof *cycles; i++)
        add_row(s, r, cycles[i]);
    add_family(s, r, "warnings.",
               (struct row_spec){"Warnings", NULL, SCALE_AS_IS, true, NULL});
}

void summary_free(struct summary *s)
{
    free(s->row);
    *s = (struct summary){0};
}

/* The first column with the same figures: the column itself if none before it
 * has them. */
static unsigned twin_of(const struct result *r, unsigned column)
{
    unsigned other = 0;

    while (other < column && !result_same(r, other, column))
        other++;
    return other;
}

void put_twins(FILE *to, const struct result *r, const struct line_form *form)
{
    for (unsigned i = 1; i < r->variant_count; i++) {
        unsigned twin = twin_of(r, i);

        if (twin == i)
            continue;
        fprintf(to, "%sVariants '", form->before);
        form->text(to, result_name(r, twin));
        fputs("' and '", to);
        form->text(to, result_name(r, i));
        fprintf(to, "' cannot be told apart: every figure is the same.%s",
                form->after);
    }
}
