/*
 * What changes between two configurations, and why: the way from one to the
 * other, feature by feature, and at which of them a cell changes.
 */
#include <stddef.h>
#include <string.h>

#include "sim/flows/flows.h"

const struct flow_feature flow_features[] = {
#define KVM_APICV(name, capability, sentence)                                  \
    {#name, sentence, offsetof(struct flow_config, apicv.name)},
#include "software/kvm_features.def"
#undef KVM_APICV
    {"vtd_posting", "The remapping unit posts an assigned device's interrupts.",
     offsetof(struct flow_config, vtd_posting)},
};
_Static_assert(sizeof flow_features / sizeof flow_features[0] == FLOW_FEATURES,
               "one row a feature");

static bool *feature_of(struct flow_config *c, const struct flow_feature *f)
{
    return (bool *)((char *)c + f->at);
}

bool flow_config_has(const struct flow_config *c, const struct flow_feature *f)
{
    struct flow_config copy = *c;

    return *feature_of(&copy, f);
}

bool flow_cell_same(const struct flow_cell *a, const struct flow_cell *b)
{
    return !a->gap == !b->gap && !memcmp(a->exits, b->exits, sizeof a->exits);
}

static const struct why {
    const char *feature;
    unsigned reason;
    bool gone;
    const char *sentence;
} whys[] = {
#define GONE true
#define COMES false
#define WHY(feature, reason, change, sentence)                                 \
    {#feature, EXIT_##reason, change, sentence},
#include "sim/flows/why.def"
#undef WHY
#undef COMES
#undef GONE
};

const char *flow_why(const struct flow_feature *f, unsigned reason, bool gone)
{
    for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++)
        if (whys[i].reason == reason && whys[i].gone == gone &&
            !strcmp(whys[i].feature, f->name))
            return whys[i].sentence;
    return NULL;
}

bool flow_step_counts(const struct flow_step *s)
{
    return s->before.gap == FLOW_GAP_NOWHERE &&
           s->after.gap == FLOW_GAP_NOWHERE;
}

uint64_t flow_cell_ns(const struct flow_cell *cell)
{
    return (cell->time + SIM_NS / 2) / SIM_NS;
}

/* A configuration on its way to another one. */
struct way {
    const struct flow_tables *tables;
    unsigned row;
    struct flow_config config;
    struct flow_cell cell;
};

static void take_step(struct way *w, unsigned feature, bool to,
                      struct flow_change *change)
{
    const struct flow_feature *f = &flow_features[feature];
    struct flow_cell cell;

    if (*feature_of(&w->config, f) == to)
        return;
    *feature_of(&w->config, f) = to;
    cell = flow_run(w->tables->base, &flow_rows[w->row], &w->config);
    if (change->changed ? !flow_cell_same(&cell, &w->cell)
                        : flow_cell_ns(&cell) != flow_cell_ns(&w->cell))
        change->step[change->count++] =
            (struct flow_step){f, to, w->cell, cell};
    w->cell = cell;
}

/* A feature needs those before it at most: what goes, goes from the end; what
 * comes, comes from the beginning. */
struct flow_change flow_diff_row(const struct flow_tables *t,
                                 const struct flow_diff *d, unsigned row)
{
    struct flow_change change = {
        .before = flow_tables_cell(t, row, (unsigned)(d->from - flow_configs)),
        .after = flow_tables_cell(t, row, (unsigned)(d->to - flow_configs)),
    };
    struct way w = {t, row, *d->from, *change.before};

    if (d->from->later || d->to->later)
        return change;
    change.changed = !flow_cell_same(change.before, change.after);
    change.other_time = !change.changed && flow_cell_ns(change.before) !=
                                               flow_cell_ns(change.after);
    if (!change.changed && !change.other_time)
        return change;
    for (unsigned f = FLOW_FEATURES; f-- > 0;)
        if (!flow_config_has(d->to, &flow_features[f]))
            take_step(&w, f, false, &change);
    for (unsigned f = 0; f < FLOW_FEATURES; f++)
        if (flow_config_has(d->to, &flow_features[f]))
            take_step(&w, f, true, &change);
    return change;
}
