"""Whoever wants to be told is told of every end of a job: signed, once, and again until it is taken."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import textwrap
import time
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Standard
from tests.jobs.receivers import Receiver, receiving

from badapple.access.signing import signer_of
from badapple.config.doors import Doors
from badapple.database import Delivery, Webhook
from badapple.database.tables import now
from badapple.errors import ConflictError, NotFoundError
from badapple.jobs import LocalDoorbell, deliveries, links, purge, webhooks
from badapple.jobs.posting import Deliverer, Measure
from badapple.jobs.postponing import PAUSES
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Engine
    from tests.jobs.conftest import Hand

    from badapple.config import Settings

QUICK = Measure(poll=0.05, pauses=(0.05, 0.05, 0.05))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


def _doors(settings: Settings, *receivers: Receiver, **doors: Any) -> Settings:
    named = tuple(f"127.0.0.1:{one.port}" for one in receivers)
    return replace(settings, doors=Doors(private_hosts=named, **doors))


def _hook(settings: Settings, receiver: Receiver, path: str = "/hook", *, owner: str = "local", **facts: Any) -> str:
    view, _ = webhooks.create(settings, receiver.url(path), owner=owner, **facts)
    return view.id


async def _state(settings: Settings, webhook_id: str, state: str, *, job_id: str | None = None) -> Any:
    """Return the newest delivery to a webhook once it has a state."""
    async with asyncio.timeout(10.0):
        while True:
            found = deliveries.listing(webhook_id, settings, owner=None)
            if found and found[0].state == state and found[0].job_id == (job_id or found[0].job_id):
                return found[0]
            await asyncio.sleep(0.02)


async def test_the_end_of_a_job_is_told_signed_and_once(
    database_url: str, settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    settings = _doors(settings, receiver, public_url="https://ads.example.com")
    view, secret = webhooks.create(settings, receiver.url(), owner="local")
    async with Deliverer(settings, engine, measure=QUICK).running():
        hand.job("a/b", group_id="spring", video_url="file:///videos/a.mp4")
        hand.tell("a/b", "one", "two")
        hand.end("a/b", "completed")
        (message,) = await receiver.wait(1)
        done = await _state(settings, view.id, "delivered")
        await asyncio.sleep(0.3)
    assert Standard(secret).verify(message.body, message.headers) == message.payload
    assert message.headers["content-type"] == "application/json"
    payload = message.payload
    assert (payload["type"], payload["timestamp"]) == ("job.completed", "2026")
    data = payload["data"]
    assert (data["job_id"], data["status"], data["group_id"], data["progress"]) == ("a/b", "completed", "spring", 10)
    assert data["status_url"] == "https://ads.example.com/api/v1/jobs/a%2Fb"
    place, _, token = data["video_url"].rpartition("/")
    assert place == "https://ads.example.com/api/v1/files"
    job, file = links.open_file(signer_of(settings), token, settings)
    assert (job.id, job.owner, file) == ("a/b", "local", "video")
    assert b"local" not in b64decode(f"{token.partition('.')[0]}===", altchars=b"-_")
    assert "file:///" not in message.body.decode()  # where it lies on the server is nobody's business
    assert (message.id, len(receiver.got)) == (done.id, 1)
    assert [one["status"] for one in done.log] == [204]


def test_being_told_of_changes_nothing_that_anybody_sees(settings: Settings, engine: Engine, hand: Hand) -> None:
    webhooks.create(settings, "https://hooks.example.com/", owner="local")
    hand.job("job")
    hand.end("job", "completed")
    before = hand.row("job")
    assert deliveries.unannounced(engine) == ["job"]
    assert [deliveries.announce(engine, "job") for _ in range(3)] == [1, 0, 0]
    after = hand.row("job")
    assert (after.announced, after.seq, after.updated_at) == (1, before.seq, before.updated_at)
    assert deliveries.unannounced(engine) == deliveries.unannounced(engine, everything=True) == []


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_every_end_has_a_name(
    settings: Settings, engine: Engine, hand: Hand, receiver: Receiver, status: str
) -> None:
    settings = _doors(settings, receiver)
    _hook(settings, receiver)
    async with Deliverer(settings, engine, measure=QUICK).running():
        hand.job("job", failure={"retryable": True, "hint": "x"}, error_message="it broke")
        hand.end("job", status)
        (message,) = await receiver.wait(1)
    assert (message.payload["type"], message.payload["data"]["status"]) == (f"job.{status}", status)
    assert ("retryable" in message.payload["data"]) is (status == "failed")
    assert "video_url" not in message.payload["data"]


async def test_a_job_that_waits_for_approval_is_told_of_once(
    settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    settings = _doors(settings, receiver)
    _hook(settings, receiver)
    async with Deliverer(settings, engine, measure=QUICK).running():
        hand.job("job", "pending", awaiting="approval")
        hand.tell("job", "read the script", stage="script_gen")
        await receiver.wait(1)
        hand.tell("job", "the script was changed", stage="script_gen")
        await asyncio.sleep(0.4)
        hand.change("job", awaiting=None, status="processing")
        hand.end("job", "completed")
        await receiver.wait(2)
    assert [one.payload["type"] for one in receiver.got] == ["job.awaiting_approval", "job.completed"]


async def test_only_what_was_asked_for_and_only_one_s_own_is_told(
    settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    settings = _doors(settings, receiver)
    _hook(settings, receiver, "/mine", owner="me", events=("job.failed",))
    _hook(settings, receiver, "/yours", owner="you")
    async with Deliverer(settings, engine, measure=QUICK).running():
        for name, owner, status in (("a", "me", "completed"), ("b", "me", "failed"), ("c", "you", "completed")):
            hand.job(name, owner=owner)
            hand.end(name, status)
        await receiver.wait(2)
        await asyncio.sleep(0.3)
    told = {one.path: one.payload["data"]["job_id"] for one in receiver.got}
    assert (told, len(receiver.got)) == ({"/mine": "b", "/yours": "c"}, 2)


async def test_nothing_of_the_past_is_told(settings: Settings, engine: Engine, hand: Hand, receiver: Receiver) -> None:
    settings = _doors(settings, receiver)
    hand.job("before")
    hand.end("before", "completed")
    hand.job("under way")
    hand.tell("under way", "one")
    hook = _hook(settings, receiver)
    async with Deliverer(settings, engine, measure=QUICK).running():
        hand.end("under way", "completed")
        await receiver.wait(1)
        webhooks.change(hook, settings, owner=None, enabled=False)
        hand.job("while off")
        hand.end("while off", "completed")
        await asyncio.sleep(0.2)
        webhooks.change(hook, settings, owner=None, enabled=True)
        hand.job("after")
        hand.end("after", "completed")
        await receiver.wait(2)
        await asyncio.sleep(0.2)
    assert [one.payload["data"]["job_id"] for one in receiver.got] == ["under way", "after"]


async def test_an_end_is_told_although_the_job_was_tried_again_before_anybody_looked(
    database_url: str, settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    settings = _doors(settings, receiver)
    _hook(settings, receiver)
    hand.job("job")
    hand.end("job", "failed")
    hand.change("job", status="processing", ended_at=None, attempt=2)
    hand.tell("job", "once more")
    async with Deliverer(settings, engine, measure=QUICK).running():
        await receiver.wait(1)
        hand.end("job", "completed")
        await receiver.wait(2)
    assert [one.payload["type"] for one in receiver.got] == ["job.failed", "job.completed"]


async def test_a_bell_makes_it_quick(settings: Settings, engine: Engine, hand: Hand, receiver: Receiver) -> None:
    settings, bell = _doors(settings, receiver), LocalDoorbell()
    _hook(settings, receiver)
    async with Deliverer(settings, engine, bell=bell, measure=replace(QUICK, poll=30.0)).running():
        await asyncio.sleep(0.3)
        hand.job("job")
        hand.end("job", "completed")
        bell.ring()
        await receiver.wait(1, seconds=5)


async def test_what_is_not_taken_is_sent_again_under_the_same_id(
    database_url: str, settings: Settings, engine: Engine, hand: Hand
) -> None:
    async with receiving(answers=["500 Oh", "302 There", "200 OK"], reply=b"not now, " * 100) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        async with Deliverer(settings, engine, measure=QUICK).running():
            hand.job("job")
            hand.end("job", "completed")
            done = await _state(settings, hook, "delivered")
    assert [one["status"] for one in done.log] == [500, 302, 200]
    assert done.log[0]["reply"] == ("not now, " * 100)[:200]
    assert "500" in done.log[0]["error"]
    assert {one.id for one in receiver.got} == {done.id}
    assert len({one.body for one in receiver.got}) == 1


async def test_it_is_given_up_in_the_end_and_sent_again_on_request(
    settings: Settings, engine: Engine, hand: Hand
) -> None:
    async with receiving(answers=["503 Busy"] * 4 + ["200 OK"]) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        async with Deliverer(settings, engine, measure=QUICK).running() as deliverer:
            hand.job("job")
            hand.end("job", "completed")
            failed = await _state(settings, hook, "failed")
            assert (failed.attempts, failed.next_at, failed.ended_at is not None) == (4, None, True)
            deliveries.resend(hook, failed.id, settings, owner=None)
            deliverer.wake()
            done = await _state(settings, hook, "delivered")
    assert (done.id, len(done.log)) == (failed.id, 5)


async def test_nobody_there_is_tried_again(settings: Settings, engine: Engine, hand: Hand) -> None:
    settings = replace(settings, doors=Doors(private_hosts=("127.0.0.1",)))
    hook = webhooks.create(settings, "http://127.0.0.1:1/hook", owner="local")[0].id
    async with Deliverer(settings, engine, measure=QUICK).running():
        hand.job("job")
        hand.end("job", "completed")
        failed = await _state(settings, hook, "failed")
    assert {one["status"] for one in failed.log} == {None}
    assert all("cannot be reached" in one["error"] for one in failed.log)


def test_the_pauses_are_those_that_are_documented() -> None:
    assert [round(pause) for pause in PAUSES] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


@pytest.mark.parametrize(("headers", "wanted"), [("", (3, 7)), ("Retry-After: 100\r\n", (90, 101))])
async def test_a_receiver_says_when_to_come_again(
    settings: Settings, engine: Engine, hand: Hand, headers: str, wanted: tuple[float, float]
) -> None:
    async with receiving(answers=["429 Slow"], headers=headers) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        async with Deliverer(settings, engine, measure=replace(QUICK, pauses=PAUSES)).running():
            hand.job("job")
            hand.end("job", "completed")
            async with asyncio.timeout(5):
                while not (found := deliveries.listing(hook, settings, owner=None)) or not found[0].log:
                    await asyncio.sleep(0.02)
    assert found[0].next_at is not None
    assert wanted[0] < (found[0].next_at - now()).total_seconds() < wanted[1]


async def test_who_is_gone_is_told_nothing_more(settings: Settings, engine: Engine, hand: Hand) -> None:
    async with receiving(answers=["410 Gone"]) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        async with Deliverer(settings, engine, measure=QUICK).running():
            hand.job("job")
            hand.end("job", "completed")
            failed = await _state(settings, hook, "failed")
            hand.job("another")
            hand.end("another", "completed")
            await asyncio.sleep(0.3)
        view = webhooks.get(hook, settings, owner=None)
        assert (view.enabled, "410" in (view.disabled_because or "")) == (False, True)
        assert len(receiver.got) == 1
        with pytest.raises(ConflictError):
            deliveries.resend(hook, failed.id, settings, owner=None)


@pytest.mark.parametrize(("taken", "changed"), [(True, False), (False, False), (False, True)])
async def test_five_days_of_failures_switch_it_off(
    settings: Settings,
    engine: Engine,
    hand: Hand,
    taken: bool,  # noqa: FBT001
    changed: bool,  # noqa: FBT001
) -> None:
    async with receiving(answers=["500 Oh"]) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        old = now() - timedelta(days=6)
        with Session(engine) as session, session.begin():
            if not changed:
                session.execute(update(Webhook).values(updated_at=old))
            for name, state, moment in (("a", "failed", old), ("b", "delivered" if taken else "failed", old)):
                session.add(
                    Delivery(
                        id=name, webhook_id=hook, owner="local", job_id=name, seq=1, type="job.completed", payload={},
                        state=state, attempts=10, created_at=moment,
                        ended_at=now() - timedelta(days=1 if state == "delivered" else 3),
                    )
                )  # fmt: skip
        async with Deliverer(settings, engine, measure=QUICK).running():
            hand.job("job")
            hand.end("job", "completed")
            await _state(settings, hook, "failed", job_id="job")
        assert webhooks.get(hook, settings, owner=None).enabled is (taken or changed)


async def test_a_name_that_leads_into_our_network_is_not_gone_to(
    settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    view, _ = webhooks.create(settings, "https://hooks.example.com:8443/", owner="local")
    async with Deliverer(settings, engine, measure=QUICK, lookup=here).running():
        hand.job("job")
        hand.end("job", "completed")
        failed = await _state(settings, view.id, "failed")
    assert all("not public" in one["error"] for one in failed.log)


async def test_a_slow_receiver_does_not_hold_the_others(
    settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    async with receiving(hold=20.0) as slow:
        settings = _doors(settings, receiver, slow)
        settings = replace(settings, doors=replace(settings.doors, private_hosts=("slow.test", "127.0.0.1")))

        async def here(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        webhooks.create(settings, slow.url(host="slow.test"), owner="local")
        _hook(settings, receiver)
        for number in range(20):
            hand.job(f"job {number}")
            hand.end(f"job {number}", "completed")
        began = time.monotonic()
        async with Deliverer(settings, engine, measure=QUICK, lookup=here).running():
            await receiver.wait(20)
            took = time.monotonic() - began
        assert took < 10
        assert 0 < slow.connections <= QUICK.per_host


async def test_it_rests_where_nobody_wants_to_be_told_any_more(
    settings: Settings, engine: Engine, receiver: Receiver
) -> None:
    settings, looks = _doors(settings, receiver), 0
    hook = _hook(settings, receiver)
    async with Deliverer(settings, engine, measure=replace(QUICK, poll=60.0)).running() as deliverer:
        deliveries.test(hook, settings, owner="local")
        deliverer.wake()
        await receiver.wait(1)
        webhooks.delete(hook, settings, owner="local")
        await asyncio.sleep(0.5)

        def look(*_: object) -> None:
            nonlocal looks
            looks += 1

        event.listen(engine, "before_cursor_execute", look)
        await asyncio.sleep(1.5)
        event.remove(engine, "before_cursor_execute", look)
    assert looks <= 1


async def test_two_processes_share_the_work_and_send_each_message_once(
    database_url: str, settings: Settings, engine: Engine, hand: Hand, receiver: Receiver
) -> None:
    settings = _doors(settings, receiver)
    _hook(settings, receiver)
    for number in range(40):
        hand.job(f"job {number}")
        hand.end(f"job {number}", "completed")
    one, two = (Deliverer(settings, engine, measure=QUICK) for _ in range(2))
    async with one.running(), two.running():
        await receiver.wait(40, seconds=30)
        await asyncio.sleep(0.3)
    assert Counter(message.payload["data"]["job_id"] for message in receiver.got).most_common(1)[0][1] == 1
    assert len(receiver.got) == 40


async def test_what_is_under_way_when_it_stops_is_free_for_the_next(
    settings: Settings, engine: Engine, hand: Hand
) -> None:
    async with receiving(hold=30.0) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        hand.job("job")
        hand.end("job", "completed")
        async with Deliverer(settings, engine, measure=QUICK).running():
            await receiver.wait(1)
        (left,) = deliveries.listing(hook, settings, owner=None)
        assert (left.state, left.attempts) == ("pending", 0)
        receiver.hold = 0.0
        async with Deliverer(settings, engine, measure=QUICK).running():
            await _state(settings, hook, "delivered")
    assert len(receiver.got) == 2


_CHILD = """
    import asyncio, sys
    from dataclasses import replace
    from pathlib import Path
    from badapple.config import read_settings
    from badapple.config.doors import Doors
    from badapple.database import open_database
    from badapple.jobs.posting import Deliverer, Measure

    folder, url, port = sys.argv[1:]
    settings = read_settings({"BADAPPLE_DATA_DIR": folder, "BADAPPLE_DATABASE_URL": url,
        "BADAPPLE_PRIVATE_HOSTS": f"127.0.0.1:{port}"})

    async def main():
        measure = Measure(poll=0.05, pauses=(0.05,), lease=1.0)
        async with Deliverer(settings, open_database(url), measure=measure).running():
            await asyncio.sleep(60)

    asyncio.run(main())
