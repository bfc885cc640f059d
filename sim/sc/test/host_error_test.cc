// An error that SystemC reports ends the hosted run, not the program.
#include "sim/sc/sc_host.h"

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"

namespace
{

TEST(host_error, a_reported_error_is_a_failed_run)
{
    struct machine fake(1000, 1);

    fake.at(500, "wrong", [] { SC_REPORT_ERROR("/test", "on purpose"); });
    fake.at(501, "after");
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(sc_host_run(&fake, nullptr, nullptr), SC_HOST_FAILED);
    std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("on purpose"), std::string::npos) << text;
    EXPECT_EQ(fake.log.back(), (machine::entry{500, "wrong"}));
}

} // namespace
