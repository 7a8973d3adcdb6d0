"""The eight promises, judged on what a run left behind.

I1  every accepted job ends completed, failed or cancelled
I2  nothing is charged twice (a petty call of Claude's may be, where it is booked as a possible duplicate)
I3  the books say what the vendors' ledgers say, to the micro-dollar
I4  events are numbered without a gap, and progress never falls within an attempt
I5  one run writes a job at a time
I6  a completed job has its video, whole and with the hash on its receipt
I7  no temporary file and no process is left
I8  a job has exactly one last event, and one more for each time that a person has it tried again
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "INVARIANTS", "CallRow", "Charge", "EventRow", "Film", "History", "JobRow", "Verdict", "Write", "check_history",
]  # fmt: skip

INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8")
#: Status of an ended job -> stage of its last event.
ENDS = {"completed": "completed", "failed": "error", "cancelled": "cancelled"}
#: Vendors that cannot be asked what they have: a call of theirs may be repeated once.
_UNASKABLE = {"anthropic"}
_SHOWN = 5  #: violations of one promise that are told in full


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job at the end of the run."""

    id: str
    status: str
    retries: int = 0  #: times that a person had it tried again
    seq: int = 0
    cost: int = 0  #: micro-dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One progress event."""

    job: str
    seq: int
    stage: str
    progress: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One row of our books; money in micro-dollars."""

    job: str
    key: str
    vendor: str
    vendor_id: str | None
    state: str = "collected"
    settled: int = 0
    possibly: int = 0
    sends: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of a vendor's ledger; two with one wish are one thing bought twice."""

    vendor: str
    id: str
    wish: str
    amount: int  #: micro-dollars; 0 where it was taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One change of a row, as the database itself saw it, in the order of the row locks.

    Attributes:
        table: `jobs`, `events` or `stages`.
        job: whose row.
        writer: the process that wrote.
        transaction: of the database.
        seq: of the job's last event after a change of `jobs`; of the event itself for `events`.
        advanced: whether the change of `jobs` raised `seq`.
        before: the job's run before the change of `jobs`.
        after: and after it.
    """

    table: str
    job: str
    writer: str
    transaction: int
    seq: int = 0
    advanced: bool = False
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """The video of a completed job, looked at.

    Attributes:
        flaw: why it is none, or empty.
        sha256: of the file.
        receipt: what the film's receipt says it is.
    """

    job: str
    flaw: str = ""
    sha256: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that is left of a run."""

    accepted: tuple[str, ...]
    jobs: tuple[JobRow, ...]
    events: tuple[EventRow, ...] = ()
    calls: tuple[CallRow, ...] = ()
    charges: tuple[Charge, ...] = ()
    writes: tuple[Write, ...] = ()
    films: tuple[Film, ...] = ()
    leftovers: tuple[str, ...] = ()  #: temporary files
    orphans: tuple[str, ...] = ()  #: processes


@dataclass(slots=True)
class Verdict:
    """What was found.

    Attributes:
        broken: promise -> what breaks it.
        repeats: calls of Claude's that were charged twice and booked as such.
        charges: lines of the ledgers that were not taken back.
    """

    broken: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in INVARIANTS})
    repeats: int = 0
    charges: int = 0

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.broken.values())

    def lines(self) -> Iterator[str]:
        """Tell what breaks each promise."""
        for name, found in self.broken.items():
            yield from (f"{name}: {text}" for text in found[:_SHOWN])
            if len(found) > _SHOWN:
                yield f"{name}: and {len(found) - _SHOWN} more"


def check_history(history: History) -> Verdict:
    """Judge a run by the eight promises."""
    verdict = Verdict()
    charged = [charge for charge in history.charges if charge.amount]
    verdict.charges = len(charged)
    _ended(history, verdict)
    _paid_once(history, charged, verdict)
    _books_balance(history, charged, verdict)
    _events_in_order(history, verdict)
    _one_writer(history, verdict)
    _films_whole(history, verdict)
    verdict.broken["I7"] += [f"left behind: {name}" for name in (*history.leftovers, *history.orphans)]
    return verdict


def _ended(history: History, verdict: Verdict) -> None:
    known = {job.id: job for job in history.jobs}
    for name in history.accepted:
        status = known[name].status if name in known else "lost"
        if status not in ENDS:
            verdict.broken["I1"].append(f"{name} is {status}")


def _paid_once(history: History, charged: Sequence[Charge], verdict: Verdict) -> None:
    rows = {(row.vendor, row.vendor_id): row for row in history.calls}
    open_ends = [row for row in history.calls if row.vendor_id is None and row.possibly > 0]
    wishes: dict[tuple[str, str], list[Charge]] = defaultdict(list)
    for charge in charged:
        wishes[charge.vendor, charge.wish].append(charge)
    for (vendor, wish), found in wishes.items():
        extra = len(found) - 1
        if not extra:
            continue
        booked = [row for charge in found if (row := rows.get((vendor, charge.id))) is not None]
        owned = sum(row.sends - 1 for row in booked if row.possibly > 0)
        if not booked:  # no answer ever came: the books know that it was sent, and do not know its id
            owned = next((row.sends - 1 for row in open_ends if row.vendor == vendor and row.sends > extra), 0)
        if vendor in _UNASKABLE and extra <= owned:
            verdict.repeats += extra
        else:
            verdict.broken["I2"].append(f"{vendor} charged {len(found)} times for {wish}")
    paid = Counter((row.job, row.key) for row in history.calls if row.settled)
    verdict.broken["I2"] += [f"{job} paid {times} times for {key}" for (job, key), times in paid.items() if times > 1]


