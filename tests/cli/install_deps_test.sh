#!/bin/bash
# tools/install-deps.sh installs what is missing, and nothing else.  dpkg-query,
# apt-get, sudo and id are replaced: nothing is installed here.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/fakes.sh
tools sh awk sed grep dirname env cat

fake dpkg-query <<<'while read -r p; do echo "installed $p"; done \
    <"'"$work"'/have"; exit 1'
fake apt-get <<<'echo "$DEBIAN_FRONTEND apt-get $*" >>"'"$work"'/calls"'
fake id <<<'cat "'"$work"'/uid"'

run() { # run [ARGUMENT]: sets $code; output and calls are in $work
    : >"$work/calls"
    PATH=$work DEBIAN_FRONTEND= tools/install-deps.sh "$@" \
        >"$work/out" 2>&1 </dev/null
    code=$?
}

packages=$(awk '!/^#/ && NF {print $1}' tools/packages.txt)
say '! grep -v "^#" tools/packages.txt | grep -qv " # ."' \
    "every package has its reason"

echo 0 >"$work/uid"
printf '%s\n' $packages >"$work/have"
run
say '[ $code = 0 ] && [ ! -s "$work/out" ] && [ ! -s "$work/calls" ]' \
    "nothing is said or done if all is there"

grep -vx -e libyaml-dev -e chromium "$work/have" >"$work/less"
mv "$work/less" "$work/have"
run
say '[ $code = 0 ] && grep -q "^ apt-get -q update$" "$work/calls"' \
    "package lists are fetched if something is missing"
say 'grep -qx "noninteractive apt-get -q -y install --no-install-recommends \
libyaml-dev chromium" "$work/calls"' "what is missing is installed, unasked"
say 'grep -q "installing.*libyaml-dev" "$work/out"' "it says what it does"

run build
say 'grep -q libyaml-dev "$work/calls" && ! grep -q chromium "$work/calls"' \
    "a demo needs no packages of the tests"

echo 1000 >"$work/uid"
run
say '[ $code = 1 ] && grep -q "neither root nor sudo" "$work/out" &&
    [ ! -s "$work/calls" ]' "without root and sudo it says what to run"

fake sudo <<<'echo sudo >>"'"$work"'/calls"; exec "$@"'
run
say '[ $code = 0 ] && [ "$(grep -c sudo "$work/calls")" = 2 ]' \
    "sudo is used by others than root"

rm "$work/dpkg-query"
run
say '[ $code = 0 ] && grep -q "not Debian.*libsystemc-dev" "$work/out"' \
    "elsewhere than on Debian it names what is needed"
exit $status
