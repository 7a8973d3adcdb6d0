"""Who gets what: every route of the application, asked by everybody who should not get it, and by those who should.

The routes are those that the application has. One that this file says nothing of fails it.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from PIL import Image
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session
from starlette.routing import Mount, WebSocketRoute
from tests.api.visiting import Place, place
from tests.jobs.conftest import Hand
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from badapple.access import ADMIN, READ, SCOPES, WRITE, audit, credentials, sessions
from badapple.api.serving import serving
from badapple.cache import Blob
from badapple.config import Settings
from badapple.database import AuditRow, Base, BrandRow, Credential, Delivery, Part, Receipt, Upload, Webhook
from badapple.database.tables import now
from badapple.jobs import JobOrder, open_cache, orders
from badapple.jobs.files import FILES
from badapple.jobs.keeping import open_shelf
from badapple.jobs.leftovers import folder_name
from badapple.models import Scene, Script
from badapple.product.sample import PHOTO

QUICK = {"BADAPPLE_RATE": "1000000", "BADAPPLE_WRITE_RATE": "1000000"}
#: Parameters of addresses that say nothing of whose it is.
SHARED = ("scene", "label", "file", "code", "provider", "name", "style")
MARK = "ANNSMARK"  #: stands in everything that is Ann's


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route lets whom do.

    Attributes:
        scope: what a caller needs; None lets anybody in.
        thing: it is about one thing of somebody's: another's looks like one that there is not.
        body: of a request that makes sense.
        query: of the same.
        ticket: `?ticket=` opens it.
        signed: the address itself says who may.
        operator: it concerns all owners: only admins of the owner `local` may.
        picture: what it answers is no text.
    """

    scope: str | None = READ
    thing: bool = False
    body: Any = None
    query: str = ""
    ticket: bool = False
    signed: bool = False
    operator: bool = False
    picture: bool = False


