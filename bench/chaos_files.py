"""Mutants of photos, clips and music through the doors that take them in.

Every mutant follows from `--seed` and its number. A photo goes through the decoding child as `take_in` has it, under
the same sandbox and limits, only forked instead of started anew; a clip and a sound go through the very functions that
the film calls. It fails where anything else than a refusal or a result comes out, where one takes longer than 5 s and
again so (the machine may be busy), or where what was taken in holds anything besides pixels.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.hostile.decoders import WALL, Tally, decoders, impurities
from bench.hostile.mutants import mutant, parents
from bench.hostile.tracks import Studio

from badapple import process
from badapple.errors import InputError, MediaError
from badapple.media import ffmpeg, music, planes
from badapple.media.clips import ClipFrames
from badapple.media.probe import check_decodes, probe
from badapple.models import Canvas
from badapple.product.intake import decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CANVAS = Canvas(width=54, height=96, preset="ultrafast", crf=28)
_FRAMES = 15


@dataclass(slots=True)
class Report:
    """What became of all, and the mutants that broke a promise."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    photos: Tally = field(default_factory=Tally)
    tracks: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    broken: list[str] = field(default_factory=list)


def photos(report: Report, numbers: Sequence[int], *, seed: int, keep: Path) -> None:
    """Send mutants of photos through the door."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        door, pool = stack.enter_context(decoders()), parents()
        for number in numbers:
            data = mutant(seed, number, pool)
            try:
                answer = door.decode(data)
                answer = door.decode(data) if answer.late else answer
                found = impurities(answer.intake, Path(folder)) if answer.intake is not None else []
            except Exception as error:  # noqa: BLE001 - whatever comes out is the finding
                _note(report, keep, data, f"photo {number}: {type(error).__name__}: {error}")
                continue
            with report.lock:
                report.photos.add(answer)
            if answer.late:
                found.append(f"took longer than {WALL:g} s")
            for text in found:
                _note(report, keep, data, f"photo {number}: {text}")


def tracks(report: Report, numbers: Sequence[int], *, seed: int, keep: Path) -> None:
    """Send mutants of clips and music through their doors."""
    program = ffmpeg.locate()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        studio = Studio(folder, program)
        films = [studio.film("a.mp4", "-movflags", "+faststart", source="testsrc2=s=64x96:r=30:d=0.6").read_bytes()]
        films.append(studio.film("b.mov", "-c:v", "mpeg4", source="testsrc2=s=64x96:r=30:d=0.6").read_bytes())
        sounds = [
            studio.sound(f"a.{kind}", *codec, seconds=1).read_bytes()
            for kind, codec in {"mp3": (), "wav": (), "flac": (), "ogg": ("-c:a", "libvorbis"), "m4a": ()}.items()
        ]
        for number in numbers:
            clip = number % 2 == 0
            path = folder / ("mutant.mp4" if clip else "mutant.mp3")
            path.write_bytes(mutant(seed, number, films if clip else sounds))
            _track(report, _clip if clip else _sound, path, number=number, keep=keep)


def _track(report: Report, look: Callable[[Path], None], path: Path, *, number: int, keep: Path) -> None:
    kind = look.__name__.strip("_")
    fate, took = _looked(look, path)
    if took > WALL:
        fate, took = _looked(look, path)
    if took > WALL or fate not in {"taken", "refused"}:
        _note(report, keep, path.read_bytes(), f"{kind} {number}: {fate} after {took:.1f} s")
        fate = "broken"
    with report.lock:
        report.tracks[f"{kind}s {fate}"] += 1
        report.slowest = max(report.slowest, took)


def _looked(look: Callable[[Path], None], path: Path) -> tuple[str, float]:
    """Return what became of a file, and after how many seconds."""
    begun, fate = time.monotonic(), "taken"
    try:
        look(path)
    except (MediaError, InputError):
        fate = "refused"
    except Exception as error:  # noqa: BLE001 - whatever comes out is the finding
        fate = f"{type(error).__name__}: {error}"
    return fate, time.monotonic() - begun


def _clip(path: Path) -> None:
    program = ffmpeg.locate()
    clip = ClipFrames(path, count=_FRAMES, canvas=_CANVAS, ffmpeg=program)
    probe(path, ffmpeg=program, foreign=True)
    check_decodes(path, ffmpeg=program, foreign=True)
    frame = planes.blank(_CANVAS.width, _CANVAS.height)
    with clip.reading(0, _FRAMES) as reader:
        for index in range(_FRAMES):
            reader.draw(index, frame)


def _sound(path: Path) -> None:
    music.read(path, ffmpeg=ffmpeg.locate(), seconds=35)


def _note(report: Report, keep: Path, data: bytes, text: str) -> None:
    with report.lock:
        report.broken.append(text)
        keep.mkdir(parents=True, exist_ok=True)
        (keep / text.partition(":")[0].replace(" ", "-")).write_bytes(data)


def run(mutants: int, films: int, *, seed: int, workers: int, keep: Path) -> Report:
    """Try them all, in as many threads as asked for."""
    report = Report()
    jobs = [(photos, range(mutants)[worker::workers]) for worker in range(workers)]
    jobs += [(tracks, range(films)[2 * worker :: 2 * workers]) for worker in range(workers)]
    jobs += [(tracks, range(films)[2 * worker + 1 :: 2 * workers]) for worker in range(workers)]
    for kind in (photos, tracks):  # one after the other: together they would wait for each other, and look slow
        threads = [
            threading.Thread(target=work, args=(report, numbers), kwargs={"seed": seed, "keep": keep})
            for work, numbers in jobs
            if work is kind and numbers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return report


def main() -> int:
    """Run, print the figures, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100_000, help="photos")
    parser.add_argument("--tracks", type=int, help="clips and sounds; by default one for every fifty photos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--keep", type=Path, default=Path("chaos-files"), help="folder for mutants that broke something"
    )
    words = parser.parse_args()
    films = words.mutants // 50 if words.tracks is None else words.tracks
    begun = time.monotonic()
    report = run(words.mutants, films, seed=words.seed, workers=words.workers, keep=words.keep)
    took, tally = time.monotonic() - begun, report.photos
    level = process.sandbox_level(decoder().command[0], decoder().sandbox)
    print(f"sandbox: {level.name} {level.reason}")
    print(f"{words.mutants} photos (seed {words.seed}): {tally.taken} taken, {tally.refused.total()} refused")
    for text, count in tally.refused.most_common(8):
        print(f"  {count:6} {text}")
    print(f"  children that fell over: {dict(tally.crashes) or 0}; longer than {WALL:g} s: {tally.hangs}")
    print(f"  slowest {tally.slowest:.2f} s, largest child {tally.memory / 2**20:.0f} MiB")
    print(f"{films} tracks: {dict(sorted(report.tracks.items()))}, slowest {report.slowest:.2f} s")
    print(f"{took:.0f} s; promises broken: {len(report.broken)}")
    for text in report.broken[:50]:
        print(f"  {text}")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
