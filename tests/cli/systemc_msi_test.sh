#!/bin/bash
# The SystemC example prints what its folder says it prints.
set -u
cd "$(dirname "$0")/../.."
program=${BUILD:-build}/examples/systemc-msi
sentence="examples/systemc-msi prints its expected.txt"

if diff <("$program" 2>/dev/null) examples/systemc-msi/expected.txt; then
    echo "ok - $sentence"
else
    echo "not ok - $sentence"
    exit 1
fi
