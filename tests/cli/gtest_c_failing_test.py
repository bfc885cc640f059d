"""Builds a small program of C tests that fail on purpose and looks at what
GoogleTest makes of them: status, file and line, filter, XML."""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SHIM = os.path.join(os.environ.get("BUILD", "build"), "obj/tests/gtest_c.o")

SOURCE = r'''
#include <math.h>
#include <stdio.h>

#include "tests/gtest_c.h"

TEST(fine, holds) { EXPECT_TRUE(true); }

TEST(bad, goes_on_after_expect)
{
    EXPECT_EQ(2 + 2, 5, "sum of %d", 2); /* line:sum */
    puts("went on");
}

TEST(bad, stops_after_assert)
{
    ASSERT_TRUE(1 > 2, "order"); /* line:assert */
    puts("NOT REACHED");
}

static void deep(int n)
{
    if (n > 0)
        deep(n - 1);
    else
        ASSERT_EQ(n, 1); /* line:deep */
    puts("NOT REACHED");
}

TEST(bad, stops_from_inside_a_call) { deep(3); }

TEST(bad, unsigned_numbers_keep_their_sign)
{
    EXPECT_LT(UINT64_MAX, 1); /* line:unsigned */
}

TEST(bad, minus_one_is_no_unsigned_number)
{
    EXPECT_EQ(UINT64_MAX, -1); /* line:minus */
}

TEST(bad, reals_are_not_rounded)
{
    EXPECT_EQ(0.5, 0); /* line:real */
    EXPECT_NEAR(1.0, 2.0, 0.5); /* line:near */
    EXPECT_NEAR((double)NAN, 2.0, 0.5); /* line:nan */
    EXPECT_LE((double)NAN, 2.0); /* line:order */
}

TEST(bad, texts_show_the_line_that_differs)
{
    EXPECT_STREQ("one\ntwo\nthree\n", "one\n2\nthree\n"); /* line:text */
    EXPECT_STREQ("one", NULL); /* line:null */
}

struct fixture {
    int steps;
};
static void fixture_setup(struct fixture *f) { f->steps = 1; }
static void fixture_teardown(struct fixture *f)
{
    printf("torn down after %d\n", f->steps);
}

TEST_F(fixture, is_torn_down_after_a_fatal_failure)
{
    f->steps = 7;
    ASSERT_TRUE(false); /* line:fixture */
}

struct half {
    int steps;
};
static void half_setup(struct half *f)
{
    f->steps = 40;
    ASSERT_TRUE(f->steps == 0); /* line:setup */
}
static void half_teardown(struct half *f)
{
    printf("torn down after %d\n", f->steps + 1);
}

TEST_F(half, body_is_left_out_after_a_fatal_setup) { puts("NOT REACHED"); }

static const struct row {
    const char *name;
    int value;
} rows[] = {{"EVEN", 4}, {"ODD", 5}};

TEST_EACH(rows, are_even, struct row, rows)
{
    EXPECT_EQ(row->value % 2, 0); /* line:row */
}
'''

LINES = {m.group(1): number
         for number, text in enumerate(SOURCE.split("\n"), 1)
         for m in re.finditer(r"/\* line:(\w+) \*/", text)}

passed = True


def report(holds, sentence):
    global passed
    passed = passed and bool(holds)
    print(("ok - " if holds else "not ok - ") + sentence)


def build(folder):
    source = os.path.join(folder, "failing_test.c")
    program = os.path.join(folder, "failing_test")
    with open(source, "w", encoding="utf-8") as f:
        f.write(SOURCE)
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Wconversion",
                    "-Werror", "-I.", "-c", "-o", program + ".o", source],
                   cwd=ROOT, check=True)
    subprocess.run(["g++", "-o", program, program + ".o", SHIM, "-lgtest"],
                   cwd=ROOT, check=True)
    return program


def run(program, *options):
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith("GTEST_")}
    return subprocess.run([program, *options], text=True, env=environment,
                          stdout=subprocess.PIPE, check=False)


def check_output(program):
    done = run(program)
    out = done.stdout
    report(done.returncode == 1, "a failing test gives exit status 1")
    for name, number in sorted(LINES.items(), key=lambda i: i[1]):
        report(f"failing_test.c:{number}: Failure" in out,
               f"the failure '{name}' shows file and line")
    report("2 + 2 == 5 (4 = 0x4, 5 = 0x5): sum of 2" in out,
           "a failure shows expression, values and the test's own words")
    report("went on" in out, "EXPECT_* goes on")
    report("NOT REACHED" not in out, "ASSERT_* ends the test")
    report("UINT64_MAX < 1 (18446744073709551615 = 0xffffffffffffffff" in out,
           "a big unsigned number is shown as one")
    report("-1 = 0xffffffffffffffff" in out,
           "a negative number is shown as one")
    report("(0.5, 0 = 0x0)" in out, "a real is shown as one")
    report('(line 2)\n    "two"\n    "2"' in out,
           "of long texts the line that differs is shown")
    report("torn down after 7" in out,
           "teardown runs after a fatal failure in the body")
    report("torn down after 41" in out,
           "teardown runs after a fatal failure in setup")
    report("[       OK ] rows.are_even/EVEN" in out
           and "[  FAILED  ] rows.are_even/ODD" in out,
           "each row of a table is a test with the row's name")
    report("2 tests" in out.split("[  PASSED  ]")[1],
           "the tests that hold are counted")


def check_filter(program):
    done = run(program, "--gtest_filter=fine.*")
    report(done.returncode == 0 and "Running 1 test from" in done.stdout,
           "--gtest_filter selects C tests")


def check_xml(program, folder):
    path = os.path.join(folder, "out.xml")
    run(program, "--gtest_output=xml:" + path)
    cases = {c.get("name"): c for c in
             xml.etree.ElementTree.parse(path).getroot().iter("testcase")}
    failure = cases["stops_after_assert"].find("failure").get("message")
    report(f"failing_test.c:{LINES['assert']}" in failure,
           "XML output has the failure with file and line")
    report(cases["stops_after_assert"].get("file", "").endswith(
        "failing_test.c"), "XML output has the test's own file")
    report(cases["holds"].find("failure") is None,
           "XML output has no failure for a test that holds")


def main():
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        check_output(program)
        check_filter(program)
        check_xml(program, folder)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
