/* Each view's own form: width, escaping, self-containment, same bytes. */
#include <stdlib.h>
#include <string.h>

#include "sim/report/plots.h"
#include "sim/report/report.h"
#include "sim/report/test/sample.h"
#include "tests/gtest_c.h"

static void (*const views[])(FILE *, const struct result *) = {
    report_terminal, report_markdown, report_html, report_csv, report_json};

TEST(forms, the_first_line_says_what_was_run)
{
    static const char line[] = "scenarios/sample.yaml: profile nehalem, "
                               "seed 42, 4 variants, 500 ms simulated, "
                               "virqsim 0.1";
    struct sample *s = sample_make();
    char *terminal = sample_view(s, report_terminal);
    char *markdown = sample_view(s, report_markdown);
    char *html = sample_view(s, report_html);

    EXPECT_TRUE(strncmp(terminal, line, strlen(line)) == 0);
    EXPECT_TRUE(strncmp(markdown + 2, line, strlen(line)) == 0);
    EXPECT_TRUE(strstr(html, line) != NULL);
    free(terminal);
    free(markdown);
    free(html);
    sample_free(s);
}

static void expect_narrow(const char *text)
{
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        char *line = strndup(at, strcspn(at, "\n"));

        EXPECT_LE(text_width(line), 100, "%s", line);
        free(line);
        if (!strchr(at, '\n'))
            break;
    }
}

TEST(forms, the_terminal_fits_100_columns_however_long_the_names)
{
    struct sample *s = sample_make();

    for (unsigned length = 1; length < 60; length++) {
        char *text;

        for (unsigned i = 0; i < 4; i++) {
            memset(s->set.variant_name[i], 0, SCENARIO_NAME);
            memset(s->set.variant_name[i], 'm' + (int)i, length);
        }
        text = sample_view(s, report_terminal);
        expect_narrow(text);
        EXPECT_EQ(strstr(text, "\n  (B) nnnnnnnnnn") != NULL, length > 20,
                  "letters stand for names of %u characters", length);
        free(text);
    }
    sample_free(s);
}

TEST(forms, a_reference_that_is_absent_or_zero_gives_no_ratio)
{
    struct sample *s = sample_make();
    char *text;

    figures_add_real(&s->result.figures[1], "1/s", 10, "injections.per_second");
    figures_add_real(&s->result.figures[2], "1/s", 25, "injections.per_second");
    figures_add_count(&s->result.figures[2], "", 9, "warnings.late");
    text = sample_view(s, report_markdown);
    EXPECT_TRUE(strstr(text, "| injections per second | 1/s | - | 10.00 | "
                             "25.00 (2.50x) | - |\n") != NULL);
    EXPECT_TRUE(strstr(text, "| late |  | 0 | 0 | 9 | 0 |\n") != NULL);
    free(text);
    sample_free(s);
}

TEST(forms, awkward_names_are_text_in_every_view)
{
    struct sample *s = sample_make();
    char *markdown = sample_view(s, report_markdown);
    char *html = sample_view(s, report_html);

    EXPECT_TRUE(strstr(markdown, " a,\"b\" \\|&lt;i\\>&amp;\\`\\*c\\* |"));
    EXPECT_TRUE(strstr(html, "a,&quot;b&quot; |&lt;i&gt;&amp;`*c*</th>"));
    EXPECT_TRUE(strstr(html, "title: &lt;A&gt; &amp; &quot;b&quot;\n"));
    EXPECT_TRUE(strstr(html, "<i>&") == NULL);
    free(markdown);
    free(html);
    sample_free(s);
}

TEST(forms, control_characters_do_not_reach_a_terminal_or_a_page)
{
    static const char evil[] = "\x1b[31mred\x07\xff\nnext";
    struct sample *s = sample_make();

    snprintf(s->set.variant_name[1], SCENARIO_NAME, "%s", evil);
    for (unsigned i = 0; i < 3; i++) {
        char *text = sample_view(s, views[i]);

        EXPECT_TRUE(strpbrk(text, "\x1b\x07\xff") == NULL);
        free(text);
    }
    sample_free(s);
}

TEST(forms, the_same_result_gives_the_same_bytes)
{
    for (unsigned i = 0; i < sizeof views / sizeof *views; i++) {
        struct sample *a = sample_make(), *b = sample_make();
        char *first = sample_view(a, views[i]);
        char *second = sample_view(b, views[i]);

        EXPECT_TRUE(strcmp(first, second) == 0, "view %u", i);
        free(first);
        free(second);
        sample_free(a);
        sample_free(b);
    }
}

TEST(forms, the_page_needs_nothing_from_outside)
{
    static const char *const outside[] = {"http:", "https:", "<script",
                                          "<link", "url(",   "GNUPLOT"};
    struct sample *s = sample_make();
    char *html = sample_view(s, report_html);

    for (unsigned i = 0; i < sizeof outside / sizeof *outside; i++)
        EXPECT_TRUE(strstr(html, outside[i]) == NULL, "%s", outside[i]);
    free(html);
    sample_free(s);
}

