#!/bin/sh
# Unpacks QEMU 10 of Debian 12's backports into a folder, beside the QEMU that
# Debian 12 itself has and that stays what it is:
#
#     tools/install-qemu10.sh build/qemu10
#
# Needs no root: apt-get fetches the packages from where the system's own are
# from, with lists of its own, and nothing is installed.  Says nothing if it is
# there; where it cannot be had, says so, and that is no failure: the test that
# uses it is skipped.
set -eu
folder=${1:?usage: tools/install-qemu10.sh FOLDER}
program=$folder/usr/bin/qemu-system-x86_64
release=bookworm

[ ! -x "$program" ] || exit 0

without() {
    echo "install-qemu10: no QEMU 10: $1"
    exit 0
}
command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
    without "this is not Debian"
grep -qs "^VERSION_CODENAME=$release$" "${OS_RELEASE:-/etc/os-release}" ||
    without "this is not Debian 12"

mirror=$(apt-get indextargets --format '$(REPO_URI)' "Release: $release" \
    "Created-By: Packages" | head -n 1)
[ -n "$mirror" ] || without "apt-get has no source of $release"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
for suite in $release $release-backports; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "$mirror $suite main"
done >"$work/sources.list"

apt() {
    apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
        -o Dir::Etc::SourceList="$work/sources.list" \
        -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$work/lists" \
        -o Dir::Cache="$work/cache" "$@" </dev/null >"$work/log" 2>&1
}
echo "install-qemu10: unpacking QEMU 10 of $release-backports into $folder"
apt update || without "$(tail -n 1 "$work/log")"
apt -y --no-install-recommends --download-only -t $release-backports \
    install qemu-system-x86 || without "$(tail -n 1 "$work/log")"
mkdir -p "$folder"
for package in "$work"/cache/archives/*.deb; do
    [ -f "$package" ] || without "there are no packages"
    dpkg -x "$package" "$folder"
done
