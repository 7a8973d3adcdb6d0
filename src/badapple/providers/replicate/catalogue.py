"""The models that are bought from Replicate, read from `models.toml`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from badapple.errors import ConfigError, PermanentProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Model", "default", "known", "model"]

_HERE = Path(__file__).parent
_FPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model and how it is asked; `models.toml` says what the fields mean.

    Attributes:
        name: `owner/name`.
        lengths: pairs of seconds of film that are used and what the input `length` is set to, ascending.
        snapshot: JSON Schema of its input as we knew it.
    """

    name: str
    kind: Literal["video", "picture"]
    unit: Literal["clip", "second", "picture", "time"]
    prompt: str
    picture: str
    needs_picture: bool
    length: str
    lengths: tuple[tuple[int, int], ...]
    seed: str
    version: str
    fps: int
    constants: Mapping[str, str | int | bool]
    optional: frozenset[str]
    cancel_after: int
    patience: int
    wait: int
    snapshot: Mapping[str, Any]

    @property
    def frames(self) -> tuple[int, ...]:
        """Scene lengths it sells, in frames of the film."""
        return tuple(seconds * _FPS for seconds, _ in self.lengths)

    def seconds_for(self, frames: int) -> int:
        """Return the shortest length that fills so many frames of the film, in seconds.

        Raises:
            PermanentProviderError: it sells none that long; nothing was bought.
        """
        for seconds, _ in self.lengths:
            if frames <= seconds * _FPS:
                return seconds
        sold = ", ".join(str(seconds) for seconds, _ in self.lengths)
        raise PermanentProviderError(
            f"a scene of {frames / _FPS:.1f} s cannot be bought of {self.name}; nothing was bought",
            provider="replicate",
            reason="input",
            hint=f"it sells {sold} s: make the scene shorter, or choose another model",
        )

    def settings(self, seconds: int) -> dict[str, str | int | bool]:
        """Return the inputs that are neither text, picture nor seed."""
        chosen = {self.length: dict(self.lengths)[seconds]} if self.length else {}
        return {**self.constants, **chosen}


def model(name: str, *, kind: Literal["video", "picture"]) -> Model:
    """Return a model by its name.

    Raises:
        ConfigError: it is not known, or makes something else; lists those that are known.
    """
    names = known(kind=kind)
    if name not in names:
        what = "clips" if kind == "video" else "pictures"
        raise ConfigError(
            f"no {what} can be bought of {name!r} on Replicate", hint=f"choose one of: {', '.join(names)}"
        )
    return _models()[name]


def known(*, kind: Literal["video", "picture"]) -> tuple[str, ...]:
    """Return the names of all models of a kind, sorted."""
    return tuple(sorted(name for name, one in _models().items() if one.kind == kind))


def default(use: Literal["fast", "best", "picture"]) -> str:
    """Return the name of the model that is used where nobody chose one."""
    return str(_table()["defaults"][use])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((_HERE / "models.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _models() -> dict[str, Model]:
    return {name: _read(name, body) for name, body in _table()["models"].items()}


def _read(name: str, body: Mapping[str, Any]) -> Model:
    snapshot = _HERE / "schemas" / f"{name.replace('/', '--')}.json"
    told = {
        "lengths": tuple((seconds, value) for seconds, value in body["lengths"]),
        "optional": frozenset(body["optional"]),
        "snapshot": json.loads(snapshot.read_text(encoding="utf-8")),
    }
    return Model(name=name, **{**body, **told})
