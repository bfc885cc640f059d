#!/bin/bash
# Re-creates reference results in build/results and compares them, byte for
# byte, with results/: every figure, and the report with the scenario as it was
# understood.  The page with its plots is not kept: gnuplot draws it.
#
#     tools/results.sh [NAME...]            scenarios/NAME.yaml; default: all
#     tools/results.sh --update [NAME...]   makes them the reference
set -u
cd "$(dirname "$0")/.."
build=${BUILD:-build}
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
if [ $# = 0 ]; then
    set -- $( (ls scenarios/*.yaml && ls -d results/*/) 2>/dev/null |
        sed 's|/$||; s|.*/||; s|\.yaml$||' | sort -u)
fi

# The folder of a scenario's results, with only what is kept of them.
keep() { # keep FROM TO
    rm -rf "$2"
    mkdir -p "$2"
    cp "$1/report.csv" "$1/report.md" "$2/"
}

failed=0
say() {
    echo "$1 - $2"
    [ "$1" = ok ] || failed=1
}

[ $# != 0 ] || say "not ok" "there is a scenario to run"
for name; do
    made=$build/results/$name reference=results/$name
    if [ ! -f "scenarios/$name.yaml" ]; then
        say "not ok" "$reference belongs to no scenario"
        continue
    fi
    rm -rf "$made"
    mkdir -p "$made"
    if ! "$build/virqsim" compare "scenarios/$name.yaml" --out "$made" \
        --quiet >"$made.log" 2>&1; then
        say "not ok" "scenarios/$name.yaml runs and its expectations hold"
        cat "$made.log"
    elif [ -n "$update" ]; then
        keep "$made" "$reference"
        say ok "$reference is made anew"
    elif [ ! -d "$reference" ]; then
        say "not ok" "$reference is missing: make results-update"
    elif keep "$made" "$made.kept" &&
        diff -r "$reference" "$made.kept" >"$made.diff" 2>&1; then
        say ok "$reference is re-created byte for byte"
    else
        say "not ok" "$reference is re-created byte for byte"
        head -n 40 "$made.diff"
    fi
done
exit $failed
