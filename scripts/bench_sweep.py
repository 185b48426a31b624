#!/usr/bin/env python3
"""What one more run that does nothing costs: Viseme beside Optuna, Hydra and Snakemake, in turns on this machine.

    python scripts/bench_sweep.py .build/release/viseme [--repeats 3] [--json bench_sweep.json]

The peers are installed into a throw-away environment. Every tool starts the same static C program once a run; marginal
milliseconds are the difference between a large and a small sweep, divided by the runs between them; medians over the repeats.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

OPTUNA = """
import optuna, subprocess, sys
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(), storage=JournalStorage(JournalFileBackend(sys.argv[1] + ".log")))
def objective(trial):
    subprocess.run([sys.argv[2], str(trial.suggest_int("seed", 1, 10**6))], check=True)
    return 0.0
study.optimize(objective, n_trials=int(sys.argv[3]))
"""

HYDRA = """
import subprocess, hydra
@hydra.main(version_base=None, config_path=None)
def main(config):
    subprocess.run([config.program, str(config.seed)], check=True)
main()
"""

SNAKEFILE = """
rule all:
    input: expand("out/{seed}", seed=range(1, int(config["count"]) + 1))
rule run:
    output: "out/{seed}"
    shell: "{config[program]} {wildcards.seed} && touch {output}"
"""


def run(command, folder, environment=None):
    """Seconds, and the peak memory in MB of the largest process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})})
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}: {errors[-1000:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("viseme")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json")
    parser.add_argument("--without-peers", action="store_true")
    arguments = parser.parse_args()
    viseme = Path(arguments.viseme).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        (scratch / "nothing.c").write_text("int main(void) { return 0; }\n")
        program = scratch / "nothing"
        subprocess.run(["cc", "-O2", "-static", "-o", program, scratch / "nothing.c"], check=True)
        tools = {
            "viseme -j1": (ours(viseme, program, 1), (1, 50, 1000, 5000)),
            "viseme -j2": (ours(viseme, program, 2), (1, 50, 1000)),
            "spawn alone": (spawn(program), (1, 50, 1000)),
        }
        if not arguments.without_peers:
            print("installing the peers …", file=sys.stderr)
            venv.create(scratch / "venv", with_pip=True)
            python = scratch / "venv/bin/python"
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "optuna", "hydra-core", "snakemake"], check=True)
            for name, text in [("optuna_sweep.py", OPTUNA), ("hydra_sweep.py", HYDRA), ("Snakefile", SNAKEFILE)]:
                (scratch / name).write_text(text)
            tools["Optuna, journal"] = (optuna(python, program, scratch), (1, 50, 1000))
            tools["Hydra"] = (hydra(python, program, scratch), (1, 50, 200))
            tools["Snakemake -j1"] = (snakemake(python, program, scratch), (1, 50, 200))
        measure(tools, arguments, viseme, program)


def ours(viseme, program, jobs):
    def sweep(folder, count):
        recipe = folder / f"n{count}.yaml"
        recipe.write_text(
            f"trainer: {{command: [{program}, \"{{seed}}\"]}}\nsweep: {{seed: {{from: 1, to: {count}, step: 1}}}}\n")
        return run([viseme, "sweep", recipe, f"-j{jobs}", "--results", folder / "results"], folder)
    return sweep


def spawn(program):
    def sweep(folder, count):
        start = time.perf_counter()
        for seed in range(count):
            subprocess.run([program, str(seed)], check=True)
        return time.perf_counter() - start, 0
    return sweep


def optuna(python, program, scratch):
    return lambda folder, count: run(
        [python, scratch / "optuna_sweep.py", folder / f"journal{count}", program, count], folder)


def hydra(python, program, scratch):
    def sweep(folder, count):
        seeds = ",".join(str(seed) for seed in range(1, count + 1))
        return run(
            [python, scratch / "hydra_sweep.py", "-m", f"+program={program}", f"+seed={seeds}",
             f"hydra.sweep.dir={folder}/multirun{count}"], folder)
    return sweep


def snakemake(python, program, scratch):
    return lambda folder, count: run(
        [python, "-m", "snakemake", "-j1", "-q", "-s", scratch / "Snakefile", "-d", folder / f"snakemake{count}",
         "--config", f"count={count}", f"program={program}"], folder, {"HOME": str(scratch)})


def measure(tools, arguments, viseme, program):
    seconds = {name: {count: [] for count in counts} for name, (_, counts) in tools.items()}
    memory = {name: 0.0 for name in tools}
    again, plan = [], []
    for _ in range(arguments.repeats):
        for name, (sweep, counts) in tools.items():
            for count in counts:
                with tempfile.TemporaryDirectory() as folder:
                    folder = Path(folder)
                    took, megabytes = sweep(folder, count)
                    seconds[name][count].append(took)
                    memory[name] = max(memory[name], megabytes)
                    if name == "viseme -j1" and count == 1000:
                        again.append(sweep(folder, count)[0])
                    if name == "viseme -j1" and count == 50:
                        recipe = folder / "plan.yaml"
                        recipe.write_text(
                            f"trainer: {{command: [{program}, \"{{a}}\"]}}\nsweep:\n  a: {{from: 1, to: 100, step: 1}}\n"
                            "  b: {from: 1, to: 10, step: 1}\n  seed: {from: 1, to: 10, step: 1}\n")
                        plan.append(run([viseme, "plan", recipe], folder)[0])
    rows = {}
    for name, by_count in seconds.items():
        medians = {count: statistics.median(times) for count, times in by_count.items()}
        counts = sorted(medians)
        marginal = [
            1000 * (medians[b] - medians[a]) / (b - a) for a, b in zip(counts, counts[1:])]
        rows[name] = {
            "counts": counts, "marginal_ms": marginal, "one_run_s": medians[counts[0]], "peak_mb": memory[name]}
    print(f"{'':18} {'ms for one more run':>36}  {'one run, s':>10}  {'peak, MB':>8}")
    for name, row in rows.items():
        spans = ", ".join(
            f"{ms:.2f} ({a}–{b})" for ms, a, b in zip(row["marginal_ms"], row["counts"], row["counts"][1:]) if a > 1)
        print(f"{name:18} {spans:>36}  {row['one_run_s']:10.2f}  {row['peak_mb']:8.0f}")
    print(f"sweeping again over 1,000 stored runs: {1000 * statistics.median(again):.0f} ms")
    print(f"planning 10,000 runs: {1000 * statistics.median(plan):.0f} ms")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(
            {"tools": rows, "again_1000_s": again, "plan_10000_s": plan, "repeats": arguments.repeats}, indent=1))


if __name__ == "__main__":
    main()
