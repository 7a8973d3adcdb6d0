"""A video on its way into a bucket, and a process that dies over it: none is lost, nothing is left over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import from_url
from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import Settings, read_settings
from badapple.database import Job, open_database
from badapple.jobs.leftovers import folder_name

PROGRAM = Path(__file__).with_name("film.py")
NAMES = ["manifest.json", "mp4", "poster.jpg", "qa.json", "srt", "vtt"]


@pytest.fixture(scope="module")
def maker() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@dataclass(frozen=True)
class Studio:
    """A data folder, a storage, and processes that make a film in them."""

    settings: Settings
    url: str
    env: dict[str, str]
    maker: subprocess.Popen[str]

    def make(self, when: str = "never") -> int:
        """Return how a process ends that makes the film and dies there."""
        assert self.maker.stdin is not None
        assert self.maker.stdout is not None
        self.maker.stdin.write(json.dumps({"env": self.env, "job": "job", "when": when}) + "\n")
        self.maker.stdin.flush()
        return int(self.maker.stdout.readline())

    def row(self) -> Job | None:
        with Session(open_database(self.settings.database_url), expire_on_commit=False) as session:
            return session.get(Job, "job")

    def temporary(self) -> list[Path]:
        return list((self.settings.data_dir / "tmp").glob("**/*"))

    def place(self) -> str | None:
        row = self.row()
        return row.video_url if row is not None else None


@pytest.fixture
def studio(tmp_path: Path, url: str, maker: subprocess.Popen[str]) -> Studio:
    env = {
        "BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache"),
        "BADAPPLE_STORAGE": url, "DATABASE_URL": "", "REDIS_URL": "",
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
    }  # fmt: skip
    return Studio(read_settings(env), url, env, maker)


on_buckets = pytest.mark.parametrize("url", ["bucket"], indirect=True)


def kept(url: str) -> list[str]:
    """Return what lies in the storage below `videos/`."""
    if not url.startswith("s3"):
        root = Path(url)
        return sorted(str(path.relative_to(root)) for path in root.glob("videos/**/*") if path.is_file())
    store: Any = from_url(url, client_options={"allow_http": True})
    return sorted(item["path"] for batch in obstore.list(store, "videos") for item in batch)


FOLDER = f"videos/{folder_name('job')}"
WHOLE = [f"{FOLDER}/solenne.{name}" for name in NAMES]


def test_uploaded_checked_linked_and_then_the_temporary_files_go(studio: Studio) -> None:
    assert studio.make() == 0
    assert studio.place() == f"{studio.url}/{FOLDER}/solenne.mp4"
    assert kept(studio.url) == WHOLE
    assert studio.temporary() == []
    assert not (studio.settings.data_dir / "videos").exists()


@on_buckets
@pytest.mark.parametrize(
    "when", ["between", *(pytest.param(when, marks=pytest.mark.long) for when in ("papers", "linked"))]
)
def test_a_process_that_is_killed_over_it_loses_nothing_and_leaves_nothing(studio: Studio, when: str) -> None:
    assert studio.make(when) == -9
    assert (studio.place() is not None) == (when == "linked")
    assert (kept(studio.url) == WHOLE) == (when != "papers")
    assert studio.make() == 0
    assert kept(studio.url) == WHOLE
    assert studio.place() == f"{studio.url}/{FOLDER}/solenne.mp4"
    assert studio.temporary() == []
    jobs.purge(studio.settings, job="job")
    assert kept(studio.url) == []


@on_buckets
@pytest.mark.parametrize("when", [pytest.param("papers", marks=pytest.mark.long), "between", "linked"])
async def test_a_job_that_was_killed_is_deleted_with_all_it_had_stored(studio: Studio, when: str) -> None:
    assert studio.make(when) == -9
    if when != "linked":
        await jobs.cancel("job", studio.settings)
    jobs.purge(studio.settings, job="job")
    assert kept(studio.url) == []
    assert studio.temporary() == []


def test_a_job_that_is_deleted_while_it_is_uploaded_leaves_nothing(studio: Studio) -> None:
    assert studio.make("deleted") == 1
    assert studio.row() is None
    assert kept(studio.url) == []
