/* Diagnostics: what a user gets to read. */
#include "sim/core/diag.h"

#include <stdlib.h>
#include <string.h>

#include "tests/gtest_c.h"

struct diagnostics {
    struct diag diag;
    char *printed;
};

static void diagnostics_setup(struct diagnostics *f)
{
    diag_init(&f->diag);
}

static void diagnostics_teardown(struct diagnostics *f)
{
    diag_free(&f->diag);
    free(f->printed);
    EXPECT_TRUE(f->diag.text == NULL);
}

static const char *printed(struct diagnostics *f)
{
    size_t bytes;
    FILE *to;

    free(f->printed);
    f->printed = NULL;
    to = open_memstream(&f->printed, &bytes);
    if (!to)
        return NULL;
    diag_print(&f->diag, to);
    fclose(to);
    return f->printed;
}

static struct diag_place place(unsigned line, unsigned column)
{
    return (struct diag_place){"a.yaml", line, column};
}

TEST_F(diagnostics, prints_nothing_if_there_is_nothing)
{
    EXPECT_STREQ(printed(f), "");
}

TEST_F(diagnostics, prints_every_mistake_as_reported_then_counts)
{
    diag_error(&f->diag, place(9, 4), "unknown key '%s'", "lapik");
    diag_warning(&f->diag, place(2, 1), "no %s for %d cycles", "source", 7);
    diag_error(&f->diag, place(1, 1), "100%% wrong");
    EXPECT_EQ(f->diag.errors, 2);
    EXPECT_EQ(f->diag.warnings, 1);
    EXPECT_STREQ(printed(f), "a.yaml:9:4: error: unknown key 'lapik'\n"
                             "a.yaml:2:1: warning: no source for 7 cycles\n"
                             "a.yaml:1:1: error: 100% wrong\n"
                             "2 errors, 1 warning\n");
}

TEST_F(diagnostics, leaves_out_what_is_unknown_of_a_place)
{
    diag_error(&f->diag, place(3, 0), "one");
    diag_error(&f->diag, place(0, 0), "two");
    diag_error(&f->diag, (struct diag_place){0}, "three");
    EXPECT_STREQ(printed(f), "a.yaml:3: error: one\n"
                             "a.yaml: error: two\n"
                             "error: three\n"
                             "3 errors, 0 warnings\n");
}

TEST_F(diagnostics, keeps_the_text_of_the_first_hundred_and_counts_the_rest)
{
    for (unsigned i = 1; i <= 130; i++)
        diag_error(&f->diag, place(i, 1), "wrong");
    EXPECT_EQ(f->diag.errors, 130);
    EXPECT_TRUE(strstr(printed(f), "a.yaml:100:1: ") != NULL);
    EXPECT_TRUE(strstr(f->printed, "a.yaml:101:1: ") == NULL);
    EXPECT_TRUE(strstr(f->printed, "\n130 errors, 0 warnings "
                                   "(the first 100 are shown)\n") != NULL);
}

TEST_F(diagnostics, prints_texts_of_any_length_whole)
{
    static char text[5001];

    memset(text, 'x', sizeof text - 1);
    diag_error(&f->diag, place(1, 1), "%s", text);
    EXPECT_TRUE(strstr(printed(f), text) != NULL);
}

static const char *const keys[] = {"duration", "machine", "variants",
                                   "vector",   "vectors", "vms"};

static const char *nearest(const char *name)
{
    return diag_nearest(name, keys, sizeof keys / sizeof *keys);
}

TEST(diag_nearest, finds_a_name_with_one_slip_of_each_kind)
{
    EXPECT_STREQ(nearest("durations"), "duration", "one letter more");
    EXPECT_STREQ(nearest("machin"), "machine", "one less");
    EXPECT_STREQ(nearest("nachine"), "machine", "another one");
    EXPECT_STREQ(nearest("vmsx"), "vms");
}

TEST(diag_nearest, counts_swapped_neighbours_as_one_slip)
{
    static const char *const short_names[] = {"lapic"};

    EXPECT_STREQ(diag_nearest("alpic", short_names, 1), "lapic");
    EXPECT_STREQ(diag_nearest("lapci", short_names, 1), "lapic");
    EXPECT_STREQ(diag_nearest("plaic", short_names, 1), NULL, "two slips");
}

TEST(diag_nearest, allows_a_third_of_the_letters_and_no_more_than_three)
{
    static const char *const name[] = {"interruptions"};

    EXPECT_STREQ(diag_nearest("inXerrXptXons", name, 1), "interruptions");
    EXPECT_STREQ(diag_nearest("inXerrXptXonX", name, 1), NULL);
    EXPECT_STREQ(nearest("vXriXnts"), "variants", "two of eight");
    EXPECT_STREQ(nearest("XXchXne"), NULL, "three of seven");
}

TEST(diag_nearest, prefers_the_nearest_and_of_equals_the_first)
{
    static const char *const equals[] = {"cpu1", "cpu0"};

    EXPECT_STREQ(nearest("vectors"), "vectors");
    EXPECT_STREQ(nearest("vector"), "vector");
    EXPECT_STREQ(diag_nearest("cpu2", equals, 2), "cpu1");
}

TEST(diag_nearest, finds_nothing_for_what_is_no_slip)
{
    static const char *const one_letter[] = {"b"};

    EXPECT_STREQ(nearest("zzz"), NULL);
    EXPECT_STREQ(nearest(""), NULL);
    EXPECT_STREQ(diag_nearest("a", one_letter, 1), NULL, "nothing is left");
    EXPECT_STREQ(diag_nearest("x", NULL, 0), NULL);
}

TEST(diag_nearest, finds_nothing_for_names_longer_than_any_key)
{
    static char name[201];
    const char *const names[] = {name};

    memset(name, 'x', sizeof name - 1);
    EXPECT_STREQ(nearest(name), NULL);
    EXPECT_STREQ(diag_nearest("xxxx", names, 1), NULL);
}
