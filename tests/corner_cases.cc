// docs/corner-cases.md names tests of this program: all of them exist, and no
// case is without one.
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <set>
#include <string>

namespace
{

// Every test's name; that of a row also without its "/row".
std::set<std::string> names()
{
    const testing::UnitTest *program = testing::UnitTest::GetInstance();
    std::set<std::string> all;

    for (int i = 0; i < program->total_test_suite_count(); i++) {
        const testing::TestSuite *suite = program->GetTestSuite(i);

        for (int j = 0; j < suite->total_test_count(); j++) {
            std::string name = std::string(suite->name()) + "." +
                               suite->GetTestInfo(j)->name();

            all.insert(name);
            all.insert(name.substr(0, name.find('/')));
        }
    }
    return all;
}

// The tests that a row names between backquotes; returns how many.
unsigned check_row(const std::string &row, const std::set<std::string> &all)
{
    unsigned found = 0;
    std::size_t begin = row.find('`');

    while (begin != std::string::npos) {
        std::size_t end = row.find('`', begin + 1);
        std::string name = row.substr(begin + 1, end - begin - 1);

        EXPECT_TRUE(all.count(name)) << "no such test: " << name;
        found++;
        begin = row.find('`', end + 1);
    }
    return found;
}

TEST(corner_cases, each_has_a_test_and_each_test_named_there_exists)
{
    std::ifstream page("docs/corner-cases.md");
    std::set<std::string> all = names();
    unsigned number = 0, cases = 0;

    ASSERT_TRUE(page.is_open()) << "run it in the root of the tree";
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("## ", 0) == 0)
            number = 0;
        if (line.rfind("| ", 0) != 0 || !std::isdigit(line[2]))
            continue;
        number++;
        cases++;
        EXPECT_EQ(std::stoul(line.substr(2)), number) << line;
        EXPECT_GT(check_row(line, all), 0u) << line;
    }
    EXPECT_GT(cases, 0u);
}

} // namespace
