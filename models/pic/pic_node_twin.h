/*
 * What a node asks in place of the C model: the verilated twin.
 *
 * State, answers, what becomes of requests and INT's delays are the twin's.
 * The node keeps time for it: it schedules its event as it does for the model,
 * and the twin is clocked at it; a tick at which the two do not agree is a
 * complaint.
 */
#ifndef MODELS_PIC_PIC_NODE_TWIN_H
#define MODELS_PIC_PIC_NODE_TWIN_H

#include "models/pic/pic_request.h"
#include "sim/core/sim_time.h"
#include "sim/core/twin.h"

/* The longest delay of pic_costs.def that the twin can count. */
#define PIC_TWIN_DELAY_MAX 65535u

/* `of` is pic_twin.of; time never goes back. */
struct pic_twin_calls {
    struct twin_calls common;

    /* One cycle with this call, or one for each byte of an access. */
    struct pic_out (*perform)(void *of, struct pic_request *req, sim_time now);

    /* A tick at which INT should rise: its level. */
    bool (*intr)(void *of, sim_time now);
};

struct pic_twin {
    const struct pic_twin_calls *call; /* NULL: none, the model acts */
    void *of;
};

#endif
