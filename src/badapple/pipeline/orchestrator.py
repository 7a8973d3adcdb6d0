"""The story of one video."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple import __version__
from badapple.config import Settings, get_settings
from badapple.database.away import is_away
from badapple.errors import (
    DiskError,
    JobAwaitsError,
    JobTakenOverError,
    JobTimeoutError,
    OutOfMemoryError,
    PipelineOrchestrationError,
    StorageError,
    TransientProviderError,
)
from badapple.models import Brief, JobStatus, MakeOptions, StageName
from badapple.models import failure as failures
from badapple.pipeline.asset_manager import AssetManager
from badapple.pipeline.bench import Bench, told, undecided
from badapple.pipeline.cta_generator import CTAGenerator
from badapple.pipeline.delivery import Delivery
from badapple.pipeline.progress import Progress
from badapple.pipeline.quote import Quote, Quoter
from badapple.pipeline.script_generator import ScriptGenerator
from badapple.pipeline.stages import JobRows
from badapple.pipeline.video_composer import VideoComposer
from badapple.pipeline.video_generator import VideoGenerator
from badapple.pipeline.voiceover_generator import VoiceoverGenerator
from badapple.pipeline.workshop import Workshop, equip, house_of
from badapple.providers import Providers, guesser
from badapple.telemetry import metrics
from badapple.telemetry.context import bound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badapple.models import ProgressEvent, Video
    from badapple.ports import AssetRunner

__all__ = ["PipelineOrchestrationError", "PipelineOrchestrator", "create_pipeline_orchestrator"]

_log = logging.getLogger("badapple.pipeline")
_PASSING = (TransientProviderError, DiskError, StorageError, OutOfMemoryError, JobTimeoutError)  # later it may succeed
_SCRIPT, _PARTS, _FILM = "Script generation failed", "Asset generation failed", "Video composition failed"
_ERROR_TYPES: dict[str, metrics.ErrorType] = {
    _SCRIPT: "script_generation", _PARTS: "asset_generation", _FILM: "video_composition"
}  # fmt: skip


class PipelineOrchestrator:
    """Makes one video; `create_pipeline_orchestrator` wires it.

    Attributes:
        job_id: as the caller gave it.
        video: the finished video and what lies beside it, after `execute_pipeline`.
        purchasing: how the job buys, or None where it buys nothing.
        resume_before: set where the work was stopped while vendors had orders: until when their goods can be fetched.
    """

    def __init__(
        self,
        job: Bench,
        *,
        script_generator: ScriptGenerator,
        voiceover_generator: VoiceoverGenerator,
        video_generator: VideoGenerator,
        cta_generator: CTAGenerator,
        video_composer: VideoComposer,
        quoter: Quoter | None = None,
    ) -> None:
        self.job_id = job.job_id
        self.video: Video | None = None
        self.resume_before: datetime | None = None
        self.script_generator = script_generator
        self.voiceover_generator = voiceover_generator
        self.video_generator = video_generator
        self.cta_generator = cta_generator
        self.video_composer = video_composer
        self.purchasing = job.purchasing
        self._bench = job
        self._quoter = quoter
        self._phase = _SCRIPT
        self._rows, self._progress, self._assets = job.rows, job.progress, job.assets

    async def execute_pipeline(
        self, product_name: str, style: str, cta_text: str, product_image_path: str | Path | None = None
    ) -> str:
        """Make the video and return its absolute path.

        Args:
            product_name: 1 to 100 characters.
            style: name of a style.
            cta_text: used word for word; empty lets the script writer choose.
            product_image_path: the product photo, or None for a film of words.

        Raises:
            PipelineOrchestrationError: a part failed for good; says which, why, and what was charged.
            JobAwaitsError: the script is written, and a person has to approve it first.
        """
        async with self._job(self._brief(product_name, style, cta_text, photo=product_image_path)) as brief:
            async with self._failing(_SCRIPT):
                plan = await self.script_generator.generate(brief, self._bench.options)
            if self._bench.options.approval:
                await self._await_approval()
            async with self.video_composer.film(plan) as film:
                async with self._failing(_PARTS):
                    await film.add_all(
                        self.voiceover_generator.choices(plan),
                        self.video_generator.shots(plan),
                        self.cta_generator.choices(plan),
                    )
                async with self._failing(_FILM):
                    video = await film.finish()
        spent = await self._bench.spent()
        self.video = replace(
            video,
            stage_seconds=self._progress.seconds,
            cost=spent.charged,
            warnings=(*video.warnings, *undecided(spent)),
        )
        return video.url

    async def quote(
        self, product_name: str, style: str, cta_text: str, product_image_path: str | Path | None = None
    ) -> Quote:
        """Return what the same `execute_pipeline` would buy, and for how much; nothing is bought or sent.

        Raises:
            InputError: the name, the photo or another input cannot be used.
        """
        quoter, brief = self._quoter, self._brief(product_name, style, cta_text, photo=product_image_path)
        if quoter is None:
            return Quote(lines=())
        with self._progress.silent():
            return await quoter.quote(brief, self._bench.options)

    async def tell(self, message: str) -> None:
        """Tell watchers something that is no part's progress."""
        stage = next(iter(self._progress.under_way), StageName.SCRIPT_GEN)
        await self._progress.note(stage, message)

    async def cleanup(self) -> None:
        """Remove the job's temporary files, never the result; may run twice."""
        await self._assets.cleanup()

    async def _cleanup_temporary_files(self) -> None:
        await self.cleanup()

    def _brief(self, product_name: str, style: str, cta_text: str, *, photo: str | Path | None) -> Brief:
        options = self._bench.options
        return Brief(
            product_name=product_name, style=style, cta_text=cta_text,
            photo=Path(photo) if photo is not None else None,
            facts=options.facts, language=options.language, seed=options.seed, say=options.say,
            forbidden=options.brand.forbidden if options.brand is not None else (),
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def _job(self, brief: Brief) -> AsyncIterator[Brief]:
        """Write the job's rows around the story, tell watchers how it ended, clean up."""
        session = self._bench.session
        if session is not None:
            session.commit()  # an open transaction of the caller's would lock SQLite against ourselves
        with bound(job_id=self.job_id):
            left = await self._begin(brief)
            try:
                async with self._in_time(left):
                    yield brief
                    await self._bench.settle()  # parts that others stood in for may still be on their way
            except asyncio.CancelledError:
                if not self._begins_again():
                    await self._stopped()
                raise
            except PipelineOrchestrationError as error:
                await self._failed(error)
                raise
            else:
                await self._completed()
            finally:
                if self._progress.lost:
                    await self._bench.withdraw()
                await self.cleanup()
                if session is not None:
                    session.expire_all()

    @contextlib.asynccontextmanager
    async def _in_time(self, seconds: float) -> AsyncIterator[None]:
        """Keep the lines to vendors open around the work, which may take so many seconds."""
        async with self._bench.buying():
            try:
                async with asyncio.timeout(seconds) as limit:
                    yield
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise await self._too_long() from error
            except asyncio.CancelledError:
                self.resume_before = await self._bench.pause()
                raise

    async def _begin(self, brief: Brief) -> float:
        """Write that the job begins, or goes on; returns the seconds it may still work."""
        call, bench = self._bench.call, self._bench
        options = {"canvas": bench.options.canvas.width, "hosted": self.purchasing is not None}
        kept = {**options, "version": __version__}
        begun = await call(self._rows.begin, brief, kept, attempt=bench.attempt, request=bench.request)
        self._progress.go_on(begun)
        self._progress.expected = await call(self._rows.typical_seconds, options)
        _log.info("pipeline_execution_started", extra={"style": brief.style, "again": begun.again})
        return max(1.0, bench.timeout - begun.worked)

    async def _await_approval(self) -> None:
        """Stop here, for as long as people take; a run that begins after their word goes on.

        Raises:
            JobAwaitsError: always.
        """
        spent = await self._bench.settle()
        write = functools.partial(self._rows.wait, cost=spent.charged, facts=self._kept())
        await self._progress.wait("The script is ready: approve it, or change it", write)
        _log.info("job_awaits_approval")
        raise JobAwaitsError(self.job_id, "approval")

    def _kept(self) -> dict[str, Any]:
        """Return what the row keeps: parts, to remove them with it, and what edits of the job have to know."""
        return {
            "parts": sorted({part.key for part in self._assets.parts.values()}),
            "offer": list(self.script_generator.offer.lengths),
            "stood_in": sorted({part.part for part in self._assets.stood_in}),
        }

    async def _completed(self) -> None:
        seconds = round(self._progress.worked, 1)
        made = sum(not part.reused for part in self._assets.parts.values())
        told = {"seconds": seconds, "made": made}
        where = self._bench.delivered()
        await self._end(JobStatus.COMPLETED, "completed", "The video is ready", video_url=where, facts=told)
        _log.info("pipeline_completed", extra={"seconds": seconds, "parts_made": made})
        await self._assets.trim()

    async def _failed(self, error: PipelineOrchestrationError) -> None:
        _log.error("pipeline_failed", extra={"stage": error.stage, "error": str(error), "charged": error.charged})
        facts = {
            "stage": error.stage, "retryable": error.retryable, "charged": error.charged, "hint": error.hint,
            "possibly_charged": error.possibly_charged, "cause": failures.dump(error.cause or error),
        }  # fmt: skip
        await self._end(JobStatus.FAILED, "error", str(error), error=str(error), failure=facts)
        if isinstance(error.cause, JobTimeoutError):
            metrics.job_timed_out()

    def _begins_again(self) -> bool:
        """Say whether the run ended without anybody's cancelling it: the till of its process sends nothing now."""
        task = asyncio.current_task()
        cancelled = task is not None and task.cancelling() > 0
        return self._bench.attempt is not None and not cancelled and not self._progress.lost

    async def _stopped(self) -> None:
        """Say that the run was stopped.

        Raises:
            JobTakenOverError: because another run has begun.
        """
        if not self._progress.lost:
            await self._end(JobStatus.CANCELLED, "cancelled", "Stopped; finished parts are kept")
        elif not await self._bench.call(self._rows.cancelled):
            raise JobTakenOverError(f"another process works on the job {self.job_id} now")

    async def _end(
        self, status: JobStatus, word: str, message: str, *, facts: dict[str, Any] | None = None, **told: Any
    ) -> None:
        await self._progress.rest()
        spent = await self._bench.spent()
        kept = {**(facts or {}), **self._kept()}
        write = functools.partial(self._rows.end, status=status, cost=spent.charged, facts=kept, **told)
        await self._progress.end(word, message, write)
        kind = _ERROR_TYPES[self._phase] if status is JobStatus.FAILED else None
        metrics.pipeline_ended(self.job_id, status.value, self._progress.worked, kind)

    async def _too_long(self) -> PipelineOrchestrationError:
        """Return the error of a job that ran out of time, once what is paid for is collected, where that is soon."""
        cause = JobTimeoutError(self._bench.timeout)
        for stage in self._progress.under_way:
            await self._progress.fail(stage, cause)
        return await self._error(self._phase, cause, patience=60.0)

    @contextlib.asynccontextmanager
    async def _failing(self, words: str) -> AsyncIterator[None]:
        """Turn any error of a phase into the one that leaves the pipeline, once what is paid for is collected."""
        self._phase = words
        try:
            yield
        except Exception as error:
            if self._bench.attempt is not None and (is_away(error) or isinstance(error, DiskError | StorageError)):
                raise  # no fault of the job's: whoever runs it begins it again
            raise await self._error(words, error) from error

    async def _error(
        self, words: str, error: Exception, *, patience: float | None = None
    ) -> PipelineOrchestrationError:
        if self._bench.awaits_goods:
            await self._progress.note(StageName.VIDEO_GEN, "Collecting what is paid for already...")
        spent = await self._bench.settle(failed=True, patience=patience)
        return PipelineOrchestrationError(
            f"{words}: {str(error) or type(error).__name__}{told(spent)}",
            stage=self._progress.failed,
            cause=error,
            retryable=isinstance(error, _PASSING),
            charged=spent.charged,
            possibly_charged=spent.possibly_charged,
        )


def create_pipeline_orchestrator(
    job_id: str,
    redis_client: Any = None,
    db_session: Session | None = None,
    *,
    options: MakeOptions | None = None,
    settings: Settings | None = None,
    on_progress: Callable[[ProgressEvent], None] | None = None,
    providers: Providers | None = None,
    runner: AssetRunner | None = None,
    workshop: Workshop | None = None,
    attempt: int | None = None,
    request: dict[str, Any] | None = None,
) -> PipelineOrchestrator:
    """Wire the pipeline of one job.

    Args:
        job_id: any string; a missing row is created.
        redis_client: publishes progress on `job_progress_updates`; synchronous or asyncio, or None.
        db_session: the caller's session; None means the configured database.
        options: how the video is made.
        settings: where things lie; None reads the environment.
        on_progress: called with each event, in the event loop.
        providers: who makes the parts; None means what the settings resolve to.
        runner: makes assets; None means in this process.
        workshop: what the parts are made with; None equips one from the options and settings.
        attempt: the attempt that this run goes on with; None begins a new one.
        request: the whole order as JSON values, to be kept with the job.

    Raises:
        ConfigError: a setting makes no sense, or ffmpeg lacks something.
    """
    settings, options = settings or get_settings(), options or MakeOptions()
    if workshop is None:
        workshop = equip(job_id, options, settings, house=house_of(db_session, settings), providers=providers)
    house, makers = workshop.house, workshop.providers
    rows = JobRows(house.engine, job_id)
    progress = Progress(job_id, rows, redis_client=redis_client, on_progress=on_progress, threaded=house.threaded)
    assets = AssetManager(job_id, runner or workshop.runner, progress, temp_root=settings.data_dir / "tmp")
    delivery = Delivery(
        assets, job_id=job_id, options=options, folder=settings.data_dir / "videos", storage=house.storage
    )
    bench = Bench(
        job_id=job_id, rows=rows, progress=progress, assets=assets, options=options, delivery=delivery,
        session=db_session, engine=house.engine, threaded=house.threaded, purchasing=workshop.purchasing,
        timeout=settings.job_timeout, attempt=attempt, request=request,
    )  # fmt: skip
    return _wired(bench, makers, settings)


def _wired(bench: Bench, makers: Providers, settings: Settings) -> PipelineOrchestrator:
    """Give every component its makers, and those who stand in for them."""
    assets, progress, spare = bench.assets, bench.progress, makers.stand_in
    script = ScriptGenerator(
        assets, progress, writer=makers.script, stand_in=spare.script if spare else None, offer=makers.scenes.offer,
        style_dirs=settings.style_dirs, font_dirs=settings.font_dirs,
    )  # fmt: skip
    voice = VoiceoverGenerator(makers.voice, stand_in=spare.voice if spare else None)
    video = VideoGenerator(makers.scenes, stand_in=spare.scenes if spare else None)
    cta = CTAGenerator(makers.painter, stand_in=spare.painter if spare else None)
    quoter = None
    if makers.till is not None:
        quoter = Quoter(
            assets=assets, makers=makers, till=makers.till, guess=guesser(makers, settings), script_generator=script,
            voiceover_generator=voice, video_generator=video, cta_generator=cta, hosts=settings.other_hosts,
        )  # fmt: skip
    return PipelineOrchestrator(
        bench, script_generator=script, voiceover_generator=voice, video_generator=video, cta_generator=cta,
        video_composer=VideoComposer(assets, progress, music=makers.music, delivery=bench.delivery), quoter=quoter,
    )  # fmt: skip
