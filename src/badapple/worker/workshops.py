"""The workshops of the jobs that have something made in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select
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

_KEPT = 32  #: workshops
_DRAWING = 8  #: of them, those that buy nothing: one holds up to three scenes that are drawn here, 56 MB at 1080x1920
_OPEN = (JobStatus.PENDING.value, JobStatus.PROCESSING.value)


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
    """Equips a workshop for each attempt at a job, and keeps the last ones; may be used from several threads.

    Args:
        settings: where things lie.
        house: what all jobs of this process share.
    """

    def __init__(self, settings: Settings, house: House) -> None:
        self._settings = settings
        self._house = house
        self._known: OrderedDict[tuple[str, int], tuple[Bill, Workshop]] = OrderedDict()
        self._lock = threading.Lock()  # held for moments only
        self._equipping: dict[tuple[str, int], threading.Lock] = {}

    def get(self, job: str, attempt: int) -> tuple[Bill, Workshop]:
        """Return what a job wants and what it is made with; reads the database, and files from the storage.

        Raises:
            JobTakenOverError: the attempt is over.
            InputError: a file of the order is gone.
            ConfigError: a vendor's key or package is missing here.
        """
        bill, name = self._read(job, attempt), (job, attempt)
        found = self._find(name)
        if found is None:
            with self._lock:
                one_by_one = self._equipping.setdefault(name, threading.Lock())
            try:
                with one_by_one:  # parts of a job come together, and share one till
                    found = self._find(name) or self._equipped(name, bill)
            finally:
                with self._lock:
                    self._equipping.pop(name, None)
        return replace(found[0], crashes=bill.crashes), found[1]

    def forget(self, job: str, attempt: int) -> None:
        """Drop the workshop of an attempt that has ended."""
        with self._lock:
            self._known.pop((job, attempt), None)

    def all(self) -> list[Workshop]:
        """Return every workshop that is kept."""
        with self._lock:
            return [workshop for _, workshop in self._known.values()]

    def _find(self, name: tuple[str, int]) -> tuple[Bill, Workshop] | None:
        with self._lock:
            found = self._known.get(name)
            if found is not None:
                self._known.move_to_end(name)
            return found

    def _equipped(self, name: tuple[str, int], bill: Bill) -> tuple[Bill, Workshop]:
        order = keeping.fetch(bill.order, self._settings)
        # The queue finds what is finished; making each part anew would be making it anew after every crash.
        order = replace(order, options=replace(order.options, fresh=False, output=None, assets_dir=None))
        workshop = equip(
            bill.job, order.options, self._settings, house=self._house, owner=bill.owner, consent=order.agreed
        )
        going = self._going()
        found = replace(bill, order=order), workshop
        with self._lock:
            for known in [known for known in self._known if known not in going]:
                del self._known[known]  # its story was told by another worker, and has ended
            self._known[name] = found
            self._trim()
        return found

    def _trim(self) -> None:
        drawing = [name for name, (_, workshop) in self._known.items() if workshop.purchasing is None]
        for name in drawing[:-_DRAWING]:
            del self._known[name]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _going(self) -> set[tuple[str, int]]:
        """Return which of the attempts that are kept are under way; those that come meanwhile are."""
        with self._lock:
            known = list(self._known)
        with Session(self._house.engine) as session:
            wanted = select(Job.id, Job.attempt).where(Job.id.in_([job for job, _ in known]), Job.status.in_(_OPEN))
            return {(row.id, row.attempt) for row in session.execute(wanted)}

    def _read(self, job: str, attempt: int) -> Bill:
        with Session(self._house.engine) as session:
            row = session.get(Job, job)
            if row is None or row.attempt != attempt or row.status not in _OPEN:
                raise JobTakenOverError(f"attempt {attempt} of the job {job} is over")
            return Bill(job=job, attempt=attempt, order=orders.of_row(row), owner=row.owner, crashes=row.crashes)
