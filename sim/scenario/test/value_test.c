/* Quantities are exact decimals with units. */
#include "sim/scenario/value.h"

#include <string.h>

#include "tests/gtest_c.h"

static const struct good_row {
    const char *name, *text;
    enum quantity quantity;
    uint64_t value;
    const char *shown;
} good[] = {
    {"microseconds", "20us", QUANTITY_TIME, 20000000000, "20us"},
    {"blank_before_the_unit", "1.5 ms", QUANTITY_TIME, 1500000000000, "1.5ms"},
    {"picoseconds", "341ps", QUANTITY_TIME, 341000, "341ps"},
    {"least_step", "0.000000000000001s", QUANTITY_TIME, 1, "1fs"},
    {"nothing_lost_to_binary", "0.1s", QUANTITY_TIME, 100000000000000, "100ms"},
    {"trailing_zeros", "1.500fs", QUANTITY_TIME, 0, NULL},
    {"zeros_behind_the_step", "2.000fs", QUANTITY_TIME, 2, "2fs"},
    {"largest", "18446.744073709551615s", QUANTITY_TIME, UINT64_MAX,
     "18446.744073709551615s"},
    {"zero_time", "0ms", QUANTITY_TIME, 0, "0s"},
    {"gigahertz", "2.93GHz", QUANTITY_FREQUENCY, 2930000000, "2.93GHz"},
    {"hertz", "100Hz", QUANTITY_FREQUENCY, 100, "100Hz"},
    {"gigabits", "10Gbps", QUANTITY_RATE, 10000000000, "10Gbps"},
    {"cycles", "1500 cycles", QUANTITY_CYCLES, 1500, "1500 cycles"},
    {"one_cycle", "1 cycle", QUANTITY_CYCLES, 1, "1 cycles"},
    {"count", "4", QUANTITY_COUNT, 4, "4"},
    {"largest_count", "18446744073709551615", QUANTITY_COUNT, UINT64_MAX,
     "18446744073709551615"},
};

TEST_EACH(value, reads_and_shows_exactly, struct good_row, good)
{
    char why[VALUE_TEXT], shown[VALUE_TEXT];
    uint64_t value;

    if (!row->shown) {
        EXPECT_FALSE(quantity_parse(row->quantity, row->text, &value, why));
        return;
    }
    ASSERT_TRUE(quantity_parse(row->quantity, row->text, &value, why), "%s",
                why);
    EXPECT_EQ(value, row->value);
    quantity_format(row->quantity, value, shown);
    EXPECT_STREQ(shown, row->shown);
}

static const struct bad_row {
    const char *name, *text;
    enum quantity quantity;
    const char *why;
} bad[] = {
    {"no_unit", "20", QUANTITY_TIME,
     "the unit is missing; expected a time, for instance '20us'"},
    {"near_unit", "20uss", QUANTITY_TIME,
     "unknown unit 'uss'; did you mean "
     "'us'?"},
    {"letter_case", "10gbps", QUANTITY_RATE,
     "unknown unit 'gbps'; did you mean 'Gbps'?"},
    {"far_unit", "20 parsecs", QUANTITY_TIME,
     "unknown unit 'parsecs' (known: fs, ps, ns, us, ms, s); expected a time, "
     "for instance '20us'"},
    {"too_fine", "0.5fs", QUANTITY_TIME,
     "too fine: the least step is a femtosecond"},
    {"half_a_cycle", "1.5 cycles", QUANTITY_CYCLES,
     "too fine: the least step is one cycle"},
    {"too_large", "18446.744073709551616s", QUANTITY_TIME,
     "too large for a time"},
    {"negative", "-1us", QUANTITY_TIME, "expected a time, for instance '20us'"},
    {"no_digits_behind_the_point", "1.us", QUANTITY_TIME,
     "expected a time, for instance '20us'"},
    {"exponent", "1e3", QUANTITY_COUNT,
     "expected a whole number without a unit, for instance 4"},
    {"hexadecimal", "0x10", QUANTITY_COUNT,
     "expected a whole number without a unit, for instance 4"},
    {"empty", "", QUANTITY_COUNT, "expected a whole number, for instance '4'"},
};

TEST_EACH(value, says_what_it_expects, struct bad_row, bad)
{
    char why[VALUE_TEXT] = "";
    uint64_t value;

    EXPECT_FALSE(quantity_parse(row->quantity, row->text, &value, why));
    EXPECT_STREQ(why, row->why);
}

TEST(value, what_is_shown_reads_back_the_same)
{
    char shown[VALUE_TEXT], why[VALUE_TEXT];

    for (enum quantity q = 0; q < QUANTITIES; q++)
        for (uint64_t v = 1; v < UINT64_MAX / 11; v = 11 * v + q) {
            uint64_t again = 0;

            quantity_format(q, v, shown);
            EXPECT_TRUE(quantity_parse(q, shown, &again, why), "%s: %s", shown,
                        why);
            EXPECT_EQ(again, v, "%s", shown);
        }
}

TEST(value, numbers_are_decimal_and_finite)
{
    double value = 0;
    char shown[VALUE_TEXT];

    EXPECT_TRUE(number_parse("-1.25e3", &value));
    EXPECT_TRUE(value == -1250);
    EXPECT_TRUE(number_parse("0.1", &value));
    number_format(value, shown);
    EXPECT_STREQ(shown, "0.1");
    number_format(900, shown);
    EXPECT_STREQ(shown, "900", "not 9e+02");
    EXPECT_FALSE(number_parse("nan", &value));
    EXPECT_FALSE(number_parse("inf", &value));
    EXPECT_FALSE(number_parse("0x10", &value));
    EXPECT_FALSE(number_parse("1e999", &value));
    EXPECT_FALSE(number_parse("1 2", &value));
    EXPECT_FALSE(number_parse("", &value));
}