def _books_balance(history: History, charged: Sequence[Charge], verdict: Verdict) -> None:
    broken = verdict.broken["I3"]
    ledger = {(charge.vendor, charge.id): charge.amount for charge in charged}
    for row in history.calls:
        if row.state not in {"collected", "failed", "unknown"}:
            broken.append(f"the call {row.key} of {row.job} is {row.state}")
        amount = ledger.pop((row.vendor, row.vendor_id or ""), 0)
        if amount != row.settled:
            broken.append(f"{row.vendor} {row.vendor_id} charged {amount}, the books of {row.job} say {row.settled}")
    possibly: Counter[str] = Counter()
    for row in history.calls:
        possibly[row.vendor] += row.possibly
    unbooked: Counter[str] = Counter()
    for (vendor, _), amount in ledger.items():
        unbooked[vendor] += amount
    for vendor, amount in unbooked.items():
        if vendor not in _UNASKABLE or amount > possibly[vendor]:
            broken.append(f"{vendor} charged {amount} that no row settles; {possibly[vendor]} is booked as possible")
    spent: Counter[str] = Counter()
    for row in history.calls:
        spent[row.job] += row.settled
    broken += [
        f"{job.id} cost {job.cost}, its calls {spent[job.id]}"
        for job in history.jobs
        if job.status == "completed" and job.cost != spent[job.id]
    ]


def _events_in_order(history: History, verdict: Verdict) -> None:
    events: dict[str, list[EventRow]] = defaultdict(list)
    for event in sorted(history.events, key=lambda event: event.seq):
        events[event.job].append(event)
    for job in history.jobs:
        mine = events.pop(job.id, [])
        if [event.seq for event in mine] != list(range(1, job.seq + 1)):
            verdict.broken["I4"].append(f"{job.id}: {len(mine)} events, the last should be {job.seq}")
        ends, highest = 0, 0
        for event in mine:
            if event.progress < highest:
                verdict.broken["I4"].append(f"{job.id}: {highest} % falls to {event.progress} % at {event.seq}")
            highest = max(highest, event.progress)
            if event.stage in ENDS.values():
                ends, highest = ends + 1, 0  # the next attempt begins
        _last_event(job, mine, ends, verdict)
    verdict.broken["I4"] += [f"events of {name}, which is no job" for name in events]


def _last_event(job: JobRow, events: Sequence[EventRow], ends: int, verdict: Verdict) -> None:
    if job.status not in ENDS:
        return
    if ends != job.retries + 1:
        verdict.broken["I8"].append(f"{job.id}: {ends} last events, {job.retries} times tried again")
    last = events[-1].stage if events else "nothing"
    if last != ENDS[job.status]:
        verdict.broken["I8"].append(f"{job.id} is {job.status}, its last event {last}")


def _one_writer(history: History, verdict: Verdict) -> None:
    """Follow each job's row: a run belongs to the process that began it, until the next begins or the job ends."""
    stages = {(event.job, event.seq): event.stage for event in history.events}
    begun: dict[tuple[str, str], str] = {}
    now: dict[str, str | None] = {}
    drawn: dict[tuple[str, int], tuple[int, str]] = {}
    for write in history.writes:
        run = now.get(write.job)
        if write.table == "jobs":
            flaw = _row_change(write, begun, stages)
            now[write.job] = write.after
            if write.advanced:
                drawn[write.job, write.seq] = (write.transaction, write.writer)
        elif write.table == "events":
            same = drawn.get((write.job, write.seq)) == (write.transaction, write.writer)
            flaw = "" if same else f"{write.writer} wrote event {write.seq} without drawing its number"
        else:
            owner = begun.get((write.job, run)) if run is not None else None
            flaw = f"{write.writer} wrote a stage while {owner} ran it" if owner not in {None, write.writer} else ""
        if flaw:
            verdict.broken["I5"].append(f"{write.job}: {flaw}")


def _row_change(write: Write, begun: dict[tuple[str, str], str], stages: dict[tuple[str, int], str]) -> str:
    """Return what is wrong with a change of a job's row, or nothing; a run that begins is remembered."""
    if write.after is not None and write.after != write.before:
        if (write.job, write.after) in begun:
            return f"run {write.after} came back"
        begun[write.job, write.after] = write.writer
        return ""
    if not write.advanced:
        return ""
    if write.after is None:
        stage = stages.get((write.job, write.seq), "nothing")
        return "" if stage in ENDS.values() else f"{write.writer} told {stage} without a run"
    owner = begun.get((write.job, write.after))
    return "" if owner == write.writer else f"{write.writer} told of run {write.after}, which {owner} began"


def _films_whole(history: History, verdict: Verdict) -> None:
    films = {film.job: film for film in history.films}
    for job in history.jobs:
        if job.status != "completed":
            continue
        film = films.get(job.id)
        if film is None or film.flaw:
            verdict.broken["I6"].append(f"{job.id}: {film.flaw if film else 'nobody looked for its video'}")
        elif not film.sha256 or film.sha256 != film.receipt:
            verdict.broken["I6"].append(f"{job.id}: the file is {film.sha256[:12]}, its receipt {film.receipt[:12]}")
