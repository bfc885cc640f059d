/*
 * Throttle registers, one a cause (EITR of the 82576 and I210): the interval
 * in bits 14:2, the counter in bits 30:21.  The counter has as many bits as
 * the interval, of which the upper ten show.
 *
 * Left out: low-latency interrupts (bits 20:15).
 */
#include "models/pcie/pcie_regs.h"

#define UNIT SIM_US
#define COUNTER_UNIT (8 * UNIT)

static sim_time field(uint32_t value, uint32_t mask)
{
    return (value & mask) >> __builtin_ctz(mask);
}

static uint32_t in_field(sim_time value, uint32_t mask)
{
    sim_time most = field(mask, mask);

    return (uint32_t)(value < most ? value : most) << __builtin_ctz(mask);
}

/* Counts what has begun. */
static sim_time units(sim_time time)
{
    return (time + UNIT - 1) / UNIT;
}

uint32_t pcie_throttle_read(const struct pcie *p, unsigned k, sim_time left)
{
    return in_field(units(p->interval[k]), PCIE_THROTTLE_INTERVAL) |
           in_field(units(left) * UNIT / COUNTER_UNIT, PCIE_THROTTLE_COUNTER);
}

uint32_t pcie_load_counter(struct pcie *p, unsigned k, sim_time time)
{
    p->loaded[k] = time;
    p->running |= UINT32_C(1) << k;
    return UINT32_C(1) << k;
}

static struct pcie_out write_counter(struct pcie *p, unsigned k, sim_time time)
{
    struct pcie_out out;

    if (!time) {
        out = pcie_interval_over(p, k);
        out.stop = (UINT32_C(1) << k) & ~out.start;
        return out;
    }
    out = pcie_settle(p);
    out.start |= pcie_load_counter(p, k, time);
    return out;
}

struct pcie_out pcie_throttle_write(struct pcie *p, unsigned k, uint32_t value)
{
    p->interval[k] = field(value, PCIE_THROTTLE_INTERVAL) * UNIT;
    if (value & PCIE_THROTTLE_KEEP_COUNTER)
        return pcie_settle(p);
    return write_counter(p, k,
                         field(value, PCIE_THROTTLE_COUNTER) * COUNTER_UNIT);
}
