#!/bin/bash
# Runs test programs and adds up what they say.
#
#     tools/run-tests.sh 'PROGRAM [ARGUMENT...]'...
#
# As many as TEST_JOBS says (default: the number of cores) run side by side;
# they start in the order given.
# A program is a GoogleTest binary, or a script (*.sh, *.py) that prints
# "ok ..." and "not ok ..." lines, or a last line "N passed, N failed"; one
# that prints neither counts as one test.  A program that ends with a non-zero
# status, crashes or runs too long counts as a failure even if it reports none.
# One that cannot run here prints "1..0 # SKIP reason": the reason is shown.
# One line is printed for each when it ends, the whole output only if something
# failed.  All output is kept in TEST_LOGS (default: test-logs in $BUILD).
# The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
logs=${TEST_LOGS:-${BUILD:-build}/test-logs}
python=${PYTHON:-python3}
limit=${TEST_SECONDS:-1800}
jobs=${TEST_JOBS:-$(nproc)}
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

declare -A program_of log_of start_of # by process
running=0
all_passed=0
all_failed=0

# run COMMAND...: passes SIGTERM on.  The shell of its own that this runs in
# ends with a status even if the command crashes: `wait -n` misses the others.
run() {
    local stopped= status
    trap 'stopped=yes; kill $! 2>/dev/null' TERM
    timeout -k 10 "$limit" "$@" &
    [ -z "$stopped" ] || kill $!
    wait $!
    status=$?
    [ -z "$stopped" ] || wait $! # the signal had ended the first one
    return $status
}

# start PROGRAM [ARGUMENT...]
start() {
    local log
    log=$logs/$(printf %s "$*" | tr '/ ' ._)
    local command=("$@")
    case $1 in
    *.py) command=("$python" "$@") ;;
    *.sh) command=(bash "$@") ;;
    *) command=(env "GTEST_OUTPUT=xml:$(realpath "$log").xml" "$@") ;;
    esac
    run "${command[@]}" </dev/null >"$log.log" 2>&1 &
    program_of[$!]=$* log_of[$!]=$log.log start_of[$!]=$(date +%s%N)
    running=$((running + 1))
}

# finish PROCESS STATUS: prints its line and adds up
finish() {
    local program=${program_of[$1]} log=${log_of[$1]} status=$2
    local ms=$((($(date +%s%N) - start_of[$1]) / 1000000))
    local passed failed why='' skipped
    read -r passed failed <<<"$(count "$log")"
    skipped=$(sed -n 's/^1\.\.0 # SKIP *//p' "$log" | head -n 1)
    if [ "$passed" = - ] && [ -n "$skipped" ]; then
        passed=0 failed=0 why=" (skipped: $skipped)"
    elif [ "$passed" = - ]; then
        passed=$((status == 0)) failed=0
    elif [ $((passed + failed)) = 0 ]; then
        failed=1 why=" (no tests ran)"
    fi
    if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
        failed=1 why=" (exit status $status)"
        [ "$status" = 124 ] && why=" (stopped after $limit s)"
    fi
    if [ "$failed" != 0 ]; then
        echo "---- $program: output"
        grep -v '^\[ RUN      \]\|^\[       OK \]' "$log"
        echo "---- $program: end of output"
    fi
    printf '%-44s %5d passed, %d failed%s  %d.%01d s\n' "$program" \
        "$passed" "$failed" "$why" $((ms / 1000)) $((ms % 1000 / 100))
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
}

finish_one() {
    local process status
    wait -n -p process
    status=$?
    finish "$process" "$status"
    unset "program_of[$process]"
    running=$((running - 1))
}

# What runs side by side ignores an interrupt; the newest may not be noted yet.
stop() {
    kill "${!program_of[@]}" $! 2>/dev/null
    wait
    exit 1
}
trap stop INT TERM

for program; do
    [ $running -lt "$jobs" ] || finish_one
    start $program
done
while [ $running != 0 ]; do
    finish_one
done
echo "$all_passed passed, $all_failed failed"
[ $all_failed = 0 ]
