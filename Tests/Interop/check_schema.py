"""Holds recipes against the schema that editors use.

    python check_schema.py RECIPES_FOLDER
"""
import sys
from pathlib import Path
import json

import jsonschema
import yaml

folder = Path(sys.argv[1])
schema = json.loads((folder / "recipe.schema.json").read_text())
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
# The project's own; people put theirs beside them.
names = ["base", "grid_digits", "lr_grid", "openav", "seed_study", "sklearn_digits", "tiny"]
files = [folder / f"{name}.yaml" for name in names]
for file in files:
    validator.validate(yaml.safe_load(file.read_text()))
    assert file.read_text().startswith("# yaml-language-server: $schema=recipe.schema.json\n"), file
right = """
- {base: [a.yaml, b.yaml], set: {lr: "${x}", augment: ~, size_lips: {width: 16}}, sweep: {seeds: 3, lr: {distribution: log, min: 0.1, max: 1}}}
- {trainer: {command: [a, "{b}"]}, set: {anything: {at: all}}, sweep: {b: [1, two]}}
- {method: sobol, samples: 8, sweep: {size_lips: [{width: 16, height: 16}]}, zip: [[lr, epoch]], when: {lr: {epoch: 3}}}
- {lr: 0.1, batch_size: 3, keep: [best, last], report: {formats: [md]}}
"""
wrong = """
- {set: {lrr: 0.1}}
- {set: {batch_size: 0}}
- {set: {dropout: 1}}
- {sweeep: {}}
- {sweep: {lr: []}}
- {sweep: {optimizer: [adan]}}
- {method: sobul}
- {channels_lips: 2}
- {report: {formats: [pdf]}}
- {trainer: {comand: [a]}}
"""
for recipe in yaml.safe_load(right):
    validator.validate(recipe)
for recipe in yaml.safe_load(wrong):
    assert not validator.is_valid(recipe), recipe
print(f"{len(files)} recipes fit")
