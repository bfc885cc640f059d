/* The list of figures, and their names. */
#include "sim/report/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/figure_names.h"
#include "sim/report/latency_key.h"
#include "sim/report/text.h"
#include "tests/gtest_c.h"

TEST(figures, keep_order_kind_and_value)
{
    struct figures f;

    figures_init(&f);
    for (unsigned i = 0; i < 300; i++)
        figures_add_count(&f, "cycles", i, "cycles.by_cpu.%u.host", i);
    figures_add_real(&f, "%", 99.5, "time_in_guest.percent");
    EXPECT_EQ(f.count, 301);
    EXPECT_STREQ(f.list[299].key, "cycles.by_cpu.299.host");
    EXPECT_EQ(figures_find(&f, "cycles.by_cpu.77.host")->count, 77);
    EXPECT_TRUE(figures_find(&f, "cycles.by_cpu.77.host")->real == 77);
    EXPECT_EQ(figures_find(&f, "time_in_guest.percent")->kind, FIGURE_REAL);
    EXPECT_TRUE(figures_find(&f, "time_in_guest") == NULL);
    figures_free(&f);
    EXPECT_EQ(f.count, 0);
}

static const char *label(const char *key)
{
    static char out[FIGURE_LABEL];

    figure_label(out, key);
    return out;
}

TEST(figure_names, labels_take_the_names_of_the_key)
{
    EXPECT_STREQ(label("exits.by_reason.MSR_WRITE"), "MSR_WRITE");
    EXPECT_STREQ(label("latency_ns.msi_write..eoi.p999"),
                 "msi_write to eoi, p99.9");
    EXPECT_STREQ(label("cycles.by_cpu.12.guest_irq"),
                 "CPU 12, guest interrupt handling");
    EXPECT_STREQ(label("exits.nothing_like_that"), "exits.nothing_like_that");
}

TEST(figure_names, a_name_may_hold_dots_and_pattern_characters)
{
    EXPECT_STREQ(label("interrupts.by_source.nic.0.sent"), "sent by nic.0");
    EXPECT_STREQ(label("exits.by_source.<SOURCE>"), "exits caused by <SOURCE>");
}

TEST(figure_names, only_families_of_counts_are_zero_if_absent)
{
    EXPECT_TRUE(figure_name_of("exits.by_reason.HLT")->zero_if_absent);
    EXPECT_FALSE(figure_name_of("exits.total")->zero_if_absent);
    EXPECT_FALSE(
        figure_name_of("latency_ns.msi_write..eoi.p50")->zero_if_absent);
    EXPECT_TRUE(figure_name_of("exits.by_reason.") == NULL);
}

TEST(figure_names, latency_keys_are_taken_apart_and_put_together)
{
    static const char key[] = "latency_ns.icr_write..guest_handler.p99";
    struct latency_key k;
    char again[FIGURE_KEY];

    ASSERT_TRUE(latency_key_parse(&k, key));
    EXPECT_EQ(k.from, HOP_ICR_WRITE);
    EXPECT_EQ(k.to, HOP_GUEST_HANDLER);
    EXPECT_TRUE(latency_end_to_end(&k));
    latency_key_make(again, &k, k.what);
    EXPECT_STREQ(again, key);
    EXPECT_FALSE(latency_key_parse(&k, "latency_ns.icr_write.p99"));
    EXPECT_FALSE(latency_key_parse(&k, "latency_ns.here..there.p99"));
    EXPECT_FALSE(latency_key_parse(&k, "exits.total"));
}

static char *read_file(const char *path)
{
    FILE *from = fopen(path, "r");
    char *text, c;
    size_t bytes;
    FILE *to = text_stream(&text, &bytes);

    while (from && fread(&c, 1, 1, from) == 1)
        fputc(c, to);
    if (from)
        fclose(from);
    fclose(to);
    return text;
}

static void write_document(void)
{
    FILE *to = fopen("docs/figures.md", "w");

    ASSERT_TRUE(to != NULL);
    report_figure_names(to);
    fclose(to);
}

TEST(figure_names, the_document_is_made_from_the_table)
{
    char *made, *document;
    size_t bytes;
    FILE *to = text_stream(&made, &bytes);

    report_figure_names(to);
    fclose(to);
    if (getenv("VIRQSIM_UPDATE_DOCS"))
        write_document();
    document = read_file("docs/figures.md");
    EXPECT_TRUE(strcmp(made, document) == 0,
                "docs/figures.md is old: VIRQSIM_UPDATE_DOCS=1 "
                "build/unit_tests --gtest_filter='figure_names.*'");
    free(made);
    free(document);
}
