#!/usr/bin/env python3
"""Makes the values each layer is tested against, with PyTorch in float64, into layers.json beside this file.

    pip install torch numpy
    python Tests/Golden/make_layers.py

A case has an input, a gradient of the output, and what PyTorch computes from them: the output, the averages of batch
norm after it, the gradients, and the output in evaluation. Shapes are [clip, time, channel, row, column],
[clip, time, channel] or [clip, channel].
"""
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from make_golden import packed
from visual_model import Block, SameConv

FOLDER = pathlib.Path(__file__).parent


class Stem(nn.Module):
    def __init__(self, channels, filters):
        super().__init__()
        self.conv_layer_s2_same = SameConv(channels, filters, 7, 2, bias=False)
        self.batch_norm1 = nn.BatchNorm2d(filters, eps=0.001, momentum=0.1)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.batch_norm1(self.conv_layer_s2_same(x))), 2, 2)


class AveragePool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class LSTM(nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0]


class ReverseLSTM(nn.LSTM):
    """The reverse direction alone, under its own names."""

    def __init__(self, inputs, size):
        super().__init__(inputs, size, batch_first=True)

    def forward(self, x):
        return super().forward(x.flip(1))[0].flip(1)


class GRU(nn.GRU):
    def forward(self, x):
        return super().forward(x)[0]


class MeanStep(nn.Module):
    def forward(self, x):
        return x.mean(1)


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, -1]


def case(module, *shape, seed):
    torch.manual_seed(seed)
    # PyTorch starts batch norm at 1 and 0, which would hide mistakes in it.
    with torch.no_grad():
        for key, p in module.named_parameters():
            if "batch_norm" in key or "i_downsample.1" in key:
                p.add_(0.3 * torch.randn_like(p))
    start = {k: packed(v) for k, v in module.state_dict().items() if "num_batches_tracked" not in k}
    module = module.double()
    x = (torch.rand(*shape) - 0.4).float().double().requires_grad_()
    pictures = len(shape) == 5

    def forward():
        y = module(x.flatten(0, 1)) if pictures else module(x)
        return y.unflatten(0, shape[:2]) if pictures else y

    y = forward()
    gradient = (torch.rand(y.shape) - 0.5).float().double()
    y.backward(gradient)
    averages = {k: packed(v) for k, v in module.state_dict().items() if "running" in k}
    gradients = {k: packed(p.grad) for k, p in module.named_parameters()}
    module.eval()
    return {
        "weights": start, "x": packed(x), "y": packed(y), "gradient": packed(gradient), "x_gradient": packed(x.grad),
        "gradients": gradients, "averages": averages, "evaluated": packed(forward()),
    }


def renamed(case, ending):
    """With another ending of all names of parameters."""
    for part in ("weights", "gradients"):
        case[part] = {name + ending: value for name, value in case[part].items()}
    return case


if __name__ == "__main__":
    cases = {
        "stem": case(Stem(3, 2), 5, 3, 3, 11, 10, seed=1),
        "block": case(Block(8, 8, 1, 0.1), 5, 3, 8, 5, 6, seed=2),
        "block with shortcut": case(Block(3, 6, 2, 0.1), 5, 3, 3, 7, 5, seed=3),
        "average pool": case(AveragePool(), 5, 3, 5, 3, 2, seed=4),
        "frames to sequence": case(nn.Identity(), 5, 3, 5, seed=5),
        "LSTM": case(LSTM(4, 6, batch_first=True), 5, 3, 4, seed=6),
        "LSTM, reverse": renamed(case(ReverseLSTM(4, 6), 5, 3, 4, seed=9), "_reverse"),
        "GRU": case(GRU(4, 6, batch_first=True), 5, 3, 4, seed=10),
        "GRU, both directions": case(GRU(4, 3, batch_first=True, bidirectional=True), 5, 3, 4, seed=11),
        "mean step": case(MeanStep(), 5, 3, 3, seed=12),
        "last step": case(LastStep(), 5, 3, 3, seed=7),
        "linear": case(nn.Linear(6, 5), 5, 6, seed=8),
    }
    out = {"torch": torch.__version__, "cases": cases}
    (FOLDER / "layers.json").write_text(json.dumps(out) + "\n")
