#!/bin/bash
# Lints the RTL twins and synthesizes them.
#
#     tools/rtl-check.sh NAME...        (make rtl-check gives all)
#
# For each models/NAME/rtl: verilator -Wall without a warning and without a
# waiver in the code; Yosys reads and synthesizes it, finds no latch, no loop
# and no net with two drivers.  Needs $BUILD/rtl/NAME/NAME_regs_pkg.sv.
set -u
cd "$(dirname "$0")/.."
build=${BUILD:-build}
failed=0

# check TEXT COMMAND...: the command's output only if it fails
check() {
    local text=$1 log
    shift
    if log=$("$@" 2>&1); then
        echo "ok $text"
    else
        echo "not ok $text"
        printf '%s\n' "$log" | tail -30
        failed=1
    fi
}

# files NAME: packages first
files() {
    echo "$build/rtl/$1/$1_regs_pkg.sv" "models/$1/rtl/$1_pkg.sv"
    ls "models/$1/rtl/"*.sv | grep -v '_pkg\.sv$'
}

no_waiver() {
    ! grep -nE 'verilator|lint_(off|on)|synopsys|translate_off' \
        "models/$1/rtl/"*.sv
}

synthesize() {
    local log=$build/rtl/$1/yosys.log
    yosys -q -l "$log" -p "
        read_verilog -sv $(files "$1" | tr '\n' ' ')
        hierarchy -check -top $1
        proc
        check -assert
        select -assert-none t:\$dlatch t:\$adlatch t:\$dlatchsr
        synth -flatten -run coarse:fine -top $1
        select -assert-none t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$aldff*
        tee -o $build/rtl/$1/cells.txt stat"
}

check_twin() {
    check "$1: verilator -Wall is silent" \
        verilator --lint-only -Wall --top-module "$1" $(files "$1")
    check "$1: no waiver in the code" no_waiver "$1"
    check "$1: Yosys synthesizes it without latches" synthesize "$1"
    exit "$failed"
}

# side by side; what each says stays together
for name; do
    (check_twin "$name" >"$build/rtl/$name/check.txt") &
done
for name; do
    wait -n || failed=1
done
for name; do
    cat "$build/rtl/$name/check.txt"
done
exit $failed
