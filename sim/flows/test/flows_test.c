/* The computed tables against the page's, cell by cell. */
#include "sim/flows/flows.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/scenario_load.h"
#include "tests/gtest_c.h"

#define PAGE_COLUMNS 6

static const struct page_row {
    const char *name;
    const char *cell[PAGE_COLUMNS];
} page[] = {
#define PAGE(key, ...) {#key, {__VA_ARGS__}},
#include "sim/flows/test/page.def"
#undef PAGE
};
#define PAGE_ROWS (sizeof page / sizeof page[0])

static const struct known {
    const char *key, *columns;
    enum flow_gap gap;
} known[] = {
#define KNOWN(key, columns, gap) {#key, columns, FLOW_GAP_##gap},
#include "sim/flows/test/known.def"
#undef KNOWN
};

static struct scenario_set *load(void)
{
    struct scenario_options opts = {.platform_dir = "scenarios",
                                    .text = flow_scenario,
                                    .text_bytes = strlen(flow_scenario)};
    struct scenario_set *set;
    struct diag d;

    diag_init(&d);
    set = scenario_load("flows", &opts, &d);
    diag_print(&d, stderr);
    diag_free(&d);
    return set;
}

static enum flow_gap known_gap(const char *key, const char *letter)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(known[i].key, key) && strstr(known[i].columns, letter))
            return known[i].gap;
    return FLOW_GAP_NOWHERE;
}

static const struct flow_row *row_of(const char *key)
{
    for (unsigned i = 0; i < flow_row_count; i++)
        if (!strcmp(flow_rows[i].key, key))
            return &flow_rows[i];
    return NULL;
}

TEST_EACH(flows, row_is_as_the_page_says, struct page_row, page)
{
    struct scenario_set *set = load();
    const struct flow_row *r = row_of(row->name);

    ASSERT_TRUE(set != NULL);
    ASSERT_TRUE(r != NULL, "no such row");
    for (unsigned c = 0; c < PAGE_COLUMNS; c++) {
        const struct flow_config *config = &flow_configs[c];
        struct flow_cell cell = flow_run(&set->variant[0], r, config);
        char text[FLOW_TEXT];

        flow_cell_text(&cell, text);
        EXPECT_EQ(cell.gap, known_gap(row->name, config->letter), "column %s",
                  config->letter);
        if (cell.gap == FLOW_GAP_NOWHERE)
            EXPECT_STREQ(text, row->cell[c], "column %s", config->letter);
        else
            EXPECT_STREQ(text, "-", "no made-up figure");
    }
    scenario_free(set);
}

TEST(flows, every_row_has_its_row_of_the_page)
{
    EXPECT_EQ(flow_row_count, PAGE_ROWS);
    for (unsigned i = 0; i < flow_row_count && i < PAGE_ROWS; i++)
        EXPECT_STREQ(flow_rows[i].key, page[i].name);
}

TEST(flows, eight_configurations_are_named_by_name_or_letter)
{
    const char letters[] = "abcdefgh";

    EXPECT_EQ(flow_config_count, 8);
    for (unsigned i = 0; i < flow_config_count; i++) {
        const struct flow_config *c = &flow_configs[i];

        EXPECT_EQ(*c->letter, letters[i]);
        EXPECT_TRUE(flow_config_named(c->letter, 1) == c);
        EXPECT_TRUE(flow_config_named(c->name, strlen(c->name)) == c);
    }
    EXPECT_TRUE(!flow_config_named("apic", 4), "not a part of a name");
    EXPECT_TRUE(!flow_config_named("i", 1));
}

TEST(flows, configuration_that_comes_later_has_no_figure)
{
    struct scenario_set *set = load();

    ASSERT_TRUE(set != NULL);
    for (unsigned c = PAGE_COLUMNS; c < flow_config_count; c++) {
        struct flow_cell cell =
            flow_run(&set->variant[0], &flow_rows[0], &flow_configs[c]);

        EXPECT_EQ(cell.gap, FLOW_GAP_COLUMN);
        EXPECT_EQ(cell.total, 0);
    }
    scenario_free(set);
}
