#!/bin/sh
# Builds the wheel, installs it alone into an empty environment, and makes a draft ad with it.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '%s\n' "$*"; }

say "Building the wheel"
.venv/bin/python -m pip --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation --no-index \
    --wheel-dir "$work" .
say "Installing $(cd "$work" && ls ./*.whl) into an empty environment"
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements.lock
"$work/venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps --no-index "$work"/*.whl
cp examples/demo-product.jpg "$work/photo.jpg"
cd "$work"
export BADAPPLE_DATA_DIR="$work/data" BADAPPLE_CACHE_DIR="$work/cache"
venv/bin/badapple --version
venv/bin/badapple make photo.jpg --name Solenne --style luxury --cta "Shop Now" --draft -o ad.mp4
