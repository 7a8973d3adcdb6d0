"""Words of an ad changed by the plain form of its page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.api.test_previews import script
from tests.api.visiting import ROOT, Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ
from badapple.jobs import JobOrder, orders
from badapple.models import MakeOptions
from badapple.studio.bundle import Bundle
from badapple.studio.pages import Studio

OWN = {"origin": ROOT, "sec-fetch-site": "same-origin"}


def ad(there: Place, job_id: str = "j", *, owner: str = "local", **facts: object) -> Hand:
    """Write down an ad that has a script."""
    order = JobOrder(product_name="Watch", style="minimal", cta_text="Look", options=MakeOptions())
    hand = Hand(there.engine)
    hand.job(job_id, owner=owner, product_name="Watch", request=orders.to_json(order), cta_text="Look")
    hand.change(job_id, options={"script": script().to_json()}, **facts)
    return hand


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, listening_host="127.0.0.1") as found:
        found.app.state.studio = Studio(bundle=Bundle({}))
        yield found


async def fields(there: Place, job_id: str = "j") -> dict[str, str]:
    """Return the form of words on an ad's page, as a browser would send it."""
    page = (await there.ask("GET", f"/ads/{job_id}")).text
    (form,) = re.findall(r'action="/ads/j/edit".*?</form>', page, re.DOTALL)
    found = dict(re.findall(r'<input type="(?:text|hidden)" name="([^"]+)"[^>]* value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)<', form))
    return found | dict.fromkeys(re.findall(r'type="checkbox" name="([^"]+)" checked', form), "on")


async def send(there: Place, words: dict[str, str]) -> httpx.Response:
    parts = {name: (None, text) for name, text in words.items()}
    return await there.ask("POST", "/ads/j/edit", files=parts, headers=OWN)


async def test_other_words_make_another_version(there: Place) -> None:
    ad(there).end("j", "completed")
    words = await fields(there)
    assert (words["headline-2"], words["voiceover_text-4"], words["cta_text"]) == ("Hello", "It is here.", "Look")
    answer = await send(there, {**words, "headline-2": "Good day", "cta_text": "Buy", "captions": ""})
    assert answer.status_code == 303
    new = (await there.ask("GET", "/api/v1" + answer.headers["location"].replace("ads", "jobs"))).json()
    assert (new["parent_id"], new["cta_text"], new["options"]["captions"]) == ("j", "Buy", False)
    assert [scene["headline"] for scene in new["scenes"]] == ["Good day", "Hello", "Hello", "Hello"]
    assert new["change"] == "words of scene 2; call to action; captions off"


async def test_the_same_page_sent_twice_makes_one_version(there: Place) -> None:
    ad(there).end("j", "completed")
    words = {**await fields(there), "headline-2": "Good day"}
    pages = [(await send(there, one)).headers["location"] for one in (words, words, {**words, "headline-2": "Hey"})]
    assert pages[0] == pages[1] != pages[2]
    again = {**await fields(there), "headline-2": "Good day"}  # another page: somebody wants it once more
    assert (await send(there, again)).headers["location"] not in pages
    assert len((await there.ask("GET", "/api/v1/jobs?parent_id=j")).json()["items"]) == 3
    odd = {**words, "once": "\r\n" * 200}
    assert (await send(there, odd)).status_code == 303


async def test_a_script_that_waits_is_changed_in_place(there: Place) -> None:
    ad(there, status="pending", awaiting="approval")
    words = await fields(there)
    assert "captions" not in words
    answer = await send(there, {**words, "voiceover_text-1": "It is there."})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ads/j")
    job = (await there.ask("GET", "/api/v1/jobs/j")).json()
    assert (job["awaiting"], job["children"]) == ("approval", [])
    assert [scene["voiceover_text"] for scene in job["scenes"] if scene["id"] == 1] == ["It is there."]
    for text in ("No.", "It is there."):  # somebody goes back to the page, and wants it as it was
        await send(there, {**words, "voiceover_text-1": text})
    job = (await there.ask("GET", "/api/v1/jobs/j")).json()
    assert [scene["voiceover_text"] for scene in job["scenes"] if scene["id"] == 1] == ["It is there."]


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [({}, 422, "Nothing is changed"), ({"headline-1": "x" * 101}, 422, "100"), ({"headline-1": "\0"}, 422, "")],
)
async def test_what_cannot_be_made_is_said_on_a_page(
    there: Place, changed: dict[str, str], status: int, says: str
) -> None:
    ad(there).end("j", "completed")
    answer = await send(there, {**await fields(there), **changed})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert says in answer.text
    assert len((await there.ask("GET", "/api/v1/jobs")).json()["items"]) == 1
    (noted,) = (await there.ask("GET", "/api/v1/audit?action=job.edit")).json()["items"]
    assert (noted["target"], noted["outcome"]) == ("j", "refused")


async def test_pages_and_people_without_leave_change_nothing(there: Place, tmp_path: Path) -> None:
    ad(there).end("j", "completed")
    foreign = await there.ask(
        "POST", "/ads/j/edit", files={"cta_text": (None, "Mine")}, headers={"origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    async with place(tmp_path / "guarded") as guarded:
        ad(guarded, owner="ann").end("j", "completed")
        looking = await guarded.ask("GET", "/ads/j", key=guarded.key("ann", [READ]))
        assert "/edit" not in looking.text
        for key, status in ((guarded.key("ann", [READ]), 403), (guarded.key("bob"), 404)):
            answer = await guarded.ask("POST", "/ads/j/edit", files={"cta_text": (None, "Mine")}, key=key)
            assert answer.status_code == status
