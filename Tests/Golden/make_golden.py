#!/usr/bin/env python3
"""Makes the values our networks and optimisers are tested against, with PyTorch, into the JSON files beside this one.

    pip install torch numpy
    python Tests/Golden/make_golden.py

Arrays are float32, little-endian, base64. Computed in float64 where PyTorch allows, so that the tolerance of a test
is our error, not PyTorch's.
"""
import base64
import json
import pathlib

import numpy
import torch
import torch.nn.functional as F

from published_models import MODELS
from visual_model import ExchangedModel, VisualModel

FOLDER = pathlib.Path(__file__).parent


def packed(array):
    array = array.detach().numpy() if torch.is_tensor(array) else numpy.asarray(array)
    array = array.astype("<f4")
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def network(name, batch, time, channels, height, width, filters, classes, seed, parts=None, preset=None,
            has_boundary=False):
    torch.manual_seed(seed)
    if preset:
        model = MODELS[preset](channels, filters, classes, boundary=has_boundary)
    elif parts is None:
        model = VisualModel(channels, filters, classes, boundary=has_boundary)
    else:
        kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[parts["backend"]]
        model = ExchangedModel(channels, filters, classes, kind, parts["width"], parts["layers"], parts["bidirectional"])
    # PyTorch starts batch norm at 1 and 0, which would hide mistakes in it.
    with torch.no_grad():
        norms = [m for m in model.modules() if isinstance(m, (torch.nn.modules.batchnorm._BatchNorm, torch.nn.PReLU))]
        for key, p in model.named_parameters():
            if any(p is q for m in norms for q in m.parameters()):
                p.add_(0.3 * torch.randn_like(p))
    weights = {k: v for k, v in model.state_dict().items() if "num_batches_tracked" not in k}
    start = {k: packed(v) for k, v in weights.items()}
    x = torch.rand(batch, time, channels, height, width)
    labels = torch.randint(0, classes, (batch,))
    # Words of another place and length in each clip.
    boundary = torch.zeros(batch, time)
    for clip in range(batch):
        boundary[clip, clip % time:clip % time + 1 + clip // 2] = 1
    inputs = (x.double(), boundary.double()) if has_boundary else (x.double(),)
    model = model.double()
    logits = model(*inputs)
    losses = F.cross_entropy(logits, labels, reduction="none")
    losses.mean().backward()
    gradients = {k: packed(p.grad) for k, p in model.named_parameters()}
    averages = {k: packed(v) for k, v in model.state_dict().items() if "running" in k}
    model.eval()
    out = {
        "torch": torch.__version__, "frames": time, "height": height, "width": width, "channels": channels,
        "filters": filters, "classes": classes, "parts": parts, "model": preset, "labels": labels.tolist(), "weights": start, "input": packed(x),
        "logits": packed(logits), "losses": packed(losses), "gradients": gradients, "averages": averages,
        "evaluated": packed(model(*inputs)), **({"boundary": boundary.tolist()} if has_boundary else {}),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(out) + "\n")


def convolution():
    """A 3×3 convolution with a border of one pixel, of an odd size and of channels that fill no panel."""
    torch.manual_seed(7)
    frames, inputs, outputs, height, width = 21, 20, 27, 7, 9
    weight = (torch.rand(outputs, inputs, 3, 3) - 0.5).double().requires_grad_()
    bias = (torch.rand(outputs) - 0.5).double().requires_grad_()
    x = (torch.rand(frames, inputs, height, width) - 0.3).float().double().requires_grad_()
    y = F.conv2d(x, weight, bias, padding=1)
    gradient = (torch.rand(y.shape) - 0.5).float().double()
    y.backward(gradient)
    out = {
        "frames": frames, "inputs": inputs, "outputs": outputs, "height": height, "width": width,
        "x": packed(x), "weight": packed(weight), "bias": packed(bias), "y": packed(y), "gradient": packed(gradient),
        "x_gradient": packed(x.grad), "weight_gradient": packed(weight.grad), "bias_gradient": packed(bias.grad),
    }
    (FOLDER / "convolution.json").write_text(json.dumps(out) + "\n")


def optimizers():
    torch.manual_seed(5)
    count, steps = 37, 4
    start = torch.randn(count)
    gradients = [torch.randn(count) for _ in range(steps)]
    makers = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
    }
    results = {}
    for name, maker in makers.items():
        p = torch.nn.Parameter(start.double().clone())
        optimizer = maker([p])
        for g in gradients:
            p.grad = g.double().clone()
            optimizer.step()
        results[name] = packed(p)
    # Lion (Chen et al. 2023, algorithm 2), β1 = 0.9, β2 = 0.99; PyTorch has none.
    w, m = start.double().numpy().copy(), numpy.zeros(count)
    for g in gradients:
        g = g.double().numpy()
        update = numpy.sign(0.9 * m + 0.1 * g)
        w = w - 0.01 * (update + 0.1 * w)
        m = 0.99 * m + 0.01 * g
    results["lion"] = packed(w)
    norm = torch.nn.Parameter(torch.zeros(count, dtype=torch.float64))
    norm.grad = gradients[0].double().clone()
    total = torch.nn.utils.clip_grad_norm_([norm], 0.5)
    out = {
        "start": packed(start), "gradients": [packed(g) for g in gradients], "results": results, "lr": 0.01,
        "weight_decay": 0.1, "clip_norm": 0.5, "norm": float(total), "clipped": packed(norm.grad),
    }
    (FOLDER / "optimizers.json").write_text(json.dumps(out) + "\n")


