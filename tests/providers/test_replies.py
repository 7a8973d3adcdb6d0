"""What vendors answer is taken in up to a limit, and their figures are believed as far as they make sense."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from badapple.config import Access
from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.models import Dedupe, Order, Ticket
from badapple.providers import connections
from badapple.providers.anthropic.call import MessageCall
from badapple.providers.anthropic.lifecycle import lifecycle
from badapple.providers.anthropic.question import MODEL, Question
from badapple.providers.anthropic.reply import message, script_parts
from badapple.providers.elevenlabs.account import preflight
from badapple.providers.elevenlabs.call import Speech, SpeechCall
from badapple.providers.elevenlabs.narrators import Narrator
from badapple.providers.elevenlabs.replies import HistoryItem
from badapple.providers.elevenlabs.wire import open_wire
from badapple.providers.line import Line, Patience
from badapple.providers.replicate import catalogue, download
from badapple.providers.replicate.client import ReplicateClient
from badapple.providers.replicate.failures import from_reply
from badapple.providers.replicate.prediction import PredictionCall, Wish, price
from badapple.providers.replicate.replies import Prediction
from badapple.providers.replicate.shop import Shop
from badapple.providers.replies import ERROR_MOST, JSON_MOST, SPEECH_MOST, _Limited, believed
from badapple.secrets import Secret
from badapple.styles import Acting

VENDORS = ("anthropic", "elevenlabs", "replicate")
BUFFERS = 16_000_000  #: bytes that may be on their way between two programs, far more than there are
DEEP = b"[" * 100_000
TICKET = Ticket(op_id="0" * 32, intent_at=datetime.now(UTC), taken=frozenset(), seed=1)
FIGURES = ("1e999", "NaN", "-1", "1000000", "9" * 400)


@dataclass
class Vendor:
    """A server that always says the same.

    Attributes:
        head: status and headers of its answer.
        body: of its answer; None never ends.
        asked: the requests that came.
        sent: bytes of bodies that were taken off its hands.
    """

    head: str
    body: bytes | None
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    address: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            length = "" if self.body is None else f"Content-Length: {len(self.body)}\r\n"
            writer.write(f"HTTP/1.1 {self.head}\r\n{length}Connection: close\r\n\r\n".encode())
            pieces = [self.body] if self.body is not None else self._without_end()
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                self.sent += len(piece)
        writer.close()

    def _without_end(self) -> Iterator[bytes]:
        while self.sent < 200_000_000:
            yield b" " * 1_000_000


@contextlib.asynccontextmanager
async def serving(head: str, body: bytes | None = b"{}") -> AsyncIterator[Vendor]:
    vendor = Vendor(head, body)
    server = await asyncio.start_server(vendor.answer, "127.0.0.1", 0)
    vendor.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield vendor
    finally:
        await connections.close()
        server.close()


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


def line(vendor: str) -> Line:
    return Line(vendor, patience=Patience(attempts=1, seconds=20, throttled=1), sleep=_at_once)


def access(vendor: str, address: str) -> Access:
    return Access(variable=f"{vendor.upper()}_KEY", key=Secret("k-a-key-of-nobody"), base_url=address)


def message_call(address: str) -> MessageCall:
    question = Question(
        key="0" * 64, label="script", model=MODEL, system="Be brief.", schema={"type": "object"},
        turns=(("user", "hello"),), max_tokens=100, typical=50,
    )  # fmt: skip
    return MessageCall(question, access=access("anthropic", address), line=line("anthropic"), seconds=10)


def speech_call(address: str) -> SpeechCall:
    speech = Speech(
        text="Shop now.", voice=Narrator(name="George", id="abc"), model="eleven_multilingual_v2", acting=Acting(),
        speed=1.0, language="en",
    )  # fmt: skip
    there = access("elevenlabs", address)
    return SpeechCall(speech, owner="local", access=there, line=line("elevenlabs"), own_prices=None)


def client(address: str) -> ReplicateClient:
    return connections.shared(object(), lambda: ReplicateClient(access("replicate", address)))


async def buy(vendor: str, address: str, folder: Path) -> object:
    if vendor == "anthropic":
        return await message_call(address).submit(TICKET, folder)
    if vendor == "elevenlabs":
        return await speech_call(address).submit(TICKET, folder)
    return await client(address).create("black-forest-labs/flux-schnell", {"prompt": "x"}, cancel_after=60)


async def ask(vendor: str, address: str) -> object:
    there = access(vendor, address)
    if vendor == "anthropic":
        return await lifecycle(there, line(vendor), MODEL)
    if vendor == "elevenlabs":
        return await (await open_wire(there)).subscription()
    return await client(address).get("abc")


each = pytest.mark.parametrize("vendor", VENDORS)


@each
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nothing_is_sent_to_where_a_vendor_sends_us(vendor: str, status: int, tmp_path: Path) -> None:
    async with serving("200 OK") as other, serving(f"{status} Elsewhere\r\nLocation: {other.address}/v1/x") as first:
        with pytest.raises(PermanentProviderError) as caught:
            await buy(vendor, first.address, tmp_path)
        assert caught.value.status_code == status
        assert f"{vendor.upper()}_BASE_URL" in caught.value.hint
        assert len(first.asked) == 1
        assert other.asked == []


async def test_a_redirect_to_nowhere_is_a_redirect(tmp_path: Path) -> None:
    async with serving("307 Elsewhere\r\nLocation: http://[") as first:
        for vendor in ("anthropic", "elevenlabs"):
            with pytest.raises(PermanentProviderError):
                await buy(vendor, first.address, tmp_path)


@each
async def test_answers_are_asked_for_as_they_are(vendor: str, tmp_path: Path) -> None:
    async with serving("500 Broken") as first:
        with pytest.raises(ProviderError):
            await buy(vendor, first.address, tmp_path)
        with pytest.raises(ProviderError):
            await ask(vendor, first.address)
        for request in first.asked:
            assert [row for row in request.lower().splitlines() if row.startswith("accept-encoding")] == [
                "accept-encoding: identity"
            ]


@each
async def test_a_packed_answer_is_not_unpacked(vendor: str, tmp_path: Path) -> None:
    bomb = gzip.compress(b'{"id": "a", "status": "' + b"x" * 30_000_000 + b'"}', 1)
    async with serving("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", bomb) as first:
        with pytest.raises(OutcomeUnknownError, match="packed"):
            await buy(vendor, first.address, tmp_path)
        with pytest.raises(TransientProviderError, match="packed"):
            await ask(vendor, first.address)
    assert list(tmp_path.iterdir()) == []


@each
async def test_a_packed_error_counts_by_its_status(vendor: str, tmp_path: Path) -> None:
    bomb = gzip.compress(b'"' + b"x" * 30_000_000 + b'"', 1)
    async with serving("401 No\r\nContent-Type: application/json\r\nContent-Encoding: gzip", bomb) as first:
        with pytest.raises(PermanentProviderError) as caught:
            await buy(vendor, first.address, tmp_path)
    assert (caught.value.status_code, caught.value.reason) == (401, "key")


@each
async def test_a_purchase_without_end_is_unknown(vendor: str, tmp_path: Path) -> None:
    most = SPEECH_MOST if vendor == "elevenlabs" else JSON_MOST
    async with serving("200 OK\r\nContent-Type: application/json", None) as first:
        with pytest.raises(OutcomeUnknownError, match=f"more than {most // 1_000_000} MB"):
            await buy(vendor, first.address, tmp_path)
        assert most - BUFFERS < first.sent < most + BUFFERS


@each
async def test_a_free_answer_without_end_costs_nothing(vendor: str) -> None:
    async with serving("200 OK\r\nContent-Type: application/json", None) as first:
        with pytest.raises(TransientProviderError, match="more than 20 MB") as caught:
            await ask(vendor, first.address)
        assert "not known" not in str(caught.value)
        assert first.sent < JSON_MOST + BUFFERS


@each
async def test_an_error_without_end_counts_by_its_status(vendor: str, tmp_path: Path) -> None:
    async with serving("401 No\r\nContent-Type: application/json", None) as first:
        with pytest.raises(PermanentProviderError) as caught:
            await buy(vendor, first.address, tmp_path)
        assert caught.value.reason == "key"
        assert first.sent < BUFFERS


async def test_the_error_of_a_download_may_be_endless_too(tmp_path: Path) -> None:
    async with serving("500 Broken", None) as first:
        with pytest.raises(TransientProviderError):
            await client(first.address).download(f"{first.address}/a.mp4", tmp_path / "a.mp4", media=download.CLIP)
        assert first.sent < BUFFERS


async def test_sound_out_of_the_history_may_be_larger_than_json() -> None:
    sound = b"x" * (JSON_MOST + 1)
    async with serving("200 OK\r\nContent-Type: audio/mpeg", sound) as first:
        wire = await open_wire(access("elevenlabs", first.address))
        assert await wire.audio("abc") == sound


async def test_many_small_pieces_are_handed_on_as_few_large_ones() -> None:
    class Crumbs:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(200_000):
                yield b"ab"

        async def aclose(self) -> None:
            """Hold nothing."""

    found = [piece async for piece in _Limited(Crumbs(), most=JSON_MOST, strict=True)]
    assert b"".join(found) == b"ab" * 200_000
    assert len(found) < 10
    cut = [piece async for piece in _Limited(Crumbs(), most=ERROR_MOST + 1, strict=False)]
    assert b"".join(cut) == (b"ab" * 200_000)[: ERROR_MOST + 1]


@each
async def test_a_purchase_nested_too_deeply_is_unknown(vendor: str, tmp_path: Path) -> None:
    async with serving("200 OK\r\nContent-Type: application/json", DEEP) as first:
        with pytest.raises(OutcomeUnknownError):
            await buy(vendor, first.address, tmp_path)
        with pytest.raises(TransientProviderError):
            await ask(vendor, first.address)


@each
@pytest.mark.parametrize("body", [DEEP, b'{"detail":' + b"[" * 900 + b"1" + b"]" * 900 + b"}"])
async def test_an_error_nested_too_deeply_counts_by_its_status(vendor: str, body: bytes, tmp_path: Path) -> None:
    async with serving("401 No\r\nContent-Type: application/json", body) as first:
        with pytest.raises(PermanentProviderError) as caught:
            await buy(vendor, first.address, tmp_path)
        assert caught.value.status_code == 401


def test_a_kept_answer_nested_too_deeply_is_no_message() -> None:
    with pytest.raises(ValueError, match="nested"):
        message(DEEP)


def test_a_script_may_be_nested_in_the_wrong_place() -> None:
    for depth in range(100, 1000, 50):
        parts, form = script_parts('{"scene_1": {"headline": ' + "[" * depth + "]" * depth + "}}")
        assert parts is None
        assert form


async def test_an_answer_with_odd_words_is_kept_all_the_same(tmp_path: Path) -> None:
    odd = "[" * 800 + "]" * 800
    body = f'{{"id": {odd}, "content": [], "model": {odd}, "stop_reason": {odd}, "usage": {odd}}}'
    async with serving("200 OK\r\nContent-Type: application/json\r\nrequest-id: r1", body.encode()) as first:
        sent = await message_call(first.address).submit(TICKET, tmp_path)
    assert sent.goods is not None
    assert (sent.vendor_id, sent.goods.cost) == ("r1", None)
    assert sent.goods.facts == {"stop_reason": None, "model": None, "usage": {}}


def test_the_words_of_an_error_may_be_nested() -> None:
    for depth in range(100, 1000, 50):
        body = b'{"detail":' + b"[" * depth + b"]" * depth + b', "retry_after": ' + b"[" * depth + b"]" * depth + b"}"
        assert from_reply(429, {}, body, paid=True).status_code == 429


def test_a_deep_prediction_can_be_written_down() -> None:
    for depth in range(50, 400, 10):
        nested = "[" * depth + "]" * depth
        text = f'{{"id": "a", "input": {{"x": {nested}}}, "error": {nested}, "unheard": {nested}}}'
        try:
            found = Prediction.model_validate_json(text)
        except ValueError:
            continue  # refused while it is read
        assert json.loads(found.to_record())["id"] == "a"


@pytest.mark.parametrize("figure", [math.inf, -math.inf, math.nan, -1, 41, 10**400, "12", True, [1], {"a": 1}])
def test_a_figure_without_sense_is_not_believed(figure: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "badapple"):
        assert believed(figure, most=40, vendor="replicate", what="seconds") is None
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "vendor_figure_refused")
    assert len(record.__dict__["said"]) < 40


def test_a_figure_with_sense_is_believed_and_a_missing_one_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    assert [believed(figure, most=40, vendor="x", what="y") for figure in (0, 0.5, 40, None)] == [0, 0.5, 40, None]
    assert not caplog.records


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
async def test_an_answer_costs_its_estimate_where_its_usage_makes_no_sense(
    figure: str, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    usage = '{"input_tokens": 10, "output_tokens": 10, "%s": %s}' % (name, figure)  # noqa: UP031 - braces
    body = f'{{"id": "m", "content": [], "model": "{MODEL}", "usage": {usage}}}'
    async with serving("200 OK\r\nContent-Type: application/json", body.encode()) as first:
        sent = await message_call(first.address).submit(TICKET, tmp_path)
    assert sent.goods is not None
    assert (sent.goods.cost, sent.goods.facts["usage"]) == (None, {})
    assert any(record.getMessage() == "vendor_figure_refused" for record in caplog.records)


@pytest.mark.parametrize("figure", [*FIGURES, "inf", "nan", "a lot"])
async def test_a_line_costs_its_text_where_its_charge_makes_no_sense(
    figure: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"200 OK\r\nContent-Type: application/json\r\nhistory-item-id: h1\r\ncharacter-cost: {figure}"
    async with serving(head, b'{"audio_base64": "AAAA"}') as first:
        call = speech_call(first.address)
        sent = await call.submit(TICKET, tmp_path)
    assert sent.goods is not None
    assert sent.goods.cost == call.order.estimate
    assert any(record.getMessage() == "vendor_figure_refused" for record in caplog.records)


@pytest.mark.parametrize("figure", [*FIGURES, '"many"', "[]"])
def test_an_entry_of_the_history_costs_its_text_where_its_count_makes_no_sense(figure: str) -> None:
    text = f'{{"history_item_id": "h", "character_count_change_from": 0, "character_count_change_to": {figure}}}'
    call = speech_call("http://127.0.0.1:9")
    item = HistoryItem.model_validate_json(text)
    assert call._cost(item.credits) == call.order.estimate


def test_settings_without_sense_are_not_ours() -> None:
    call = speech_call("http://127.0.0.1:9")
    usual: dict[str, Any] = {
        "history_item_id": "h", "text": "Shop now.", "voice_id": "abc", "model_id": "eleven_multilingual_v2",
    }  # fmt: skip
    assert call._is_ours(HistoryItem(**usual, settings={"speed": 1.0}))
    for figure in (math.inf, math.nan, 10**400, -1):
        assert not call._is_ours(HistoryItem(**usual, settings={"speed": figure}))


async def test_an_account_may_begin_anew_beyond_any_calendar() -> None:
    for figure in (10**17, -(10**17)):
        body = json.dumps(
            {"character_count": 1, "character_limit": 100, "next_character_count_reset_unix": figure}
        ).encode()
        async with serving("200 OK\r\nContent-Type: application/json", body) as first:
            credit = await preflight(
                access("elevenlabs", first.address), line("elevenlabs"), model="eleven_multilingual_v2", characters=9
            )
        assert (credit.left, credit.resets_at) == (99, None)


def prediction_call(unit: str) -> PredictionCall:
    known = [catalogue.model(name, kind="video") for name in catalogue.known(kind="video")]
    model = next(one for one in known if one.unit == unit)
    seconds = model.lengths[0][0]
    order = Order(
        key="0" * 64, vendor="replicate", model=model.name, label="clip", dedupe=Dedupe.LOOKUP,
        estimate=price(model, seconds), reserve=price(model, seconds),
    )  # fmt: skip
    shop = Shop(access=access("replicate", "http://127.0.0.1:9"), line=line("replicate"))
    return PredictionCall(order, model=model, wish=Wish(prompt="x", seconds=seconds), shop=shop)


@pytest.mark.parametrize("figure", [*FIGURES, '"many"', "[]", "true"])
def test_a_clip_costs_what_was_ordered_where_its_length_makes_no_sense(
    figure: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = f'{{"id": "a", "metrics": {{"video_output_duration_seconds": {figure}, "predict_time": {figure}}}}}'
    call = prediction_call("second")
    done = Prediction.model_validate_json(text)
    assert call._cost(done) == call.order.estimate
    assert call._endings.settled(done) <= call.order.estimate
    assert [record.getMessage() for record in caplog.records] == ["vendor_figure_refused"]


def test_a_clip_costs_what_was_made_where_that_makes_sense() -> None:
    call = prediction_call("second")
    seconds = call._wish.seconds
    twice = Prediction(id="a", metrics={"video_output_duration_seconds": 2 * seconds})
    assert call._cost(twice) == 2 * call.order.estimate


async def test_a_clock_without_a_zone_is_read_all_the_same() -> None:
    now = datetime.now(UTC)
    page = json.dumps({"results": [{"id": "a", "created_at": now.isoformat()}], "next": None}).encode()
    async with serving(f"200 OK\r\nDate: {now:%a, %d %b %Y %H:%M:%S} -0000", page) as first:
        found = await client(first.address).predictions(within=timedelta(hours=1))
    assert [one.id for one in found] == ["a"]
