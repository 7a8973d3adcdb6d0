#!/bin/sh
# Builds the studio's scripts, the source archive and from that the wheel; installs the wheel alone into an empty
# environment, makes a draft ad with it, and asks its studio for a page and the page's script.
#   tools/wheel.sh dist   leaves the archive and the wheel in dist/, too
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
forget_keys
setup dev
out=${1:-}
work=$(mktemp -d)
server=
tidy() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap tidy EXIT

tools/build_studio.sh --if-needed
say "Building the source archive, and the wheel from it"
.venv/bin/python -m build --no-isolation --outdir "$work/dist" . >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; give_up "nothing was built" "look at the lines above"; }
.venv/bin/python tools/has_studio.py "$work"/dist/*
say "Installing $(cd "$work/dist" && ls ./*.whl) into an empty environment"
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements.lock
"$work/venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps --no-index "$work"/dist/*.whl
cp examples/demo-product.jpg tools/visit_studio.py "$work"
[ -z "$out" ] || { mkdir -p "$out"; cp "$work"/dist/* "$out"; }

cd "$work"
export BADAPPLE_DATA_DIR="$work/data" BADAPPLE_CACHE_DIR="$work/cache"
venv/bin/badapple --version
venv/bin/badapple make demo-product.jpg --name Solenne --style luxury --cta "Shop Now" --draft -o ad.mp4
port=$(venv/bin/python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/badapple serve --port "$port" >serve.log 2>&1 &
server=$!
venv/bin/python visit_studio.py "$port" || { cat serve.log >&2; exit 1; }
