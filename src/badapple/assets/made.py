"""What a recipe is, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from badapple.models import Asset, AssetRequest, Maker

    Make: TypeAlias = "Callable[[AssetRequest, Mapping[str, Asset], Path], Awaitable[Made]]"
    WhoMakes: TypeAlias = "Callable[[AssetRequest], Maker | None]"

__all__ = ["Made", "Recipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a recipe leaves in its folder: files by name, facts as JSON values, and what it cost (micro-dollars)."""

    files: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one kind is made, and by whom; without a maker, by badapple itself."""

    make: Make
    maker: WhoMakes | None = None
