"""Records what a run does to the database, and reads what it leaves: rows, ledgers, files, processes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.chaos.history import CallRow, Charge, EventRow, Film, History, JobRow, Write
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from badapple.database import Call, Event, Job, Receipt
from badapple.errors import MediaError
from badapple.media.probe import probe
from badapple.models import TOTAL_FRAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Engine

    from badapple.testing.simulators import Simulators

__all__ = ["install", "leftovers", "orphans", "read", "runs"]

_CHANGES = """
CREATE TABLE IF NOT EXISTS chaos_writes (
    number bigserial PRIMARY KEY, place text, job text, writer text, transaction bigint, seq integer,
    advanced boolean, before text, after text
);
CREATE OR REPLACE FUNCTION chaos_job() RETURNS trigger AS $$
BEGIN
    INSERT INTO chaos_writes (place, job, writer, transaction, seq, advanced, before, after)
    VALUES ('jobs', NEW.id, current_setting('application_name'), txid_current(), NEW.seq, NEW.seq > OLD.seq,
            OLD.run, NEW.run);
    RETURN NULL;
END $$ LANGUAGE plpgsql SET search_path FROM CURRENT;
CREATE OR REPLACE FUNCTION chaos_other() RETURNS trigger AS $$
DECLARE drawn integer := 0;
BEGIN
    IF TG_TABLE_NAME = 'events' THEN drawn := NEW.seq; END IF;
    INSERT INTO chaos_writes (place, job, writer, transaction, seq, advanced)
    VALUES (TG_TABLE_NAME, NEW.job_id, current_setting('application_name'), txid_current(), drawn, false);
    RETURN NULL;
END $$ LANGUAGE plpgsql SET search_path FROM CURRENT;
CREATE OR REPLACE TRIGGER chaos_jobs AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION chaos_job();
CREATE OR REPLACE TRIGGER chaos_events AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION chaos_other();
CREATE OR REPLACE TRIGGER chaos_stages AFTER UPDATE ON stages FOR EACH ROW EXECUTE FUNCTION chaos_other();
"""


def install(engine: Engine) -> None:
    """Let a Postgres write down, by triggers, which connection changes which row, and in which order."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_CHANGES.replace("%", "%%"))


def runs(engine: Engine) -> int:
    """Return how often a run of a story began."""
    begun = text("SELECT count(*) FROM chaos_writes WHERE after IS DISTINCT FROM before AND after IS NOT NULL")
    with engine.connect() as connection:
        return int(connection.execute(begun).scalar_one())


def read(
    engine: Engine,
    sims: Simulators,
    accepted: Sequence[str],
    *,
    machines: Sequence[Path],
    storage: Path,
    ffmpeg: Path,
    retried: Collection[str] = (),
) -> History:
    """Return all that a run left.

    Args:
        engine: the database, with `install`ed triggers.
        sims: the vendors.
        accepted: ids of the jobs that were submitted.
        machines: folders of the machines whose workers have ended.
        storage: where videos are.
        ffmpeg: looks into them.
        retried: jobs that were tried again, once.
    """
    with Session(engine) as session:
        jobs = [
            JobRow(id=row.id, status=row.status, seq=row.seq, cost=row.cost, retries=int(row.id in retried))
            for row in session.scalars(select(Job))
        ]
        events = [
            EventRow(job=row.job_id, seq=row.seq, stage=row.stage, progress=row.progress, message=row.message)
            for row in session.scalars(select(Event).order_by(Event.job_id, Event.seq))
        ]
        calls = [
            CallRow(
                job=row.job, key=row.key, vendor=row.vendor, vendor_id=row.vendor_id, state=row.state,
                settled=row.settled, possibly=row.possibly_charged, sends=row.sends,
            )
            for row in session.scalars(select(Call))
        ]  # fmt: skip
        films = [
            _film(session, row, ffmpeg=ffmpeg, storage=storage)
            for row in session.scalars(select(Job).where(Job.status == "completed"))
        ]
        rows = session.execute(
            text(
                "SELECT place, job, writer, transaction, seq, advanced, before, after FROM chaos_writes ORDER BY number"
            )
        )
        writes = [
            Write(
                table=place, job=job, writer=writer, transaction=transaction, seq=seq, advanced=advanced, before=before,
                after=after,
            )
            for place, job, writer, transaction, seq, advanced, before, after in rows
        ]  # fmt: skip
    return History(
        accepted=tuple(accepted), jobs=tuple(jobs), events=tuple(events), calls=tuple(calls), charges=_charges(sims),
        writes=tuple(writes), films=tuple(films), leftovers=tuple(leftovers(machines)),
        orphans=tuple(orphans(machines)),
    )  # fmt: skip


def leftovers(machines: Iterable[Path]) -> list[str]:
    """Return the temporary files below machines' folders."""
    return sorted(
        str(path.relative_to(machine.parent))
        for machine in machines
        for folder in ("data/tmp", "cache/tmp", "system")
        for path in (machine / folder).rglob("*")
        if path.is_file()
    )


def orphans(machines: Iterable[Path]) -> list[str]:
    """Return the processes of this machine, but ours, whose command line or folder names one of the folders."""
    names, found = [str(machine) for machine in machines], []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            place = str((process / "cwd").readlink())
        except OSError:
            continue
        if any(name in words or place.startswith(name) for name in names):
            found.append(f"{process.name} {words[:80]}")
    return found


def _charges(sims: Simulators) -> tuple[Charge, ...]:
    """Return the ledgers; a prediction's wish is its model and prompt, without the spaces that mark an attempt."""
    ordered = {made.id: f"{made.model} {str(made.input['prompt']).strip()}" for made in sims.replicate.predictions}
    return tuple(
        Charge(vendor=charge.vendor, id=charge.id, wish=ordered.get(charge.id, charge.key), amount=charge.amount)
        for charge in sims.charges
    )


def _film(session: Session, job: Job, *, ffmpeg: Path, storage: Path) -> Film:
    path = Path((job.video_url or "").removeprefix("file://"))
    if not job.video_url or not path.is_file():
        return Film(job=job.id, flaw=f"there is no file at {job.video_url}")
    if storage not in path.parents:
        return Film(job=job.id, flaw=f"{path} is not in the storage")
    try:
        info = probe(path, ffmpeg=ffmpeg)
    except MediaError as error:
        return Film(job=job.id, flaw=str(error))
    if info.frames != TOTAL_FRAMES:
        return Film(job=job.id, flaw=f"{path} has {info.frames} frames")
    return Film(job=job.id, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), receipt=_receipt(session, path))


def _receipt(session: Session, video: Path) -> str:
    """Return the hash on the receipt of the film that a video's manifest names."""
    try:
        manifest = json.loads(video.with_name(f"{video.stem}.manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    key = next((part["key"] for part in manifest["parts"] if part["kind"] == "film"), "")
    receipt = session.get(Receipt, key)
    return str(receipt.files["film"]["sha256"]) if receipt is not None and "film" in receipt.files else ""
