#!/usr/bin/env python3
"""What data cost: clips prepared beside ffmpeg alone, batches beside the training step, memory of a run on a large set.

    make bench-data ARGS="--gigabytes 20"    # needs two and a half times as much room on the disk for a while
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("viseme", type=os.path.abspath)
parser.add_argument("--clips", type=int, default=400)
parser.add_argument("--gigabytes", type=float, default=2)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()


def measured(*command):
    """Seconds and the greatest resident memory, in MB."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.monotonic() - start, usage.ru_maxrss / 1024


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for clip in range(options.clips):
        pathlib.Path(f"clips/{clip % 10}").mkdir(parents=True, exist_ok=True)
    drawn = "testsrc2=size=80x80:rate=25,hue=h='17*n'"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", drawn, "-frames:v", str(10 * options.clips), "-c:v", "libx264",
         "-pix_fmt", "yuv420p", "-g", "10", "-keyint_min", "10", "-sc_threshold", "0", "-f", "segment", "-segment_frames",
         ",".join(str(10 * clip) for clip in range(1, options.clips)), "%d.mp4"], check=True)
    names = sorted(pathlib.Path(".").glob("*.mp4"), key=lambda path: int(path.stem))
    for clip, path in enumerate(names):
        path.rename(f"clips/{clip % 10}/{clip}.mp4")
    files = sorted(map(str, pathlib.Path("clips").glob("*/*.mp4")))
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(measured(options.viseme, "data", "prepare", "clips", "-o", "set.h5")[0])
        start = time.monotonic()
        running = []
        for first in range(0, len(files), 25):
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
            for path in files[first:first + 25]:
                command += ["-threads", "1", "-i", path]
            for place in range(len(files[first:first + 25])):
                command += ["-map", f"{place}:v:0", "-f", "rawvideo", f"{first + place}.raw"]
            running.append(subprocess.Popen(command))
            if len(running) == os.cpu_count():
                running.pop(0).wait()
        for child in running:
            child.wait()
        theirs.append(time.monotonic() - start)
    print(f"{len(files)} clips prepared: {statistics.median(ours):.2f} s; ffmpeg alone, planes to files: "
          f"{statistics.median(theirs):.2f} s")

    print(subprocess.run([options.viseme, "bench", "batches"], capture_output=True, text=True, check=True).stdout.strip())

    count = int(options.gigabytes * 1e9 / (29 * 112 * 112 * 3))
    seconds, memory = measured(options.viseme, "bench", "make-clips", "big.h5", "--clips", str(count))
    print(f"{count} clips, {os.path.getsize('big.h5') / 1e9:.1f} GB, written: {seconds:.0f} s, {memory:.0f} MB of memory")
    pathlib.Path("big.yaml").write_text(
        "set: {path_to_dataset: big.h5, len_video: 29, size_lips: {width: 32, height: 32}, filters: 8, batch_size: 16, "
        "epoch: 1}\n")
    for what in ("framed and trained", "trained"):
        seed = "seed=1" if what == "trained" else "seed=2"
        seconds, memory = measured(options.viseme, "train", "--config", "big.yaml", seed)
        print(f"one epoch {what}: {seconds:.0f} s, {memory:.0f} MB of memory")
