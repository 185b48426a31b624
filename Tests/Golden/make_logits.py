#!/usr/bin/env python3
"""Loads weights that viseme exported into PyTorch and keeps what PyTorch says of the clips, for a test to compare.

    pip install torch numpy h5py safetensors
    python Tests/Golden/make_logits.py .build/release/viseme

Weights come from both places they leave the program by, `viseme export --safetensors` and the run file, and load with
strict=True: all names and shapes are the network's (PyTorch's counters num_batches_tracked, which nothing uses, apart).
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import torch
from safetensors.torch import load_file

from visual_model import VisualModel

FOLDER = pathlib.Path(__file__).parent
LABEL = "lr=0.01,seed=1"


def model(weights, filters, classes):
    network = VisualModel(1, filters, classes)
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    network.load_state_dict({**weights, **counters}, strict=True)
    return network.double().eval()


program = pathlib.Path(sys.argv[1]).resolve()
with tempfile.TemporaryDirectory() as folder:
    def viseme(*words):
        subprocess.run([program, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    viseme("sweep", FOLDER.parent.parent / "recipes/tiny.yaml", "--only", LABEL)
    viseme("export", f"results/tiny:{LABEL}", "--safetensors", "weights.safetensors", "--clips", "clips.safetensors")
    exported = load_file(f"{folder}/weights.safetensors")
    clips = load_file(f"{folder}/clips.safetensors")
    [path] = pathlib.Path(folder, "results/tiny/runs").iterdir()
    with h5py.File(path) as run:
        digest = run.attrs["content_digest"]
        stored = {name: torch.from_numpy(values[()]) for name, values in run["weights"].items()}
        classes = len(run["class_names"])
        filters = json.loads(run["configuration/json"][()])["filters"]

    out = {"torch": torch.__version__, "label": LABEL, "content_digest": digest, "logits": {}}
    networks = [model(exported, filters, classes), model(stored, filters, classes)]
    for split in ["val", "test"]:
        with torch.no_grad():
            logits = [network(clips[f"{split}/clips"].double()) for network in networks]
        assert torch.equal(*logits)
        out["logits"][split] = logits[0].tolist()
        share = (logits[0].argmax(1) == clips[f"{split}/labels"]).double().mean()
        print(f"{split}: {len(logits[0])} clips, accuracy {share:.4f}")
    out["shapes"] = {name: list(values.shape) for name, values in networks[0].state_dict().items()
                     if not name.endswith("num_batches_tracked")}
(FOLDER / "tiny_logits.json").write_text(json.dumps(out) + "\n")
