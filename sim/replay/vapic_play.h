/*
 * Recordings of a guest with a virtual APIC: each set-up gives the VMCS and
 * the virtual-APIC page, each operation is one thing that the guest does, and
 * the answers are its VM exits and what the page holds behind it.
 */
#ifndef SIM_REPLAY_VAPIC_PLAY_H
#define SIM_REPLAY_VAPIC_PLAY_H

#include "sim/core/diag.h"
#include "sim/replay/replay.h"

/* As replay_play(). */
bool vapic_play(const struct recording *r, struct replay_result *result,
                struct diag *d);

#endif
