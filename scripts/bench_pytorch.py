#!/usr/bin/env python3
"""PyTorch's median time in ms for one training step of the same network: FILTERS SIZE FRAMES BATCH THREADS STEPS MODE,
where MODE is eager or cl (channels-last)."""
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Tests" / "Golden"))
from visual_model import VisualModel  # noqa: E402

filters, size, frames, batch, threads, steps = map(int, sys.argv[1:7])
torch.set_num_threads(threads)
torch.manual_seed(0)
model = VisualModel(1, filters, 10)
if sys.argv[7] == "cl":
    model = model.to(memory_format=torch.channels_last)
clips, labels = torch.rand(batch, frames, 1, size, size), torch.arange(batch) % 10
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
times = []
for number in range(steps + 2):
    start = time.perf_counter()
    optimizer.zero_grad()
    F.cross_entropy(model(clips), labels).backward()
    optimizer.step()
    if number >= 2:
        times.append(time.perf_counter() - start)
print(f"{sorted(times)[len(times) // 2] * 1000:.3f}")
