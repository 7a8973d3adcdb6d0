"""Paints end cards on bought backgrounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.media.branding import dressed
from badapple.models import Dedupe, Maker, Order, call_key
from badapple.providers.replicate import catalogue
from badapple.providers.replicate.prediction import PredictionCall, Wish, buy, price
from badapple.providers.replicate.prompts import card_prompt
from badapple.providers.replicate.shop import Pace, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Access
    from badapple.models import Card, CardOrder
    from badapple.ports import CardComposer, Till
    from badapple.providers.line import Line
    from badapple.providers.replicate.webhook import Doorbells

__all__ = ["ReplicatePainter"]


class ReplicatePainter:
    """Implements `ports.ImagePainter`: an image model paints what is behind, we set product, words and button over it.

    Args:
        model: `owner/name`; None takes the default.
        access: key and address.
        till: where backgrounds are paid for.
        line: limits and retries.
        composer: sets the card.
        style_dirs: folders with the user's own styles.
        pace: how often to look whether a picture is done.
        doorbells: rung when a webhook came, or None.
        webhook_url: where Replicate may call, or None.
        own_prices: a price list of the user's own, or None.

    Raises:
        ConfigError: the model is not known, or a package not installed.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        access: Access,
        till: Till,
        line: Line,
        composer: CardComposer,
        style_dirs: tuple[Path, ...] = (),
        pace: Pace | None = None,
        doorbells: Doorbells | None = None,
        webhook_url: str | None = None,
        own_prices: Path | None = None,
    ) -> None:
        self._model = catalogue.model(model or catalogue.default("picture"), kind="picture")
        self._till = till
        self._composer = composer
        self._style_dirs = style_dirs
        self._shop = Shop(
            access=access,
            line=line,
            pace=pace or Pace(),
            doorbells=doorbells,
            webhook_url=webhook_url,
            own_prices=own_prices,
        )
        self.maker = Maker(name="replicate", model=f"{self._model.name}+card", generated=True)

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Buy the background, or find it bought, and write the card to `out`.

        Raises:
            ProviderError: it cannot be had; says what it cost.
            BudgetError: it would go over a cap.
        """
        bought = await buy(self._till, self._call(order))
        return await self._composer.compose(order, bought.files["file"], out)

    def calls(self, order: CardOrder) -> tuple[Order, ...]:
        """Return what would be bought first for this card."""
        return (self._call(order).order,)

    def _call(self, order: CardOrder) -> PredictionCall:
        model = self._model
        style, product = dressed(order.style, order.brand, self._style_dirs), order.product
        prompt = card_prompt(order, style)
        # What is asked for, not how we put it: a better wording must not make anybody pay again.
        key = call_key(
            owner=self._till.owner, vendor="replicate", model=model.name, kind="background", style=order.style,
            look=style.video_words, colours=[*style.palette.background, style.palette.accent], accent=product.accent,
            category=product.category, seed=order.seed, take=order.take,
        )  # fmt: skip
        cost = price(model, 0, own=self._shop.own_prices)
        bill = Order(
            key=key, vendor="replicate", model=model.name, label="background", dedupe=Dedupe.LOOKUP, estimate=cost,
            reserve=cost, request={"input": {model.prompt: prompt, **model.settings(0)}},
        )  # fmt: skip
        return PredictionCall(bill, model=model, wish=Wish(prompt=prompt), shop=self._shop)
