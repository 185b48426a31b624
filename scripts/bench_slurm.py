#!/usr/bin/env python3
"""Two hundred jobs that do nothing on a private Slurm of two nodes: Viseme beside submitit, in turns.

    python scripts/bench_slurm.py .build/release/viseme [--jobs 200] [--repeats 3]

Needs root, slurm-wlm and munge. submitit is installed into a throw-away environment. The time is from the start of the command
until all results are there. Calls of Slurm's programs are counted by wrappers on the PATH.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ["sbatch", "squeue", "scontrol", "sacct", "scancel", "srun"]

SUBMITIT = """
import sys, submitit
def nothing(seed): return seed
executor = submitit.AutoExecutor(folder="log", cluster="slurm")
executor.update_parameters(slurm_partition="debug", timeout_min=5, cpus_per_task=1, slurm_array_parallelism=100)
jobs = executor.map_array(nothing, range(int(sys.argv[1])))
assert [job.result() for job in jobs] == list(range(int(sys.argv[1])))
"""

RECIPE = """
trainer:
  command: ["true", "{{seed}}"]
  files: []
resources: {{threads: 1}}
sweep: {{seed: {seeds}}}
"""


def wrap(folder):
    """A folder with a wrapper of each program, which counts its calls in `calls`."""
    wrappers = folder / "bin"
    wrappers.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name)
        file = wrappers / name
        file.write_text(f'#!/bin/sh\necho {name} >> "{folder}/calls"\nexec {found} "$@"\n')
        file.chmod(0o755)
    return wrappers


def measure(command, folder, conf):
    wrappers = wrap(folder)
    environment = {**os.environ, "SLURM_CONF": conf, "PATH": f"{wrappers}:{os.environ['PATH']}:/usr/sbin"}
    start = time.perf_counter()
    ended = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)
    seconds = time.perf_counter() - start
    if ended.returncode != 0:
        sys.exit(f"{command[0]} ended with status {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-2000:]}")
    calls = folder / "calls"
    return seconds, Counter(calls.read_text().split()) if calls.exists() else Counter()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("viseme", type=Path)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    viseme = arguments.viseme.resolve()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        python = scratch / "environment/bin/python"
        venv.create(scratch / "environment", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "submitit"], check=True)
        (scratch / "peer.py").write_text(SUBMITIT)
        cluster = scratch / "cluster"
        conf = subprocess.run(
            [ROOT / "scripts/slurm_cluster.sh", "start", cluster], check=True, capture_output=True, text=True).stdout.strip()
        try:
            results = {}
            for repeat in range(arguments.repeats):
                def ours(kind, site):
                    folder = scratch / f"{kind}{repeat}"
                    folder.mkdir()
                    (folder / "recipe.yaml").write_text(RECIPE.format(seeds=list(range(1, arguments.jobs + 1))))
                    (folder / "viseme.yaml").write_text(f"slurm: {{partition: debug{site}}}\n")
                    results.setdefault(kind, []).append(measure([viseme, "sweep", "recipe.yaml", "--on", "slurm"], folder, conf))
                    if repeat == 0 and kind == "viseme, 50 a task":
                        local = scratch / "local"
                        shutil.copytree(folder, local, ignore=shutil.ignore_patterns("results", "bin", "calls"))
                        start = time.perf_counter()
                        subprocess.run([viseme, "sweep", "recipe.yaml", "--jobs", "1"], cwd=local, check=True, capture_output=True)
                        results["viseme, this machine, one at a time"] = [(time.perf_counter() - start, Counter())]
                folder = scratch / f"submitit{repeat}"
                folder.mkdir()
                results.setdefault("submitit", []).append(measure([python, scratch / "peer.py", arguments.jobs], folder, conf))
                ours("viseme", "")
                ours("viseme, 50 a task", ", runs_per_task: 50")
        finally:
            subprocess.run([ROOT / "scripts/slurm_cluster.sh", "stop", cluster])
        version = subprocess.run([python, "-m", "pip", "show", "submitit"], capture_output=True, text=True).stdout
        print(f"{arguments.jobs} jobs, medians of {arguments.repeats}; submitit {re.search('Version: (.*)', version)[1]}")
        print("| | seconds | calls of Slurm's programs |\n|---|---|---|")
        for kind, measures in results.items():
            calls = measures[0][1]
            words = ", ".join(f"{calls[name]} {name}" for name in PROGRAMS if calls[name]) or "none"
            print(f"| {kind} | {statistics.median(m[0] for m in measures):.1f} | {words} |")


main()
