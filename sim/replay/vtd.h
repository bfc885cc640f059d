/*
 * Recordings of interrupt remapping: one remapping unit, programmed by its
 * tables, queue and registers as software does it.  Each line writes an entry,
 * invalidates it, lets the device send one request, and says what became of
 * it.
 */
#ifndef SIM_REPLAY_VTD_H
#define SIM_REPLAY_VTD_H

#include "sim/replay/replay.h"

/* As replay_play(), of which it is a part. */
bool vtd_play(const struct recording *r, struct replay_result *result,
              struct diag *d);

#endif
