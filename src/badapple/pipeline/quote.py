"""What an ad will cost, told before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from badapple.assets import parts
from badapple.models import FULL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from badapple.journal import JournalTill
    from badapple.models import AssetRequest, Brief, MakeOptions, Order
    from badapple.pipeline.asset_manager import AssetManager
    from badapple.pipeline.cta_generator import CTAGenerator
    from badapple.pipeline.plan import Plan
    from badapple.pipeline.script_generator import ScriptGenerator
    from badapple.pipeline.video_generator import VideoGenerator
    from badapple.pipeline.voiceover_generator import VoiceoverGenerator
    from badapple.ports import ScriptWriter
    from badapple.providers import Providers

__all__ = ["Quote", "QuoteLine", "Quoter", "together"]

#: What each vendor gets to see.
_SEES = {
    "anthropic": "the photo, the name, your facts and the call to action",
    "elevenlabs": "the spoken words",
    "replicate": "pictures of the product and descriptions of the scenes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """One part's price.

    Attributes:
        part: `script`, `voices`, `scenes` or `end card`.
        vendor: who gets the money.
        model: what is bought.
        calls: how many purchases.
        estimate: micro-dollars it will probably cost.
        at_most: micro-dollars that are reserved for it.
        found: purchases that were paid for before and cost nothing now.
        orders: the others, each once.
        paid: keys of those that were found.
    """

    part: str
    vendor: str
    model: str
    calls: int
    estimate: int
    at_most: int
    found: int
    orders: tuple[Order, ...] = ()
    paid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price of one ad, part by part; parts that are made here are not listed.

    Attributes:
        lines: the parts.
        hosts: vendor -> host that is asked instead of the vendor's own, where one is set.
    """

    lines: tuple[QuoteLine, ...]
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def estimate(self) -> int:
        """Micro-dollars the ad will probably cost."""
        return sum(line.estimate for line in self.lines)

    @property
    def at_most(self) -> int:
        """Micro-dollars that are reserved, one after the other, while it is made."""
        return sum(line.at_most for line in self.lines)

    @property
    def cap(self) -> int:
        """Micro-dollars, in whole cents, that suffice for a second try at some of it."""
        return -(-self.at_most * 115 // 100 // 10_000) * 10_000

    @property
    def sees(self) -> tuple[tuple[str, str], ...]:
        """What leaves this machine: (vendor, what it gets to see)."""
        vendors = dict.fromkeys(line.vendor for line in self.lines if line.calls > line.found)
        at = {vendor: f"{vendor} (at {self.hosts[vendor]})" if vendor in self.hosts else vendor for vendor in vendors}
        return tuple((at[vendor], _SEES[vendor]) for vendor in vendors)


def together(quotes: Iterable[Quote]) -> Quote:
    """Return the price of several ads that are made one after the other: what they share is bought once."""
    lines: dict[tuple[str, str, str], list[QuoteLine]] = {}
    hosts: dict[str, str] = {}
    for quote in quotes:
        hosts |= quote.hosts
        for line in quote.lines:
            lines.setdefault((line.part, line.vendor, line.model), []).append(line)
    return Quote(lines=tuple(_sum(same) for same in lines.values()), hosts=hosts)


def _sum(lines: Sequence[QuoteLine]) -> QuoteLine:
    new = {order.key: order for line in lines for order in line.orders}
    paid = frozenset(key for line in lines for key in line.paid)
    return replace(
        lines[0], calls=len(new) + len(paid), found=len(paid), orders=tuple(new.values()), paid=paid,
        estimate=sum(order.estimate for order in new.values()), at_most=sum(order.reserve for order in new.values()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoter:
    """Reckons what one job would buy, without buying or sending anything."""

    assets: AssetManager
    makers: Providers
    till: JournalTill
    guess: ScriptWriter
    script_generator: ScriptGenerator
    voiceover_generator: VoiceoverGenerator
    video_generator: VideoGenerator
    cta_generator: CTAGenerator
    hosts: Mapping[str, str]

    async def quote(self, brief: Brief, options: MakeOptions) -> Quote:
        """Return the quote. Until the script is written, its length is guessed from one that was made here.

        Raises:
            InputError: the name, the photo or another input cannot be used.
        """
        makers = self.makers
        lines: list[QuoteLine] = []
        draft = await self.script_generator.draft(brief, options, guess=self.guess)
        plan = draft.plan
        orders = [] if draft.written else [*makers.script.calls(draft.brief, plan.product, makers.scenes.offer)]
        if orders:
            lines.append(await self._line("script", orders))
        for part, orders_of in (("voices", self._voices), ("scenes", self._scenes), ("end card", self._card)):
            if orders := [order async for order in orders_of(plan)]:
                lines.append(await self._line(part, orders))
        return Quote(lines=tuple(lines), hosts=self.hosts)

    async def _voices(self, plan: Plan) -> AsyncIterator[Order]:
        async for request in self._missing(self.voiceover_generator.requests(plan)):
            for order in self.makers.voice.calls(parts.voice_order(request.params)):
                yield order

    async def _scenes(self, plan: Plan) -> AsyncIterator[Order]:
        shots = [shot.footage for shot in self.video_generator.shots(plan) if shot.footage is not None]
        async for request in self._missing(shots):
            for order in self.makers.scenes.calls(parts.scene_order(request.params, plan.product, canvas=FULL)):
                yield order

    async def _card(self, plan: Plan) -> AsyncIterator[Order]:
        async for request in self._missing([self.cta_generator.request(plan)]):
            for order in self.makers.painter.calls(parts.card_order(request.params, plan.product)):
                yield order

    async def _missing(self, requests: Iterable[AssetRequest]) -> AsyncIterator[AssetRequest]:
        for request in requests:
            if await self.assets.find(request) is None:
                yield request

    async def _line(self, part: str, orders: Sequence[Order]) -> QuoteLine:
        unique = {order.key: order for order in orders}
        new = [order for order in unique.values() if not await self.till.has(order)]
        first = orders[0]
        return QuoteLine(
            part=part, vendor=first.vendor, model=first.model, calls=len(unique),
            estimate=sum(order.estimate for order in new), at_most=sum(order.reserve for order in new),
            found=len(unique) - len(new), orders=tuple(new),
            paid=frozenset(unique) - {order.key for order in new},
        )  # fmt: skip
