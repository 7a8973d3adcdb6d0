"""The checker of chaos runs must be able to fail: one broken history for each promise, and the sound one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.chaos.history import CallRow, Charge, EventRow, Film, History, JobRow, Write, check_history


def write(seq: int, writer: str = "w1", *, run: str | None = "r1", before: str | None = "r1") -> tuple[Write, Write]:
    """Return an event's number being drawn, and the event."""
    drawn = Write(
        table="jobs", job="a", writer=writer, transaction=10 + seq, seq=seq, advanced=True, before=before, after=run
    )
    return drawn, Write(table="events", job="a", writer=writer, transaction=10 + seq, seq=seq)


def begin(writer: str = "w1", *, run: str = "r1", before: str | None = None, seq: int = 0) -> Write:
    """Return a run's beginning."""
    return Write(table="jobs", job="a", writer=writer, transaction=seq + 100, seq=seq, before=before, after=run)


STAGE = Write(table="stages", job="a", writer="w1", transaction=5)
VOICE = CallRow(job="a", key="k1", vendor="elevenlabs", vendor_id="h1", settled=700)
SCRIPT = CallRow(job="a", key="k2", vendor="anthropic", vendor_id="m1", settled=300)
HEARD = Charge(vendor="elevenlabs", id="h1", wish="hello", amount=700)
WRITTEN = Charge(vendor="anthropic", id="m1", wish="script", amount=300)
AGAIN = replace(WRITTEN, id="m2")
SOUND = History(
    accepted=("a", "b"),
    jobs=(
        JobRow(id="a", status="completed", seq=3, cost=1000),
        JobRow(id="b", status="cancelled", seq=1),
    ),
    events=(
        EventRow(job="a", seq=1, stage="script_gen", progress=0),
        EventRow(job="a", seq=2, stage="voice_gen", progress=30),
        EventRow(job="a", seq=3, stage="completed", progress=100),
        EventRow(job="b", seq=1, stage="cancelled", progress=0),
    ),
    calls=(VOICE, SCRIPT),
    charges=(HEARD, WRITTEN),
    writes=(begin(), *write(1), STAGE, *write(2), *write(3, run=None)),
    films=(Film(job="a", sha256="f00", receipt="f00"),),
)


def test_a_sound_history_holds() -> None:
    verdict = check_history(SOUND)
    assert verdict.holds, list(verdict.lines())
    assert (verdict.charges, verdict.repeats) == (2, 0)


def test_a_run_that_was_taken_over_holds() -> None:
    """The second run begins where the first stopped; the first writes no more."""
    writes = (begin(), *write(1), begin("w2", run="r2", before="r1", seq=1), *write(2, "w2", run="r2", before="r2"))
    assert check_history(replace(SOUND, writes=(*writes, *write(3, "w2", run=None, before="r2")))).holds


def test_a_petty_repetition_that_is_booked_is_counted() -> None:
    """Claude cannot be asked what it has: one more charge is borne where the books say so."""
    booked = replace(SCRIPT, possibly=400, sends=2)
    verdict = check_history(replace(SOUND, calls=(VOICE, booked), charges=(HEARD, WRITTEN, AGAIN)))
    assert verdict.holds, list(verdict.lines())
    assert verdict.repeats == 1


def test_a_call_whose_outcome_nobody_knows_is_borne_where_it_is_booked() -> None:
    """Both answers were lost: the ledger has two charges, the books one row that says how much they can be."""
    lost = replace(SCRIPT, vendor_id=None, state="unknown", settled=0, possibly=600, sends=2)
    jobs = (replace(SOUND.jobs[0], status="failed", cost=0), SOUND.jobs[1])
    last = events(EventRow(job="a", seq=3, stage="error", progress=30))
    ended = replace(SOUND, jobs=jobs, events=last, calls=(VOICE, lost), charges=(HEARD, WRITTEN, AGAIN))
    verdict = check_history(ended)
    assert verdict.holds, list(verdict.lines())
    assert verdict.repeats == 1
    assert check_history(replace(ended, calls=(VOICE, replace(lost, possibly=599)))).broken["I3"]
    assert check_history(replace(ended, calls=(VOICE, replace(lost, sends=1)))).broken["I2"]


def test_a_second_attempt_holds() -> None:
    """Progress begins anew after the first attempt's last event."""
    jobs = (JobRow(id="a", status="failed", seq=4, retries=1),)
    events = [EventRow(job="a", seq=n, stage=stage, progress=p) for n, stage, p in _TWICE]
    assert check_history(History(accepted=("a",), jobs=jobs, events=tuple(events))).holds


_TWICE = ((1, "script_gen", 20), (2, "error", 20), (3, "script_gen", 0), (4, "error", 0))


