"""One run of the pipeline, with the signals that stop it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from badapple.cli.outcome import Interrupted, tell
from badapple.errors import BadappleError
from badapple.process import end_children
from badapple.secrets import SecretFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from badapple.cli.order import Order
    from badapple.config import Settings
    from badapple.models import MakeOptions, ProgressEvent, Video

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Orchestrator(Protocol):
    """What `make` needs of the pipeline."""

    @property
    def video(self) -> Video | None:
        """The finished video, None before."""
        ...

    async def execute_pipeline(
        self, product_name: str, style: str, cta_text: str, product_image_path: str | None = None
    ) -> str:
        """Make the video and return its path."""
        ...


class Factory(Protocol):
    """Makes an orchestrator."""

    def __call__(
        self,
        job_id: str,
        redis_client: None = None,
        db_session: None = None,
        /,
        *,
        options: MakeOptions,
        settings: Settings,
        on_progress: Callable[[ProgressEvent], None],
    ) -> Orchestrator:
        """Return the orchestrator of one job."""
        ...


def run(
    order: Order,
    *,
    settings: Settings,
    watch: Callable[[ProgressEvent], None],
    factory: Factory | None = None,
    debug: bool = False,
) -> Video:
    """Make the video of an order.

    The first SIGINT, SIGTERM or SIGHUP cancels the work and waits until it has ended; the second ends this
    process at once.

    Raises:
        Interrupted: a signal stopped it.
    """
    factory = factory or _real_factory(order, debug=debug)
    return asyncio.run(_guarded(order, settings=settings, watch=watch, factory=factory))


def _real_factory(order: Order, *, debug: bool) -> Factory:
    from badapple import process  # noqa: PLC0415

    process.settle()
    from badapple.jobs.orders import of_local  # noqa: PLC0415 - as below
    from badapple.models import Brief  # noqa: PLC0415 - as below
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415 - loads the whole pipeline

    # Standard output belongs to the result.
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG if debug else logging.CRITICAL)
    for handler in logging.getLogger().handlers:
        handler.addFilter(SecretFilter())
    request = of_local(
        Brief(product_name=order.product_name, style=order.style, cta_text=order.cta_text, photo=order.photo),
        order.options,
    )
    return functools.partial(create_pipeline_orchestrator, request=request)  # `jobs resume` goes on with it


async def _guarded(
    order: Order, *, settings: Settings, watch: Callable[[ProgressEvent], None], factory: Factory
) -> Video:
    orchestrator = factory(order.job_id, None, None, options=order.options, settings=settings, on_progress=watch)
    task = asyncio.ensure_future(_film(order, orchestrator))
    loop = asyncio.get_running_loop()
    with _stopping(lambda: loop.call_soon_threadsafe(task.cancel)) as caught:
        try:
            return await task
        except BaseException as error:
            if caught:  # whatever the work ended with, it ended because of the signal
                raise Interrupted(caught[0], resume_before=getattr(orchestrator, "resume_before", None)) from error
            if isinstance(error, asyncio.CancelledError):
                raise BadappleError("the job was cancelled", hint="`badapple costs` shows what it cost") from error
            raise


async def _film(order: Order, orchestrator: Orchestrator) -> Video:
    photo = str(order.photo) if order.photo is not None else None
    await orchestrator.execute_pipeline(order.product_name, order.style, order.cta_text, photo)
    video = orchestrator.video
    if video is None:
        raise RuntimeError("the pipeline ended without a video")
    return video


@contextlib.contextmanager
def _stopping(cancel: Callable[[], object]) -> Iterator[list[int]]:
    """Call `cancel` on the first signal; yields the list of signals that came.

    Plain handlers, not the loop's: the second signal must work even when the loop is stuck.
    """
    caught: list[int] = []

    def handle(number: int, _frame: object) -> None:
        if caught:
            _end_now(number)
        caught.append(number)
        tell("Stopping ... (once more to end at once)")
        cancel()

    if threading.current_thread() is not threading.main_thread():  # only the main thread may have handlers
        yield caught
        return
    # What is ignored stays ignored: nohup and background jobs rely on it.
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    mine = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, handle)
    try:
        yield caught
    finally:
        for number in mine:
            signal.signal(number, before[number])


def _end_now(number: int) -> None:
    """End this process and its children without any cleaning up."""
    end_children()
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr.isatty():
            os.write(2, b"\x1b[?25h\n")  # the live display hid the cursor
    os._exit(128 + number)
