"""Replicate's simulator with everything around it that buys."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from badapple.config import Access, read_settings
from badapple.media.ffmpeg import locate
from badapple.models import (
    Box,
    Card,
    CardOrder,
    Dedupe,
    Family,
    Order,
    Product,
    Scene,
    SceneOrder,
    Swatch,
    TextBox,
    Ticket,
)
from badapple.ports import Till
from badapple.providers import connections
from badapple.providers.line import Line, Patience
from badapple.providers.replicate import ReplicatePainter, ReplicateScenes, catalogue
from badapple.providers.replicate.client import ReplicateClient, Timeouts
from badapple.providers.replicate.prediction import PredictionCall, Wish, price
from badapple.providers.replicate.shop import Pace, Shop
from badapple.testing import PlainTill
from badapple.testing.simulators import Fault, Request, Simulators, contracts

HAILUO = "minimax/hailuo-2.3-fast"
FLUX = "black-forest-labs/flux-schnell"
PROMPT = "A bottle turns slowly on a dark table."
QUICK = Timeouts(connect=1, read=0.3, total=1, file=2)


class Stills:
    """Paints first frames and counts them."""

    def __init__(self) -> None:
        self.painted: list[int] = []

    async def still(self, order: SceneOrder, out: Path) -> None:
        self.painted.append(order.scene.id)
        write_still(out)


class Composer:
    """Sets a card that is nothing but its ground."""

    async def compose(self, order: CardOrder, ground: Path, out: Path) -> Card:
        with Image.open(ground) as picture:
            picture.resize((1080, 1920)).save(out, "PNG", compress_level=1)
        box = Box(left=340, top=1000, right=740, bottom=1120)
        return Card(path=out, boxes=(TextBox(text=order.cta, box=box, start=0, end=900),), button=box, product=None)


def write_still(out: Path, *, noise: bool = False) -> None:
    picture = Image.new("RGB", (432, 768), (150, 30, 60))
    ImageDraw.Draw(picture).rectangle((150, 200, 280, 600), fill=(240, 220, 180))
    if noise:
        dots = np.random.default_rng(1).integers(0, 255, (1344, 768, 3), dtype=np.uint8)
        picture = Image.fromarray(dots)
    picture.save(out, "JPEG", quality=95)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (432, 768), (150, 30, 60)).save(out, "JPEG")
    return out.getvalue()


async def _hardly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.005))


@dataclass
class Desk:
    """Where a test stands: the simulators, and makers that buy from them."""

    sims: Simulators
    folder: Path
    till: PlainTill = field(default_factory=PlainTill)
    stills: Stills = field(default_factory=Stills)

    @property
    def access(self) -> Access:
        return read_settings(self.sims.environment()).vendors["replicate"]

    def line(self) -> Line:
        patience = Patience(attempts=3, seconds=20, first=0.005, most=0.01)
        return Line("replicate", patience=patience, sleep=_hardly)

    def client(self, timeouts: Timeouts = QUICK, **changes: object) -> ReplicateClient:
        access = replace(self.access, **changes)  # type: ignore[arg-type]  # fields of Access
        return connections.shared(object(), lambda: ReplicateClient(access, timeouts=timeouts))

    def shop(self, **changes: object) -> Shop:
        pace = Pace(first=0.02, most=0.05, patience=5)
        shop = Shop(access=self.access, line=self.line(), ffmpeg=locate(), pace=pace)
        return replace(shop, **changes)  # type: ignore[arg-type]  # fields of Shop

    def scenes(self, model: str | None = None, *, till: Till | None = None) -> ReplicateScenes:
        shop = self.shop()
        return ReplicateScenes(
            model, access=shop.access, till=till or self.till, line=shop.line, stills=self.stills, ffmpeg=shop.ffmpeg,
            pace=shop.pace,
        )  # fmt: skip

    def painter(self) -> ReplicatePainter:
        shop = self.shop()
        return ReplicatePainter(access=shop.access, till=self.till, line=shop.line, composer=Composer(), pace=shop.pace)

    def call(
        self, model: str = HAILUO, *, prompt: str = PROMPT, shop: Shop | None = None, noise: bool = False
    ) -> PredictionCall:
        known = catalogue.known(kind="video")
        found = catalogue.model(model, kind="video" if model in known else "picture")
        seconds = found.lengths[0][0] if found.lengths else 0
        cost = price(found, seconds)
        order = Order(
            key="0" * 64, vendor="replicate", model=model, label="clip", dedupe=Dedupe.LOOKUP, estimate=cost,
            reserve=cost,
        )  # fmt: skip

        async def paint(out: Path) -> None:
            self.stills.painted.append(0)
            write_still(out, noise=noise)

        wish = Wish(prompt=PROMPT, seconds=seconds, paint=paint if found.picture else None)
        return PredictionCall(order, model=found, wish=wish, shop=shop or self.shop())

    def slow(self, model: str) -> None:
        """Let predictions of a model take half a minute."""
        self.sims.replicate._latency._lists[model] = [30.0]

    def asked(self, route: str) -> list[Request]:
        return [one for one in self.sims.requests if one.route == route]

    def fail(self, *faults: Fault) -> None:
        self.sims.set_faults(faults)


def ticket(number: int = 1, *, taken: frozenset[str] = frozenset()) -> Ticket:
    return Ticket(op_id=f"{number:032x}", intent_at=datetime.now(UTC), taken=taken, seed=1000 + number)


def product(photo: Path | None = None) -> Product:
    return Product(
        family=Family.PHOTO if photo else Family.TYPE, photo=photo, cutout=None, size=(400, 600),
        subject=(0, 0, 400, 600), focus=(0.5, 0.5), palette=(Swatch(rgb=(150, 30, 60), share=0.8),),
        accent=(150, 30, 60), category="drink", confidence=0.0, source_size=(400, 600), reason="test",
    )  # fmt: skip


def scene_order(number: int = 1, *, photo: Path | None = None, words: str = PROMPT, frames: int = 180) -> SceneOrder:
    scene = Scene(
        id=number, frames=frames, headline="", subline="", points=(), voiceover_text="", video_prompt_template=words
    )
    return SceneOrder(scene=scene, style="luxury", product_name="Nuve", product=product(photo))


def card_order() -> CardOrder:
    return CardOrder(product_name="Nuve", cta="Shop now", line="", style="luxury", product=product())


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators(latency={HAILUO: 0.05, FLUX: 0.02}) as running:
        running.replicate.list_lag = 0.0
        yield running


@pytest.fixture
async def desk(sims: Simulators, tmp_path: Path) -> AsyncIterator[Desk]:
    standing = Desk(sims=sims, folder=tmp_path)
    yield standing
    await connections.close()
    for request in sims.requests:
        contracts.check_request(request)
    standing.till.close()
