"""An order for one video, checked before any work begins."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from badapple.cli.brand import read_kit
from badapple.config import micro_dollars
from badapple.errors import DiskError, InputError, PhotoError, ScriptError, UnknownStyleError
from badapple.models import DRAFT, FULL, MakeOptions, Makers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.config import Settings
    from badapple.jobs import JobOrder

Choice = TypeVar("Choice", bound=str)

_ROOM = 30_000_000  #: bytes that must be free where the video goes


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMakers:
    """What was typed about who makes the parts, unchecked."""

    provider: str = "auto"
    quality: str = "fast"
    script_by: str | None = None
    voice_by: str | None = None
    video_by: str | None = None
    cta_by: str | None = None
    script_model: str | None = None
    max_cost: str | None = None
    yes: bool = False
    on_failure: str = "fail"


_NOTHING_SAID = WantedMakers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was typed, unchecked."""

    photo: str | None
    name: str
    style: str
    cta: str
    output: str | None
    facts: Sequence[str] = ()
    script: str | None = None
    music: str = "style"
    captions: bool = True
    say: str | None = None
    language: str = "en"
    seed: int = 0
    draft: bool = False
    fresh: bool = False
    assets: str | None = None
    makers: WantedMakers = _NOTHING_SAID
    brand: str = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A checked order."""

    job_id: str
    product_name: str
    style: str
    cta_text: str
    photo: Path | None
    output: Path
    options: MakeOptions


def read(words: Words, *, settings: Settings) -> Order:
    """Check what was typed and return the order.

    Raises:
        InputError: something cannot be used; says what.
        UnknownStyleError: no such style; lists those that exist.
        DiskError: the video, the cache or the data cannot be written where they belong.
    """
    kit, logo = read_kit(words.brand, settings)
    words = replace(words, cta=words.cta.strip() or (kit.cta_text if kit is not None else ""))
    said = _said(words)
    _check_style(words.style, settings=settings)
    photo = _file(words.photo, what="photo", error=PhotoError)
    options = MakeOptions(
        canvas=DRAFT if words.draft else FULL,
        fresh=words.fresh,
        music=_music(words.music, settings),
        captions=words.captions,
        facts=said.options.facts,
        script=_file(words.script, what="script", error=ScriptError),
        language=said.options.language,
        say=said.options.say,
        seed=words.seed,
        output=_output(words.output, name=said.product_name),
        assets_dir=_assets(words.assets),
        makers=_makers(words.makers),
        brand=kit,
        logo=logo,
    )
    assert options.output is not None  # noqa: S101 - set two lines above
    _make_writable(settings.data_dir, what="the data folder (BADAPPLE_DATA_DIR)")
    _make_writable(settings.cache_dir, what="the cache folder (BADAPPLE_CACHE_DIR)")
    return Order(
        job_id=uuid.uuid4().hex,
        product_name=said.product_name,
        style=words.style,
        cta_text=said.cta_text,
        photo=photo,
        output=options.output,
        options=options,
    )


def _said(words: Words) -> JobOrder:
    """Check the words alone, as every door does."""
    from badapple.jobs import JobOrder, wording  # noqa: PLC0415 - loads the database

    options = MakeOptions(facts=tuple(words.facts), language=words.language, say=words.say)
    return wording.checked(JobOrder(product_name=words.name, style=words.style, cta_text=words.cta, options=options))


def _makers(words: WantedMakers) -> Makers:
    """Check who shall make the parts.

    Raises:
        InputError: a word is not one of those to choose from.
        ConfigError: the cap is no amount.
    """
    return Makers(
        provider=_one_of(words.provider, ("auto", "offline", "cloud"), option="--provider"),
        quality=_one_of(words.quality, ("fast", "best"), option="--quality"),
        script_by=words.script_by, voice_by=words.voice_by, video_by=words.video_by, cta_by=words.cta_by,
        script_model=words.script_model,
        max_cost=None if words.max_cost is None else micro_dollars(words.max_cost, name="--max-cost"),
        on_failure=_one_of(words.on_failure, ("fail", "offline"), option="--on-vendor-failure"),
    )  # fmt: skip


def _one_of(word: str, choices: tuple[Choice, ...], *, option: str) -> Choice:
    for choice in choices:
        if word == choice:
            return choice
    raise InputError(f"{option} {word} is not known", hint=f"it is {' or '.join(choices)}")


def slug(name: str) -> str:
    """Return the name as a file name of ASCII letters, digits and hyphens; `ad` where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "ad"


def _check_style(name: str, *, settings: Settings) -> None:
    from badapple import styles  # noqa: PLC0415 - loads pydantic

    if name not in (known := styles.known(settings.style_dirs)):
        raise UnknownStyleError(name, known)


def _file(name: str | None, *, what: str, error: type[InputError]) -> Path | None:
    if name is None:
        return None
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            raise error(f"the {what} is a folder: {name}")
        if path.exists() and not path.is_file():  # opening a pipe would wait for whoever writes to it
            raise error(f"the {what} is no file: {name}")
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise error(f"no such {what}: {name}") from None
    except (OSError, ValueError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise error(f"the {what} cannot be read: {name} ({why})") from reason
    return path.resolve()


def _music(value: str, settings: Settings) -> str:
    if value in {"off", "style"}:
        return value
    path = _file(value, what="music file", error=InputError)
    assert path is not None  # noqa: S101 - there was a name
    from badapple.media import ffmpeg, music  # noqa: PLC0415 - heavy

    music.check(path, ffmpeg=ffmpeg.locate(settings.ffmpeg))
    return str(path)


def _output(typed: str | None, *, name: str) -> Path:
    path = Path(typed if typed is not None else f"{slug(name)}.mp4").expanduser().absolute()
    if path.is_dir():
        raise InputError(
            f"the output is a folder: {typed}", hint=f"name the file too: -o {path / (slug(name) + '.mp4')}"
        )
    if path.suffix.lower() != ".mp4":
        raise InputError(f"the output is an MP4 file, so its name must end in .mp4, unlike {typed}")
    _make_writable(path.parent, what="the output folder")
    free = shutil.disk_usage(path.parent).free
    if free < _ROOM:
        raise DiskError(
            f"the disk is full: {free / 1e6:.0f} MB are free in {path.parent}, a video needs {_ROOM / 1e6:.0f} MB",
            hint="free some space, or choose another folder with -o",
        )
    return path


def _assets(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--assets needs a folder, and this is a file: {name}")
    _make_writable(folder, what="the assets folder")
    return folder


def _make_writable(folder: Path, *, what: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as reason:
        hint = "choose another folder, or change its permissions"
        raise DiskError(f"{what} cannot be written: {folder} ({reason.strerror})", hint=hint) from reason
