/*
 * The shim's promises that a passing test can show; what failures look like
 * is shown by tests/cli/gtest_c_failing_test.sh.
 */
#include <math.h>

#include "tests/gtest_c.h"

TEST(gtest_c, compares_unsigned_numbers_beyond_63_bits_by_value)
{
    EXPECT_GT(UINT64_MAX, UINT64_C(1));
    EXPECT_GT(UINT64_MAX, 1);
    EXPECT_NE(UINT64_MAX, -1, "the same bits, another value");
    EXPECT_LT(-1, UINT64_C(0));
    EXPECT_EQ((uint64_t)INT64_MAX + 1, UINT64_C(0x8000000000000000));
}

TEST(gtest_c, compares_small_types_enums_and_bit_fields)
{
    struct {
        unsigned vector : 8;
        uint64_t address : 40;
    } entry = {0xfe, UINT64_C(0xfee0000000)};
    enum { MASKED = 1 };
    uint8_t byte = 0xff;

    EXPECT_EQ(entry.vector, 0xfe);
    EXPECT_EQ(entry.address, UINT64_C(0xfee0000000));
    EXPECT_EQ(byte, 255);
    EXPECT_EQ(true, MASKED);
}

TEST(gtest_c, compares_pointers)
{
    int here = 0;
    const int *none = NULL;

    EXPECT_EQ(none, NULL);
    EXPECT_NE(&here, NULL);
}

TEST(gtest_c, compares_reals_without_rounding_them)
{
    double half = 0.5;

    EXPECT_NE(half, 0);
    EXPECT_GT(half, 0);
    EXPECT_LE(half, 0.5F);
    EXPECT_NE((double)NAN, (double)NAN);
}

TEST(gtest_c, near_includes_its_tolerance)
{
    EXPECT_NEAR(1.0, 1.5, 0.5);
    EXPECT_NEAR(100, 99, 1);
}

TEST(gtest_c, evaluates_each_argument_once)
{
    int n = 0;

    EXPECT_EQ(n++, 0);
    EXPECT_EQ(n, 1);
    EXPECT_NEAR(n++, 1, 0);
    EXPECT_EQ(n, 2);
}

TEST(gtest_c, strings_are_equal_by_their_characters)
{
    char text[] = "tpr";

    EXPECT_STREQ(text, "tpr", "another address");
    EXPECT_STREQ(NULL, NULL);
}

/* Counts over tests; teardown of one test is seen by the next. */
static int set_up, torn_down;

struct gtest_c_fixture {
    int touched;
};

static void gtest_c_fixture_setup(struct gtest_c_fixture *f)
{
    EXPECT_EQ(f->touched, 0, "zeroed for every test");
    set_up++;
}

static void gtest_c_fixture_teardown(struct gtest_c_fixture *f)
{
    EXPECT_EQ(f->touched, 1, "what the body did is seen");
    torn_down++;
}

TEST_F(gtest_c_fixture, is_set_up_before_the_body)
{
    EXPECT_EQ(set_up, torn_down + 1);
    f->touched++;
}

TEST_F(gtest_c_fixture, belongs_to_one_test)
{
    EXPECT_EQ(set_up, torn_down + 1);
    f->touched++;
}

static const struct square_row {
    const char *name;
    int side, area;
} squares[] = {
    {"ONE", 1, 1},
    {"TWO", 2, 4},
    {"THREE", 3, 9},
};

TEST_EACH(gtest_c_rows, see_their_own_row, struct square_row, squares)
{
    EXPECT_EQ(row->side * row->side, row->area);
}
