/* The figures of a real machine have the names that the documents explain. */
#include <stdlib.h>
#include <string.h>

#include "sim/machine/machine.h"
#include "sim/report/figure_names.h"
#include "sim/report/report.h"
#include "sim/scenario/scenario_load.h"
#include "tests/gtest_c.h"

/* One variant of the smallest scenario, run. */
static void run(struct result *r, struct scenario_set **set)
{
    struct diag mistakes;
    struct machine *m;

    diag_init(&mistakes);
    *set = scenario_load("scenarios/first-interrupt.yaml", NULL, &mistakes);
    ASSERT_TRUE(*set != NULL, "%s", mistakes.text ? mistakes.text : "");
    diag_free(&mistakes);
    result_init(r, *set, "0.1");
    r->variant_count = 1;
    m = machine_build((*set)->variant);
    machine_run(m, machine_end(m));
    EXPECT_TRUE(machine_finish(m, &r->figures[0]) == NULL);
    machine_free(m);
    result_derive(r);
}

TEST(machine_figures, have_a_name_and_the_unit_of_that_name)
{
    static struct result r;
    struct scenario_set *set;

    run(&r, &set);
    EXPECT_GT(r.figures[0].count, 50);
    for (size_t i = 0; i < r.figures[0].count; i++) {
        const struct figure *f = &r.figures[0].list[i];
        const struct figure_name *name = figure_name_of(f->key);

        EXPECT_TRUE(name != NULL, "%s", f->key);
        if (name)
            EXPECT_STREQ(f->unit, name->unit, "%s", f->key);
    }
    result_free(&r);
    scenario_free(set);
}

TEST(machine_figures, give_a_page_with_its_plots)
{
    static struct result r;
    struct scenario_set *set;
    char *html;
    size_t bytes;
    FILE *to = open_memstream(&html, &bytes);
    unsigned plots = 0;

    run(&r, &set);
    report_html(to, &r);
    fclose(to);
    for (const char *at = html; (at = strstr(at, "<svg ")); at++)
        plots++;
    EXPECT_EQ(plots, 4, "cycles, exits, latency and hops");
    free(html);
    result_free(&r);
    scenario_free(set);
}
