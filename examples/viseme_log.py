"""The interface to Viseme for a Python trainer: copy this file beside your script.

    from viseme_log import checkpoint_folder, config, log, seed, weights

Standard library only. Outside Viseme `log` prints, `config` is empty, `seed` is 42 and the
checkpoint folder is a new temporary one. List this file under `trainer: files:` of the recipe.
"""
import json
import os
import tempfile
from pathlib import Path

# Every key of the run with its value; nested keys are dictionaries.
config = json.loads(os.environ.get("VISEME_CONFIG", "{}"))
seed = int(os.environ.get("VISEME_SEED", "42"))
# Where the trainer may save its weights, as safetensors.
weights = Path(os.environ.get("VISEME_WEIGHTS", "weights.safetensors"))


def checkpoint_folder():
    """The folder whose files are still there when an interrupted run resumes."""
    folder = Path(os.environ.get("VISEME_CHECKPOINTS") or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log(epoch=None, **metrics):
    """Report metrics of an epoch (1 to 10000), `log(3, loss=0.2)`; several calls for one add up.

    With `metrics: {axis: step}` in the recipe, of a step: `log(step=300, loss=0.2)`.
    """
    values = {name: float(value) for name, value in metrics.items()}
    line = json.dumps({"epoch": int(epoch), **values} if epoch is not None else values)
    path = os.environ.get("VISEME_METRICS")
    if not path:
        print(line, flush=True)
        return
    with open(path, "a") as file:
        file.write(line + "\n")  # closing the file flushes it
