/* INTx messages through shared pins and bridges. */
#include "models/pcie/intx.h"

#include "tests/gtest_c.h"

enum { INTA, INTB, INTC, INTD };

TEST(intx, message_codes_are_20h_to_27h)
{
    for (unsigned pin = 0; pin < INTX_PINS; pin++) {
        EXPECT_EQ(intx_code(pin, true), 0x20 + pin);
        EXPECT_EQ(intx_code(pin, false), 0x24 + pin);
    }
}

TEST(intx, pin_of_two_functions_is_deasserted_by_the_last_one)
{
    struct intx_wires device = {{0}};

    EXPECT_EQ(intx_receive(&device, 0, INTA, true).changed, 1u << INTA);
    EXPECT_EQ(intx_receive(&device, 1, INTA, true).changed, 0);
    EXPECT_EQ(intx_receive(&device, 0, INTA, false).changed, 0, "1 holds it");
    struct intx_change last = intx_receive(&device, 1, INTA, false);
    EXPECT_EQ(last.changed, 1u << INTA);
    EXPECT_EQ(last.asserted, 0);
}

TEST(intx, repeated_messages_change_nothing)
{
    struct intx_wires w = {{0}};

    EXPECT_EQ(intx_receive(&w, 3, INTC, false).changed, 0);
    intx_receive(&w, 3, INTC, true);
    EXPECT_EQ(intx_receive(&w, 3, INTC, true).changed, 0);
    EXPECT_EQ(intx_receive(&w, 3, INTC, false).changed, 1u << INTC);
}

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

TEST(intx, inta_of_device_3_behind_a_bridge_is_intd_upstream)
{
    struct intx_wires bridge = {{0}};
    unsigned pin = intx_swizzle(INTA, 3);

    EXPECT_EQ(intx_receive(&bridge, 3, pin, true).changed, 1u << INTD);
}

TEST(intx, devices_whose_pins_meet_in_a_bridge_share_its_wire)
{
    struct intx_wires bridge = {{0}};

    intx_receive(&bridge, 1, intx_swizzle(INTA, 1), true);
    EXPECT_EQ(intx_receive(&bridge, 5, intx_swizzle(INTA, 5), true).changed, 0);
    EXPECT_EQ(intx_receive(&bridge, 1, intx_swizzle(INTA, 1), false).changed,
              0);
    EXPECT_EQ(bridge.asserted[INTB], 1u << 5);
}

TEST(intx, link_that_goes_down_deasserts_what_only_it_asserted)
{
    struct intx_wires w = {{0}};
    struct intx_change down;

    intx_receive(&w, 0, INTA, true);
    intx_receive(&w, 0, INTB, true);
    intx_receive(&w, 1, INTB, true);
    down = intx_link_down(&w, 0);
    EXPECT_EQ(down.changed, 1u << INTA);
    EXPECT_EQ(down.asserted, 1u << INTB);
    EXPECT_EQ(intx_link_down(&w, 0).changed, 0);
}
