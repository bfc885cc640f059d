// Two machines in one design: the INTR of one is a LINT pin of the other.
#include <memory>

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

constexpr sim_time run_end = 50000;

class two_machines : public ::testing::Test
{
  protected:
    struct side {
        struct machine fake {
            run_end, 1
        };
        std::unique_ptr<virqsim_module> module;
    };

    static void SetUpTestSuite()
    {
        sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
        line = std::make_unique<sc_core::sc_signal<bool>>("line");
        for (unsigned i = 0; i < 2; i++) {
            sides.push_back(std::make_unique<side>());
            sides[i]->module = std::make_unique<virqsim_module>(
                i ? "second" : "first", &sides[i]->fake);
        }
        sides[0]->module->intr[0](*line);
        sides[1]->module->lint[1](*line);
        for (sim_time t : {1000, 3000, 5000}) {
            sides[0]->fake.at(t, "toggle", [] {
                sides[0]->fake.intr[0] = !sides[0]->fake.intr[0];
            });
            sides[1]->fake.at(t, "own"); // at the same instants
            sides[1]->fake.at(t + 1, "own");
        }
        sc_core::sc_start();
    }

    static void TearDownTestSuite()
    {
        sides.clear();
        line.reset();
    }

    static inline std::unique_ptr<sc_core::sc_signal<bool>> line;
    static inline std::vector<std::unique_ptr<side>> sides;
};

TEST_F(two_machines, line_of_one_reaches_the_other_at_the_same_instant)
{
    const std::vector<machine::entry> expected = {
        {1000, "own"}, {1000, "cpu0 lint1 high"}, {1001, "own"},
        {3000, "own"}, {3000, "cpu0 lint1 low"},  {3001, "own"},
        {5000, "own"}, {5000, "cpu0 lint1 high"}, {5001, "own"},
    };

    EXPECT_EQ(sides[1]->fake.log, expected);
}

TEST_F(two_machines, both_reach_their_end_and_neither_runs_ahead)
{
    for (const auto &one : sides) {
        EXPECT_EQ(one->fake.now, run_end);
        EXPECT_EQ(one->fake.ran_ahead, 0u);
    }
}

} // namespace
