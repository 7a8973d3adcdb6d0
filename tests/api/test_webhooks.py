"""Webhooks over HTTP: made, looked at, sent, and only by their owner; and what Replicate sends in."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Standard
from tests.api.porter import Porter, application, bearer
from tests.jobs.conftest import Hand
from tests.jobs.receivers import Receiver, receiving

from badapple.access.signing import signer_of
from badapple.api.deps import House
from badapple.api.routes.files import router as files
from badapple.api.routes.vendors import router as vendors
from badapple.api.routes.webhooks import delivering, router
from badapple.config import Settings, read_settings
from badapple.config.doors import Doors
from badapple.database import Delivery, open_database
from badapple.jobs import LocalDoorbell, deliveries
from badapple.providers.replicate.ringing import doorbells
from badapple.testing.simulators import Fault, Simulators
from badapple.testing.simulators.webhooks import sign

URL = "/api/v1/webhooks"
HOOK = {"url": "https://hooks.example.com/badapple"}


@dataclass
class Door:
    """An application, who calls it, and the hand that writes what it tells."""

    http: httpx.AsyncClient
    hand: Hand
    bell: LocalDoorbell

    async def ask(self, method: str, path: str, owner: str = "ada", **words: Any) -> httpx.Response:
        return await self.http.request(method, path, headers={**bearer(owner), **words.pop("headers", {})}, **words)

    async def make(self, **fields: Any) -> dict[str, Any]:
        made = await self.ask("POST", URL, json={**HOOK, **fields})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Door]:
    engine, bell = open_database(settings.database_url), LocalDoorbell()
    house = House(settings=settings, engine=engine, gate=Porter(), bell=bell, signer=signer_of(settings))
    app = application(house, router, vendors, files)
    transport = httpx.ASGITransport(app)
    async with delivering(app), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Door(http, Hand(engine), bell)
    engine.dispose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def door(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Door]:
    settings = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path)})
    async with opened(replace(settings, doors=Doors(private_hosts=(f"127.0.0.1:{receiver.port}",)))) as made:
        yield made


async def test_a_webhook_is_made_looked_at_changed_and_removed(door: Door) -> None:
    made = await door.make(events=["job.failed"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    place = f"{URL}/{made['id']}"
    seen = await door.ask("GET", place)
    assert (seen.json(), (await door.ask("GET", URL)).json()) == (made, {"items": [made]})
    assert secret not in seen.text
    changed = await door.ask("PATCH", place, json={"enabled": False, "events": []})
    assert (changed.json()["enabled"], changed.json()["events"]) == (False, [])
    assert (await door.ask("POST", f"{place}/test")).status_code == 409
    assert (await door.ask("DELETE", place)).status_code == 204
    assert (await door.ask("GET", place)).status_code == 404


async def test_a_new_webhook_says_where_it_is(door: Door) -> None:
    made = await door.ask("POST", URL, json=HOOK)
    assert made.headers["location"] == f"http://127.0.0.1{URL}/{made.json()['id']}"


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://hooks.example.com/"}, {"url": "https://169.254.169.254/"}, {"url": "https://localhost/"}, {},
        {"url": "x" * 2001}, {**HOOK, "events": ["job.exploded"]}, {**HOOK, "secret": "whsec_mine"}, {"url": 7},
    ],
)  # fmt: skip
async def test_what_cannot_be_told_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert (await door.ask("POST", URL, json=body)).status_code == 422
    assert (await door.ask("GET", URL)).json() == {"items": []}


async def test_nobody_reaches_another_s_webhook(door: Door) -> None:
    made = await door.make()
    sent = (await door.ask("POST", f"{URL}/{made['id']}/test")).json()
    place = f"{URL}/{made['id']}"
    for method, path, body in (
        ("GET", place, None), ("PATCH", place, {"enabled": False}), ("DELETE", place, None),
        ("POST", f"{place}/rotate", None), ("POST", f"{place}/test", None), ("GET", f"{place}/deliveries", None),
        ("POST", f"{place}/deliveries/{sent['id']}/resend", None),
    ):  # fmt: skip
        assert (await door.ask(method, path, "eve", json=body)).status_code == 404
        assert (await door.http.request(method, path, json=body)).status_code == 401
    assert (await door.ask("GET", URL, "eve")).json() == {"items": []}


async def test_the_end_of_a_job_comes_and_is_logged(door: Door, receiver: Receiver) -> None:
    made = await door.make(url=receiver.url())
    door.hand.job("job", owner="ada")
    door.hand.end("job", "completed")
    door.bell.ring()
    (message,) = await receiver.wait(1)
    assert Standard(made["secret"]).verify(message.body, message.headers)["data"]["job_id"] == "job"
    rotated = (await door.ask("POST", f"{URL}/{made['id']}/rotate")).json()["secret"]
    assert rotated != made["secret"]
    assert (await door.ask("POST", f"{URL}/{made['id']}/test")).status_code == 202
    message = (await receiver.wait(2))[1]
    for secret in (made["secret"], rotated):
        assert Standard(secret).verify(message.body, message.headers)["type"] == "webhook.test"
    page = (await door.ask("GET", f"{URL}/{made['id']}/deliveries?limit=1")).json()
    rest = await door.ask("GET", f"{URL}/{made['id']}/deliveries?limit=1&cursor={page['next_cursor']}")
    kinds = [page["items"][0]["type"], rest.json()["items"][0]["type"]]
    assert (kinds, rest.json()["next_cursor"]) == (["webhook.test", "job.completed"], None)
    again = await door.ask("POST", f"{URL}/{made['id']}/deliveries/{rest.json()['items'][0]['id']}/resend")
    assert again.status_code == 202
    assert (await receiver.wait(3))[2].id == receiver.got[0].id


async def test_a_cursor_is_of_one_list(door: Door) -> None:
    made = await door.make()
    for _ in range(2):
        await door.ask("POST", f"{URL}/{made['id']}/test")
    place = f"{URL}/{made['id']}/deliveries"
    cursor = (await door.ask("GET", f"{place}?limit=1")).json()["next_cursor"]
    for query in (f"state=failed&cursor={cursor}", f"cursor={cursor}x", "cursor=%C2%A4_%04"):
        refused = await door.ask("GET", f"{place}?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


async def test_the_link_to_the_video_is_the_one_that_links_are(tmp_path: Path) -> None:
    settings = replace(read_settings({"BADAPPLE_DATA_DIR": str(tmp_path)}), doors=Doors(public_url="https://ads.test"))
    async with opened(settings) as door:
        await door.make()
        door.hand.job("job", owner="ada", video_url="file:///a.mp4")
        door.hand.end("job", "completed")
        made = await door.ask("POST", "/api/v1/jobs/job/links", json={"file": "video"})
        signer, engine = signer_of(settings), door.hand.engine
        deliveries.announce(engine, "job", public_url="https://ads.test", signer=signer)
        with Session(engine) as session:
            told = session.scalars(select(Delivery.payload)).one()["data"]["video_url"]
        ours, theirs = (url.removeprefix("https://ads.test/api/v1/files/") for url in (told, made.json()["url"]))
        assert signer.read("file", ours) == signer.read("file", theirs)


VENDOR = "/api/v1/vendors/replicate/webhook"
BODY = json.dumps({"id": "abc", "status": "succeeded"}).encode()


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


@pytest.fixture
async def vendor(sims: Simulators, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(read_settings({"BADAPPLE_DATA_DIR": str(tmp_path), **sims.environment()})) as made:
        yield made
    doorbells.cache_clear()


def _signed(name: str = "msg_1", body: bytes = BODY, *, late: int = 0) -> dict[str, str]:
    return sign(body, name=name, when=int(time.time()) - late)


async def test_a_webhook_of_replicate_wakes_who_waits(vendor: Door, sims: Simulators) -> None:
    for _ in range(2):  # it may come twice
        assert (await vendor.http.post(VENDOR, content=BODY, headers=_signed())).status_code == 204
    assert await doorbells(None).wait("abc", 0.01)
    assert not await doorbells(None).wait("abc", 0.01)
    await vendor.http.post(VENDOR, content=BODY, headers=_signed("msg_2"))
    assert await doorbells(None).wait("abc", 0.01)
    assert [one.route for one in sims.requests] == ["secret"]  # asked for once


@pytest.mark.parametrize(
    ("facts", "changes"),
    [
        ({}, {"webhook-signature": "v1,AAAA"}), ({}, {"webhook-signature": ""}), ({}, {"webhook-id": "other"}),
        ({}, {"webhook-timestamp": "soon"}), ({"late": 320}, {}), ({"late": -320}, {}), ({"body": b"{}"}, {}),
    ],
)  # fmt: skip
async def test_what_replicate_did_not_sign_is_not_believed(
    vendor: Door, facts: dict[str, Any], changes: dict[str, str]
) -> None:
    refused = await vendor.http.post(VENDOR, content=BODY, headers=_signed(**facts) | changes)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert not await doorbells(None).wait("abc", 0.01)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 7}', b'{"id": "' + b"x" * 200 + b'"}', b"[" * 5000])
async def test_a_signed_webhook_that_names_nothing_does_no_harm(vendor: Door, body: bytes) -> None:
    assert (await vendor.http.post(VENDOR, content=body, headers=_signed(body=body))).status_code == 204


async def test_strangers_do_not_make_us_ask_again_and_again(vendor: Door, sims: Simulators) -> None:
    sims.set_faults([Fault(route="secret", status=500)])
    for _ in range(3):
        refused = await vendor.http.post(VENDOR, content=BODY, headers={"webhook-signature": "v1,AAAA"})
        assert refused.status_code == 502
    assert len(sims.requests) == 1


async def test_without_replicate_there_is_no_such_door(door: Door) -> None:
    assert (await door.http.post(VENDOR, content=BODY, headers=_signed())).status_code == 404
