#!/usr/bin/env bash
# Installs the Debian packages named as arguments, as far as they are missing. Says which where it may not.
set -euo pipefail

command -v swift >/dev/null || { echo "setup: there is no swift on the PATH: install Swift 6.2 or later from https://swift.org/install" >&2; exit 2; }

# pkg-config is asked rather than dpkg, so that other ways of installing a library count too.
missing=()
for package in "$@"; do
    case "$package" in
        libhdf5-dev) pkg-config --exists hdf5 2>/dev/null || missing+=("$package") ;;
        libpcre2-dev) pkg-config --exists libpcre2-8 2>/dev/null || missing+=("$package") ;;
        zlib1g-dev) pkg-config --exists zlib 2>/dev/null || missing+=("$package") ;;
        libssl-dev) pkg-config --exists libcrypto 2>/dev/null || missing+=("$package") ;;
        hdf5-tools) command -v h5dump >/dev/null || missing+=("$package") ;;
        slurm-wlm) [ -x /usr/sbin/slurmctld ] || missing+=("$package") ;;
        munge) [ -x /usr/sbin/munged ] || missing+=("$package") ;;
        qemu-user) command -v qemu-x86_64 >/dev/null || missing+=("$package") ;;
        netcdf-bin) command -v ncdump >/dev/null || missing+=("$package") ;;
        r-cran-hdf5r) Rscript -e 'library(hdf5r)' >/dev/null 2>&1 || missing+=("$package") ;;
        python3-venv) python3 -c 'import ensurepip' 2>/dev/null || missing+=("$package") ;;
        *) command -v "$package" >/dev/null || missing+=("$package") ;;
    esac
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "setup: missing: ${missing[*]} (names of Debian's packages): install them with this system's package manager" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo)
else
    echo "setup: missing: ${missing[*]}. Run this once: sudo apt-get install ${missing[*]}" >&2
    exit 2
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
