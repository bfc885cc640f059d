/*
 * Adaptive moderation: what a driver writes into the throttle register of a
 * network adapter by what its interrupts bring.
 *
 * An interrupt that tells of many packets doubles the interval, one that tells
 * of few halves it, between bounds.  The register is written when the interval
 * changes, and its counter is left alone.
 */
#ifndef SOFTWARE_THROTTLE_H
#define SOFTWARE_THROTTLE_H

#include <stdint.h>

/* Times in microseconds. */
struct throttle_rule {
    uint32_t least, most; /* most 0: the register is left alone */
    uint32_t few, many;   /* packets; at most `few`, at least `many` */
};

/* The interval within the bounds that is nearest to `us`. */
uint32_t throttle_bounded(const struct throttle_rule *r, uint32_t us);

/* The interval after an interrupt that told of so many packets. */
uint32_t throttle_next(const struct throttle_rule *r, uint32_t us,
                       uint64_t packets);

/* What is written to the register for it. */
uint32_t throttle_value(uint32_t us);

#endif
