#!/usr/bin/env bash
# Run a program in valgrind, Debian's own if none is installed: valgrind.sh FOLDER PROGRAM [ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
valgrind=$(command -v valgrind) || {
    valgrind=$folder/valgrind/usr/bin/valgrind
    [ -x "$valgrind" ] || "$here/unpack_debian.sh" "$folder/valgrind" bookworm valgrind
    export VALGRIND_LIB=$folder/valgrind/usr/libexec/valgrind
}
exec "$valgrind" --error-exitcode=1 --leak-check=full --num-callers=30 \
    --suppressions="$here/../tests/valgrind.supp" "$@"
