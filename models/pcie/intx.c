/* Wired OR of INTx messages. */
#include "models/pcie/intx.h"

#include <assert.h>

static uint8_t levels(const struct intx_wires *w)
{
    uint8_t set = 0;

    for (unsigned pin = 0; pin < INTX_PINS; pin++)
        set |= (uint8_t)((w->asserted[pin] != 0) << pin);
    return set;
}

static struct intx_change change(const struct intx_wires *w, uint8_t before)
{
    uint8_t now = levels(w);

    return (struct intx_change){.changed = now ^ before, .asserted = now};
}

struct intx_change intx_receive(struct intx_wires *w, unsigned source,
                                unsigned pin, bool asserts)
{
    uint8_t before = levels(w);
    uint32_t bit;

    assert(source < INTX_SOURCES && pin < INTX_PINS);
    bit = UINT32_C(1) << source;
    w->asserted[pin] =
        asserts ? w->asserted[pin] | bit : w->asserted[pin] & ~bit;
    return change(w, before);
}

struct intx_change intx_link_down(struct intx_wires *w, unsigned source)
{
    uint8_t before = levels(w);

    assert(source < INTX_SOURCES);
    for (unsigned pin = 0; pin < INTX_PINS; pin++)
        w->asserted[pin] &= ~(UINT32_C(1) << source);
    return change(w, before);
}
