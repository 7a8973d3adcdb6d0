"""Fixtures for every test."""

from __future__ import annotations

import gc
import runpy
from collections import defaultdict
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


#: Grids of drawn frames, such as every style with every kind of product. Every second square of each board is long: all
#: styles and all kinds stay in the default tests, and all pairs of them in `just long`.
BOARDS = frozenset(
    {
        "test_a_real_photo_finds_its_family",
        "test_a_small_picture_is_never_blown_up_beyond_twice_its_pixels",
        "test_any_name_keeps_to_its_zone",
        "test_boxes_tell_where_the_pixels_change",
        "test_every_background_carries_the_same_card",
        "test_every_scene_keeps_its_words_in_their_zone",
        "test_every_scene_keeps_its_words_in_their_zone_and_off_the_product",
        "test_every_style_shows_every_family_with_its_words_in_their_places",
        "test_the_accent_is_the_button_of_every_style_and_its_words_can_be_read",
        "test_the_next_take_shows_the_same_words_in_another_picture",
        "test_the_product_stands_where_it_is_asked_to",
        "test_the_product_stays_out_of_the_captions_in_every_scene",
    }
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    seen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)  # edge of a board -> its cases
    for item in sorted(items, key=lambda item: item.nodeid):  # pytest-randomly has shuffled them
        if not isinstance(item, pytest.Function) or item.originalname not in BOARDS:
            continue
        square = 0
        for name, value in item.callspec.params.items():
            edge, case = seen[item.originalname, name], repr(value)
            if case not in edge:
                edge.append(case)
            square += edge.index(case)
        if square % 2:
            item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Let the garbage collector look at thousands of tests and all that they import once, and not again and again."""
    gc.collect()
    gc.freeze()


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
