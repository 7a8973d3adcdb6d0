"""The story of one video, told whole and with every kind of bad ending."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from badapple.config import Settings, read_settings
from badapple.database import Event, Job, Receipt, Stage, open_database
from badapple.errors import (
    JobTakenOverError,
    JobTimeoutError,
    PermanentProviderError,
    PhotoError,
    TransientProviderError,
    UnknownStyleError,
)
from badapple.media import ffmpeg as tools
from badapple.models import DRAFT, MakeOptions, ProgressEvent
from badapple.pipeline.orchestrator import (
    PipelineOrchestrationError,
    PipelineOrchestrator,
    create_pipeline_orchestrator,
)
from badapple.providers import resolve
from badapple.testing import Breaking, quick_providers

Make = Callable[..., PipelineOrchestrator]
STAGES = ["script_gen", "voice_gen", "video_gen", "cta_gen", "compositing"]


def settings_in(root: Path) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(root / "data"), "BADAPPLE_CACHE_DIR": str(root / "cache")})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def bottle(folder: Path) -> Path:
    """Return a picture of a bottle on a plain ground."""
    picture = Image.new("RGB", (900, 1200), (236, 233, 228))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((300, 350, 600, 1050), 60, fill=(170, 90, 30))
    draw.rectangle((390, 200, 510, 350), fill=(30, 25, 20))
    draw.rectangle((340, 600, 560, 800), fill=(245, 240, 230))
    path = folder / "bottle.jpg"
    picture.save(path, quality=92)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return bottle(tmp_path)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a house that has made one draft; nobody changes them."""
    root = tmp_path_factory.mktemp("warm")
    options = MakeOptions(canvas=DRAFT, output=root / "out" / "ad.mp4")
    job = create_pipeline_orchestrator(
        "warm", options=options, settings=settings_in(root), providers=quick_providers()
    )  # fmt: skip
    asyncio.run(job.execute_pipeline("Solenne", "luxury", "Buy", str(bottle(root))))
    return root


@pytest.fixture
def before(warm: Path, tmp_path: Path) -> None:
    """This house has made Solenne's draft before."""
    for name in ("data", "cache"):
        shutil.copytree(warm / name, tmp_path / name)


@pytest.fixture
def make(settings: Settings, tmp_path: Path) -> Make:
    """Build quick drafts."""

    def build(job: str = "job", session: Session | None = None, **kwargs: object) -> PipelineOrchestrator:
        breaking = {name: kwargs.pop(name) for name in ("voice", "scenes", "painter", "music") if name in kwargs}
        options = replace(MakeOptions(canvas=DRAFT, output=tmp_path / "out" / "ad.mp4"), **kwargs.pop("options", {}))  # type: ignore[arg-type]
        providers = kwargs.pop("providers", None) or quick_providers(**breaking)  # type: ignore[arg-type]
        return create_pipeline_orchestrator(
            job, kwargs.pop("redis", None), session, options=options, settings=settings, providers=providers, **kwargs  # type: ignore[arg-type]
        )  # fmt: skip

    return build


def receipts(settings: Settings) -> dict[str, int]:
    """Return label -> how often it was made."""
    with Session(open_database(settings.database_url)) as session:
        counts: dict[str, int] = {}
        for row in session.scalars(select(Receipt)):
            counts[row.label or row.kind] = counts.get(row.label or row.kind, 0) + row.made
        return counts


