"""`badapple submit`: put a job into the queue of the workers."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from badapple.cli import options as of
from badapple.cli import outcome, summary
from badapple.cli.watch import PlainReport

if TYPE_CHECKING:
    from badapple.cli.order import Order, Words
    from badapple.config import Settings
    from badapple.jobs import JobOrder, Priority
    from badapple.pipeline.quote import Quote

_Priority = Annotated[str, typer.Option("--priority", metavar="low|normal|high", help="Higher ones go first.")]
_JobId = Annotated[str | None, typer.Option("--job-id", metavar="ID", help="The job's id; made for you by default.")]
_Approve = Annotated[bool, typer.Option("--approve-script", help="Stop when the script is written, until you approve.")]
_Follow = Annotated[bool, typer.Option("--follow", help="Show its progress until it ends; Ctrl-C leaves it going.")]
_Json = Annotated[bool, typer.Option("--json", help="The id, and progress with --follow, as JSON lines.")]


def submit(
    photo: of.Photo = None,
    *,
    name: of.Name,
    style: of.Style = "minimal",
    cta: of.Cta = "",
    fact: of.Facts = None,
    script: of.ScriptFile = None,
    brand: of.BrandKit = "kept",
    captions: of.Captions = True,
    seed: of.Seed = 0,
    music: of.Music = "style",
    say: of.Say = None,
    language: of.Language = "en",
    provider: of.Provider = "auto",
    quality: of.Quality = "fast",
    script_by: of.ScriptBy = None,
    voice_by: of.VoiceBy = None,
    video_by: of.VideoBy = None,
    cta_by: of.CtaBy = None,
    script_model: of.ScriptModel = None,
    max_cost: of.MaxCost = None,
    yes: of.Yes = False,
    on_vendor_failure: of.OnFailure = "fail",
    draft: of.Draft = False,
    priority: _Priority = "normal",
    job_id: _JobId = None,
    approve_script: _Approve = False,
    follow: _Follow = False,
    as_json: _Json = False,
    debug: of.Debug = False,  # noqa: ARG001 - the outermost door looks for it
) -> int:
    """Put an ad into the queue, for workers to make; prints the job's id."""
    from badapple.cli.order import WantedMakers, Words  # noqa: PLC0415
    from badapple.config import get_settings  # noqa: PLC0415

    settings = get_settings()
    makers = WantedMakers(
        provider=provider, quality=quality, script_by=script_by, voice_by=voice_by, video_by=video_by, cta_by=cta_by,
        script_model=script_model, max_cost=max_cost, yes=yes, on_failure=on_vendor_failure,
    )  # fmt: skip
    words = Words(
        photo=photo, name=name, style=style, cta=cta, output=str(settings.data_dir / "submitted.mp4"),
        facts=tuple(fact or ()), script=script, music=music, captions=captions, say=say, language=language, seed=seed,
        draft=draft, makers=makers, brand=brand,
    )  # fmt: skip
    queued = _Queued(priority=priority, job_id=job_id, approval=approve_script)
    return _run(words, settings, queued, follow=follow, as_json=as_json)


class _Counter(PlainReport):
    """Tells of the quote, and remembers it."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.asks = not as_json
        self.estimate: int | None = None
        self._as_json = as_json

    def quote(self, quote: Quote) -> None:
        """Write the quote."""
        self.estimate = quote.estimate
        if self._as_json:
            typer.echo(json.dumps({"quote": summary.quote_facts(quote)}))
        else:
            super().quote(quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queued:
    """How a job is queued, unchecked."""

    priority: str
    job_id: str | None
    approval: bool


def _run(words: Words, settings: Settings, queued: _Queued, *, follow: bool, as_json: bool) -> int:
    from badapple import jobs  # noqa: PLC0415
    from badapple.cli import consent, order  # noqa: PLC0415
    from badapple.errors import InputError  # noqa: PLC0415
    from badapple.jobs.queue import PRIORITIES  # noqa: PLC0415

    if queued.priority not in PRIORITIES:
        raise InputError(f"--priority {queued.priority} is not known", hint=f"it is {' or '.join(PRIORITIES)}")
    chosen: Priority = next(name for name in ("low", "normal", "high") if name == queued.priority)
    counter = _Counter(as_json=as_json)
    agreed = consent.agree(
        order.read(words, settings=settings), settings=settings, report=counter, yes=words.makers.yes
    )
    wanted = _order(agreed, quoted=counter.estimate)
    wanted = replace(wanted, options=replace(wanted.options, approval=queued.approval))
    job = jobs.submit(wanted, settings, priority=chosen, job_id=queued.job_id)
    typer.echo(json.dumps({"job_id": job}) if as_json else job)
    sys.stdout.flush()
    return _follow(job, settings, as_json=as_json) if follow else 0


def _order(order: Order, *, quoted: int | None) -> JobOrder:
    from badapple.jobs import JobOrder  # noqa: PLC0415

    return JobOrder(
        product_name=order.product_name, style=order.style, cta_text=order.cta_text, photo=order.photo,
        options=replace(order.options, output=None), agreed=order.options.makers.max_cost is not None, quoted=quoted,
    )  # fmt: skip


def _follow(job: str, settings: Settings, *, as_json: bool) -> int:
    """Show progress until the job ends.

    Raises:
        JobError: it failed, or was cancelled.
    """
    from badapple import jobs  # noqa: PLC0415
    from badapple.cli.jobs import watch  # noqa: PLC0415
    from badapple.errors import JobError  # noqa: PLC0415

    try:
        asyncio.run(watch(job, settings, as_json=as_json, aside=not as_json))
    except KeyboardInterrupt:
        outcome.tell(
            f"The job goes on: `badapple jobs logs {job} --follow` shows it, `badapple jobs cancel {job}` ends it"
        )
        raise
    view = jobs.get(job, settings)
    if view.status != "completed":
        raise JobError(
            view.error_message or f"the job is {view.status}",
            hint=(view.failure or {}).get("hint") or f"`badapple jobs show {job}` tells more",
        )
    typer.echo(json.dumps({"video": view.video_url}) if as_json else view.video_url)
    return 0
