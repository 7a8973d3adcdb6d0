"""How long a model of Claude's will still be there, and what it can do; asking is free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badapple.providers.anthropic.connection import connect
from badapple.providers.anthropic.faults import explained_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.config import Access
    from badapple.providers.line import Line

__all__ = ["Life", "lifecycle"]

_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the vendor says of a model.

    Attributes:
        state: `active`, `deprecated` or `retired`; `active` where it does not say.
        retires_at: the day as the vendor writes it, or None.
        can: capability -> whether the model has it, as far as the vendor says.
    """

    state: str
    retires_at: str | None
    can: Mapping[str, bool]


async def lifecycle(access: Access, line: Line, model: str) -> Life:
    """Ask about a model.

    Raises:
        PermanentProviderError: the key is wrong, or there is no such model.
        TransientProviderError: the vendor cannot be asked now.
    """
    connection = connect(access, seconds=_SECONDS)

    async def send() -> Mapping[str, Any]:
        try:
            return await connection.model(model)
        except Exception as error:
            raise explained_free(error) from error

    said = await line.ask(send)
    abilities = said.get("capabilities") or {}
    can = {name: bool(value.get("supported")) for name, value in abilities.items() if isinstance(value, dict)}
    can |= {name: value for name, value in abilities.items() if isinstance(value, bool)}
    retires = said.get("retires_at")
    return Life(state=str(said.get("lifecycle") or "active"), retires_at=retires and str(retires)[:10], can=can)
