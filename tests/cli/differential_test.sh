#!/bin/bash
# The comparison with QEMU: what it says when there is none, when it does not
# answer, and that it takes its options.
set -u
cd "$(dirname "$0")/../.."
program=${BUILD:-build}/differential
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

check() { # check SENTENCE WANTED-STATUS PATTERN QEMU [ARGUMENT...]
    local sentence=$1 want=$2 pattern=$3 qemu=$4 got
    shift 4
    QEMU=$qemu "$program" "$@" >"$work/out" 2>&1
    got=$?
    if [ $got = "$want" ] && grep -q "$pattern" "$work/out"; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence (status $got)"
        cat "$work/out"
        status=1
    fi
}

printf '#!/bin/sh\necho no such machine >&2\n' >"$work/dead"
chmod +x "$work/dead"
check "without QEMU it says that it is skipped" 0 '^1\.\.0 # SKIP QEMU' \
    "$work/none"
check "a QEMU that ends is a failure" 1 '^not ok - .*no such machine' \
    "$work/dead"
check "an unknown option is the user's mistake" 2 '^usage: ' "$work/none" --fast
check "a number is needed" 2 '^usage: ' "$work/none" --seed -1
if command -v qemu-system-x86_64 >/dev/null; then
    export QEMU10=$work/none
    check "without QEMU 10 its part says that it is skipped" 0 \
        '^ok - VT-d, QEMU 10: .*# SKIP' qemu-system-x86_64 --steps 1
fi
exit $status
