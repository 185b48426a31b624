#!/usr/bin/env python3
"""Makes elementary.json: values of the elementary functions to 53 bits, from mpmath's 200, at float32 arguments.

    pip install mpmath numpy
    python Tests/Golden/make_elementary.py
"""
import base64
import json
import pathlib

import mpmath
import numpy

mpmath.mp.prec = 200
COUNT = 4000


def arguments(name, generator):
    """Arguments over the whole range where the result is finite and not nought, densest where it is used."""
    near = generator.uniform(-4, 4, COUNT)
    tiny = numpy.exp2(generator.uniform(-40, 0, COUNT // 4)) * generator.choice([-1, 1], COUNT // 4)
    if name in ("log", "rsqrt"):
        wide = numpy.exp2(generator.uniform(-149, 127.99, COUNT))
        return numpy.concatenate([wide, numpy.exp2(near / 4), 1 + tiny * 0.25])
    low, high = {"exp": (-103.9, 88.72), "sigmoid": (-87, 40), "tanh": (-12, 12)}[name]
    return numpy.concatenate([generator.uniform(low, high, COUNT), near, tiny])


def exact(name, x):
    x = mpmath.mpf(float(x))
    match name:
        case "exp":
            return mpmath.exp(x)
        case "log":
            return mpmath.log(x)
        case "tanh":
            return mpmath.tanh(x)
        case "sigmoid":
            return 1 / (1 + mpmath.exp(-x))
        case "rsqrt":
            return 1 / mpmath.sqrt(x)


out = {}
for index, name in enumerate(["exp", "log", "tanh", "sigmoid", "rsqrt"]):
    x = arguments(name, numpy.random.default_rng(index)).astype("<f4")
    y = numpy.array([float(exact(name, value)) for value in x], "<f8")
    out[name] = {"x": base64.b64encode(x.tobytes()).decode(), "y": base64.b64encode(y.tobytes()).decode()}
(pathlib.Path(__file__).parent / "elementary.json").write_text(json.dumps(out) + "\n")
