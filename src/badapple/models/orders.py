"""What makers of parts are asked for, and what they hand out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.models.layout import FULL, Box, Canvas, Framing, TextBox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.models.product import Product
    from badapple.models.script import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A spoken word: text as shown, start and end in seconds from the start of its file."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A run of speech that is placed on the timeline as a whole.

    Attributes:
        start: seconds in the voice file where it begins.
        end: seconds where it ends.
        words: its words, times from the start of the file.
    """

    start: float
    end: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A finished voiceover: an MP3 (44.1 kHz, mono, 128 kbit/s) and where its words are.

    Attributes:
        path: the MP3.
        duration: seconds.
        utterances: one for each text of the order (voice 4 has two: its scene's and the CTA sentence).
        speed: pace relative to the voice's own.
    """

    path: Path
    duration: float
    utterances: tuple[Utterance, ...]
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOrder:
    """What a speech synthesizer is asked for.

    Attributes:
        texts: utterances to speak, in order (one, or two for voice 4); an empty text is silence.
        slots: seconds that each utterance may last, same order.
        style: name of the style (voice and pace come from it).
        language: BCP 47 code.
        seed: makes it repeatable.
        pronounce: (written, said) pairs, e.g. `("Nuvé", "noo-vay")`.
    """

    texts: tuple[str, ...]
    slots: tuple[float, ...]
    style: str
    language: str = "en"
    seed: int = 0
    pronounce: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOrder:
    """What a scene renderer is asked for: one scene, complete in itself.

    Attributes:
        scene: the script's scene.
        style: name of the style.
        product_name: shown where the scene shows the name.
        product: the analysed picture.
        canvas: size of the frames wanted.
        seed: makes it repeatable.
        take: 0 first, +1 for each regenerate.
        framing: how near the product is, and where it stands.
        brand: colours and font in the place of the style's, see `Brand.look`; None leaves all to the style.
    """

    scene: Scene
    style: str
    product_name: str
    product: Product
    canvas: Canvas = FULL
    seed: int = 0
    take: int = 0
    framing: Framing = "auto"
    brand: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrder:
    """What an image painter is asked for: the end card, in a brand's look and with its logo where there is one."""

    product_name: str
    cta: str
    line: str
    style: str
    product: Product
    seed: int = 0
    take: int = 0
    brand: Mapping[str, str] | None = None
    logo: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The finished end card.

    Attributes:
        path: `cta.png`, RGB, 1080x1920.
        boxes: its text.
        button: where the button is, layout px.
        product: where the product is, layout px, or None.
        logo: where the brand's logo is, layout px, or None.
    """

    path: Path
    boxes: tuple[TextBox, ...]
    button: Box
    product: Box | None
    logo: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicOrder:
    """What a music source is asked for: a bed of `seconds`, whose cuts fall on `cuts` (seconds)."""

    style: str
    seconds: float
    cuts: tuple[float, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A scene as a file, from a vendor or a user."""

    path: Path
