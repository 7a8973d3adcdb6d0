"""Who makes the parts: `resolve` picks a maker for each port."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Settings
    from badapple.journal import JournalTill
    from badapple.media.fonts import FontBook
    from badapple.models import Maker
    from badapple.ports import ImagePainter, MusicSource, SceneRenderer, ScriptWriter, SpeechSynthesizer
    from badapple.providers.choice import Choice
    from badapple.providers.purchasing import Purchasing

__all__ = ["Providers", "guesser", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """One maker for each port.

    Attributes:
        script: writes.
        voice: speaks.
        scenes: films.
        painter: paints the end card.
        music: plays.
        till: buys what vendors among them make; None where there are none.
        stand_in: makers that step in for a vendor that fails for good, or None.
    """

    script: ScriptWriter
    voice: SpeechSynthesizer
    scenes: SceneRenderer
    painter: ImagePainter
    music: MusicSource
    till: JournalTill | None = None
    stand_in: Providers | None = None

    def named(self, kind: str, by: str) -> Providers:
        """Return these makers, or those that stand in, by the signature of the one that makes a kind of asset.

        Raises:
            ConfigError: neither has that signature.
        """
        if self._maker(kind).signature == by:
            return self
        if self.stand_in is None:
            raise ConfigError(f"no maker here is {by}")
        return self.stand_in.named(kind, by)

    def _maker(self, kind: str) -> Maker:
        makers = {
            "script": self.script.maker, "voice": self.voice.maker, "footage": self.scenes.maker,
            "scene": self.scenes.maker, "card": self.painter.maker,
        }  # fmt: skip
        return makers[kind]


def resolve(
    settings: Settings,
    *,
    ffmpeg: Path,
    script_file: Path | None = None,
    script_from: str | None = None,
    choice: Choice | None = None,
    purchasing: Purchasing | None = None,
) -> Providers:
    """Return the makers that were chosen: offline ones by default, and a script of the user's own where one is given.

    Args:
        settings: folders of styles and fonts.
        ffmpeg: the program.
        script_file: a script of the user's own.
        script_from: signature of the maker whose script that is an edit of, or None.
        choice: which vendor makes which part; None means none.
        purchasing: how vendors are paid and reached; needed where the choice names one.

    Raises:
        ScriptError: the user's script cannot be used.
        ConfigError: a vendor's package is not installed, or its model is not known.
    """
    from badapple.media.fonts import FontBook  # noqa: PLC0415 - `badapple --help` shall not wait for it

    book = FontBook(settings.font_dirs)
    offline = _offline(settings, ffmpeg=ffmpeg, book=book)
    if script_file is not None:
        from badapple.providers.script_file import FileScriptWriter  # noqa: PLC0415 - loads pydantic

        own = FileScriptWriter(script_file, style_dirs=settings.style_dirs, origin=script_from)
        offline = replace(offline, script=own)
    if choice is None or purchasing is None or not choice.vendors:
        return offline
    from badapple.providers.hosted import hosted  # noqa: PLC0415 - loads the vendors' packages

    return hosted(offline, settings, ffmpeg=ffmpeg, book=book, choice=choice, purchasing=purchasing)


def guesser(makers: Providers, settings: Settings) -> ScriptWriter:
    """Return a writer that costs nothing, by whose script the price of an ad is guessed."""
    if not makers.script.maker.hosted:
        return makers.script
    from badapple.providers.offline.script import OfflineScriptWriter  # noqa: PLC0415 - as below

    return OfflineScriptWriter(style_dirs=settings.style_dirs)


def _offline(settings: Settings, *, ffmpeg: Path, book: FontBook) -> Providers:
    # The makers import NumPy, OpenCV and onnxruntime; `badapple --help` shall not wait for them.
    from badapple.providers.offline.card import OfflineCardPainter  # noqa: PLC0415
    from badapple.providers.offline.music import OfflineMusic  # noqa: PLC0415
    from badapple.providers.offline.scenes import OfflineSceneRenderer  # noqa: PLC0415
    from badapple.providers.offline.script import OfflineScriptWriter  # noqa: PLC0415
    from badapple.providers.offline.voice import OfflineVoice  # noqa: PLC0415

    styles = settings.style_dirs
    return Providers(
        script=OfflineScriptWriter(style_dirs=styles),
        voice=OfflineVoice(ffmpeg=ffmpeg, style_dirs=styles),
        scenes=OfflineSceneRenderer(book=book, style_dirs=styles),
        painter=OfflineCardPainter(book=book, style_dirs=styles),
        music=OfflineMusic(style_dirs=styles),
    )
