"""Forks workers for `chaos_jobs.py` and `scale.py`: what they all load is loaded once, so that a new one costs little.

Each line that is read is `LOG<tab>JSON`: `env` is the worker's whole environment, `concurrency` its limit or null,
`real` says that the real recipes shall be used. The worker's process number is written to standard output. A worker
that ends by itself writes to its log why. With `modules` the worker writes the names of all loaded modules there.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from badapple import config
from badapple.assets import recipes
from badapple.limits.rules import Allowance
from badapple.media import ffmpeg as tools
from badapple.testing import instant

#: Of accounts with larger plans: with the smallest, a thousand jobs would mostly wait for one of two voices.
_ALLOWANCES = {
    "anthropic": Allowance(concurrency=20),
    "elevenlabs": Allowance(concurrency=20),
    "replicate": Allowance(concurrency=50, per_minute=3000, burst=10),
}


def child(log: str, body: dict[str, Any]) -> None:
    """Be a worker until told to end, and never come back."""
    code = 1
    try:
        _become(log, body["env"])
        from badapple.worker import run_worker  # noqa: PLC0415 - reads the environment

        chosen = recipes if body.get("real") else instant.instant_recipes
        if body.get("modules"):
            threading.Thread(target=_tell_modules, args=(Path(body["modules"]),), daemon=True).start()
        run_worker(config.serve(), concurrency=body.get("concurrency"), recipes=chosen, allowances=_ALLOWANCES)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, it is written down, and this process ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _tell_modules(path: Path) -> None:
    """Write down twice a second what is loaded: a worker ends itself, so that nothing can be done after it."""
    while True:
        new = path.with_suffix(".new")
        new.write_text(json.dumps(sorted(sys.modules)), encoding="utf-8")
        new.replace(path)
        time.sleep(0.5)


def _become(log: str, env: dict[str, str]) -> None:
    """Take on an environment, with the process' name on every connection to the database."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(env)
    for folder in ("TMPDIR", "BADAPPLE_DATA_DIR", "BADAPPLE_CACHE_DIR"):
        if folder in env:
            Path(env[folder]).mkdir(parents=True, exist_ok=True)
    url = env.get("BADAPPLE_DATABASE_URL", "")
    if url.startswith("postgresql"):
        mark = "&" if "?" in url else "?"
        os.environ["BADAPPLE_DATABASE_URL"] = f"{url}{mark}application_name=worker-{os.getpid()}"
    config.get_settings.cache_clear()


def main() -> None:
    """Load, then fork a child for each line."""
    names = Path(sys.argv[1])
    if names.exists():
        for name in json.loads(names.read_text(encoding="utf-8")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    instant.prepare(tools.locate())
    asyncio.run(asyncio.sleep(0))  # loads the loop
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        log, text = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            child(log, json.loads(text))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
