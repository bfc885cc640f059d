#!/bin/bash
# The test runner counts what every kind of program says, and no failure gets
# past it.
set -u
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

check() { # check SENTENCE WANTED-CLOSING-LINE WANTED-STATUS PROGRAM...
    local sentence=$1 closing=$2 want=$3 got last
    shift 3
    BUILD=$work TEST_LOGS= TEST_JOBS=${JOBS:-2} \
        TEST_SECONDS=${SECONDS_EACH:-60} tools/run-tests.sh "$@" \
        >"$work/out" 2>&1
    got=$?
    last=$(tail -n 1 "$work/out")
    if [ "$last" = "$closing" ] && [ $got = "$want" ]; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: '$last', status $got"
        status=1
    fi
}

say() { # say CONDITION SENTENCE
    if eval "$1"; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        status=1
    fi
}

script() { # script NAME: the rest of the program comes from standard input
    cat >"$work/$1"
    chmod +x "$work/$1"
    echo "$work/$1"
}

lines=$(script lines.sh <<<'echo "ok - a"; echo "ok - b"')
bad=$(script bad.sh <<<'echo "ok - a"; echo "not ok - b"; exit 1')
lying=$(script lying.sh <<<'echo "ok - a"; echo "not ok - b"')
silent=$(script silent.sh <<<'exit 0')
broken=$(script broken.sh <<<'echo "ok - a"; exit 3')
summed=$(script summed.py <<<'print("7 passed, 2 failed")')
slow=$(script slow.sh <<<'echo "ok - a"; sleep 60')
given=$(script given.sh <<<'[ "$1" = x ] && echo "ok - a" && echo "ok - b"')
empty=$(script empty <<<'#!/bin/sh
echo "[==========] Running 0 tests from 0 test suites."')
skipped=$(script skipped.sh <<<'echo "1..0 # SKIP no such machine"')
unfit=$(script unfit.sh <<<'echo "1..0 # SKIP no such machine"; exit 1')
crash=$(script crash <<<'#!/bin/sh
echo "[       OK ] a.b (0 ms)"
kill -SEGV $$')
meets=$(script meets.sh <<EOS
touch $work/met-\$1
for i in \$(seq 100); do [ -e $work/met-\$2 ] && exit 0; sleep 0.1; done
exit 1
EOS
)
long=$(script long.sh <<<"echo \$\$ >$work/long; sleep 60")
google=$(script google <<<'#!/bin/sh
echo "[       OK ] a.b (0 ms)"
echo "[       OK ] a.rows/TPR (12 ms)"
echo "[  FAILED  ] a.c (0 ms)"
echo "[  FAILED  ] 1 test, listed below:"
echo "[  FAILED  ] a.c"
exit 1')

check "ok lines are counted" "2 passed, 0 failed" 0 "$lines"
check "not ok lines are counted" "1 passed, 1 failed" 1 "$bad"
check "status 0 does not hide a failure" "1 passed, 1 failed" 1 "$lying"
check "a script without counts is one test" "1 passed, 0 failed" 0 "$silent"
check "a bad status is a failure" "1 passed, 1 failed" 1 "$broken"
check "a closing line is taken over" "7 passed, 2 failed" 1 "$summed"
check "GoogleTest's lines are counted once" "2 passed, 1 failed" 1 "$google"
check "a crash is a failure" "1 passed, 1 failed" 1 "$crash"
check "a program without tests is a failure" "0 passed, 1 failed" 1 "$empty"
check "a skipped program is no failure" "0 passed, 0 failed" 0 "$skipped"
say "grep -q 'skipped: no such machine' $work/out" \
    "why a program was skipped is shown"
check "a skip does not hide a bad status" "0 passed, 1 failed" 1 "$unfit"
check "a missing program is a failure" "0 passed, 1 failed" 1 "$work/none"
check "arguments are passed on" "2 passed, 0 failed" 0 "$given x"
check "all programs are added up" "13 passed, 4 failed" 1 \
    "$lines" "$silent" "$summed" "$bad" "$google"
JOBS=1 check "one after the other they add up to the same" \
    "13 passed, 4 failed" 1 "$lines" "$silent" "$summed" "$bad" "$google"
check "two that wait for each other run side by side" "2 passed, 0 failed" 0 \
    "$meets one two" "$meets two one"
BUILD=$work TEST_LOGS=$work/logs tools/run-tests.sh "$lines" >"$work/out"
say 'ls -A $work/logs | grep -q lines.sh.log' \
    "output is kept where TEST_LOGS says"
BUILD=$work TEST_LOGS= tools/run-tests.sh "$long" >"$work/out" &
until [ -s "$work/long" ]; do sleep 0.1; done
sleep 0.5 # timeout(1) does not pass a signal on while it forks
kill $!
SECONDS=0
wait $!
say '[ $? != 0 ] && [ $SECONDS -lt 30 ] &&
    ! kill -0 $(cat $work/long) 2>/dev/null' \
    "who stops it stops all that runs"
SECONDS_EACH=1
check "a hanging program is stopped" "1 passed, 1 failed" 1 "$slow"
exit $status
