"""One key, one job: however often, however parallel, and wherever a process dies."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.database import Idempotency, Job, once
from badapple.database.tables import now
from badapple.errors import IdempotencyError, InputError, UnknownStyleError
from badapple.jobs import deleting, idempotency, queue, uploads
from badapple.jobs.idempotency import Answer, Claim, answered_once, fingerprint
from badapple.process import in_thread

Work = Callable[[Claim], Awaitable[Answer]]
ASKED = fingerprint({"name": "Watch"})


def answer(job_id: str) -> Answer:
    return Answer(status=202, body={"job_id": job_id}, headers={"Location": f"/jobs/{job_id}"})


@pytest.fixture
def work(settings: Settings, order: Order) -> Work:
    """Make a job as a route does."""

    async def make(claim: Claim) -> Answer:
        if not claim.made:
            await in_thread(jobs.submit, order(), settings, claim=claim)
        return answer(claim.job_id)

    return make


def made(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Job.id)))


@pytest.mark.usefixtures("database_url")
def test_a_thousand_parallel_posts_of_one_key_make_one_job(
    settings: Settings, engine: Engine, order: Order, work: Work
) -> None:
    queue.check(order(), settings)  # what loads late is loaded once
    seen: Counter[str] = Counter()
    begun = threading.Barrier(20)

    async def post() -> str:
        try:
            found = await answered_once(engine, "local", "key", ASKED, work)
        except IdempotencyError as error:
            return "mismatch" if error.mismatch else "busy"
        assert found.body["job_id"] in made(engine)
        return "replayed" if found.replayed else "made"

    async def fifty() -> list[str]:
        return await asyncio.gather(*(post() for _ in range(50)))

    def run() -> None:
        begun.wait()
        seen.update(asyncio.run(fifty()))

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.total() == 1000
    assert (seen["made"], seen["mismatch"]) == (1, 0)
    assert len(made(engine)) == 1
    assert asyncio.run(post()) == "replayed"


@pytest.mark.usefixtures("database_url")
async def test_an_answer_is_replayed_word_for_word_and_only_to_its_owner(engine: Engine, work: Work) -> None:
    first = await answered_once(engine, "ann", "key", ASKED, _other_owner(work))
    again = await answered_once(engine, "ann", "key", ASKED, work)
    assert (again.status, again.body, again.headers) == (first.status, first.body, first.headers)
    assert (first.replayed, again.replayed) == (False, True)
    with pytest.raises(IdempotencyError) as mismatch:
        await answered_once(engine, "ann", "key", fingerprint({"name": "Clock"}), work)
    assert mismatch.value.mismatch
    other = await answered_once(engine, "local", "key", ASKED, work)
    assert not other.replayed
    assert len(made(engine)) == 1


def _other_owner(_work: Work) -> Work:
    async def nothing(claim: Claim) -> Answer:
        return answer(claim.job_id)

    return nothing


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "tab\t", "é", "a\n"])
async def test_a_key_is_visible_ascii(engine: Engine, work: Work, key: str) -> None:
    with pytest.raises(InputError, match="key cannot be used"):
        await answered_once(engine, "local", key, ASKED, work)
    assert (await answered_once(engine, "local", "~" * 255, ASKED, work)).status == 202


@pytest.mark.usefixtures("database_url")
async def test_nothing_is_kept_of_a_request_that_was_refused(
    settings: Settings, order: Order, work: Work, photo: Path, hand: Hand
) -> None:
    engine = hand.engine

    async def refused(claim: Claim) -> Answer:
        await in_thread(jobs.submit, order(style="luxry"), settings, claim=claim)
        raise AssertionError

    with pytest.raises(UnknownStyleError):
        await answered_once(engine, "local", "key", ASKED, refused)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Idempotency)) == 0
    dead = await in_thread(idempotency._claim, engine, "local", "key", ASKED, 0.0)
    assert isinstance(dead, Claim)
    # The process took a photo in for the job, and died: that is no job yet.
    await in_thread(uploads.take, settings, "local", photo, upload_id=dead.job_id)
    heir = await in_thread(idempotency._claim, engine, "local", "key", ASKED, 0.0)
    assert isinstance(heir, Claim)
    assert (heir.job_id, heir.made) == (dead.job_id, False)
    await in_thread(once, engine, lambda session: idempotency._release(session, heir))
    better = await answered_once(engine, "local", "key", fingerprint({"style": "luxury"}), work)
    assert (better.replayed, made(engine)) == (False, [better.body["job_id"]])


@pytest.mark.usefixtures("database_url")
async def test_a_failure_after_the_job_was_made_makes_no_second_one(engine: Engine, work: Work) -> None:
    async def fails(claim: Claim) -> Answer:
        await work(claim)
        raise RuntimeError("the answer could not be written")

    with pytest.raises(RuntimeError):
        await answered_once(engine, "local", "key", ASKED, fails)
    (there,) = made(engine)
    found = await answered_once(engine, "local", "key", ASKED, work)
    assert (found.body, found.replayed) == ({"job_id": there}, False)
    assert made(engine) == [there]


@pytest.mark.usefixtures("database_url")
async def test_a_cancelled_request_frees_its_key(engine: Engine, work: Work) -> None:
    begun = asyncio.Event()

    async def stuck(_claim: Claim) -> Answer:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    task = asyncio.create_task(answered_once(engine, "local", "key", ASKED, stuck))
    await begun.wait()
    with pytest.raises(IdempotencyError):
        await answered_once(engine, "local", "key", ASKED, work)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (await answered_once(engine, "local", "key", ASKED, work)).replayed


@pytest.mark.usefixtures("database_url")
async def test_whoever_works_longer_than_the_lease_keeps_its_claim(engine: Engine, work: Work) -> None:
    async def slow(claim: Claim) -> Answer:
        await asyncio.sleep(2.5)
        return await work(claim)

    task = asyncio.create_task(answered_once(engine, "local", "key", ASKED, slow, lease=1.0))
    await asyncio.sleep(2.0)
    with pytest.raises(IdempotencyError):
        await answered_once(engine, "local", "key", ASKED, work, lease=1.0)
    assert (await task).body["job_id"] == made(engine)[0]


@pytest.mark.usefixtures("database_url")
def test_whoever_lost_its_claim_makes_no_job(settings: Settings, engine: Engine, order: Order) -> None:
    slow = idempotency._claim(engine, "local", "key", ASKED, 0.0)
    heir = idempotency._claim(engine, "local", "key", ASKED, 0.0)
    assert isinstance(slow, Claim)
    assert isinstance(heir, Claim)
    assert (slow.job_id, slow.made) == (heir.job_id, heir.made)
    with pytest.raises(IdempotencyError):
        jobs.submit(order(), settings, claim=slow)
    assert made(engine) == []
    assert jobs.submit(order(), settings, claim=heir) == heir.job_id
    late = idempotency._claim(engine, "local", "key", ASKED, 0.0)
    assert isinstance(late, Claim)
    assert late.made


_DIES = """
import asyncio, os, signal, sys
from badapple import jobs
from badapple.config import read_settings
from badapple.database import open_database
from badapple.jobs import JobOrder
from badapple.jobs.idempotency import answered_once

