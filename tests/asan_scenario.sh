#!/bin/bash
# Runs what a user runs with a virqsim that was built with sanitizers, on less
# simulated time:
#
#     tests/asan_scenario.sh build/asan/virqsim
set -u
cd "$(dirname "$0")/.."
program=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0

clean() { # clean SENTENCE WANTED-STATUS ARGUMENT...
    local sentence=$1 want=$2 got
    shift 2
    "$program" "$@" >"$out/stdout" 2>"$out/stderr"
    got=$?
    if [ $got = "$want" ] &&
        ! grep -q 'Sanitizer\|runtime error' "$out/stderr"; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence (status $got)"
        cat "$out/stderr"
        status=1
    fi
}

netperf=scenarios/eli-netperf.yaml
short="--set duration=100ms --set warmup=10ms"
clean "eli-netperf runs clean, and every form of its report" 0 \
    compare $netperf $short --out "$out/forms" --json -
clean "a variant inside SystemC runs clean" 0 \
    run $netperf $short --variant eli_delivery
clean "so does one without it" 0 \
    run $netperf $short --variant baseline --host none
clean "show spells a scenario out clean" 0 show $netperf --variant eli
sed 's/: 1$/: [1/; s/kind: stream/kind: steam/' $netperf >"$out/broken.yaml"
clean "a broken scenario is refused clean" 2 compare "$out/broken.yaml"
clean "an expectation fails clean" 1 compare $netperf $short \
    --set platform.cpu.pollution_per_exit=9000cycles
exit $status
