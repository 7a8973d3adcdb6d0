"""What so many jobs an hour need: bounds from the figures, and a simulation that has to agree.

    .venv/bin/python -m bench.plan [--rate 10000] [--jobs 10000] [--cpu 64] [--engine 150] [--database 60] [--seed 1]

A job is a script, four voices (one of them two lines) and an end card, then clips, then work of processors here. Every
vendor is a queue with so many calls at once and so many calls a minute, the processors of all workers are one queue,
the database's are another. By Little's law a queue that is busy less than all of the time needs at least rate x seconds
places; the simulation, with jobs that come by chance, says how long they wait for one of the places given. `--limits`
gives each vendor what `badapple.limits` takes for granted before a vendor teaches more, instead of what is needed.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import statistics
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from badapple.limits.rules import ALLOWANCES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    Step = tuple[str, float]
    Line = tuple[Step, ...]  # steps one after another
    Phase = tuple[Line, ...]  # lines side by side

SPARE = 0.75  #: share of the time for which a place may be busy
#: Seconds of one call; as `bench/cloud.py` has them.
SCRIPT, LINE, CLIPS, CARD = 15.0, 3.6, (62.0, 74.0, 86.0, 98.0), 5.0
_SEGMENTS = 9


@dataclass(slots=True)
class Queue:
    """Places that work stands in line for, first come first served.

    Attributes:
        places: how many work at once.
        per_minute: how many may begin in a minute, or None.
        busy: seconds of work done.
        waits: seconds that each had to wait.
    """

    places: int
    per_minute: float | None = None
    busy: float = 0.0
    waits: list[float] = field(default_factory=list)
    _free: int = 0
    _next: float = 0.0
    _line: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._free = self.places


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a job costs, in seconds of a processor.

    Attributes:
        here: all drawing, encoding and measuring.
        engine: bookkeeping of story and engine in workers.
        database: of the database server.
    """

    here: float
    engine: float
    database: float


def phases(costs: Costs) -> tuple[Phase, ...]:
    """Return a job as phases that follow each other."""
    part = costs.here / _SEGMENTS
    book = (("workers", costs.engine / 3), ("database", costs.database / 3))
    voices = tuple((("elevenlabs", LINE),) for _ in range(3))
    clips = tuple((("replicate", seconds), ("workers", part)) for seconds in CLIPS)
    last = tuple((("workers", part),) for _ in range(_SEGMENTS - len(CLIPS) - 1))
    return (
        ((*book, ("anthropic", SCRIPT)),),
        (*voices, (("elevenlabs", LINE), ("elevenlabs", LINE)), (("replicate", CARD),), *clips, book),
        last,
        ((("workers", part), *book),),
    )


def demand(work: Iterable[Phase]) -> tuple[dict[str, float], dict[str, int]]:
    """Return the seconds and the calls that one job asks of each queue."""
    seconds: dict[str, float] = {}
    calls: dict[str, int] = {}
    for phase in work:
        for line in phase:
            for name, length in line:
                seconds[name] = seconds.get(name, 0.0) + length
                calls[name] = calls.get(name, 0) + 1
    return seconds, calls


def shortest(work: Iterable[Phase]) -> float:
    """Return the seconds of a job that waits for nothing."""
    return sum(max(sum(length for _, length in line) for line in phase) for phase in work)


class Simulation:
    """Jobs that come by chance and go through queues.

    Args:
        work: of each job.
        queues: name -> queue.
        rate: jobs in a second.
        chance: where chance comes from; calls take 0.7 to 1.3 times their seconds.
    """

    def __init__(
        self, work: tuple[Phase, ...], queues: dict[str, Queue], *, rate: float, chance: random.Random
    ) -> None:
        self._work = work
        self._queues = queues
        self._rate = rate
        self._chance = chance
        self._now = 0.0
        self._events: list[tuple[float, int]] = []
        self._lines: list[Generator[tuple[str, float], None, None]] = []
        self._asked: dict[int, tuple[str, float]] = {}
        self._holds: dict[int, str] = {}
        self.spans: list[float] = []

    def run(self, jobs: int) -> float:
        """Let so many jobs come and end; return the seconds until the last has ended."""
        at = 0.0
        for _ in range(jobs):
            at += self._chance.expovariate(self._rate)
            self._start(self._job(at), at)
        while self._events:
            self._now, number = heapq.heappop(self._events)
            name = self._holds.pop(number, None)
            if name is not None:
                self._leave(name)
            self._step(number)
        return self._now

    def _start(self, line: Generator[tuple[str, float], None, None], at: float) -> None:
        self._lines.append(line)
        heapq.heappush(self._events, (at, len(self._lines) - 1))

    def _job(self, begun: float, phase: int = 0) -> Generator[tuple[str, float], None, None]:
        if phase == len(self._work):
            self.spans.append(self._now - begun)
            return
        left = [len(self._work[phase])]
        for line in self._work[phase]:
            self._start(self._line(line, begun, phase, left), self._now)
        yield from ()

    def _line(self, line: Line, begun: float, phase: int, left: list[int]) -> Generator[tuple[str, float], None, None]:
        for name, seconds in line:
            yield name, seconds * self._chance.uniform(0.7, 1.3)
        left[0] -= 1
        if not left[0]:
            self._start(self._job(begun, phase + 1), self._now)

    def _step(self, number: int) -> None:
        if number in self._asked:  # its turn in the rate has come
            self._work_on(number, *self._asked.pop(number))
            return
        try:
            name, seconds = next(self._lines[number])
        except StopIteration:
            return
        queue = self._queues[name]
        self._asked[number] = (name, seconds)
        queue._line.append((self._now, number))  # noqa: SLF001 - one mechanism in two classes
        self._admit(name)

    def _admit(self, name: str) -> None:
        queue = self._queues[name]
        while queue._free and queue._line:  # noqa: SLF001 - as above
            since, number = queue._line.popleft()  # noqa: SLF001 - as above
            queue._free -= 1  # noqa: SLF001 - as above
            begin = max(self._now, queue._next)  # noqa: SLF001 - as above
            if queue.per_minute is not None:
                queue._next = begin + 60 / queue.per_minute  # noqa: SLF001 - as above
            queue.waits.append(begin - since)
            heapq.heappush(self._events, (begin, number))

    def _work_on(self, number: int, name: str, seconds: float) -> None:
        self._queues[name].busy += seconds
        self._holds[number] = name
        heapq.heappush(self._events, (self._now + seconds, number))

    def _leave(self, name: str) -> None:
        self._queues[name]._free += 1  # noqa: SLF001 - as above
        self._admit(name)


