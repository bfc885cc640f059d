/*
 * What a node asks in place of the C model: the verilated twin.
 *
 * State, answers, the choice of the next message and its delay are the twin's.
 * The node keeps time for it: it schedules its events as it does for the model,
 * and the twin is clocked at them; a tick at which the two do not agree is a
 * complaint.
 */
#ifndef MODELS_IOAPIC_IOAPIC_NODE_TWIN_H
#define MODELS_IOAPIC_IOAPIC_NODE_TWIN_H

#include "models/ioapic/ioapic_request.h"
#include "sim/core/sim_time.h"
#include "sim/core/twin.h"

/* The sizes in which the twin is made. */
#define IOAPIC_TWIN_PINS 24u
#define IOAPIC_TWIN_PINS_MORE 120u

/* The longest delay of ioapic_costs.def that the twin can count. */
#define IOAPIC_TWIN_DELAY_MAX 65535u

/* `of` is ioapic_twin.of; time never goes back. */
struct ioapic_twin_calls {
    struct twin_calls common;

    /* One cycle with this call. */
    struct ioapic_out (*perform)(void *of, struct ioapic_request *req,
                                 sim_time now);

    /* Whether a pin's message waits to be sent. */
    bool (*waiting)(const void *of);

    /* The end of a tick at which a message should set out: which one it is. */
    struct ioapic_sent (*take)(void *of, sim_time now);

    /* A tick at which that message should leave. */
    struct ioapic_message (*leave)(void *of, sim_time now);
};

struct ioapic_twin {
    const struct ioapic_twin_calls *call; /* NULL: none, the model acts */
    void *of;
};

#endif
