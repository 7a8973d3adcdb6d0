"""The purchase of one text, and what becomes of it when the answer is lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.providers.elevenlabs.conftest import LILY, Studio, ticket

from badapple.cache import Cache
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.errors import OutcomeUnknownError, PermanentProviderError, TransientProviderError
from badapple.journal import Books, Claims, JournalTill
from badapple.models import Submission
from badapple.ports import PaidCall
from badapple.providers.elevenlabs.narrators import Narrator
from badapple.styles import Acting
from badapple.testing.simulators import Fault


def _reply(studio: Studio) -> dict[str, object]:
    body: dict[str, object] = json.loads((studio.folder / "reply.json").read_bytes())
    return body


@pytest.fixture
def till(studio: Studio) -> Iterator[JournalTill]:
    """A till with books, whose waiting moves the vendor's clock."""
    engine = open_database(f"sqlite:///{studio.folder / 'books.db'}")
    holder = Holder(engine, studio.folder)
    claims = Claims(holder, Watcher(engine, studio.folder).alive)
    cache = Cache(studio.folder / "cache")
    books = Books(engine, cache, claims, job="job", owner="local", caps={"job:job": None})

    async def sleep(seconds: float) -> None:
        studio.sims.clock.advance(seconds=seconds)

    yield JournalTill(books, cache, sleep=sleep)
    holder.close()
    engine.dispose()


async def test_the_reply_is_kept_as_it_came(studio: Studio) -> None:
    call: PaidCall = studio.call()
    sent = await call.submit(ticket(), studio.folder)
    (answer,) = [one for one in studio.sims.exchanges if one.request.route == "tts"]
    assert sent.goods is not None
    assert sent.goods.files == {"reply": studio.folder / "reply.json"}
    assert _reply(studio) == answer.body
    assert sent.vendor_id == studio.sims.elevenlabs.history[0]["history_item_id"]
    assert sent.goods.facts == {"characters": 9, "words": "exact"}
    assert sent.goods.cost == studio.sims.total("elevenlabs") == call.order.estimate == call.order.reserve == 900


