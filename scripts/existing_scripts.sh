#!/usr/bin/env bash
# Sweeps the scripts of Tests/Scripts, which know nothing of Viseme, and verifies two runs of each. Then those
# of Tests/Scripts/callbacks with the callbacks of examples/: interrupted, resumed, and trained again as a whole.
#   existing_scripts.sh <viseme> [<python>]    python with Tests/Scripts/requirements.txt; else one is set up
set -euo pipefail
viseme=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
python=${2:-}
if [ -z "$python" ]; then
    python=$root/.build/scripts-python/bin/python
    [ -x "$python" ] || python3 -m venv "$root/.build/scripts-python"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$root/Tests/Scripts/requirements.txt"
fi
export PATH="$(dirname "$(realpath -s "$python")"):$PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$root"/Tests/Scripts/*.* "$root"/Tests/Scripts/callbacks/* "$root"/examples/*.py "$scratch"
cd "$scratch"
cc -O2 -o c_loop c_loop.c
for recipe in "$root"/Tests/Scripts/*.yaml; do
    recipe=$(basename "$recipe")
    [ "$recipe" = torch_loop_conf.yaml ] && continue
    if [ "$recipe" = r_loop.yaml ] && ! command -v Rscript >/dev/null; then
        echo "$recipe: left out: R is not installed"
        continue
    fi
    "$viseme" sweep "$recipe" >/dev/null
    "$viseme" verify "$recipe" --sample 2 | tail -1
    "$viseme" report "results/${recipe%.yaml}" --section answer | sed -n 1p
done
for recipe in keras_resume.yaml huggingface_resume.yaml lightning_resume.yaml; do
    CRASH=1 "$viseme" sweep "$recipe" --retries 1 >/dev/null
    "$viseme" verify "$recipe" --sample 2 | tail -1
done
