/* INTx pins, and what bridges make of them.  The wires themselves, which
 * several devices may share, are the machine's: sim/machine/lines.c. */
#ifndef MODELS_PCIE_INTX_H
#define MODELS_PCIE_INTX_H

#define INTX_PINS 4u /* 0: INTA .. 3: INTD */

/* A bridge turns the pins of device n behind it by n. */
static inline unsigned intx_swizzle(unsigned pin, unsigned device)
{
    return (pin + device) % INTX_PINS;
}

#endif
