/* Every kind of mistake is reported with its place and what to do. */
#include "sim/scenario/test/load.h"
#include "tests/gtest_c.h"

#include "sim/scenario/test/mistakes_rows.h"
#include "sim/scenario/test/mistakes_timer_rows.h"

static void expect_mistake(const struct mistake_row *row)
{
    char *text = row->from ? load_replaced(load_base, row->from, row->to)
                           : strdup(row->to);
    char expected[512];
    struct loaded l;

    ASSERT_TRUE(text != NULL, "the base has no '%s'", row->from);
    l = load_text(text, NULL, 0);
    snprintf(expected, sizeof expected, "%s\n", row->expected);
    EXPECT_TRUE(l.set == NULL, "a mistake must stop the load");
    EXPECT_STREQ(l.diag.text ? l.diag.text : "", expected);
    loaded_free(&l);
    free(text);
}

TEST_EACH(mistakes, have_place_and_advice, struct mistake_row, mistake_rows)
{
    expect_mistake(row);
}

TEST_EACH(mistakes_of_timers, have_place_and_advice, struct mistake_row,
          timer_mistake_rows)
{
    expect_mistake(row);
}