def size(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as image:
        return image.size


class TestPipelineOrchestrator:
    """What a caller of `create_pipeline_orchestrator` can rely on."""

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    async def test_full_pipeline_execution(self, settings: Settings, photo: Path) -> None:
        """The default makers, no key, no network, full size: a real video, judged by another reader than ours."""
        seen: list[ProgressEvent] = []
        orchestrator = create_pipeline_orchestrator("full", None, None, settings=settings, on_progress=seen.append)
        path = Path(await orchestrator.execute_pipeline("Premium Watch", "luxury", "Shop Now", str(photo)))
        with av.open(str(path)) as video:
            picture, sound = video.streams.video[0], video.streams.audio[0]
            assert (picture.width, picture.height, picture.format.name) == (1080, 1920, "yuv420p")
            assert picture.average_rate == Fraction(30)
            assert (sound.sample_rate, sound.codec.name) == (48_000, "aac")
            stamps = [frame.pts or 0 for frame in video.decode(picture)]
        assert len(stamps) == 900
        assert len({after - before for before, after in itertools.pairwise(stamps)}) == 1
        measured = json.loads(path.with_name(f"{path.stem}.qa.json").read_text())
        assert measured["verdict"]["hard"] == []
        assert measured["verdict"]["soft"] == []
        assert seen[0].message == "Analyzing product image..."
        assert (seen[-1].stage, seen[-1].progress) == ("completed", 100)
        with Session(open_database(settings.database_url)) as session:
            job = session.get_one(Job, "full")
            assert (job.status, job.video_url, job.cost) == ("completed", str(path), 0)
            assert [
                (row.stage_name, row.status, row.progress) for row in session.scalars(select(Stage).order_by(Stage.id))
            ] == [(name, "completed", 100) for name in STAGES]

    async def test_files_beside_the_video_tell_the_truth(self, make: Make, photo: Path) -> None:
        orchestrator = make()
        path = Path(await orchestrator.execute_pipeline("Solenne", "minimal", "Try It", str(photo)))
        video = orchestrator.video
        assert video is not None
        manifest = json.loads(video.manifest.read_text())
        assert {part["part"]: part["maker"] for part in manifest["parts"]}["voice 2"] == "testing"
        assert manifest["cta"] == "Try It"
        assert manifest["cost_usd"] == 0
        assert "Try" in video.srt.read_text()
        assert video.vtt.read_text().startswith("WEBVTT")
        assert size(video.poster) == (270, 480)
        assert path.is_absolute()
        assert video.size == path.stat().st_size
        assert set(video.stage_seconds) == set(STAGES)

    @pytest.mark.usefixtures("before")
    async def test_running_again_makes_nothing(self, make: Make, photo: Path, settings: Settings) -> None:
        made = receipts(settings)
        again = make("two")
        await again.execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert receipts(settings) == made
        assert again.video is not None
        assert again.video.made == 0

    @pytest.mark.usefixtures("before")
    async def test_another_cta_makes_only_what_depends_on_it(self, make: Make, photo: Path, settings: Settings) -> None:
        made = receipts(settings)
        await make("two").execute_pipeline("Solenne", "luxury", "Get yours", str(photo))
        changed = {label for label, count in receipts(settings).items() if count != made.get(label)}
        assert changed <= {
            "script",
            "voice 4",
            "end card",
            "scene 4",
            "seam 4",
            "end scene",
            "soundtrack",
            "film",
            "measuring",
        }
        assert {"voice 4", "end card", "end scene", "film"} <= changed

    @pytest.mark.long
    async def test_fresh_makes_everything_anew(self, make: Make, photo: Path, settings: Settings) -> None:
        await make("one").execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        await make("two", options={"fresh": True}).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert set(receipts(settings).values()) <= {2, 1}
        assert receipts(settings)["film"] == 2

    @pytest.mark.long
    async def test_assets_are_left_under_plain_names(self, make: Make, photo: Path, tmp_path: Path) -> None:
        await make(options={"assets_dir": tmp_path / "parts"}).execute_pipeline("Solenne", "bold", "Buy", str(photo))
        expected = {f"voice_{n}.mp3" for n in range(1, 5)} | {f"scene_{n}.mp4" for n in range(1, 5)} | {"cta.png"}
        assert {path.name for path in (tmp_path / "parts").iterdir()} == expected
        assert size(tmp_path / "parts" / "cta.png") == (1080, 1920)
        with av.open(str(tmp_path / "parts" / "voice_1.mp3")) as voice:
            assert (voice.streams.audio[0].sample_rate, voice.streams.audio[0].codec.name) == (44_100, "mp3float")

    @pytest.mark.usefixtures("before")
    async def test_a_segment_cut_short_before_composition_is_made_again(
        self, make: Make, photo: Path, settings: Settings
    ) -> None:
        with Session(open_database(settings.database_url)) as session, session.begin():
            row = session.scalars(select(Receipt).where(Receipt.label == "scene 2")).one()
            blob = row.files["segment"]
            for film in session.scalars(select(Receipt).where(Receipt.kind == "film")):
                session.delete(film)
        path = settings.cache_dir / "blobs" / blob["sha256"][:2] / f"{blob['sha256']}.mp4"
        path.write_bytes(path.read_bytes()[:-500])
        video = Path(await make("two").execute_pipeline("Solenne", "luxury", "Buy", str(photo)))
        assert receipts(settings)["scene 2"] == 2
        with av.open(str(video)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 900

    async def test_without_a_photo_words_carry_the_film(self, make: Make) -> None:
        seen: list[ProgressEvent] = []
        orchestrator = make(on_progress=seen.append)
        assert Path(await orchestrator.execute_pipeline("Solenne", "tech", "")).is_file()
        assert seen[0].message == "Writing the script..."

    @pytest.mark.long
    async def test_music_off_and_music_of_ones_own(
        self, make: Make, photo: Path, tmp_path: Path, settings: Settings
    ) -> None:
        await make("off", options={"music": "off"}).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert "music" not in receipts(settings)
        tune = tmp_path / "tune.ogg"
        source = ("-f", "lavfi", "-i", "sine=frequency=330:duration=5")
        subprocess.run([tools.locate(), "-v", "error", *source, "-c:a", "libvorbis", tune], check=True)
        await make("own", options={"music": str(tune)}).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert receipts(settings)["track"] == 1


class TestBadEndings:
    """Each named cause ends in the one error, with rows and messages that say so."""

    @pytest.mark.parametrize(
        ("part", "stage"), [("voice", "voice_gen"), ("scenes", "video_gen"), ("painter", "cta_gen")]
    )
    async def test_a_failing_maker_ends_the_job(
        self, make: Make, photo: Path, settings: Settings, *, part: str, stage: str
    ) -> None:
        error = PermanentProviderError("quota used up", provider="x", hint="buy more")
        with pytest.raises(PipelineOrchestrationError, match=r"^Asset generation failed: quota used up") as caught:
            await make(**{part: Breaking(error=error)}).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert (caught.value.stage, caught.value.cause, caught.value.retryable, caught.value.hint) == (
            stage,
            error,
            False,
            "buy more",
        )
        with Session(open_database(settings.database_url)) as session:
            job = session.get_one(Job, "job")
            assert (job.status, job.error_message) == ("failed", str(caught.value))
            status = {row.stage_name: row.status for row in session.scalars(select(Stage))}
            last = session.scalars(select(Event).order_by(Event.seq.desc())).first()
        assert status[stage] == "failed"
        assert status["script_gen"] == "completed"
        assert "processing" not in status.values()
        assert last is not None
        assert last.stage == "error"

    async def test_a_transient_failure_may_be_retried_and_goes_on(
        self, make: Make, photo: Path, settings: Settings
    ) -> None:
        busy = Breaking(error=TransientProviderError("busy", provider="x"), on=frozenset({2}), delay=0.3)
        with pytest.raises(PipelineOrchestrationError) as caught:
            await make("one", voice=busy).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        assert caught.value.retryable
        before = receipts(settings)
        await make("one").execute_pipeline("Solenne", "luxury", "Buy", str(photo))
        after = receipts(settings)
        assert {label: count for label, count in before.items() if count} == {
            label: after[label] for label, count in before.items() if count
        }

    @pytest.mark.usefixtures("before")
    async def test_composition_that_fails_says_so(self, make: Make, photo: Path, tmp_path: Path) -> None:
        (tmp_path / "noise.mp3").write_bytes(b"this is no music")
        with pytest.raises(PipelineOrchestrationError, match=r"^Video composition failed: ") as caught:
            await make(options={"music": str(tmp_path / "noise.mp3")}).execute_pipeline(
                "Solenne", "luxury", "Buy", str(photo)
            )
        assert caught.value.stage == "compositing"

    async def test_a_missing_photo_and_an_unknown_style_fail_in_the_first_phase(
        self, make: Make, tmp_path: Path
    ) -> None:
        with pytest.raises(PipelineOrchestrationError, match=r"^Script generation failed: ") as caught:
            await make().execute_pipeline("Solenne", "luxury", "Buy", str(tmp_path / "none.jpg"))
        assert isinstance(caught.value.cause, PhotoError)
        with pytest.raises(PipelineOrchestrationError, match="luxury, minimal, playful, tech") as caught:
            await make().execute_pipeline("Solenne", "baroque", "Buy")
        assert isinstance(caught.value.cause, UnknownStyleError)
        assert caught.value.stage == "script_gen"

    async def test_a_damaged_photo_is_named_as_the_caller_named_it(self, make: Make, photo: Path) -> None:
        photo.write_bytes(photo.read_bytes()[:2000])
        with pytest.raises(PipelineOrchestrationError, match=r"bottle\.jpg"):
            await make().execute_pipeline("Solenne", "luxury", "Buy", str(photo))

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101, "tab\tulator", "\x00"])
    async def test_names_no_frame_can_hold_are_refused(self, make: Make, name: str) -> None:
        with pytest.raises(PipelineOrchestrationError, match="Script generation failed"):
            await make().execute_pipeline(name, "luxury", "Buy")

    async def test_cancelling_leaves_a_clean_house(
        self, make: Make, photo: Path, settings: Settings, tmp_path: Path
    ) -> None:
        orchestrator = make(voice=Breaking(delay=30))
        task = asyncio.create_task(orchestrator.execute_pipeline("Solenne", "luxury", "Buy", str(photo)))
        while "script" not in receipts(settings):
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with Session(open_database(settings.database_url)) as session:
            assert session.get_one(Job, "job").status == "cancelled"
            assert "processing" not in {row.status for row in session.scalars(select(Stage))}
            last = session.scalars(select(Event).order_by(Event.seq.desc())).first()
            assert last is not None
            assert last.stage == "cancelled"
        assert not list((settings.cache_dir / "tmp").iterdir())
        assert not (tmp_path / "out").exists()

    @pytest.mark.usefixtures("before")
    async def test_the_result_survives_cleaning_twice(self, make: Make, photo: Path) -> None:
        orchestrator = make("../../odd id")
        path = Path(await orchestrator.execute_pipeline("Solenne", "luxury", "Buy", str(photo)))
        await orchestrator.cleanup()
        await orchestrator._cleanup_temporary_files()
        assert orchestrator.job_id == "../../odd id"
        assert path.is_file()


