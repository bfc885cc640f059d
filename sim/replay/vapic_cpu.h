/*
 * The recorded CPU: VMX with a guest in 64-bit mode, and a host that does
 * next to nothing at its VM exits.
 */
#ifndef SIM_REPLAY_VAPIC_CPU_H
#define SIM_REPLAY_VAPIC_CPU_H

#include "sim/replay/vapic_row.h"

#define VAPIC_ANSWERS 16u

struct vapic_cpu;

struct vapic_answers {
    struct vapic_row row[VAPIC_ANSWERS];
    unsigned count;
};

struct vapic_cpu *vapic_cpu_new(void);
void vapic_cpu_free(struct vapic_cpu *v);

void vapic_cpu_set_up(struct vapic_cpu *v, const struct vapic_row *setup);

/* VM entry, the operation and VMCALL.  False: the entry failed, the set-up is
 * over. */
bool vapic_cpu_play(struct vapic_cpu *v, const struct vapic_row *operation,
                    struct vapic_answers *answers);

#endif