async def test_the_charge_of_the_reply_counts_where_it_differs(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", headers={"character-cost": "27"})])
    sent = await studio.call().submit(ticket(), studio.folder)
    assert sent.goods is not None
    assert sent.goods.cost == 2700  # a voice with a rate of its own


def test_the_key_says_what_is_wanted_and_nothing_of_the_job(studio: Studio) -> None:
    one = studio.call().order.key
    # The same in every release: another key buys again what is there.
    assert one == "71a48a89ea368fd3682482d9cef75aaf20740ffc1079652d5019659a69321199"
    others = [
        studio.call("Shop today."),
        studio.call(speed=1.05),
        studio.call(voice=Narrator(name="Lily", id=LILY)),
        studio.call(model="eleven_flash_v2_5"),
        studio.call(acting=Acting(stability=0.6)),
        studio.call(language="de"),
        studio.call(take=1),
    ]
    assert len({one, *(other.order.key for other in others)}) == 8
    assert studio.call(voice=Narrator(name="Another name", id=studio.call()._speech.voice.id)).order.key == one


async def test_what_was_sold_without_an_answer_is_found(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", drop="after")])
    call, now = studio.call(), ticket()
    with pytest.raises(OutcomeUnknownError, match=r"connection to ElevenLabs broke.*may have been charged"):
        await call.submit(now, studio.folder)
    assert await call.find(now) is None  # the history lags behind
    studio.sims.clock.advance(seconds=5)
    found = await call.find(now)
    assert found == Submission(vendor_id=studio.sims.charges[0].id)
    goods = await call.collect(found, studio.folder)
    assert (goods.cost, goods.facts["words"]) == (900, "exact")
    audio = base64.b64decode(str(_reply(studio)["audio_base64"]))
    assert audio[:3] == b"ID3" or audio[0] == 0xFF


async def test_what_was_not_sold_is_not_found(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", drop="before")])
    call, now = studio.call(), ticket()
    with pytest.raises(OutcomeUnknownError):
        await call.submit(now, studio.folder)
    studio.sims.clock.advance(seconds=20)
    assert await call.find(now) is None


async def test_only_the_same_line_is_taken_for_ours(studio: Studio) -> None:
    now = ticket()
    others = [
        studio.call("Shop now"),
        studio.call(speed=1.1),
        studio.call(voice=Narrator(name="Lily", id=LILY)),
        studio.call(model="eleven_flash_v2_5"),
        studio.call(acting=Acting(stability=0.6)),
    ]
    for other in others:
        await other.submit(now, studio.folder)
    studio.sims.clock.advance(seconds=5)
    assert await studio.call().find(now) is None
    assert [(await other.find(now)) is not None for other in others] == [True] * 5


async def test_what_stands_on_another_receipt_is_left_alone(studio: Studio) -> None:
    call = studio.call()
    first = await call.submit(ticket(), studio.folder)
    second = await call.submit(ticket(), studio.folder)
    studio.sims.clock.advance(seconds=5)
    one, two = first.vendor_id, second.vendor_id
    found = [await call.find(ticket(*taken)) for taken in ((), (two,), (one, two))]
    assert found == [Submission(vendor_id=two), Submission(vendor_id=one), None]
    by_request = studio.sims.elevenlabs.history[0]["request_id"]
    assert await call.find(ticket(by_request)) == Submission(vendor_id=second.vendor_id)


@pytest.mark.parametrize("years", [-1, 1])
async def test_a_clock_that_is_wrong_here_hides_nothing(studio: Studio, years: int) -> None:
    call = studio.call()
    sent = await call.submit(ticket(), studio.folder)
    studio.sims.clock.advance(seconds=5)
    moved = ticket()
    moved = replace(moved, intent_at=moved.intent_at.replace(year=moved.intent_at.year + years))
    assert await call.find(moved) == Submission(vendor_id=sent.vendor_id)


async def test_a_long_history_is_searched_page_by_page(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.wire.PAGE", 2)
    call = studio.call()
    sent = [await call.submit(ticket(), studio.folder) for _ in range(25)]
    studio.sims.clock.advance(seconds=5)
    taken = tuple(one.vendor_id for one in sent[1:])
    assert await call.find(ticket(*taken)) == Submission(vendor_id=sent[0].vendor_id)


async def test_what_may_stand_behind_the_end_of_the_search_is_not_bought_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.wire.PAGE", 2)
    monkeypatch.setattr("badapple.providers.elevenlabs.call._PAGES", 2)
    call = studio.call()
    sent = [await call.submit(ticket(), studio.folder) for _ in range(5)]
    studio.sims.clock.advance(seconds=5)
    with pytest.raises(OutcomeUnknownError, match="not to be seen in the newest 4 lines"):
        await call.find(ticket(*(one.vendor_id for one in sent[1:])))
    assert await call.find(ticket(sent[4].vendor_id)) == Submission(vendor_id=sent[3].vendor_id)


@pytest.mark.parametrize("fault", [
    Fault(vendor="elevenlabs", route="tts", nth=(1,), drop="after"),
    Fault(vendor="elevenlabs", route="tts", nth=(1,), status=500, acts=True),
    Fault(vendor="elevenlabs", route="tts", nth=(1,), truncate=400),
    Fault(vendor="elevenlabs", route="tts", nth=(1,), truncate=400, drop="after"),
    Fault(vendor="elevenlabs", route="tts", nth=(1,), body="<html>", content_type="text/html"),
])  # fmt: skip
async def test_a_spoilt_answer_is_paid_once_and_its_audio_fetched(
    studio: Studio, till: JournalTill, fault: Fault
) -> None:
    studio.sims.set_faults([fault])
    bought = await till.once(studio.call())
    assert len(studio.sims.charges) == 1
    assert (bought.vendor_id, bought.cost) == (studio.sims.charges[0].id, 900)
    assert json.loads(bought.files["reply"].read_bytes())["audio_base64"]
    assert (await till.once(studio.call())).files == bought.files
    assert len(studio.sims.charges) == 1


async def test_a_connection_lost_before_the_sale_is_tried_again(studio: Studio, till: JournalTill) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", nth=(1,), drop="before")])
    await till.once(studio.call())
    assert (len(studio.sims.charges), len(studio.sent)) == (1, 2)


async def test_without_times_in_the_history_the_facts_say_so(studio: Studio) -> None:
    call = studio.call()
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", does="no_alignment")])
    sent = await call.submit(ticket(), studio.folder)
    assert sent.goods is not None
    assert sent.goods.facts["words"] == "estimated"
    goods = await call.collect(Submission(vendor_id=sent.vendor_id), studio.folder)
    assert goods.facts["words"] == "estimated"


async def test_a_purchase_known_by_its_request_can_be_fetched(studio: Studio) -> None:
    call = studio.call()
    await call.submit(ticket(), studio.folder)
    studio.sims.clock.advance(seconds=5)
    request = studio.sims.elevenlabs.history[0]["request_id"]
    goods = await call.collect(Submission(vendor_id=request), studio.folder)
    assert goods.cost == 900


async def test_an_entry_that_is_not_there_yet_is_waited_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.call._LAGS", (0.0, 0.0))
    call = studio.call()
    sent = await call.submit(ticket(), studio.folder)
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="history_item", nth=(1, 2), status=404)])
    goods = await call.collect(Submission(vendor_id=sent.vendor_id), studio.folder)
    assert goods.cost == 900


async def test_audio_that_is_gone_was_paid_for_all_the_same(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badapple.providers.elevenlabs.call._LAGS", ())
    with pytest.raises(PermanentProviderError, match="paid for, and ElevenLabs has it no longer") as caught:
        await studio.call().collect(Submission(vendor_id="unknown"), studio.folder)
    assert (caught.value.reason, caught.value.charged, caught.value.status_code) == ("lost", 900, 404)


async def test_a_key_that_may_not_read_the_history_loses_nothing(studio: Studio) -> None:
    call = studio.call()
    refusal = {"detail": {"status": "missing_permissions", "message": "The API key is missing speech_history_read"}}
    studio.sims.set_faults(
        [Fault(vendor="elevenlabs", route=route, status=401, body=refusal) for route in ("history", "history_item")]
    )
    with pytest.raises(OutcomeUnknownError, match="cannot be looked up") as caught:
        await call.find(ticket())
    assert "read the history" in caught.value.hint
    with pytest.raises(TransientProviderError, match="paid for cannot be fetched"):
        await call.collect(Submission(vendor_id="any"), studio.folder)


async def test_a_busy_history_is_asked_again(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="history", status=503, nth=(1,))])
    assert await studio.call().find(ticket()) is None
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="history", status=503)])
    with pytest.raises(TransientProviderError, match="HTTP 503"):
        await studio.call().find(ticket())


async def test_nothing_is_ever_cancelled(studio: Studio) -> None:
    await studio.call().cancel("any")
    assert studio.sims.requests == ()


def test_the_books_hold_what_is_sent(studio: Studio) -> None:
    call = studio.call()
    assert (call.order.vendor, call.order.model, str(call.order.dedupe)) == (
        "elevenlabs",
        "eleven_multilingual_v2",
        "lookup",
    )
    assert json.loads(json.dumps(call.order.request))["text"] == "Shop now."
