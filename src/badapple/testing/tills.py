"""A till without books, for tests of what buys."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from badapple.models import Bought, Ticket

if TYPE_CHECKING:
    from badapple.models import Order
    from badapple.ports import PaidCall

__all__ = ["PlainTill"]


class PlainTill:
    """Runs every call, and remembers the goods by key; keeps no journal and knows no cap.

    Attributes:
        bought: the orders that were really sent, in order.
    """

    def __init__(self, *, owner: str = "local") -> None:
        self.owner = owner
        self.bought: list[Order] = []
        self._goods: dict[str, Bought] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="badapple-till-", ignore_cleanup_errors=True)

    async def has(self, order: Order) -> bool:
        """Say whether an order is bought already."""
        return order.key in self._goods

    async def once(self, call: PaidCall) -> Bought:
        """Return the goods, bought now or before."""
        key = call.order.key
        if key not in self._goods:
            number = len(self.bought)
            folder = Path(self._folder.name) / str(number)
            folder.mkdir()
            self.bought.append(call.order)
            ticket = Ticket(op_id=f"{number:032x}", intent_at=datetime.now(UTC), taken=frozenset(), seed=number)
            sent = await call.submit(ticket, folder)
            goods = sent.goods or await call.collect(sent, folder)
            cost = call.order.estimate if goods.cost is None else goods.cost
            self._goods[key] = Bought(files=goods.files, facts=goods.facts, vendor_id=sent.vendor_id, cost=cost)
        return self._goods[key]

    def close(self) -> None:
        """Remove the goods."""
        self._folder.cleanup()
