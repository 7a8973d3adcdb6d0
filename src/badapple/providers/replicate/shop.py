"""What every purchase from Replicate needs around it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from badapple.errors import ConfigError
from badapple.providers.connections import shared
from badapple.providers.replicate.client import ReplicateClient

if TYPE_CHECKING:
    from badapple.config import Access
    from badapple.providers.line import Line
    from badapple.providers.replicate.webhook import Doorbells

__all__ = ["Pace", "Shop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a prediction is looked at.

    Attributes:
        first: seconds before the second look.
        most: seconds between two looks at most; each pause is longer than the last, and none is exact.
        patience: seconds to wait in all; None takes the model's own.
    """

    first: float = 1.0
    most: float = 2.0
    patience: float | None = None


_USUAL = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """How Replicate is reached and waited for.

    Attributes:
        access: key and address.
        line: limits and retries.
        ffmpeg: looks into clips; whoever buys pictures needs none.
        pace: how often to look.
        doorbells: rung when a webhook came, or None.
        webhook_url: where Replicate may call, or None.
        own_prices: a price list of the user's own, or None.

    Raises:
        ConfigError: a package is not installed.
    """

    access: Access
    line: Line
    ffmpeg: Path = Path("ffmpeg")
    pace: Pace = _USUAL
    doorbells: Doorbells | None = None
    webhook_url: str | None = None
    own_prices: Path | None = None

    def __post_init__(self) -> None:
        if not all(find_spec(package) for package in ("httpx", "jsonschema")):
            raise ConfigError("Replicate needs httpx and jsonschema", hint="pip install 'badapple[replicate]'")

    @property
    def client(self) -> ReplicateClient:
        """The client of the running loop.

        Raises:
            MissingKeyError: there is no key.
        """
        return shared(("replicate", self.access), lambda: ReplicateClient(self.access))
