"""A vendor in a file: it keeps its own books, and outlives whoever buys from it."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from filelock import FileLock

from badapple.errors import OutcomeUnknownError, PermanentProviderError
from badapple.journal.gate import current
from badapple.models import Dedupe, Goods, Order, Submission, call_key

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.models import Ticket

__all__ = ["FileCall", "FileVendor"]


@dataclass(slots=True, kw_only=True)
class FileVendor:
    """Takes orders, and writes each into its ledger.

    Attributes:
        ledger: JSON lines, one a charge.
        name: of the vendor.
        lost: how many of the next replies are lost after the order was taken.
        refuse: raised instead of taking the next orders, one after the other.
        lag: looks that do not show a new order yet.
        seconds: how long goods take.
        cancelled: ids that were cancelled.
        breaks: raised instead of handing out goods, or None.
    """

    ledger: Path
    name: str = "replicate"
    lost: int = 0
    refuse: list[Exception] = field(default_factory=list)
    lag: int = 0
    seconds: float = 0.0
    cancelled: list[str] = field(default_factory=list)
    breaks: Exception | None = None

    def charges(self) -> list[dict[str, str]]:
        """Return what was charged so far, in order."""
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]

    def take(self, call: FileCall, ticket: Ticket) -> str:
        """Take an order and charge it; return the vendor's own id."""
        if self.refuse:
            raise self.refuse.pop(0)
        vendor_id = secrets.token_hex(6)
        with FileLock(f"{self.ledger}.lock"), self.ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": vendor_id, "what": call.what, "op": ticket.op_id}) + "\n")
        if self.lost:
            self.lost -= 1
            raise OutcomeUnknownError("the reply was lost", provider=self.name, reason="network")
        return vendor_id

    def look(self, what: str, taken: frozenset[str]) -> str | None:
        """Return the id of an order for this, if it shows already."""
        if self.lag:
            self.lag -= 1
            return None
        return next((row["id"] for row in self.charges() if row["what"] == what and row["id"] not in taken), None)


class FileCall:
    """An order to a `FileVendor`.

    Args:
        vendor: who gets it.
        what: words that name it; the goods are a file that holds them.
        dedupe: whether the vendor can be asked what it has.
        price: micro-dollars.
        owner: whose it is.
        at_once: the reply holds the goods already.
        lasting: seconds for which the vendor can be asked.
    """

    def __init__(
        self,
        vendor: FileVendor,
        what: str,
        *,
        dedupe: Dedupe = Dedupe.LOOKUP,
        price: int = 190_000,
        owner: str = "local",
        at_once: bool = False,
        lasting: float = 3600.0,
    ) -> None:
        self.vendor = vendor
        self.what = what
        self._at_once = at_once
        self.order = Order(
            key=call_key(owner=owner, vendor=vendor.name, model="model", what=what), vendor=vendor.name, model="model",
            label=what, dedupe=dedupe, estimate=price, reserve=price, request={"what": what}, look_again=(0.0, 0.0),
            lasting=lasting,
        )  # fmt: skip

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:
        """Place the order."""
        async with current().passing():
            vendor_id = self.vendor.take(self, ticket)
        return Submission(vendor_id=vendor_id, goods=self.goods(folder) if self._at_once else None)

    async def find(self, ticket: Ticket) -> Submission | None:
        """Ask for the order."""
        found = self.vendor.look(self.what, ticket.taken)
        return Submission(vendor_id=found) if found else None

    async def collect(self, submission: Submission, folder: Path) -> Goods:
        """Wait for the goods."""
        await asyncio.sleep(self.vendor.seconds)
        if submission.vendor_id in self.vendor.cancelled:
            raise PermanentProviderError("it was cancelled", provider=self.vendor.name, reason="cancelled")
        if self.vendor.breaks is not None:
            raise self.vendor.breaks
        return self.goods(folder)

    async def cancel(self, vendor_id: str) -> None:
        """Stop the order."""
        self.vendor.cancelled.append(vendor_id)

    def goods(self, folder: Path) -> Goods:
        """Write the goods."""
        file = folder / "goods.txt"
        file.write_text(self.what, encoding="utf-8")
        return Goods(files={"goods": file}, facts={"what": self.what})
