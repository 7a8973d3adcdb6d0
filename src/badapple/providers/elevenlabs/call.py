"""The purchase of one spoken text."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.models import Dedupe, Goods, Order, Submission, call_key
from badapple.process import in_thread, with_room
from badapple.providers.elevenlabs.failures import PROVIDER
from badapple.providers.elevenlabs.replies import HistoryItem, SpeechReply, read_alignment
from badapple.providers.elevenlabs.tariff import CHEAP, credits_of, micros_of
from badapple.providers.elevenlabs.timings import known_spans
from badapple.providers.elevenlabs.wire import open_wire
from badapple.providers.replies import FACTOR, believed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from badapple.config import Access
    from badapple.models import Ticket
    from badapple.providers.elevenlabs.narrators import Narrator
    from badapple.providers.line import Line
    from badapple.styles import Acting

__all__ = ["Speech", "SpeechCall"]

_REPLY = "reply"  #: name of the goods' one file
_SEED = 7  #: for every line, so that a second recording differs in its speed and in little else
_NO_LANGUAGE = frozenset({"eleven_multilingual_v2"})  #: finds the language by itself, and takes no code for it
_NO_NUMBERS = frozenset({CHEAP, "eleven_flash_v2", "eleven_turbo_v2_5", "eleven_turbo_v2"})  #: never write them out
_PAGES = 100  #: of the history that are searched at most
_LASTING = 30 * 86_400.0  #: seconds for which the history surely keeps audio
_LAGS = (2.0, 5.0, 10.0)  #: seconds between looks at an entry that should be in the history
_GONE = frozenset({400, 404, 410, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is wanted: a text in a voice.

    Attributes:
        text: as it is sent.
        voice: who speaks it.
        model: the vendor's name of the model.
        acting: how.
        speed: pace relative to the voice's own.
        language: of the text, two or three letters.
        take: 0 first, 1 where the first brought nothing that can be heard.
    """

    text: str
    voice: Narrator
    model: str
    acting: Acting
    speed: float
    language: str
    take: int = 0

    def settings(self) -> dict[str, Any]:
        """Return the voice's settings as they are sent."""
        return {
            "stability": self.acting.stability, "similarity_boost": self.acting.similarity, "style": self.acting.style,
            "use_speaker_boost": True, "speed": self.speed,
        }  # fmt: skip

    def body(self) -> dict[str, Any]:
        """Return the body of the request.

        It says nothing of the lines around it (`previous_text`, `next_text`): they would have to enter the key, and a
        changed word in one scene would buy its neighbours again.
        """
        body = {
            "text": self.text, "model_id": self.model, "seed": _SEED + self.take, "voice_settings": self.settings(),
        }  # fmt: skip
        if self.model not in _NO_NUMBERS:
            body["apply_text_normalization"] = "auto"
        if self.model not in _NO_LANGUAGE:
            body["language_code"] = self.language
        return body

    def key(self, owner: str) -> str:
        """Return the key of the purchase; nothing of a job is in it, so jobs share their lines."""
        more = {"take": self.take} if self.take else {}
        return call_key(
            owner=owner, vendor=PROVIDER, model=self.model, text=self.text, voice=self.voice.id,
            settings=self.settings(), language=self.language, **more,
        )  # fmt: skip


