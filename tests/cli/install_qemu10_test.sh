#!/bin/bash
# tools/install-qemu10.sh fetches packages without installing them.  apt-get and
# dpkg are replaced: nothing is fetched here.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/fakes.sh
tools sh grep head mkdir mktemp cat rm tail touch chmod dirname

# The last option that sets Dir::Cache is where packages belong.
fake apt-get <<<'case $1 in indextargets) cat "'"$work"'/source"; exit;; esac
echo "$*" >>"'"$work"'/calls"
[ -e "'"$work"'/offline" ] && { echo "E: no network"; exit 100; }
for a in "$@"; do case $a in Dir::Cache=*) cache=${a#*=};; esac; done
case "$*" in *install*) touch "$cache/archives/qemu.deb";; esac'
fake dpkg <<<'mkdir -p "$3/usr/bin"; touch "$3/usr/bin/qemu-system-x86_64"
chmod +x "$3/usr/bin/qemu-system-x86_64"'
echo VERSION_CODENAME=bookworm >"$work/release"

echo file:/mirror/ >"$work/source"

run() { # sets $code; output and calls are in $work
    : >"$work/calls"
    PATH=$work OS_RELEASE=$work/release tools/install-qemu10.sh \
        "$work/qemu10" >"$work/out" 2>&1
    code=$?
}

touch "$work/offline"
run
say '[ $code = 0 ] && grep -q "no QEMU 10: E: no network" "$work/out"' \
    "what cannot be had is no failure"
rm "$work/offline"
run
say '[ $code = 0 ] && [ -x "$work/qemu10/usr/bin/qemu-system-x86_64" ]' \
    "it is unpacked into the folder"
say 'grep -q -- "--download-only -t bookworm-backports" "$work/calls" &&
    ! grep "install" "$work/calls" | grep -qv -- --download-only' \
    "nothing is installed"
run
say '[ $code = 0 ] && [ ! -s "$work/out" ] && [ ! -s "$work/calls" ]' \
    "nothing is said or done if it is there"
rm -r "$work/qemu10"
: >"$work/source"
run
say '[ $code = 0 ] && grep -q "no source of bookworm" "$work/out" &&
    [ ! -s "$work/calls" ]' "packages come from where the system's own do"
echo VERSION_CODENAME=other >"$work/release"
run
say '[ $code = 0 ] && grep -q "not Debian 12" "$work/out" &&
    [ ! -s "$work/calls" ]' "elsewhere than on Debian 12 nothing is fetched"
exit $status
