"""Reads a file of prepared clips as anybody would: with h5py and xarray."""
import hashlib
import sys

import h5py
import xarray

file = h5py.File(sys.argv[1])
frames, pixels = file.get("frames"), file.get("pixels")
assert file.attrs["format"] == "viseme-clips" and len(file.attrs["data_digest"]) == 64
names, splits = file["name"].asstr()[:], file["split"].asstr()[:]
assert set(splits) <= {"train", "val", "test"}
for clip in range(len(names)):
    first, count = int(file["first_frame"][clip]), int(file["frame_count"][clip])
    if frames is not None:
        data = frames[first:first + count].tobytes()
    else:
        sizes = file["frame_size"][:].prod(axis=1)
        start, end = sizes[:first].sum(), sizes[:first + count].sum()
        data = pixels[start:end].tobytes()
    assert hashlib.sha256(data).hexdigest() == file["sha256"].asstr()[clip], names[clip]
    assert file["class"].asstr()[clip] == file["class_names"].asstr()[int(file["label"][clip])]
with xarray.open_dataset(sys.argv[1], engine="h5netcdf", phony_dims="access") as data:
    assert list(data["name"].values) == list(names) and data.sizes["clip"] == len(names)
print(f"{len(names)} clips read")
