"""Makes files that mean harm out of a good run file, each with a trailer in order: what the trailer keeps out does not come as
far as the library.

    python make_hostile.py RUN.h5 FOLDER
"""
import hashlib
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np

good, folder = Path(sys.argv[1]), Path(sys.argv[2])
MAGIC = b"\x89VISEME\n"


def hostile(name):
    """Calls the function on the opened copy, and seals the file again."""

    def decorate(change):
        file = folder / f"{name}.h5"
        file.write_bytes(good.read_bytes()[:-40])
        with h5py.File(file, "r+") as run:
            change(run)
        image = file.read_bytes()
        file.write_bytes(image + MAGIC + hashlib.sha256(image).digest())

    return decorate


secret = folder / "secret.txt"
secret.write_bytes(b"x" * 4096)


@hostile("external_storage")
def _(run):
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", (6,), "f8", external=[(str(secret), 0, 48)])


@hostile("virtual_layout")
def _(run):
    del run["history/val_loss"]
    layout = h5py.VirtualLayout((6,), "f8")
    layout[:] = h5py.VirtualSource("nowhere.h5", "x", (6,))
    run["history"].create_virtual_dataset("val_loss", layout)


@hostile("soft_link")
def _(run):
    del run["history/val_loss"]
    run["history/val_loss"] = h5py.SoftLink("/history/train_loss")


@hostile("external_link")
def _(run):
    del run["weights"]
    run["weights"] = h5py.ExternalLink(str(good), "/weights")


@hostile("absurd_size")
def _(run):
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", (1 << 40,), "f8")


@hostile("absurd_rank")
def _(run):
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", (1 << 16, 1 << 16, 1 << 16, 1 << 16), "f8", chunks=(1, 1, 1, 1))


@hostile("never_written")
def _(run):
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", (6,), "f8")


@hostile("filtered")
def _(run):
    values = run["history/val_loss"][()]
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", data=values, compression="gzip")


@hostile("another_type")
def _(run):
    del run["history/val_loss"]
    run["history"].create_dataset("val_loss", data=[b"1", b"2", b"3", b"4", b"5", b"6"])


@hostile("list_of_texts_as_attribute")
def _(run):
    run.attrs["content_digest"] = np.array(["a"] * 1000, dtype=h5py.string_dtype())


@hostile("list_of_numbers_as_attribute")
def _(run):
    run["result"].attrs["best_epoch"] = np.arange(1000)


@hostile("text_as_number")
def _(run):
    run["result"].attrs["best_epoch"] = "six"


@hostile("epoch_out_of_range")
def _(run):
    run["result"].attrs["best_epoch"] = 7000


@hostile("changed_number")
def _(run):
    run["history/val_loss"][0] = 0.123


@hostile("changed_weight")
def _(run):
    name = next(iter(run["weights"]))
    run["weights"][name][...] = 1.0


@hostile("another_version")
def _(run):
    run.attrs["format_version"] = 99


@hostile("missing_group")
def _(run):
    del run["result"]


@hostile("group_in_place_of_numbers")
def _(run):
    del run["history/val_loss"]
    run["history"].create_group("val_loss")


@hostile("no_json")
def _(run):
    del run["configuration/json"]
    run["configuration"].create_dataset("json", data="{" * 100_000, dtype=h5py.string_dtype())


shutil.copy(good, folder / "good.h5")
