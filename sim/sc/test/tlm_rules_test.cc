// What the target socket accepts and what it refuses, with which response.
#include <memory>

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"
#include "sim/sc/virqsim_module.h"

namespace
{

struct requester : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<requester> socket;

    explicit requester(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
    }
};

class tlm_rules : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
        fake = std::make_unique<struct machine>(1000, 1);
        module = std::make_unique<virqsim_module>("machine", fake.get());
        user = std::make_unique<requester>("user");
        user->socket.bind(module->target);
        sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_FS));
    }

    static void TearDownTestSuite()
    {
        user.reset();
        module.reset();
        fake.reset();
    }

    void SetUp() override
    {
        access.set_write();
        access.set_address(0x40);
        access.set_data_ptr(data);
        access.set_data_length(4);
        access.set_streaming_width(4);
        fake->log.clear();
    }

    tlm::tlm_response_status response()
    {
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        user->socket->b_transport(access, delay);
        EXPECT_EQ(fake->log.empty(), access.is_response_error())
            << "what is refused does not reach the machine";
        return access.get_response_status();
    }

    tlm::tlm_generic_payload access;
    unsigned char data[8192] = {1, 2, 3, 4};
    static inline std::unique_ptr<struct machine> fake;
    static inline std::unique_ptr<virqsim_module> module;
    static inline std::unique_ptr<requester> user;
};

TEST_F(tlm_rules, what_was_written_is_read_back)
{
    EXPECT_EQ(response(), tlm::TLM_OK_RESPONSE);
    unsigned char back[4] = {};
    access.set_read();
    access.set_data_ptr(back);
    EXPECT_EQ(response(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(std::memcmp(back, data, 4), 0);
}

TEST_F(tlm_rules, debug_transport_is_the_same_access)
{
    EXPECT_EQ(user->socket->transport_dbg(access), 4u);
    EXPECT_EQ(fake->log.at(0), (machine::entry{10, "write 64"}));
    access.set_data_length(0);
    EXPECT_EQ(user->socket->transport_dbg(access), 0u);
}

TEST_F(tlm_rules, byte_enables_are_refused)
{
    unsigned char enables[4] = {0xff, 0, 0xff, 0};

    access.set_byte_enable_ptr(enables);
    access.set_byte_enable_length(4);
    EXPECT_EQ(response(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
}

TEST_F(tlm_rules, streaming_is_refused)
{
    access.set_streaming_width(2);
    EXPECT_EQ(response(), tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_F(tlm_rules, length_is_1_to_4096_bytes)
{
    access.set_streaming_width(sizeof data);
    access.set_data_length(0);
    EXPECT_EQ(response(), tlm::TLM_BURST_ERROR_RESPONSE);
    access.set_data_length(4097);
    EXPECT_EQ(response(), tlm::TLM_BURST_ERROR_RESPONSE);
    access.set_data_length(4096);
    EXPECT_EQ(response(), tlm::TLM_OK_RESPONSE);
}

TEST_F(tlm_rules, addresses_end_below_2_to_the_52)
{
    const std::uint64_t limit = UINT64_C(1) << 52;

    access.set_address(limit - 3);
    EXPECT_EQ(response(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    access.set_address(UINT64_MAX - 1);
    EXPECT_EQ(response(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    access.set_address(limit - 4);
    EXPECT_EQ(response(), tlm::TLM_OK_RESPONSE);
}

TEST_F(tlm_rules, commands_but_read_and_write_are_refused)
{
    access.set_command(tlm::TLM_IGNORE_COMMAND);
    EXPECT_EQ(response(), tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TEST_F(tlm_rules, data_must_be_somewhere)
{
    access.set_data_ptr(nullptr);
    EXPECT_EQ(response(), tlm::TLM_GENERIC_ERROR_RESPONSE);
}

TEST_F(tlm_rules, there_is_no_direct_memory_interface)
{
    tlm::tlm_dmi dmi;

    access.set_dmi_allowed(true);
    EXPECT_EQ(response(), tlm::TLM_OK_RESPONSE);
    EXPECT_FALSE(access.is_dmi_allowed());
    EXPECT_FALSE(user->socket->get_direct_mem_ptr(access, dmi));
}

} // namespace
