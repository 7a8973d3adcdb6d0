"""The story of one video."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.assets import LocalRunner, recipes
from badapple.cache import Cache
from badapple.config import Settings, get_settings
from badapple.database import open_database, upgrade
from badapple.errors import DiskError, PipelineOrchestrationError, TransientProviderError
from badapple.journal import Journal
from badapple.media import ffmpeg as tools
from badapple.models import Brief, JobStatus, MakeOptions, StageName
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
from badapple.providers import Providers, guesser, resolve
from badapple.providers.choice import agreed, choose
from badapple.providers.purchasing import open_purchasing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.models import ProgressEvent, Video
    from badapple.ports import AssetRunner

__all__ = ["PipelineOrchestrationError", "PipelineOrchestrator", "create_pipeline_orchestrator"]

_log = logging.getLogger("badapple.pipeline")


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
        """
        async with self._job(self._brief(product_name, style, cta_text, photo=product_image_path)) as brief:
            async with self._failing("Script generation failed"):
                plan = await self.script_generator.generate(brief, self._bench.options)
            async with self.video_composer.film(plan) as film:
                async with self._failing("Asset generation failed"):
                    await film.add_all(
                        self.voiceover_generator.choices(plan),
                        self.video_generator.shots(plan),
                        self.cta_generator.choices(plan),
                    )
                async with self._failing("Video composition failed"):
                    video = await film.finish()
        spent = await self._bench.spent()
        self.video = replace(
            video,
            stage_seconds=self._progress.seconds,
            cost=spent.charged,
            warnings=(*video.warnings, *undecided(spent)),
        )
        return str(video.path)

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
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def _job(self, brief: Brief) -> AsyncIterator[Brief]:
        """Write the job's rows around the story, tell watchers how it ended, clean up."""
        call, session, begun = self._bench.call, self._bench.session, time.monotonic()
        if session is not None:
            session.commit()  # an open transaction of the caller's would lock SQLite against ourselves
        options = {"canvas": self._bench.options.canvas.width, "hosted": self.purchasing is not None}
        await call(self._rows.begin, brief, options)
        self._progress.expected = await call(self._rows.typical_seconds, options)
        _log.info("pipeline_execution_started", extra={"job_id": self.job_id, "style": brief.style})
        try:
            async with self._bench.buying():
                try:
                    yield brief
                    await self._bench.settle()  # parts that others stood in for may still be on their way
                except asyncio.CancelledError:
                    self.resume_before = await self._bench.pause()
                    raise
        except asyncio.CancelledError:
            await self._end(JobStatus.CANCELLED, "cancelled", "Stopped; finished parts are kept")
            raise
        except PipelineOrchestrationError as error:
            _log.info("pipeline_failed", extra={"job_id": self.job_id, "stage": error.stage, "error": str(error)})
            await self._end(JobStatus.FAILED, "error", str(error), error=str(error))
            raise
        else:
            seconds, made = (
                round(time.monotonic() - begun, 1),
                sum(not part.reused for part in self._assets.parts.values()),
            )
            await call(self._rows.remember, seconds=seconds, made=made)
            await self._end(JobStatus.COMPLETED, "completed", "The video is ready", video_url=self._bench.delivered())
            await self._assets.trim()
        finally:
            await self.cleanup()
            if session is not None:
                session.expire_all()

    async def _end(
        self, status: JobStatus, word: str, message: str, *, video_url: str | None = None, error: str | None = None
    ) -> None:
        await self._progress.rest()
        spent = await self._bench.spent()
        await self._bench.call(self._rows.end, status, video_url=video_url, error=error, cost=spent.charged)
        await self._progress.end(word, message)

    @contextlib.asynccontextmanager
    async def _failing(self, words: str) -> AsyncIterator[None]:
        """Turn any error of a phase into the one that leaves the pipeline, once what is paid for is collected."""
        try:
            yield
        except Exception as error:
            if self._bench.awaits_goods:
                await self._progress.note(StageName.VIDEO_GEN, "Collecting what is paid for already...")
            spent = await self._bench.settle()
            raise PipelineOrchestrationError(
                f"{words}: {str(error) or type(error).__name__}{told(spent)}",
                stage=self._progress.failed,
                cause=error,
                retryable=isinstance(error, TransientProviderError | DiskError),
                charged=spent.charged,
                possibly_charged=spent.possibly_charged,
            ) from error


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

    Raises:
        ConfigError: a setting makes no sense, or ffmpeg lacks something.
    """
    settings, options = settings or get_settings(), options or MakeOptions()
    ffmpeg = tools.locate(settings.ffmpeg)
    engine, threaded = _database(db_session, settings)
    cache = Cache(settings.cache_dir, max_bytes=settings.cache_bytes)
    purchasing = None
    if providers is None:
        choice = choose(
            options.makers, settings, agreed=agreed(options.makers, settings), own_script=bool(options.script)
        )
        if choice.vendors:
            purchasing = open_purchasing(
                engine, cache, settings, job=job_id, max_cost=options.makers.max_cost, threaded=threaded
            )
        providers = resolve(settings, ffmpeg=ffmpeg, script_file=options.script, choice=choice, purchasing=purchasing)
    if runner is None:
        book = recipes(providers, settings, ffmpeg=ffmpeg)
        runner = LocalRunner(
            Journal(engine, cache),
            cache,
            recipes=book,
            workers=settings.workers,
            fresh=options.fresh,
            threaded=threaded,
        )
    rows = JobRows(engine, job_id)
    progress = Progress(job_id, rows, redis_client=redis_client, on_progress=on_progress, threaded=threaded)
    assets = AssetManager(job_id, runner, progress, temp_root=settings.data_dir / "tmp")
    delivery = Delivery(assets, job_id=job_id, options=options, folder=settings.data_dir / "videos")
    bench = Bench(
        job_id=job_id, rows=rows, progress=progress, assets=assets, options=options, delivery=delivery,
        session=db_session, engine=engine, threaded=threaded, purchasing=purchasing,
    )  # fmt: skip
    return _wired(bench, providers, settings)


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


def _database(session: Session | None, settings: Settings) -> tuple[Engine, bool]:
    """Return the engine to use, and whether it may be used from other threads."""
    if session is None:
        return open_database(settings.database_url), True
    engine = session.get_bind().engine
    in_memory = engine.dialect.name == "sqlite" and engine.url.database in (None, "", ":memory:")
    session.commit()
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    return engine, not in_memory