static unsigned occurrences(const char *text, const char *what)
{
    unsigned n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

TEST(forms, the_page_has_five_plots)
{
    struct sample *s = sample_make();
    char *html = sample_view(s, report_html);

    EXPECT_EQ(occurrences(html, "<svg "), 5);
    EXPECT_EQ(occurrences(html, "</svg>"), 5);
    free(html);
    sample_free(s);
}

TEST(forms, a_page_without_gnuplot_says_so)
{
    struct sample *s = sample_make();
    char *path = strdup(getenv("PATH")), *html;

    setenv("PATH", "/nonexistent", 1);
    html = sample_view(s, report_html);
    setenv("PATH", path, 1);
    EXPECT_EQ(occurrences(html, "<svg "), 0);
    EXPECT_EQ(occurrences(html, "gnuplot could not be run"), 5);
    free(html);
    free(path);
    sample_free(s);
}

TEST(forms, a_result_without_figures_can_be_shown)
{
    struct sample *s = sample_make();

    for (unsigned i = 0; i < 4; i++)
        figures_free(&s->result.figures[i]);
    for (unsigned i = 0; i < sizeof views / sizeof *views; i++) {
        char *text = sample_view(s, views[i]);

        EXPECT_TRUE(strlen(text) > 0);
        free(text);
    }
    sample_free(s);
}

TEST(forms, hops_that_do_not_add_up_are_not_drawn)
{
    struct sample *s = sample_make();
    char *html;

    sample_latency(&s->result.figures[2], "vm_exit..guest_handler", 500);
    html = sample_view(s, report_html);
    EXPECT_EQ(occurrences(html, "<svg "), 4);
    EXPECT_EQ(occurrences(html, "do not add up"), 1);
    free(html);
    sample_free(s);
}

/* Two curves of one plot, through variants in another order than the file's;
 * variant 1 has no such figure. */
static void add_curves(struct sample *s)
{
    struct scenario_curve one = {"What <is> it",
                                 "remapping.hit_percent",
                                 "entries",
                                 "few",
                                 {{true, true, true}, {64, 48, 32}}};

    s->set.curve[0] = s->set.curve[1] = one;
    s->set.curve[1].x =
        (struct scenario_numbers){{false, false, true, true}, {0, 0, 32, 16}};
    snprintf(s->set.curve[1].label, SCENARIO_NAME, "many");
    s->set.curve_count = 2;
    for (unsigned i = 0; i < 4; i++)
        if (i != 1)
            figures_add_real(&s->result.figures[i], "%", 90 - 10 * i,
                             "remapping.hit_percent");
}

TEST(forms, curves_go_through_their_variants_in_order_of_x)
{
    struct sample *s = sample_make();
    struct plot p;

    add_curves(s);
    ASSERT_TRUE(plot_curves(&p, &s->result, 0));
    EXPECT_STREQ(p.side, "hit rate, %");
    ASSERT_EQ(p.series, 2);
    EXPECT_STREQ(p.series_name[1], "many");
    ASSERT_EQ(p.rows, 4);
    EXPECT_TRUE(p.row[0].x == 16 && p.row[0].value[1] == 60);
    EXPECT_TRUE(p.row[1].x == 32 && p.row[2].x == 32);
    EXPECT_TRUE(p.row[3].x == 64 && p.row[3].value[0] == 90);
    plot_free(&p);
    sample_free(s);
}

TEST(forms, curves_of_one_figure_and_title_share_a_plot)
{
    struct sample *s = sample_make();
    char *html;

    add_curves(s);
    html = sample_view(s, report_html);
    EXPECT_EQ(occurrences(html, "<svg "), 6);
    EXPECT_EQ(occurrences(html, "<h3>What &lt;is&gt; it</h3>"), 1);
    free(html);
    snprintf(s->set.curve[1].figure, sizeof s->set.curve[1].figure,
             "exits.total");
    html = sample_view(s, report_html);
    EXPECT_EQ(occurrences(html, "<svg "), 7);
    free(html);
    sample_free(s);
}

TEST(forms, a_curve_of_one_variant_or_of_zeros_is_drawn_and_of_none_is_said)
{
    struct sample *s = sample_make();
    char *html;

    add_curves(s);
    s->set.curve_count = 1;
    s->set.curve[0].x = (struct scenario_numbers){{false, true}, {0, 48}};
    html = sample_view(s, report_html);
    EXPECT_EQ(occurrences(html, "<svg "), 5);
    EXPECT_EQ(occurrences(html, "No variant of this run has the figure"), 1);
    free(html);
    figures_add_real(&s->result.figures[1], "%", 0, "remapping.hit_percent");
    html = sample_view(s, report_html);
    EXPECT_EQ(occurrences(html, "<svg "), 6);
    free(html);
    sample_free(s);
}
