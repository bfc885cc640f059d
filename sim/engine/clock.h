/* Clock domains: a period in femtoseconds; edges at its whole multiples. */
#ifndef SIM_ENGINE_CLOCK_H
#define SIM_ENGINE_CLOCK_H

#include <assert.h>
#include <stdint.h>

#include "sim/core/sim_time.h"

struct clock {
    sim_time period;  /* femtoseconds, not 0 */
    uint64_t inverse; /* 2^64 / period: dividing by it costs a multiplication */
};

/* Its initializer; evaluates the period twice. */
#define CLOCK_OF(period)                                                       \
    {                                                                          \
        (period), UINT64_MAX / (period)                                        \
    }

/* Rounded to the nearest femtosecond: below 1e-6 relative at 2 GHz.
 * hz: 1 .. 1e15. */
static inline struct clock clock_from_hz(uint64_t hz)
{
    sim_time period = (UINT64_C(1000000000000000) + hz / 2) / hz;

    return (struct clock)CLOCK_OF(period);
}

/* Whole cycles up to `time`.  The product's upper half is that or one less, as
 * the inverse is too small by 1 at most. */
static inline uint64_t clock_cycles(const struct clock *c, sim_time time)
{
    uint64_t cycles = (uint64_t)((unsigned __int128)time * c->inverse >> 64);

    assert(c->inverse);
    return cycles + (time - cycles * c->period >= c->period);
}

/* The first edge at or after `time`. */
static inline sim_time clock_edge(const struct clock *c, sim_time time)
{
    sim_time over = time - clock_cycles(c, time) * c->period;

    return over ? time - over + c->period : time;
}

/* The edge `cycles` after the first edge at or after `time`. */
static inline sim_time clock_after(const struct clock *c, sim_time time,
                                   uint64_t cycles)
{
    return clock_edge(c, time) + cycles * c->period;
}

#endif
