"""Films scenes by buying clips."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from badapple import styles
from badapple.errors import PermanentProviderError
from badapple.media.whole import whole
from badapple.models import Clip, Dedupe, Maker, Order, SceneOffer, call_key
from badapple.process import in_thread
from badapple.providers.replicate import catalogue
from badapple.providers.replicate.frame import pixels_hash
from badapple.providers.replicate.prediction import PredictionCall, Wish, buy, price
from badapple.providers.replicate.prompts import scene_prompt, softened_prompt, words_of
from badapple.providers.replicate.shop import Pace, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Access
    from badapple.models import SceneOrder
    from badapple.ports import StillPainter, Till
    from badapple.providers.line import Line
    from badapple.providers.replicate.webhook import Doorbells
    from badapple.styles import Style

__all__ = ["ReplicateScenes"]


class ReplicateScenes:
    """Implements `ports.SceneRenderer` with a video model that starts from a painted picture of the product.

    Args:
        model: `owner/name`; None takes the quick default.
        access: key and address.
        till: where clips are paid for.
        line: limits and retries.
        stills: paints first frames.
        ffmpeg: looks into clips.
        style_dirs: folders with the user's own styles.
        pace: how often to look whether a clip is done.
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
        stills: StillPainter,
        ffmpeg: Path,
        style_dirs: tuple[Path, ...] = (),
        pace: Pace | None = None,
        doorbells: Doorbells | None = None,
        webhook_url: str | None = None,
        own_prices: Path | None = None,
    ) -> None:
        self._model = catalogue.model(model or catalogue.default("fast"), kind="video")
        self._till = till
        self._stills = stills
        self._style_dirs = style_dirs
        self._shop = Shop(
            access=access, line=line, ffmpeg=ffmpeg, pace=pace or Pace(), doorbells=doorbells,
            webhook_url=webhook_url, own_prices=own_prices,
        )  # fmt: skip
        self.maker = Maker(name="replicate", model=self._model.name, generated=True)
        self.offer = SceneOffer(lengths=self._model.frames, frames=False)

    async def render(self, order: SceneOrder, folder: Path) -> Clip:
        """Buy the clip, or find it bought; one softened request follows where a safety filter refused the first.

        Raises:
            ProviderError: it cannot be had; says what it cost.
            BudgetError: it would go over a cap.
        """
        style = styles.load(order.style, self._style_dirs)
        try:
            call = await in_thread(self._call, order, style)
            bought = await buy(self._till, call)
        except PermanentProviderError as refusal:
            if refusal.reason != "refused":
                raise
            call = await in_thread(self._call, order, style, softly=True)
            bought = await buy(self._till, call)
        out = folder / f"clip-{call.order.key[:16]}.mp4"
        await in_thread(_hand_out, bought.files["file"], out)
        return Clip(path=out)

    def calls(self, order: SceneOrder) -> tuple[Order, ...]:
        """Return what would be bought first for this scene."""
        style = styles.load(order.style, self._style_dirs)
        return (self._call(order, style).order,)

    def _call(self, order: SceneOrder, style: Style, *, softly: bool = False) -> PredictionCall:
        model = self._model
        prompt = (softened_prompt if softly else scene_prompt)(order, style)
        seconds = model.seconds_for(order.scene.frames)
        photo = pixels_hash(order.product.photo)
        # What is asked for, not how we put it: a better wording must not make anybody pay again.
        key = call_key(
            owner=self._till.owner, vendor="replicate", model=model.name, kind="clip", style=order.style,
            words=words_of(order), look=style.video_words, softly=softly, photo=photo, scene=order.scene.id,
            seconds=seconds, seed=order.seed, take=order.take,
            **({"brand": dict(order.brand)} if order.brand else {}),  # its first frame shows it
            **({"framing": order.framing} if order.framing != "auto" else {}),  # likewise
        )  # fmt: skip
        cost = price(model, seconds, own=self._shop.own_prices)
        request = {model.prompt: prompt, **model.settings(seconds), model.picture: f"first frame of photo {photo}"}
        bill = Order(
            key=key, vendor="replicate", model=model.name, label="clip", dedupe=Dedupe.LOOKUP, estimate=cost,
            reserve=cost, request={"input": request},
        )  # fmt: skip

        async def paint(out: Path) -> None:
            await self._stills.still(order, out)

        return PredictionCall(
            bill, model=model, wish=Wish(prompt=prompt, seconds=seconds, paint=paint), shop=self._shop
        )


def _hand_out(kept: Path, out: Path) -> None:
    """Lay a file of the cache under another name, as a second link where the disk can do that."""
    with whole(out) as part:
        part.unlink(missing_ok=True)
        try:
            os.link(kept, part)
        except OSError:
            shutil.copyfile(kept, part)
