"""The client sends what it says, once, and reads whatever comes."""

from __future__ import annotations

import asyncio
import base64
import socket
from datetime import timedelta
from typing import Any

import pytest
from tests.providers.replicate.conftest import FLUX, Desk

from badapple.config import Access
from badapple.errors import MissingKeyError, OutcomeUnknownError, PermanentProviderError, TransientProviderError
from badapple.providers.replicate.client import ReplicateClient, Timeouts
from badapple.secrets import Secret
from badapple.testing.simulators import Fault

FULL: dict[str, Any] = {"prompt": "soft light", "aspect_ratio": "9:16", "seed": 3}


async def _create(client: ReplicateClient, **more: Any) -> str:
    return (await client.create(FLUX, FULL, cancel_after=60, **more)).id


async def test_an_order_carries_its_deadline_and_nothing_that_was_not_asked_for(desk: Desk) -> None:
    made = await desk.client().create(FLUX, FULL, cancel_after=60)
    (sent,) = desk.sims.requests
    assert (sent.method, sent.path, sent.body) == ("POST", f"/v1/models/{FLUX}/predictions", {"input": FULL})
    assert sent.headers["authorization"] == "Bearer r8_simulated"
    assert sent.headers["cancel-after"] == "60s"
    assert "prefer" not in sent.headers
    assert (made.model, made.status, made.inputs["seed"]) == (FLUX, "starting", 3)


async def test_an_order_may_wait_and_name_a_webhook(desk: Desk) -> None:
    made = await desk.client().create(FLUX, FULL, cancel_after=60, wait=5, webhook="http://127.0.0.1:9/hook?op=1")
    (sent,) = desk.sims.requests
    assert sent.headers["prefer"] == "wait=5"
    assert sent.body["webhook"] == "http://127.0.0.1:9/hook?op=1"
    assert sent.body["webhook_events_filter"] == ["completed"]
    assert made.status == "succeeded"
    assert made.link.endswith(".webp")


async def test_a_community_model_is_ordered_by_its_version(desk: Desk) -> None:
    await desk.client().create("lightricks/ltx-video", {"prompt": "x"}, version="ab" * 32, cancel_after=60)
    (sent,) = desk.sims.requests
    assert sent.path == "/v1/predictions"
    assert sent.body == {"input": {"prompt": "x"}, "version": f"lightricks/ltx-video:{'ab' * 32}"}


@pytest.mark.parametrize("status", [401, 402, 403, 404, 422, 429, 500, 502, 503])
async def test_a_refused_order_is_sent_once(desk: Desk, status: int) -> None:
    desk.fail(Fault(route="create", status=status))
    kinds = (PermanentProviderError, TransientProviderError, OutcomeUnknownError)
    with pytest.raises(kinds) as caught:
        await _create(desk.client())
    assert caught.value.status_code == status
    assert isinstance(caught.value, OutcomeUnknownError) == (status >= 500)
    assert len(desk.sims.requests) == 1
    assert desk.sims.charges == ()


@pytest.mark.parametrize(
    "fault", [{"drop": "after"}, {"does": "hang_after"}, {"truncate": 40}, {"status": 500, "acts": True}]
)
async def test_an_order_that_may_have_arrived_is_not_sent_again(desk: Desk, fault: dict[str, Any]) -> None:
    desk.fail(Fault(route="create", **fault))
    with pytest.raises(OutcomeUnknownError, match="may have been charged"):
        await _create(desk.client())
    assert len(desk.sims.requests) == 1
    assert len(desk.sims.charges) == 1


async def test_a_vendor_that_cannot_be_reached_got_nothing(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TransientProviderError, match="nothing was bought") as caught:
            await _create(desk.client(base_url=nowhere))
    assert caught.value.reason == "network"


async def test_the_whole_call_is_bounded_even_if_the_answer_drips(desk: Desk) -> None:
    desk.fail(Fault(route="create", drip=200))
    with pytest.raises(OutcomeUnknownError) as caught:
        await _create(desk.client(Timeouts(connect=1, read=1, total=0.3)))
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    "fault", [{"does": "hang"}, {"drop": "before"}, {"status": 503}, {"truncate": 30}, {"does": "throttled"}]
)
async def test_looking_costs_nothing_and_may_be_tried_again(desk: Desk, fault: dict[str, Any]) -> None:
    name = await _create(desk.client())
    desk.fail(Fault(route="get", **fault))
    with pytest.raises(TransientProviderError, match="costs nothing"):
        await desk.client().get(name)


