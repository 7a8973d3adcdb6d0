"""A prediction is bought once, found again, waited for, and looked at before it counts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.providers.replicate.conftest import FLUX, HAILUO, PROMPT, Desk, ticket

from badapple.errors import (
    MediaError,
    OutcomeUnknownError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from badapple.models import Goods, Submission
from badapple.providers.replicate.prediction import PredictionCall
from badapple.providers.replicate.shop import Pace
from badapple.secrets import Secret
from badapple.testing.simulators import Fault

LTX = "lightricks/ltx-video"


async def _bought(desk: Desk, call: PredictionCall | None = None) -> Goods:
    call = call or desk.call()
    return await call.collect(await call.submit(ticket(), desk.folder), desk.folder)


async def _fails(desk: Desk, model: str = FLUX, **fault: Any) -> ProviderError:
    desk.fail(Fault(vendor="replicate", **fault))
    with pytest.raises(ProviderError) as caught:
        await _bought(desk, desk.call(model))
    assert caught.value.provider == "replicate"
    assert caught.value.hint
    return caught.value


async def test_a_clip_comes_home_with_its_facts(desk: Desk) -> None:
    goods = await _bought(desk)
    assert goods.files["file"].read_bytes()[4:8] == b"ftyp"
    assert (goods.facts["width"], goods.facts["height"], goods.facts["prompt"]) == (768, 1366, PROMPT)
    assert goods.cost == desk.sims.total("replicate") == 190_000
    record = json.loads(goods.files["reply"].read_text())
    assert record["status"] == "succeeded"
    assert len(record["input"]["first_frame_image"]) < 100


async def test_a_picture_comes_home_as_bare_pixels(desk: Desk) -> None:
    goods = await _bought(desk, desk.call(FLUX))
    assert goods.files["file"].name == "picture.png"
    assert (goods.facts["width"], goods.facts["height"], goods.cost) == (768, 1344, 3000)
    (sent,) = desk.asked("create")
    assert (sent.headers["prefer"], sent.body["input"]["seed"]) == ("wait=30", 1001)


async def test_the_order_holds_mark_frame_and_deadline(desk: Desk) -> None:
    await desk.call(shop=desk.shop(webhook_url="http://127.0.0.1:9/hook")).submit(ticket(), desk.folder)
    (sent,) = desk.asked("create")
    assert sent.body["input"]["prompt"].lstrip() == PROMPT
    assert sent.body["input"]["first_frame_image"].startswith("data:image/jpeg;base64,")
    assert sent.headers["cancel-after"] == "900s"
    assert sent.body["webhook"] == f"http://127.0.0.1:9/hook?op={ticket().op_id}"


async def test_a_large_first_frame_is_handed_over_as_a_file(desk: Desk) -> None:
    await desk.call(noise=True).submit(ticket(), desk.folder)
    (sent,) = desk.asked("create")
    assert sent.body["input"]["first_frame_image"].startswith(desk.sims.address("replicate") + "/v1/files/")


@pytest.mark.parametrize("does", ["rate_limit", "rate_limit_json", "throttled"])
async def test_a_rate_limit_is_waited_out(desk: Desk, does: str) -> None:
    desk.fail(Fault(route="create", nth=(1, 2), does=does, retry_after=0.01))
    await desk.call().submit(ticket(), desk.folder)
    assert len(desk.asked("create")) == 3
    assert len(desk.sims.charges) == 1


async def test_the_frame_is_painted_only_when_the_rest_is_known_to_be_taken(desk: Desk) -> None:
    desk.fail(Fault(route="model", does="schema_change"))
    with pytest.raises(PermanentProviderError, match="first_frame_image"):
        await desk.call().submit(ticket(), desk.folder)
    assert desk.stills.painted == []
    assert desk.asked("create") == []


async def test_a_frame_that_cannot_be_painted_buys_nothing(desk: Desk) -> None:
    call = desk.call()

    async def paint(_out: Path) -> None:
        raise MediaError("no photo")

    object.__setattr__(call._wish, "paint", paint)
    with pytest.raises(PermanentProviderError, match="nothing was bought") as caught:
        await call.submit(ticket(), desk.folder)
    assert caught.value.reason == "image"
    assert desk.sims.charges == ()


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": 502, "acts": True}, {"truncate": 50}])
@pytest.mark.parametrize("model", [HAILUO, FLUX])
async def test_an_order_that_may_have_arrived_is_found_again(desk: Desk, fault: dict[str, Any], model: str) -> None:
    desk.fail(Fault(route="create", nth=(1,), **fault))
    call = desk.call(model)
    with pytest.raises(OutcomeUnknownError):
        await call.submit(ticket(), desk.folder)
    found = await call.find(ticket())
    assert found is not None
    assert found.vendor_id == desk.sims.charges[0].id
    assert await call.find(ticket(taken=frozenset({found.vendor_id}))) is None
    assert await call.find(ticket(2)) is None
    assert (await call.collect(found, desk.folder)).files


async def test_an_order_that_never_arrived_is_not_found(desk: Desk) -> None:
    desk.fail(Fault(route="create", drop="before"))
    call = desk.call()
    with pytest.raises(OutcomeUnknownError):
        await call.submit(ticket(), desk.folder)
    assert await call.find(ticket()) is None


async def test_two_attempts_at_the_same_are_told_apart(desk: Desk) -> None:
    names = [(await desk.call().submit(ticket(number), desk.folder)).vendor_id for number in (1, 2)]
    found = [await desk.call().find(ticket(number)) for number in (1, 2)]
    assert [one.vendor_id for one in found if one] == names


async def test_a_short_echo_hides_nothing(desk: Desk) -> None:
    desk.sims.replicate.echo_limit = 40
    sent = await desk.call().submit(ticket(), desk.folder)
    assert await desk.call().find(ticket()) == sent
    assert await desk.call().find(ticket(2)) is None


async def test_a_failed_prediction_is_found_too(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="failed"))
    sent = await desk.call(FLUX).submit(ticket(), desk.folder)
    assert await desk.call(FLUX).find(ticket()) == sent


async def test_a_vendor_that_cannot_be_asked_has_not_said_no(desk: Desk) -> None:
    desk.fail(Fault(route="list", does="unauthorized"))
    with pytest.raises(TransientProviderError, match="cannot be told now") as caught:
        await desk.call().find(ticket())
    assert caught.value.reason == "key"


async def test_looking_survives_anything_that_passes(desk: Desk) -> None:
    sent = await desk.call(FLUX).submit(ticket(), desk.folder)
    desk.fail(
        Fault(route="get", nth=(1,), status=429), Fault(route="get", nth=(2,), status=503),
        Fault(route="get", nth=(3,), drop="before"), Fault(route="get", nth=(4,), truncate=9),
        Fault(route="get", nth=(5, 6), status=404),
    )  # fmt: skip
    goods = await desk.call(FLUX).collect(sent, desk.folder)
    assert goods.cost == 3000
    assert len(desk.asked("get")) == 7


async def test_output_ends_the_wait_even_while_it_says_processing(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="early_output"))
    desk.slow(LTX)
    call = desk.call(LTX)
    sent = await call.submit(ticket(), desk.folder)
    desk.sims.clock.advance(seconds=10)
    assert (await call.collect(sent, desk.folder)).cost == 40_000
    assert desk.sims.replicate.predictions[0].status(desk.sims.clock.now()) == "processing"


ENDS = [
    ("nsfw", "refused", 0),
    ("failed", "server", 0),
    ("canceled", "cancelled", 3000),
    ("aborted", "cancelled", 0),
    ("data_removed", "lost", 3000),
]


@pytest.mark.parametrize(("does", "reason", "charged"), ENDS)
async def test_an_end_without_goods_says_why_and_what_it_cost(desk: Desk, does: str, reason: str, charged: int) -> None:
    error = await _fails(desk, route="create", does=does)
    assert isinstance(error, PermanentProviderError)
    assert (error.reason, error.charged) == (reason, charged)
    assert ("nothing was charged" in str(error)) == (charged == 0)


async def test_a_failed_run_of_a_machine_that_is_paid_by_time_may_have_cost(desk: Desk) -> None:
    error = await _fails(desk, LTX, route="create", does="failed")
    assert error.charged == 40_000


async def test_what_takes_too_long_is_stopped(desk: Desk) -> None:
    desk.slow(HAILUO)
    pace = Pace(first=0.01, most=0.01, patience=0.1)
    with pytest.raises(PermanentProviderError, match="not done within") as caught:
        await _bought(desk, desk.call(shop=desk.shop(pace=pace)))
    assert (caught.value.reason, caught.value.charged) == ("timeout", 0)
    assert len(desk.asked("cancel")) == 1
    assert desk.sims.total("replicate") == 0


async def test_what_was_done_in_the_moment_of_stopping_is_kept(desk: Desk) -> None:
    desk.fail(Fault(route="get", status=200, acts=True, body={"id": "x", "status": "processing"}))
    sent = await desk.call(FLUX).submit(ticket(), desk.folder)
    pace = Pace(first=0.01, most=0.01, patience=0.05)
    goods = await desk.call(FLUX, shop=desk.shop(pace=pace)).collect(sent, desk.folder)
    assert goods.files


async def test_what_cannot_be_seen_is_not_stopped(desk: Desk) -> None:
    sent = await desk.call().submit(ticket(), desk.folder)
    desk.fail(Fault(route="get", status=503))
    pace = Pace(first=0.01, most=0.01, patience=0.05)
    with pytest.raises(TransientProviderError, match="is ordered"):
        await desk.call(shop=desk.shop(pace=pace)).collect(sent, desk.folder)
    assert desk.asked("cancel") == []


async def test_a_prediction_that_nobody_knows_is_lost(desk: Desk) -> None:
    with pytest.raises(PermanentProviderError, match="not known") as caught:
        await desk.call().collect(Submission(vendor_id="nobody"), desk.folder)
    assert (caught.value.reason, caught.value.charged) == ("lost", 190_000)


async def test_a_key_that_was_changed_loses_nothing(desk: Desk) -> None:
    sent = await desk.call().submit(ticket(), desk.folder)
    access = type(desk.access)(variable="X", key=Secret("r8_another_one"), base_url=desk.access.base_url)
    with pytest.raises(TransientProviderError) as caught:
        await desk.call(shop=desk.shop(access=access)).collect(sent, desk.folder)
    assert caught.value.reason == "key"


async def test_a_bad_file_is_fetched_once_more(desk: Desk) -> None:
    desk.fail(Fault(route="file", nth=(1,), truncate=9000))
    assert (await _bought(desk)).files
    assert len(desk.asked("file")) == 2
    assert len(desk.sims.charges) == 1


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        (HAILUO, {"route": "create", "does": "short_clip"}),
        (HAILUO, {"route": "file", "truncate": 9000}),
        (FLUX, {"route": "file", "does": "wrong_media"}),
        (FLUX, {"route": "file", "truncate": 3000}),
    ],
)
async def test_a_file_that_stays_bad_was_paid_all_the_same(desk: Desk, model: str, fault: dict[str, Any]) -> None:
    error = await _fails(desk, model, **fault)
    assert isinstance(error, PermanentProviderError)
    assert (error.reason, error.charged) == ("media", desk.sims.total("replicate"))
    assert len(desk.asked("file")) == 2


async def test_a_file_that_is_gone_is_asked_for_once_more(desk: Desk) -> None:
    desk.fail(Fault(route="file", nth=(1,), does="gone"))
    assert (await _bought(desk, desk.call(FLUX))).cost == 3000


async def test_a_file_that_stays_gone_is_lost(desk: Desk) -> None:
    error = await _fails(desk, route="file", does="gone")
    assert (error.reason, error.charged, error.status_code) == ("lost", 3000, 404)


async def test_files_are_gone_after_an_hour(desk: Desk) -> None:
    call = desk.call(FLUX)
    sent = await call.submit(ticket(), desk.folder)
    desk.sims.clock.advance(seconds=3700)
    with pytest.raises(PermanentProviderError, match="deleted already") as caught:
        await call.collect(sent, desk.folder)
    assert "an hour" in caught.value.hint


async def test_whoever_stops_waiting_leaves_the_prediction_alone(desk: Desk) -> None:
    desk.slow(HAILUO)
    call = desk.call()
    sent = await call.submit(ticket(), desk.folder)
    waiting = asyncio.ensure_future(call.collect(sent, desk.folder))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert desk.asked("cancel") == []


async def test_cancelling_stops_it_and_never_complains(desk: Desk) -> None:
    desk.slow(HAILUO)
    call = desk.call()
    sent = await call.submit(ticket(), desk.folder)
    await call.cancel(sent.vendor_id)
    await call.cancel("nobody")
    assert desk.sims.total("replicate") == 0
