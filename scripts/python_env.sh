#!/usr/bin/env bash
# Sets up what tests read results with, as other people do: .build/python by Tests/Interop/requirements.txt, the tools of
# HDF5 and netCDF, R.
# Where that can't be had, the tests that need it say that they are skipped.
#   --path: only prints the Python that is ready, or nothing.
set -uo pipefail
cd "$(dirname "$0")/.."
python=.build/python/bin/python
wanted=$(cksum <Tests/Interop/requirements.txt)

if [ "${1:-}" = --path ]; then
    [ "$(cat .build/python/ready 2>/dev/null)" = "$wanted" ] && echo "$PWD/$python"
    exit 0
fi
[ "$(cat .build/python/ready 2>/dev/null)" = "$wanted" ] && exit 0
scripts/setup.sh python3-venv hdf5-tools netcdf-bin || exit 1
scripts/setup.sh r-cran-hdf5r || echo "python_env: without R, its reader is not tested" >&2
echo "setting up .build/python for the tests of other tools"
python3 -m venv .build/python && $python -m pip install --quiet --disable-pip-version-check -r Tests/Interop/requirements.txt || {
    echo "python_env: the packages of Tests/Interop/requirements.txt can't be installed: the tests that need them are skipped" >&2
    exit 1
}
echo "$wanted" >.build/python/ready
