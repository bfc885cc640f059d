// Machines that keep step with SystemC, two in one design, give the figures of
// runs without SystemC.
#include <vector>

#include "sim/sc/test/real_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

TEST(same_bytes, two_machines_in_step_have_the_figures_of_runs_on_their_own)
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    std::vector<machine_pointer> alone, inside;
    std::vector<std::unique_ptr<virqsim_module>> modules;
    sc_core::sc_vector<sc_core::sc_signal<bool>> intr("intr", 2);

    for (unsigned i = 0; i < 2; i++) {
        alone.push_back(shipped_machine(i));
        machine_run(alone[i].get(), machine_end(alone[i].get()));
        inside.push_back(shipped_machine(i));
        modules.push_back(std::make_unique<virqsim_module>(
            sc_core::sc_gen_unique_name("machine"), inside[i].get()));
        modules[i]->intr[0](intr[i]);
    }
    sc_core::sc_start();
    for (unsigned i = 0; i < 2; i++)
        expect_same_figures(inside[i].get(), alone[i].get());
}

} // namespace
