/*
 * What software does to a local APIC that its manual tells it not to do.  A
 * function of the access and of how the APIC is then, so that model and RTL
 * twin are judged alike.
 */
#ifndef MODELS_LAPIC_LAPIC_WARNING_H
#define MODELS_LAPIC_LAPIC_WARNING_H

#include "models/lapic/lapic_request.h"

enum lapic_warning {
    LAPIC_WARNING_NONE,
#define WARNING(name, text, rule) LAPIC_WARNING_##name,
#include "models/lapic/lapic_warnings.def"
#undef WARNING
    LAPIC_WARNING_COUNT
};

/* Of a call that software made; `gp`: it was refused.  Of `l` only features,
 * base and LVT timer are looked at. */
enum lapic_warning lapic_warning_of(const struct lapic *l,
                                    const struct lapic_request *req, bool gp);

/* As in "warnings.lapic.hole.cpu0"; the rule in words. */
const char *lapic_warning_name(enum lapic_warning warning);

#endif
