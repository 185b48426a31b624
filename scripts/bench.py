#!/usr/bin/env python3
"""Training steps of ours and of PyTorch, in turn in one run, and the share of the processor's peak each product reaches.

    scripts/bench.py PROGRAM [--rounds N] [--models resnet18_lstm,…] [--shapes 8,16,64] [--threads 1,2] [--json FILE]
                     [--without compile]

Needs torch and numpy in the Python that runs it (pip install torch numpy). Times are medians over all steps of all
rounds; the ratio is against the fastest of PyTorch's ways (eager, channels-last, torch.compile).
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# First-stage filters: size of a frame, frames of a clip, clips of a batch, steps of a round, and what is asked of us.
SHAPES = {8: (32, 12, 16, 20, 2.5, 4.0), 16: (48, 12, 16, 8, 1.6, 2.2), 64: (112, 29, 2, 2, 1.1, 1.5)}
# Of the other models: what is asked of us, and the aim.
REQUIRED = {8: (1.5, 2.0), 16: (1.5, 2.0), 64: (1.0, 1.2)}
MODELS = ("resnet18_lstm", "resnet18_bigru", "resnet18_mstcn", "resnet18_dctcn", "cnn3d_gru")
WARM_UP = 3


class Racer:
    """A program that does as many steps as it is told and answers with their times and losses."""

    def __init__(self, name, command, errors):
        self.name, self.times, self.losses = name, [], []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)

    def steps(self, count, counts=True):
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        line = self.process.stdout.readline().strip()
        if not line:
            return False
        for step in line.split(";"):
            milliseconds, loss = step.split()
            self.losses.append(float(loss))
            if counts:
                self.times.append(float(milliseconds))
        return True

    def stop(self):
        """Ends the program and gives its peak memory in MB, where the system tells it."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            peak = float("nan")
        self.process.stdin.close()
        self.process.wait()
        return peak


def race(program, model, filters, threads, rounds, modes, scratch):
    size, frames, batch, steps, required, aim = SHAPES[filters]
    if model != MODELS[0]:
        required, aim = REQUIRED[filters]
    weights = os.path.join(scratch, f"{filters}.safetensors")
    shape = ["--model", model, "--filters", filters, "--size", size, "--frames", frames, "--batch", batch, "--threads", threads]
    ours = [program, "bench", "step", *map(str, shape), "--serve", "--export", weights]
    with open(os.path.join(scratch, "errors"), "w") as errors:
        racers = [Racer("ours", ours, errors)]
        racers[0].steps(WARM_UP, counts=False)
        for mode in modes:
            peer = [sys.executable, str(HERE / "bench_peer.py"), weights, model, str(filters), str(threads), mode]
            racer = Racer(mode, peer, errors)
            if racer.steps(WARM_UP, counts=False):
                racers.append(racer)
            else:
                print(f"  PyTorch's {mode} does not run here; left out", file=sys.stderr)
        for number in range(rounds):
            for racer in racers[number % len(racers):] + racers[: number % len(racers)]:
                racer.steps(steps)
        memory = {racer.name: racer.stop() for racer in racers}
    medians = {racer.name: statistics.median(racer.times) for racer in racers}
    best = min((time, name) for name, time in medians.items() if name != "ours")
    compared = min(len(racer.losses) for racer in racers)
    eager = next(racer for racer in racers if racer.name == best[1])
    apart = max(abs(a - b) for a, b in zip(racers[0].losses[:compared], eager.losses[:compared]))
    first = abs(racers[0].losses[0] - eager.losses[0])
    return {
        "model": model, "filters": filters, "clip": f"{frames}×{size}×{size}", "batch": batch, "threads": threads,
        "milliseconds": medians, "best_peer": best[1], "ratio": best[0] / medians["ours"], "required": required,
        "aim": aim, "first_loss": racers[0].losses[0], "first_loss_apart": first, "steps_compared": compared,
        "losses_apart": apart, "memory_mb": memory,
    }


def products(program, filters, threads):
    size, frames, batch, *_ = SHAPES[filters]
    command = [program, "bench", "products", "--filters", filters, "--size", size, "--frames", frames, "--batch", batch]
    answer = subprocess.run([*map(str, command), "--threads", str(threads)], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--shapes", default="8,16,64")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--without", default="", help="ways of PyTorch to leave out: compile takes minutes")
    parser.add_argument("--json", default="bench.json")
    options = parser.parse_args()
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        sys.exit("bench: this Python has no torch: pip install torch numpy, or make bench PYTHON=another")
    modes = [mode for mode in ("eager", "channels-last", "compile") if mode not in options.without.split(",")]
    result = {"processor": processor(), "cores": os.cpu_count(), "torch": torch, "steps": [], "products": {}}

    print(f"{result['processor']}, {result['cores']} cores; PyTorch {torch}. One training step, ms.\n")
    columns = "".join(f"{mode:>15}" for mode in modes)
    print(f"{'model':<15} {'filters':>7}  {'clip × batch':>16}  threads {'ours':>9}{columns}   ratio  required  aim  losses apart  memory, ours : peer")
    with tempfile.TemporaryDirectory() as scratch:
        wanted = [
            (model, filters, threads) for model in options.models.split(",")
            for filters in map(int, options.shapes.split(",")) for threads in map(int, options.threads.split(","))]
        for model, filters, threads in wanted:
            row = race(options.program, model, filters, threads, options.rounds, modes, scratch)
            result["steps"].append(row)
            times = "".join(f"{row['milliseconds'].get(mode, float('nan')):>15.1f}" for mode in modes)
            memory = row["memory_mb"]
            print(
                f"{model:<15} {filters:>7}  {row['clip'] + ', ' + str(row['batch']):>16}  {threads:>7} {row['milliseconds']['ours']:>9.2f}"
                f"{times}   {row['ratio']:>5.2f}  {row['required']:>8}  {row['aim']:>3}  {row['first_loss_apart']:.0e} … {row['losses_apart']:.0e}"
                f"  {memory['ours']:.0f} : {memory[row['best_peer']]:.0f} MB", flush=True)

    if MODELS[0] not in options.models.split(","):
        return write(options.json, result)
    print("\nEach product against the multiply-adds this processor can do (measured beside it; 1 thread).")
    print("Winograd's share counts its own multiplications; × direct is how much faster than a direct product at peak.\n")
    for filters in map(int, options.shapes.split(",")):
        measured = products(options.program, filters, 1)
        result["products"][filters] = measured
        print(f"{filters} filters, {measured['width']}, peak {measured['peak_gflops']:.0f} GFLOP/s")
        table = {}
        for row in measured["products"]:
            table.setdefault((row["product"], row["method"]), {})[row["pass"]] = row
        for (name, method), passes in table.items():
            cells = ""
            for key in ("forward", "backward", "weights"):
                if key not in passes:
                    cells += f"{'':>28}"
                    continue
                row = passes[key]
                gain = row["share"] * row["direct_gflops"] / row["gflops"]
                shown = f" (× {gain:.2f} direct)" if method != "direct" else ""
                cells += f"  {key} {row['share'] * 100:>3.0f} %{shown:<15}"
            print(f"  {name:<28} {method:<9}{cells.rstrip()}")
    write(options.json, result)


def write(file, result):
    pathlib.Path(file).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"\nAll of it is in {file}.")


if __name__ == "__main__":
    main()
