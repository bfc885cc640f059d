/* The driver's rule; see throttle.h. */
#include "software/throttle.h"

#include "models/pcie/pcie.h"

uint32_t throttle_bounded(const struct throttle_rule *r, uint32_t us)
{
    if (us < r->least)
        return r->least;
    return us < r->most ? us : r->most;
}

uint32_t throttle_next(const struct throttle_rule *r, uint32_t us,
                       uint64_t packets)
{
    if (packets >= r->many)
        return throttle_bounded(r, 2 * us);
    if (packets <= r->few)
        return throttle_bounded(r, us / 2);
    return us;
}

uint32_t throttle_value(uint32_t us)
{
    return PCIE_THROTTLE_KEEP_COUNTER |
           us << __builtin_ctz(PCIE_THROTTLE_INTERVAL);
}
