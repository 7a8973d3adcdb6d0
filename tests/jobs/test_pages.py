"""Jobs page by page, while others come and go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.jobs.conftest import Hand

from badapple import jobs
from badapple.config import Settings
from badapple.database.tables import now
from badapple.errors import InputError, NotFoundError
from badapple.jobs import deleting, versions
from badapple.jobs.pages import page


def ids(settings: Settings, owner: str | None = "local", **asked: object) -> list[str]:
    return [view.id for view in page(settings, owner, **asked).items]  # type: ignore[arg-type]


@pytest.mark.usefixtures("database_url")
def test_pages_follow_each_other_while_jobs_come_and_go(settings: Settings, hand: Hand) -> None:
    moment = now()
    for number in range(9):  # three at each moment
        hand.job(f"{number}", "failed", created_at=moment + timedelta(seconds=number // 3))
    first = page(settings, "local", limit=4)
    assert [view.id for view in first.items] == ["8", "7", "6", "5"]
    hand.job("new", created_at=moment + timedelta(seconds=9))
    deleting.delete("5", settings)  # the last of the page before
    deleting.delete("3", settings)
    second = page(settings, "local", limit=4, after=first.next)
    assert [view.id for view in second.items] == ["4", "2", "1", "0"]
    assert second.next is None
    assert page(settings, "local", limit=8).next is None
    assert page(settings, "local", limit=7).next is not None


@pytest.mark.usefixtures("database_url")
def test_a_search_takes_words_as_they_are(settings: Settings, hand: Hand) -> None:
    for job, name in (("a", "100% Wool"), ("b", "1000 Wools"), ("c", "a_b\\c"), ("d", "axb"), ("e", "Nuvé GRÜN")):
        hand.job(job, product_name=name)
    assert ids(settings, q="0% w") == ["a"]
    assert ids(settings, q="WOOL") == ["b", "a"]
    assert ids(settings, q="A_B") == ["c"]
    assert ids(settings, q="b\\C") == ["c"]
    assert ids(settings, q="nuvé") == ["e"]
    assert ids(settings, q="") == ["e", "d", "c", "b", "a"]
    assert ids(settings, q="'; DROP TABLE jobs; --") == []


def test_a_search_on_sqlite_knows_the_letters_of_all_languages(settings: Settings, hand: Hand) -> None:
    hand.job("e", product_name="NUVÉ Straße")
    assert ids(settings, q="nuvé STRASSE") == ["e"]


@pytest.mark.usefixtures("database_url")
def test_filters_narrow_what_is_listed(settings: Settings, hand: Hand) -> None:
    hand.job("a", "failed", style="bold", group_id="g")
    hand.job("b", "failed", style="minimal", parent_id="a")
    hand.job("c", "pending", style="bold", owner="ann", group_id="g")
    assert ids(settings, None) == ["c", "b", "a"]
    assert ids(settings) == ["b", "a"]
    assert ids(settings, status="failed", style="bold") == ["a"]
    assert ids(settings, parent_id="a") == ["b"]
    assert ids(settings, None, group_id="g") == ["c", "a"]
    for name in ("q", "style", "group_id", "parent_id"):
        for odd in ("\0", "a\0b", "\ud800"):
            assert ids(settings, **{name: odd}) == []


@pytest.mark.usefixtures("database_url")
def test_what_is_no_page_is_refused(settings: Settings, hand: Hand) -> None:
    hand.job("a")
    moment = now().isoformat()
    for after in (("", "a"), ("yesterday", "a"), ("2026-01-01", "a"), (moment, "\0"), (moment, "\udfff")):
        with pytest.raises(InputError, match="no such page"):
            page(settings, "local", after=after)
    for limit in (0, -1, 201):
        with pytest.raises(InputError, match="cannot be had"):
            page(settings, "local", limit=limit)
    with pytest.raises(InputError, match="is not known"):
        page(settings, "local", status="done")


@pytest.mark.usefixtures("database_url")
async def test_what_no_database_can_hold_is_no_job(settings: Settings, engine: Engine) -> None:
    for odd in ("\0", "a\0", "\ud800"):
        for ask in (jobs.get, versions.version, deleting.delete, jobs.retry):
            with pytest.raises(NotFoundError):
                ask(odd, settings)
        with pytest.raises(NotFoundError):
            await anext(jobs.follow(engine, odd))
