/* The tables: which rows and columns there are, and all of their cells. */
#include "sim/flows/flows.h"

#include <stdlib.h>
#include <string.h>

#include "sim/flows/flow_guest.h"

const struct flow_config flow_configs[] = {
#define FLOW_CONFIG(letter, name, title, tpr, page, x2, regs, vid, pi, ip,     \
                    posting)                                                   \
    {#letter, #name, title,                                                    \
     .apicv = {.tpr_shadow = tpr,                                              \
               .apic_access_page = page,                                       \
               .x2apic_virt = x2,                                              \
               .apic_register_virtualization = regs,                           \
               .virtual_interrupt_delivery = vid,                              \
               .posted_interrupts = pi,                                        \
               .ipiv = ip},                                                    \
     .vtd_posting = posting},
#define FLOW_LATER(letter, name, title) {#letter, #name, title, .later = true},
#include "sim/flows/configs.def"
#undef FLOW_CONFIG
#undef FLOW_LATER
};
const unsigned flow_config_count = sizeof flow_configs / sizeof flow_configs[0];

static const char *const event_title[] = {
#define FLOW_EVENT(number, title) [number] = title,
#define FLOW(...)
#define FLOW_TIMER(...)
#include "sim/flows/events.def"
#undef FLOW_EVENT
#undef FLOW
#undef FLOW_TIMER
};

const struct flow_row flow_rows[] = {
#define FLOW_EVENT(number, title)
#define FLOW_ROW(event_, key_, program_, from_, to_, title_)                   \
    .event = event_, .key = #key_, .title = title_,                            \
    .program = flow_program_##program_, .from = FLOW_AT_##from_,               \
    .to = FLOW_AT_##to_
#define FLOW(number, key, mode, source_, state_, program, side_, from, to,     \
             title)                                                            \
    {FLOW_ROW(number, key, program, from, to, title),                          \
     .apic = APIC_MODE_##mode, .source = FLOW_##source_,                       \
     .state = FLOW_##state_, .side = FLOW_##side_},
#define FLOW_TIMER(number, key, timer_, state_, program, from, to, title)      \
    {FLOW_ROW(number, key, program, from, to, title),                          \
     .timer = KVM_TIMER_##timer_, .state = FLOW_##state_},
#include "sim/flows/events.def"
#undef FLOW_EVENT
#undef FLOW_ROW
#undef FLOW
#undef FLOW_TIMER
};
const unsigned flow_row_count = sizeof flow_rows / sizeof flow_rows[0];

static const char *const gap_sentence[] = {
#define FLOW_GAP(name, sentence) sentence,
#include "sim/flows/gaps.def"
#undef FLOW_GAP
};

const char *flow_event_title(unsigned event)
{
    return event_title[event];
}

const char *flow_gap_sentence(enum flow_gap gap)
{
    return gap_sentence[gap];
}

const struct flow_config *flow_config_named(const char *name, size_t length)
{
    for (unsigned i = 0; i < flow_config_count; i++) {
        const struct flow_config *c = &flow_configs[i];

        if ((strlen(c->name) == length && !memcmp(c->name, name, length)) ||
            (length == 1 && *name == *c->letter))
            return c;
    }
    return NULL;
}

struct flow_tables flow_tables_run(const struct scenario *base)
{
    struct flow_tables t = {.base = base};

    t.cell = calloc((size_t)flow_row_count * flow_config_count, sizeof *t.cell);
    if (!t.cell)
        abort();
    for (unsigned r = 0; r < flow_row_count; r++)
        for (unsigned c = 0; c < flow_config_count; c++)
            t.cell[r * flow_config_count + c] =
                flow_run(base, &flow_rows[r], &flow_configs[c]);
    return t;
}

bool flow_tables_broken(const struct flow_tables *t)
{
    for (unsigned i = 0; i < flow_row_count * flow_config_count; i++)
        if (t->cell[i].gap == FLOW_GAP_UNREACHED ||
            t->cell[i].gap == FLOW_GAP_ACCOUNTS)
            return true;
    return false;
}

void flow_tables_free(struct flow_tables *t)
{
    free(t->cell);
    t->cell = NULL;
}

const struct flow_cell *flow_tables_cell(const struct flow_tables *t,
                                         unsigned row, unsigned config)
{
    return &t->cell[row * flow_config_count + config];
}

sim_time flow_tables_own(const struct flow_tables *t, unsigned row)
{
    sim_time own = 0;

    for (unsigned c = 0; c < flow_config_count && !own; c++)
        own = flow_tables_cell(t, row, c)->own;
    return own;
}

void flow_cell_text(const struct flow_cell *cell, char text[FLOW_TEXT])
{
    size_t n = 0;

    snprintf(text, FLOW_TEXT, cell->gap == FLOW_GAP_NOWHERE ? "0" : "-");
    for (unsigned r = 0; r < EXIT_REASON_LIMIT && n < FLOW_TEXT; r++)
        if (cell->exits[r])
            n += (size_t)snprintf(text + n, FLOW_TEXT - n, "%s%u x %u",
                                  n ? " + " : "", cell->exits[r], r);
}

struct scenario_set *flow_load(const struct scenario_options *options)
{
    struct scenario_options whole = *options;
    struct scenario_set *set;
    struct diag d;

    whole.platform_dir = "scenarios";
    whole.text = flow_scenario;
    whole.text_bytes = strlen(flow_scenario);
    diag_init(&d);
    set = scenario_load("flows", &whole, &d);
    diag_print(&d, stderr);
    diag_free(&d);
    return set;
}
