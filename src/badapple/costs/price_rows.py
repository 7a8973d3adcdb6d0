"""The rows of a price list: a TOML file, ours or the user's."""

from __future__ import annotations

import tomllib
from datetime import date  # noqa: TC003 - pydantic reads it at run time
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PerToken", "PerUnit", "Row", "read"]


def _exact(value: object) -> object:
    if isinstance(value, (bool, float)):
        raise ValueError(f'a price must be exact: write {value} as text, like "0.1"')  # noqa: TRY004 - pydantic's way
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Row(_Table):
    vendor: Literal["anthropic", "elevenlabs", "replicate"]
    model: str
    as_of: date
    source: str = ""
    confidence: Literal["high", "medium", "low"] = "medium"


class PerUnit(_Row):
    """The price of one character, second, output or video."""

    unit: Literal["character", "second", "output", "video"]
    micros: Amount
    multiplier: Amount = Decimal(1)
    seconds: int | None = Field(None, ge=1)
    resolution: str | None = None


class TokenPrices(_Table):
    """Micro-dollars for one token of each kind."""

    input: Amount
    output: Amount
    cache_read: Amount
    cache_write: Amount


class LongPrompt(_Table):
    """What a prompt of more than `over` tokens costs: `times` as much."""

    over: int = Field(ge=0)
    times: Amount


class PerToken(_Row):
    """The prices of a language model's tokens."""

    unit: Literal["token"]
    micros: TokenPrices
    long: LongPrompt | None = None


Row = PerUnit | PerToken


class _File(_Table):
    price: tuple[Annotated[Row, Field(discriminator="unit")], ...] = ()


def read(path: Path) -> tuple[Row, ...]:
    """Return the rows of a price list, none where there is no such file.

    Raises:
        ConfigError: it is no price list; says where.
    """
    try:
        changed = path.stat()
    except FileNotFoundError:
        return ()
    return _parsed(path, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, _changed_ns: int, _size: int) -> tuple[Row, ...]:
    try:
        return _File(**tomllib.loads(path.read_text(encoding="utf-8"))).price
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from error
