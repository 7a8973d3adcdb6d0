"""The page of an ad for others: what its link opens, and what nothing does."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.api.visiting import Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ
from badapple.jobs import deleting, get, links
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name

FILES_OF_A_PAGE = {"video", "poster", "captions.vtt", "captions.srt"}


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:  # whoever asks has to say who they are
        for name, owner in (("lamp", "ann"), ("mug", "ann")):
            hand = Hand(found.engine)
            hand.end(hand.job(name, owner=owner, product_name=f"Ann's {name}"), "completed")
            video = found.app.state.doors.settings.data_dir / "videos" / folder_name(name) / "ad.mp4"
            video.parent.mkdir(parents=True)
            for file, kind in FILES.items():
                video.with_name(f"ad{kind.ending}").write_text(f"{file} of {name}")
            hand.change(name, video_url=str(video))
        yield found


async def made(there: Place, job: str = "lamp", **words: object) -> str:
    """Make a link as Ann does, and return its path."""
    form = {"page": True, **words}
    answer = await there.ask("POST", f"/api/v1/jobs/{job}/links", key=there.key("ann"), json=form)
    assert (answer.status_code, answer.json()["page"]) == (201, True)
    return str(urlsplit(answer.json()["url"]).path)


def linked(page: str) -> set[str]:
    """Return the files that a page leads to."""
    return {html.unescape(path) for path in re.findall(r'(/api/v1/files/[^"?]+)', page)}


async def test_whoever_has_the_link_sees_the_ad_and_loads_its_files(there: Place) -> None:
    path = await made(there)
    assert path.startswith("/s/")
    page = await there.ask("GET", path)
    assert page.status_code == 200
    assert "<h1>Ann&#39;s lamp</h1>" in page.text
    assert '<track kind="captions"' in page.text
    assert "<script" not in page.text.split("<main")[1]
    loaded = {(await there.ask("GET", file)).text for file in linked(page.text)}
    assert loaded == {f"{file} of lamp" for file in FILES_OF_A_PAGE}


async def test_search_engines_keep_away_and_messengers_show_it(there: Place) -> None:
    page = await there.ask("GET", await made(there))
    assert 'name="robots" content="noindex' in page.text
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["cache-control"] == "no-store"
    image = re.search(r'property="og:image" content="(http[^"]+)"', page.text)
    assert image is not None
    assert (await there.ask("GET", urlsplit(image[1]).path)).text == "poster of lamp"


async def test_it_tells_nothing_of_whose_it_is_and_nothing_else_of_theirs(there: Place) -> None:
    page = (await there.ask("GET", await made(there))).text
    tokens = [file.rpartition("/")[2] for file in linked(page)]
    bodies = [links_body(token) for token in tokens]
    assert all('"o"' not in body and "ann" not in body.replace("Ann", "") for body in bodies)
    assert "mug" not in page
    assert 'class="nav"' not in page


def links_body(token: str) -> str:
    """Return what anybody can read of a link."""
    head = token.partition(".")[0]
    return base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()


async def test_a_link_opens_no_other_ad_and_no_more_than_it_was_made_for(there: Place) -> None:
    lamp, mug = [(await made(there, job)).rpartition("/")[2] for job in ("lamp", "mug")]
    mixed = f"{lamp.partition('.')[0]}.{mug.partition('.')[2]}"
    for token in (mixed, lamp[:-2], f"{lamp}x", "x", "a.b"):
        answer = await there.ask("GET", f"/s/{token}")
        assert answer.status_code == 404, token
        assert "Ann" not in answer.text
    assert (await there.ask("GET", f"/api/v1/files/{lamp}")).status_code == 404
    file = next(iter(linked((await there.ask("GET", f"/s/{lamp}")).text))).rpartition("/")[2]
    assert (await there.ask("GET", f"/s/{file}")).status_code == 404
    assert (await there.ask("GET", f"/api/v1/jobs/lamp?ticket={lamp}")).status_code == 401


async def test_a_link_that_is_over_gives_a_kind_page(there: Place) -> None:
    doors = there.app.state.doors
    job = get("lamp", doors.settings)
    old = links.page_path(doors.signer, job, datetime.now(UTC) - timedelta(seconds=1))
    answer = await there.ask("GET", old)
    assert answer.status_code == 404
    assert "This link has ended" in answer.text
    assert "lamp" not in answer.text.split("<body")[1].replace(old, "")


async def test_its_files_end_when_it_does(there: Place) -> None:
    doors = there.app.state.doors
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    page = await there.ask("GET", links.page_path(doors.signer, get("lamp", doors.settings), ends))
    for file in linked(page.text):
        assert f'"e":{int(ends.timestamp())}' in links_body(file.rpartition("/")[2])


async def test_it_ends_with_the_ad_even_where_another_has_its_name(there: Place) -> None:
    path = await made(there)
    page = (await there.ask("GET", path)).text
    deleting.delete("lamp", there.app.state.doors.settings, owner="ann")
    hand = Hand(there.engine)
    later = datetime.now(UTC) + timedelta(days=1)
    hand.end(hand.job("lamp", owner="bob", product_name="Bob's lamp", created_at=later), "completed")
    answer = await there.ask("GET", path)
    assert (answer.status_code, "Bob" in answer.text) == (404, False)
    for file in linked(page):
        assert (await there.ask("GET", file)).status_code == 404


async def test_an_ad_that_is_made_again_has_no_page_meanwhile(there: Place) -> None:
    path = await made(there)
    Hand(there.engine).change("lamp", video_url=None, status="processing")
    assert "This link has ended" in (await there.ask("GET", path)).text


async def test_only_those_who_may_write_make_links_and_only_of_their_own(there: Place) -> None:
    for key in (there.key("bob"), there.key("ann", [READ])):
        answer = await there.ask("POST", "/api/v1/jobs/lamp/links", key=key, json={"page": True})
        assert answer.status_code in {403, 404}


async def test_links_that_name_their_owner_still_open(there: Place) -> None:
    """As they were handed out before."""
    doors = there.app.state.doors
    job = get("lamp", doors.settings)
    ends = datetime.now(UTC) + timedelta(hours=1)
    facts = {"j": "lamp", "f": "video", "c": int(job.created_at.timestamp())}
    for owner, status in (("ann", 200), ("bob", 404)):
        token = doors.signer.sign("file", {**facts, "o": owner}, ends)
        assert (await there.ask("GET", f"/api/v1/files/{token}")).status_code == status