async def test_unknown_fields_and_words_are_read(desk: Desk) -> None:
    name = await _create(desk.client())
    desk.fail(Fault(route="get", body={"id": name, "status": "dreaming", "mood": {"deep": [1]}, "output": None}))
    found = await desk.client().get(name)
    assert (found.status, found.ended, found.link) == ("dreaming", False, "")


async def test_an_aborted_prediction_has_ended(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="aborted"))
    name = await _create(desk.client(), wait=5)
    found = await desk.client().get(name)
    assert (found.status, found.ended) == ("aborted", True)


async def test_the_list_is_read_to_its_end_but_not_for_ever(desk: Desk) -> None:
    desk.sims.replicate.page_size = 2
    client = desk.client()
    names = [await _create(client) for _ in range(5)]
    hour = timedelta(hours=1)
    assert {one.id for one in await client.predictions(within=hour)} == set(names)
    with pytest.raises(OutcomeUnknownError, match="too many"):
        await client.predictions(within=hour, pages=2)
    assert len(desk.asked("list")) == 5


async def test_how_old_a_prediction_is_is_told_by_the_vendor_s_clock(desk: Desk) -> None:
    desk.sims.replicate.page_size = 1
    client = desk.client()
    for _ in range(3):
        await _create(client)
        desk.sims.clock.advance(seconds=7200)  # theirs is hours before ours
    await _create(client)
    assert len(await client.predictions(within=timedelta(hours=1))) == 2
    assert len(await client.predictions(within=timedelta(hours=24))) == 4


async def test_the_next_page_is_never_asked_of_somebody_else(desk: Desk) -> None:
    cursor = base64.urlsafe_b64encode(b'{"after": null, "before": null, "start": 0}').decode()
    elsewhere = {"next": f"http://evil.test/v1/predictions?cursor={cursor}", "results": []}
    desk.fail(Fault(route="list", nth=(1,), body=elsewhere))
    await desk.client().predictions(within=timedelta(hours=1))
    assert [one.query for one in desk.asked("list")][1] == {"cursor": cursor}


async def test_a_key_is_checked_for_free(desk: Desk) -> None:
    assert (await desk.client().account()).username == "simulated"
    with pytest.raises(PermanentProviderError, match="does not accept the key") as caught:
        await desk.client(key=Secret("r8_somebody_elses_key")).account()
    assert "REPLICATE_API_TOKEN" in caught.value.hint
    assert "r8_somebody" not in str(caught.value)


async def test_a_model_shows_what_it_takes(desk: Desk) -> None:
    openapi: Any = (await desk.client().model(FLUX)).openapi
    assert "prompt" in openapi["components"]["schemas"]["Input"]["properties"]
    with pytest.raises(PermanentProviderError):
        await desk.client().model("nobody/nothing")


async def test_the_signing_secret_does_not_show(desk: Desk) -> None:
    secret = await desk.client().webhook_secret()
    assert secret.reveal().startswith("whsec_")
    assert "whsec_" not in repr(secret)


async def test_a_file_is_handed_over(desk: Desk) -> None:
    url = await desk.client().upload(b"\xff\xd8\xff bytes", name="first.jpg", content_type="image/jpeg")
    assert url.startswith(desk.sims.address("replicate") + "/v1/files/")
    assert b"\xff\xd8\xff bytes" in desk.asked("files")[0].raw


async def test_cancelling_returns_what_it_came_to(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="stuck"))
    name = await _create(desk.client())
    assert (await desk.client().cancel(name)).status in {"canceled", "aborted"}


def test_without_a_key_there_is_no_client() -> None:
    with pytest.raises(MissingKeyError) as caught:
        ReplicateClient(Access(variable="REPLICATE_API_TOKEN"))
    assert caught.value.variable == "REPLICATE_API_TOKEN"


async def test_an_address_may_end_in_the_version(desk: Desk) -> None:
    client = desk.client(base_url=desk.sims.address("replicate") + "/v1")
    assert (await client.account()).username == "simulated"


async def test_a_hundred_calls_share_a_few_connections(desk: Desk) -> None:
    client = desk.client(Timeouts())
    await asyncio.gather(*(client.account() for _ in range(100)))
    assert len(desk.sims.requests) == 100
    assert len({one.connection for one in desk.sims.requests}) <= 20
