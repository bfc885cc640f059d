// The machine counts femtoseconds, and so must SystemC.
#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

TEST(resolution, another_resolution_than_1_fs_is_an_error)
{
    struct machine fake(1000, 1);

    sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
    EXPECT_THROW(virqsim_module("machine", &fake), sc_core::sc_report);
}

} // namespace
