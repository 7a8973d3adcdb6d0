"""Kills `badapple make` with SIGKILL at random moments, runs it again, and checks what is left.

    .venv/bin/python bench/kill.py [--kills 20] [--seed 1] [--full]

After every kill: where the video should be there is nothing or a whole one. After the second run: the video has 900
frames and decodes without a fault, no part that was finished at the kill was begun again, no part was made twice, and
nothing half-written is left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

ROOT = Path(__file__).resolve().parent.parent


def frames(video: Path) -> int:
    """Decode a video to its end and return how many frames it has."""
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def receipts(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Return label -> (state, times begun, times made) of every asset in the journal."""
    file = folder / "data" / "badapple.db"
    if not file.exists():
        return {}
    with sqlite3.connect(file) as database:
        try:
            rows = database.execute("SELECT key, state, begun, made FROM receipts").fetchall()
        except sqlite3.OperationalError:
            return {}  # killed before the tables were there
    return {key: (state, begun, made) for key, state, begun, made in rows}


def trial(photo: Path, moment: float, *, full: bool, folder: Path) -> str:
    """Kill once at `moment` seconds, run again, check; return what was seen."""
    env = {**os.environ, "BADAPPLE_DATA_DIR": str(folder / "data"), "BADAPPLE_CACHE_DIR": str(folder / "cache")}
    out = folder / "ad.mp4"
    command = [
        sys.executable,
        "-m",
        "badapple",
        "make",
        str(photo),
        "--name",
        "Solenne",
        "--cta",
        "Shop Now",
        "-o",
        str(out),
        "--quiet",
    ]
    command += [] if full else ["--draft"]
    first = subprocess.Popen(command, env=env, start_new_session=True)
    time.sleep(moment)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = receipts(folder)
    if out.exists():
        assert frames(out) == 900, "a half-written video stood where the result belongs"
    begun = time.monotonic()
    subprocess.run(command, env=env, check=True)
    seconds = time.monotonic() - begun
    assert frames(out) == 900, f"the video has {frames(out)} frames"
    after = receipts(folder)
    finished = {key for key, (state, _, _) in before.items() if state == "collected"}
    again = [key for key in finished if after[key] != before[key]]
    assert not again, f"finished parts were made again: {again}"
    twice = [key for key, (_, _, made) in after.items() if made != 1]
    assert not twice, f"parts were not made exactly once: {twice}"
    left = [path.name for path in folder.glob("*") if path.name.endswith(".part")]
    assert not left, f"half-written files are left: {left}"
    parts = f"{len(finished):2} of {len(after)} parts finished"
    return f"killed at {moment:5.2f} s with {parts}; the rest took {seconds:5.2f} s"


def main() -> None:
    """Run all trials; the first broken promise ends in an AssertionError."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", nargs="?", type=Path, default=ROOT / "examples" / "demo-product.jpg")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="1080x1920 instead of a draft")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="badapple-kill-") as name:
        begun = time.monotonic()
        trial(args.photo, 0.0, full=args.full, folder=Path(name) / "whole")
        whole = time.monotonic() - begun
        for number in range(args.kills):
            seen = trial(args.photo, chance.uniform(0.1, whole), full=args.full, folder=Path(name) / str(number))
            print(f"{number + 1:2}/{args.kills} {seen}", flush=True)
    print(f"{args.kills} kills: every video whole, nothing made twice (undisturbed: {whole:.1f} s)")


if __name__ == "__main__":
    main()
