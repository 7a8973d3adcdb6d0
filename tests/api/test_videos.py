"""Asking for ads over the API."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.api.calling import AD, Here, here, picture, refused

from badapple.api.serving import serving
from badapple.database import Job, Upload
from badapple.jobs import orders
from badapple.jobs.keeping import fetch
from badapple.models import DRAFT


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


def row(api: Here, job_id: str) -> Job:
    with Session(api.app.state.doors.engine, expire_on_commit=False) as session:
        return session.get_one(Job, job_id)


def count(api: Here, table: type[Job | Upload]) -> int:
    with Session(api.app.state.doors.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_an_ad_of_words_is_accepted_at_once(api: Here) -> None:
    reply = await api.ask("POST", "/videos/generate", json=AD | {"facts": ["Solar"], "seed": 7.0, "group_id": "spring"})
    body = reply.json()
    assert reply.status_code == 202
    assert body["status"] == "pending"
    assert reply.headers["location"] == body["status_url"]
    assert body["status_url"] == f"http://127.0.0.1:8000/api/v1/jobs/{body['job_id']}"
    assert body["events_url"] == f"{body['status_url']}/events"
    assert body["websocket_url"] == f"ws://127.0.0.1:8000/ws/job/{body['job_id']}"
    done = datetime.fromisoformat(body["estimated_completion_time"])
    assert 0 < (done - datetime.now(UTC)).total_seconds() <= body["estimated_seconds"]
    found = row(api, body["job_id"])
    order = orders.of_row(found)
    assert (found.owner, found.group_id, found.engine, order.agreed) == ("local", "spring", True, False)
    assert (order.options.canvas, order.options.facts, order.options.seed) == (DRAFT, ("Solar",), 7)


async def test_an_ad_with_its_photo_keeps_pixels_only(api: Here) -> None:
    files = {"product_image": ("../..\\lamp.jpg", picture(), "image/jpeg")}
    reply = await api.ask(
        "POST", "/videos/generate", data={"product_name": "Lamp", "draft": "true", "facts": ["A", "B"]}, files=files
    )
    assert reply.status_code == 202, reply.text
    order = orders.of_row(row(api, reply.json()["job_id"]))
    assert (order.options.facts, order.options.canvas) == (("A", "B"), DRAFT)
    kept = fetch(order, api.settings).photo
    assert kept is not None
    with Image.open(kept) as image:
        assert (image.format, image.size) == ("PNG", (200, 300))
    assert not list((api.settings.data_dir / "orders" / "tmp").glob("*"))


async def test_an_upload_becomes_an_ad(api: Here) -> None:
    for words in (
        {"files": {"file": ("lamp.png", picture(kind="PNG"))}},
        {"content": picture(), "headers": {"content-type": "image/jpeg"}},
    ):
        reply = await api.ask("POST", "/uploads", **words)
        assert reply.status_code == 201, reply.text
        upload = reply.json()
        assert (upload["width"], upload["height"]) == (200, 300)
        assert reply.headers["location"].endswith(f"/api/v1/uploads/{upload['upload_id']}")
        assert (await api.ask("GET", reply.headers["location"])).json() == upload
        job_id = await api.order(upload_id=upload["upload_id"])
        assert orders.of_row(row(api, job_id)).files["photo"].sha256 == upload["sha256"]
        assert (await api.ask("DELETE", f"/uploads/{upload['upload_id']}")).status_code == 204
        refused(await api.ask("GET", f"/uploads/{upload['upload_id']}"), 404, "not_found")
    refused(await api.ask("POST", "/videos/generate", json=AD | {"upload_id": "0" * 32}), 404, "not_found")
    headers = {"content-type": "image/jpeg", "idempotency-key": "photo"}
    first, again = [await api.ask("POST", "/uploads", content=picture(), headers=headers) for _ in range(2)]
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert count(api, Upload) == 1


async def test_the_old_addresses_work(api: Here) -> None:
    for path in ("/api/generate", "/api/videos/generate"):
        reply = await api.client.post(path, json=AD)
        assert (reply.status_code, reply.json()["status"]) == (202, "pending")


#: What is asked for, and the status, code and field that it is refused with.
_IMPOSSIBLE: list[tuple[dict[str, object], int, str, str | None]] = [
    ({}, 422, "invalid_request", "/product_name"),
    ({"product_name": " \u00a0"}, 422, "invalid_request", "/product_name"),
    ({"product_name": "a\nb"}, 422, "invalid_request", "/product_name"),
    ({"product_name": "\ud800"}, 400, "malformed_request", None),
    ({"product_name": "L", "colour": 1}, 422, "invalid_request", "/colour"),
    ({"product_name": "L", "seed": True}, 422, "invalid_request", "/seed"),
    ({"product_name": "L", "captions": "yes"}, 422, "invalid_request", "/captions"),
    ({"product_name": "L", "max_cost_usd": 1e300}, 422, "invalid_request", "/max_cost_usd"),
    ({"product_name": "L", "facts": ["x" * 81]}, 422, "invalid_request", "/facts/0"),
    ({"product_name": "L", "style": "nope"}, 422, "unknown_style", None),
    ({"product_name": "L", "video_by": "replicate:me/mine"}, 422, "invalid_request", "/video_by"),
    ({"product_name": "L", "script_model": "gpt"}, 422, "invalid_request", "/script_model"),
    ({"product_name": "L", "language": "de"}, 409, "language_not_available", "/language"),
    ({"product_name": "L", "provider": "cloud"}, 402, "max_cost_required", "/max_cost_usd"),
    ({"product_name": "L", "voice_by": "elevenlabs"}, 402, "max_cost_required", "/max_cost_usd"),
    ({"product_name": "L", "provider": "cloud", "max_cost_usd": 9}, 409, "vendor_not_available", None),
    ({"product_name": "L", "image_url": "https://example.com/a.png"}, 403, "image_url_refused", "/image_url"),
    ({"product_name": "L", "product_image_path": "/etc/passwd"}, 422, "server_path_refused", "/product_image_path"),
]  # fmt: skip
#: A request, and the status and code that it is refused with.
_BROKEN: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "malformed_request"),
    ({"content": b'{"seed": NaN}', "headers": {"content-type": "application/json"}}, 422, "invalid_request"),
    ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type"),
    ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "malformed_request"),
    ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400, "malformed_request"),
    ({"data": {"product_image": "lamp.jpg"}, "files": {"x": ("", b"")}}, 422, "invalid_request"),
    ({"data": {"product_name": ["A", "B"]}, "files": {"product_image": ("", b"")}}, 422, "invalid_request"),
    ({"data": {"product_name": "L"}, "files": {"product_image": ("a.jpg", b"")}}, 422, "invalid_photo"),
    ({"data": {"product_name": "L"}, "files": {"product_image": ("a.jpg", b"<svg/>")}}, 422, "invalid_photo"),
    ({"data": {"product_image_path": "/x"}, "files": {"x": ("", b"")}}, 422, "server_path_refused"),
    ({"content": b'"' + b"x" * 2_000_000, "headers": {"content-type": "application/json"}}, 413, "too_large"),
]  # fmt: skip


async def test_what_cannot_be_made_is_refused(api: Here) -> None:
    for body, status, code, pointer in _IMPOSSIBLE:
        text = json.dumps(body)  # httpx's own refuses half a surrogate pair, which JSON can write
        reply = await api.ask("POST", "/videos/generate", content=text, headers={"content-type": "application/json"})
        problem = refused(reply, status, code)
        if pointer is not None:
            assert pointer in [one["pointer"] for one in problem["errors"]]
    assert count(api, Job) == 0


async def test_broken_bodies_are_refused(api: Here) -> None:
    for words, status, code in _BROKEN:
        refused(await api.ask("POST", "/videos/generate", **words), status, code)
    assert (count(api, Job), count(api, Upload)) == (0, 0)


async def test_a_photo_comes_in_one_way_only(api: Here) -> None:
    files = {"product_image": ("lamp.jpg", picture())}
    reply = await api.ask("POST", "/videos/generate", data={"product_name": "L", "upload_id": "0" * 32}, files=files)
    refused(reply, 422, "invalid_input")


async def test_a_body_that_is_too_large_is_refused_while_it_comes(api: Here) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="product_image"; filename="a.jpg"\r\n\r\n'
        for _ in range(200):
            sent += 256 * 1024
            yield bytes(256 * 1024)

    async with serving(api.app) as port, httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{port}/api/v1/videos/generate"
        headers = {"content-type": "multipart/form-data; boundary=b"}
        refused(await client.post(url, content=endless(), headers=headers), 413, "too_large")
    assert sent == 50 * 2**20  # it was heard out, so that the answer arrived
    assert not list((api.settings.data_dir / "orders" / "tmp").glob("*"))


async def test_a_key_makes_one_job_and_says_when_it_is_said_again(api: Here) -> None:
    headers = {"idempotency-key": "order-1"}
    files = {"product_image": ("lamp.jpg", picture())}
    first = await api.ask("POST", "/videos/generate", data={"product_name": "L"}, files=files, headers=headers)
    again = await api.ask("POST", "/videos/generate", data={"product_name": "L"}, files=files, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    other = {"product_image": ("lamp.jpg", picture((300, 200)))}
    for words in ({"json": AD}, {"data": {"product_name": "L"}, "files": other}):
        refused(await api.ask("POST", "/videos/generate", **words, headers=headers), 422, "idempotency_mismatch")
    assert (count(api, Job), count(api, Upload)) == (1, 0)  # its photo is the job's, and no upload
    bad = await api.ask("POST", "/videos/generate", json=AD, headers={"idempotency-key": "a b"})
    refused(bad, 422, "invalid_request")


async def test_many_posts_of_one_key_make_one_job(tmp_path: Path) -> None:
    async with here(tmp_path, BADAPPLE_RATE="100000", BADAPPLE_WRITE_RATE="100000") as api:
        posts = [api.ask("POST", "/videos/generate", json=AD, headers={"idempotency-key": "one"}) for _ in range(100)]
        replies = await asyncio.gather(*posts)
        assert count(api, Job) == 1
    good = [reply for reply in replies if reply.status_code == 202]
    assert len({reply.json()["job_id"] for reply in good}) == 1
    assert sum("idempotent-replayed" not in reply.headers for reply in good) == 1
    for reply in replies:
        if reply.status_code != 202:
            assert refused(reply, 409, "idempotency_in_flight")["retryable"] is True


async def test_an_owner_has_so_many_jobs_at_once(tmp_path: Path) -> None:
    async with here(tmp_path, BADAPPLE_MAX_JOBS="2") as api:
        await api.order()
        await api.order()
        reply = await api.ask("POST", "/videos/generate", json=AD)
        assert refused(reply, 429, "too_many_jobs")["retryable"] is True


async def test_an_estimate_prices_vendors_that_are_not_set_up(api: Here) -> None:
    free = (await api.ask("POST", "/estimate", json={"product_name": "Lamp"})).json()
    assert (free["estimate_usd"], free["parts"], free["estimated_seconds"] > 0) == (0, [], True)
    reply = await api.ask("POST", "/estimate", json={"product_name": "Lamp", "provider": "cloud"})
    paid = reply.json()
    assert reply.status_code == 200, reply.text
    assert {line["vendor"] for line in paid["parts"]} == {"anthropic", "elevenlabs", "replicate"}
    assert 0 < paid["estimate_usd"] < paid["at_most_usd"]
    assert set(paid["sees"]) == {"anthropic", "elevenlabs", "replicate"}
    assert count(api, Job) == 0


async def test_a_cap_is_held_at_the_door(tmp_path: Path) -> None:
    keys = {"ANTHROPIC_API_KEY": "sk-ant-test", "ELEVENLABS_API_KEY": "k" * 32, "REPLICATE_API_TOKEN": "r8_" + "a" * 37}
    async with here(tmp_path, **keys) as api:
        cloud = AD | {"provider": "cloud", "cta_by": "offline"}
        poor = refused(
            await api.ask("POST", "/videos/generate", json=cloud | {"max_cost_usd": 0.1}), 402, "over_budget"
        )
        assert "nothing was bought" in poor["detail"]
        body = (await api.ask("POST", "/videos/generate", json=cloud | {"max_cost_usd": 2.5})).json()
        assert (body["max_cost_usd"], 0 < body["estimated_cost_usd"] <= 2.5) == (2.5, True)
        order = orders.of_row(row(api, body["job_id"]))
        assert (order.agreed, order.options.makers.max_cost) == (True, 2_500_000)
        unasked = (await api.ask("POST", "/videos/generate", json=AD)).json()
        assert (unasked["estimated_cost_usd"], unasked["max_cost_usd"]) == (0, None)
        shown = (await api.ask("GET", "/models")).text
        assert [secret for secret in keys.values() if secret in shown] == []


async def test_a_photo_on_the_web_is_fetched_where_that_is_allowed(tmp_path: Path) -> None:
    async with here(tmp_path, BADAPPLE_IMAGE_URLS="on") as api:
        inner = await api.ask("POST", "/videos/generate", json=AD | {"image_url": "https://127.0.0.1/a.png"})
        problem = refused(inner, 422, "invalid_input")
        assert "127.0.0.1" in problem["detail"]


async def test_photos_that_lie_with_slow_servers_hold_nobody_else(tmp_path: Path) -> None:
    asked = asyncio.Semaphore(0)

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.release()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with here(tmp_path, BADAPPLE_IMAGE_URLS="on", BADAPPLE_PRIVATE_HOSTS=place) as api:
            order = AD | {"image_url": f"http://{place}/a.png"}
            waiting = [asyncio.ensure_future(api.ask("POST", "/videos/generate", json=order)) for _ in range(4)]
            async with asyncio.timeout(8):  # they are given up after 10 s
                for _ in waiting:
                    await asked.acquire()
                kept = await api.ask("POST", "/uploads", files={"file": ("a.jpg", picture(), "image/jpeg")})
            assert kept.status_code == 201
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def test_the_catalog_says_what_there_is(api: Here) -> None:
    styles = (await api.ask("GET", "/styles")).json()["items"]
    assert {"bold", "luxury", "minimal", "tech"} <= {one["name"] for one in styles}
    voices = (await api.ask("GET", "/voices")).json()
    assert any(one["provider"] == "offline" and one["available"] for one in voices["items"])
    assert "en" in {one["code"] for one in voices["languages"]}
    models = (await api.ask("GET", "/models")).json()["items"]
    assert {one["part"] for one in models} == {"script", "voice", "video", "cta"}
    limits = (await api.ask("GET", "/limits")).json()
    assert (limits["product_name"], limits["photo_bytes"]) == (100, 25 * 2**20)


async def test_an_ad_is_made_from_what_was_asked(api: Here) -> None:
    job_id = await api.made()
    body = await api.job(job_id)
    assert (body["status"], body["progress"], body["error"]) == ("completed", 100, None)
    assert body["video_url"] == f"http://127.0.0.1:8000/api/v1/jobs/{job_id}/video"
