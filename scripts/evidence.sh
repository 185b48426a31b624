#!/usr/bin/env bash
# Repeats the golden studies with every vector width that this processor has, and tiny on an emulated Haswell (which
# takes minutes), and records the outcome in recipes/evidence. `make test` then says whether docs/evidence.md is made of it:
# VISEME_UPDATE_DOCS=1 make test ARGS="--filter evidence" writes it.
set -euo pipefail
viseme=$1
for width in avx512 avx2 plain; do
    VISEME_SIMD=$width "$viseme" bench step --steps 1 >/dev/null 2>&1 || continue
    for file in recipes/*.digests; do
        # The plain kernels are for comparison, and slow.
        [ $width = plain ] && [ "$file" != recipes/tiny.digests ] && continue
        VISEME_SIMD=$width "$viseme" verify "${file%.digests}.yaml" --record-evidence
    done
done
if command -v qemu-x86_64 >/dev/null; then
    qemu-x86_64 -cpu Haswell "$viseme" verify recipes/tiny.yaml --record-evidence --in-process
fi
