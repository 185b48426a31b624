#!/usr/bin/env python3
"""Writes types.safetensors: one small tensor of every type, by the safetensors package itself.

    pip install numpy safetensors
    python Tests/Golden/make_safetensors.py
"""
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

halves = [0, -0.0, 1, -2.5, 65504, 6.103515625e-05, 5.9604644775390625e-08, float("inf")]
save_file(
    {
        "half": np.array(halves, np.float16),
        "single": np.array([1.5, -0.25, np.finfo(np.float32).max], np.float32),
        "double": np.array([[0.1, -1e300]], np.float64),
        "int64": np.array([-(2**63), -1, 2**63 - 1], np.int64),
        "int32": np.array([-(2**31), 7], np.int32),
        "int16": np.array([-(2**15), 9], np.int16),
        "int8": np.array([-128, 127], np.int8),
        "uint8": np.array([0, 255], np.uint8),
        "bool": np.array([True, False]),
        "scalar": np.array(2.0, np.float32),
        "empty": np.zeros((0, 3), np.float32),
    },
    Path(__file__).with_name("types.safetensors"),
    metadata={"format": "np"},
)
