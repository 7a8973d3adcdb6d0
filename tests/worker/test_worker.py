"""Workers as processes of their own: they make jobs, die, end politely, and go on for one another."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from badapple import jobs
from badapple.config import Settings, read_settings
from badapple.database import open_database
from badapple.engine import upgrade_engine
from badapple.models import DRAFT, MakeOptions
from badapple.pipeline.asset_manager import AssetManager

if TYPE_CHECKING:
    from tests.servers import Postgres

    from badapple.jobs import JobView

PROGRAM = Path(__file__).with_name("program.py")


@dataclass
class Site:
    """Some machines with workers, one database, one storage."""

    folder: Path
    url: str
    lease: float = 2.0
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def env(self, machine: str) -> dict[str, str]:
        own = self.folder / machine
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("BADAPPLE_", "DATABASE_"))},
            "BADAPPLE_DATA_DIR": str(own / "data"), "BADAPPLE_CACHE_DIR": str(own / "cache"),
            "BADAPPLE_DATABASE_URL": self.url, "BADAPPLE_STORAGE": str(self.folder / "shared"),
            "LOG_DIR": str(self.folder / "logs"), "BADAPPLE_LEASE": str(self.lease),
        }  # fmt: skip

    @property
    def settings(self) -> Settings:
        return read_settings(self.env("a"))

    def worker(self, machine: str = "a", *words: str) -> subprocess.Popen[bytes]:
        (self.folder / machine / "flags").mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{machine}.err").open("ab") as err:
            process = subprocess.Popen([sys.executable, str(PROGRAM), *words], env=self.env(machine), stderr=err)
        self._workers.append(process)
        return process

    def submit(self, name: str) -> str:
        order = jobs.JobOrder(
            product_name=name, style="minimal", cta_text="Shop Now", options=MakeOptions(canvas=DRAFT)
        )
        return jobs.submit(order, self.settings)

    def job(self, job: str) -> JobView:
        return jobs.get(job, self.settings)

    def ended(self, job: str, *, patience: float = 40) -> JobView:
        self.until(lambda: self.job(job).status in {"completed", "failed", "cancelled"}, patience)
        return self.job(job)

    def until(self, true: Callable[[], object], patience: float = 40) -> None:
        deadline = time.monotonic() + patience
        while not true():
            assert time.monotonic() < deadline, "".join(path.read_text()[-3000:] for path in self.folder.glob("*.err"))
            time.sleep(0.1)

    def flag(self, name: str, machine: str = "a") -> Path:
        return self.folder / machine / "flags" / name

    def close(self) -> None:
        for process in self._workers:
            if process.poll() is None:
                process.kill()
            process.wait()
        open_database(self.url).dispose()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Site]:
    """One machine with a SQLite file."""
    site = Site(tmp_path, f"sqlite:///{tmp_path / 'a' / 'data' / 'badapple.db'}")
    yield site
    site.close()


@pytest.fixture
def many(tmp_path: Path, postgres: Postgres) -> Iterator[Site]:
    """Machines that share a Postgres."""
    site = Site(tmp_path, postgres.url(postgres.database()))
    upgrade_engine(site.url)
    yield site
    site.close()


def told(site: Site, job: str) -> list[tuple[int, str, int]]:
    """Return a job's events; whatever happened, they hold these."""
    events = jobs.replay(open_database(site.url), job)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    percents = [event.progress for event in events]
    assert percents == sorted(percents)
    return [(event.seq, event.stage, event.progress) for event in events]


def lasts(site: Site, job: str) -> list[str]:
    """Return the last events that a job had; one in each attempt."""
    return [stage for _, stage, _ in told(site, job) if stage in {"completed", "cancelled", "error"}]


def test_a_laptop_makes_jobs_survives_kill_and_has_one_worker(alone: Site) -> None:
    first, slow = alone.submit("Watch"), alone.submit("Slow Watch")
    worker = alone.worker("a", "0")
    assert alone.ended(first).status == "completed"
    video = alone.job(first).video_url
    assert video is not None
    assert Path(video).is_file()
    second = alone.worker("a")
    assert second.wait(30) == 1
    assert b"has its worker already" in (alone.folder / "a.err").read_bytes()
    alone.until(alone.flag("slow").exists)
    worker.kill()
    worker.wait()
    alone.flag("go").touch()
    alone.worker("a")
    view = alone.ended(slow)
    assert (view.status, view.attempt, lasts(alone, slow)) == ("completed", 1, ["completed"])
    name = AssetManager(slow, None, None, temp_root=Path()).name  # type: ignore[arg-type]  # only its name is asked for
    assert not (alone.folder / "a" / "data" / "tmp" / name).exists()


def test_what_a_dead_machine_had_goes_on_elsewhere(many: Site) -> None:
    victim = many.worker("a")
    job = many.submit("Slow Watch")
    many.until(many.flag("slow").exists)
    victim.kill()
    victim.wait()
    many.worker("b")
    many.flag("go", "b").touch()
    began = time.monotonic()
    assert many.ended(job).status == "completed"
    assert time.monotonic() - began < 20
    assert lasts(many, job) == ["completed"]


