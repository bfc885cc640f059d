/*
 * What the timers do as the counter advances, and what their outputs are.
 *
 * A timer matches when the counter becomes equal to its comparator: one that is
 * written equal to the counter matches a whole turn later.
 */
#include "models/pcie/hpet.h"

#include <assert.h>
#include <stddef.h>

#include "models/pcie/hpet_regs.h"

#define PIT_INTERRUPT 2u
#define RTC_INTERRUPT 8u

void hpet_init(struct hpet *h, const struct hpet_build *build)
{
    assert(build->timers >= HPET_TIMERS_LEAST && build->timers <= HPET_TIMERS);
    assert(build->period_fs && build->period_fs <= HPET_PERIOD_MOST_FS);
    *h = (struct hpet){.build = *build};
    for (unsigned n = 0; n < build->timers; n++)
        h->timer[n] = (struct hpet_timer){
            .comparator = hpet_reg_row[HPET_TN_COMP].reset,
            .period = hpet_reg_row[HPET_TN_COMP].reset,
        };
}

static bool runs(const struct hpet *h)
{
    return h->conf & HPET_ENABLE_CNF;
}

/* Who would notice that the timer matches? */
static bool matters(const struct hpet_timer *t)
{
    return t->conf & (HPET_TYPE_CNF | HPET_INT_ENB_CNF | HPET_INT_TYPE_CNF);
}

static uint64_t distance(const struct hpet *h, const struct hpet_timer *t)
{
    uint64_t ticks = (t->comparator - h->counter) & hpet_width(t);

    if (ticks)
        return ticks;
    return t->conf & HPET_MODE32_CNF ? hpet_width(t) + 1 : HPET_NEVER;
}

uint64_t hpet_next(const struct hpet *h)
{
    uint64_t nearest = HPET_NEVER;

    if (!runs(h))
        return HPET_NEVER;
    for (unsigned n = 0; n < h->build.timers; n++) {
        uint64_t ticks = distance(h, &h->timer[n]);

        if (matters(&h->timer[n]) && ticks < nearest)
            nearest = ticks;
    }
    return nearest < HPET_NEVER - h->tick ? h->tick + nearest : HPET_NEVER;
}

static void match(struct hpet *h, unsigned n, struct hpet_out *out)
{
    struct hpet_timer *t = &h->timer[n];
    uint32_t bit = UINT32_C(1) << n;
    bool enabled = t->conf & HPET_INT_ENB_CNF;

    if (t->conf & HPET_TYPE_CNF)
        t->comparator = (t->comparator + t->period) & hpet_width(t);
    if (t->conf & HPET_FSB_EN_CNF)
        out->send |= enabled ? bit : 0;
    else if (t->conf & HPET_INT_TYPE_CNF)
        h->status |= bit;
    else if (enabled)
        out->pulse |= bit;
}

struct hpet_out hpet_advance(struct hpet *h, uint64_t tick)
{
    uint64_t next = hpet_next(h);
    uint64_t to = next < tick ? next : tick;
    struct hpet_out out = {0, 0};

    if (runs(h))
        h->counter += to - h->tick;
    h->tick = to;
    if (next != to)
        return out;
    for (unsigned n = 0; n < h->build.timers; n++)
        if (((h->counter - h->timer[n].comparator) &
             hpet_width(&h->timer[n])) == 0)
            match(h, n, &out);
    h->edge &= ~out.pulse;
    return out;
}

uint32_t hpet_edge_outputs(const struct hpet *h)
{
    uint32_t edge = 0;

    for (unsigned n = 0; runs(h) && n < h->build.timers; n++)
        if ((h->timer[n].conf & (HPET_INT_ENB_CNF | HPET_INT_TYPE_CNF |
                                 HPET_FSB_EN_CNF)) == HPET_INT_ENB_CNF)
            edge |= UINT32_C(1) << n;
    return edge;
}

void hpet_rise(struct hpet *h, uint32_t timers)
{
    h->edge |= timers & hpet_edge_outputs(h);
}

/* Timers whose level-triggered output is asserted. */
static uint32_t level_outputs(const struct hpet *h)
{
    uint32_t level = 0;

    for (uint32_t rest = runs(h) ? h->status : 0; rest; rest &= rest - 1) {
        unsigned n = (unsigned)__builtin_ctz(rest);

        if ((h->timer[n].conf & (HPET_INT_ENB_CNF | HPET_FSB_EN_CNF)) ==
            HPET_INT_ENB_CNF)
            level |= UINT32_C(1) << n;
    }
    return level;
}

static unsigned interrupt_of(const struct hpet *h, unsigned n)
{
    if ((h->conf & HPET_LEG_RT_CNF) && n < 2)
        return n ? RTC_INTERRUPT : PIT_INTERRUPT;
    return (h->timer[n].conf & HPET_INT_ROUTE_CNF) >>
           __builtin_ctz(HPET_INT_ROUTE_CNF);
}

uint32_t hpet_wires(const struct hpet *h)
{
    uint32_t wires = 0;

    for (uint32_t rest = h->edge | level_outputs(h); rest; rest &= rest - 1)
        wires |= UINT32_C(1) << interrupt_of(h, (unsigned)__builtin_ctz(rest));
    return wires;
}

struct hpet_message hpet_message(const struct hpet *h, unsigned timer)
{
    uint64_t fsb = h->timer[timer].fsb;

    return (struct hpet_message){fsb >> 32, (uint32_t)fsb};
}

const char *hpet_check(const struct hpet *h)
{
    if (h->edge & ~hpet_edge_outputs(h))
        return "an edge-triggered output is high that nobody has";
    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        const struct hpet_timer *t = &h->timer[n];

        if ((h->status >> n & 1) && !(t->conf & HPET_INT_TYPE_CNF))
            return "a timer has a status that is not level triggered";
        if ((t->comparator | t->period) & ~hpet_width(t))
            return "a comparator of 32 bits has more";
        if ((t->conf & HPET_VAL_SET_CNF) && !(t->conf & HPET_TYPE_CNF))
            return "the accumulator of a timer is to be set that has none";
    }
    return NULL;
}
