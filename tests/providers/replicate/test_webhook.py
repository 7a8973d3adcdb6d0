"""A webhook is believed only if Replicate signed it, and even then it is only a hint."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from replicate.webhook import Webhooks, WebhookSigningSecret
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.providers.replicate.conftest import FLUX, Desk, ticket

from badapple.providers.replicate.shop import Pace
from badapple.providers.replicate.webhook import Doorbells, WebhookError, verify
from badapple.secrets import Secret
from badapple.testing.simulators import Fault

KEY = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
SECRET = Secret(KEY)
BODY = b'{"id": "abc", "status": "succeeded"}'
NOW = 1_795_000_000


def _signed(*, when: int = NOW, body: bytes = BODY, key: str = KEY, name: str = "msg_1") -> dict[str, str]:
    mac = hmac.new(base64.b64decode(key.removeprefix("whsec_")), f"{name}.{when}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(mac.digest()).decode()
    return {"Webhook-Id": name, "Webhook-Timestamp": str(when), "Webhook-Signature": signature}


def test_a_genuine_webhook_is_known_by_its_id() -> None:
    assert verify(_signed(), BODY, SECRET, now=NOW + 299) == "msg_1"


def test_any_of_several_signatures_will_do() -> None:
    headers = _signed()
    headers["Webhook-Signature"] = f"v1,AAAA v2,{'B' * 44} {headers['Webhook-Signature']}"
    assert verify(headers, BODY, SECRET, now=NOW) == "msg_1"


OTHER = "whsec_" + base64.b64encode(b"another secret, also 32 bytes ..").decode()
LIES: list[tuple[str, dict[str, Any]]] = [
    ("signature", {"body": BODY + b" "}),
    ("signature", {"headers": _signed(key=OTHER)}),
    ("signature", {"headers": {**_signed(), "Webhook-Id": "msg_2"}}),
    ("signature", {"headers": {**_signed(), "Webhook-Signature": "v1"}}),
    ("signature", {"headers": {**_signed(), "Webhook-Signature": "v1,\udcff ü"}}),
    ("headers", {"headers": {}}),
    ("headers", {"headers": {**_signed(), "Webhook-Signature": ""}}),
    ("time", {"now": NOW + 301}),
    ("time", {"now": NOW - 301}),
    ("time", {"headers": {**_signed(), "Webhook-Timestamp": "soon"}}),
    ("time", {"headers": {**_signed(), "Webhook-Timestamp": "9" * 400}}),
    ("secret", {"secret": Secret("whsec_???")}),
    ("secret", {"secret": Secret("whsec_")}),
]


@pytest.mark.parametrize(("why", "lie"), LIES)
def test_a_lie_is_told_by_what_is_wrong_with_it(why: str, lie: dict[str, Any]) -> None:
    told = {"headers": _signed(), "body": BODY, "secret": SECRET, "now": NOW, **lie}
    with pytest.raises(WebhookError) as caught:
        verify(told["headers"], told["body"], told["secret"], now=told["now"])
    assert caught.value.why == why


@pytest.mark.parametrize("change", [{}, {"Webhook-Id": "msg_2"}, {"Webhook-Signature": "v1,AAAA"}])
def test_the_vendor_s_own_check_agrees(change: dict[str, str]) -> None:
    headers = {**_signed(when=int(time.time())), **change}
    try:
        Webhooks.validate(headers=headers, body=BODY.decode(), secret=WebhookSigningSecret(key=KEY), tolerance=300)
        theirs = True
    except ValueError:
        theirs = False
    try:
        ours = verify(headers, BODY, SECRET) == headers["Webhook-Id"]
    except WebhookError:
        ours = False
    assert ours == theirs == (not change)


async def test_a_bell_wakes_who_waits() -> None:
    bells = Doorbells()
    waiting = asyncio.ensure_future(bells.wait("abc", 5))
    await asyncio.sleep(0)
    bells.ring("xyz")
    assert not waiting.done()
    await asyncio.to_thread(bells.ring, "abc")
    assert await waiting


async def test_a_bell_that_rang_too_early_is_not_lost() -> None:
    bells = Doorbells()
    bells.ring("abc")
    assert await bells.wait("abc", 5)
    assert not await bells.wait("abc", 0.01)


async def test_nobody_waits_longer_than_he_said() -> None:
    bells = Doorbells()
    assert not await bells.wait("abc", 0.01)
    assert bells._waiting == {}


def test_a_webhook_that_comes_twice_is_new_once() -> None:
    bells = Doorbells()
    assert [bells.is_new(name) for name in ("a", "b", "a")] == [True, True, False]


class Receiver:
    """A small server that believes what is signed and rings."""

    def __init__(self, secret: Secret) -> None:
        self.bells = Doorbells()
        self.answers: list[int] = []
        self._secret = secret
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=[Route("/hook", self._hook, methods=["POST"])]),
                log_config=None,
                lifespan="off",
                ws="none",
            )
        )

    async def _hook(self, request: Request) -> Response:
        body = await request.body()
        try:
            name = verify(request.headers, body, self._secret)
        except WebhookError:
            self.answers.append(401)
            return Response(status_code=401)
        if self.bells.is_new(name):
            self.bells.ring(json.loads(body)["id"])
        self.answers.append(200)
        return Response(status_code=200)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            serving = asyncio.ensure_future(self._server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
            finally:
                self._server.should_exit = True
                await serving


@pytest.mark.parametrize("does", [None, "duplicate_webhook", "reordered_webhook"])
async def test_a_webhook_ends_a_long_wait(desk: Desk, does: str | None) -> None:
    desk.fail(Fault(route="create", does=does))
    receiver = Receiver(await desk.client().webhook_secret())
    async with receiver.open() as url:
        pace = Pace(first=30, most=30, patience=60)
        shop = desk.shop(pace=pace, doorbells=receiver.bells, webhook_url=url)
        call = desk.call("lightricks/ltx-video", shop=shop)
        async with asyncio.timeout(10):
            goods = await call.collect(await call.submit(ticket(), desk.folder), desk.folder)
    assert goods.files
    assert 200 in receiver.answers
    assert len(desk.asked("get")) <= 3


@pytest.mark.parametrize("does", ["forged_webhook", "late_webhook"])
async def test_a_webhook_that_is_not_believed_rings_nothing(desk: Desk, does: str) -> None:
    desk.fail(Fault(route="create", does=does))
    receiver = Receiver(await desk.client().webhook_secret())
    async with receiver.open() as url:
        call = desk.call(FLUX, shop=desk.shop(doorbells=receiver.bells, webhook_url=url))
        sent = await call.submit(ticket(), desk.folder)
        assert not await receiver.bells.wait(sent.vendor_id, 0.3)
        goods = await call.collect(sent, desk.folder)
    assert goods.files
    assert set(receiver.answers) == {401}