class TestSessions:
    """The caller's own session."""

    @pytest.mark.usefixtures("before")
    async def test_the_callers_session_sees_the_truth_afterwards(self, make: Make, photo: Path, tmp_path: Path) -> None:
        shutil.copy(tmp_path / "data" / "badapple.db", tmp_path / "callers.db")
        engine = open_database(f"sqlite:///{tmp_path / 'callers.db'}")
        with Session(engine) as session:
            session.add(Job(id="mine", status="pending", product_name="a", style="luxury", cta_text="b"))
            session.flush()  # an open write transaction, which must not lock the pipeline out
            await make("mine", session).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
            job = session.get_one(Job, "mine")
            assert (job.status, job.product_name) == ("completed", "Solenne")

    @pytest.mark.usefixtures("before")
    async def test_a_database_in_memory_works(self, make: Make, photo: Path, tmp_path: Path) -> None:
        with Session(create_engine("sqlite://")) as session:
            with closing(sqlite3.connect(tmp_path / "data" / "badapple.db")) as file:
                held = session.connection().connection.driver_connection
                assert held is not None
                file.backup(held)
            session.commit()
            await make("memory", session).execute_pipeline("Solenne", "luxury", "Buy", str(photo))
            assert session.get_one(Job, "memory").status == "completed"

    def test_the_real_makers_are_the_default(self, settings: Settings) -> None:
        makers = resolve(settings, ffmpeg=tools.locate())
        assert {makers.script.maker.name, makers.voice.maker.name, makers.scenes.maker.name} == {"offline"}
        assert shutil.which("ffmpeg") is None or makers is not None


