/* What comparing variants adds, and how a result is judged. */
#include "sim/report/result.h"

#include <string.h>

#include "sim/report/report.h"
#include "sim/report/test/sample.h"
#include "tests/gtest_c.h"

static const struct figure *relative(const struct sample *s, unsigned column)
{
    return figures_find(&s->result.figures[column], "throughput.relative");
}

TEST(result, throughput_is_relative_to_the_first_variant)
{
    struct sample *s = sample_make();

    EXPECT_TRUE(relative(s, 0)->real == 1);
    EXPECT_TRUE(relative(s, 2)->real > 1.6269 && relative(s, 2)->real < 1.6271);
    sample_free(s);
}

/* One column, the file's variant number `variant`, with a throughput. */
static struct sample *one_variant(unsigned variant)
{
    struct sample *s = sample_make();

    result_free(&s->result);
    s->result.variant_count = 1;
    s->result.variant[0] = variant;
    figures_add_real(&s->result.figures[0], "1/s", 5, "throughput.per_second");
    result_derive(&s->result);
    return s;
}

TEST(result, a_later_variant_alone_is_not_compared_with_itself)
{
    struct sample *first = one_variant(0), *third = one_variant(2);

    EXPECT_TRUE(relative(first, 0) != NULL);
    EXPECT_TRUE(relative(third, 0) == NULL);
    sample_free(first);
    sample_free(third);
}

TEST(result, no_throughput_gives_no_relative_one)
{
    struct sample *s = one_variant(0);

    figures_free(&s->result.figures[0]);
    result_derive(&s->result);
    EXPECT_EQ(s->result.figures[0].count, 0);
    sample_free(s);
}

/* The verdict of the expectation in a column, or -1 if it was not applied. */
static int verdict_of(const struct sample *s, unsigned expect, unsigned column)
{
    struct result_check c = {0};

    while (result_next_check(&s->result, &c))
        if (c.expect == &s->set.expect[expect] && c.column == column)
            return (int)c.verdict;
    return -1;
}

TEST(result, expectations_are_judged_in_the_variants_they_are_about)
{
    struct sample *s = sample_make();

    EXPECT_EQ(verdict_of(s, 0, 2), VERDICT_HELD);
    EXPECT_EQ(verdict_of(s, 0, 0), -1);
    EXPECT_EQ(verdict_of(s, 2, 0), VERDICT_FAILED);
    EXPECT_EQ(verdict_of(s, 2, 2), VERDICT_HELD);
    EXPECT_EQ(verdict_of(s, 3, 0), VERDICT_NO_FIGURE);
    sample_free(s);
}

TEST(result, both_limits_of_an_expectation_are_part_of_it)
{
    struct sample *s = sample_make();
    struct scenario_expect *e = &s->set.expect[0];

    *e = (struct scenario_expect){0, "exits.total", true, true, 65000, 65000};
    EXPECT_EQ(verdict_of(s, 0, 0), VERDICT_HELD);
    e->min = e->max = 65001;
    EXPECT_EQ(verdict_of(s, 0, 0), VERDICT_FAILED);
    e->min = e->max = 64999;
    EXPECT_EQ(verdict_of(s, 0, 0), VERDICT_FAILED);
    sample_free(s);
}

TEST(result, a_reason_that_never_happened_counts_as_zero)
{
    struct sample *s = sample_make();

    EXPECT_EQ(verdict_of(s, 1, 2), VERDICT_HELD);
    s->set.expect[1].has_min = true;
    s->set.expect[1].min = 1;
    EXPECT_EQ(verdict_of(s, 1, 2), VERDICT_FAILED);
    sample_free(s);
}

TEST(result, failed_expectations_are_counted_and_named)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_terminal);

    EXPECT_EQ(result_failed(&s->result), 3);
    EXPECT_TRUE(strstr(text, "4 held, 3 failed") != NULL);
    EXPECT_TRUE(strstr(text, "FAILED  kvm-xapic: exits.total is 65,000; "
                             "expected: at most 1,000") != NULL);
    free(text);
    sample_free(s);
}

