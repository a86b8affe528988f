#!/usr/bin/env bash
# Unpack packages of a Debian release below a folder, without root and without installing:
# unpack_debian.sh FOLDER SUITE PACKAGE...
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
suite=$2
packages=("${@:3}")
keys=/usr/share/keyrings/debian-archive-keyring.gpg

refuse() {
    echo "error: ${packages[*]} (Debian $suite): $1. Elsewhere than on Debian, or without its archive," \
        "give CMake the paths: cpp_client/README.md, 'Build'." >&2
    exit 1
}

command -v apt-get >/dev/null || refuse "this machine has no apt-get"
[ -e "$keys" ] || refuse "this machine has no $keys (package debian-archive-keyring)"

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/packages"
printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
    "$suite" "$keys" >"$state/debian.sources"
options=(-qq -o Dir::Etc::SourceList="$state/debian.sources" -o Dir::Etc::SourceParts=/nonexistent
    -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" -o APT::Sandbox::User="$(id -un)")
apt-get "${options[@]}" update || refuse "its list of packages cannot be fetched"
(cd "$state/packages" && apt-get "${options[@]}" download "${packages[@]}") || refuse "cannot be fetched"
for package in "$state"/packages/*.deb; do
    dpkg -x "$package" "$folder"
done
