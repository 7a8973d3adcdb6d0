"""One prediction as a purchase: ordered once, found again, waited for, brought home."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from badapple.costs import prices
from badapple.errors import (
    BadappleError,
    ConfigError,
    MediaError,
    PermanentProviderError,
    ProviderError,
    TransientProviderError,
)
from badapple.models import Goods, Submission
from badapple.process import in_thread
from badapple.providers.replicate import goods, matching
from badapple.providers.replicate.download import CLIP, PICTURE
from badapple.providers.replicate.endings import Endings
from badapple.providers.replicate.failures import AGAIN, PROVIDER
from badapple.providers.replicate.frame import as_address
from badapple.providers.replicate.schema import fitted
from badapple.providers.replies import FACTOR, believed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pydantic import JsonValue

    from badapple.models import Bought, Order, Ticket
    from badapple.ports import Till
    from badapple.providers.replicate.catalogue import Model
    from badapple.providers.replicate.replies import Prediction
    from badapple.providers.replicate.shop import Shop

    Paint = Callable[[Path], Awaitable[None]]

__all__ = ["PredictionCall", "Wish", "buy", "price"]

#: Looked back beyond the hour for which a prediction keeps its input; what is found besides is told apart by its mark.
_WINDOW = timedelta(minutes=10)
_UNSEEN = 3  #: times that a prediction may be unknown before we believe it; a new one is not known everywhere at once
_GROWTH = 1.4
_PLACEHOLDER = "data:image/jpeg;base64,/9j/"
_LOOKS = 2  #: times that a file is fetched before it is called bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a prediction shall show.

    Attributes:
        prompt: in words.
        seconds: of film that will be used; 0 for a picture.
        paint: writes the first frame as a JPEG, when it is needed; None without one.
    """

    prompt: str
    seconds: int = 0
    paint: Paint | None = None


