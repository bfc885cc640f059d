/*
 * What a node asks in place of the C model: the verilated twin.
 *
 * State, answers, INTR's and the messages' delays are the twin's.  The node
 * keeps time for it: it schedules its events as it does for the model, and the
 * twin is clocked at them; a tick at which the two do not agree is a complaint.
 */
#ifndef MODELS_LAPIC_LAPIC_NODE_TWIN_H
#define MODELS_LAPIC_LAPIC_NODE_TWIN_H

#include "models/lapic/lapic_request.h"
#include "sim/core/sim_time.h"
#include "sim/core/twin.h"

/* The longest delay of lapic_costs.def that the twin can count. */
#define LAPIC_TWIN_DELAY_MAX 32767u

/* `of` is lapic_twin.of; time never goes back. */
struct lapic_twin_calls {
    struct twin_calls common;

    /* One cycle with this call. */
    struct lapic_out (*perform)(void *of, struct lapic_request *req,
                                sim_time now);

    /* A tick of the APIC clock at which INTR should rise: its level. */
    bool (*intr)(void *of, sim_time now);

    /* A tick at which a message should leave; one that left already at this
     * instant comes first.  `m` is empty if there is none. */
    void (*leave)(void *of, sim_time now, struct msg *m);

    struct lapic_due (*timer_due)(const void *of);
    bool (*matches)(void *of, const struct msg_apic *m);

    /* A register as a load in xAPIC mode shows it; IA32_APIC_BASE. */
    uint32_t (*reg)(const void *of, uint32_t offset);
    uint64_t (*base)(const void *of);
};

struct lapic_twin {
    const struct lapic_twin_calls *call; /* NULL: none, the model acts */
    void *of;
};

#endif
