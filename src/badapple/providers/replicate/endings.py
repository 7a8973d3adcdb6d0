"""What the end of a prediction means, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.errors import PermanentProviderError, ProviderError, TransientProviderError
from badapple.providers.replicate.failures import AGAIN, PROVIDER, prediction_reason

if TYPE_CHECKING:
    from badapple.errors import Reason
    from badapple.models import Order
    from badapple.providers.replicate.catalogue import Model
    from badapple.providers.replicate.replies import Prediction

__all__ = ["Endings"]

_KEPT = "Replicate keeps files for an hour only; buying it again costs the same once more"
_HINTS: dict[Reason, str] = {
    "refused": "change the words of this scene, or use another photo",
    "image": "use another photo: upright, sharp, over 300 px on its short side",
    "input": "choose another model, or update badapple",
    "lost": _KEPT,
    "media": "buying it again costs the same once more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Judges the ends of one order's prediction.

    What a prediction without goods cost is told by its end: `aborted` is free and `canceled` costs for the time that it
    ran, both as Replicate documents it. `failed` is assumed to be free where a model is paid by its output (nobody
    documents that), and to cost its whole price where the machine's time is paid.
    """

    order: Order
    model: Model

    def check(self, done: Prediction) -> None:
        """Raise what its end means, unless there is something to fetch.

        Raises:
            PermanentProviderError: there is nothing, and will be nothing.
        """
        if done.status in {"canceled", "aborted"}:
            raise self.over("cancelled", "was stopped on Replicate's side", charged=self.settled(done))
        if done.status == "failed":
            said = f"failed on Replicate ({done.why or 'no reason given'})"
            raise self.over(prediction_reason(done.why), said, charged=self.settled(done))
        if done.data_removed:
            raise self.lost()
        if not done.link:
            raise self.over("media", "was made, but came without a file", charged=self.order.estimate)

    def settled(self, end: Prediction) -> int:
        """Return what a prediction without goods cost at most, micro-dollars."""
        ran = end.started_at is not None or end.measured("predict_time") is not None
        free = end.status == "aborted" or (end.status == "failed" and self.model.unit != "time")
        return self.order.estimate if ran and not free else 0

    def lost(self, *, status: int | None = None) -> PermanentProviderError:
        """Return the error of goods that were paid for and are gone."""
        said = "was made, but its file is deleted already"
        return self.over("lost", said, charged=self.order.estimate, status=status)

    def unusable(self, flaw: Exception) -> PermanentProviderError:
        """Return the error of goods that were paid for and are no good."""
        return self.over("media", f"cannot be used: {flaw}", charged=self.order.estimate)

    def late(self, end: Prediction, patience: float) -> PermanentProviderError:
        """Return the error of a prediction that was stopped because it took too long."""
        said = f"was not done within {patience:.0f} s and was stopped"
        return self.over("timeout", said, charged=self.settled(end))

    def unseen(self, error: ProviderError) -> ProviderError:
        """Return the error of a prediction that Replicate does not show: it is gone, or this key may not see it."""
        if error.reason == "key":
            return self.away(error)
        said = "is not known to Replicate any more"
        return self.over("lost", said, charged=self.order.estimate, status=error.status_code)

    def away(self, error: ProviderError) -> TransientProviderError:
        """Return the error of a prediction that exists, while Replicate cannot be asked for it."""
        return TransientProviderError(
            f"the {self.order.label} is ordered, but cannot be fetched now: {error}",
            provider=PROVIDER,
            status_code=error.status_code,
            reason=error.reason,
            hint=error.hint or AGAIN,
        )

    def over(self, reason: Reason, said: str, *, charged: int, status: int | None = None) -> PermanentProviderError:
        """Return the error of an order that brings nothing, with what it cost all the same."""
        paid = f"it may have cost ${charged / 1_000_000:.2f}" if charged else "nothing was charged"
        return PermanentProviderError(
            f"the {self.order.label} {said}; {paid}",
            provider=PROVIDER,
            status_code=status,
            reason=reason,
            charged=charged,
            hint=_HINTS.get(reason, AGAIN),
        )
