/* The guests of the flows: one instruction or one interrupt each, with marks
 * around it.  Shared by the files of sim/flows only. */
#ifndef SIM_FLOWS_FLOW_GUEST_H
#define SIM_FLOWS_FLOW_GUEST_H

#include "sim/flows/flows.h"
#include "sim/machine/machine_private.h"

#define FLOW_VECTOR 0x61u /* of IPIs and timers */

/* How long guests wait for what is to come, or do without it. */
#define FLOW_WAIT_CYCLES 60000u

#define FLOW_OTHER 2u /* the other guest's place among the virtual CPUs */

/* The exits of V0 and V1, as of one point. */
struct flow_sample {
    bool reached;
    sim_time time;
    uint64_t exits[2][EXIT_REASON_LIMIT];
};

struct flow_probe {
    struct machine *machine;
    const struct flow_row *row;
    sim_time due; /* of the guest's timer; 0: none */
    struct flow_sample at[FLOW_POINTS];
};

/* A guest's program while it is assembled. */
struct flow_guest {
    struct flow_probe *probe;
    unsigned vcpu;
    bool x2apic;
};

void flow_mark(struct flow_probe *p, enum flow_point at, sim_time now);

/* Is V0 where the row wants it when its interrupt arrives? */
bool flow_in_place(const struct flow_probe *p);

/* Boot, handlers and `program` become what a virtual CPU (`g->vcpu`) does. */
void flow_guest_build(const struct flow_guest *g,
                      void (*program)(const struct flow_guest *g));

#define FLOW_EVENT(number, title)
#define FLOW(event, key, apic, source, state, program, side, from, to, title)  \
    void flow_program_##program(const struct flow_guest *g);
#define FLOW_TIMER(event, key, timer, state, program, from, to, title)         \
    void flow_program_##program(const struct flow_guest *g);
#include "sim/flows/events.def"
#undef FLOW_TIMER
#undef FLOW
#undef FLOW_EVENT
void flow_program_idle(const struct flow_guest *g);

#endif
