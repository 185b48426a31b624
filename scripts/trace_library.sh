#!/bin/sh
# Compiles the library that observes which files a command reads (Sources/CTrace), where it is missing or older than its
# source:  trace_library.sh FOLDER
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)/Sources/CTrace/trace.c
library=$1/libviseme_trace.so
[ "$(uname)" = Linux ] || exit 0
[ "$library" -nt "$source" ] && exit 0
mkdir -p "$1"
# The compiler of the Swift toolchain, where there is no other.
swift=$(readlink -f "$(command -v swift || true)" || true)
for compiler in "${swift:+$(dirname "$swift")/clang}" clang cc; do
    [ -n "$compiler" ] && command -v "$compiler" >/dev/null || continue
    # Running programs have the old one mapped: it is replaced, not changed.
    "$compiler" -std=gnu17 -O2 -fPIC -fvisibility=hidden -shared -o "$library.$$" "$source"
    mv -f "$library.$$" "$library"
    exit 0
done
echo "trace_library.sh: there is no C compiler: what commands read is not observed" >&2
