#!/bin/bash
# Runs the example scenario with a virqsim that was built with sanitizers:
#
#     tests/asan_scenario.sh build/asan/virqsim
set -u
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
if "$1" compare scenarios/eli-netperf.yaml --out "$out" --quiet; then
    echo "ok - eli-netperf runs clean with AddressSanitizer and UBSan"
else
    echo "not ok - eli-netperf runs clean with AddressSanitizer and UBSan"
    exit 1
fi