def events(*changed: EventRow) -> tuple[EventRow, ...]:
    """Return the sound events with some in the place of those with their number."""
    new = {(event.job, event.seq): event for event in changed}
    return tuple(new.get((event.job, event.seq), event) for event in SOUND.events)


BROKEN: dict[str, tuple[str, History]] = {
    "a job that never ends": (
        "I1",
        replace(SOUND, jobs=(SOUND.jobs[0], JobRow(id="b", status="processing", seq=1))),
    ),
    "a job that is lost": ("I1", replace(SOUND, accepted=("a", "b", "c"))),
    "a voice line charged twice": (
        "I2",
        replace(
            SOUND,
            charges=(HEARD, replace(HEARD, id="h2"), WRITTEN),
            calls=(replace(VOICE, possibly=700, sends=2), SCRIPT),
        ),
    ),
    "a repetition that is not booked": ("I2", replace(SOUND, charges=(HEARD, WRITTEN, AGAIN))),
    "one key paid by two rows": (
        "I2",
        replace(
            SOUND,
            calls=(VOICE, replace(VOICE, vendor_id="h2"), SCRIPT),
            charges=(HEARD, replace(HEARD, id="h2", wish="other"), WRITTEN),
        ),
    ),
    "books that say a micro-dollar less": ("I3", replace(SOUND, calls=(replace(VOICE, settled=699), SCRIPT))),
    "a charge that is in no book": (
        "I3",
        replace(SOUND, charges=(HEARD, WRITTEN, Charge(vendor="replicate", id="p1", wish="clip", amount=1))),
    ),
    "a repetition dearer than what is booked": (
        "I3",
        replace(SOUND, calls=(VOICE, replace(SCRIPT, possibly=299, sends=2)), charges=(HEARD, WRITTEN, AGAIN)),
    ),
    "a call that is still under way": ("I3", replace(SOUND, calls=(VOICE, replace(SCRIPT, state="submitted")))),
    "a job that tells another price": ("I3", replace(SOUND, jobs=(replace(SOUND.jobs[0], cost=999), SOUND.jobs[1]))),
    "a gap in the numbers": ("I4", replace(SOUND, events=events()[:1] + events()[2:])),
    "an event too many": ("I4", replace(SOUND, jobs=(replace(SOUND.jobs[0], seq=2), SOUND.jobs[1]))),
    "progress that falls": (
        "I4",
        replace(SOUND, events=events(EventRow(job="a", seq=1, stage="script_gen", progress=31))),
    ),
    "a stale run that goes on writing": (
        "I5",
        replace(
            SOUND,
            writes=(begin(), *write(1), begin("w2", run="r2", before="r1"), *write(2, "w1", run="r2", before="r2")),
        ),
    ),
    "a run that comes back": (
        "I5",
        replace(SOUND, writes=(begin(), begin("w2", run="r2", before="r1"), begin("w1", run="r1", before="r2"))),
    ),
    "an event beside its number": (
        "I5",
        replace(SOUND, writes=(begin(), write(1)[0], replace(write(1)[1], transaction=7))),
    ),
    "a stage of somebody else's": ("I5", replace(SOUND, writes=(begin(), replace(STAGE, writer="w2")))),
    "progress without a run": ("I5", replace(SOUND, writes=(begin(), *write(2, run=None)))),
    "a video that is gone": ("I6", replace(SOUND, films=(Film(job="a", flaw="there is no file"),))),
    "a video nobody looked for": ("I6", replace(SOUND, films=())),
    "another video than the receipt's": ("I6", replace(SOUND, films=(Film(job="a", sha256="f01", receipt="f00"),))),
    "a video without a receipt": ("I6", replace(SOUND, films=(Film(job="a"),))),
    "a temporary file": ("I7", replace(SOUND, leftovers=("cache/tmp/x",))),
    "an orphan": ("I7", replace(SOUND, orphans=("ffmpeg 123",))),
    "two last events": (
        "I8",
        replace(SOUND, events=events(EventRow(job="a", seq=2, stage="error", progress=30))),
    ),
    "no last event": ("I8", replace(SOUND, events=events(EventRow(job="a", seq=3, stage="compositing", progress=100)))),
    "a last event of another kind": (
        "I8",
        replace(SOUND, events=events(EventRow(job="b", seq=1, stage="error", progress=0))),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_history_is_seen(name: str) -> None:
    promise, history = BROKEN[name]
    verdict = check_history(history)
    assert verdict.broken[promise], f"{promise} should be broken: {list(verdict.lines())}"
    assert not verdict.holds
    assert any(line.startswith(promise) for line in verdict.lines())
