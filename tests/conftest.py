"""Fixtures for every test."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import Postgres

    from badapple.testing.simulators import Simulators

ROOT = Path(__file__).resolve().parent.parent


#: Tests that share what takes long to make: one process runs each of these.
TOGETHER = ("tests/e2e/", "tests/journal/test_kill.py", "tests/pipeline/test_orchestrator.py")


class Scheduling(LoadScopeScheduling):
    """Hands out tests one by one, and those that share something all to one process, before all others.

    Marks cannot say so: pytest-xdist 3.8 does not see its own mark of groups under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((path for path in TOGETHER if nodeid.startswith(path)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture
def shared_photos() -> Path:
    """Real product photos, where the checkout has them beside it."""
    folder = ROOT.parent / "shared" / "photos"
    if not folder.is_dir():
        pytest.skip("no folder of real photos beside this checkout")
    return folder


@pytest.fixture
def shared_specs() -> Path:
    """The vendors' OpenAPI documents, where the checkout has them beside it."""
    folder = ROOT.parent / "shared" / "specs"
    if not folder.is_dir():
        pytest.skip("no folder of OpenAPI documents beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A Postgres of our own, one for each process of the test run."""
    from tests.servers import postgres_server  # noqa: PLC0415 - most tests need none

    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with our tables and no rows, on each kind that there is."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.url(server.database())
    yield url
    from badapple.database import open_database  # noqa: PLC0415

    open_database(url).dispose()


@pytest.fixture
def judge() -> Callable[[Simulators], None]:
    """Judge all that went to simulators: by our contracts, and by the vendors' documents where they are there."""
    found: Callable[[Simulators], None] = runpy.run_path(str(ROOT / "tests" / "oracle" / "judge.py"))["judge"]
    return found