@pytest.mark.long
def test_a_worker_that_is_asked_to_end_hands_its_work_on(many: Site) -> None:
    leaving = many.worker("a")
    job = many.submit("Slow Watch")
    many.until(many.flag("slow").exists)
    many.worker("b")
    many.flag("go", "b").touch()
    began = time.monotonic()
    leaving.send_signal(signal.SIGTERM)
    assert leaving.wait(12) == 0
    assert time.monotonic() - began < 10
    view = many.ended(job, patience=8)
    assert (view.status, view.crashes, lasts(many, job)) == ("completed", 0, ["completed"])


def test_a_job_that_kills_workers_is_set_aside_and_no_other(alone: Site) -> None:
    poison = alone.submit("Poison")
    others = [alone.submit(f"Watch {number}") for number in range(2)]
    alone.lease = 1.0
    deaths = 0
    worker = alone.worker("a")
    while alone.job(poison).status not in {"completed", "failed"}:
        if worker.poll() is not None:
            deaths += 1
            assert deaths < 6
            worker = alone.worker("a")
        time.sleep(0.1)
    view = alone.job(poison)
    assert view.status == "failed"
    assert "crashed its worker 3 times" in (view.error_message or "")
    assert deaths in {3, 4}
    assert [alone.ended(other).status for other in others] == ["completed", "completed"]
    assert lasts(alone, poison) == ["error"]


def test_a_part_that_fails_fails_the_job_and_a_retry_goes_on_from_there(alone: Site) -> None:
    alone.worker("a")
    job = alone.submit("Broken Watch")
    view = alone.ended(job)
    assert view.status == "failed"
    assert view.error_message == "Asset generation failed: the brush is broken"
    assert view.failure is not None
    assert (view.failure["stage"], view.failure["hint"]) == ("cta_gen", "mend it")
    alone.flag("mended").touch()
    jobs.retry(job, alone.settings)
    view = alone.ended(job)
    assert (view.status, view.attempt) == ("completed", 2)
    events = jobs.replay(open_database(alone.url), job)
    again = [event.message for event in events if event.message == "Found script"]
    assert again == ["Found script"]
    assert [event.stage for event in events if event.stage in {"completed", "error"}] == ["error", "completed"]


def test_cancelling_stops_a_job_within_seconds(alone: Site) -> None:
    worker = alone.worker("a", "0")
    job = alone.submit("Slow Watch")
    alone.until(alone.flag("slow").exists)
    asyncio.run(jobs.cancel(job, alone.settings))
    assert (alone.job(job).status, lasts(alone, job)) == ("cancelled", ["cancelled"])
    seq = len(told(alone, job))
    other = alone.submit("Watch")
    assert alone.ended(other).status == "completed"
    time.sleep(1)
    assert len(told(alone, job)) == seq  # its story is stopped, or at least not heard any more
    assert worker.poll() is None
    alone.flag("go").touch()
    jobs.resume(job, alone.settings)
    assert alone.ended(job).status == "completed"


def test_a_worker_tells_how_it_is_and_logs_only_json(alone: Site) -> None:
    worker = alone.worker("a", "0")
    job = alone.submit("Broken Watch")
    assert alone.ended(job).status == "failed"
    lines = [json.loads(line) for line in (alone.folder / "logs" / "pipeline.log").read_text().splitlines()]
    port = next(line["port"] for line in lines if line["event"] == "health_door_open")
    address = f"http://127.0.0.1:{port}"
    for path in ("/healthz", "/readyz"):
        with urllib.request.urlopen(f"{address}{path}") as reply:
            assert reply.status == 200
    with urllib.request.urlopen(f"{address}/metrics") as reply:
        text = reply.read().decode()
    assert 'pipeline_errors_total{error_type="asset_generation"} 1.0' in text
    assert "badapple_workers_alive 1.0" in text
    assert 'badapple_jobs_now{status="failed"} 1.0' in text
    mine = [line for line in lines if line.get("job_id") == job]
    assert {"pipeline_execution_started", "stage_started", "stage_failed", "pipeline_failed"} <= {
        line["event"] for line in mine
    }
    assert all(line["level"] in {"info", "warning", "error"} for line in lines)
    assert any(line["level"] == "error" and line.get("stage") == "cta_gen" for line in mine)
    for line in (alone.folder / "a.err").read_text().splitlines():
        assert isinstance(json.loads(line), dict), line
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    try:
        with urllib.request.urlopen(f"{address}/readyz") as reply:
            ready = reply.status
    except urllib.error.HTTPError as error:
        ready = error.code
    except OSError:
        ready = 0  # it is gone already
    assert ready != 200 or worker.poll() is None
    assert worker.wait(15) == 0