SCENES = [{"id": number, "voiceover_text": "It is here.", "headline": "Hello"} for number in (1, 2, 3, 4)]
PUBLIC = Rule(scope=None)
SEEN = Rule(thing=True)
CHANGED = Rule(WRITE, thing=True)
RULES = {
    **{f"GET {path}": PUBLIC for path in ("/docs", "/docs.css", "/openapi.json", "/problems", "/problems/{code}")},
    "GET /": Rule(),
    "GET /ads/{job_id}": SEEN,
    **{f"POST /ads/{{job_id}}/{verb}": CHANGED for verb in ("cancel", "retry", "resume", "approve", "delete", "edit")},
    "POST /videos/generate": Rule(WRITE, body={"product_name": "Watch"}),
    "POST /sign-out": Rule(),
    **{f"GET /{name}": Rule() for name in ("library", "variants", "settings")},
    "GET /library/delete": Rule(WRITE, thing=True, query="job={job_id}"),
    "POST /library/delete": Rule(WRITE, body={}),
    "GET /variants/{group_id}": SEEN,
    "GET /s/{token}": Rule(scope=None, signed=True),
    "POST /theme": PUBLIC,
    "GET /studio/looks/{name}": PUBLIC,
    "MOUNT /studio/built": PUBLIC,
    **{f"GET {path}": PUBLIC for path in ("/healthz", "/readyz", "/metrics")},
    **{f"{method} V/sign-in": PUBLIC for method in ("GET", "POST")},
    "POST V/vendors/replicate/webhook": Rule(scope=None, body={}),
    "POST V/videos/generate": Rule(WRITE, body={"product_name": "Watch"}),
    "POST V/generate": Rule(WRITE, body={"product_name": "Watch"}),
    "POST V/estimate": Rule(body={"product_name": "Watch"}),
    **{f"GET V/{name}": Rule() for name in ("styles", "voices", "models", "limits")},
    "POST V/videos/sample": Rule(WRITE, body={"draft": True}),
    "POST /videos/sample": Rule(WRITE, body={"draft": True}),
    **{f"GET V/uploads/{{upload_id}}/{what}": Rule(thing=True, picture=True) for what in ("photo", "look", "cutout")},
    "GET V/jobs/{job_id}/photo": Rule(thing=True, picture=True),
    "GET V/jobs/{job_id}/scenes/{scene}/still": Rule(thing=True, picture=True),
    **{f"GET V/styles/{{name}}/{what}": Rule(picture=True) for what in ("sample", "still")},
    "GET V/voices/{provider}/{style}/sample": Rule(picture=True),
    "POST V/uploads": Rule(WRITE, body=b"no picture"),
    "GET V/uploads": Rule(),
    "GET V/uploads/{upload_id}": SEEN,
    "DELETE V/uploads/{upload_id}": CHANGED,
    "GET V/jobs": Rule(),
    "GET V/jobs/{job_id}": SEEN,
    "DELETE V/jobs/{job_id}": CHANGED,
    **{f"POST V/jobs/{{job_id}}/{verb}": CHANGED for verb in ("cancel", "retry", "resume", "approve")},
    "POST V/jobs/{job_id}/scenes/{scene}/regenerate": CHANGED,
    "POST V/jobs/{job_id}/edits": Rule(WRITE, thing=True, body={"captions": False}),
    "PUT V/jobs/{job_id}/script": Rule(WRITE, thing=True, body={"scenes": SCENES}),
    "POST V/jobs/{job_id}/edits/estimate": Rule(thing=True, body={"captions": False}),
    "GET V/jobs/{job_id}/versions": SEEN,
    "POST V/jobs/{job_id}/restore": CHANGED,
    "POST V/variants": Rule(WRITE, body={"product_name": "Watch", "styles": ["bold"]}),
    "POST V/variants/estimate": Rule(body={"product_name": "Watch", "styles": ["bold"]}),
    **{f"GET V/groups/{{group_id}}{path}": SEEN for path in ("", "/archive")},
    "PUT V/groups/{group_id}/winner": Rule(WRITE, thing=True, body={"job_id": None}),
    **{f"GET V/jobs/{{job_id}}/{file}": SEEN for file in FILES},
    "GET V/jobs/{job_id}/parts/{label}/{file}": SEEN,
    "POST V/jobs/{job_id}/links": Rule(WRITE, thing=True, body={"file": "video"}),
    "GET V/files/{token}": Rule(scope=None, signed=True),
    "GET V/jobs/{job_id}/events": Rule(thing=True, ticket=True),
    "GET V/events": Rule(thing=True, ticket=True, query="jobs={job_id}"),
    "WS /ws/job/{job_id}": Rule(thing=True, ticket=True),
    "WS /ws/jobs/{job_id}": Rule(thing=True, ticket=True),
    "GET V/keys": Rule(ADMIN),
    "POST V/keys": Rule(ADMIN, body={"name": "x"}),
    "DELETE V/keys/{key_id}": Rule(ADMIN, thing=True),
    "GET V/session": Rule(),
    "POST V/session": Rule(),
    "DELETE V/session": Rule(),
    "POST V/tickets": Rule(body={}),
    "GET V/audit": Rule(ADMIN),
    "GET V/settings": Rule(),
    "PUT V/settings/keys/{provider}": Rule(ADMIN, operator=True, body={"key": "r8_of_nobody_at_all"}),
    "DELETE V/settings/keys/{provider}": Rule(ADMIN, operator=True),
    "POST V/settings/providers/{provider}/test": Rule(ADMIN, operator=True),
    "PUT V/settings/caps": Rule(ADMIN, body={"job_usd": 1}),
    "GET V/brand": Rule(),
    "PUT V/brand": Rule(WRITE, body={"name": "Watches"}),
    "GET V/brand/logo": Rule(),
    "ANY /mcp": PUBLIC,  # asked in words of its own: test_agents.py does
    "GET V/webhooks": Rule(),
    "POST V/webhooks": Rule(WRITE, body={"url": "https://example.com/x"}),
    "GET V/webhooks/{webhook_id}": SEEN,
    "PATCH V/webhooks/{webhook_id}": Rule(WRITE, thing=True, body={"enabled": False}),
    "DELETE V/webhooks/{webhook_id}": CHANGED,
    "POST V/webhooks/{webhook_id}/rotate": CHANGED,
    "POST V/webhooks/{webhook_id}/test": CHANGED,
    "GET V/webhooks/{webhook_id}/deliveries": SEEN,
    "POST V/webhooks/{webhook_id}/deliveries/{delivery_id}/resend": CHANGED,
}