def losses():
    """Cross-entropy with smoothed labels and weighted classes, of clips that may be mixed."""
    torch.manual_seed(6)
    clips, classes = 18, 5
    logits = (2 * torch.randn(clips, classes)).float().double().requires_grad_()
    first, second = torch.randint(0, classes, (clips,)), torch.randint(0, classes, (clips,))
    share = torch.rand(clips).float().double()
    weight = (0.2 + torch.rand(classes)).float().double()
    cases = []
    for smoothing in (0.0, 0.1):
        for weights in (None, weight):
            each = share * F.cross_entropy(logits, first, weights, reduction="none", label_smoothing=smoothing) + \
                (1 - share) * F.cross_entropy(logits, second, weights, reduction="none", label_smoothing=smoothing)
            total = clips if weights is None else (share * weight[first] + (1 - share) * weight[second]).sum()
            gradient, = torch.autograd.grad(each.sum() / total, logits)
            cases.append({
                "smoothing": smoothing, "weighted": weights is not None, "losses": packed(each),
                "gradient": packed(gradient)})
    out = {
        "logits": packed(logits), "first": first.tolist(), "second": second.tolist(), "share": packed(share),
        "weights": packed(weight), "cases": cases}
    (FOLDER / "losses.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    losses()
    network("network_grey", batch=3, time=4, channels=1, height=18, width=22, filters=3, classes=5, seed=1)
    network(
        "network_exchanged", batch=5, time=4, channels=1, height=16, width=14, filters=2, classes=4, seed=3,
        parts={"backend": "gru", "layers": 2, "width": 7, "bidirectional": True, "readout": "mean"})
    network("network_rgb", batch=18, time=2, channels=3, height=16, width=11, filters=2, classes=4, seed=2)
    for number, preset in enumerate(MODELS):
        network(
            f"network_{preset}", batch=5, time=6, channels=1, height=20, width=17, filters=2, classes=4,
            seed=4 + number, preset=preset)
    for number, preset in enumerate([None, "resnet18_bigru", "resnet18_mstcn", "resnet18_dctcn", "cnn3d_gru"]):
        network(
            f"network_boundary_{preset or 'resnet18_lstm'}", batch=5, time=4, channels=1, height=16, width=17, filters=1,
            classes=3, seed=14 + number, preset=preset, has_boundary=True)
    convolution()
    optimizers()
