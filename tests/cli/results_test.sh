#!/bin/bash
# tools/results.sh in a small tree of its own, with a virqsim that copies its
# scenario: no difference and no missing reference gets past it.
set -u
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{tools,scenarios,build}
cp tools/results.sh "$work/tools/"
cd "$work" || exit 1
cat >build/virqsim <<'EOS'
#!/bin/sh
# virqsim compare FILE --out DIR --quiet
grep -q fails "$2" && { echo "expectation failed"; exit 1; }
cp "$2" "$4/report.csv"
cp "$2" "$4/report.md"
date +%N >"$4/report.html"
EOS
chmod +x build/virqsim
echo 'seed: 1' >scenarios/one.yaml
echo 'seed: 2' >scenarios/two.yaml

status=0
check() { # check SENTENCE WANTED-STATUS WANTED-LINE [ARGUMENT...]
    local sentence=$1 want=$2 line=$3 got
    shift 3
    BUILD=build tools/results.sh "$@" >out 2>&1
    got=$?
    if [ $got = "$want" ] && grep -qx "$line" out; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence (status $got)"
        cat out
        status=1
    fi
}

check "a missing reference is a failure" 1 \
    "not ok - results/one is missing: make results-update"
check "--update makes the reference" 0 "ok - results/two is made anew" --update
check "equal results pass" 0 "ok - results/one is re-created byte for byte"
for file in report.csv report.md; do
    cp "results/two/$file" saved
    printf ' ' >>"results/two/$file"
    check "one byte more in $file is a failure" 1 \
        "not ok - results/two is re-created byte for byte"
    cp saved "results/two/$file"
done
rm results/two/report.md
check "a file too few is a failure" 1 \
    "not ok - results/two is re-created byte for byte"
check "a name limits it to one scenario" 0 \
    "ok - results/one is re-created byte for byte" one
touch results/one/extra.csv
check "a file too many is a failure" 1 \
    "not ok - results/one is re-created byte for byte" one
rm results/one/extra.csv scenarios/two.yaml
check "a reference without a scenario is a failure" 1 \
    "not ok - results/two belongs to no scenario"
echo fails >scenarios/one.yaml
check "a failed expectation is a failure" 1 \
    "not ok - scenarios/one.yaml runs and its expectations hold" one
rm -rf scenarios results
check "nothing to compare is a failure" 1 "not ok - there is a scenario to run"
exit $status
