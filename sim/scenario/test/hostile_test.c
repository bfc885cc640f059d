/* Files that are too large, too deep or broken end in a mistake, and soon. */
#include <time.h>
#include <unistd.h>

#include "sim/core/rng.h"
#include "sim/scenario/test/load.h"
#include "sim/scenario/tree.h"
#include "tests/gtest_c.h"

struct hostile {
    char *text;
    size_t used;
    struct loaded l;
    clock_t start;
};

static void hostile_setup(struct hostile *f)
{
    f->text = malloc(TREE_FILE_BYTES + 64);
    f->text[0] = 0;
    f->start = clock();
}

static void hostile_teardown(struct hostile *f)
{
    double seconds = (double)(clock() - f->start) / CLOCKS_PER_SEC;

    EXPECT_TRUE(seconds < 10, "took %.1f s", seconds);
    loaded_free(&f->l);
    free(f->text);
}

/* `piece`, `count` times, behind what is there. */
static void repeat(struct hostile *f, const char *piece, size_t count)
{
    size_t bytes = strlen(piece);

    for (size_t i = 0; i < count && f->used + bytes < TREE_FILE_BYTES; i++) {
        memcpy(f->text + f->used, piece, bytes + 1);
        f->used += bytes;
    }
}

static void expect_refused(struct hostile *f, const char *why)
{
    f->l = load_text(f->text, NULL, 0);
    EXPECT_TRUE(f->l.set == NULL);
    ASSERT_TRUE(f->l.diag.text != NULL);
    EXPECT_TRUE(strstr(f->l.diag.text, why) != NULL, "%.300s", f->l.diag.text);
}

TEST_F(hostile, file_of_100_mb_is_refused_unread)
{
    char path[] = "/tmp/virqsim-test-XXXXXX";
    int fd = mkstemp(path);

    ASSERT_TRUE(fd >= 0);
    EXPECT_EQ(ftruncate(fd, 100000000), 0);
    close(fd);
    diag_init(&f->l.diag);
    f->l.set = scenario_load(path, NULL, &f->l.diag);
    EXPECT_TRUE(f->l.set == NULL);
    EXPECT_TRUE(
        strstr(f->l.diag.text, ": error: the file is larger than 4 MiB"), "%s",
        f->l.diag.text);
    unlink(path);
}

TEST_F(hostile, endless_file_is_refused)
{
    diag_init(&f->l.diag);
    f->l.set = scenario_load("/dev/zero", NULL, &f->l.diag);
    EXPECT_TRUE(strstr(f->l.diag.text, "larger than 4 MiB") != NULL);
}

TEST_F(hostile, folder_is_refused)
{
    diag_init(&f->l.diag);
    f->l.set = scenario_load("scenarios", NULL, &f->l.diag);
    EXPECT_STREQ(f->l.diag.text, "scenarios: error: cannot read 'scenarios': "
                                 "Is a directory\n");
}

TEST_F(hostile, alias_bomb_is_refused)
{
    char line[256];

    repeat(f, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n", 1);
    for (int i = 1; i < 40; i++) {
        snprintf(line, sizeof line, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i,
                 i, i - 1, i - 1, i - 1, i - 1);
        repeat(f, line, 1);
    }
    expect_refused(f, "more than 20000 values, aliases counted in full");
}

TEST_F(hostile, deep_flow_nesting_is_refused)
{
    repeat(f, "[", 1000000);
    expect_refused(f, "x.yaml:1:33: error: nested deeper than 32 levels");
}

TEST_F(hostile, deep_block_nesting_is_refused)
{
    repeat(f, "- ", 1000000);
    expect_refused(f, "nested deeper than 32 levels");
}

TEST_F(hostile, deep_map_nesting_is_refused)
{
    repeat(f, "{a: ", 1000000);
    expect_refused(f, "nested deeper than 32 levels");
}

TEST_F(hostile, many_values_are_refused)
{
    repeat(f, "- x\n", 1000000);
    expect_refused(f, "more than 20000 values");
}

TEST_F(hostile, many_keys_end_soon)
{
    char line[32];

    for (int i = 0; i < 9000; i++) {
        snprintf(line, sizeof line, "key%d: 1\n", i);
        repeat(f, line, 1);
    }
    expect_refused(f, "unknown key 'key0' of a scenario");
}

TEST_F(hostile, many_anchors_are_refused)
{
    char line[32];

    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof line, "- &a%d x\n", i);
        repeat(f, line, 1);
    }
    expect_refused(f, "more than 256 anchors");
}

