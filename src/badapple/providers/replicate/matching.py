"""Tells which of the account's predictions is the one that we ordered.

Replicate has no idempotency key and leaves data URLs out of the input that it echoes, so the order must be known by
what is echoed:

* A model with a seed gets the ticket's own.
* Any other gets the ticket's mark: sixteen blanks and tabs before the prompt. Models read past them, whereas a word
  like `[ref 4f3a9c]` may be drawn into the picture.

A prediction with our mark, or our seed and our prompt, is ours. Where neither seed nor mark can be seen in any of them,
an equal prompt with equal settings will do: two calls for the same are one order with one key, and what stands on other
receipts is taken. A prediction that carries another mark or seed is never ours. Strings that the echo cuts short (they
end in dots) are compared as far as they go. The oldest match wins; how it ended does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from badapple.models import Ticket
    from badapple.providers.replicate.catalogue import Model
    from badapple.providers.replicate.replies import Prediction

__all__ = ["mark", "ours"]

_BITS = 16
_ENOUGH = 20  #: letters of a prompt that was cut short which must be equal


def mark(op_id: str) -> str:
    """Return the white space that stands for an attempt."""
    number = int(op_id, 16)
    return "".join("\t" if number >> bit & 1 else " " for bit in range(_BITS))


def ours(
    predictions: Iterable[Prediction],
    *,
    model: Model,
    prompt: str,
    settings: Mapping[str, JsonValue],
    ticket: Ticket,
) -> Prediction | None:
    """Return the prediction of a ticket, None where there is none."""
    free = [one for one in predictions if one.id not in ticket.taken and _is_of(one, model)]
    free.sort(key=lambda one: one.created)
    sure = (one for one in free if _is_marked(one.inputs, model=model, prompt=prompt, ticket=ticket))
    likely = (one for one in free if _is_plain(one.inputs, model=model, prompt=prompt, settings=settings))
    return next(sure, None) or next(likely, None)


def _is_of(one: Prediction, model: Model) -> bool:
    return model.name in {one.model, (one.version or "").partition(":")[0]} or (
        bool(model.version) and one.version == model.version
    )


def _is_marked(echo: Mapping[str, JsonValue], *, model: Model, prompt: str, ticket: Ticket) -> bool:
    if model.seed:
        return echo.get(model.seed) == ticket.seed and _same(echo.get(model.prompt), prompt)
    return _same(echo.get(model.prompt), mark(ticket.op_id) + prompt)


def _is_plain(echo: Mapping[str, JsonValue], *, model: Model, prompt: str, settings: Mapping[str, JsonValue]) -> bool:
    """Tell whether it asks for the same and says nothing of an attempt."""
    if model.seed and model.seed in echo:
        return False
    alike = all(echo.get(name, value) == value for name, value in settings.items())
    return alike and _same(echo.get(model.prompt), prompt)


def _same(echoed: JsonValue, sent: str) -> bool:
    if not isinstance(echoed, str):
        return False
    begun = echoed.rstrip(".…")
    cut = echoed.endswith(("...", "…")) and len(begun.strip()) >= _ENOUGH and sent.startswith(begun)
    return echoed == sent or cut
