/*
 * Protocols between virtual CPUs, those who post interrupts to them, and the
 * scheduler, as small worlds whose every order of steps can be searched.
 *
 * Each agent makes one step after the other, and a step is what is atomic: one
 * access to shared memory, one VM entry, one event that the processor takes.
 * The processor's part is the model of models/cpu over real VMCSs, virtual-APIC
 * pages and descriptors; software's part is the order of its accesses.  Time
 * does not pass.  Physical local APICs are a set of pending vectors, and host
 * handlers write their EOI at once.
 *
 * Left out: memory is sequentially consistent.
 */
#ifndef SIM_PROTOCOL_PROTOCOL_H
#define SIM_PROTOCOL_PROTOCOL_H

#include "sim/explore/explore.h"

struct protocol_agent;
struct protocol_world;

/* What a protocol has in common with the same one with a mistake. */
struct protocol_parts {
    const struct protocol_agent *agents; /* ends with a NULL name */
    void (*setup)(struct protocol_world *w);
    /* Nothing is left to do: NULL, or what was forgotten. */
    const char *(*stuck)(struct protocol_world *w);
};

struct protocol {
    const char *name;
    const char *title;
    bool broken;    /* keeps a historical mistake, which is to be found */
    bool pir_first; /* the processor reads PIR before it clears ON */
    const struct protocol_parts *parts;
};

/* Ends with NULL. */
extern const struct protocol *const protocols[];

/* Searches through all orders; `result` is to be freed by explore_free(). */
void protocol_explore(const struct protocol *p, const struct explore_limits *l,
                      struct explore_result *result);

#endif
