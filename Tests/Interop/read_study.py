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
            for key in ["lr", "batch_size", "seed", "trial", "number", "run_id"]:
                assert key in sweep.coords, (engine, key, list(sweep.coords))
            np.testing.assert_array_equal(sweep.lr, runs.lr)
            np.testing.assert_array_equal(sweep.seed, runs.seed)
            np.testing.assert_array_equal(sweep.best_value, runs.best_val_accuracy)
            np.testing.assert_array_equal(sweep.best_epoch, runs.best_epoch)
            assert list(sweep.content_digest.values) == list(runs.content_digest)
            for metric in metrics:
                table = epochs.pivot(index="number", columns="epoch", values=metric)
                np.testing.assert_array_equal(sweep[metric], table)
            # Over seeds in one line, and a run by its label.
            means = sweep.best_value.groupby("trial").mean()
            np.testing.assert_allclose(means, runs.groupby(["lr", "batch_size"]).best_val_accuracy.mean(), rtol=1e-15)
            label = f"lr={runs.lr[1]},batch_size={runs.batch_size[1]},seed={runs.seed[1]}"
            assert sweep.val_accuracy.sel(run=label).max() == runs.best_val_accuracy[1]
            assert sweep.stopped_early.attrs["flag_meanings"] == "false true"
            assert sweep.seconds.attrs["units"] == "s" and sweep.val_loss.attrs["units"] == "1"

with netCDF4.Dataset(study / "sweep.h5") as sweep:
    assert sweep.variables["val_loss"].dimensions == ("run", "epoch")
    assert sweep.Conventions == "CF-1.8"

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
        told = run["predictions/test"]
        confusion = np.zeros_like(run["test/confusion"])
        np.add.at(confusion, (told["label"][()], told["predicted"][()]), 1)
        np.testing.assert_array_equal(confusion, run["test/confusion"])
        assert np.mean(run["predictions/val/label"][()] == run["predictions/val/predicted"][()]) == row.best_val_accuracy
        assert np.trace(run["test/confusion"]) / np.sum(run["test/confusion"]) == row.test_accuracy

# The weights of the first run: HDF5 and safetensors hold the same.
with h5py.File(study / "runs" / f"{runs.run_id[1]}.h5") as run:
    exported = load_file(weights_file)
    assert set(exported) == set(run["weights"])
    for name, values in exported.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, run["weights"][name])
print(f"{len(runs)} runs read with h5py, xarray, netCDF4, pandas and safetensors")
