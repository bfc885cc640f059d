#!/bin/bash
# Runs the unit tests of a build with --coverage and prints which part of each
# source file's lines was run, the least first.
#
#     tools/cov.sh build/cov
set -eu
cd "$(dirname "$0")/.."
build=$1
find "$build/obj" -name '*.gcda' -delete
"$build/unit_tests" --gtest_brief=1

rows=$(find "$build/obj" -name '*.gcno' -print0 | xargs -0 gcov -n 2>/dev/null |
    awk '
    /^File / {
        file = substr($2, 2, length($2) - 2)
        ours = file ~ /^(sim|models|software)\/.*\.c$/ && file !~ /\/test\//
    }
    ours && /^Lines executed:/ {
        split($2, part, /[:%]/)
        printf "%6.1f %%  %5d  %s\n", part[2], $4, file
        ours = 0
    }' | sort -n)
echo "    run  lines  file"
echo "$rows"
echo "$rows" | awk '
    {lines += $3; run += $1 * $3 / 100}
    END {printf "%6.1f %%  %5d  all\n", 100 * run / lines, lines}'
