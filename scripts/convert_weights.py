#!/usr/bin/env python3
"""Converts the weights of a published lip-reading network from PyTorch's format to .safetensors, for `init_from`.

    pip install torch safetensors numpy
    python3 scripts/convert_weights.py published.pth.tar weights.safetensors --model resnet18_mstcn

Tested on weights of modules of our own (Tests/Golden/published_models.py); not tried on the published files.
"""
import argparse
import collections
import sys

# Where published files keep the weights.
CONTAINERS = ("model_state_dict", "state_dict", "video_model", "model", "net")
# What parallel training and wrappers put before a name.
PREFIXES = ("module.", "model.", "net.")
# First parts of the names of a model's weights.
FIRST = {
    "resnet18_bigru": {"video_cnn", "gru", "v_cls"},
    "resnet18_mstcn": {"frontend3D", "trunk", "tcn"},
    "resnet18_dctcn": {"frontend3D", "trunk", "tcn"},
    "resnet18_lstm": {"resnet", "lstm1", "lstm2", "fc"},
    "cnn3d_gru": {"conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "gru", "fc"},
}


def state(loaded):
    """The mapping of names to tensors in what torch.load gave."""
    for container in CONTAINERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(container), (dict, collections.OrderedDict)):
            return loaded[container]
    if not isinstance(loaded, dict):
        sys.exit("it holds no mapping of names to tensors: " + type(loaded).__name__)
    return loaded


def renamed(name, known):
    while name.split(".")[0] not in known:
        prefix = next((p for p in PREFIXES if name.startswith(p)), None)
        if prefix is None:
            return None
        name = name[len(prefix):]
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", help="a file that torch.save wrote")
    parser.add_argument("target", help="the .safetensors file to write")
    parser.add_argument("--model", required=True, choices=sorted(FIRST))
    arguments = parser.parse_args()
    import torch
    from safetensors.torch import save_file

    kept, left = {}, []
    for name, tensor in state(torch.load(arguments.source, map_location="cpu", weights_only=True)).items():
        own = renamed(name, FIRST[arguments.model])
        if own is None or not torch.is_tensor(tensor) or name.endswith(".num_batches_tracked"):
            left.append(name)
            continue
        kept[own] = tensor.float().contiguous().clone()
    if not kept:
        sys.exit(f"no name of {arguments.model} is in it; the first names are {', '.join(left[:5])}")
    save_file(kept, arguments.target)
    print(f"{len(kept)} tensors written to {arguments.target}")
    others = [name for name in left if not name.endswith(".num_batches_tracked")]
    if others:
        print(f"{len(others)} left out: {', '.join(others[:10])}{' …' if len(others) > 10 else ''}")


if __name__ == "__main__":
    main()
