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
from published_models import DenseTemporalLayer, MultiscaleBlock, StandardBlock
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


class OverTime(nn.Module):
    """A module over [clip, channel, time, row, column], applied to frames."""

    def __init__(self, steps, conv, norm, act):
        super().__init__()
        self.steps, self.conv, self.norm, self.act = steps, conv, norm, act

    def forward(self, x):
        clips = x.unflatten(0, (-1, self.steps)).transpose(1, 2)
        return self.act(self.norm(self.conv(clips))).transpose(1, 2).flatten(0, 1)


class Frames(nn.Module):
    """A module over [clip · time, channel]."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Steps(Frames):
    """A module over [clip, channel, time]."""

    def forward(self, x):
        return self.module(x.transpose(1, 2)).transpose(1, 2)


class Attention(nn.Linear):
    def forward(self, x):
        return (super().forward(x).softmax(1) * x).sum(1)


class DenseLayer(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return torch.cat([x, self.module(x)], 1)


def case(module, *shape, seed):
    torch.manual_seed(seed)
    # PyTorch starts batch norm at 1 and 0, which would hide mistakes in it.
    with torch.no_grad():
        norms = [m for m in module.modules() if isinstance(m, (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.PReLU))]
        for key, p in module.named_parameters():
            if any(p is q for m in norms for q in m.parameters()):
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


def unwrapped(case, prefix="module."):
    """Without the names of modules that stand around the one in question."""
    for part in ("weights", "gradients", "averages"):
        names = {}
        for name, value in case[part].items():
            while name.startswith(prefix):
                name = name[len(prefix):]
            names[name] = value
        case[part] = names
    return case


def conv3d(inputs, outputs, kernel, stride):
    return nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), [k // 2 for k in kernel], bias=False)


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
        "linear of each step": case(nn.Linear(6, 5), 5, 3, 6, seed=13),
        "frames to timeline": case(nn.Identity(), 5, 4, 5, seed=14),
        "mean of a timeline": case(MeanStep(), 5, 5, 3, seed=15),
        "first convolution over time": case(
            OverTime(4, conv3d(1, 3, (5, 7, 7), 2), nn.BatchNorm3d(3), nn.ReLU()), 5, 4, 1, 9, 8, seed=16),
        "convolution over time": case(
            OverTime(4, conv3d(3, 4, (3, 3, 3), 1), nn.BatchNorm3d(4), nn.PReLU(4)), 5, 4, 3, 5, 6, seed=17),
        "max pool": case(nn.MaxPool2d(3, 2, 1), 5, 3, 3, 7, 6, seed=18),
        "block, PReLU": case(StandardBlock(3, 6, 2, "prelu"), 5, 3, 3, 7, 6, seed=19),
        "block, Swish, squeeze-and-excite": case(
            StandardBlock(3, 6, 2, "swish", se=True), 5, 3, 3, 7, 6, seed=20),
        "norm of features": unwrapped(case(Frames(nn.BatchNorm1d(5)), 5, 3, 5, seed=21)),
        "norm of steps": unwrapped(case(Steps(nn.BatchNorm1d(5)), 5, 4, 5, seed=22)),
        "PReLU": unwrapped(case(Steps(nn.PReLU(5)), 5, 4, 5, seed=23)),
        "Swish": case(nn.SiLU(), 5, 4, 5, seed=24),
        "layer norm": case(nn.LayerNorm(5), 5, 4, 5, seed=25),
        "attention": case(Attention(5, 1, bias=False), 5, 4, 5, seed=26),
        "attention over a sequence": case(Attention(5, 1, bias=False), 5, 4, 5, seed=27),
        "convolution over steps": unwrapped(case(
            Steps(nn.Conv1d(3, 10, 3, padding=4, dilation=2)), 5, 5, 3, seed=28)),
        "convolution over steps, wide": unwrapped(case(
            Steps(nn.Conv1d(3, 2, 5, padding=28, dilation=7)), 5, 5, 3, seed=29)),
        "convolution in groups": unwrapped(case(
            Steps(nn.Conv1d(6, 4, 3, padding=1, groups=2)), 5, 5, 6, seed=30)),
        "depthwise convolution": unwrapped(case(
            Steps(nn.Conv1d(5, 5, 3, padding=2, dilation=2, groups=5)), 5, 5, 5, seed=31)),
        "multi-scale block": unwrapped(case(
            Steps(MultiscaleBlock(5, 6, [3, 5, 7], 2, 0, "prelu")), 5, 5, 5, seed=32)),
        "dense layer": unwrapped(case(
            Steps(DenseLayer(DenseTemporalLayer(6, 6, [3, 5], 5, 0, "swish", se=True))), 5, 5, 6, seed=33)),
    }
    out = {"torch": torch.__version__, "cases": cases}
    (FOLDER / "layers.json").write_text(json.dumps(out) + "\n")
