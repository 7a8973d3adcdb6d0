"""Variants, versions and prices of edits over the API."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.api.calling import Here, here, refused

from badapple.database import Job
from badapple.jobs import archive, orders

WANTED = {
    "product_name": "Aurora Desk Lamp",
    "styles": ["minimal", "bold"],
    "ctas": ["Shop now", "Try it"],
    "draft": True,
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


def count(api: Here) -> int:
    with Session(api.app.state.doors.engine) as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


async def variants(api: Here, **fields: Any) -> dict[str, Any]:
    reply = await api.ask("POST", "/variants", json=WANTED | fields)
    assert reply.status_code == 202, reply.text
    assert reply.headers["location"] == reply.json()["group_url"]
    body: dict[str, Any] = reply.json()
    return body


async def test_all_variants_are_accepted_at_once_and_lie_side_by_side(api: Here) -> None:
    body = await variants(api)
    assert [(job["style"], job["cta_text"]) for job in body["jobs"]] == [
        ("minimal", "Shop now"), ("minimal", "Try it"), ("bold", "Shop now"), ("bold", "Try it"),
    ]  # fmt: skip
    assert (body["estimated_cost_usd"], body["max_cost_usd"]) == (0, None)
    group = (await api.ask("GET", body["group_url"])).json()
    assert [job["job_id"] for job in group["jobs"]] == [job["job_id"] for job in body["jobs"]]
    assert (group["winner"], group["finished"], group["archive_url"], group["cost_usd"]) == (None, 0, None, 0)
    refused(await api.ask("GET", f"/groups/{body['group_id']}/archive"), 404, "not_found")
    listed = (await api.ask("GET", f"/jobs?group_id={body['group_id']}")).json()["items"]
    assert len(listed) == 4


async def test_the_same_request_again_makes_no_more(api: Here) -> None:
    key = {"Idempotency-Key": "once"}
    replies = [await api.ask("POST", "/variants", json=WANTED, headers=key) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].json() == replies[1].json()
    assert replies[1].headers["idempotent-replayed"] == "true"
    assert count(api) == 4
    refused(
        await api.ask("POST", "/variants", json=WANTED | {"ctas": []}, headers=key), 422, "idempotency_mismatch"
    )  # fmt: skip


async def test_all_variants_are_made_in_the_same_kit(api: Here) -> None:
    kit = {"cta_text": "Visit us", "colours": {"accent": "#0b5fff"}}
    assert (await api.ask("PUT", "/brand", json=kit)).status_code == 200
    for asked, ctas in (
        ({"ctas": []}, {"Visit us"}),
        ({}, {"Shop now", "Try it"}),
        ({"brand": False, "ctas": []}, {""}),
    ):
        body = await variants(api, **asked)
        assert {job["cta_text"] for job in body["jobs"]} == ctas
        with Session(api.app.state.doors.engine) as session:
            rows = session.scalars(select(Job).where(Job.group_id == body["group_id"])).all()
            kits = [orders.of_row(row).options.brand for row in rows]
        assert {kit.accent if kit is not None else None for kit in kits} == {None if "brand" in asked else "#0b5fff"}


@pytest.mark.parametrize(
    "fields",
    [
        {"styles": []},
        {"styles": ["bold", "bold"]},
        {"ctas": ["a"] * 2},
        {"ctas": [""]},
        {"styles": ["minimal", "bold"], "ctas": [f"Go {n}" for n in range(7)]},
        {"style": "bold"},
        {"styles": ["minimal", "nowhere"]},
    ],
)
async def test_variants_that_make_no_sense_are_refused_all_of_them(api: Here, fields: dict[str, Any]) -> None:
    reply = await api.ask("POST", "/variants", json=WANTED | fields)
    assert reply.status_code == 422, reply.text
    assert count(api) == 0


async def test_vendors_of_variants_need_a_cap_and_their_price_may_be_asked_for(api: Here) -> None:
    hosted = WANTED | {"provider": "cloud", "cta_by": "offline"}
    refused(await api.ask("POST", "/variants", json=hosted), 402, "max_cost_required")
    price = await api.ask("POST", "/variants/estimate", json=hosted)
    assert price.status_code == 200, price.text
    assert {part["part"]: part["calls"] for part in price.json()["parts"]} == {"script": 2, "voices": 12, "scenes": 8}
    assert count(api) == 0


async def test_the_winner_is_chosen_and_all_are_exported(api: Here) -> None:
    body = await variants(api, styles=["minimal"], product_name='=Lamp: "A/B"')
    first, second = (job["job_id"] for job in body["jobs"])
    where = f"/groups/{body['group_id']}"
    refused(await api.ask("PUT", f"{where}/winner", json={"job_id": first}), 409, "conflict")
    await api.made(first)
    chosen = await api.ask("PUT", f"{where}/winner", json={"job_id": first})
    assert (chosen.status_code, chosen.json()["winner"]) == (200, first)
    sent = await api.ask("GET", chosen.json()["archive_url"])
    assert (sent.status_code, sent.headers["content-type"]) == (200, "application/zip")
    assert "attachment" in sent.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["01 =Lamp A B - minimal - Shop now.mp4", "variants.csv"]
        video = (await api.ask("GET", f"/jobs/{first}/video?direct=false")).content
        assert archived.read(archived.namelist()[0]) == video
        (row,) = csv.DictReader(io.StringIO(archived.read("variants.csv").decode("utf-8-sig")))
    assert tuple(row) == archive.COLUMNS
    assert (row["name"], row["style"], row["cta"], row["winner"]) == ('\'=Lamp: "A/B"', "minimal", "Shop now", "yes")
    assert (row["cost_usd"], row["seconds"], row["job_id"]) == ("0.000000", "30.00", first)
    assert (await api.ask("PUT", f"{where}/winner", json={"job_id": None})).json()["winner"] is None
    refused(await api.ask("PUT", f"{where}/winner", json={"job_id": "nobody"}), 404, "not_found")
    assert second != first


async def test_an_archive_is_made_piece_by_piece(api: Here) -> None:
    body = await variants(api, styles=["minimal"])
    for job in body["jobs"]:
        await api.made(job["job_id"])
    for video in (api.settings.data_dir / "videos").glob("*/*.mp4"):
        with video.open("ab") as file:
            file.truncate(40 << 20)
    gone = next((api.settings.data_dir / "videos").glob("*/*.mp4"))
    pieces = [len(piece) for piece in archive.archive(body["group_id"], api.settings, owner="local")]
    assert sum(pieces) > 80 << 20
    assert max(pieces) < 3 << 20
    gone.unlink()
    with zipfile.ZipFile(io.BytesIO(b"".join(archive.archive(body["group_id"], api.settings, owner="local")))) as left:
        assert len(left.namelist()) == 2
        assert "(gone)" in left.read("variants.csv").decode()


async def test_an_archive_holds_names_that_any_file_system_takes_and_no_formulas(api: Here) -> None:
    body = await variants(api, styles=["minimal"], ctas=["\uff1d1+1", "\U0001f525" * 60], product_name="\u7d20" * 100)
    for job in body["jobs"]:
        await api.made(job["job_id"])
    sent = b"".join(archive.archive(body["group_id"], api.settings, owner="local"))
    with zipfile.ZipFile(io.BytesIO(sent)) as archived:
        names = archived.namelist()
        rows = list(csv.DictReader(io.StringIO(archived.read("variants.csv").decode("utf-8-sig"))))
    assert [name[:4] for name in names[:2]] == ["01 \u7d20", "02 \u7d20"]
    assert all(name.endswith(".mp4") and len(name.encode()) <= 255 for name in names[:2])
    assert [row["file"] for row in rows] == names[:2]
    assert rows[0]["cta"] == "'\uff1d1+1"


async def test_versions_are_listed_and_one_is_restored(api: Here) -> None:
    first = await api.made()
    edit = (await api.ask("POST", f"/jobs/{first}/edits", json={"captions": False})).json()["job_id"]
    await api.made(edit)
    found = (await api.ask("GET", f"/jobs/{edit}/versions")).json()["items"]
    assert [(one["number"], one["job_id"], one["change"], one["current"]) for one in found] == [
        (1, first, "", False), (2, edit, "captions off", True),
    ]  # fmt: skip
    assert (await api.ask("GET", found[0]["links"]["poster"])).status_code == 200
    refused(await api.ask("POST", f"/jobs/{edit}/restore"), 409, "conflict")
    key = {"Idempotency-Key": "back"}
    replies = [await api.ask("POST", f"/jobs/{first}/restore", headers=key) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].json()["job_id"] == replies[1].json()["job_id"]
    third = await api.made(replies[0].json()["job_id"])
    job = await api.job(third)
    assert (job["change"], {part["state"] for part in job["parts"]}) == ("version 1 restored", {"reused"})


async def test_the_price_of_a_change_is_told(api: Here) -> None:
    job = await api.made()
    for asked in ({"regenerate": 2}, {"cta_text": "Now"}, {"scenes": [{"id": 1, "headline": "Hi"}]}):
        reply = await api.ask("POST", f"/jobs/{job}/edits/estimate", json=asked)
        assert reply.status_code == 200, reply.text
        assert (reply.json()["estimate_usd"], reply.json()["lines"], reply.json()["cap_usd"]) == (0, [], None)
        assert reply.json()["seconds"] > 0
    for wrong in ({}, {"regenerate": 5}, {"regenerate": 1, "captions": True}, {"regenerate": None}):
        assert (await api.ask("POST", f"/jobs/{job}/edits/estimate", json=wrong)).status_code == 422
    framed = {"scenes": [{"id": 1, "framing": "close"}]}
    refused(await api.ask("POST", f"/jobs/{job}/edits/estimate", json=framed), 409, "conflict")
    assert (await api.job(job))["scenes"][0]["framing"] == "auto"
    assert count(api) == 1
