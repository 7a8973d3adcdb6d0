"""Kills a paying job with SIGKILL at every sampled system call, goes on, and compares the vendors' ledgers with ours.

    .venv/bin/python bench/chaos_pay.py [--points 600] [--workers 2] [--seed 1]

Needs strace, and the right to trace one's own children. Each trial: new simulators, a new data folder, a job that is
killed at one system call, the same job again without a tracer. Then: the job is done, every call that a vendor can be
asked about was charged once, what cannot be looked up was charged twice at most and is booked as possibly charged, and
the books' sum is the ledger's sum.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from badapple.testing.simulators import Simulators

ROOT = Path(__file__).resolve().parent.parent
#: Calls that change something outside the process, or wait for it.
CALLS = (
    "openat", "write", "writev", "pwrite64", "pwritev", "read", "fsync", "fdatasync", "rename", "renameat", "unlink",
    "unlinkat", "ftruncate", "link", "linkat", "mkdir", "connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "close",
    "fcntl", "flock", "epoll_wait", "utimensat", "clone", "clone3", "vfork", "wait4",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The n-th system call of a name."""

    name: str
    number: int


class Payer:
    """The process that forks jobs."""

    def __init__(self, photo: Path, folder: Path, modules: Path) -> None:
        self._pipe = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("payer.py")), str(photo), str(folder), str(modules)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def job(self, folder: Path, env: dict[str, str], tracer: list[str] | None = None) -> int:
        """Run one job under a tracer, or alone; return its wait status."""
        assert self._pipe.stdin is not None
        assert self._pipe.stdout is not None
        self._pipe.stdin.write(f"{folder}\t{json.dumps(env)}\n")
        pid = int(self._pipe.stdout.readline())
        while _state(pid) != "T":
            time.sleep(0.001)
        tracing = None
        if tracer is not None:
            tracing = subprocess.Popen(["strace", "-qq", *tracer, "-p", str(pid)], stderr=subprocess.DEVNULL)
            while not _traced(pid):
                time.sleep(0.001)
        os.kill(pid, signal.SIGCONT)
        self._pipe.stdin.write("\n")
        status = int(self._pipe.stdout.readline())
        if tracing is not None:
            tracing.wait()
        return status

    def close(self) -> None:
        """End it."""
        self._pipe.kill()
        self._pipe.wait()


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "?"


def _traced(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return re.search(r"^TracerPid:\s+0$", status, re.MULTILINE) is None


def folders(root: Path) -> dict[str, str]:
    """Return settings that keep everything below a folder."""
    return {"BADAPPLE_DATA_DIR": str(root / "data"), "BADAPPLE_CACHE_DIR": str(root / "cache")}


def points(payer: Payer, root: Path, *, wanted: int, seed: int) -> list[Point]:
    """Count the calls of an undisturbed job and choose among them: of rare kinds all, of others their share."""
    trace = root / "trace"
    with Simulators() as sims:
        env = sims.environment() | folders(root)
        status = payer.job(root, env, ["-e", f"trace={','.join(CALLS)}", "-o", str(trace)])
        assert status == 0, (root / "error.txt").read_text()
        assert len(sims.charges) == 5, sims.charges
    counts = Counter(re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE))
    print(f"an undisturbed job makes {counts.total()} of these system calls: {dict(counts.most_common())}", flush=True)
    chance, chosen = random.Random(seed), list[Point]()
    for left, (name, most) in zip(range(len(counts), 0, -1), reversed(counts.most_common()), strict=True):
        share = min(most, round((wanted - len(chosen)) / left))
        chosen += [Point(name=name, number=number) for number in chance.sample(range(1, most + 1), share)]
    return chosen


