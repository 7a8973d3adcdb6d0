"""The narrator from ElevenLabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import PermanentProviderError
from badapple.models import Maker, Voice
from badapple.process import in_thread
from badapple.providers.elevenlabs import account, pace, recording
from badapple.providers.elevenlabs.call import Speech, SpeechCall
from badapple.providers.elevenlabs.failures import PROVIDER, NoVoiceError
from badapple.providers.elevenlabs.narrators import narrators
from badapple.providers.elevenlabs.tariff import MODEL
from badapple.providers.elevenlabs.wording import word
from badapple.styles import load as load_style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from badapple.config import Access
    from badapple.models import Order, VoiceOrder
    from badapple.ports import Till
    from badapple.providers.elevenlabs.account import Credit
    from badapple.providers.elevenlabs.narrators import Narrator
    from badapple.providers.elevenlabs.recording import Recording
    from badapple.providers.elevenlabs.wording import Wording
    from badapple.providers.line import Line
    from badapple.styles import Style

__all__ = ["ElevenLabsVoice"]


class ElevenLabsVoice:
    """Speaks with the voices that a style names; every text is one purchase, two at most.

    Args:
        access: key and address.
        till: buys.
        line: the way to the vendor.
        ffmpeg: decodes, hastens, encodes.
        style_dirs: folders with further styles.
        model: `eleven_multilingual_v2`, or `eleven_flash_v2_5` at half the price, which reads figures as they stand:
            a script for it should write its numbers out.
        own_prices: a price list of the user's own.
    """

    def __init__(
        self,
        *,
        access: Access,
        till: Till,
        line: Line,
        ffmpeg: Path,
        style_dirs: tuple[Path, ...] = (),
        model: str = MODEL,
        own_prices: Path | None = None,
    ) -> None:
        self.maker = Maker(name=PROVIDER, model=model, generated=True)
        self._access = access
        self._till = till
        self._line = line
        self._ffmpeg = ffmpeg
        self._style_dirs = tuple(style_dirs)
        self._own_prices = own_prices

    async def speak(self, order: VoiceOrder, out: Path) -> Voice:
        """Write the MP3 to `out` and say where its words are.

        Raises:
            ConfigError: the SDK, the key or a voice's id is missing.
            ScriptError: a text does not fit its slot; says how many words to cut.
            ProviderError: as the purchase raises, or nothing can be heard in what was bought (`media`).
            BudgetError: it would go over a cap.
        """
        reader = _Reader(self, load_style(order.style, self._style_dirs), order)
        # One after the other: what a first text teaches (too long, no such voice) is not paid for twice.
        recordings = [await reader.read(text, slot) for text, slot in zip(order.texts, order.slots, strict=True)]
        return await in_thread(self._write, recordings, out)

    def calls(self, order: VoiceOrder) -> tuple[Order, ...]:
        """Return what would be bought first for an order; asks nobody.

        Raises:
            ConfigError: a voice has no id, or the model no price.
        """
        reader = _Reader(self, load_style(order.style, self._style_dirs), order)
        worded = [(word(text, order.pronounce), slot) for text, slot in zip(order.texts, order.slots, strict=True)]
        return tuple(
            self.call(reader.speech(wording, reader.first_speed(wording, slot))).order
            for wording, slot in worded
            if wording.units
        )

    async def preflight(self, characters: int) -> Credit:
        """Check the key, and that the account can still speak so many characters; costs nothing.

        Raises:
            ConfigError: the SDK is not installed, or no key is set.
            PermanentProviderError: the key is wrong (`key`), or too little is left (`quota`).
            TransientProviderError: ElevenLabs cannot be asked now.
        """
        return await account.preflight(self._access, self._line, model=self.maker.model, characters=characters)

    async def check_credit(self, orders: Sequence[VoiceOrder]) -> None:
        """Make sure that what is not bought yet of these orders can be.

        Raises:
            PermanentProviderError: the account has too little left; nothing was charged.
        """
        texts = [bill for order in orders for bill in self.calls(order) if not await self._till.has(bill)]
        if texts:
            await self.preflight(sum(len(bill.request["text"]) for bill in texts))

    def call(self, speech: Speech) -> SpeechCall:
        """Return the purchase of a spoken text."""
        return SpeechCall(
            speech, owner=self._till.owner, access=self._access, line=self._line, own_prices=self._own_prices
        )

    async def record(self, speech: Speech, wording: Wording) -> Recording | None:
        """Buy a spoken text; None where nothing can be heard in it."""
        bought = await self._till.once(self.call(speech))
        return await in_thread(
            recording.hear, bought.files["reply"], wording, speed=speech.speed, ffmpeg=self._ffmpeg
        )  # fmt: skip

    async def fit(self, found: Recording, slot: float) -> Recording:
        """Bring a recording into its slot."""
        return await in_thread(recording.fitted, found, slot, ffmpeg=self._ffmpeg)

    def _write(self, recordings: list[Recording | None], out: Path) -> Voice:
        samples, utterances = recording.joined(recordings)
        recording.encode(samples, out, ffmpeg=self._ffmpeg)
        speed = max((found.speed for found in recordings if found), default=1.0)
        return Voice(path=out, duration=len(samples) / recording.RATE, utterances=utterances, speed=round(speed, 4))


class _Reader:
    """Reads the texts of one order; a voice that is not to be had is not asked again."""

    def __init__(self, studio: ElevenLabsVoice, style: Style, order: VoiceOrder) -> None:
        self._studio = studio
        self._style = style
        self._order = order
        self._voices = list(narrators(style))
        self._model = studio.maker.model

    def first_speed(self, wording: Wording, slot: float) -> float:
        look = self._style.voice
        return pace.first_speed(wording.text, slot, style=look.acting.speed or look.pace)

    def speech(self, wording: Wording, speed: float, *, take: int = 0) -> Speech:
        language = self._order.language.lower().replace("_", "-").split("-")[0]
        return Speech(
            text=wording.text, voice=self._voices[0], model=self._model, acting=self._style.voice.acting, speed=speed,
            language=language, take=take,
        )  # fmt: skip

    async def read(self, text: str, slot: float) -> Recording | None:
        """Return a text spoken within its slot; None for one that says nothing."""
        wording = word(text, self._order.pronounce)
        if not wording.units:
            return None
        pace.check(text, slot, sent=wording.text)
        speed = self.first_speed(wording, slot)
        found, again = await self._recorded(wording, speed), True
        if found is None:
            found, again = await self._recorded(wording, speed, take=1), False
        if found is None:
            raise _unheard(text)
        if again and found.seconds > slot * pace.STRETCH:
            found = await self._faster(found, wording, slot)
        if found.seconds > slot * pace.STRETCH:
            fastest = max(found.seconds * found.speed / pace.FASTEST, slot * pace.STRETCH)
            raise pace.too_long(text, fastest, slot)
        return await self._studio.fit(found, slot)

    async def _faster(self, found: Recording, wording: Wording, slot: float) -> Recording:
        """Buy a text once more at a higher speed, where that will bring it into its slot."""
        speed = pace.next_speed(found.seconds, slot, speed=found.speed)
        return (await self._recorded(wording, speed) if speed else None) or found

    async def _recorded(self, wording: Wording, speed: float, *, take: int = 0) -> Recording | None:
        asked: list[Narrator] = []
        while True:
            try:
                return await self._studio.record(self.speech(wording, speed, take=take), wording)
            except PermanentProviderError as error:
                if error.charged or not (isinstance(error, NoVoiceError) or error.status_code in {403, 404}):
                    raise
                asked.append(self._voices[0])
                if len(self._voices) > 1:
                    del self._voices[0]
                elif isinstance(error, NoVoiceError):
                    raise _no_voice(asked, error) from error
                else:
                    raise


def _no_voice(asked: list[Narrator], error: NoVoiceError) -> PermanentProviderError:
    names = " and ".join(narrator.name for narrator in asked)
    return PermanentProviderError(
        f"ElevenLabs does not let this account speak as {names}: {error}", provider=PROVIDER,
        status_code=error.status_code, reason=error.reason, hint=error.hint,
    )  # fmt: skip


def _unheard(text: str) -> PermanentProviderError:
    return PermanentProviderError(
        f"ElevenLabs sold audio twice in which nothing can be heard, for {text!r}; both were charged",
        provider=PROVIDER,
        reason="media",
        hint="change the text a little, or choose the offline voice",
    )
