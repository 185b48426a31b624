"""Pictures scaled by OpenCV's INTER_LINEAR, which ours has to be: scaling.json.

    pip install opencv-python-headless numpy
    python3 Tests/Golden/make_scaling.py
"""
import json
import pathlib

import cv2
import numpy

random = numpy.random.default_rng(0)
cases = []
for channels in (1, 3):
    for (height, width), (new_height, new_width) in [
        ((9, 13), (5, 7)), ((9, 13), (31, 20)), ((7, 11), (7, 22)), ((24, 32), (8, 8)), ((8, 8), (24, 24)),
        ((25, 40), (16, 16)), ((3, 2), (8, 9)),
    ]:
        picture = random.integers(0, 256, (height, width, channels), dtype=numpy.uint8)
        scaled = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        cases.append({
            "height": height, "width": width, "channels": channels, "pixels": picture.flatten().tolist(),
            "new_height": new_height, "new_width": new_width, "scaled": scaled.flatten().tolist(),
        })
path = pathlib.Path(__file__).with_name("scaling.json")
path.write_text(json.dumps({"opencv": cv2.__version__, "cases": cases}, separators=(",", ":")) + "\n")
