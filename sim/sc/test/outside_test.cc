// Memory outside the machine is reached at the exact time, without waiting.
#include <memory>

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

using sc_core::SC_FS;
using sc_core::sc_time;

namespace
{

constexpr std::uint64_t base = 0x100000, bytes = 0x1000;

// A device behind the machine's memory socket that answers with an MSI after
// 300 fs; at base + 0x800 nobody answers.
class device : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<device> registers;
    tlm_utils::simple_initiator_socket<device> msi;
    std::vector<machine::entry> seen;
    std::vector<tlm::tlm_response_status> at_once, later;

    explicit device(sc_core::sc_module_name name)
        : sc_core::sc_module(name), registers("registers"), msi("msi")
    {
        registers.register_b_transport(this, &device::b_transport);
        SC_METHOD(interrupt);
        sensitive << m_due;
        dont_initialize();
    }

  private:
    SC_HAS_PROCESS(device);

    void b_transport(tlm::tlm_generic_payload &access, sc_time &delay)
    {
        sim_time now = (sc_core::sc_time_stamp() + delay).value();
        std::uint64_t offset = access.get_address() - base;

        seen.push_back({now, (access.is_read() ? "read " : "write ") +
                                 std::to_string(offset)});
        delay += sc_time(50, SC_FS); // not modelled
        access.set_response_status(offset < 0x800
                                       ? tlm::TLM_OK_RESPONSE
                                       : tlm::TLM_ADDRESS_ERROR_RESPONSE);
        if (access.is_read())
            std::memset(access.get_data_ptr(), 0x5a, access.get_data_length());
        else
            at_once.push_back(write_msi());
        m_due.notify(sc_time(300, SC_FS));
    }

    void interrupt()
    {
        later.push_back(write_msi());
    }

    tlm::tlm_response_status write_msi()
    {
        std::uint32_t vector = 0x41;
        sc_time delay = sc_core::SC_ZERO_TIME;
        tlm::tlm_generic_payload access;

        access.set_write();
        access.set_address(0xfee00000);
        access.set_data_ptr(reinterpret_cast<unsigned char *>(&vector));
        access.set_data_length(4);
        access.set_streaming_width(4);
        msi->b_transport(access, delay);
        return access.get_response_status();
    }

    sc_core::sc_event m_due;
};

class outside : public ::testing::Test
{
  protected:
    static void store(std::uint64_t addr)
    {
        std::uint32_t word = 7;

        fake->outside.write(fake->outside.ctx, addr, &word, sizeof word);
    }

    static void load(std::uint64_t addr)
    {
        loaded.push_back(0);
        fake->outside.read(fake->outside.ctx, addr, &loaded.back(), 4);
    }

    static void SetUpTestSuite()
    {
        virqsim_options options;

        options.outside_base = base;
        options.outside_bytes = bytes;
        sc_core::sc_set_time_resolution(1, SC_FS);
        fake = std::make_unique<struct machine>(100000, 1);
        module =
            std::make_unique<virqsim_module>("machine", fake.get(), options);
        user = std::make_unique<device>("device");
        module->memory.bind(user->registers);
        user->msi.bind(module->target);
        fake->at(1000, "store", [] { store(base); });
        fake->at(1200, "event");
        fake->at(1301, "event");
        fake->at(2000, "load", [] { load(base + 4); });
        fake->at(3000, "load", [] { load(base + 0x800); });
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
    static inline std::unique_ptr<device> user;
    static inline std::vector<std::uint32_t> loaded;
};

TEST_F(outside, accesses_leave_at_their_exact_time)
{
    const std::vector<machine::entry> expected = {
        {1000, "write 0"}, {2000, "read 4"}, {3000, "read 2048"}};

    EXPECT_EQ(user->seen, expected);
    EXPECT_EQ(fake->outside.base, base);
    EXPECT_EQ(fake->outside.bytes, bytes);
}

TEST_F(outside, an_answer_of_the_device_arrives_between_later_events)
{
    const std::vector<machine::entry> expected = {
        {1000, "store"},
        {1200, "event"},
        {1300, "write 4276092928"},
        {1300, "effect 4276092928"},
        {1301, "event"},
        {2000, "load"},
        {2300, "write 4276092928"},
        {2300, "effect 4276092928"},
        {3000, "load"},
        {3300, "write 4276092928"},
        {3300, "effect 4276092928"},
    };

    EXPECT_EQ(fake->log, expected);
    EXPECT_EQ(fake->ran_ahead, 0u);
    EXPECT_EQ(fake->late, 0u);
}

TEST_F(outside, an_access_from_inside_an_access_is_refused)
{
    ASSERT_EQ(user->at_once.size(), 1u);
    EXPECT_EQ(user->at_once[0], tlm::TLM_GENERIC_ERROR_RESPONSE);
    ASSERT_EQ(user->later.size(), 3u);
    EXPECT_EQ(user->later[0], tlm::TLM_OK_RESPONSE);
}

TEST_F(outside, a_read_that_nobody_answers_gives_all_ones)
{
    ASSERT_EQ(loaded.size(), 2u);
    EXPECT_EQ(loaded[0], 0x5a5a5a5au);
    EXPECT_EQ(loaded[1], 0xffffffffu);
    EXPECT_EQ(module->outside_errors(), 1u);
}

} // namespace