class TestTimeAndTakeover:
    """What ends a run from outside."""

    async def test_a_job_that_works_for_too_long_fails_and_keeps_what_is_finished(
        self, make: Make, settings: Settings, tmp_path: Path
    ) -> None:
        slow = quick_providers(scenes=Breaking(on=frozenset(), delay=60))
        orchestrator = create_pipeline_orchestrator(
            "slow", options=MakeOptions(canvas=DRAFT, output=tmp_path / "ad.mp4"),
            settings=replace(settings, job_timeout=3.0), providers=slow,
        )  # fmt: skip
        with pytest.raises(PipelineOrchestrationError) as caught:
            await orchestrator.execute_pipeline("Watch", "luxury", "Shop Now")
        error = caught.value
        assert str(error) == "Asset generation failed: the job worked for more than 3 s"
        assert isinstance(error.cause, JobTimeoutError)
        assert (error.stage, error.retryable) == ("video_gen", True)
        assert "JOB_TIMEOUT" in error.hint
        with Session(open_database(settings.database_url)) as session:
            job = session.get_one(Job, "slow")
            assert (job.status, job.failure and job.failure["cause"]["type"]) == ("failed", "JobTimeoutError")
            rows = {row.stage_name: row.status for row in session.scalars(select(Stage))}
            assert (rows["script_gen"], rows["video_gen"]) == ("completed", "failed")
        assert "processing" not in rows.values()
        path = await make("slow").execute_pipeline("Watch", "luxury", "Shop Now")
        assert Path(path).is_file()
        assert receipts(settings)["voice 1"] == 1

    async def test_earlier_runs_of_an_attempt_count_for_its_time(self, settings: Settings, tmp_path: Path) -> None:
        engine = open_database(settings.database_url)
        with Session(engine) as session, session.begin():
            session.add(
                Job(id="j", product_name="Watch", style="luxury", status="processing", attempt=1, worked=7199.9)
            )
        slow = quick_providers(scenes=Breaking(on=frozenset(), delay=60))
        orchestrator = create_pipeline_orchestrator(
            "j", options=MakeOptions(canvas=DRAFT, output=tmp_path / "ad.mp4"), settings=settings, providers=slow,
            attempt=1,
        )  # fmt: skip
        with pytest.raises(PipelineOrchestrationError, match="worked for more than 7200 s"):
            await asyncio.wait_for(orchestrator.execute_pipeline("Watch", "luxury", "Shop Now"), 20)

    async def test_a_run_that_another_took_over_ends_and_writes_nothing(self, make: Make, settings: Settings) -> None:
        stale = make("j", scenes=Breaking(on=frozenset(), delay=1.5))
        running = asyncio.create_task(stale.execute_pipeline("Watch", "luxury", "Shop Now"))
        engine = open_database(settings.database_url)

        def at_work() -> bool:
            with Session(engine) as session:
                return session.scalar(select(Event.seq).where(Event.stage == "video_gen").limit(1)) is not None

        while not at_work():
            await asyncio.sleep(0.02)
        path = await make("j").execute_pipeline("Watch", "luxury", "Shop Now")
        with pytest.raises(JobTakenOverError):
            await running
        with Session(engine) as session:
            job = session.get_one(Job, "j")
            assert (job.status, job.video_url, job.attempt) == ("completed", path, 2)
            ends = session.scalars(
                select(Event.stage).where(Event.stage.in_(("completed", "error", "cancelled")))
            ).all()
        assert ends == ["completed"]
