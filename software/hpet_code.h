/*
 * How software makes a timer of the HPET tick: a periodic timer of 32 bits,
 * edge-triggered, whose route the firmware has set.  The main counter runs.
 */
#ifndef SOFTWARE_HPET_CODE_H
#define SOFTWARE_HPET_CODE_H

#include "software/text.h"

struct hpet_code {
    uint64_t registers; /* of the block; 0: there is no such timer */
    unsigned timer;
    uint32_t conf;   /* where it sends: route or message */
    uint32_t period; /* in ticks of the main counter */
};

/* Appends the ops that start it; the first tick is a period later.  Clobbers
 * RAX. */
void hpet_code_start(struct text *t, const struct hpet_code *c);

#endif
