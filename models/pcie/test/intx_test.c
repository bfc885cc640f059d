/* INTx through bridges. */
#include "models/pcie/intx.h"

#include "tests/gtest_c.h"

enum { INTA, INTB, INTC, INTD };

TEST(intx, bridge_turns_the_pin_by_the_device_number)
{
    static const unsigned upstream[4][INTX_PINS] = {
        {INTA, INTB, INTC, INTD}, /* devices 0, 4, 8 .. */
        {INTB, INTC, INTD, INTA},
        {INTC, INTD, INTA, INTB},
        {INTD, INTA, INTB, INTC},
    };

    for (unsigned device = 0; device < 32; device++)
        for (unsigned pin = 0; pin < INTX_PINS; pin++)
            EXPECT_EQ(intx_swizzle(pin, device), upstream[device % 4][pin],
                      "device %u, pin %u", device, pin);
}
