/* A block of timers, as its tests program it. */
#ifndef MODELS_PCIE_TEST_HPET_RIG_H
#define MODELS_PCIE_TEST_HPET_RIG_H

#include "models/pcie/hpet.h"
#include "tests/gtest_c.h"

#define PERIOD_FS 69841279u /* 14.31818 MHz */
#define ROUTES 0x00f00000u  /* 20 to 23 */

#define EDGE HPET_INT_ENB_CNF
#define LEVEL (HPET_INT_ENB_CNF | HPET_INT_TYPE_CNF)
#define FSB (HPET_INT_ENB_CNF | HPET_FSB_EN_CNF)
#define PERIODIC HPET_TYPE_CNF
#define ROUTE(interrupt) ((uint32_t)(interrupt) << 9)

static inline struct hpet_build hpet_rig_build(void)
{
    struct hpet_build build = {.timers = 4, .period_fs = PERIOD_FS};

    for (unsigned n = 0; n < build.timers; n++)
        build.routes[n] = ROUTES;
    return build;
}

static inline uint32_t hpet_at(enum hpet_at reg, unsigned timer)
{
    return (uint32_t)reg + HPET_TIMER_STEP * timer;
}

static inline void hpet_checked_write(struct hpet *h, uint32_t at,
                                      uint64_t value)
{
    hpet_write(h, at, 8, value);
    EXPECT_STREQ(hpet_check(h), NULL);
}

#define EXPECT_NOTHING(h, until)                                               \
    do {                                                                       \
        struct hpet_out nothing = hpet_advance(h, until);                      \
                                                                               \
        EXPECT_EQ((h)->tick, (uint64_t)(until), "something came before");      \
        EXPECT_EQ(nothing.send | nothing.pulse, 0);                            \
    } while (0)

#endif
