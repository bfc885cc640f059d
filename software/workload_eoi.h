/* How the workload ends interrupts at its local APIC. */
#ifndef SOFTWARE_WORKLOAD_EOI_H
#define SOFTWARE_WORKLOAD_EOI_H

#include "software/workload.h"

/* At boot. */
void workload_eoi_build_start(struct workload *w, struct text *t);

/* In a handler; clobbers RAX. */
void workload_eoi_build(struct workload *w, struct text *t);

#endif
