#!/usr/bin/env python3
"""PyTorch's training steps, to be timed beside ours: the same network, weights, clips and optimiser.

    bench_peer.py WEIGHTS.safetensors MODEL FILTERS THREADS {eager|channels-last|compile}

Reads numbers from standard input; for each number of steps it answers with one line, the time of each step in
milliseconds and its loss.
"""
import json
import pathlib
import sys
import time

import numpy
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Tests" / "Golden"))
from published_models import MODELS  # noqa: E402
from visual_model import VisualModel  # noqa: E402


def tensors(path):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    for name, entry in header.items():
        first, end = (8 + length + at for at in entry["data_offsets"])
        values = numpy.frombuffer(data[first:end], "<f4").reshape(entry["shape"])
        yield name, torch.from_numpy(values.copy())


weights, name, filters, threads, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
torch.set_num_threads(threads)
state = dict(tensors(weights))
clips = state.pop("clips")
model = MODELS.get(name, VisualModel)(1, filters, 10)
missing = model.load_state_dict(state, strict=False)
assert not missing.unexpected_keys and all(key.endswith("num_batches_tracked") for key in missing.missing_keys), missing
if mode == "channels-last":
    # Weights of convolutions over time have five axes, which this format does not know.
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(memory_format=torch.channels_last)
run = torch.compile(model) if mode == "compile" else model
labels = torch.arange(len(clips)) % 10
optimizer = torch.optim.Adam(model.parameters(), 1e-3)


def step():
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = F.cross_entropy(run(clips), labels)
    loss.backward()
    optimizer.step()
    return f"{(time.perf_counter() - start) * 1000:.4f} {loss.item():.7g}"


for line in sys.stdin:
    print(";".join(step() for _ in range(int(line))), flush=True)
