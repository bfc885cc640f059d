/*
 * The local APIC's timer.  The count is not kept but derived from the edge of
 * the input clock at which it reaches 0.
 */
#include <assert.h>

#include "models/lapic/lapic_private.h"

enum lapic_timer_mode lapic_timer_mode(const struct lapic *l)
{
    return (enum lapic_timer_mode)(l->lvt[LVT_TIMER] >> LVT_TIMER_MODE_SHIFT &
                                   3);
}

/* Input clocks per count; DCR bits 3, 1, 0 as a number: 111 is 1, the others
 * are 2 << number. */
static uint64_t divide_value(const struct lapic *l)
{
    uint32_t number = (l->dcr >> 1 & 4) | (l->dcr & 3);

    return number == 7 ? 1 : UINT64_C(2) << number;
}

static uint64_t clocks_of(const struct lapic *l, uint32_t count)
{
    return count * divide_value(l);
}

uint32_t lapic_tmcct(const struct lapic *l, struct lapic_time now)
{
    uint64_t divide = divide_value(l);

    if (l->timer_expiry <= now.timer_edge)
        return 0;
    return (uint32_t)((l->timer_expiry - now.timer_edge + divide - 1) / divide);
}

void lapic_write_tmict(struct lapic *l, uint32_t value, struct lapic_time now)
{
    enum lapic_timer_mode mode = lapic_timer_mode(l);

    if (mode == TIMER_TSC_DEADLINE)
        return;
    l->tmict = value;
    l->timer_expiry = 0;
    if (value && mode != TIMER_RESERVED)
        l->timer_expiry = now.timer_edge + clocks_of(l, value);
}

/* The remaining count is kept, at the new rate from now on. */
void lapic_write_dcr(struct lapic *l, uint32_t value, struct lapic_time now)
{
    uint32_t left = lapic_tmcct(l, now);

    l->dcr = value;
    if (l->timer_expiry)
        l->timer_expiry = now.timer_edge + clocks_of(l, left);
}

/* One-shot and periodic pass into each other without disturbing the count. */
void lapic_set_timer_mode(struct lapic *l, enum lapic_timer_mode old)
{
    enum lapic_timer_mode mode = lapic_timer_mode(l);

    if (mode == old)
        return;
    if (mode == TIMER_TSC_DEADLINE || old == TIMER_TSC_DEADLINE) {
        l->tmict = 0;
        l->timer_expiry = 0;
        l->tsc_deadline = 0;
    } else if (mode == TIMER_RESERVED) {
        l->timer_expiry = 0;
    }
}

void lapic_write_tsc_deadline(struct lapic *l, uint64_t value)
{
    if (lapic_timer_mode(l) == TIMER_TSC_DEADLINE)
        l->tsc_deadline = value;
}

struct lapic_due lapic_timer_due(const struct lapic *l)
{
    if (l->tsc_deadline)
        return (struct lapic_due){LAPIC_DUE_TSC, l->tsc_deadline};
    if (l->timer_expiry)
        return (struct lapic_due){LAPIC_DUE_TIMER_EDGE, l->timer_expiry};
    return (struct lapic_due){LAPIC_DUE_NEVER, 0};
}

struct lapic_out lapic_timer_expire(struct lapic *l)
{
    struct lapic_out out;

    assert(l->tsc_deadline || l->timer_expiry);
    l->tsc_deadline = 0;
    if (lapic_timer_mode(l) == TIMER_PERIODIC)
        l->timer_expiry += clocks_of(l, l->tmict);
    else
        l->timer_expiry = 0;
    out = lapic_seen(l, lapic_fire(l, LVT_TIMER)); /* lost if masked */
    out.timer_changed = true;
    return out;
}
