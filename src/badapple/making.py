"""The door for Python programs: one call makes an ad in this process."""

from __future__ import annotations

import asyncio
import threading
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.errors import InputError
from badapple.models import DRAFT, FULL, Brief, MakeOptions, Makers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from decimal import Decimal
    from os import PathLike

    from badapple.config import Settings
    from badapple.models import ProgressEvent, Video

__all__ = ["make", "make_async"]


def make(
    photo: str | PathLike[str] | None = None,
    *,
    name: str,
    style: str = "minimal",
    cta: str = "",
    output: str | PathLike[str] | None = None,
    max_cost: float | str | Decimal | None = None,
    on_progress: Callable[[ProgressEvent], None] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Video:
    """Make an ad and return it; the same call again is instant, and goes on where it was stopped.

    It may be called where an event loop runs already, as in a notebook; it then works in a thread of its own and blocks
    the caller all the same. `make_async` does not block.

    Args:
        photo: the product photo (JPEG, PNG, WebP or HEIC), or None for a film of words.
        name: the product, 1 to 100 characters.
        style: name of a style.
        cta: call to action, word for word; empty lets the script writer choose.
        output: where the MP4 goes; None puts it into the data folder.
        max_cost: dollars that vendors may charge for it at most; None buys nothing unless `BADAPPLE_MAX_COST` is set.
        on_progress: called with each event.
        settings: where things lie; None reads the environment.
        options: further fields of `badapple.models.MakeOptions` (`facts`, `captions`, `music`, `language`, `seed`, ...)
            and of `badapple.models.Makers` (`provider`, `quality`, `script_by`, `voice_by`, `video_by`, `cta_by`, ...);
            `draft=True` makes a small one quickly.

    Returns:
        The video: `path`, `cost` in micro-dollars, `manifest`, `poster`, captions.

    Raises:
        InputError: the name, the photo or an option cannot be used.
        BudgetError: the cap does not suffice; says what was spent.
        PipelineOrchestrationError: a part failed for good; says which, why, and what was charged.
    """
    work = make_async(
        photo, name=name, style=style, cta=cta, output=output, max_cost=max_cost, on_progress=on_progress,
        settings=settings, **options,
    )  # fmt: skip
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _aside(work)


async def make_async(
    photo: str | PathLike[str] | None = None,
    *,
    name: str,
    style: str = "minimal",
    cta: str = "",
    output: str | PathLike[str] | None = None,
    max_cost: float | str | Decimal | None = None,
    on_progress: Callable[[ProgressEvent], None] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Video:
    """Make an ad and return it; cancelling the task stops it, and finished parts are kept. See `make`."""
    from badapple import process  # noqa: PLC0415 - `import badapple` shall stay quick
    from badapple.config import get_settings  # noqa: PLC0415 - as above
    from badapple.jobs.brand import check  # noqa: PLC0415 - as above
    from badapple.jobs.orders import of_local  # noqa: PLC0415 - as above
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415 - as above

    process.settle()
    wanted = _options(output, max_cost, options)
    if wanted.brand is not None:  # a colour that is none must not be found out when parts are paid for
        wanted = replace(wanted, brand=check(wanted.brand))
    place = Path(photo) if photo is not None else None
    cta = cta or (wanted.brand.cta_text if wanted.brand is not None else "")
    brief = Brief(product_name=name, style=style, cta_text=cta, photo=place)
    orchestrator = create_pipeline_orchestrator(
        uuid.uuid4().hex, None, None, options=wanted, settings=settings or get_settings(), on_progress=on_progress,
        request=of_local(brief, wanted),
    )  # fmt: skip
    await orchestrator.execute_pipeline(name, style, cta, place)
    video = orchestrator.video
    assert video is not None  # noqa: S101 - it returned
    return video


def _options(
    output: str | PathLike[str] | None, max_cost: float | str | Decimal | None, more: dict[str, Any]
) -> MakeOptions:
    draft = more.pop("draft", False)
    makers = {name: more.pop(name) for name in Makers.__dataclass_fields__ if name in more}
    unknown = sorted(more.keys() - MakeOptions.__dataclass_fields__.keys())
    if unknown:
        known = sorted(
            {"draft", *Makers.__dataclass_fields__, *MakeOptions.__dataclass_fields__} - {"makers", "canvas"}
        )
        raise InputError(f"make() knows no option {unknown[0]!r}", hint=f"there are {', '.join(known)}")
    for name in ("script", "assets_dir", "logo"):
        if more.get(name) is not None:
            more[name] = Path(more[name])
    if isinstance(more.get("facts"), str):
        more["facts"] = (more["facts"],)
    if "facts" in more:
        facts: Sequence[str] = more["facts"]
        more["facts"] = tuple(facts)
    return replace(
        MakeOptions(**more),
        canvas=DRAFT if draft else FULL,
        output=Path(output) if output is not None else None,
        makers=Makers(**makers, max_cost=_micro_dollars(max_cost)),
    )


def _micro_dollars(amount: float | str | Decimal | None) -> int | None:
    from badapple.config import micro_dollars  # noqa: PLC0415 - as above

    return None if amount is None else micro_dollars(str(amount), name="max_cost")


def _aside(work: Coroutine[Any, Any, Video]) -> Video:
    """Run the work in a loop of a thread's own, because this thread has one that runs."""
    found: list[Video] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run, name="badapple-make", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
