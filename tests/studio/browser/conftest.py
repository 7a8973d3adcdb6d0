"""Servers to visit: one that has a finished ad, and empty ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.studio.browser.served import Server

from badapple.studio.assets import STATIC


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", metavar="FOLDER", help="where pictures of all pages go; nowhere when left out")
    parser.addoption("--patience", type=float, default=300.0, help="seconds that one draft may take (300)")


@pytest.fixture(autouse=True)
def _scripts() -> None:
    if not (STATIC / "manifest.json").is_file():
        pytest.skip("the studio's scripts were not built: tools/build_studio.sh")


@pytest.fixture(scope="session")
def patience(pytestconfig: pytest.Config) -> float:
    return float(pytestconfig.getoption("--patience", 300.0))


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished parts of all servers: what one has made, another finds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that has made nothing yet."""
    made = Server(tmp_path / "own", tmp_path / "cache")
    made.start()
    yield made
    made.stop()
    assert made.errors() == []


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Iterator[Server]:
    """A server for many visits."""
    made = Server(tmp_path_factory.mktemp("studio"), shared_cache)
    made.start()
    yield made
    made.stop()
    assert made.errors() == []


@pytest.fixture(scope="session")
def finished(studio: Server, patience: float) -> str:
    """An ad that is ready there."""
    job_id = studio.order("Solenne", draft="true")
    assert studio.wait(job_id, patience)["status"] == "completed", studio.log()
    return job_id
