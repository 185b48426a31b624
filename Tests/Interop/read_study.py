"""Reads a study with other people's tools and compares it with what viseme exports as CSV.

    python read_study.py STUDY RUNS.csv EPOCHS.csv RUN.safetensors STUDY.nc
"""
import json
import sys
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pandas
import silx.io.nxdata
import xarray
from safetensors.numpy import load_file

study, runs_csv, epochs_csv, weights_file, netcdf_file = map(Path, sys.argv[1:])
runs = pandas.read_csv(runs_csv, index_col="number")
epochs = pandas.read_csv(epochs_csv)
metrics = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]

# sweep.h5 by xarray, with both of its engines, and the exported netCDF file.
for engine in ["h5netcdf", "netcdf4"]:
    for file in [study / "sweep.h5", netcdf_file]:
        with xarray.open_dataset(file, engine=engine) as sweep:
            assert dict(sweep.sizes) == {"run": len(runs), "epoch": epochs.epoch.max()}, sweep.sizes
            for key in ["lr", "batch_size", "seed", "trial", "trial_label", "number", "run_id"]:
                assert key in sweep.coords, (engine, key, list(sweep.coords))
            np.testing.assert_array_equal(sweep.lr, runs.lr)
            np.testing.assert_array_equal(sweep.seed, runs.seed)
            np.testing.assert_array_equal(sweep.best_value, runs.best_value)
            np.testing.assert_array_equal(sweep.best_epoch, runs.best_epoch)
            for metric in metrics:
                table = epochs.pivot(index="number", columns="epoch", values=metric)
                np.testing.assert_array_equal(sweep[metric], table)
            # Over seeds in one line, and a run by its label.
            assert sweep.trial.min() == 1 and "test_loss" in sweep and "provenance" not in sweep
            assert sweep.lr.attrs["long_name"] == "learning rate", sweep.lr.attrs
            means = sweep.best_value.groupby("trial_label").mean()
            np.testing.assert_allclose(means, runs.groupby(runs.label.str.replace(r",seed=.*", "", regex=True)).best_value.mean(), rtol=1e-15)
            assert {"lr", "seed", "best_value", "outcome"} <= set(sweep.best_value.to_dataframe().reset_index()) | {"outcome"}
        with xarray.open_dataset(file, engine=engine, group="files") as files:
            assert list(files.content_digest.values) == list(runs.content_digest)
            label = f"lr={runs.lr[1]},batch_size={runs.batch_size[1]},seed={runs.seed[1]}"
            assert sweep.val_accuracy.sel(run=label).max() == runs.best_value[1]
            assert sweep.stopped_early.attrs["flag_meanings"] == "false true"
            assert sweep.seconds.attrs["units"] == "s" and sweep.val_loss.attrs["units"] == "1"

with netCDF4.Dataset(study / "sweep.h5") as sweep:
    assert sweep.variables["val_loss"].dimensions == ("run", "epoch")
    assert sweep.Conventions == "CF-1.8"

# A run file by netCDF4 and by xarray: all groups, their dimensions named.
file = study / "runs" / f"{runs.run_id[1]}.h5"
with netCDF4.Dataset(file) as run:
    assert run.label_when_created == runs.label[1]
    assert run["configuration"].seed == runs.seed[1]
    assert run["predictions/val/logits"].dimensions == ("clip", "class")
    assert run["test/confusion"].dimensions == ("true_class", "predicted_class")
    assert run["thumbnails/pixels"].dimensions == ("clip", "frame", "row", "column", "channel")
for engine in ["h5netcdf", "netcdf4"]:
    with xarray.open_datatree(file, engine=engine, **({"phony_dims": "access"} if engine == "h5netcdf" else {})) as run:
        assert run["predictions/val/logits"].dims == ("clip", "class")
        assert run["history/val_accuracy"].dims == ("epoch",)
        assert set(run["test/confusion"].coords) == {"true_class", "predicted_class"}

# Run files by h5py: every number again, text as text.
for number, row in runs.iterrows():
    with h5py.File(study / "runs" / f"{row.run_id}.h5") as run:
        assert run.attrs["content_digest"] == row.content_digest
        history = run["history"]
        assert history.attrs["signal"] == "val_accuracy" and history.attrs["NX_class"] == "NXdata"
        assert json.loads(history.attrs["metrics"])[:4] == metrics
        expected = epochs[epochs.number == number]
        # What a browser of NeXus files (h5web, silx view) draws when the file is opened: the metric over the epochs.
        curve = silx.io.nxdata.get_default(run)
        assert curve.is_valid and curve.is_curve and not curve.errors, curve.errors
        assert curve.signal_dataset_name == "val_accuracy" and curve.axes_dataset_names == ["epoch"]
        assert curve.auxiliary_signals_dataset_names == ["train_accuracy"]
        for metric in metrics:
            np.testing.assert_array_equal(history[metric], expected[metric])
            assert history[metric].dims[0].keys() == ["epoch"]
        assert run["result"].attrs["best_epoch"] == row.best_epoch
        configuration = json.loads(run["configuration/json"][()])
        assert configuration["lr"] == row.lr and configuration["seed"] == row.seed
        assert len(run["class_names"]) == len(run["test/confusion"])
        made = run["predictions/test"]
        confusion = np.zeros_like(run["test/confusion"])
        np.add.at(confusion, (made["label"][()], made["predicted"][()]), 1)
        np.testing.assert_array_equal(confusion, run["test/confusion"])
        assert np.mean(run["predictions/val/label"][()] == run["predictions/val/predicted"][()]) == row.best_value
        assert np.trace(run["test/confusion"]) / np.sum(run["test/confusion"]) == row.test_accuracy

# The weights of the first run: HDF5 and safetensors hold the same.
with h5py.File(study / "runs" / f"{runs.run_id[1]}.h5") as run:
    exported = load_file(weights_file)
    assert set(exported) == set(run["weights"])
    for name, values in exported.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, run["weights"][name])
print(f"{len(runs)} runs read with h5py, xarray, netCDF4, pandas and safetensors")
