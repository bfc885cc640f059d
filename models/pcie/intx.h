/*
 * INTx messages, and the virtual wires of what receives them: a device whose
 * functions share pins, a bridge, a root port.  A wire is asserted while any
 * of its sources asserts it; only changes of a wire go on upstream.
 */
#ifndef MODELS_PCIE_INTX_H
#define MODELS_PCIE_INTX_H

#include <stdbool.h>
#include <stdint.h>

#define INTX_PINS 4u     /* 0: INTA .. 3: INTD */
#define INTX_SOURCES 32u /* functions of a device, devices behind a bridge */

/* The message code of a pin that is asserted or deasserted. */
static inline uint8_t intx_code(unsigned pin, bool asserts)
{
    return (uint8_t)(0x20u | (asserts ? 0u : 0x4u) | pin);
}

/* A bridge turns the pins of device n behind it by n. */
static inline unsigned intx_swizzle(unsigned pin, unsigned device)
{
    return (pin + device) % INTX_PINS;
}

struct intx_wires {
    uint32_t asserted[INTX_PINS]; /* by source n: bit n */
};

/* The wires that changed because of one call, and how they are now: bit p is
 * pin p. */
struct intx_change {
    uint8_t changed, asserted;
};

/* A message of a source for a wire.  Repeating one changes nothing. */
struct intx_change intx_receive(struct intx_wires *w, unsigned source,
                                unsigned pin, bool asserts);

/* The link to a source is down: all that it asserted is deasserted. */
struct intx_change intx_link_down(struct intx_wires *w, unsigned source);

#endif
