#!/usr/bin/env bash
# Writes the reports of made-up studies to results/gallery and renders each with Chromium: for a phone, for a page by day
# and by night, and as PDF. They are to be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
gallery=$PWD/results/gallery
mkdir -p "$gallery"
VISEME_GALLERY=$gallery swift test -c release --skip-build --filter theGalleryIsWritten >"$gallery/test.log" 2>&1 || {
    cat "$gallery/test.log" >&2
    exit 1
}
chromium() {
    command chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$gallery/.profile" "$@" 2>>"$gallery/chromium.log"
}
: >"$gallery/chromium.log"
for page in "$gallery"/*.html; do
    name=$(basename "$page" .html)
    chromium --window-size=390,9000 --screenshot="$gallery/$name-390.png" "file://$page"
    chromium --window-size=1200,7000 --screenshot="$gallery/$name-1200.png" "file://$page"
    chromium --window-size=1200,7000 --blink-settings=preferredColorScheme=0 --screenshot="$gallery/$name-1200-dark.png" "file://$page"
    chromium --no-pdf-header-footer --print-to-pdf="$gallery/$name.pdf" "file://$page"
    echo "results/gallery/$name: .html, -390.png, -1200.png, -1200-dark.png, .pdf"
done
rm -rf "$gallery/.profile"
