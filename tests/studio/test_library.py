"""The library without a script: found again, turned over, thrown away."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.visiting import ROOT, Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ
from badapple.jobs import pages
from badapple.studio.bundle import Bundle
from badapple.studio.pages import Studio

OWN = {"origin": ROOT, "sec-fetch-site": "same-origin"}


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, listening_host="127.0.0.1") as found:
        found.app.state.studio = Studio(bundle=Bundle({}))
        yield found


def ads(page: str) -> list[str]:
    """Return the ads that a page shows."""
    return re.findall(r'class="tile-link" href="/ads/([^"]+)"', page)


async def test_the_library_is_searched_and_turned_over(there: Place) -> None:
    hand = Hand(there.engine)
    for number in range(30):
        hand.job(f"j{number}", "pending", owner="local", product_name=f"Lamp {number}", style="tech")
    page = (await there.ask("GET", "/library")).text
    assert len(ads(page)) == 24
    (further,) = re.findall(r'href="(/library\?[^"]*cursor=[^"]*)"', page)
    rest = (await there.ask("GET", html.unescape(further))).text
    assert len(ads(rest)) == 6
    assert set(ads(page) + ads(rest)) == {f"j{number}" for number in range(30)}
    for query, many in (("q=lamp+29&status=pending", 1), ("style=tech", 24), ("style=bold", 0), ("status=failed", 0)):
        assert len(ads((await there.ask("GET", f"/library?{query}")).text)) == many, query
    assert (await there.ask("GET", "/library?cursor=no")).status_code == 400
    assert (await there.ask("GET", "/library?status=none")).status_code == 422


async def test_the_first_page_shows_the_newest_few(there: Place) -> None:
    hand = Hand(there.engine)
    for number in range(9):
        hand.job(f"j{number}", "pending", owner="local")
    page = (await there.ask("GET", "/")).text
    assert len(ads(page)) == 6
    assert 'href="/library"' in page


async def test_an_ad_and_its_edits_are_one_tile_unless_somebody_looks_for_them(there: Place) -> None:
    hand = Hand(there.engine)
    for name, facts in (
        ("first", {}), ("second", {"parent_id": "first"}), ("third", {"parent_id": "second"}), ("other", {}),
        ("broken", {"parent_id": "third"}),
    ):  # fmt: skip
        hand.end(hand.job(name, owner="local", product_name="Lamp", **facts), "completed")
    hand.change("broken", status="failed")  # an edit that failed has taken nothing's place
    page = (await there.ask("GET", "/library")).text
    assert set(ads(page)) == {"broken", "third", "other"}
    assert "version 3" in page
    assert set(ads((await there.ask("GET", "/library?q=lamp")).text)) == {"first", "second", "third", "other", "broken"}


async def test_versions_are_counted_even_in_a_ring(there: Place) -> None:
    hand = Hand(there.engine)
    hand.job("a", owner="local")
    hand.job("b", owner="local", parent_id="a")
    settings = there.app.state.doors.settings
    assert pages.numbers(settings, ["a", "b"]) == {"a": 1, "b": 2}
    hand.change("a", parent_id="b")
    assert pages.numbers(settings, ["b"]) == {"b": 2}


async def test_nothing_made_yet_offers_a_sample(there: Place) -> None:
    for path in ("/", "/library"):
        page = (await there.ask("GET", path)).text
        assert 'action="/videos/sample"' in page
        assert "No ads yet" in page


async def test_several_are_deleted_after_one_question(there: Place) -> None:
    hand = Hand(there.engine)
    for name in ("a", "b", "c"):
        hand.end(hand.job(name, owner="local", product_name=f"Lamp {name}"), "failed")
    asked = await there.ask("GET", "/library/delete?job=a&job=b&job=a")
    assert asked.status_code == 200
    assert "Delete 2 ads?" in asked.text
    assert "Lamp a" in asked.text
    assert len(ads((await there.ask("GET", "/library")).text)) == 3
    sent = re.findall(r'name="job" value="(\w)"', asked.text)
    done = await there.ask("POST", "/library/delete", data={"job": sent}, headers=OWN)
    assert (done.status_code, done.headers["location"]) == (303, "/library")
    assert ads((await there.ask("GET", "/library")).text) == ["c"]
    assert (await there.ask("GET", "/library/delete")).status_code == 303  # nothing was chosen


async def test_what_cannot_be_deleted_is_told_and_the_rest_is(there: Place) -> None:
    hand = Hand(there.engine)
    hand.end(hand.job("old", owner="local"), "failed")
    hand.job("busy", "processing", owner="local", product_name="Busy lamp")
    answer = await there.ask("POST", "/library/delete", data={"job": ["old", "busy"]}, headers=OWN)
    assert answer.status_code == 409
    assert "One ad was not deleted, 1 was" in answer.text
    assert "<b>Busy lamp</b>" in answer.text
    assert ads(answer.text) == ["busy"]


async def test_ads_of_others_are_neither_deleted_nor_told_of(tmp_path: Path) -> None:
    async with place(tmp_path) as guarded:
        hand = Hand(guarded.engine)
        hand.end(hand.job("secret", owner="ann", product_name="Secret Lamp"), "failed")
        bob, looking = guarded.key("bob"), guarded.key("ann", [READ])
        asked = await guarded.ask("GET", "/library/delete?job=secret", key=bob)
        done = await guarded.ask("POST", "/library/delete", data={"job": "secret"}, key=bob)
        assert (asked.status_code, done.status_code) == (404, 409)
        assert "Secret Lamp" not in asked.text + done.text
        assert (await guarded.ask("POST", "/library/delete", data={"job": "secret"}, key=looking)).status_code == 403
        page = (await guarded.ask("GET", "/library", key=looking)).text
        assert "Secret Lamp" in page
        assert "/library/delete" not in page


async def test_pages_of_others_delete_nothing(there: Place) -> None:
    hand = Hand(there.engine)
    hand.end(hand.job("a", owner="local"), "failed")
    away = {"origin": "https://evil.example"}
    answer = await there.ask("POST", "/library/delete", data={"job": "a"}, headers=away)
    assert answer.status_code == 403
    assert ads((await there.ask("GET", "/library")).text) == ["a"]
