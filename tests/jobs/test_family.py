"""All versions of an ad, and going back to one of them."""

from __future__ import annotations

import pytest
from tests.jobs.conftest import Hand
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.errors import ConflictError, NotFoundError
from badapple.jobs import Changes, edits, family, orders


def numbered(job: str, settings: Settings) -> list[tuple[int, str]]:
    return [(one.number, one.id) for one in family.versions(job, settings)]


@pytest.mark.usefixtures("database_url")
def test_every_version_tells_of_all_the_oldest_first(settings: Settings, hand: Hand) -> None:
    hand.job("first", "completed", video_url="/v/a.mp4", cost=1)
    hand.job("second", "completed", parent_id="first", video_url="/v/b.mp4", options={"change": "music off"})
    hand.job("third", "failed", parent_id="first")
    hand.job("fourth", "processing", parent_id="second")
    hand.job("stranger", "completed", parent_id="first", owner="bob", video_url="/v/c.mp4")
    hand.job("alone", "completed", video_url="/v/d.mp4")
    wanted = [(1, "first"), (2, "second"), (3, "third"), (4, "fourth")]
    for job in ("first", "second", "third", "fourth"):
        assert numbered(job, settings) == wanted
    found = family.versions("fourth", settings)
    assert [one.current for one in found] == [False, True, False, False]  # the newest that has a video
    assert (found[1].change, found[0].cost, found[2].finished) == ("music off", 1, False)
    assert numbered("alone", settings) == [(1, "alone")]
    with pytest.raises(NotFoundError):
        family.versions("first", settings, owner="bob")


@pytest.mark.usefixtures("database_url")
def test_a_first_version_that_was_deleted_leaves_a_family(settings: Settings, hand: Hand) -> None:
    hand.job("second", "completed", parent_id="gone")
    hand.job("third", "completed", parent_id="gone")
    assert numbered("third", settings) == [(1, "second"), (2, "third")]


@pytest.mark.usefixtures("database_url")
def test_rows_that_name_each_other_end(settings: Settings, hand: Hand) -> None:
    hand.job("egg", "completed", parent_id="hen")
    hand.job("hen", "completed", parent_id="egg")
    assert [name for _, name in numbered("egg", settings)] == ["egg", "hen"]


def test_a_scene_anew_of_an_edit_takes_no_sibling_s_picture(settings: Settings, hand: Hand) -> None:
    hand.job("first", "failed")
    one = jobs.regenerate("first", 3, settings)
    two = jobs.regenerate("first", 3, settings)
    hand.end(one, "failed")
    three = jobs.regenerate(one, 3, settings)
    takes = [orders.of_row(hand.row(job)).options.takes for job in (one, two, three)]
    assert takes == [(0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 3, 0)]


def test_an_earlier_version_comes_back_as_the_newest_and_nothing_is_made(settings: Settings, hand: Hand) -> None:
    works = Works(settings)
    first = works.submit()
    works.run(first)
    second = jobs.edit(first, Changes(music="off", order=(2, 1, 3, 4)), settings)
    works.run(second)
    with pytest.raises(ConflictError, match="newest version already"):
        edits.restore(second, settings)
    third = edits.restore(first, settings)
    with pytest.raises(ConflictError, match="is pending"):
        edits.restore(third, settings)
    works.run(third)
    shown = jobs.detail(third, settings)
    assert {part.label for part in shown.parts if part.state == "done"} == set()
    assert [scene.id for scene in shown.scenes] == [1, 2, 3, 4]
    assert (shown.change, shown.options["music"]) == ("version 1 restored", "style")
    assert [(one.number, one.current) for one in family.versions(first, settings)] == [
        (1, False), (2, False), (3, True),
    ]  # fmt: skip
    hand.job("failed", "failed", parent_id=first)
    with pytest.raises(ConflictError, match="has no video"):
        edits.restore("failed", settings)
