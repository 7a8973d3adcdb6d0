"""A desk whose writer is a simulated Claude, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from badapple.config import Access, read_settings
from badapple.models import Brief, Family, Product, SceneOffer, Script
from badapple.providers import connections
from badapple.providers.anthropic import ClaudeScriptWriter
from badapple.providers.line import Line, Patience
from badapple.testing import PlainTill
from badapple.testing.simulators import Fault, Request, Simulators

USUAL = Brief(product_name="Ember Cup", style="luxury", cta_text="Pour one now")
SIX_SECONDS = SceneOffer(lengths=(180,), frames=False)


async def _no_wait(_seconds: float) -> None:
    """Wait for nothing."""


@dataclass(kw_only=True)
class Desk:
    """Everything a test writes with.

    Attributes:
        sims: the vendor.
        till: keeps no books.
        folder: for files.
        brief: a usual one.
    """

    sims: Simulators
    till: PlainTill
    folder: Path
    brief: Brief = USUAL

    def access(self) -> Access:
        return read_settings(self.sims.environment()).vendors["anthropic"]

    def writer(self, **more: Any) -> ClaudeScriptWriter:
        usual: dict[str, Any] = {"access": self.access(), "till": self.till, "line": self.line()}
        return ClaudeScriptWriter(**(usual | more))

    @staticmethod
    def line() -> Line:
        """Return a line that tries twice and never waits."""
        return Line("anthropic", patience=Patience(attempts=2, throttled=2), sleep=_no_wait)

    async def write(self, brief: Brief | None = None, product: Product | None = None, **more: Any) -> Script:
        return await self.writer(**more).write(brief or self.brief, product or bare(), SIX_SECONDS)

    def photo(self, size: tuple[int, int] = (60, 80), *, mode: str = "RGB", colour: Any = (180, 40, 30)) -> Product:
        path = self.folder / f"photo-{size[0]}x{size[1]}-{mode}.png"
        Image.new(mode, size, colour).save(path)
        return bare(photo=path, size=size)

    def answers(self, *bodies: Any) -> None:
        """Let the model answer with these texts or JSON objects, one call after the other."""
        self.sims.set_faults(
            [
                Fault(vendor="anthropic", route="messages", nth=(number,), body=body if "id" in body else message(body))
                for number, body in enumerate(bodies, start=1)
            ]
        )

    @staticmethod
    def good(**changes: Any) -> dict[str, Any]:
        """Return a good answer; `scene_2={"headline": ...}` and the like change it."""
        return parts(**changes)

    @staticmethod
    def seen(**changes: Any) -> dict[str, Any]:
        """Return a good description of a picture."""
        return seen(**changes)

    def __post_init__(self) -> None:
        self._requests, self._charges = len(self.sims.requests), len(self.sims.charges)

    @property
    def sent(self) -> list[Request]:
        """What was asked of the model in this test."""
        return [request for request in self.sims.requests[self._requests :] if request.route == "messages"]

    @property
    def charges(self) -> tuple[int, ...]:
        """What was charged for in this test, micro-dollars."""
        return tuple(charge.amount for charge in self.sims.charges[self._charges :])


def bare(*, photo: Path | None = None, size: tuple[int, int] = (1, 1)) -> Product:
    return Product(
        family=Family.TYPE if photo is None else Family.PHOTO, photo=photo, cutout=None, size=size,
        subject=(0, 0, *size), focus=(0.5, 0.5), palette=(), accent=None, category="default", confidence=0.0,
        source_size=size, reason="",
    )  # fmt: skip


def message(body: Any, *, stop_reason: str = "end_turn") -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return {
        "id": "msg_01Test", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": text}], "stop_reason": stop_reason, "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 500},
    }  # fmt: skip


VOICES = (
    "The morning is still quiet. One cup waits for you.",
    "Hold the Ember Cup, and let the room slow down.",
    "A round belly, a red glaze, a handle made for two fingers.",
    "Take your time. The day can wait a little longer.",
)


def parts(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        f"scene_{number}": {
            "shot": "close-up", "motion": "slow push in", "headline": f"Quiet hour {'abcd'[number - 1]}",
            "subline": "A cup for slow mornings", "voiceover_text": voice,
            "video_prompt": "{product} stands on a wooden table, steam rises; warm side light; dark blurred kitchen.",
        }
        for number, voice in enumerate(VOICES, start=1)
    }  # fmt: skip
    body["cta"] = {"text": "Pour one", "line": "Whenever you are ready", "voiceover": "The Ember Cup. Pour one now."}
    for name, change in changes.items():
        body[name] |= change
    return body


def seen(**changes: Any) -> dict[str, Any]:
    usual = {
        "category": "home", "visible_text": ["EMBER", "350 ml"], "colors": ["red"], "materials": ["glazed ceramic"],
        "shape": "A round cup with a small handle.", "do_not_change": ["round handle"],
        "setting_ideas": ["kitchen table"],
    }  # fmt: skip
    return {"product": usual | changes}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sims() -> AsyncIterator[Simulators]:
    with Simulators() as sims:
        yield sims
        await connections.close()


@pytest.fixture
def desk(sims: Simulators, tmp_path: Path) -> Iterator[Desk]:
    till = PlainTill()
    yield Desk(sims=sims, till=till, folder=tmp_path)
    sims.set_faults(())
    till.close()
