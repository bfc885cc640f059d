/*
 * The exam of interrupt virtualization: nine events in eight configurations,
 * the VM exits that each costs, and how long it takes.
 *
 * Each cell is a run of its own: a virtual machine of two virtual CPUs, V0 and
 * V1, on two physical ones, in some rows another guest that shares V0's, and a
 * third CPU where a host thread sends; one event; a count of the exits between
 * two points of the software.  Nothing is looked up: a figure that the machine
 * cannot give yet is a gap, with its reason.
 */
#ifndef SIM_FLOWS_FLOWS_H
#define SIM_FLOWS_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/cpu/vmcs.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/scenario_load.h"

/* What the run does when the guest is ready. */
enum flow_source {
    FLOW_NOTHING,          /* the guest's own doing */
    FLOW_DEVICE,           /* an assigned device's message */
    FLOW_DEVICE_ELSEWHERE, /* the same, but its host vector is the third CPU's
                            */
    FLOW_LINE,             /* an assigned device's line */
    FLOW_THREAD, /* the third CPU is told of an emulated device's interrupt */
    FLOW_PEER,   /* V1's program sends, when V0 is where it is to be */
    FLOW_NMI,    /* the host's */
    FLOW_THREAD_NMI, /* as FLOW_THREAD, for an NMI to inject */
};

/* Where virtual CPU 0 is when the interrupt arrives. */
enum flow_state {
    FLOW_READY,          /* where its program says that it is ready */
    FLOW_BLOCKED,        /* in HLT; the host's CPU is halted */
    FLOW_BLOCKED_BESIDE, /* in HLT; another guest runs on its CPU */
    FLOW_OUT,            /* it could run, but another guest does */
    FLOW_ROOT_OPEN,      /* the host runs with interrupts on */
    FLOW_ROOT_CLOSED,    /* with interrupts off, before the VM entry */
};

/* Points of a run; each is passed once. */
enum flow_point {
    FLOW_AT_READY,
    FLOW_AT_BEGIN,   /* the event */
    FLOW_AT_DONE,    /* the guest's instruction is over */
    FLOW_AT_HANDLER, /* V0's handler is entered */
    FLOW_AT_EOI,     /* it is about to write the EOI */
    FLOW_AT_EOI_DONE,
    FLOW_AT_BACK, /* it runs again after the exit that follows the event */
    FLOW_POINTS
};

/* Whose exits are counted. */
enum flow_side { FLOW_V0, FLOW_V1, FLOW_BOTH };

enum flow_gap {
#define FLOW_GAP(name, sentence) FLOW_GAP_##name,
#include "sim/flows/gaps.def"
#undef FLOW_GAP
    FLOW_GAPS
};

struct flow_config {
    const char *letter, *name, *title;
    bool later; /* not computed yet */
    struct kvm_apicv apicv;
    bool vtd_posting;
};

struct flow_guest; /* a program being assembled; flow_guest.h */

struct flow_row {
    unsigned event;
    const char *key, *title;
    enum scenario_apic_mode apic;
    enum flow_source source;
    enum kvm_guest_timer timer;
    enum flow_state state;
    void (*program)(const struct flow_guest *g);
    enum flow_side side;
    enum flow_point from, to;
};

struct flow_cell {
    enum flow_gap gap; /* FLOW_GAP_NOWHERE: the rest is valid */
    uint32_t exits[EXIT_REASON_LIMIT];
    uint32_t total;
    sim_time time; /* between the points */
    sim_time own;  /* of it the guest's own work, which it was not kept from */
    bool assumed;  /* the processor lacks APIC-timer virtualization */
};

extern const struct flow_config flow_configs[];
extern const unsigned flow_config_count;
extern const struct flow_row flow_rows[];
extern const unsigned flow_row_count;

const char *flow_event_title(unsigned event);
const char *flow_gap_sentence(enum flow_gap gap);

/* A configuration by its name or letter, or NULL. */
const struct flow_config *flow_config_named(const char *name, size_t length);

/* What the cells' machines have in common, as YAML; `platform` is its rest. */
extern const char flow_scenario[];

/* It, with these options; mistakes go to stderr, and then NULL. */
struct scenario_set *flow_load(const struct scenario_options *options);

/* Runs one cell on the platform of the scenario `base`, which is loaded from
 * flow_scenario. */
struct flow_cell flow_run(const struct scenario *base,
                          const struct flow_row *row,
                          const struct flow_config *config);

/* "2 x 48", "1 x 1 + 1 x 7", "0" or "-". */
#define FLOW_TEXT 64
void flow_cell_text(const struct flow_cell *cell, char text[FLOW_TEXT]);

/* All cells of all rows. */
struct flow_tables {
    const struct scenario *base;
    struct flow_cell *cell; /* by row, then by configuration */
};

struct flow_tables flow_tables_run(const struct scenario *base);
/* Whether a run went wrong, which is nobody's gap. */
bool flow_tables_broken(const struct flow_tables *t);
void flow_tables_free(struct flow_tables *t);
const struct flow_cell *flow_tables_cell(const struct flow_tables *t,
                                         unsigned row, unsigned config);

/* The guest's own part of a row's times, the same in each cell. */
sim_time flow_tables_own(const struct flow_tables *t, unsigned row);

/* ---- what changes between two configurations ---- */

struct flow_diff {
    const struct flow_config *from, *to;
};

/* A switch of struct flow_config. */
struct flow_feature {
    const char *name, *sentence;
    size_t at; /* of a bool in it */
};

#define FLOW_FEATURES 8u
extern const struct flow_feature flow_features[];

bool flow_config_has(const struct flow_config *c, const struct flow_feature *f);

/* The same exits, for the same reasons; gaps are all the same. */
bool flow_cell_same(const struct flow_cell *a, const struct flow_cell *b);

/* As it is printed: whole nanoseconds. */
uint64_t flow_cell_ns(const struct flow_cell *cell);

/* One feature of the way from one configuration to the other. */
struct flow_step {
    const struct flow_feature *feature;
    bool with; /* it comes; else it goes */
    struct flow_cell before, after;
};

/* Both of its cells have figures. */
bool flow_step_counts(const struct flow_step *s);

struct flow_change {
    const struct flow_cell *before, *after;
    bool changed; /* the exits, or their reasons */
    bool other_time;
    unsigned count; /* of the features that change it, in turn */
    struct flow_step step[2 * FLOW_FEATURES];
};

/* What a feature does about exits of one reason: those that are no more, or
 * that take the place of others, when it comes; NULL: nothing. */
const char *flow_why(const struct flow_feature *f, unsigned reason, bool gone);

struct flow_change flow_diff_row(const struct flow_tables *t,
                                 const struct flow_diff *d, unsigned row);

/* Terminal and JSON; `diff` NULL: everything. */
void flow_print(FILE *to, const struct flow_tables *t,
                const struct flow_diff *diff);
void flow_write_html(FILE *to, const struct flow_tables *t);
void flow_write_csv(FILE *to, const struct flow_tables *t);
bool flow_write_json(FILE *to, const struct flow_tables *t,
                     const struct flow_diff *diff);

#endif
