"""A studio whose vendor is simulated, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from badapple.config import Access, read_settings
from badapple.media import ffmpeg
from badapple.models import Order, Ticket, Voice, VoiceOrder
from badapple.providers import connections
from badapple.providers.elevenlabs import ElevenLabsVoice
from badapple.providers.elevenlabs.call import Speech, SpeechCall
from badapple.providers.elevenlabs.narrators import Narrator
from badapple.providers.line import Line, Patience
from badapple.styles import Acting
from badapple.testing import PlainTill
from badapple.testing.simulators import Simulators
from badapple.testing.simulators.contracts import check_request

GEORGE, LILY = "JBFqnCBsd6RMkjVDRZzb", "pFZP5JQG7iQjIQuC4Bku"  # the voices of the style `luxury`


@dataclass(kw_only=True)
class Studio:
    """Everything a test speaks with.

    Attributes:
        sims: the vendor.
        access: the way there.
        till: keeps no books.
        folder: for files.
    """

    sims: Simulators
    access: Access
    till: PlainTill
    folder: Path

    @property
    def line(self) -> Line:
        """A new one each time: it tries twice, without waiting, and knows of no failure before."""
        return Line("elevenlabs", patience=Patience(attempts=2, seconds=20.0, throttled=2), sleep=at_once)

    def voice(self, **more: object) -> ElevenLabsVoice:
        return ElevenLabsVoice(access=self.access, till=self.till, line=self.line, ffmpeg=ffmpeg.locate(), **more)  # type: ignore[arg-type]  # passed on

    async def speak(self, *texts: str, slots: tuple[float, ...] = (), style: str = "luxury", **more: object) -> Voice:
        return await self.voice().speak(order(*texts, slots=slots, style=style, **more), self.folder / "voice.mp3")

    def call(self, text: str = "Shop now.", **more: object) -> SpeechCall:
        usual = {
            "voice": Narrator(name="George", id=GEORGE), "model": "eleven_multilingual_v2", "acting": Acting(),
            "speed": 1.0, "language": "en",
        }  # fmt: skip
        speech = Speech(text=text, **(usual | more))  # type: ignore[arg-type]  # passed on
        return SpeechCall(speech, owner="local", access=self.access, line=self.line, own_prices=None)

    @property
    def sent(self) -> list[dict[str, object]]:
        return [request.body for request in self.sims.requests if request.route == "tts"]


def order(*texts: str, slots: tuple[float, ...] = (), style: str = "luxury", **more: object) -> VoiceOrder:
    return VoiceOrder(texts=texts, slots=slots or (8.0,) * len(texts), style=style, **more)  # type: ignore[arg-type]  # passed on


def ticket(*taken: str) -> Ticket:
    return Ticket(op_id="0" * 32, intent_at=datetime.now(UTC), taken=frozenset(taken), seed=1)


def keys(orders: list[Order] | tuple[Order, ...]) -> list[str]:
    return [order.key for order in orders]


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


@pytest.fixture
async def studio(sims: Simulators, tmp_path: Path) -> AsyncIterator[Studio]:
    till = PlainTill()
    access = read_settings(sims.environment()).vendors["elevenlabs"]
    yield Studio(sims=sims, access=access, till=till, folder=tmp_path)
    await connections.close()
    till.close()
    for request in sims.requests:
        check_request(request)
