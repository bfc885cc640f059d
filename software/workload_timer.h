/* The part of the workload that has to do with its APIC timer. */
#ifndef SOFTWARE_WORKLOAD_TIMER_H
#define SOFTWARE_WORKLOAD_TIMER_H

#include "software/workload.h"

/* At boot, if the workload has a timer. */
void workload_timer_build_start(struct workload *w, struct text *t);

/* The handler: EOI, its work, the next expiry unless the timer is periodic,
 * devices' interrupts that move. */
void workload_timer_build_handler(struct workload *w, struct text *t);

#endif
