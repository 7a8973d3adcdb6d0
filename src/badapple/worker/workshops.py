"""The workshops of the jobs that have something made in this process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from badapple.database import Job
from badapple.errors import JobTakenOverError
from badapple.jobs import keeping, orders
from badapple.models import JobStatus
from badapple.pipeline.workshop import equip

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder
    from badapple.pipeline.workshop import House, Workshop

__all__ = ["Bill", "Workshops"]

_KEPT = 32  #: workshops; one holds prepared scenes, some tens of megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a worker reads of a job before it works on it.

    Attributes:
        job: its id.
        attempt: the attempt that is under way.
        order: what is wanted, its files on this machine.
        owner: whose money it is.
        crashes: workers that died over it.
    """

    job: str
    attempt: int
    order: JobOrder
    owner: str
    crashes: int


class Workshops:
    """Equips a workshop for each attempt at a job, and keeps the last ones.

    Args:
        settings: where things lie.
        house: what all jobs of this process share.
    """

    def __init__(self, settings: Settings, house: House) -> None:
        self._settings = settings
        self._house = house
        self._known: OrderedDict[tuple[str, int], tuple[Bill, Workshop]] = OrderedDict()

    def get(self, job: str, attempt: int) -> tuple[Bill, Workshop]:
        """Return what a job wants and what it is made with; reads the database, and files from the storage.

        Raises:
            JobTakenOverError: the attempt is over.
            InputError: a file of the order is gone.
            ConfigError: a vendor's key or package is missing here.
        """
        bill = self._read(job, attempt)
        found = self._known.get((job, attempt))
        if found is None:
            fetched = keeping.fetch(bill.order, self._settings)
            # The queue finds what is finished; making each part anew would be making it anew after every crash.
            fetched = replace(fetched, options=replace(fetched.options, fresh=False, output=None, assets_dir=None))
            bill = replace(bill, order=fetched)
            found = (
                bill,
                equip(
                    job, fetched.options, self._settings, house=self._house, owner=bill.owner, consent=fetched.agreed
                ),
            )
            self._known[job, attempt] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end((job, attempt))
        return replace(found[0], crashes=bill.crashes), found[1]

    def forget(self, job: str, attempt: int) -> None:
        """Drop the workshop of an attempt that has ended."""
        self._known.pop((job, attempt), None)

    def all(self) -> list[Workshop]:
        """Return every workshop that is kept."""
        return [workshop for _, workshop in list(self._known.values())]

    def _read(self, job: str, attempt: int) -> Bill:
        with Session(self._house.engine) as session:
            row = session.get(Job, job)
            open_ones = {JobStatus.PENDING.value, JobStatus.PROCESSING.value}
            if row is None or row.attempt != attempt or row.status not in open_ones:
                raise JobTakenOverError(f"attempt {attempt} of the job {job} is over")
            return Bill(job=job, attempt=attempt, order=orders.of_row(row), owner=row.owner, crashes=row.crashes)