@dataclass(frozen=True, slots=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def to(self, ids: dict[str, str], query: str = "") -> str:
        """Return the address of somebody's things."""
        told = "&".join(part for part in (self.rule.query, query) if part)
        text = f"{self.path}?{told}" if told else self.path
        return re.sub(r"\{(\w+)(:path)?\}", lambda match: ids[match[1]], text)


def ways(app: FastAPI) -> list[Way]:
    """Return every way into the application: routes under both names, sockets, pages."""
    found = []
    for route in iter_route_contexts(app.router.routes):
        assert route.path is not None, route
        if isinstance(route.original_route, Mount):
            methods = {"MOUNT"}
        else:
            methods = {"WS"} if isinstance(route.original_route, WebSocketRoute) else route.methods or {"ANY"}
        name = re.sub(r"^/api(/v1)?(?=/)", "V", route.path.replace(":path}", "}"))
        for method in sorted(methods):
            rule = RULES.get(f"{'GET' if method == 'HEAD' else method} {name}")
            assert rule is not None, f"nobody has said who may {method} {route.path}: add it to RULES"
            found.append(Way(method, route.path, rule))
    return found


@dataclass(frozen=True, slots=True)
class World:
    """An application in which Ann and Bob have one of everything."""

    place: Place
    ways: list[Way]
    ids: dict[str, dict[str, str]]  #: owner -> parameter of a path -> id; `nobody` has none of them
    addresses: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def ask(self, way: Way, whose: str, *, query: str = "", **words: Any) -> httpx.Response:
        """Send a request about somebody's things, from an address that nobody else has."""
        body = way.rule.body
        raw = {"content": body, "headers": {"content-type": "image/png"}}
        sent: dict[str, Any] = raw if isinstance(body, bytes) else {"json": body}
        if body is not None and way.method not in {"GET", "HEAD"}:
            words = {**sent, **words, "headers": {**sent.get("headers", {}), **words.get("headers", {})}}
        # Packed, two texts of one length have two: what stands in them tells more than how they are sent.
        words["headers"] = {"accept-encoding": "identity", **words.get("headers", {})}
        return await self.place.ask(way.method, way.to(self.ids[whose], query), client=self.address(), **words)

    def address(self) -> str:
        """Return an address that nobody has used."""
        number = next(self.addresses)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def rows(self) -> dict[str, list[Any]]:
        """Return all rows of Ann's, but when her keys were last used."""
        found: dict[str, list[Any]] = {}
        with Session(self.place.engine) as session:
            for mapper in Base.registry.mappers:
                columns = {column.key for column in mapper.column_attrs} - {"used_at"}
                if mapper.class_ is not AuditRow and "owner" in columns:
                    rows = session.scalars(select(mapper.class_).where(mapper.class_.owner == "ann"))
                    found[mapper.class_.__name__] = sorted(
                        repr([(name, getattr(row, name)) for name in sorted(columns)]) for row in rows
                    )
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with place(tmp_path, BADAPPLE_PROXIES="127.0.0.0/8", **QUICK) as there:
        ids = {owner: _furnished(there, owner) for owner in ("ann", "bob")}
        ids["nobody"] = {name: text.replace("ann", "zzz").replace("a", "0") for name, text in ids["ann"].items()}
        ids["nobody"] |= {name: ids["ann"][name] for name in SHARED}
        assert {len(ids["ann"][name]) - len(text) for name, text in ids["nobody"].items()} == {0}
        yield World(there, ways(there.app), ids)


def _furnished(there: Place, owner: str) -> dict[str, str]:
    """Give somebody one of everything; return the ids."""
    mark = MARK if owner == "ann" else "his"
    settings, hand = there.app.state.doors.settings, Hand(there.engine)
    job = hand.job(f"{owner}-job-a", "processing", owner=owner, product_name=f"{mark} watch")
    hand.tell(job, f"{mark} begins")
    hand.end(job, "completed")
    video = settings.data_dir / "videos" / folder_name(job) / "watch.mp4"
    video.parent.mkdir(parents=True)
    for name, kind in FILES.items():
        video.with_name(f"watch{kind.ending}").write_text(f'{{"{mark}": "{name}"}}')
    photo = _photographed(settings, owner)
    order = JobOrder(product_name=f"{mark} watch", style="minimal", files={"photo": photo})
    told = {"script": _script(mark).to_json(), "change": f"{mark} anew"}
    written = {"request": orders.to_json(order), "options": told, "group_id": f"{owner}-group-a"}
    hand.change(job, video_url=str(video), announced=2, **written)  # webhooks were told of both events
    source = settings.data_dir / f"{owner}.mp3"
    source.write_text(f"{mark} speaks")
    blob = open_cache(settings).put(source)
    source = settings.data_dir / f"{owner}.png"
    source.write_text(f"{mark} in a picture")
    logo = open_shelf(settings).put(source)
    webhook, delivery, upload = f"{owner}_hook_a", f"{owner}_delivery_a", (owner[0] + "f") * 16
    files = {"voice": {"sha256": blob.sha256, "size": blob.size, "suffix": ".mp3"}}
    payload = {"type": "job.completed", "data": mark}
    with Session(there.engine) as session, session.begin():
        session.add(Receipt(key=owner, kind="voice", label="voice 1", state="collected", maker={}, files=files))
        session.add(BrandRow(owner=owner, kit={"name": mark}, logo_sha256=logo.sha256, logo_size=logo.size))
        session.add(Part(job_id=job, label="voice 1", stage="voice_gen", kind="voice", key=owner, state="done"))
        session.add(
            Upload(
                id=upload, owner=owner, sha256=photo.sha256, size=photo.size, suffix=".png", name=mark, width=480,
                height=600, expires_at=now() + timedelta(days=1),
            )
        )  # fmt: skip
        # An address of this machine, to which nothing is ever sent: it is a private one.
        session.add(Webhook(id=webhook, owner=owner, url=f"https://127.0.0.1:8443/{mark}"))
        session.flush()
        session.add(
            Delivery(
                id=delivery, webhook_id=webhook, owner=owner, job_id=job, type="job.completed", payload=payload,
                state="failed", log=[{"at": now().isoformat(), "ms": 1, "status": 500, "error": mark, "reply": mark}],
            )
        )  # fmt: skip
    view, _ = credentials.create(there.engine, owner=owner, name=mark, scopes=[READ])
    who = credentials.authenticate(there.engine, there.key(owner))
    audit.note(there.engine, who, "job.create", target=mark)
    token = there.app.state.doors.signer.sign("link", {"job": job, "mark": mark}, now() + timedelta(hours=1))
    return {
        "job_id": job, "scene": "1", "label": "voice%201", "file": "voice", "upload_id": upload, "token": token,
        "key_id": view.id, "webhook_id": webhook, "delivery_id": delivery, "code": "not_found",
        "provider": "offline", "name": "minimal", "style": "minimal", "group_id": f"{owner}-group-a",
    }  # fmt: skip


def _photographed(settings: Settings, owner: str) -> Blob:
    """Keep a photo of somebody's, of something that stands free."""
    file = settings.data_dir / f"{owner}-photo.png"
    small = _small_photo().copy()
    small.putpixel((0, 0), (ord(owner[0]), 0, 0))
    small.save(file)
    return open_shelf(settings).put(file)


@lru_cache(maxsize=1)
def _small_photo() -> Image.Image:
    with Image.open(PHOTO) as image:
        return image.resize((480, 600))


def _script(mark: str) -> Script:
    scene = Scene(
        id=1, frames=165, headline=mark, subline="", points=(), voiceover_text="It is here.", video_prompt_template="x"
    )
    return Script(
        style="minimal", product_name=f"{mark} watch", cta="Look", cta_line="", cta_voiceover="Look.", cta_frames=300,
        scenes=tuple(replace(scene, id=number) for number in (1, 2, 3, 4)), spoken_name="watch",
    )  # fmt: skip


def strangers(world: World) -> dict[str, dict[str, Any]]:
    """Return caller -> what they send: all those whom nobody may know."""
    there = world.place

    def ended(**how: Any) -> str:
        key = there.key("ann")
        with Session(there.engine) as session, session.begin():
            session.execute(update(Credential).where(Credential.id == key.split("_")[2]).values(**how))
        return key

    live = there.key("ann")
    revoked, expired = ended(revoked_at=now()), ended(expires_at=now())
    behind = credentials.authenticate(there.engine, there.key("ann"))
    cookie, _ = sessions.open_session(there.engine, behind)
    orphan, _ = sessions.ticket(there.engine, behind)
    credentials.revoke(there.engine, behind.actor, owner="ann")
    idle, _ = sessions.open_session(there.engine, credentials.authenticate(there.engine, live))
    with Session(there.engine) as session, session.begin():
        old = update(Credential).where(Credential.id == idle.split("_")[2])
        session.execute(old.values(created_at=now() - timedelta(hours=13)))
    used, _ = sessions.ticket(there.engine, credentials.authenticate(there.engine, live))
    sessions.use(there.engine, used, job=None)
    invitation, _ = sessions.invite(there.engine, owner="ann")
    return {
        "nobody": {},
        "a wrong key": {"key": f"{live[:-1]}{'a' if live[-1] != 'a' else 'b'}"},
        "a revoked key": {"key": revoked},
        "an expired key": {"key": expired},
        "a session of a revoked key": {"headers": {"cookie": f"badapple_session={cookie}"}},
        "a session that was idle": {"headers": {"cookie": f"badapple_session={idle}"}},
        "a key as a cookie": {"headers": {"cookie": f"badapple_session={live}"}},
        "a key in the address": {"query": f"key={live}&api_key={live}&ticket={live}&token={live}"},
        "a used ticket": {"query": f"ticket={used}"},
        "a ticket of a revoked key": {"query": f"ticket={orphan}"},
        "a used ticket as a key": {"key": used},
        "an invitation as a key": {"key": invitation},
        "a proxy that is none": {"headers": {"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"}},
    }


async def test_strangers_get_nothing_and_change_nothing(world: World) -> None:
    callers, leaks, asked = strangers(world), [], 0
    before = world.rows()
    for way in world.ways:
        if way.method == "WS" or way.rule.scope is None:
            continue
        few = not way.path.startswith("/api/v1")  # the other names of the same routes
        for caller, words in list(callers.items())[: 3 if few else None]:
            answer = await world.ask(way, "ann", **words)
            asked += 1
            if answer.status_code != 401 or MARK in answer.text:
                leaks.append(f"{caller}: {way}: {answer.status_code}")
    assert not leaks, "\n".join(leaks)
    assert asked > 400
    assert world.rows() == before


async def test_a_ticket_opens_what_is_watched_once_and_nothing_else(world: World) -> None:
    who, leaks = credentials.authenticate(world.place.engine, world.place.key("ann")), []
    fresh, _ = sessions.ticket(world.place.engine, who)
    for way in world.ways:
        if way.method == "WS" or way.rule.scope is None:
            continue
        if not way.rule.ticket:
            if (await world.ask(way, "ann", query=f"ticket={fresh}")).status_code != 401:
                leaks.append(f"a ticket opens {way}")
            continue
        for job, statuses in ((None, [200, 401]), ("ann-job-a", [200, 401]), ("ann-job-b", [401, 401])):
            if job is not None and way.rule.query:
                continue  # a ticket for one job is none for several
            ticket, _ = sessions.ticket(world.place.engine, who, job=job)
            found = [(await world.ask(way, "ann", query=f"ticket={ticket}")).status_code for _ in range(2)]
            if found != statuses:
                leaks.append(f"{way}: {found} with a ticket for {job}")
    assert not leaks, "\n".join(leaks)
    assert sessions.use(world.place.engine, fresh, job=None).owner == "ann"


async def test_another_owner_cannot_tell_what_is_somebody_s_from_what_is_not_there(world: World) -> None:
    bob, leaks = world.place.key("bob", SCOPES), []
    before = world.rows()
    for way in world.ways:
        if way.method == "WS" or way.rule.scope is None:
            continue
        if way.rule.picture and not way.rule.thing:
            continue  # samples: drawn of nothing that is anybody's, and slowly
        foreign = await world.ask(way, "ann", key=bob)
        if MARK in foreign.text or foreign.status_code >= 500:
            leaks.append(f"{way}: {foreign.status_code} {foreign.text[:200]}")
        if way.rule.thing:
            unknown = await world.ask(way, "nobody", key=bob)
            if foreign.status_code != 404 or _plain(world, foreign) != _plain(world, unknown):
                leaks.append(f"{way}: {_plain(world, foreign)} is not {_plain(world, unknown)}")
    mixed = {**world.ids["bob"], "delivery_id": world.ids["ann"]["delivery_id"]}
    world.ids["mixed"] = mixed
    for way in world.ways:
        if "{delivery_id}" in way.path and (await world.ask(way, "mixed", key=bob)).status_code != 404:
            leaks.append(f"{way} of another's delivery")
    assert not leaks, "\n".join(leaks)
    assert world.rows() == before


async def test_another_s_things_cannot_be_named_in_a_body_either(world: World) -> None:
    bob, answers = world.place.key("bob", SCOPES), {}
    for whose in ("ann", "nobody"):
        ids = world.ids[whose]
        for name, path, body in (
            ("upload", "/videos/generate", {"product_name": "Watch", "upload_id": ids["upload_id"]}),
            ("estimate", "/estimate", {"product_name": "Watch", "upload_id": ids["upload_id"]}),
            ("parent", "/videos/generate", {"product_name": "Watch", "parent_id": ids["job_id"]}),
            ("cursor", "/jobs?cursor=" + ids["job_id"], None),
            ("variants", "/variants", {"product_name": "W", "styles": ["bold"], "upload_id": ids["upload_id"]}),
            ("winner", "/groups/bob-group-a/winner", {"job_id": ids["job_id"]}),
        ):
            method = "GET" if body is None else "PUT" if name == "winner" else "POST"
            answer = await world.place.ask(method, f"/api/v1{path}", key=bob, json=body)
            answers[name, whose] = _plain(world, answer)
            assert answer.status_code in {400, 404, 422}, answer.text
    for name in {name for name, _ in answers}:
        assert answers[name, "ann"] == answers[name, "nobody"]
    mine = await world.place.ask("GET", "/api/v1/jobs?limit=1", key=world.place.key("ann"))
    if cursor := mine.json()["next_cursor"]:
        theirs = await world.place.ask("GET", f"/api/v1/jobs?cursor={cursor}", key=bob)
        assert theirs.status_code == 400


@pytest.mark.parametrize("scopes", [(READ,), (WRITE,), (ADMIN,)])
async def test_a_key_does_what_its_scope_says(world: World, scopes: tuple[str, ...]) -> None:
    """Ann's own things: what she may, she gets; destroying them comes last."""
    leaks = []
    order = sorted(world.ways, key=lambda way: (way.method == "DELETE", "{job_id}" in way.path and way.method != "GET"))
    before = world.rows()
    for way in order:
        if way.method == "WS" or way.rule.scope is None or not way.path.startswith("/api/v1"):
            continue
        answer = await world.ask(way, "ann", key=world.place.key("ann", scopes))
        may = SCOPES.index(scopes[0]) >= SCOPES.index(way.rule.scope) and not way.rule.operator
        good = answer.status_code not in {401, 403, 404} and answer.status_code < 500 if may else (
            answer.status_code == 403 and MARK not in answer.text
        )  # fmt: skip
        if way.method in {"GET", "HEAD"} and may:
            good = answer.status_code == 200
        if may and way.method == "GET" and way.rule.thing and not way.rule.picture:
            good = MARK in answer.text
        if not good:
            leaks.append(f"{way}: {answer.status_code} {answer.text[:300]}")
    assert not leaks, "\n".join(leaks)
    changed = {name for name, rows in world.rows().items() if rows != before[name]}
    assert changed <= {"Credential"} if scopes == (READ,) else "Job" in changed


async def test_links_open_what_they_were_made_for_until_they_end(world: World) -> None:
    (way,) = [way for way in world.ways if str(way) == "GET /api/v1/files/{token}"]
    path = "/api/v1/jobs/ann-job-a/links"
    made = await world.place.ask("POST", path, key=world.place.key("ann"), json={"file": "video"})
    url = httpx.URL(made.json()["url"])
    opened = await world.place.ask("GET", url.path)
    assert (opened.status_code, MARK in opened.text) == (200, True)
    token, signer = url.path.rpartition("/")[2], world.place.app.state.doors.signer
    flipped = f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"
    for other in (flipped, token[:-2], "x", signer.sign("cursor", {"job": "ann-job-a", "file": "video"})):
        answer = await world.place.ask("GET", way.to({"token": other}))
        assert answer.status_code == 404, other
        assert MARK not in answer.text


class TestSockets:
    """Each address of a job's socket."""

    async def test_only_those_who_may_see_a_job_follow_it(self, world: World) -> None:
        there, leaks = world.place, []
        who = credentials.authenticate(there.engine, there.key("ann"))
        async with serving(there.app) as port:

            async def follow(way: Way, whose: str, **words: Any) -> tuple[int | None, str]:
                headers = {**words.get("headers", {}), "x-forwarded-for": world.address()}  # this machine is a proxy
                if "key" in words:
                    headers["authorization"] = f"Bearer {words['key']}"
                path = way.to(world.ids[whose], words.get("query", ""))
                return await _followed(f"ws://127.0.0.1:{port}{path}", headers)

            sockets = [way for way in world.ways if way.method == "WS"]
            assert len(sockets) == 2
            for way in sockets:
                for caller, words in strangers(world).items():
                    code, text = await follow(way, "ann", **words)
                    if (code, text) != (4401, ""):
                        leaks.append(f"{caller}: {way}: {code} {text}")
                bob = there.key("bob")
                foreign, unknown = await follow(way, "ann", key=bob), await follow(way, "nobody", key=bob)
                if foreign != (4404, "") or unknown != foreign:
                    leaks.append(f"another owner: {way}: {foreign} {unknown}")
                ticket, _ = sessions.ticket(there.engine, who, job="ann-job-a")
                wrong, _ = sessions.ticket(there.engine, who, job="ann-job-b")
                found = [await follow(way, "ann", query=f"ticket={text}") for text in (ticket, ticket, wrong)]
                if [code for code, _ in found] != [1000, 4401, 4401] or MARK not in found[0][1]:
                    leaks.append(f"tickets: {way}: {found}")
                code, text = await follow(way, "ann", key=there.key("ann", [READ]))
                if code != 1000 or MARK not in text:
                    leaks.append(f"a reader: {way}: {code}")
        assert not leaks, "\n".join(leaks)


async def _followed(url: str, headers: dict[str, str]) -> tuple[int | None, str]:
    """Return how a socket ended, and all that came over it."""
    text = ""
    try:
        async with connect(url, additional_headers=headers, compression=None) as socket:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    text += str(await socket.recv())
            return socket.close_code, text
    except InvalidStatus as refused:
        return refused.response.status_code, ""


def _plain(world: World, answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """Return an answer without the ids that were asked for, and what differs from one answer to the next."""
    told = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date", "ratelimit"}}
    text = answer.text
    for whose in ("ann", "nobody"):
        for name, value in world.ids[whose].items():
            if value and name not in SHARED:
                text = text.replace(value, f"<{name}>")
    return answer.status_code, text, told


async def test_a_route_that_nobody_spoke_of_is_found(world: World) -> None:
    async def leaks() -> str:
        return MARK

    world.place.app.add_api_route("/api/v1/new", leaks, include_in_schema=False)
    with pytest.raises(AssertionError, match="nobody has said who may GET /api/v1/new"):
        ways(world.place.app)


def test_every_table_that_holds_things_of_owners_is_looked_at(world: World) -> None:
    owned = {mapper.class_.__name__ for mapper in Base.registry.mappers if "owner" in inspect(mapper.class_).columns}
    assert owned - {"AuditRow"} == set(world.rows())
