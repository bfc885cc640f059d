// Accesses through the target socket meet the machine at their exact time.
#include <memory>

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

using sc_core::SC_FS;
using sc_core::sc_time;

namespace
{

constexpr sim_time run_end = 1000000;

// Accesses at given times, each by a thread of its own.
class user : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<user> socket;

    explicit user(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
    }

    void write_at(sim_time time, std::uint64_t addr, sim_time delay = 0)
    {
        sc_core::sc_spawn([=] {
            sc_core::wait(sc_time::from_value(time));
            write(addr, delay);
        });
    }

    tlm::tlm_response_status write(std::uint64_t addr, sim_time delay)
    {
        std::uint32_t data = 0x41;
        sc_time annotated = sc_time::from_value(delay);
        tlm::tlm_generic_payload access;

        access.set_write();
        access.set_address(addr);
        access.set_data_ptr(reinterpret_cast<unsigned char *>(&data));
        access.set_data_length(4);
        access.set_streaming_width(4);
        socket->b_transport(access, annotated);
        EXPECT_EQ(annotated, sc_core::SC_ZERO_TIME) << "it was waited for";
        return access.get_response_status();
    }
};

class exact_time : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        sc_core::sc_set_time_resolution(1, SC_FS);
        fake = std::make_unique<struct machine>(run_end, 2);
        module = std::make_unique<virqsim_module>("machine", fake.get());
        source = std::make_unique<user>("user");
        source->socket.bind(module->target);
        for (sim_time t : {100, 2000, 2001, 3000, 5000, 7500, 900000})
            fake->at(t, "event");
        fake->at(run_end, "last");
        fake->at(run_end + 1, "too late");

        source->write_at(2001, 16);
        source->write_at(4000, 32, 3500); // at 7500, after the next one
        source->write_at(5001, 48);
        sc_core::sc_start(sc_time(6000, SC_FS));
        source->write(64, 0); // by sc_main, between two calls of sc_start
        runs_before_the_end = fake->runs;
        sc_core::sc_start();
    }

    static void TearDownTestSuite()
    {
        source.reset();
        module.reset();
        fake.reset();
    }

    static inline std::unique_ptr<struct machine> fake;
    static inline std::unique_ptr<virqsim_module> module;
    static inline std::unique_ptr<user> source;
    static inline unsigned runs_before_the_end;
};

TEST_F(exact_time, access_comes_after_what_was_due_and_before_the_rest)
{
    const std::vector<machine::entry> expected = {
        {100, "event"},     {2000, "event"},     {2001, "event"},
        {2001, "write 16"}, {2001, "effect 16"}, {3000, "event"},
        {5000, "event"},    {5001, "write 48"},  {5001, "effect 48"},
        {6000, "write 64"}, {6000, "effect 64"}, {7500, "event"},
        {7500, "write 32"}, {7500, "effect 32"}, {900000, "event"},
        {run_end, "last"},
    };

    EXPECT_EQ(fake->log, expected);
}

TEST_F(exact_time, machine_never_passes_the_clock_of_systemc)
{
    EXPECT_EQ(fake->ran_ahead, 0u);
    EXPECT_EQ(fake->backwards, 0u);
    EXPECT_EQ(fake->now, run_end);
}

TEST_F(exact_time, events_that_drive_nothing_cost_systemc_nothing)
{
    // Before the first event, and one for each of three accesses.
    EXPECT_EQ(runs_before_the_end, 4u);
}

TEST_F(exact_time, nobody_answers_after_the_end_of_the_run)
{
    std::size_t before = fake->log.size();

    sc_core::sc_start(sc_time(1, SC_FS));
    EXPECT_EQ(source->write(16, 0), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(fake->log.size(), before);
}

} // namespace