class SpeechCall:
    """Buys one spoken text with the times of its characters.

    Its goods are one JSON file, `reply`, kept before anybody looks into it: the vendor's own, or one of the same shape
    made from its history. Their fact `words` is `exact` where all times are the vendor's, else `estimated`.
    """

    def __init__(self, speech: Speech, *, owner: str, access: Access, line: Line, own_prices: Path | None) -> None:
        self._speech = speech
        self._access = access
        self._line = line
        self._own_prices = own_prices
        cost = micros_of(speech.model, len(speech.text), own=own_prices)
        self.order = Order(
            key=speech.key(owner), vendor=PROVIDER, model=speech.model, label="voice line", dedupe=Dedupe.LOOKUP,
            estimate=cost, reserve=cost, request=speech.body(), look_again=(0.0, 5.0, 10.0), lasting=_LASTING,
        )  # fmt: skip

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:
        """Buy it; the reply holds the goods.

        Raises:
            TransientProviderError: nothing was bought, and trying again later may help.
            PermanentProviderError: nothing was bought.
            OutcomeUnknownError: it may have been bought.
        """
        wire = await open_wire(self._access)
        body = self._speech.body()
        answer = await self._line.call(lambda: wire.speak(self._speech.voice.id, body))
        file = folder / "reply.json"
        await with_room(lambda: in_thread(file.write_bytes, answer.body))
        vendor_id = answer.headers.get("history-item-id") or answer.headers.get("request-id")
        alignment = await in_thread(_alignment_of, answer.body)
        if alignment is not None:
            goods = self._goods(file, alignment, _number(answer.headers.get("character-cost")))
            return Submission(vendor_id=vendor_id or f"unnamed-{ticket.op_id}", goods=goods)
        if vendor_id:
            return Submission(vendor_id=vendor_id)  # paid; the history may have what the reply has not
        raise OutcomeUnknownError(
            "ElevenLabs answered without audio; it may have been charged",
            provider=PROVIDER,
            reason="media",
            hint="run the same command again: the history at ElevenLabs is searched before anything is bought",
        )

    async def find(self, ticket: Ticket) -> Submission | None:
        """Search the history for this text in this voice, from its newest entry on.

        No time is asked for: a wrong clock here must not hide what was paid. An equal line of old that stands on no
        receipt says the same in the same voice, and costs nothing.

        Raises:
            TransientProviderError: the history cannot be read now.
            OutcomeUnknownError: the key may not read it, or it is longer than it is searched.
        """
        try:
            async for item in self._history():
                if self._is_ours(item) and not ticket.taken & {item.history_item_id, item.request_id}:
                    return Submission(vendor_id=item.history_item_id)
        except PermanentProviderError as error:
            raise OutcomeUnknownError(
                f"whether a voice line was charged cannot be looked up: {error}",
                provider=PROVIDER,
                status_code=error.status_code,
                reason=error.reason,
                hint="let the key read the history at ElevenLabs, then run the same command again",
            ) from error
        return None

    async def collect(self, submission: Submission, folder: Path) -> Goods:
        """Fetch audio and times out of the history.

        Raises:
            TransientProviderError: not to be had now; nothing is lost.
            PermanentProviderError: the history has it no longer (`lost`).
        """
        item, audio = await self._fetched(submission.vendor_id)
        alignment = (item.alignments or {}).get("alignment")
        reply = {"audio_base64": base64.b64encode(audio).decode("ascii"), "alignment": alignment}
        file = folder / "reply.json"
        await in_thread(file.write_text, json.dumps(reply), encoding="utf-8")
        return self._goods(file, alignment, item.credits)

    async def cancel(self, vendor_id: str) -> None:
        """Do nothing: a line is spoken as soon as it is bought."""

    def _goods(self, file: Path, alignment: object, said: float | str | None) -> Goods:
        text = self._speech.text
        known = len(known_spans(read_alignment(alignment), text))
        facts = {"characters": len(text), "words": "exact" if known == len(text) else "estimated"}
        return Goods(files={_REPLY: file}, facts=facts, cost=self._cost(said))

    def _cost(self, said: float | str | None) -> int:
        """Return the micro-dollars of the credits that the vendor counts; of the text where that makes no sense."""
        model, characters = self._speech.model, len(self._speech.text)
        most = FACTOR * credits_of(model, characters)
        taken = believed(said, most=most, vendor=PROVIDER, what="credits")
        return micros_of(model, characters, None if taken is None else math.ceil(taken), own=self._own_prices)

    async def _fetched(self, vendor_id: str) -> tuple[HistoryItem, bytes]:
        """Return an entry of the history and its audio; what is not there yet is waited for a little."""
        wire = await open_wire(self._access)
        lags = iter(_LAGS)
        while True:
            try:
                item = await self._item(vendor_id)
                return item, await self._line.ask(partial(wire.audio, item.history_item_id))
            except PermanentProviderError as error:
                lag = next(lags, None)
                if lag is None or error.status_code not in _GONE:
                    raise self._not_there(error) from error
                await asyncio.sleep(lag)

    async def _item(self, vendor_id: str) -> HistoryItem:
        """Return the entry with this id, which may be that of its request."""
        wire = await open_wire(self._access)
        try:
            return await self._line.ask(lambda: wire.item(vendor_id))
        except PermanentProviderError as error:
            if error.status_code not in _GONE:
                raise
            with contextlib.suppress(OutcomeUnknownError):
                async for item in self._history():
                    if item.request_id == vendor_id:
                        return item
            raise

    async def _history(self) -> AsyncIterator[HistoryItem]:
        """Yield what was said in this voice, the newest first.

        Raises:
            OutcomeUnknownError: there is more than is searched: what was not met may stand there.
        """
        wire = await open_wire(self._access)
        after, seen = None, 0
        for _ in range(_PAGES):
            page = await self._line.ask(
                partial(wire.history, voice=self._speech.voice.id, model=self._speech.model, after=after)
            )
            for item in page.history:
                yield item
            seen += len(page.history)
            after = page.last_history_item_id
            if not page.has_more or not after:
                return
        raise OutcomeUnknownError(
            f"whether a voice line was charged is not to be seen in the newest {seen:,} lines of this voice",
            provider=PROVIDER,
            hint="look for the line in the history at ElevenLabs, then accept the charge or try again",
        )

    def _is_ours(self, item: HistoryItem) -> bool:
        said = item.settings or {}  # as much of them as the vendor keeps
        pairs = [(value, said[name]) for name, value in self._speech.settings().items() if name in said]
        same = all(mine - 0.005 < its < mine + 0.005 for mine, its in pairs if isinstance(its, int | float))
        wanted = (self._speech.text, self._speech.voice.id, self._speech.model)
        return (item.text, item.voice_id, item.model_id) == wanted and same

    def _not_there(self, error: PermanentProviderError) -> ProviderError:
        if error.status_code in _GONE:
            return PermanentProviderError(
                f"a voice line was paid for, and ElevenLabs has it no longer: {error}",
                provider=PROVIDER,
                status_code=error.status_code,
                reason="lost",
                charged=self.order.estimate,
                hint="run the same command again to buy it once more",
            )
        return TransientProviderError(  # a key that may not read today may do so tomorrow
            f"a voice line that is paid for cannot be fetched: {error}",
            provider=PROVIDER,
            status_code=error.status_code,
            reason=error.reason,
            hint="let the key read the history at ElevenLabs, then run the same command again",
        )


def _alignment_of(body: bytes) -> object | None:
    """Return the alignment of a reply (an empty one where there is none); None where the reply has no audio."""
    try:
        return SpeechReply.model_validate_json(body).alignment or {}
    except ValueError:
        return None


def _number(text: str | None) -> float | str | None:
    """Return a header as a number, or as it is where it is none."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return text
