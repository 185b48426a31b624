#!/usr/bin/env bash
# Builds a folder to carry to machines without Swift or HDF5: the program with the static Swift libraries, and beside it
# the shared libraries that it needs, those of glibc excepted. Packs it, and runs it where nothing else is installed.
#   tarball.sh          .build/tarball/viseme-<version>-linux-<processor>.tar.gz
#   tarball.sh --tree   the folder alone
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=.build/static
version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/Execution/Program.swift)
name=viseme-$version-linux-$(uname -m)
tree=.build/tarball/$name

# The old form of the path counts for the libraries' own libraries too.
swift build -c release --product viseme --static-swift-stdlib --scratch-path "$scratch" \
    -Xlinker --disable-new-dtags -Xlinker -rpath -Xlinker "\$ORIGIN/../lib/viseme" 2> >(grep -v mktemp >&2)

rm -rf .build/tarball && mkdir -p "$tree/bin" "$tree/lib/viseme" "$tree/licenses"
strip -o "$tree/bin/viseme" "$scratch/release/viseme"
ldd "$scratch/release/viseme" | awk '$2 == "=>" { print $3 }' | sort | while read -r library; do
    case "$(basename "$library")" in
        libc.so.*|libm.so.*|libdl.so.*|librt.so.*|libpthread.so.*|libresolv.so.*) continue ;;
    esac
    cp -L "$library" "$tree/lib/viseme/"
    # Debian keeps the licence of each package.
    file=$(realpath "$library")
    package=$({ dpkg -S "$file" || dpkg -S "${file#/usr}"; } 2>/dev/null | cut -d: -f1 | head -1 || true)
    [ -z "$package" ] || cp -L "/usr/share/doc/$package/copyright" "$tree/licenses/$package" 2>/dev/null || true
done
scripts/trace_library.sh "$scratch/release/lib"
strip -o "$tree/lib/viseme/libviseme_trace.so" "$scratch/release/lib/libviseme_trace.so"
cp LICENSE README.md "$tree/"
for shell in bash zsh fish; do
    mkdir -p "$tree/share/completions"
    "$tree/bin/viseme" --generate-completion-script $shell >"$tree/share/completions/viseme.$shell"
done
glibc=$(objdump -T "$tree/bin/viseme" "$tree"/lib/viseme/* | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
echo "needs glibc ${glibc#GLIBC_} or later, and nothing else" | tee "$tree/NEEDS"

# Where nothing but glibc and a shell is installed.
if [ "$(id -u)" = 0 ]; then
    bare=$(mktemp -d)
    trap 'rm -rf "$bare"' EXIT
    mkdir -p "$bare"/{proc,tmp,dev,bin}
    for file in $(ldd /bin/sh "$tree/bin/viseme" | grep -oE '/[^ ]*/(libc|libm|libdl|librt|libpthread|libresolv|ld-linux[^ ]*)\.so[^ ]*' | sort -u) /bin/sh; do
        install -D "$(realpath "$file")" "$bare$file"
    done
    cp -r "$tree" "$bare/viseme"
    cp recipes/tiny.yaml recipes/base.yaml "$bare/tmp/"
    # The program finds itself by /proc.
    mount --bind /proc "$bare/proc" 2>/dev/null || mount -t proc proc "$bare/proc"
    : >"$bare/dev/null"
    status=0
    chroot "$bare" /bin/sh -c 'cd /tmp && /viseme/bin/viseme sweep tiny.yaml' >"$bare/out" 2>&1 || status=$?
    umount "$bare/proc"
    [ $status = 0 ] && cmp "$bare/tmp/results/tiny/digests.txt" recipes/tiny.digests || { cat "$bare/out" >&2; exit 1; }
    echo "recipes/tiny.yaml without other libraries: the committed digests"
fi

[ "${1:-}" = --tree ] && exit 0
# The same commit gives the same names, times and owners.
tar -C .build/tarball --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
    -czf "$tree.tar.gz" "$name"
du -h "$tree.tar.gz"
