/*
 * Posted-interrupt descriptors, as they lie in memory and as every agent posts
 * to them: the remapper, IPI virtualization, hypervisors.
 *
 * SDM vol. 3, chapter "APIC Virtualization and Virtual Interrupts", sections
 * "Posted-Interrupt Processing" and "Virtual-Interrupt Posting".
 */
#ifndef SIM_CORE_PID_H
#define SIM_CORE_PID_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/mem.h"

#define PID_BYTES 64u   /* also its alignment */
#define PID_PIR 0u      /* 256 bits, vector v at bit v */
#define PID_CONTROL 32u /* the 64-bit word of the fields below */
#define PID_ON (UINT64_C(1) << 0)
#define PID_SN (UINT64_C(1) << 1)
#define PID_NV_SHIFT 16u
#define PID_NDST_SHIFT 32u

static inline uint8_t pid_nv(uint64_t control)
{
    return (uint8_t)(control >> PID_NV_SHIFT);
}

static inline uint32_t pid_ndst(uint64_t control)
{
    return (uint32_t)(control >> PID_NDST_SHIFT);
}

/* What comes of a post: whether the poster has to send an interrupt of vector
 * `nv` to `ndst`, which in xAPIC mode holds the ID in its bits 15:8. */
struct pid_posted {
    bool merged; /* the PIR bit was set already */
    bool notify;
    uint8_t nv;
    uint32_t ndst;
};

/* Is the vector posted already? */
bool pid_has(struct mem *m, uint64_t pid, uint8_t vector);

/* Sets PIR[vector], and ON unless it is set already or, for a post that is not
 * urgent, SN suppresses it. */
struct pid_posted pid_post(struct mem *m, uint64_t pid, uint8_t vector,
                           bool urgent);

#endif
