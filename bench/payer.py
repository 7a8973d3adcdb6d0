"""Forks single-threaded jobs that buy one of everything and film one frame; driven over pipes by `chaos_pay.py`.

A line `FOLDER ENV.json` on standard input forks a child that stops itself before its first step, so that a tracer can
be attached; its process number is written to standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from badapple.cache import Cache
from badapple.config import read_settings
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.journal import Books, Claims, JournalTill
from badapple.limits import Limiter
from badapple.media import ffmpeg as tools
from badapple.models import Brief, CardOrder, SceneOrder, VoiceOrder
from badapple.process import run
from badapple.product import analyse
from badapple.providers import connections
from badapple.providers.anthropic import ClaudeScriptWriter
from badapple.providers.elevenlabs import ElevenLabsVoice
from badapple.providers.line import Line, Patience
from badapple.providers.replicate import ReplicatePainter, ReplicateScenes
from badapple.providers.replicate.shop import Pace
from badapple.testing import PlainComposer, PlainStills

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.models import Product

T = TypeVar("T")


class Here(ThreadPoolExecutor):
    """Runs work at once, in the thread that asks: all of a job is one thread, so that its system calls are in order."""

    def submit(self, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as a pool hands it over
            future.set_exception(error)
        return future


async def job(folder: Path, env: dict[str, str], product: Product) -> None:
    """Buy a look at the photo, a script, a voice, a clip and a background; film one frame."""
    asyncio.get_running_loop().set_default_executor(Here())
    settings, ffmpeg = read_settings(env), tools.locate()
    engine, cache = open_database(settings.database_url), Cache(settings.cache_dir)
    holder, watcher = Holder(engine, folder), Watcher(engine, folder)
    books = Books(engine, cache, Claims(holder, watcher.alive), job="job", owner="local", caps={"job:job": None})
    till = JournalTill(books, cache, threaded=False, poll=0.02, sleep=_soon)
    limiter = Limiter(engine, holder, watcher, threaded=False)

    def at(vendor: str) -> dict[str, Any]:
        patience = Patience(attempts=3, seconds=20, first=0.01, most=0.05)
        return {
            "access": settings.vendors[vendor],
            "till": till,
            "line": Line(vendor, limiter=limiter, patience=patience),
        }

    pace = Pace(first=0.02, most=0.05)
    scenes = ReplicateScenes(stills=PlainStills(), ffmpeg=ffmpeg, pace=pace, **at("replicate"))
    painter = ReplicatePainter(composer=PlainComposer(), pace=pace, **at("replicate"))
    brief = Brief(product_name="Solenne", style="luxury", cta_text="Shop Now")
    async with connections.kept():
        script = await ClaudeScriptWriter(**at("anthropic")).write(brief, product, scenes.offer)
        first = script.scenes[0]
        voice = VoiceOrder(texts=(first.voiceover_text,), slots=(5.0,), style="luxury")
        await ElevenLabsVoice(ffmpeg=ffmpeg, **at("elevenlabs")).speak(voice, folder / "voice.mp3")
        shot = SceneOrder(scene=first, style="luxury", product_name="Solenne", product=product)
        clip = await scenes.render(shot, folder)
        card = CardOrder(product_name="Solenne", cta=script.cta, line=script.cta_line, style="luxury", product=product)
        await painter.paint(card, folder / "card.png")
    _film(clip.path, folder / "film.mp4", ffmpeg=ffmpeg)


def _film(clip: Path, film: Path, *, ffmpeg: Path) -> None:
    part = film.with_name("film.part")
    run([ffmpeg, "-v", "error", "-y", "-i", clip, "-frames:v", "1", "-an", "-f", "mp4", part])
    part.replace(film)
    film.with_name("modules.json").write_text(json.dumps(sorted(sys.modules)))


async def _soon(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.6))  # the simulators' lists lag by half a second, the vendors' by seconds


def child(folder: Path, env: dict[str, str], product: Product) -> None:
    """Wait to be let go, do the job, and never come back."""
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        asyncio.run(job(folder, env, product))
    except BaseException:  # noqa: BLE001 - whatever it was, it is written down, and this process ends here
        (folder / "error.txt").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Look at the photo once, then fork a child for each line."""
    photo, workplace, modules = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    if modules.exists():  # what a job loads late is loaded now: a fork should spend its calls on the job
        for name in json.loads(modules.read_text()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    product = analyse(photo, "Solenne", workplace)
    for line in sys.stdin:
        name, env = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            child(Path(name), json.loads(env), product)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdin.readline()  # the word to wait for the child
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
