/* The computed tables against the page's, cell by cell. */
#include "sim/flows/flows.h"

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

static struct scenario_set *load(void)
{
    struct scenario_options opts = {.set_count = 0};

    return flow_load(&opts);
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
        EXPECT_STREQ(text, row->cell[c], "column %s", config->letter);
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

/* ---- differences ---- */

TEST(flows, nothing_is_said_of_a_configuration_that_comes_later)
{
    struct scenario_set *set = load();
    struct flow_diff d = {flow_config_named("c", 1), flow_config_named("g", 1)};
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    for (unsigned r = 0; r < flow_row_count; r++)
        EXPECT_FALSE(flow_diff_row(&t, &d, r).changed);
    flow_tables_free(&t);
    scenario_free(set);
}

static const struct change_row {
    const char *name;
    const char *from, *to, *key;
    const char *by; /* the only feature that changes it, or NULL: none does */
} change_rows[] = {
    {"posting_spares_the_kick", "apicv", "posted", "emulated.running",
     "posted_interrupts"},
    {"posting_alone_leaves_a_device_that_interrupts_the_host", "apicv",
     "posted", "device.running", NULL},
    {"remapping_unit_posts_a_device", "posted", "vtd_posted", "device.running",
     "vtd_posting"},
    {"self_ipi_needs_virtual_delivery", "flexpriority", "vtd_posted",
     "self.msr_83f", "virtual_interrupt_delivery"},
    {"tpr_needs_the_access_page_on_top_of_the_shadow", "software",
     "flexpriority", "tpr.raise", "apic_access_page"},
    {"without_the_processors_ipis_the_write_exits", "ipiv", "vtd_posted",
     "ipi.send_xapic", "ipiv"},
};

TEST_EACH(flows, change_is_put_down_to_its_feature, struct change_row,
          change_rows)
{
    struct scenario_set *set = load();
    struct flow_diff d = {flow_config_named(row->from, strlen(row->from)),
                          flow_config_named(row->to, strlen(row->to))};
    struct flow_change change;
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    change = flow_diff_row(&t, &d, (unsigned)(row_of(row->key) - flow_rows));
    EXPECT_EQ(change.changed, row->by != NULL);
    if (change.changed)
        EXPECT_EQ(change.count, 1);
    if (change.changed)
        EXPECT_STREQ(change.step[0].feature->name, row->by);
    flow_tables_free(&t);
    scenario_free(set);
}

TEST(flows, eoi_exits_behind_the_write_before_it_exits_no_more)
{
    struct scenario_set *set = load();
    struct flow_diff d = {flow_config_named("b", 1), flow_config_named("c", 1)};
    struct flow_change change;
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    change = flow_diff_row(&t, &d, (unsigned)(row_of("eoi.edge") - flow_rows));
    ASSERT_EQ(change.count, 2);
    EXPECT_STREQ(change.step[0].feature->name, "apic_register_virtualization");
    EXPECT_STREQ(change.step[1].feature->name, "virtual_interrupt_delivery");
    flow_tables_free(&t);
    scenario_free(set);
}

static void expect_why(const struct flow_change *change)
{
    for (unsigned i = 0; i < change->count; i++)
        for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++) {
            const struct flow_step *s = &change->step[i];
            bool fewer = s->after.exits[r] < s->before.exits[r];

            if (flow_step_counts(s) && s->before.exits[r] != s->after.exits[r])
                EXPECT_TRUE(flow_why(s->feature, r, fewer == s->with) != NULL,
                            "%s, %s", s->feature->name, exit_reason_name(r));
        }
}

TEST(flows, each_change_between_any_two_has_its_reason)
{
    struct scenario_set *set = load();
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    for (unsigned pair = 0; pair < PAGE_COLUMNS * PAGE_COLUMNS; pair++) {
        struct flow_diff d = {&flow_configs[pair / PAGE_COLUMNS],
                              &flow_configs[pair % PAGE_COLUMNS]};

        for (unsigned r = 0; r < flow_row_count; r++) {
            struct flow_change change = flow_diff_row(&t, &d, r);

            expect_why(&change);
        }
    }
    flow_tables_free(&t);
    scenario_free(set);
}

/* The page has no times; these must hold on any platform. */
TEST(flows, time_without_an_exit_is_less_than_with_one)
{
    struct scenario_set *set = load();
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    for (unsigned r = 0; r < flow_row_count; r++) {
        const struct flow_cell *a = flow_tables_cell(&t, r, 0);
        const struct flow_cell *f = flow_tables_cell(&t, r, 5);

        if (a->total && !f->gap && !f->total)
            EXPECT_LT(f->time, a->time, "%s", flow_rows[r].key);
    }
    flow_tables_free(&t);
    scenario_free(set);
}

TEST(flows, run_that_went_wrong_is_told_from_a_gap)
{
    struct scenario_set *set = load();
    struct flow_tables t;

    ASSERT_TRUE(set != NULL);
    t = flow_tables_run(&set->variant[0]);
    EXPECT_FALSE(flow_tables_broken(&t), "gaps are no mistakes");
    t.cell[0].gap = FLOW_GAP_ACCOUNTS;
    EXPECT_TRUE(flow_tables_broken(&t));
    t.cell[0].gap = FLOW_GAP_UNREACHED;
    EXPECT_TRUE(flow_tables_broken(&t));
    flow_tables_free(&t);
    scenario_free(set);
}
