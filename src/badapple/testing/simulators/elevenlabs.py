"""The simulated ElevenLabs API: speech with the times of its characters, the history, the account."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from badapple.testing.simulators import listings, replies, speech
from badapple.testing.simulators.catalogue import CREDIT, ELEVEN_KEY, SPEECH, VOICES
from badapple.testing.simulators.front import Entry, Refused
from badapple.testing.simulators.ids import Ids
from badapple.testing.simulators.ledger import Charge, fingerprint
from badapple.testing.simulators.schemas import broken
from badapple.testing.simulators.shapes import REQUESTS
from badapple.testing.simulators.traffic import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from badapple.testing.simulators.catalogue import Speech
    from badapple.testing.simulators.clock import Clock
    from badapple.testing.simulators.latency import Latency
    from badapple.testing.simulators.ledger import Ledger
    from badapple.testing.simulators.memory import Memory
    from badapple.testing.simulators.traffic import Call, Json, Request

__all__ = ["ElevenLabsSimulator"]

_FORMAT = "mp3_44100_128"


class ElevenLabsSimulator:
    """Answers as the ElevenLabs API does.

    Attributes:
        list_lag: seconds after which something new is in the history.
        concurrency: requests for speech that may run at once, as the plan allows.
        character_count: credits used before the first request.
        character_limit: credits that the plan has.
        small: the same short tone is heard for every text.
    """

    name = "elevenlabs"

    def __init__(self, *, clock: Clock, ledger: Ledger, memory: Memory, latency: Latency, ffmpeg: Path) -> None:
        self.list_lag = 0.5
        self.concurrency = 5
        self.character_count = 0
        self.character_limit = 131_072
        self.small = False
        self._clock = clock
        self._ledger = ledger
        self._memory = memory
        self._latency = latency
        self._ffmpeg = ffmpeg
        self._lock = threading.RLock()
        self._history = memory.all("history")
        self._ids = Ids()
        self._running = 0

    @property
    def history(self) -> tuple[Json, ...]:
        """Everything spoken so far, the oldest first, whether it is listed already or not."""
        with self._lock:
            return tuple(self._history)

    def entries(self) -> Sequence[Entry]:
        """Return all routes."""
        speak = "/v1/text-to-speech/{voice}"
        return (
            Entry(method="POST", path=f"{speak}/with-timestamps", name="tts", handler=self._speak_timed),
            Entry(method="POST", path=speak, name="tts", handler=self._speak_plain),
            Entry(method="GET", path="/v1/user/subscription", name="subscription", handler=self._subscription),
            Entry(method="GET", path="/v2/voices", name="voices", handler=self._voices),
            Entry(method="GET", path="/v1/voices/{voice}", name="voice", handler=self._one_voice),
            Entry(method="GET", path="/samples/{voice}", name="sample", handler=self._sample, public=True),
            Entry(method="GET", path="/v1/models", name="models", handler=self._models),
            Entry(method="GET", path="/v1/history", name="history", handler=self._list),
            Entry(method="GET", path="/v1/history/{item}", name="history_item", handler=self._item),
            Entry(method="GET", path="/v1/history/{item}/audio", name="history_audio", handler=self._audio),
        )

    def error(self, status: int, message: str = "") -> Reply:
        """Return the vendor's body for a status."""
        return replies.elevenlabs(status, message)

    def sign_in(self, request: Request) -> Reply | None:
        """Refuse a request without the right key."""
        return None if request.headers.get("xi-api-key") == ELEVEN_KEY else self.error(401)

    def misbehave(self, call: Call) -> Reply | None:
        """Return the answer of a behaviour that does nothing else."""
        fault = call.fault
        if fault is None or fault.does is None:
            return None
        known = {
            "rate_limit": replace(self.error(429), headers={"retry-after": f"{fault.retry_after:g}"}),
            "overloaded": self.error(429),
            "too_many": _too_many(),
            "unauthorized": self.error(401),
            "no_credit": self.error(402),
            "quota_exceeded": _quota(),
            "voice_not_found": _no_voice(),
        }
        return known.get(fault.does)

    def finish(self, reply: Reply, call: Call) -> Reply:  # noqa: ARG002 - the same for every call
        """Add the request's id."""
        return replace(reply, headers={"request-id": self._ids.new(), **reply.headers})

    async def work(self) -> None:
        """Do nothing: speech is made when it is asked for."""

    async def _subscription(self, _call: Call) -> Reply:
        return Reply(body=listings.subscription(used=self._used(), limit=self.character_limit, now=self._clock.now()))

    async def _voices(self, call: Call) -> Reply:
        with _numbers():
            return Reply(body=listings.voices(call.request.query))

    async def _one_voice(self, call: Call) -> Reply:
        voice = call.words["voice"]
        if voice not in VOICES:
            raise Refused(_no_voice())
        return Reply(body=listings.voice(voice, preview=f"http://{call.request.headers['host']}/samples/{voice}"))

    async def _sample(self, call: Call) -> Reply:
        name = VOICES[call.words["voice"]][0]
        spoken = await asyncio.to_thread(speech.hum, f"Hello, I am {name}.", ffmpeg=self._ffmpeg)
        return Reply(body=spoken.mp3, content_type="audio/mpeg")

    async def _models(self, _call: Call) -> Reply:
        return Reply(body=listings.speech_models())

    async def _speak_timed(self, call: Call) -> Reply:
        spoken, headers = await self._spoken(call)
        sound = base64.b64encode(spoken.mp3).decode("ascii")
        return Reply(body={"audio_base64": sound, **_times(spoken, call.does)}, headers=headers)

    async def _speak_plain(self, call: Call) -> Reply:
        spoken, headers = await self._spoken(call)
        return Reply(body=spoken.mp3, content_type="audio/mpeg", headers=headers)

    async def _spoken(self, call: Call) -> tuple[speech.Spoken, dict[str, str]]:
        model = self._check(call)
        with self._slot() as running:
            item = self._book(call, model, wait=self._latency.of("tts"))
            spoken = await asyncio.to_thread(self._voice, item)
            await self._clock.sleep_until(item["at"])
        cost = item["character_count_change_to"] - item["character_count_change_from"]
        headers = {
            "request-id": item["request_id"],
            "history-item-id": item["history_item_id"],
            "character-cost": str(cost),
            "current-concurrent-requests": str(running),
            "maximum-concurrent-requests": str(self.concurrency),
        }
        return spoken, headers

    @contextlib.contextmanager
    def _slot(self) -> Iterator[int]:
        with self._lock:
            if self._running >= self.concurrency:
                raise Refused(_too_many())
            self._running += 1
            running = self._running
        try:
            yield running
        finally:
            with self._lock:
                self._running -= 1

    def _check(self, call: Call) -> Speech:
        body = call.json
        if call.words["voice"] not in VOICES:
            raise Refused(_no_voice())
        if flaws := broken(REQUESTS[self.name, "tts"], body):
            where, _, said = flaws[0].partition(": ")
            raise Refused(replies.unprocessable(("body", *where.split(".")), said))
        if call.request.query.get("output_format", _FORMAT) != _FORMAT:
            raise Refused(replies.unprocessable(("query", "output_format"), f"only {_FORMAT} is simulated"))
        model = SPEECH.get(body.get("model_id", "eleven_multilingual_v2"))
        if model is None:
            said = f"A model with model ID {body['model_id']} does not exist."
            raise Refused(replies.elevenlabs(400, said, code="model_not_found"))
        if len(body["text"]) > model.longest:
            raise Refused(replies.elevenlabs(400, "The text is too long.", code="max_character_limit_exceeded"))
        return model

    def _book(self, call: Call, model: Speech, *, wait: float) -> Json:
        text, voice, now = call.json["text"], call.words["voice"], self._clock.now()
        settings = call.json.get("voice_settings") or {}
        with self._lock:
            used = self._used()
            item = {
                "history_item_id": self._ids.new("hist"),
                "request_id": self._ids.new(),
                "voice_id": voice,
                "model_id": model.id,
                "voice_name": VOICES[voice][0],
                "voice_category": "premade",
                "text": text,
                "date_unix": int(now),
                "character_count_change_from": used,
                "character_count_change_to": used + math.ceil(len(text) * model.multiplier),
                "content_type": "audio/mpeg",
                "state": "created",
                "settings": settings,
                "source": "TTS",
                "output_format": _FORMAT,
                "at": now + wait,
                "does": call.does,
            }
            if item["character_count_change_to"] > self.character_limit:
                raise Refused(_quota())
            self._history.append(item)
            self._memory.keep("history", item["history_item_id"], item)
        asked = {"voice": voice, "model": model.id, "text": text, "settings": settings}
        spent, name = item["character_count_change_to"] - used, item["history_item_id"]
        self._ledger.book(
            Charge(vendor=self.name, what=model.id, id=name, amount=spent * CREDIT, key=fingerprint(asked), at=now)
        )
        return item

    def _used(self) -> int:
        with self._lock:
            last = self._history[-1]["character_count_change_to"] if self._history else 0
        return max(self.character_count, int(last))

    async def _list(self, call: Call) -> Reply:
        query = call.request.query
        if ("model_id" in query or "search" in query) and "source" not in query:
            said = "source is required when model_id or search is given"
            raise Refused(replies.elevenlabs(400, said, code="missing_source"))
        now = self._clock.now()
        known = [item for item in self.history if item["at"] + self.list_lag <= now]
        with _numbers():
            page, more = listings.history_page(known, query)
        shown = [await asyncio.to_thread(self._shown, item) for item in page]
        last = shown[-1]["history_item_id"] if shown else None
        return Reply(body={"history": shown, "last_history_item_id": last, "has_more": more, "scanned_until": None})

    async def _item(self, call: Call) -> Reply:
        return Reply(body=await asyncio.to_thread(self._shown, self._find(call)))

    async def _audio(self, call: Call) -> Reply:
        spoken = await asyncio.to_thread(self._voice, self._find(call))
        return Reply(body=spoken.mp3, content_type="audio/mpeg")

    def _find(self, call: Call) -> Json:
        now = self._clock.now()
        for item in self.history:
            if item["history_item_id"] == call.words["item"] and item["at"] <= now:
                return item
        raise Refused(replies.elevenlabs(404, "History item not found", code="history_item_not_found"))

    def _voice(self, item: Json) -> speech.Spoken:
        if self.small:
            return speech.hum(item["text"], ffmpeg=self._ffmpeg)
        return speech.speak(
            item["text"],
            gender=VOICES[item["voice_id"]][1],
            speed=float(item["settings"].get("speed") or 1.0),
            normalise=SPEECH[item["model_id"]].normalises,
            ffmpeg=self._ffmpeg,
            silent=item["does"] == "silence",
        )

    def _shown(self, item: Json) -> Json:
        shown = {name: value for name, value in item.items() if name not in {"at", "does"}}
        alignments = _times(self._voice(item), item["does"]) if item["does"] != "no_alignment" else None
        return shown | {"share_link_id": None, "alignments": alignments}


@contextlib.contextmanager
def _numbers() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Refused(replies.unprocessable(("query",), "Input should be a valid integer")) from error


def _too_many() -> Reply:
    return replies.elevenlabs(429, "Too many concurrent requests.", code="too_many_concurrent_requests")


def _quota() -> Reply:
    return replies.elevenlabs(401, "This request exceeds your quota.", code="quota_exceeded")


def _no_voice() -> Reply:
    return replies.elevenlabs(404, "A voice with this ID was not found.", code="voice_not_found")


def _times(spoken: speech.Spoken, does: str | None) -> Json:
    if does == "no_alignment":
        return {"alignment": None, "normalized_alignment": None}
    tables = {"alignment": spoken.alignment, "normalized_alignment": spoken.normalized}
    if does == "bad_alignment":
        return {
            name: {key: some[: len(some) * 2 // 3] for key, some in table.items()} for name, table in tables.items()
        }
    return tables
