#!/usr/bin/env bash
# The long checks: sweeps with other numbers of workers and threads, with every vector width this machine has, and by a
# debug build must give the committed digests.
set -euo pipefail
viseme=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() { # program, recipe, name of the way, arguments…
    local program=$1 recipe=$2 way=$3
    shift 3
    "$program" sweep "$root/recipes/$recipe.yaml" --results "$scratch/$recipe-$way" "$@" >/dev/null
    cmp "$scratch/$recipe-$way/$recipe/digests.txt" "$root/recipes/$recipe.digests"
    echo "$recipe, $way: the committed digests"
}

can() { VISEME_SIMD=$1 "$viseme" bench step --steps 1 >/dev/null 2>&1; }

for recipe in tiny lr_grid; do
    check "$viseme" $recipe one-worker --jobs 1
    check "$viseme" $recipe two-workers --jobs 2 --threads 1
    check "$viseme" $recipe four-workers-three-threads --jobs 4 --threads 3
    for width in avx512 avx2; do
        if can $width; then VISEME_SIMD=$width check "$viseme" $recipe $width; fi
    done
done
VISEME_SIMD=plain check "$viseme" tiny plain

swift build --package-path "$root" --product viseme --scratch-path "$scratch/build"
check "$scratch/build/debug/viseme" tiny debug

# A thousand kills of workers, of sweeps and of both: every sweep ends with the committed digests.
VISEME_KILLS=${VISEME_KILLS:-1000} swift test --package-path "$root" -c release --skip-build --filter whateverIsKilled

# All commands of README and docs, in fresh clones; the first builds everything.
VISEME_DOCUMENTS=all swift test --package-path "$root" -c release --skip-build --filter theCommandsOfTheDocuments

# A hundred thousand mutated recipes: a plan or mistakes.
VISEME_RECIPE_MUTATIONS=100000 swift test --package-path "$root" -c release --skip-build --filter mutatedRecipes

# Five thousand damaged files: none is read.
VISEME_MUTATIONS=5000 swift test --package-path "$root" -c release --skip-build --filter 'noDamagedFile|damageUnder'

# On a private Slurm: two hundred kills, wall time, a lost node, three hundred runs.
VISEME_SLURM=all VISEME_SLURM_KILLS=200 swift test --package-path "$root" -c release --skip-build --filter SlurmTests

# The reports of all made-up studies, measured in Chromium.
VISEME_GALLERY_ALL=1 swift test --package-path "$root" -c release --skip-build --filter noTextOverlaps

# Weights of published structures, through the converter and back (pip install torch safetensors h5py numpy).
if "${PYTHON:-python3}" -c "import torch, safetensors, h5py" 2>/dev/null; then
    "${PYTHON:-python3}" "$root/Tests/Interop/published_weights.py" "$viseme"
else
    echo "published weights: not checked, this Python has no torch, safetensors or h5py"
fi

# Training scripts that know nothing of us, with the packages that they use.
"$root/scripts/existing_scripts.sh" "$viseme"

# A hundred thousand malformed requests to the live page.
mkdir -p "$scratch/page" && cd "$scratch/page"
"$viseme" sweep "$root/recipes/tiny.yaml" >/dev/null
XDG_STATE_HOME="$scratch/page" python3 "$root/Tests/Interop/attack_dashboard.py" "$viseme" 100000
