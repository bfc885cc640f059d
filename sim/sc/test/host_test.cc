// sc_host_run(): a whole run, once a process.
#include "sim/sc/sc_host.h"

#include "sim/sc/test/fake_machine.h"
#include "sim/sc/test/sc_test.h"

namespace
{

void note(void *ctx, double fraction)
{
    static_cast<std::vector<double> *>(ctx)->push_back(fraction);
}

TEST(host, runs_to_the_end_and_tells_how_far_it_is)
{
    struct machine fake(1234567, 2);
    std::vector<double> told;

    fake.at(1234567, "last");
    fake.at(1234568, "too late");
    EXPECT_EQ(sc_host_run(&fake, note, &told), SC_HOST_DONE);
    EXPECT_EQ(fake.log, (std::vector<machine::entry>{{1234567, "last"}}));
    EXPECT_EQ(fake.now, 1234567u);
    ASSERT_GE(told.size(), 100u);
    ASSERT_LE(told.size(), 102u);
    EXPECT_EQ(told.front(), 0.0);
    EXPECT_EQ(told.back(), 1.0);
    for (std::size_t i = 1; i < told.size(); i++)
        EXPECT_LT(told[i - 1], told[i]);

    EXPECT_EQ(sc_host_run(&fake, note, &told), SC_HOST_USED)
        << "SystemC builds one design a process";
}

} // namespace
