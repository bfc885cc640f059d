/* Each view's own form: width, escaping, self-containment, same bytes. */
#include <stdlib.h>
#include <string.h>

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
