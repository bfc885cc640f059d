/* Clock domains: a period in femtoseconds; edges at its whole multiples. */
#ifndef SIM_ENGINE_CLOCK_H
#define SIM_ENGINE_CLOCK_H

#include <stdint.h>

#include "sim/core/sim_time.h"

struct clock {
    sim_time period; /* femtoseconds, not 0 */
};

/* Rounded to the nearest femtosecond: below 1e-6 relative at 2 GHz.
 * hz: 1 .. 1e15. */
static inline struct clock clock_from_hz(uint64_t hz)
{
    return (struct clock){(UINT64_C(1000000000000000) + hz / 2) / hz};
}

/* The first edge at or after `time`. */
static inline sim_time clock_edge(const struct clock *c, sim_time time)
{
    sim_time over = time % c->period;

    return over ? time - over + c->period : time;
}

/* The edge `cycles` after the first edge at or after `time`. */
static inline sim_time clock_after(const struct clock *c, sim_time time,
                                   uint64_t cycles)
{
    return clock_edge(c, time) + cycles * c->period;
}

/* Whole cycles up to `time`. */
static inline uint64_t clock_cycles(const struct clock *c, sim_time time)
{
    return time / c->period;
}

#endif
