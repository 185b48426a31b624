#!/usr/bin/env python3
"""Writes the direction numbers of Sobol's sequence (Joe and Kuo 2008, as scipy carries them) into
Sources/Recipes/SobolNumbers.swift, and points of scipy's unscrambled sequence into sobol.json beside this file.

    pip install scipy numpy
    python Tests/Golden/make_sobol.py
"""
import json
import os
import pathlib

import numpy
import scipy
from scipy.stats import qmc

FOLDER = pathlib.Path(__file__).parent
DIMENSIONS = 64
numbers = numpy.load(os.path.join(os.path.dirname(scipy.__file__), "stats", "_sobol_direction_numbers.npz"))
rows = []
for dimension in range(DIMENSIONS):
    polynomial = int(numbers["poly"][dimension])
    degree = polynomial.bit_length() - 1
    rows.append(f"    ({polynomial}, {numbers['vinit'][dimension][:max(degree, 1)].tolist()}),")
source = '''/// Primitive polynomials and starting direction numbers of Sobol's sequence (Joe and Kuo 2008, "Constructing Sobol sequences
/// with better two-dimensional projections"), made by Tests/Golden/make_sobol.py. The first is van der Corput's sequence.
let sobolNumbers: [(polynomial: Int, start: [UInt32])] = [
''' + "\n".join(rows) + "\n]\n"
(FOLDER.parent.parent / "Sources/Recipes/SobolNumbers.swift").write_text(source)
points = qmc.Sobol(DIMENSIONS, scramble=False).random(64)
(FOLDER / "sobol.json").write_text(json.dumps({"scipy": scipy.__version__, "points": points.tolist()}) + "\n")
