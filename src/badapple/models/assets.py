"""Assets: who made them, how they are ordered, what they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from badapple.models.job import StageName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_HOSTED = frozenset({"claude", "elevenlabs", "replicate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who made a part: it enters the part's key and the manifest.

    Attributes:
        name: provider, e.g. `offline` or `replicate`.
        model: model or method with its version, e.g. `hibari-0.2.1/heart`.
        generated: True where a generative model made it, False where it is composited or rule-made.
    """

    name: str
    model: str
    generated: bool

    @property
    def signature(self) -> str:
        """The maker as it enters the keys of what it makes."""
        return f"{self.name}:{self.model}"

    @property
    def hosted(self) -> bool:
        """Whether making means waiting for somebody else's machine, for money."""
        return self.name in _HOSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRequest:
    """An order for one asset, made of scalars and the keys of other assets only.

    Attributes:
        kind: `product`, `script`, `voice`, `card`, `music`, `segment`, ...
        params: scalars and nested tuples and mappings of scalars; JSON after `json.dumps`.
        inputs: name -> digest of an asset or blob it is made from.
        stage: the stage it belongs to.
        label: few words for people, e.g. `scene 2`.
        schema: raised whenever the making of this kind changes.
    """

    kind: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    stage: StageName = StageName.COMPOSITING
    label: str = ""
    schema: int = 1

    def identity(self) -> str:
        """Return the canonical JSON that the asset's key is the hash of."""
        body = {"kind": self.kind, "params": self.params, "inputs": dict(self.inputs), "schema": self.schema}
        return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A finished asset: files on the local disk and what is known of them.

    Attributes:
        key: SHA-256 of the request's identity, hex.
        kind: as requested.
        files: name -> path, all present and of the recorded size.
        digest: SHA-256 over the names and contents of its files and its facts; what depends on it names this.
        facts: JSON values that describe it.
        maker: who made it.
        seconds: what making it took.
        cost: micro-dollars.
        reused: True where it was there already.
    """

    key: str
    kind: str
    files: Mapping[str, Path]
    digest: str
    facts: Mapping[str, Any]
    maker: Maker
    seconds: float
    cost: int = 0
    reused: bool = False
