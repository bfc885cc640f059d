/* Source-ids in the manual's numbers. */
#include "models/pcie/source_id.h"

#include "tests/gtest_c.h"

TEST(source_id, is_bus_device_and_function)
{
    EXPECT_EQ(source_id(0, 0, 0), 0);
    EXPECT_EQ(source_id(0xf0, 0x1f, 7), 0xf0ff);
    EXPECT_EQ(source_id(1, 1, 0), 0x0108);
    EXPECT_EQ(source_id(0xff, 0, 1), 0xff01);
}

TEST(source_id, of_conventional_pci_is_the_bus_alone)
{
    EXPECT_EQ(source_id_of_pci(5), 0x0500);
}
