#!/usr/bin/env bash
# Collect what the build needs into one prefix: fetch_dependencies.sh PREFIX [PYTHON]
#
# From PYTHON's environment (pip): the ONNX Runtime library, and vesin's header and library.
# From Debian's package archive, unpacked without installing or root: the ONNX Runtime headers
# (first shipped by trixie, whatever release this machine runs), nlohmann-json and Catch2.
set -euo pipefail
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
python=${2:-python3}

rm -rf "$prefix"
mkdir -p "$prefix/lib"
"$(dirname "$0")"/unpack_debian.sh "$prefix/debian" bookworm nlohmann-json3-dev catch2
"$(dirname "$0")"/unpack_debian.sh "$prefix/debian" trixie libonnxruntime-dev
mv "$prefix"/debian/usr/include "$prefix"/debian/usr/share "$prefix/"
rm -r "$prefix/debian"

packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
for needed in vesin/include/vesin.h vesin/lib/libvesin.so onnxruntime/capi; do
    [ -e "$packages/$needed" ] || { echo "$packages lacks $needed; pip install vesin onnxruntime" >&2; exit 1; }
done
cp "$packages"/vesin/include/vesin.h "$prefix/include/"
cp "$packages"/vesin/lib/libvesin.so "$prefix/lib/"
cp "$packages"/onnxruntime/capi/libonnxruntime.so.* "$prefix/lib/"
(cd "$prefix/lib" && ln -sf libonnxruntime.so.*.*.* libonnxruntime.so.1 && ln -sf libonnxruntime.so.1 libonnxruntime.so)
