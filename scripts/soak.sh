#!/usr/bin/env bash
# The long checks: sweeps with other numbers of workers and threads, and with every vector width this machine has, must
# give the committed digests.
set -euo pipefail
viseme=$(realpath "$1")
recipes=$(cd "$(dirname "$0")/../recipes" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() { # recipe, name of the way, arguments…
    local recipe=$1 way=$2
    shift 2
    "$viseme" sweep "$recipes/$recipe.yaml" --results "$scratch/$recipe-$way" "$@" >/dev/null
    cmp "$scratch/$recipe-$way/$recipe/digests.txt" "$recipes/$recipe.digests"
    echo "$recipe, $way: the committed digests"
}

for recipe in tiny lr_grid; do
    check $recipe one-worker --jobs 1
    check $recipe two-workers --jobs 2 --threads 1
    check $recipe four-workers-three-threads --jobs 4 --threads 3
    if VISEME_SIMD=avx2 "$viseme" plan "$recipes/tiny.yaml" >/dev/null 2>&1; then
        VISEME_SIMD=avx2 check $recipe avx2
    fi
done
VISEME_SIMD=plain check tiny plain