TEST(result, rounding_never_hides_why_an_expectation_failed)
{
    struct sample *s = sample_make();
    char *text;

    s->set.expect[0] = (struct scenario_expect){
        0, "throughput.per_second", false, true, 0, 98765.4};
    text = sample_view(s, report_terminal);
    EXPECT_TRUE(strstr(text, "is 98,765.4321; expected: at most 98,765.4") !=
                NULL);
    free(text);
    sample_free(s);
}

static unsigned occurrences(const char *text, const char *what)
{
    unsigned n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

TEST(result, failures_alone_are_a_message_each)
{
    struct sample *s = sample_make();
    char *text = sample_view(s, report_failures);

    EXPECT_EQ(occurrences(text, "virqsim: expectation failed: "), 3);
    EXPECT_TRUE(strstr(text, "kvm-xapic: exits.totl is not a figure") != NULL);
    EXPECT_TRUE(strstr(text, "held") == NULL);
    free(text);
    sample_free(s);
}

TEST(result, expectations_about_variants_that_did_not_run_are_said)
{
    struct sample *s = one_variant(1);
    char *text = sample_view(s, report_terminal);

    EXPECT_EQ(result_unchecked(&s->result), 3);
    EXPECT_TRUE(strstr(text, "3 about variants that did not run") != NULL);
    free(text);
    sample_free(s);
}

TEST(result, a_relative_throughput_without_its_reference_is_not_judged)
{
    struct sample *s = one_variant(2);

    s->set.expect_count = 1;
    EXPECT_EQ(verdict_of(s, 0, 0), -1);
    EXPECT_EQ(result_failed(&s->result), 0);
    EXPECT_EQ(result_unchecked(&s->result), 1);
    sample_free(s);
}

TEST(result, published_values_stand_beside_simulated_ones)
{
    struct sample *s = sample_make();
    struct result_published p = {0};

    ASSERT_TRUE(result_next_published(&s->result, &p));
    ASSERT_TRUE(result_next_published(&s->result, &p));
    EXPECT_EQ(p.column, 2);
    EXPECT_TRUE(p.published == 1.65 && p.has_error);
    EXPECT_TRUE(p.error_percent > -1.40 && p.error_percent < -1.39);
    ASSERT_TRUE(result_next_published(&s->result, &p));
    EXPECT_FALSE(p.has_error, "there is no error relative to 0");
    EXPECT_TRUE(result_next_published(&s->result, &p));
    EXPECT_TRUE(result_next_published(&s->result, &p));
    EXPECT_FALSE(result_next_published(&s->result, &p));
    sample_free(s);
}

static void same_figures(struct sample *s)
{
    struct figures *copy = &s->result.figures[1];

    figures_free(copy);
    for (size_t i = s->result.figures[0].count; i-- > 0;) {
        const struct figure *f = &s->result.figures[0].list[i];

        if (f->kind == FIGURE_COUNT)
            figures_add_count(copy, f->unit, f->count, "%s", f->key);
        else
            figures_add_real(copy, f->unit, f->real, "%s", f->key);
    }
}

static const struct view_row {
    const char *name;
    void (*view)(FILE *to, const struct result *r);
} view_rows[] = {{"terminal", report_terminal},
                 {"markdown", report_markdown},
                 {"html", report_html}};

TEST_EACH(result, variants_with_the_same_figures_are_said_to_be_the_same,
          struct view_row, view_rows)
{
    struct sample *s = sample_make();
    char *before = sample_view(s, row->view), *after;

    EXPECT_TRUE(strstr(before, "cannot be told apart") == NULL);
    same_figures(s);
    after = sample_view(s, row->view);
    EXPECT_TRUE(strstr(after, "Variants 'kvm-xapic' and 'kvm-x2apic' cannot be "
                              "told apart: every figure is the same.") != NULL);
    free(before);
    free(after);
    sample_free(s);
}
