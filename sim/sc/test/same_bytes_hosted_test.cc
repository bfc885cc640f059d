// A run hosted by SystemC gives the figures of a run without SystemC.
#include "sim/sc/sc_host.h"
#include "sim/sc/test/real_machine.h"
#include "sim/sc/test/sc_test.h"

namespace
{

TEST(same_bytes, hosted_run_has_the_figures_of_a_run_on_its_own)
{
    machine_pointer alone = shipped_machine(0), hosted = shipped_machine(0);

    machine_run(alone.get(), machine_end(alone.get()));
    ASSERT_EQ(sc_host_run(
                  hosted.get(), [](void *, double) {}, nullptr),
              SC_HOST_DONE);
    expect_same_figures(hosted.get(), alone.get());
}

} // namespace