"""


async def test_a_process_that_is_killed_while_it_sends_loses_nothing(
    database_url: str, settings: Settings, engine: Engine, hand: Hand
) -> None:
    async with receiving(hold=0.2) as receiver:
        settings = _doors(settings, receiver)
        hook = _hook(settings, receiver)
        for number in range(12):
            hand.job(f"job {number}")
            hand.end(f"job {number}", "completed")
        words = [
            sys.executable,
            "-c",
            textwrap.dedent(_CHILD),
            str(settings.data_dir),
            database_url,
            str(receiver.port),
        ]
        child = await asyncio.create_subprocess_exec(*words)
        try:
            await receiver.wait(3, seconds=30)  # one is under way
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
            await child.wait()
        async with Deliverer(settings, engine, measure=replace(QUICK, lease=1.0)).running():
            async with asyncio.timeout(20):
                while any(one.state != "delivered" for one in deliveries.listing(hook, settings, owner=None)):
                    await asyncio.sleep(0.05)
    told = {message.payload["data"]["job_id"]: message.id for message in receiver.got}
    assert len(told) == 12  # every one came
    assert len({message.id for message in receiver.got}) == 12  # what came twice has one id
    with Session(engine) as session:
        assert len(session.scalars(select(Delivery.id)).all()) == 12


async def test_a_test_message_says_that_it_is_one(settings: Settings, engine: Engine, receiver: Receiver) -> None:
    settings = _doors(settings, receiver)
    hook = _hook(settings, receiver, events=("job.failed",))
    async with Deliverer(settings, engine, measure=QUICK).running():
        for _ in range(2):
            deliveries.test(hook, settings, owner="local")
        await receiver.wait(2)
    assert {one.payload["type"] for one in receiver.got} == {"webhook.test"}
    assert len({one.id for one in receiver.got}) == 2


def test_nobody_sees_or_sends_another_s_deliveries(settings: Settings) -> None:
    hook = webhooks.create(settings, "https://hooks.example.com/", owner="me")[0].id
    sent = deliveries.test(hook, settings, owner="me")
    other = webhooks.create(settings, "https://hooks.example.com/", owner="you")[0].id
    for touch in (
        lambda: deliveries.listing(hook, settings, owner="you"),
        lambda: deliveries.test(hook, settings, owner="you"),
        lambda: deliveries.resend(hook, sent.id, settings, owner="you"),
        lambda: deliveries.resend(other, sent.id, settings, owner="you"),
    ):
        with pytest.raises(NotFoundError):
            touch()


def test_deliveries_come_page_by_page(settings: Settings) -> None:
    hook = webhooks.create(settings, "https://hooks.example.com/", owner="me")[0].id
    made = [deliveries.test(hook, settings, owner="me").id for _ in range(5)]
    seen: list[str] = []
    after = None
    while page := deliveries.listing(hook, settings, owner="me", limit=2, after=after):
        seen += [one.id for one in page]
        after = (page[-1].created_at, page[-1].id)
    assert sorted(seen) == sorted(made)
    assert deliveries.listing(hook, settings, owner="me", state="failed") == ()


async def test_what_is_sent_is_counted(settings: Settings, engine: Engine, hand: Hand) -> None:
    metrics.enable()
    try:
        async with receiving(answers=["500 Oh", "200 OK"]) as receiver:
            settings = _doors(settings, receiver)
            hook = _hook(settings, receiver)
            async with Deliverer(settings, engine, measure=QUICK).running():
                hand.job("job")
                hand.end("job", "completed")
                await _state(settings, hook, "delivered")
                async with asyncio.timeout(5):
                    while b"deliveries_waiting 0.0" not in metrics.exposition()[0]:
                        await asyncio.sleep(0.05)
        shown = metrics.exposition()[0].decode()
    finally:
        metrics.disable()
    for outcome, count in (("retried", 1), ("delivered", 1), ("failed", 0)):
        assert f'badapple_webhook_deliveries_total{{outcome="{outcome}"}} {count}.0' in shown
    assert "badapple_webhook_oldest_seconds" in shown


def test_what_is_forgotten_of_a_job_is_forgotten_here_too(settings: Settings, engine: Engine, hand: Hand) -> None:
    hook = webhooks.create(settings, "https://hooks.example.com/", owner="local")[0].id
    for name in ("gone", "kept"):
        hand.job(name)
        hand.end(name, "completed")
        assert deliveries.announce(engine, name) == 1
    purge(settings, job="gone")
    assert [one.job_id for one in deliveries.listing(hook, settings, owner=None)] == ["kept"]


def test_old_deliveries_are_forgotten(settings: Settings, engine: Engine) -> None:
    hook = webhooks.create(settings, "https://hooks.example.com/", owner="me")[0].id
    for days, state in ((31, "delivered"), (31, "pending"), (29, "failed")):
        sent = deliveries.test(hook, settings, owner="me")
        with Session(engine) as session, session.begin():
            ended = now() - timedelta(days=days)
            session.execute(update(Delivery).where(Delivery.id == sent.id).values(state=state, ended_at=ended))
    deliveries.forget(engine)
    assert sorted(one.state for one in deliveries.listing(hook, settings, owner="me")) == ["failed", "pending"]


def test_a_webhook_that_is_removed_takes_its_deliveries_along(settings: Settings, engine: Engine) -> None:
    hook = webhooks.create(settings, "https://hooks.example.com/", owner="me")[0].id
    deliveries.test(hook, settings, owner="me")
    webhooks.delete(hook, settings, owner="me")
    with Session(engine) as session:
        assert session.scalars(select(Delivery)).all() == []
        assert session.scalars(select(Webhook)).all() == []