class PredictionCall:
    """Implements `ports.PaidCall` with one prediction; `Endings` says what its end cost."""

    def __init__(self, order: Order, *, model: Model, wish: Wish, shop: Shop) -> None:
        self.order = order
        self._model = model
        self._wish = wish
        self._shop = shop
        self._endings = Endings(order=order, model=model)

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:
        """Order the prediction, once; see `ports.PaidCall`."""
        model, shop = self._model, self._shop
        inputs = await self._inputs(ticket, folder)
        webhook = f"{shop.webhook_url}?op={ticket.op_id}" if shop.webhook_url else None

        async def create() -> Prediction:
            return await shop.client.create(
                model.name, inputs, version=model.version, cancel_after=model.cancel_after, wait=model.wait,
                webhook=webhook,
            )  # fmt: skip

        made = await shop.line.call(create)
        return Submission(vendor_id=made.id)

    async def find(self, ticket: Ticket) -> Submission | None:
        """Look through the account's latest predictions; see `matching` for what makes one ours."""
        shop, within = self._shop, timedelta(seconds=self.order.lasting) + _WINDOW
        try:
            made = await shop.line.ask(lambda: shop.client.predictions(within=within))
        except PermanentProviderError as error:
            raise TransientProviderError(
                f"it cannot be told now whether the {self.order.label} was ordered: {error}",
                provider=PROVIDER, status_code=error.status_code, reason=error.reason, hint=error.hint,
            ) from error  # fmt: skip
        settings = self._model.settings(self._wish.seconds)
        found = matching.ours(made, model=self._model, prompt=self._wish.prompt, settings=settings, ticket=ticket)
        return Submission(vendor_id=found.id) if found else None

    async def collect(self, submission: Submission, folder: Path) -> Goods:
        """Wait for the file, bring it and look into it; see `ports.PaidCall`.

        Being cancelled while waiting leaves the prediction alone: it can be collected later.
        """
        done = await self._ended(submission.vendor_id)
        self._endings.check(done)
        path, facts = await self._bring(done, folder)
        record = folder / "reply.json"
        await in_thread(record.write_text, done.to_record(), encoding="utf-8")
        told = {"model": self._model.name, "prediction": done.id, "prompt": self._wish.prompt, **facts}
        return Goods(files={"file": path, "reply": record}, facts=told, cost=self._cost(done))

    async def cancel(self, vendor_id: str) -> None:
        """Stop it, if it still runs."""
        try:
            await self._shop.client.cancel(vendor_id)
        except ProviderError:
            return  # it has ended, or its own deadline will end it

    async def _inputs(self, ticket: Ticket, folder: Path) -> dict[str, JsonValue]:
        """Return what is sent; the first frame is painted last, when all the rest is known to be taken."""
        model, wish, shop = self._model, self._wish, self._shop
        prompt = wish.prompt if model.seed else matching.mark(ticket.op_id) + wish.prompt
        inputs: dict[str, JsonValue] = {model.prompt: prompt, **model.settings(wish.seconds)}
        if model.seed:
            inputs[model.seed] = ticket.seed
        if wish.paint is not None:
            inputs[model.picture] = _PLACEHOLDER
        inputs = await fitted(inputs, model, client=shop.client, line=shop.line)
        if wish.paint is not None:
            inputs[model.picture] = await self._first_frame(wish.paint, folder / "first.jpg")
        return inputs

    async def _first_frame(self, paint: Paint, picture: Path) -> str:
        shop = self._shop

        async def upload(data: bytes) -> str:
            return await shop.line.ask(lambda: shop.client.upload(data, name="first.jpg", content_type="image/jpeg"))

        try:
            await paint(picture)
            return await as_address(picture, upload=upload)
        except ProviderError:
            raise
        except BadappleError as error:
            raise PermanentProviderError(
                f"the first frame cannot be painted: {error}; nothing was bought",
                provider=PROVIDER, reason="image", hint=error.hint,
            ) from error  # fmt: skip

    async def _ended(self, vendor_id: str) -> Prediction:
        """Look until it has ended; stop it when it takes too long."""
        pace, unseen = self._shop.pace, 0
        patience = self._model.patience if pace.patience is None else pace.patience
        until, pause = time.monotonic() + patience, pace.first
        while True:
            trouble: ProviderError | None = None
            try:
                now = await self._shop.client.get(vendor_id)
                if now.ended:
                    return now
            except TransientProviderError as error:
                trouble = error
            except PermanentProviderError as error:
                trouble, unseen = error, unseen + 1
                if unseen >= _UNSEEN:
                    raise self._endings.unseen(error) from error
            if time.monotonic() >= until:
                if trouble is not None:
                    raise self._endings.away(trouble) from trouble
                return await self._stopped(vendor_id, patience)
            asked = trouble.retry_after if isinstance(trouble, TransientProviderError) else None
            await self._rest(vendor_id, max(pause * random.uniform(0.8, 1.2), asked or 0.0))
            pause = min(pace.most, pause * _GROWTH)

    async def _rest(self, vendor_id: str, seconds: float) -> None:
        if self._shop.doorbells is None:
            await asyncio.sleep(seconds)
        else:
            await self._shop.doorbells.wait(vendor_id, seconds)

    async def _stopped(self, vendor_id: str, patience: float) -> Prediction:
        """Stop a prediction that takes too long; return it if it ended by itself in that moment."""
        try:
            last = await self._shop.client.cancel(vendor_id)
        except ProviderError as error:
            raise self._endings.away(error) from error
        if last.output or last.status in {"failed", "aborted"}:
            return last
        raise self._endings.late(last, patience)

    async def _bring(self, done: Prediction, folder: Path) -> tuple[Path, dict[str, Any]]:
        """Fetch the file and look into it; a bad one is fetched a second time, which costs nothing."""
        flaw = MediaError("it was never looked at")
        for _ in range(_LOOKS):
            try:
                return await in_thread(self._look, await self._fetch(done, folder))
            except MediaError as error:
                flaw = error
        raise self._endings.unusable(flaw) from flaw

    async def _fetch(self, done: Prediction, folder: Path) -> Path:
        """Bring the file; where it is gone, ask once for its new address."""
        try:
            return await self._download(done.link, folder)
        except PermanentProviderError as error:
            again = await self._shop.line.ask(lambda: self._shop.client.get(done.id))
            if again.data_removed or not again.link:
                raise self._endings.lost(status=error.status_code) from error
        try:
            return await self._download(again.link, folder)
        except PermanentProviderError as error:
            raise self._endings.lost(status=error.status_code) from error

    async def _download(self, link: str, folder: Path) -> Path:
        media, name = (CLIP, "clip.mp4") if self._model.kind == "video" else (PICTURE, "picture.raw")
        await self._shop.line.ask(lambda: self._shop.client.download(link, folder / name, media=media))
        return folder / name

    def _look(self, path: Path) -> tuple[Path, dict[str, Any]]:
        if self._model.kind == "video":
            return path, goods.check_clip(path, seconds=self._wish.seconds, ffmpeg=self._shop.ffmpeg)
        clean = path.with_name("picture.png")
        return clean, goods.check_picture(path, clean)

    def _cost(self, done: Prediction) -> int | None:
        """Return what was paid, by the price and by what the metrics say was made; None where that has no price."""
        seconds = self._wish.seconds
        if self._model.unit == "second":
            what = "video_output_duration_seconds"
            made = believed(done.measured(what), most=FACTOR * seconds, vendor=PROVIDER, what=what)
            seconds = seconds if made is None else max(1, round(made))
        try:
            return price(self._model, seconds, own=self._shop.own_prices)
        except ConfigError:  # of another length than was ordered: it is paid, so it must come home all the same
            return None


def price(model: Model, seconds: int, *, own: Path | None = None) -> int:
    """Return what one prediction costs, micro-dollars; `own` is a price list of the user's own.

    Raises:
        ConfigError: nobody knows its price.
    """
    if model.kind == "picture":
        return prices.cost("replicate", model.name, own=own, outputs=1)
    resolution = str(model.constants.get("resolution", "")) or None
    return prices.cost("replicate", model.name, own=own, resolution=resolution, seconds=seconds, outputs=1)


async def buy(till: Till, call: PredictionCall) -> Bought:
    """Buy; what failed for free by the vendor's own fault is ordered once more.

    Raises:
        TransientProviderError: the vendor failed; later it may not.
        ProviderError: as the till raises.
        BudgetError: as the till raises.
    """
    for last in (False, True):
        try:
            return await till.once(call)
        except PermanentProviderError as error:
            if error.charged or error.reason not in {"server", "timeout"}:
                raise
            if last or error.reason == "timeout":
                raise _later(error) from error
    raise AssertionError


def _later(error: PermanentProviderError) -> TransientProviderError:
    """Return the error as one that may go away by itself."""
    return TransientProviderError(
        str(error), provider=PROVIDER, status_code=error.status_code, reason=error.reason, hint=error.hint or AGAIN
    )
