// Outside memory that is nowhere is found before anything runs.
#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

TEST(unbound_memory, outside_memory_needs_a_bound_socket)
{
    struct machine fake(100000, 1);
    virqsim_options options;

    options.outside_bytes = 4096;
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    virqsim_module module("machine", &fake, options);
    EXPECT_THROW(sc_core::sc_start(), sc_core::sc_report);
    EXPECT_EQ(fake.runs, 0u);
}

} // namespace
