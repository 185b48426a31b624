#!/usr/bin/env python3
"""Weights of PyTorch modules with the structure and names of the published networks go through
scripts/convert_weights.py and init_from into our networks and back, with strict loading and equal logits.

    pip install torch safetensors h5py numpy
    python3 Tests/Interop/published_weights.py .build/release/viseme
"""
import glob
import pathlib
import subprocess
import sys
import tempfile

import h5py
import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Golden"))
from published_models import MODELS  # noqa: E402


def run(*command, folder):
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


def check(program, name, folder):
    torch.manual_seed(1)
    model = MODELS[name](1, 4, 10)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data.add_(0.2 * torch.randn_like(parameter))
    for key, buffer in model.named_buffers():
        if "running_mean" in key:
            buffer.normal_(0, 0.1)
        if "running_var" in key:
            buffer.uniform_(0.5, 1.5)
    # As parallel training saves them.
    state = {"module." + key: value for key, value in model.state_dict().items()}
    torch.save({"epoch": 3, "model_state_dict": state}, folder / f"{name}.pth")
    converter = [sys.executable, ROOT / "scripts" / "convert_weights.py"]
    run(*converter, f"{name}.pth", f"{name}.safetensors", "--model", name, folder=folder)
    (folder / f"{name}.yaml").write_text(
        f"base: {ROOT}/recipes/base.yaml\nset:\n  model: {name}\n  filters: 4\n  init_from: {name}.safetensors\n"
        "  freeze: ['*']\n  epoch: 1\n  dropout: 0\n  network.head_dropout: 0\nsweep:\n  seed: [1]\n")
    run(program, "sweep", f"{name}.yaml", folder=folder)
    run(program, "export", f"results/{name}:1", "--clips", "c.safetensors", "--safetensors", "w.safetensors",
        folder=folder)
    again = MODELS[name](1, 4, 10)
    difference = again.load_state_dict(load_file(folder / "w.safetensors"), strict=False)
    # PyTorch counts the batches that a norm has seen; nothing else may be missing or too much.
    assert not difference.unexpected_keys, difference
    assert all(key.endswith("num_batches_tracked") for key in difference.missing_keys), difference
    again.eval()
    with torch.no_grad():
        theirs = again(load_file(folder / "c.safetensors")["test/clips"]).numpy()
    with h5py.File(glob.glob(f"{folder}/results/{name}/runs/*.h5")[0]) as file:
        ours = file["predictions/test/logits"][()]
    apart = abs(ours - theirs).max()
    print(f"{name}: {len(state)} tensors, logits apart by {apart:.1e} of {abs(theirs).max():.2f}")
    assert apart < 1e-5 * max(abs(theirs).max(), 1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for name in MODELS:
            check(pathlib.Path(sys.argv[1]).resolve(), name, pathlib.Path(scratch))