def trial(payer: Payer, point: Point, root: Path) -> tuple[str, int]:
    """Kill at one point, go on, check; return how it ended and how many repetitions are booked."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    inject = f"inject={point.name}:signal=SIGKILL:when={point.number}"
    with Simulators() as sims:
        env = sims.environment() | folders(root)
        status = payer.job(root, env, ["-e", f"trace={point.name}", "-e", inject, "-o", "/dev/null"])
        killed = status == signal.SIGKILL
        again = payer.job(root, env)
        said = (root / "error.txt").read_text() if (root / "error.txt").exists() else ""
        assert again == 0, f"{point}: the job did not go on: {said}"
        assert (root / "film.mp4").exists()
        return ("killed" if killed else "not reached"), check(point, sims, root / "data" / "badapple.db")


def check(point: Point, sims: Simulators, books: Path) -> int:
    """Compare the ledgers with the books."""
    charged = Counter(charge.vendor for charge in sims.charges if not charge.refunded)
    with sqlite3.connect(books) as database:
        rows = database.execute("SELECT vendor, state, settled, possibly_charged FROM calls").fetchall()
    assert charged["elevenlabs"] == 1, f"{point}: {charged['elevenlabs']} voice lines were charged: {sims.charges}"
    assert charged["replicate"] == 2, f"{point}: {charged['replicate']} predictions were charged: {sims.charges}"
    repeated = charged["anthropic"] - 2
    assert 0 <= repeated <= 2, f"{point}: {charged['anthropic']} script calls were charged: {sims.charges}"
    assert all(state in {"collected", "failed"} for _, state, *_ in rows), f"{point}: {rows}"
    booked = sum(1 for *_, possibly in rows if possibly)
    assert booked >= repeated, f"{point}: {repeated} repetitions, {booked} booked: {rows}"
    assert all(not possibly for vendor, *_, possibly in rows if vendor != "anthropic"), f"{point}: {rows}"
    settled = {vendor: sum(row[2] for row in rows if row[0] == vendor) for vendor in ("elevenlabs", "replicate")}
    for vendor, amount in settled.items():
        assert amount == sims.total(vendor), f"{point}: {vendor} charged {sims.total(vendor)}, the books say {amount}"
    return repeated


def work(todo: list[Point], done: list[tuple[str, int]], bad: list[str], *, photo: Path, root: Path) -> None:
    """Take points until none is left."""
    (root / "product").mkdir(parents=True)
    payer = Payer(photo, root / "product", root.parent / "modules.json")
    try:
        while todo and not bad:
            point = todo.pop()
            try:
                done.append(trial(payer, point, root / "trial"))
            except Exception as error:  # noqa: BLE001 - the other worker shall stop too
                bad.append(f"{type(error).__name__}: {error}")
            if done and len(done) % 50 == 0:
                print(f"{len(done)} points", flush=True)
    finally:
        payer.close()


def main() -> None:
    """Try all points; the first broken promise ends the run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("this needs strace: apt install strace")
    photo = ROOT / "examples" / "demo-product.jpg"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="badapple-chaos-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        todo: list[Point] = []
        for attempt in ("load", "count"):  # the second time everything is loaded before the fork
            (root / attempt).mkdir()
            payer = Payer(photo, root / attempt, root / "modules.json")
            todo = points(payer, root / attempt, wanted=args.points, seed=args.seed)
            payer.close()
            shutil.copyfile(root / attempt / "modules.json", root / "modules.json")
        random.Random(args.seed).shuffle(todo)
        done: list[tuple[str, int]] = []
        bad: list[str] = []
        workers = [
            threading.Thread(
                target=work, args=(todo, done, bad), kwargs={"photo": photo, "root": root / str(number)}
            )
            for number in range(args.workers)
        ]  # fmt: skip
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if bad:
        sys.exit("\n".join(bad))
    ended = Counter(how for how, _ in done)
    print(
        f"{len(done)} points in {time.monotonic() - began:.0f} s, {ended['killed']} killed: every job done, 0 repeated "
        f"charges where the vendor can be asked, {sum(times for _, times in done)} repeated script calls, all booked"
    )


if __name__ == "__main__":
    main()
