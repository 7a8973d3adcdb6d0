"""The whole order of a job, as values and as the JSON that its row keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.cache import Blob
from badapple.models import FRAMINGS, Brand, Canvas, MakeOptions, Makers

if TYPE_CHECKING:
    from badapple.database import Job
    from badapple.models import Brief, Framing

__all__ = ["FILES", "KEPT", "VERSION", "JobOrder", "from_json", "of_local", "of_row", "to_json"]

VERSION = 1
FILES = ("photo", "script", "music", "logo")  #: what a caller may hand in as a file
KEPT = "file"  #: `options.music` of an order whose music is kept under `files`
_WORDS = {"style", "off", KEPT}  #: values of `options.music` that name no file
#: Options that are written in a way of their own.
_ASIDE = {
    "canvas", "makers", "facts", "takes", "framings", "music", "script", "output", "assets_dir", "brand", "logo",
}  # fmt: skip
_DEFAULTS = MakeOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """Everything that is needed to make one video, here or on another machine.

    Attributes:
        product_name: 1 to 100 characters.
        style: name of a style.
        cta_text: used word for word; empty lets the script writer choose.
        photo: the product photo on this machine, or None.
        options: how the video is made.
        files: `photo`, `script`, `music`, `logo` -> content that is kept where workers find it.
        agreed: whether the caller agreed to spending.
        quoted: micro-dollars that the caller was told it would cost, or None.
    """

    product_name: str
    style: str
    cta_text: str = ""
    photo: Path | None = None
    options: MakeOptions = _DEFAULTS
    files: Mapping[str, Blob] = field(default_factory=dict)
    agreed: bool = False
    quoted: int | None = None

    @property
    def paths(self) -> dict[str, Path]:
        """Files that the caller handed in and that are not kept yet: `photo`, `script`, `music`, `logo` -> path."""
        music = None if self.options.music in _WORDS else Path(self.options.music)
        options = self.options
        found = {"photo": self.photo, "script": options.script, "music": music, "logo": options.logo}
        return {name: path for name, path in found.items() if path is not None}

    def kept(self, files: Mapping[str, Blob]) -> JobOrder:
        """Return the order with its files named by their content, and no path of this machine."""
        music = KEPT if "music" in files else self.options.music
        options = replace(self.options, script=None, music=music, output=None, assets_dir=None, logo=None)
        return replace(self, photo=None, options=options, files=dict(files))

    def at(self, paths: Mapping[str, Path]) -> JobOrder:
        """Return the order with its kept files at these places."""
        options = self.options
        options = replace(options, script=paths.get("script", options.script), logo=paths.get("logo", options.logo))
        if "music" in paths:
            options = replace(options, music=str(paths["music"]))
        return replace(self, photo=paths.get("photo", self.photo), options=options)


def to_json(order: JobOrder) -> dict[str, Any]:
    """Return the order as JSON; `from_json` reads it."""
    options = order.options
    body = {item.name: getattr(options, item.name) for item in fields(options) if item.name not in _ASIDE}
    paths = {**order.paths, "output": options.output, "assets": options.assets_dir}
    return {
        "v": VERSION,
        "product_name": order.product_name,
        "style": order.style,
        "cta_text": order.cta_text,
        "options": {
            **body,
            "canvas": asdict(options.canvas),
            "facts": list(options.facts),
            "takes": list(options.takes),
            "framings": list(options.framings),
            "makers": asdict(options.makers),
            "music": options.music if options.music in _WORDS else KEPT,
            **({"brand": options.brand.to_json()} if options.brand is not None else {}),
        },
        "files": {name: asdict(blob) for name, blob in order.files.items()},
        "paths": {name: str(path) for name, path in paths.items() if path is not None},
        "agreed": order.agreed,
        "quoted": order.quoted,
    }


def from_json(body: Mapping[str, Any]) -> JobOrder:
    """Return the order that JSON tells of.

    What a newer release has added is ignored, and what is missing has its default, so that workers of two releases can
    share a queue.
    """
    paths = {name: Path(text) for name, text in _table(body, "paths").items() if isinstance(text, str)}
    files = {
        name: Blob(sha256=blob["sha256"], size=blob["size"], suffix=blob.get("suffix", ""))
        for name, blob in _table(body, "files").items()
        if name in FILES and {"sha256", "size"} <= blob.keys()
    }
    return JobOrder(
        product_name=body.get("product_name", ""),
        style=body.get("style", ""),
        cta_text=body.get("cta_text", ""),
        photo=paths.get("photo"),
        options=_options(_table(body, "options"), paths),
        files=files,
        agreed=bool(body.get("agreed", False)),
        quoted=body.get("quoted"),
    )


def of_row(row: Job) -> JobOrder:
    """Return the order of a job's row; a row that a caller made by hand says no more than its names."""
    names = {"product_name": row.product_name, "style": row.style, "cta_text": row.cta_text}
    return from_json({**names, **(row.request or {})})


def of_local(brief: Brief, options: MakeOptions) -> dict[str, Any]:
    """Return the JSON of an order that is made on this machine, from files where they lie."""
    order = JobOrder(
        product_name=brief.product_name,
        style=brief.style,
        cta_text=brief.cta_text,
        photo=brief.photo.absolute() if brief.photo is not None else None,
        options=options,
        agreed=options.makers.max_cost is not None,
    )
    return to_json(order)


def _options(body: Mapping[str, Any], paths: Mapping[str, Path]) -> MakeOptions:
    plain = {name: value for name, value in body.items() if name not in _ASIDE}
    music = body.get("music", _DEFAULTS.music)
    return replace(
        _DEFAULTS,
        **_known(MakeOptions, plain),
        canvas=Canvas(**_known(Canvas, _table(body, "canvas"))),
        makers=Makers(**_known(Makers, _table(body, "makers"))),
        facts=tuple(body.get("facts", ())),
        takes=_takes(body.get("takes")),
        framings=_framings(body.get("framings")),
        music=str(paths["music"]) if music == KEPT and "music" in paths else music,
        script=paths.get("script"),
        brand=Brand.from_json(_table(body, "brand")) if _table(body, "brand") else None,
        logo=paths.get("logo"),
        output=paths.get("output"),
        assets_dir=paths.get("assets"),
    )


def _takes(body: object) -> tuple[int, int, int, int]:
    match body:
        case [int(), int(), int(), int()]:
            return body[0], body[1], body[2], body[3]
    return _DEFAULTS.takes


def _framings(body: object) -> tuple[Framing, Framing, Framing, Framing]:
    match body:
        case [str(), str(), str(), str()]:
            first, second, third, fourth = (_framing(name) for name in body)
            return first, second, third, fourth
    return _DEFAULTS.framings


def _framing(name: str) -> Framing:
    """Return a framing by its name; one that a newer release has added is left to the scene."""
    return next((known for known in FRAMINGS if known == name), "auto")


def _known(kind: type[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in body.items() if name in names}


def _table(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
