/* Cycles and edges of clocks, against division. */
#include "sim/engine/clock.h"

#include "sim/core/rng.h"
#include "tests/gtest_c.h"

static void compare(sim_time period, sim_time time)
{
    struct clock c = CLOCK_OF(period);
    sim_time over = time % period;

    EXPECT_EQ(clock_cycles(&c, time), time / period, "%ju / %ju",
              (uintmax_t)time, (uintmax_t)period);
    if (time <= UINT64_MAX - period)
        EXPECT_EQ(clock_edge(&c, time), over ? time - over + period : time);
}

TEST(clock, counts_as_division_does_about_every_edge)
{
    static const sim_time periods[] = {
        1, 2, 3, 7, 1000, 1024, 341297, 476190, 999999937, 1u << 31, UINT64_MAX,
    };
    const sim_time last = UINT64_MAX;

    for (unsigned i = 0; i < sizeof periods / sizeof periods[0]; i++)
        for (sim_time n = 1; n <= 1000 && n <= last / periods[i]; n++) {
            sim_time early = n * periods[i];
            sim_time late = (last / periods[i] - n + 1) * periods[i];

            compare(periods[i], early - 1);
            compare(periods[i], early);
            compare(periods[i], late - 1);
            compare(periods[i], late);
        }
}

TEST(clock, counts_as_division_does_at_random_times)
{
    struct rng r;

    rng_init(&r, 1, 0);
    for (unsigned i = 0; i < 1000000; i++) {
        sim_time period = 1 + (rng_u64(&r) >> rng_below(&r, 64));

        compare(period ? period : 1, rng_u64(&r) >> rng_below(&r, 64));
    }
}
