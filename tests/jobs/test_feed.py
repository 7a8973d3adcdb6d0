"""Progress that is replayed and followed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time

import pytest
from sqlalchemy import Engine, delete, event
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, told

from badapple import jobs
from badapple.config import Settings
from badapple.database import Event, Job
from badapple.errors import InputError, NotFoundError
from badapple.jobs.feed import Hub, Line, lines
from badapple.pipeline.bell import Bell


async def test_a_job_that_ended_is_replayed_from_any_place(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    hand.tell("job", "one", "two")
    hand.end("job", "completed")
    for after, expected in ((0, ["1 one", "2 two", "3 completed"]), (2, ["3 completed"]), (3, []), (99, [])):
        began = time.monotonic()
        assert await told(jobs.follow(engine, "job", after=after, poll=5)) == expected
        assert time.monotonic() - began < 2
    assert not Hub._all


async def test_a_running_job_is_followed_to_its_end(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    hand.tell("job", "one")
    follower = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=0.05)))
    await asyncio.sleep(0.1)
    hand.tell("job", "two", "three")
    await asyncio.sleep(0.1)
    assert not follower.done()
    hand.end("job", "failed")
    assert await follower == ["1 one", "2 two", "3 three", "4 failed"]


async def test_a_job_that_was_retried_is_followed_into_its_next_attempt(
    engine: Engine, hand: Hand, settings: Settings
) -> None:
    hand.job("job")
    hand.tell("job", "one")
    hand.end("job", "failed")
    jobs.retry("job", settings)
    follower = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=0.05)))
    await asyncio.sleep(0.2)
    hand.tell("job", "again")
    hand.end("job", "completed")
    assert await follower == ["1 one", "2 failed", "3 again", "4 completed"]


async def test_an_end_that_was_never_told_is_not_waited_for(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    hand.tell("job", "one")
    hand.change("job", status="failed")
    assert await told(jobs.follow(engine, "job", poll=0.1)) == ["1 one"]


async def test_a_job_that_is_none_or_was_purged(engine: Engine, hand: Hand) -> None:
    with pytest.raises(InputError, match="there is no job"):
        await told(jobs.follow(engine, "job"))
    hand.job("job")
    hand.tell("job", "one")
    feed = jobs.follow(engine, "job", poll=0.05)
    assert await told(feed, most=1) == ["1 one"]
    with Session(engine) as session, session.begin():
        session.execute(delete(Event))
        session.execute(delete(Job))
    with pytest.raises(InputError, match="there is no job"):
        await told(feed)
    assert not Hub._all


async def test_a_doorbell_shortens_the_wait_and_no_more(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    bell = jobs.LocalDoorbell()
    follower = asyncio.ensure_future(told(jobs.follow(engine, "job", bell=bell, poll=10)))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    hand.end("job", "completed")
    bell.ring()
    assert await follower == ["1 completed"]
    assert time.monotonic() - began < 1


async def test_many_followers_share_one_question(engine: Engine, hand: Hand) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *words: asked.append(words[2]))
    ids = [hand.job(f"job {number}") for number in range(20)]
    followers = [asyncio.ensure_future(told(jobs.follow(engine, job_id, poll=0.1))) for job_id in ids * 5]
    await asyncio.sleep(0.5)
    asked.clear()
    before = Hub.of(engine).looks
    await asyncio.sleep(1.0)
    looks = Hub.of(engine).looks - before
    assert 5 <= looks <= 12
    assert len([words for words in asked if words.startswith("SELECT")]) <= looks + 1
    for job_id in ids:
        hand.tell(job_id, "one")
        hand.end(job_id, "completed")
    assert await asyncio.gather(*followers) == [["1 one", "2 completed"]] * 100


async def test_several_jobs_are_followed_at_once_each_from_its_place(engine: Engine, hand: Hand) -> None:
    for name in ("a", "b", "c"):
        hand.job(name)
        hand.tell(name, "one", "two")
    hand.end("c", "failed")

    async def follow() -> list[str]:
        found = []
        async for some in lines(engine, {"a": 1, "b": 2, "c": 0}, poll=0.05):
            found += [f"{line.job_id}{line.seq}" for line in some]
        return found

    follower = asyncio.ensure_future(follow())
    await asyncio.sleep(0.3)
    hand.end("b", "completed")
    await asyncio.sleep(0.3)
    assert not follower.done()
    hand.end("a", "completed")
    found = await follower
    assert found[:4] == ["a2", "c1", "c2", "c3"]
    assert found[4:] == ["b3", "a3"]
    assert not Hub._all


async def test_a_job_of_somebody_else_is_none(engine: Engine, hand: Hand) -> None:
    hand.job("mine", owner="ada")
    hand.job("theirs", owner="bob")
    for wanted in ({"theirs": 0}, {"mine": 0, "theirs": 0}, {"mine": 0, "nobodys": 0}):
        with pytest.raises(NotFoundError, match=r"there is no job '(theirs|nobodys)'"):
            async for _ in lines(engine, wanted, owner="ada"):
                raise AssertionError("nothing was told of any")


async def test_all_who_follow_a_job_share_its_lines(engine: Engine, hand: Hand) -> None:
    """An event is turned into JSON once; the past is read once for those who come together."""
    hand.job("job")
    hand.tell("job", *map(str, range(200)))
    read: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *words: read.append(words[2]))

    async def follow() -> list[Line]:
        found: list[Line] = []
        async for some in lines(engine, {"job": 0}, poll=0.05):
            assert 0 < len(some) <= 64
            found += some
        return found

    followers = [asyncio.ensure_future(follow()) for _ in range(50)]
    await asyncio.sleep(0.5)
    hand.tell("job", "more")
    await asyncio.sleep(0.3)
    hand.end("job", "completed")
    first, *others = await asyncio.gather(*followers)
    assert [line.seq for line in first] == list(range(1, 203))
    for other in others:
        assert all(one is another for one, another in zip(first, other, strict=True))
    assert json.loads(first[0].text) == first[0].event.to_message()
    assert len([words for words in read if "FROM events" in words and "LIMIT" in words]) <= 6


async def test_whoever_joins_is_told_what_is_now_and_not_what_was(
    engine: Engine, hand: Hand, settings: Settings
) -> None:
    """A look that began before somebody came says nothing of what they just did."""
    hand.job("job")
    hand.tell("job", "one")
    hand.change("job", status="failed")  # its end was never told, so whoever follows waits a moment for it
    early = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=10)))
    await asyncio.sleep(0.3)
    jobs.retry("job", settings)
    late = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=10)))
    await asyncio.sleep(2.5)
    assert not late.done()
    hand.end("job", "completed")
    bell = jobs.LocalDoorbell()
    third = asyncio.ensure_future(told(jobs.follow(engine, "job", bell=bell, poll=10)))
    assert (await third)[-1] == "2 completed"
    assert await early == await late == ["1 one", "2 completed"]


async def test_a_doorbell_of_this_process_stands_where_redis_may(engine: Engine, hand: Hand) -> None:
    bell = jobs.LocalDoorbell()
    publisher = Bell(bell)
    hand.job("job")
    follower = asyncio.ensure_future(told(jobs.follow(engine, "job", bell=bell, poll=10)))
    await asyncio.sleep(0.3)
    hand.end("job", "completed")
    publisher.ring("job", "{}")
    assert await follower == ["1 completed"]
    publisher.close()


@pytest.mark.usefixtures("database_url")
async def test_nothing_is_lost_or_told_twice_while_a_writer_is_quick(engine: Engine, hand: Hand) -> None:
    """Followers come and go at any moment, each from where it was."""
    ids = [hand.job(f"job {number}") for number in range(3)]
    dice = random.Random(5)

    def write() -> None:
        for number in range(150):
            hand.tell(ids[number % 3], f"step {number // 3}")
        for job_id in ids:
            hand.end(job_id, "completed")

    async def come_and_go(job_id: str) -> list[int]:
        seen: list[int] = []
        while True:
            feed = jobs.follow(engine, job_id, after=seen[-1] if seen else 0, poll=0.03)
            left, ended = dice.randint(1, 12), True
            async with contextlib.aclosing(feed):
                async for one in feed:
                    seen.append(one.seq)
                    left -= 1
                    if not left:
                        ended = False
                        break
            if ended:
                return seen

    writer = threading.Thread(target=write)
    writer.start()
    async with asyncio.timeout(40):
        found = await asyncio.gather(*(come_and_go(job_id) for job_id in ids * 2))
    writer.join()
    assert found == [list(range(1, 52))] * 6
    assert not Hub._all


async def test_more_events_than_a_page(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    with Session(engine) as session, session.begin():
        for seq in range(1, 1301):
            session.add(Event(job_id="job", seq=seq, stage="video_gen", progress=1, message="x", timestamp=""))
    hand.change("job", seq=1300)
    hand.end("job", "completed")
    assert len(await told(jobs.follow(engine, "job"))) == 1301


async def test_a_database_that_is_away_is_waited_for(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    hand.tell("job", "one")
    follower = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=0.05)))
    await asyncio.sleep(0.2)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO away")
    await asyncio.sleep(0.3)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO jobs")
    hand.end("job", "completed")
    assert await follower == ["1 one", "2 completed"]


async def test_whoever_comes_late_gets_what_the_others_had_before(engine: Engine, hand: Hand) -> None:
    hand.job("job")
    hand.tell("job", "one", "two")
    early = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=0.05)))
    await asyncio.sleep(0.3)
    hand.tell("job", "three")
    await asyncio.sleep(0.3)
    late = asyncio.ensure_future(told(jobs.follow(engine, "job", poll=0.05)))
    await asyncio.sleep(0.2)
    hand.end("job", "completed")
    assert await early == await late == ["1 one", "2 two", "3 three", "4 completed"]
