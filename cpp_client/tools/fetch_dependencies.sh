#!/usr/bin/env bash
# Collect what the build needs into one prefix: fetch_dependencies.sh PREFIX [PYTHON]
#
# From PYTHON's environment (pip): the ONNX Runtime library, and vesin's header and library.
# From Debian's package archive, unpacked without installing: the ONNX Runtime headers (first
# shipped by trixie, whatever release this machine runs), nlohmann-json and Catch2.
set -euo pipefail
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
python=${2:-python3}

fetched=$prefix/.fetched
[ -e "$fetched" ] && exit 0

download() { # SUITE PACKAGE...: unpack Debian packages of a release
    local suite=$1 state=$prefix/apt-$1
    shift
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/packages"
    printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "$suite" /usr/share/keyrings/debian-archive-keyring.gpg >"$state/debian.sources"
    local options=(-qq -o Dir::Etc::SourceList="$state/debian.sources" -o Dir::Etc::SourceParts=/nonexistent
        -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update
    (cd "$state/packages" && apt-get "${options[@]}" download "$@")
    for package in "$state"/packages/*.deb; do
        dpkg -x "$package" "$state/root"
    done
    cp -r "$state"/root/usr/include/. "$prefix/include/"
    rm -rf "$state"
}

mkdir -p "$prefix/include" "$prefix/lib"
download bookworm nlohmann-json3-dev catch2
download trixie libonnxruntime-dev

packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
cp "$packages"/vesin/include/vesin.h "$prefix/include/"
cp "$packages"/vesin/lib/libvesin.so "$prefix/lib/"
cp "$packages"/onnxruntime/capi/libonnxruntime.so.* "$prefix/lib/"
(cd "$prefix/lib" && ln -sf libonnxruntime.so.*.*.* libonnxruntime.so.1 && ln -sf libonnxruntime.so.1 libonnxruntime.so)
touch "$fetched"
