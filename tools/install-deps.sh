#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing.
#
#     tools/install-deps.sh          everything
#     tools/install-deps.sh build    only what building and running need
#
# Says nothing if all is there.  Needs root or sudo only if something is not.
set -eu
cd "$(dirname "$0")/.."

wanted=$(awk -v only="${1:-}" '
    !/^#/ && NF && (only == "" || $2 == only) {print $1}' tools/packages.txt)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-deps: this is not Debian; the build needs what these" \
        "packages hold:" $wanted >&2
    exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted \
    2>/dev/null | sed -n 's/^installed //p') || true
missing=
for p in $wanted; do
    printf '%s\n' "$installed" | grep -qxF "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: neither root nor sudo; please run as root:" >&2
        echo "    apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "install-deps: installing with ${as_root:+$as_root }apt-get:$missing"
$as_root apt-get -q update
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends $missing
