#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks what mote is built with for another Debian architecture into a folder:
#   tools/make_sysroot.sh ARCHITECTURE FOLDER     (arm64 build/sysroot-arm64)
# The system stays as it is: apt-get works on lists and a package state of its own below FOLDER, with
# the sources and keys of the system. So it needs no root, and packages that cannot be installed for
# two architectures at once (pthreadpool in Debian 12) are no hindrance.
set -euo pipefail

packages=(
    libc6-dev libgcc-12-dev libinih-dev libjansson-dev libmd-dev libpthreadpool-dev zlib1g-dev
    libpng-dev libjpeg62-turbo-dev libcmocka-dev
)

stop() {
    echo "make_sysroot.sh: $*" >&2
    exit 1
}

[ $# -eq 2 ] || stop "usage: tools/make_sysroot.sh ARCHITECTURE FOLDER"
architecture=$1
folder=$2
stamp="$folder/.packages"
wanted="$architecture ${packages[*]}"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
state="$folder/.apt"
mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/etc"
: >"$state/status"

apt_get() {
    apt-get -q \
        -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 "$@" >"$folder/.log" 2>&1
}

echo "unpacking $architecture packages into $folder: ${packages[*]}"
# A failing update may be of a source that has nothing for this architecture: the download decides.
apt_get update || true
if ! apt_get install -y --no-install-recommends --download-only "${packages[@]}"; then
    grep -E '^(E|Err|W):?' "$folder/.log" >&2 || tail -n 3 "$folder/.log" >&2
    stop "apt-get could not get the packages for $architecture"
fi
for package in "$state"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
rm -rf "$state" "$folder/.log" "$folder/usr/share/doc" "$folder/usr/share/man"

# Links that name a place from the root on would leave the folder.
find "$folder" -type l -lname '/*' | while read -r link; do
    ln -sf --relative "$folder$(readlink "$link")" "$link"
done
echo "$wanted" >"$stamp"
