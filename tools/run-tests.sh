#!/bin/bash
# Runs test programs one after the other and adds up what they say.
#
#     tools/run-tests.sh 'PROGRAM [ARGUMENT...]'...
#
# A program is a GoogleTest binary, or a script (*.sh, *.py) that prints
# "ok ..." and "not ok ..." lines, or a last line "N passed, N failed"; one
# that prints neither counts as one test.  A program that ends with a non-zero
# status, crashes or runs too long counts as a failure even if it reports none.
# One that cannot run here prints "1..0 # SKIP reason": the reason is shown.
# One line is printed for each, the whole output only if something failed.
# The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
logs=${BUILD:-build}/test-logs
python=${PYTHON:-python3}
limit=${TEST_SECONDS:-900}
mkdir -p "$logs"
export PYTHONDONTWRITEBYTECODE=1 # the tree stays as it is

# Prints "passed failed" for a log; "- -" if it does not count tests.
count() {
    awk '
        /^\[       OK \] / {p++; seen = 1}
        /^\[  FAILED  \] .* ms\)$/ {f++; seen = 1}
        /^\[==========\] Running 0 tests/ {seen = 1}
        /^ok( |$)/ {p++; seen = 1}
        /^not ok( |$)/ {f++; seen = 1}
        /^[0-9]+ passed, [0-9]+ failed$/ {sp = $1; sf = $3; sum = 1}
        END {
            if (seen) print p + 0, f + 0
            else if (sum) print sp, sf
            else print "- -"
        }' "$1"
}

# run LOG PROGRAM [ARGUMENT...]
run() {
    local log=$1
    shift
    case $1 in
    *.py) set -- "$python" "$@" ;;
    *.sh) set -- bash "$@" ;;
    *) set -- env "GTEST_OUTPUT=xml:$PWD/$log.xml" "$@" ;;
    esac
    timeout -k 10 "$limit" "$@" </dev/null >"$log.log" 2>&1
}

all_passed=0
all_failed=0
for program; do
    log=$logs/$(printf %s "$program" | tr '/ ' ._)
    start=$(date +%s%N)
    run "$log" $program
    status=$?
    ms=$((($(date +%s%N) - start) / 1000000))
    read -r passed failed <<<"$(count "$log.log")"
    why=
    skipped=$(sed -n 's/^1\.\.0 # SKIP *//p' "$log.log" | head -n 1)
    if [ "$passed" = - ] && [ -n "$skipped" ]; then
        passed=0 failed=0 why=" (skipped: $skipped)"
    elif [ "$passed" = - ]; then
        passed=$((status == 0)) failed=0
    elif [ $((passed + failed)) = 0 ]; then
        failed=1 why=" (no tests ran)"
    fi
    if [ $status != 0 ] && [ "$failed" = 0 ]; then
        failed=1 why=" (exit status $status)"
        [ $status = 124 ] && why=" (stopped after $limit s)"
    fi
    if [ "$failed" != 0 ]; then
        echo "---- $program: output"
        grep -v '^\[ RUN      \]\|^\[       OK \]' "$log.log"
        echo "---- $program: end of output"
    fi
    printf '%-44s %5d passed, %d failed%s  %d.%01d s\n' "$program" \
        "$passed" "$failed" "$why" $((ms / 1000)) $((ms % 1000 / 100))
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
done
echo "$all_passed passed, $all_failed failed"
[ $all_failed = 0 ]
