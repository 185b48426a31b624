#!/usr/bin/env python3
"""A PyTorch trainer for Viseme. It resumes at its checkpoint with identical results, and saves weights.

    pip install torch scikit-learn safetensors
    viseme sweep examples/pytorch_digits.yaml
"""
import os

import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

import viseme_log

config = {"filters": 8, "batch_size": 32, "lr": 0.002, "epochs": 10} | viseme_log.config
torch.manual_seed(viseme_log.seed)
torch.use_deterministic_algorithms(True)
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
device = "cuda" if torch.cuda.is_available() else "cpu"

digits = load_digits()
split = train_test_split(
    torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1), torch.tensor(digits.target), test_size=0.3,
    random_state=0, stratify=digits.target)
train_x, val_x, train_y, val_y = (part.to(device) for part in split)
model = nn.Sequential(
    nn.Conv2d(1, config["filters"], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    nn.Linear(config["filters"] * 16, 10)).to(device)
optimizer = torch.optim.Adam(model.parameters(), config["lr"])

# A checkpoint holds everything that decides the remaining epochs.
checkpoint = viseme_log.checkpoint_folder() / "state.pt"
done, best = 0, -1.0
best_weights = {}
if checkpoint.exists():
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    done, best, best_weights = state["epoch"], state["best"], state["best_weights"]

for epoch in range(done + 1, config["epochs"] + 1):
    total = 0.0
    for chosen in torch.randperm(len(train_x)).split(config["batch_size"]):
        loss = F.cross_entropy(model(train_x[chosen]), train_y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(chosen)
    with torch.no_grad():
        accuracy = (model(val_x).argmax(1) == val_y).float().mean().item()
    if accuracy > best:
        best, best_weights = accuracy, {name: value.cpu().clone() for name, value in model.state_dict().items()}
    # Metrics first: a run that stops before the checkpoint repeats this epoch with the same values.
    viseme_log.log(epoch, train_loss=total / len(train_x), val_accuracy=accuracy)
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state(),
         "epoch": epoch, "best": best, "best_weights": best_weights}, checkpoint.with_suffix(".new"))
    os.replace(checkpoint.with_suffix(".new"), checkpoint)

save_file(best_weights, viseme_log.weights)
