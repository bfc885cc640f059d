/*
 * Every order of events: an exhaustive search over the states of a system.
 *
 * From each state the search runs, one after the other, every event that could
 * be the next: the earliest one, and those at most a window later.  An event
 * that is passed over is late, by at most the window.  States are told apart by
 * a 64-bit hash that the system computes of what counts; a state whose hash was
 * met before is not followed again.  The search goes breadth first, so that the
 * first violation has the shortest trace, in events.
 */
#ifndef SIM_EXPLORE_EXPLORE_H
#define SIM_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/sim_time.h"
#include "sim/engine/engine.h"

#define EXPLORE_TEXT 160
#define EXPLORE_VIOLATION 1024

struct explore_system {
    void *self;
    void *state; /* all that changes, the engine and its heap in it */
    size_t bytes;
    struct engine *engine;
    /* Of everything that what follows depends on. */
    uint64_t (*hash)(void *self);
    /* NULL, or the invariant that the state breaks (valid until the next). */
    const char *(*broken)(void *self);
    /* The same of a state in which nothing is left to happen; may be NULL. */
    const char *(*stuck)(void *self);
    /* Beyond this state nothing is looked for; may be NULL: never. */
    bool (*ended)(void *self);
    /* What `broken` and `stuck` look at, in sentences; ends with NULL. */
    const char *const *invariants;
    /* What the event is, before it runs: up to EXPLORE_TEXT bytes. */
    void (*describe)(void *self, const struct event *ev, char *text);
};

struct explore_limits {
    sim_time window;
    uint32_t states; /* at least 1 */
    uint32_t depth;  /* events from the first state */
};

struct explore_step {
    sim_time time;
    char text[EXPLORE_TEXT];
};

struct explore_result {
    uint32_t states;
    uint64_t transitions;
    uint32_t depth;   /* of the state that is the most events away */
    uint32_t choices; /* states in which several events can be next */
    uint32_t ended;   /* states beyond which nothing was looked for */
    bool exhausted;   /* no limit cut the search short */
    const char *const *invariants;
    bool violated;
    char violation[EXPLORE_VIOLATION];
    struct explore_step *trace; /* to the violation */
    uint32_t trace_steps;
};

/* Afterwards the system is in its first state again; `result` is to be freed by
 * explore_free(). */
void explore(const struct explore_system *s, const struct explore_limits *l,
             struct explore_result *result);
void explore_free(struct explore_result *result);

#endif
