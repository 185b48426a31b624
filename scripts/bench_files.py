#!/usr/bin/env python3
"""Run files and sweep files beside h5py, which does the same work on the same numbers. Called by `make bench-files`.

    python scripts/bench_files.py .build/release/viseme [RUNS]

A run file: 129 tensors, 1 MB, five histories, written whole (to a temporary name, forced to the disk, renamed) with the
SHA-256 of its bytes, and read with that verified. A sweep file: over so many run files of 100 kB.
"""
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

program = sys.argv[1]
runs = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
METRICS = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"]
ROUNDS = 21


def write(path, tensors, histories):
    temporary = path.with_suffix(".tmp")
    with h5py.File(temporary, "w") as file:
        file.attrs["format"] = "bench"
        weights = file.create_group("weights")
        for name, values in tensors.items():
            weights[name] = values
        for name, values in histories.items():
            file[f"history/{name}"] = values
    image = temporary.read_bytes()
    with open(temporary, "ab") as file:
        file.write(hashlib.sha256(image).digest())
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def read(path):
    image = path.read_bytes()
    assert hashlib.sha256(image[:-32]).digest() == image[-32:]
    with h5py.File(path) as file:
        return ({name: values[()] for name, values in file["weights"].items()},
                {name: values[()] for name, values in file["history"].items()})


def median(body, rounds=ROUNDS):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    ours = json.loads(subprocess.run(
        [program, "bench", "files", folder / "study", "--runs", str(runs)], check=True, capture_output=True).stdout)

    tensors = {f"layer{i}.weight": numpy.arange(250_000 // 129, dtype="f4") for i in range(129)}
    histories = {name: numpy.random.rand(20) for name in METRICS}
    single = folder / "single.h5"
    theirs = {"run_write_ms": 1e3 * median(lambda: write(single, tensors, histories)),
              "run_read_ms": 1e3 * median(lambda: read(single)),
              "run_overhead_kB": (single.stat().st_size - 1_000_000) / 1e3}

    # Our run files, read by h5py: histories and weights, as we read them too; then one file of all.
    files = sorted((folder / "study" / "runs").iterdir())
    start = time.perf_counter()
    rows = []
    for path in files:
        image = path.read_bytes()
        assert hashlib.sha256(image[:-40]).digest() == image[-32:]
        with h5py.File(path) as file:
            rows.append({name: file[f"history/{name}"][()] for name in METRICS} | {"best": file["result"].attrs["best_value"]})
            for values in file["weights"].values():
                hashlib.sha256(values[()]).digest()
    with h5py.File(folder / "sweep.h5", "w") as file:
        for name in rows[0]:
            file[name] = numpy.array([row[name] for row in rows])
    theirs["rebuild_s"] = time.perf_counter() - start

    def open_sweep():
        with h5py.File(folder / "study" / "sweep.h5") as file:
            return {name: values[()] for name, values in file.items()}

    theirs["sweep_read_ms"] = 1e3 * median(open_sweep)

print(f"{'':44}{'viseme':>10}{'h5py':>10}{'wanted':>10}")
for key, text, wanted in [
        ("run_write_ms", "write a run file of 1 MB, ms", "10"), ("run_read_ms", "read it, ms", "3"),
        ("run_overhead_kB", "what it takes beside the weights, kB", "40"),
        ("rebuild_s", f"sweep.h5 of {runs} run files anew, s", "5"),
        ("extend_ms", "sweep.h5 extended by one run, ms", ""), ("sweep_read_ms", "sweep.h5 read, ms", "50")]:
    other = f"{theirs[key]:10.1f}" if key in theirs else f"{'':10}"
    print(f"{text:44}{ours[key]:10.1f}{other}{wanted:>10}")
