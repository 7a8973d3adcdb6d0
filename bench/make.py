"""Measures the whole main job: wall and CPU time, peak memory, and the ratio to the bare encode of the same frames.

    .venv/bin/python bench/make.py [PHOTO] [--style luxury] [--rounds 3]

One round: a cold run in an empty cache, a warm run of the same command, then the bare encode (`x264 veryfast`, crf 20,
2 threads, raw I420 frames of the finished film from a file, no sound). All three run one after the other on the same
machine, so that the ratio holds where absolute times do not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil

from badapple.media.ffmpeg import locate

ROOT = Path(__file__).resolve().parent.parent
BARE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "2", "-an")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One measured command: seconds of wall and CPU time, bytes of all its processes together at the worst moment."""

    wall: float
    cpu: float
    peak: int


def measured(command: list[str], env: dict[str, str]) -> Run:
    """Run a command to its end and measure it with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun, peak = time.monotonic(), 0
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, memory(watched))
        time.sleep(0.05)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{command} failed: {(process.stderr.read() if process.stderr else b'').decode()[-2000:]}")
    return Run(wall=wall, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak=peak)


def memory(process: psutil.Process) -> int:
    """Return the proportional set size of a process and all below it (shared pages counted once), bytes."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_full_info().pss
    except psutil.Error:
        pass
    return total


def round_of(photo: Path, style: str, extra: list[str]) -> dict[str, Run]:
    """Measure one cold run, one warm run and the bare encode."""
    with tempfile.TemporaryDirectory(prefix="badapple-bench-") as name:
        folder = Path(name)
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
            "--style",
            style,
            "--cta",
            "Shop Now",
        ]
        command += ["-o", str(out), "--quiet", *extra]
        cold = measured(command, env)
        warm = measured(command, env)
        raw = folder / "frames.yuv"
        ffmpeg = str(locate())
        subprocess.run(
            [ffmpeg, "-v", "error", "-i", out, "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "yuv420p", raw], check=True
        )
        source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "1080x1920", "-framerate", "30", "-i", str(raw)]
        bare = measured([ffmpeg, "-v", "error", *source, *BARE, str(folder / "bare.mp4")], env)
    return {"cold": cold, "warm": warm, "bare": bare}


def main() -> None:
    """Measure and print the figures, each the median of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("photo", nargs="?", type=Path, default=ROOT / "examples" / "demo-product.jpg")
    parser.add_argument("--style", default="luxury")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args, extra = parser.parse_known_args()
    rounds = [round_of(args.photo, args.style, extra) for _ in range(args.rounds)]
    if args.json:
        print(json.dumps([{name: asdict(run) for name, run in one.items()} for one in rounds], indent=2))
    print(
        f"{'':6} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}   (median of {args.rounds}, {args.style}, {args.photo.name})"
    )
    for name in ("cold", "warm", "bare"):
        runs = [one[name] for one in rounds]
        wall, cpu, peak = (median(getattr(run, what) for run in runs) for what in ("wall", "cpu", "peak"))
        print(f"{name:6} {wall:8.2f} {cpu:8.2f} {peak / 1e6:8.0f}")
    print(f"cold / bare, CPU: {median(one['cold'].cpu / one['bare'].cpu for one in rounds):.2f}x")
    print(f"cold / bare, wall: {median(one['cold'].wall / one['bare'].wall for one in rounds):.2f}x")


if __name__ == "__main__":
    main()