data, url, asked, when = sys.argv[1:]
settings = read_settings({"BADAPPLE_DATA_DIR": data, "BADAPPLE_DATABASE_URL": url})

async def work(claim):
    if when == "after":
        jobs.submit(JobOrder(product_name="Watch", style="minimal"), settings, claim=claim)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(answered_once(open_database(url), "local", "key", asked, work))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.usefixtures("database_url")
async def test_a_process_that_is_killed_leaves_one_job_at_most(
    settings: Settings, engine: Engine, work: Work, when: str, hand: Hand
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    died = await in_thread(
        subprocess.run, [sys.executable, "-c", _DIES, str(settings.data_dir), url, ASKED, when], check=False
    )
    assert died.returncode == -signal.SIGKILL
    before = made(engine)
    assert len(before) == (when == "after")
    with pytest.raises(IdempotencyError):
        await answered_once(engine, "local", "key", ASKED, work)
    found = await answered_once(engine, "local", "key", ASKED, work, lease=0.0)
    assert not found.replayed
    assert made(engine) == [found.body["job_id"]]
    assert made(engine)[: len(before)] == before
    assert (await answered_once(engine, "local", "key", ASKED, work)).replayed
    assert hand.row(found.body["job_id"]).status == "pending"


@pytest.mark.usefixtures("database_url")
async def test_answers_are_forgotten_after_a_week_and_with_their_job(
    settings: Settings, engine: Engine, work: Work, hand: Hand
) -> None:
    old = await answered_once(engine, "local", "old", ASKED, work)
    new = await answered_once(engine, "local", "new", ASKED, work)
    with Session(engine) as session, session.begin():
        past = update(Idempotency).where(Idempotency.key == "old").values(expires_at=now() - timedelta(seconds=1))
        session.execute(past)
    assert not (await answered_once(engine, "local", "old", fingerprint({"another": 1}), work)).replayed
    assert len(made(engine)) == 3
    with Session(engine) as session, session.begin():
        session.execute(past)
    assert (idempotency.sweep(engine), idempotency.sweep(engine)) == (1, 0)
    hand.end(new.body["job_id"], "failed")
    deleting.delete(new.body["job_id"], settings)
    with Session(engine) as session:
        assert session.scalars(select(Idempotency.key)).all() == []
    assert old.body["job_id"] in made(engine)


def test_a_fingerprint_tells_requests_apart(tmp_path: Path) -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert len(fingerprint({"path": tmp_path})) == 64


@pytest.mark.usefixtures("database_url")
def test_parallel_requests_that_are_refused_are_told_why_or_to_wait(engine: Engine) -> None:
    seen: Counter[str] = Counter()

    async def refuse(_: Claim) -> Answer:
        raise UnknownStyleError("luxry", ("luxury",))

    def run() -> None:
        for _ in range(30):
            try:
                asyncio.run(answered_once(engine, "ann", "key", ASKED, refuse))
            except Exception as error:  # noqa: BLE001 - whatever it is shall be seen
                seen[type(error).__name__] += 1

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.total() == 240
    assert set(seen) <= {"UnknownStyleError", "IdempotencyError"}
