/*
 * Late launch as code on a CPU, with interrupts off: what a hypervisor does
 * that starts beneath a running system.  It sets the remapping units up, while
 * requests in compatibility format pass, adopts the sources one by one (see
 * vtd_adopt()) and ends compatibility format.
 */
#ifndef SOFTWARE_VTD_LAUNCH_H
#define SOFTWARE_VTD_LAUNCH_H

#include "software/vtd.h"

#define VTD_LAUNCH_UNITS 8u
#define VTD_LAUNCH_SOURCES 64u
#define VTD_LAUNCH_OPS 2048u /* of the code, at most */

/* A message of MSI-X, or a redirection table entry. */
struct vtd_launch_source {
    struct vtd *driver;
    uint16_t sid;
    uint64_t message;  /* address of the MSI-X table entry, or 0: */
    uint64_t ioapic;   /* of the registers */
    uint8_t rte_index; /* of the entry's low half */
    uint32_t half;     /* that was read first */
};

struct vtd_launch {
    sim_time when; /* not before */
    uint32_t units, sources;
    struct vtd *unit[VTD_LAUNCH_UNITS];
    struct vtd_launch_source source[VTD_LAUNCH_SOURCES];
    bool begun;
    sim_time began;
    sim_time took; /* 0: it is not over */
};

/* Code for a place that is passed again and again: the first time at or after
 * `when` it launches, then it does nothing.  Clobbers RAX to RDX. */
void vtd_launch_build(struct vtd_launch *l, struct text *t);

#endif
