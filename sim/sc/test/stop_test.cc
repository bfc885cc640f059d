// The end of a simulation that is stopped before the machine's end.
#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

TEST(stop, a_stopped_simulation_leaves_the_machine_at_its_time)
{
    struct machine fake(100000, 1);

    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    virqsim_module module("machine", &fake);
    fake.at(2000, "before");
    fake.at(5000, "with it");
    fake.at(5001, "after");
    sc_core::sc_spawn([] {
        sc_core::wait(sc_core::sc_time(5000, sc_core::SC_FS));
        sc_core::sc_stop();
    });
    sc_core::sc_start();

    EXPECT_EQ(fake.log, (std::vector<machine::entry>{{2000, "before"},
                                                     {5000, "with it"}}));
    EXPECT_EQ(fake.now, 5000u);
}

} // namespace
