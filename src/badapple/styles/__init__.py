"""Looks as data: a style is one TOML file.

`load(name)` finds it in the user's own folders first, then among those that come with the package.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from badapple.errors import ConfigError, UnknownStyleError

__all__ = ["Acting", "Captions", "Motion", "Music", "Palette", "Style", "Type", "VoiceLook", "known", "load"]

_HERE = Path(__file__).parent
Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Palette(_Table):
    """Colours and how far they follow the product's own."""

    mode: Literal["dark", "light", "vivid"]
    background: tuple[Hex, Hex, Hex]
    ink: Hex
    muted: Hex
    accent: Hex
    follow: Share = 0.0


class Type(_Table):
    """Fonts by fontpkg slug, weights 100-900."""

    display: str
    display_weight: int = Field(700, ge=100, le=900)
    text: str
    text_weight: int = Field(500, ge=100, le=900)
    caption: str
    caption_weight: int = Field(700, ge=100, le=900)
    case: Literal["as-is", "upper"] = "as-is"
    tracking: float = Field(0.0, ge=-0.1, le=0.4)


class Motion(_Table):
    """What the background is made of and how things move."""

    set: Literal["bokeh", "poster", "horizon", "slab", "confetti", "grid"]
    transition: Literal["dissolve", "push", "whip", "iris", "wipe"] = "dissolve"
    energy: Share = 0.5
    sweep: bool = False


class Captions(_Table):
    """How burned-in captions look."""

    case: Literal["as-is", "upper"] = "as-is"
    plate: Literal["none", "box"] = "none"
    highlight: Literal["accent", "ink"] = "accent"


class Acting(_Table):
    """How a bought voice speaks; without a speed of its own it follows the style's pace."""

    stability: Share = 0.5
    similarity: Share = 0.75
    style: Share = 0.0
    speed: Annotated[float, Field(ge=0.9, le=1.15)] | None = None


class VoiceLook(_Table):
    """Pace of the offline voice; ElevenLabs voices in order of choice, each its name and id, and how they speak."""

    pace: float = Field(1.0, ge=0.7, le=1.3)
    elevenlabs: tuple[str, ...] = ()
    acting: Acting = Acting()


class Music(_Table):
    """The bed: kind, tempo in beats a minute, key."""

    bed: Literal["pads", "plucks", "arps", "marimba", "pulse", "stomp"]
    bpm: int = Field(100, ge=50, le=180)
    key: str = Field("C major", pattern=r"^[A-G][#b]? (major|minor)$")


class Style(_Table):
    """One look."""

    name: str
    title: str
    summary: str
    tone: str
    video_words: str
    palette: Palette
    type: Type
    motion: Motion
    captions: Captions
    voice: VoiceLook
    music: Music


def known(folders: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """Return the names of all styles, the user's own included, sorted."""
    return tuple(sorted({file.stem for folder in (*folders, _HERE) for file in folder.glob("*.toml")}))


@lru_cache(maxsize=64)
def load(name: str, folders: tuple[Path, ...] = ()) -> Style:
    """Return the style.

    Raises:
        UnknownStyleError: no such style; lists those that exist.
        ConfigError: the file does not describe a style; says which line of it.
    """
    names = known(folders)
    if name not in names:
        raise UnknownStyleError(name, names)
    path = next(file for folder in (*folders, _HERE) if (file := folder / f"{name}.toml").is_file())
    try:
        return Style(name=name, **tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from error
