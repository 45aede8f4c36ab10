#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages mote is built with; says nothing when none is missing.
#   --tests  also what ./check needs     --ci     also what .ci/run needs
#   --cross  also what builds and tests for 64-bit ARM need beside tools/make_sysroot.sh
set -euo pipefail

packages=(
    gcc libc6-dev cmake ninja-build pkg-config
    libinih-dev libjansson-dev libmd-dev libpthreadpool-dev zlib1g-dev libpng-dev
    libjpeg62-turbo-dev
)
test_packages=(g++ libcmocka-dev python3 clang-format)
ci_packages=(clang libclang-rt-dev clang-tidy dpkg-dev file chromium)
cross_packages=(gcc-aarch64-linux-gnu qemu-user)

stop() {
    echo "install_dependencies.sh: $*" >&2
    exit 1
}

for option in "$@"; do
    case $option in
    --tests) packages+=("${test_packages[@]}") ;;
    --ci) packages+=("${test_packages[@]}" "${ci_packages[@]}") ;;
    --cross) packages+=("${test_packages[@]}" "${cross_packages[@]}") ;;
    *) stop "unknown option '$option': accepted are --tests, --ci and --cross" ;;
    esac
done

# On other systems CMake names what it does not find.
command -v dpkg-query >/dev/null || exit 0

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        stop "missing packages, and neither root nor sudo to install them: ${missing[*]}"
    as_root=(sudo)
fi

echo "installing with apt-get: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >"$log" 2>&1
}
# A failing update may be of a source that is not needed: the installation decides.
apt_get update || true
if ! apt_get install -y --no-install-recommends "${missing[@]}"; then
    grep -E '^(E|Err|W):?' "$log" >&2 || tail -n 3 "$log" >&2
    stop "apt-get could not install: ${missing[*]}"
fi
