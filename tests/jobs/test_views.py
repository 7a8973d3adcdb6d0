"""Jobs as they are seen."""

from __future__ import annotations

import json

import pytest
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.errors import InputError
from badapple.jobs import versions


def test_a_view_says_what_the_row_says(settings: Settings, hand: Hand) -> None:
    hand.job("job", "failed", progress=40, cost=380_000, error_message="no", failure={"stage": "video_gen"}, crashes=2)
    view = jobs.get("job", settings)
    assert (view.progress, view.cost, view.error_message, view.crashes, view.position) == (40, 380_000, "no", 2, None)
    assert [stage.name for stage in view.stages] == [
        "script_gen", "voice_gen", "video_gen", "cta_gen", "compositing",
    ]  # fmt: skip
    body = json.loads(json.dumps(view.to_json()))
    assert (body["cost_usd"], body["failure"], body["ended_at"]) == (0.38, {"stage": "video_gen"}, None)
    assert body["created_at"].endswith("+00:00")


def test_owners_see_their_own_jobs_only(settings: Settings, order: Order) -> None:
    mine = jobs.submit(order(), settings, owner="me")
    assert jobs.get(mine, settings, owner="me").owner == "me"
    assert jobs.get(mine, settings).owner == "me"
    with pytest.raises(InputError, match="there is no job"):
        jobs.get(mine, settings, owner="you")
    assert jobs.listing(settings, owner="you") == ()
    with pytest.raises(InputError, match="there is no job"):
        jobs.listing(settings, owner="you", before=mine)


@pytest.mark.usefixtures("database_url")
def test_pages_follow_each_other_without_gap_or_overlap(settings: Settings, hand: Hand) -> None:
    ids = [hand.job(f"{number:02}") for number in range(7)]
    seen: list[str] = []
    while page := jobs.listing(settings, limit=3, before=seen[-1] if seen else None):
        seen += [view.id for view in page]
    assert seen == ids[::-1]
    assert jobs.listing(settings, status="failed") == ()
    with pytest.raises(InputError, match="'done' is not known"):
        jobs.listing(settings, status="done")


@pytest.mark.usefixtures("database_url")
def test_a_version_changes_with_the_place_in_the_queue_and_with_nothing_beside_it(
    settings: Settings, hand: Hand, order: Order
) -> None:
    mine = jobs.submit(order(), settings, owner="ann")
    seen = versions.version(mine, settings)
    hand.job("asks", "pending", awaiting="approval", turn=1)
    hand.job("made here", "pending", engine=False, turn=1)
    jobs.submit(order(), settings, owner="bob", priority="low")
    assert versions.version(mine, settings) == seen
    for number in range(3):  # each owner's jobs stand behind each other, and all go before one of lower priority
        jobs.submit(order(), settings, owner="bob", priority="high")
        assert jobs.get(mine, settings).position == number + 1
        assert seen != (seen := versions.version(mine, settings))