TEST_F(hostile, huge_value_is_cut_in_the_message)
{
    repeat(f, "title: t\nduration: ", 1);
    repeat(f, "9", 3000000);
    expect_refused(f, "999...': ");
    EXPECT_LT(f->l.diag.used, 2000);
}

TEST_F(hostile, huge_key_is_cut_in_the_message)
{
    repeat(f, "? ", 1);
    repeat(f, "k", 3000000);
    repeat(f, "\n: 1\n", 1);
    expect_refused(f, "unknown key 'kkkk");
    EXPECT_LT(f->l.diag.used, 2000);
}

TEST_F(hostile, raw_nul_has_a_place)
{
    struct scenario_options opts = {.text = "title: a\nb\0c", .text_bytes = 12};

    diag_init(&f->l.diag);
    f->l.set = scenario_load("x.yaml", &opts, &f->l.diag);
    EXPECT_STREQ(f->l.diag.text, "x.yaml:2:2: error: a NUL character; this is "
                                 "not a text file\n");
}

/* ---- broken copies of good files ---------------------------------------- */

#define MUTANTS 1500
#define MUTANT_ROOM 65536

/* Deletes, doubles, replaces or swaps in a few bytes at a random place. */
static size_t mutate(struct rng *r, char *text, size_t bytes)
{
    static const char spice[] = " \n\t:-{}[],&*!#|>'\"%@`?0a\\\x01\xff";
    size_t at = (size_t)rng_below(r, bytes);
    size_t n = 1 + (size_t)rng_below(r, 12);

    if (n > bytes - at)
        n = bytes - at;
    switch (rng_below(r, 4)) {
    case 0:
        memmove(text + at, text + at + n, bytes - at - n);
        return bytes - n;
    case 1:
        memmove(text + at + n, text + at, bytes - at);
        return bytes + n;
    case 2:
        text[at] = spice[rng_below(r, sizeof spice)];
        return bytes;
    default:
        text[at] = text[rng_below(r, bytes)];
        return bytes;
    }
}

/* Loads or not; what loads is shown as something that loads to the same. */
static void load_mutant(const char *text, size_t bytes)
{
    struct scenario_options opts = {
        .platform_dir = "scenarios", .text = text, .text_bytes = bytes};
    struct loaded l, again;

    diag_init(&l.diag);
    l.set = scenario_load("x.yaml", &opts, &l.diag);
    EXPECT_EQ(l.set == NULL, l.diag.errors > 0);
    if (l.set) {
        again = load_text(l.set->resolved[0], NULL, 0);
        ASSERT_TRUE(again.set != NULL, "%s\n%s", again.diag.text,
                    l.set->resolved[0]);
        EXPECT_STREQ(again.set->resolved[0], l.set->resolved[0]);
        loaded_free(&again);
    }
    loaded_free(&l);
}

static const struct mutant_row {
    const char *name, *path;
} mutants[] = {
    {"first_interrupt", "scenarios/first-interrupt.yaml"},
    {"eli_netperf", "scenarios/eli-netperf.yaml"},
    {"base", NULL},
    {"whole_platform_inside", NULL},
};

/* What to break; free() it. */
static char *good_text(const struct mutant_row *row)
{
    struct loaded l;
    char *shown;

    if (row->path)
        return load_file(row->path);
    if (!strcmp(row->name, "base"))
        return strdup(load_base);
    l = load_text(load_base, NULL, 0);
    shown = scenario_show(l.set, 0);
    loaded_free(&l);
    return shown;
}

TEST_EACH(mutants, never_crash_the_loader, struct mutant_row, mutants)
{
    char *good = good_text(row);
    size_t size = strlen(good), bytes;
    char *text = malloc(MUTANT_ROOM);
    struct rng r;

    ASSERT_TRUE(size > 100 && size < MUTANT_ROOM / 2, "%s", row->name);
    rng_init(&r, 7, 1);
    for (unsigned i = 0; i < MUTANTS; i++) {
        memcpy(text, good, size);
        bytes = size;
        for (uint64_t n = 1 + rng_below(&r, 4); n; n--)
            bytes = mutate(&r, text, bytes);
        load_mutant(text, bytes);
    }
    free(text);
    free(good);
}
