// Interrupt lines: LINT pins go in, and INTR comes out, at the exact time.
#include <memory>

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

using sc_core::SC_FS;
using sc_core::sc_time;

namespace
{

constexpr sim_time run_end = 100000;

// Drives two of the four LINT pins and watches both INTR lines.
class board : public sc_core::sc_module
{
  public:
    sc_core::sc_vector<sc_core::sc_signal<bool>> lint, intr;
    std::vector<machine::entry> seen;

    explicit board(sc_core::sc_module_name name)
        : sc_core::sc_module(name), lint("lint", 2), intr("intr", 2)
    {
        SC_THREAD(drive);
        SC_METHOD(watch);
        sensitive << intr[0] << intr[1];
        dont_initialize();
    }

  private:
    SC_HAS_PROCESS(board);

    void drive()
    {
        wait(sc_time(2500, SC_FS));
        lint[1] = true;
        wait(sc_time(1500, SC_FS)); // 4000: the machine has an event there
        lint[0] = true;
        lint[1] = false;
        wait(sc_time(run_end, SC_FS));
        lint[0] = false; // the run is over
    }

    void watch()
    {
        for (unsigned cpu = 0; cpu < 2; cpu++)
            if (intr[cpu].event())
                seen.push_back({sc_core::sc_time_stamp().value(),
                                "intr" + std::to_string(cpu) +
                                    (intr[cpu] ? " high" : " low")});
    }
};

class lines : public ::testing::Test
{
  protected:
    static void set_intr(unsigned cpu, bool high)
    {
        fake->intr[cpu] = high;
    }

    static void SetUpTestSuite()
    {
        sc_core::sc_set_time_resolution(1, SC_FS);
        fake = std::make_unique<struct machine>(run_end, 2);
        module = std::make_unique<virqsim_module>("machine", fake.get());
        user = std::make_unique<board>("board");
        module->lint[1](user->lint[0]); // LINT1 of CPU 0
        module->lint[2](user->lint[1]); // LINT0 of CPU 1
        module->intr[0](user->intr[0]);
        module->intr[1](user->intr[1]);

        user->lint[0] = true; // high from the start
        fake->at(1000, "a", [] { set_intr(0, true); });
        fake->at(1001, "b", [] { set_intr(0, false); });
        fake->at(3000, "c", [] { set_intr(0, true); });
        fake->at(3000, "d", [] { set_intr(0, false); });
        fake->at(4000, "e", [] { set_intr(0, true); });
        fake->at(run_end, "f", [] { set_intr(0, false); });
        sc_core::sc_start();
    }

    static void TearDownTestSuite()
    {
        user.reset();
        module.reset();
        fake.reset();
    }

    static inline std::unique_ptr<struct machine> fake;
    static inline std::unique_ptr<virqsim_module> module;
    static inline std::unique_ptr<board> user;
};

TEST_F(lines, lint_changes_reach_their_pin_at_the_exact_time)
{
    const std::vector<machine::entry> expected = {
        {0, "cpu0 lint1 high"},
        {1000, "a"},
        {1001, "b"},
        {2500, "cpu1 lint0 high"},
        {3000, "c"},
        {3000, "d"},
        {4000, "e"},
        {4000, "cpu1 lint0 low"},
        {run_end, "f"},
    };

    EXPECT_EQ(fake->log, expected);
}

TEST_F(lines, intr_shows_the_level_after_each_instant)
{
    const std::vector<machine::entry> expected = {
        {1000, "intr0 high"}, {1001, "intr0 low"}, {2500, "intr1 high"},
        {4000, "intr0 high"}, {4000, "intr1 low"}, {run_end, "intr0 low"},
    };

    EXPECT_EQ(user->seen, expected);
}

TEST_F(lines, machine_with_a_watched_line_keeps_step_with_systemc)
{
    EXPECT_EQ(fake->ran_ahead, 0u);
    EXPECT_EQ(fake->late, 0u);
    EXPECT_EQ(fake->backwards, 0u);
}

} // namespace
