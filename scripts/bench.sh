#!/usr/bin/env bash
# One training step, ours and PyTorch's (the better of eager and channels-last), in turn; medians of the rounds.
#   scripts/bench.sh PROGRAM [ROUNDS]          PYTHON=… chooses the Python that has torch
set -euo pipefail
viseme=$1
rounds=${2:-3}
python=${PYTHON:-python3}
here=$(dirname "$0")
"$python" -c 'import torch' 2>/dev/null || { echo "bench: $python has no torch: pip install torch numpy, or name another with PYTHON=" >&2; exit 2; }

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

printf '%8s %14s %8s %10s %10s %7s\n' filters 'clip × batch' threads 'ours, ms' 'torch, ms' ratio
while read -r filters size frames batch steps; do
    for threads in 1 2; do
        ours=() eager=() cl=()
        for _ in $(seq "$rounds"); do
            ours+=("$("$viseme" step --filters "$filters" --size "$size" --frames "$frames" --batch "$batch" --threads $threads --steps "$steps")")
            eager+=("$("$python" "$here/bench_pytorch.py" "$filters" "$size" "$frames" "$batch" $threads "$steps" eager)")
            cl+=("$("$python" "$here/bench_pytorch.py" "$filters" "$size" "$frames" "$batch" $threads "$steps" cl)")
        done
        a=$(printf '%s\n' "${ours[@]}" | median)
        b=$({ printf '%s\n' "${eager[@]}" | median; printf '%s\n' "${cl[@]}" | median; } | sort -n | head -1)
        printf '%8s %14s %8s %10s %10s %7s\n' "$filters" "${frames}×${size}×${size}, $batch" $threads "$a" "$b" "$(awk "BEGIN {printf \"%.2f\", $b / $a}")"
    done
done <<SHAPES
8 32 12 16 20
16 48 12 16 10
64 112 29 2 3
SHAPES