def needed(work: tuple[Phase, ...], rate: float) -> dict[str, Queue]:
    """Return queues with so many places that each is busy `SPARE` of the time."""
    seconds, calls = demand(work)
    vendors = set(ALLOWANCES)
    return {
        name: Queue(
            places=math.ceil(rate * length / SPARE),
            per_minute=math.ceil(60 * rate * calls[name] / SPARE) if name in vendors else None,
        )
        for name, length in seconds.items()
    }


def limited(queues: dict[str, Queue]) -> dict[str, Queue]:
    """Return the queues with the vendors' first allowances."""
    found = dict(queues)
    for name, allowed in ALLOWANCES.items():
        found[name] = Queue(places=allowed.concurrency, per_minute=allowed.per_minute)
    return found


def main() -> None:
    """Print what is needed, what jobs then wait, and what is the bottleneck otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=10_000, help="jobs an hour")
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs that are simulated")
    parser.add_argument("--cpu", type=float, default=64.0, help="seconds of a processor for a job's own work")
    parser.add_argument("--engine", type=float, default=300.0, help="ms of a processor for story and engine")
    parser.add_argument("--database", type=float, default=100.0, help="ms of a processor of the database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limits", action="store_true", help="vendors as they are allowed before they teach more")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rate = args.rate / 3600
    work = phases(Costs(here=args.cpu, engine=args.engine / 1000, database=args.database / 1000))
    queues = needed(work, rate)
    if args.limits:
        queues = limited(queues)
    seconds, calls = demand(work)
    bound = {
        name: min(
            queue.places / seconds[name],
            queue.per_minute / 60 / calls[name] if queue.per_minute is not None else math.inf,
        )
        for name, queue in queues.items()
    }
    simulation = Simulation(
        work, {name: replace(queue) for name, queue in queues.items()}, rate=rate, chance=random.Random(args.seed)
    )
    end = simulation.run(args.jobs)
    _told(args, queues=queues, bound=bound, simulation=simulation, end=end, least=shortest(work))


def _told(
    args: argparse.Namespace,
    *,
    queues: dict[str, Queue],
    bound: dict[str, float],
    simulation: Simulation,
    end: float,
    least: float,
) -> None:
    used = simulation._queues  # noqa: SLF001 - the same module
    rows = [
        {
            "queue": name,
            "places": queue.places,
            "per_minute": queue.per_minute,
            "most_jobs_an_hour": round(3600 * bound[name]),
            "busy": round(used[name].busy / queue.places / end, 3),
            "wait_p50": round(statistics.median(used[name].waits), 2),
            "wait_p99": round(_share(used[name].waits, 0.99), 2),
        }
        for name, queue in queues.items()
    ]
    tight = min(bound, key=lambda name: bound[name])
    whole = {
        "jobs_an_hour_asked": args.rate,
        "jobs_an_hour_done": round(3600 * args.jobs / end),
        "seconds_least": round(least, 1),
        "seconds_p50": round(statistics.median(simulation.spans), 1),
        "seconds_p99": round(_share(simulation.spans, 0.99), 1),
        "tightest": tight,
    }
    if args.json:
        print(json.dumps({"queues": rows, "jobs": whole}, indent=2))
        return
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join("" if value is None else str(value) for value in row.values()) + " |")
    print(", ".join(f"{name} {value}" for name, value in whole.items()))


def _share(numbers: list[float], share: float) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(share * len(numbers)))]


if __name__ == "__main__":
    main()
