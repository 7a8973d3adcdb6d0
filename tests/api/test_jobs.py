"""Jobs over the API: looking, listing, ending, repeating, changing, deleting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from tests.api.calling import Here, here, refused
from tests.api.visiting import place

from badapple.database import AuditRow, Job
from badapple.errors import TransientProviderError
from badapple.models import failure


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


def change(api: Here, job_id: str, **values: Any) -> None:
    with Session(api.app.state.doors.engine) as session, session.begin():
        session.execute(update(Job).where(Job.id == job_id).values(values))


async def test_a_job_tells_all_there_is_to_know(api: Here) -> None:
    job_id = await api.order()
    waiting = await api.job(job_id)
    assert (waiting["status"], waiting["position"], waiting["script"], waiting["parts"]) == ("pending", 0, None, [])
    assert [stage["name"] for stage in waiting["stages"]] == [
        "script_gen", "voice_gen", "video_gen", "cta_gen", "compositing"
    ]  # fmt: skip
    assert [scene["id"] for scene in waiting["scenes"]] == [1, 2, 3, 4]
    await api.made(job_id)
    done = await api.job(job_id)
    assert (done["status"], done["progress"], done["position"]) == ("completed", 100, None)
    assert {stage["status"] for stage in done["stages"]} == {"completed"}
    assert done["script"]["cta"] == "Shop now"
    assert all(scene["voiceover_text"] for scene in done["scenes"])
    assert (done["money"]["charged_usd"], done["money"]["cap_usd"], done["cost_usd"]) == (0, None, 0)
    voice = done["scenes"][0]["assets"]["voice"]
    assert (voice["state"], voice["files"][0]["media_type"]) == ("done", "audio/mpeg")
    for url in (done["links"]["video"], done["links"]["captions_vtt"], voice["files"][0]["url"]):
        assert (await api.ask("GET", url)).status_code == 200
    assert str(api.settings.data_dir) not in (await api.ask("GET", f"/jobs/{job_id}")).text


async def test_a_failed_job_says_why_in_a_word_and_what_to_do(api: Here) -> None:
    job_id = await api.order()
    cause = TransientProviderError("too fast", provider="replicate", reason="rate_limit", charged=20_000)
    facts = {
        "stage": "video_gen", "retryable": True, "charged": 20_000, "possibly_charged": 10_000,
        "hint": f"`badapple jobs retry {job_id}` goes on", "cause": failure.dump(cause),
    }  # fmt: skip
    change(api, job_id, status="failed", error_message="Asset generation failed: too fast", failure=facts)
    body = await api.job(job_id)
    assert body["error"] == {
        "code": "rate_limit", "message": "Asset generation failed: too fast", "stage": "video_gen", "retryable": True,
        "hint": f"`POST /api/v1/jobs/{job_id}/retry` goes on", "charged_usd": 0.02, "possibly_charged_usd": 0.01,
    }  # fmt: skip
    again = await api.ask("POST", f"/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["status"], again.json()["attempt"]) == (202, "pending", 2)
    refused(await api.ask("POST", f"/jobs/{job_id}/retry"), 409, "conflict")


async def test_what_is_unchanged_is_not_sent_again(api: Here) -> None:
    job_id = await api.order()
    first = await api.ask("GET", f"/jobs/{job_id}")
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        same = await api.ask("GET", f"/jobs/{job_id}", headers={"if-none-match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    changes: list[dict[str, Any]] = [
        {"progress": 5, "seq": 1},
        {"awaiting": "approval"},
        {"cost": 7},
        {"status": "processing"},
    ]
    for values in changes:
        change(api, job_id, **values)
        new = await api.ask("GET", f"/jobs/{job_id}", headers={"if-none-match": tag})
        assert (new.status_code, new.headers["etag"] != tag) == (200, True), values
        tag = new.headers["etag"]


async def test_its_place_in_the_queue_is_part_of_its_version(api: Here) -> None:
    first, second = await api.order(), await api.order()
    seen = await api.ask("GET", f"/jobs/{second}")
    assert seen.json()["position"] == 1
    await api.ask("POST", f"/jobs/{first}/cancel")
    new = await api.ask("GET", f"/jobs/{second}", headers={"if-none-match": seen.headers["etag"]})
    assert (new.status_code, new.json()["position"]) == (200, 0)


async def test_lists_go_on_page_by_page(api: Here) -> None:
    ids = [await api.order(product_name=f"Lamp {number}", group_id="a" if number % 2 else "b") for number in range(5)]
    seen: list[str] = []
    words: dict[str, Any] = {"limit": 2}
    while True:
        page = (await api.ask("GET", "/jobs", params=words)).json()
        seen += [one["job_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        words["cursor"] = page["next_cursor"]
        await api.order(product_name="Newer")  # which moves nothing
    assert seen == ids[::-1]
    for asked, found in (
        ({"q": "lamp 3"}, {ids[3]}), ({"group_id": "a"}, {ids[1], ids[3]}), ({"status": "completed"}, set[str]()),
        ({"style": "bold"}, set[str]()), ({"parent_id": ids[0]}, set[str]()),
    ):  # fmt: skip
        items = (await api.ask("GET", "/jobs", params=asked)).json()["items"]
        assert {one["job_id"] for one in items} == found


async def test_a_cursor_is_worth_nothing_elsewhere(api: Here) -> None:
    for _ in range(2):
        await api.order()
    cursor = (await api.ask("GET", "/jobs", params={"limit": 1, "q": "lamp"})).json()["next_cursor"]
    assert (await api.ask("GET", "/jobs", params={"q": "lamp", "cursor": cursor})).status_code == 200
    other = cursor[:-1] + ("E" if cursor.endswith("A") else "A")
    broken = ["", "x", "\u00a4\x04", cursor[:-1], other, f".{cursor}", cursor.upper(), "a.b", "W10.W10"]
    for one in broken:
        refused(await api.ask("GET", "/jobs", params={"q": "lamp", "cursor": one}), 400, "invalid_cursor")
    refused(await api.ask("GET", "/jobs", params={"cursor": cursor}), 400, "invalid_cursor")
    other = api.app.state.doors.signer.sign("file", {"a": ["2026", "x"], "o": "local", "f": {"q": "lamp"}})
    refused(await api.ask("GET", "/jobs", params={"q": "lamp", "cursor": other}), 400, "invalid_cursor")


async def test_a_job_is_ended_goes_on_and_is_deleted(api: Here) -> None:
    job_id = await api.order()
    refused(await api.ask("DELETE", f"/jobs/{job_id}"), 409, "conflict")
    for _ in range(2):
        reply = await api.ask("POST", f"/jobs/{job_id}/cancel")
        assert (reply.status_code, reply.json()["status"]) == (200, "cancelled")
    problem = refused(await api.ask("POST", f"/jobs/{job_id}/retry"), 409, "conflict")
    assert problem["hint"] == f"`POST /api/v1/jobs/{job_id}/resume` does that"
    reply = await api.ask("POST", f"/jobs/{job_id}/resume")
    assert (reply.status_code, reply.json()["status"]) == (202, "pending")
    await api.made(job_id)
    refused(await api.ask("POST", f"/jobs/{job_id}/cancel"), 409, "conflict")
    gone = await api.ask("DELETE", f"/jobs/{job_id}")
    assert (gone.status_code, gone.json()["job_id"], gone.json()["files"] > 5) == (200, job_id, True)
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/video"), ("POST", "/cancel"), ("POST", "/approve")):
        refused(await api.ask(method, f"/jobs/{job_id}{path}"), 404, "not_found")


async def test_a_scene_is_made_anew_in_a_job_of_its_own(api: Here) -> None:
    parent = await api.made()
    refused(await api.ask("POST", f"/jobs/{parent}/scenes/5/regenerate"), 422, "invalid_request")
    headers = {"idempotency-key": "again"}
    first = await api.ask("POST", f"/jobs/{parent}/scenes/2/regenerate", headers=headers)
    again = await api.ask("POST", f"/jobs/{parent}/scenes/2/regenerate", headers=headers)
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (202, first.json(), "true")
    refused(await api.ask("POST", f"/jobs/{parent}/scenes/3/regenerate", headers=headers), 422, "idempotency_mismatch")
    child = first.json()["job_id"]
    assert (first.json()["parent_id"], first.headers["location"]) == (parent, first.json()["status_url"])
    await api.made(child)
    body = await api.job(child)
    assert [scene["take"] for scene in body["scenes"]] == [0, 1, 0, 0]
    made = {part["label"] for part in body["parts"] if part["state"] == "done"}
    assert "scene 2" in made
    assert "scene 3" not in made
    versions = (await api.job(parent))["children"]
    assert [(one["job_id"], one["change"]) for one in versions] == [(child, "scene 2 redone")]
    assert [one["job_id"] for one in body["ancestors"]] == [parent]


async def test_words_are_changed_in_a_job_of_its_own(api: Here) -> None:
    parent = await api.order()
    refused(await api.ask("POST", f"/jobs/{parent}/edits", json={"cta_text": "Go"}), 409, "conflict")
    await api.made(parent)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, ""), ({"cta_text": None}, ""), ({"order": [1, 2, 3, 3]}, ""), ({"scenes": [{"id": 1}]}, "/scenes/0"),
        ({"scenes": [{"id": 5, "headline": "x"}]}, "/scenes/0/id"), ({"nothing": 1}, "/nothing"),
        ({"scenes": [{"id": 1, "headline": "a"}, {"id": 1, "headline": "b"}]}, ""),
    ]  # fmt: skip
    for body, pointer in wrong:
        reply = await api.ask("POST", f"/jobs/{parent}/edits", json=body)
        assert reply.status_code == 422, reply.text
        assert pointer in [one["pointer"] for one in reply.json().get("errors", [{"pointer": ""}])]
    changes = {"cta_text": "Get yours", "order": [2, 1, 3, 4], "scenes": [{"id": 3, "headline": "Quiet"}]}
    reply = await api.ask("POST", f"/jobs/{parent}/edits", json=changes)
    assert reply.status_code == 202, reply.text
    child = await api.job(reply.json()["job_id"])
    assert child["script"]["cta"] == "Get yours"
    assert [(scene["id"], scene["headline"]) for scene in child["scenes"]][:3:2] == [
        (2, child["scenes"][0]["headline"]),
        (3, "Quiet"),
    ]
    refused(await api.ask("POST", f"/jobs/{parent}/edits", json={"style": "nope"}), 422, "unknown_style")
    paid = await api.ask("POST", f"/jobs/{parent}/edits", json={"voice_by": "elevenlabs"})
    refused(paid, 402, "max_cost_required")


async def test_a_script_is_read_changed_and_approved_before_anything_is_made(api: Here) -> None:
    job_id = await api.order(approval=True)
    refused(await api.ask("POST", f"/jobs/{job_id}/approve"), 409, "conflict")
    with pytest.raises(Exception, match="waits for approval"):
        await api.made(job_id)
    body = await api.job(job_id)
    assert (body["awaiting"], body["script"] is not None) == ("approval", True)
    script = body["script"]
    script["scenes"][0]["headline"] = "Brighter"
    reply = await api.ask("PUT", f"/jobs/{job_id}/script", json=script)
    assert (reply.status_code, reply.json()["script"]["scenes"][0]["headline"]) == (200, "Brighter")
    broken = script | {"scenes": script["scenes"][:3]}
    refused(await api.ask("PUT", f"/jobs/{job_id}/script", json=broken), 422, "invalid_request")
    twice = script | {"scenes": [script["scenes"][0]] * 4}
    refused(await api.ask("PUT", f"/jobs/{job_id}/script", json=twice), 422, "invalid_script")
    reply = await api.ask("POST", f"/jobs/{job_id}/approve")
    assert (reply.status_code, reply.json()["awaiting"]) == (202, None)
    await api.made(job_id)
    done = await api.job(job_id)
    assert (done["status"], done["scenes"][0]["headline"]) == ("completed", "Brighter")
    script["scenes"][1]["headline"] = "Calmer"
    reply = await api.ask("PUT", f"/jobs/{job_id}/script", json=script)
    assert (reply.status_code, reply.json()["parent_id"]) == (202, job_id)


async def test_who_changed_what_is_written_down(api: Here) -> None:
    job_id = await api.order()
    await api.ask("POST", f"/jobs/{job_id}/cancel")
    await api.ask("POST", f"/jobs/{job_id}/retry")
    await api.ask("POST", "/videos/generate", json={"product_name": ""})
    with Session(api.app.state.doors.engine) as session:
        rows = session.execute(select(AuditRow.action, AuditRow.target, AuditRow.outcome).order_by(AuditRow.id)).all()
    assert [tuple(row) for row in rows] == [
        ("job.create", job_id, "ok"), ("job.cancel", job_id, "ok"), ("job.retry", job_id, "refused"),
        ("job.create", "", "refused"),
    ]  # fmt: skip


async def test_jobs_of_others_look_like_none(tmp_path: Path) -> None:
    async with place(tmp_path) as opened:
        ann, ben = opened.key("ann"), opened.key("ben")
        made = await opened.ask("POST", "/api/v1/videos/generate", key=ann, json={"product_name": "Lamp"})
        job_id = made.json()["job_id"]
        for method, path in (
            ("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("POST", "/resume"), ("POST", "/approve"),
            ("DELETE", ""), ("POST", "/scenes/1/regenerate"),
        ):  # fmt: skip
            foreign = await opened.ask(method, f"/api/v1/jobs/{job_id}{path}", key=ben)
            nobody = await opened.ask(method, f"/api/v1/jobs/{'0' * 32}{path}", key=ben)
            bodies = [reply.text.replace(job_id, "ID").replace("0" * 32, "ID") for reply in (foreign, nobody)]
            assert foreign.status_code == 404
            assert bodies[0] == bodies[1]
        assert (await opened.ask("GET", "/api/v1/jobs", key=ben)).json()["items"] == []
        mine = await opened.ask("GET", "/api/v1/jobs", key=ann)
        assert [one["job_id"] for one in mine.json()["items"]] == [job_id]
        cursor = opened.app.state.doors.signer.sign("cursor", {"a": ["2026", "x"], "o": "ann", "f": {}})
        stolen = await opened.ask("GET", "/api/v1/jobs", key=ben, params={"cursor": cursor})
        refused(stolen, 400, "invalid_cursor")


async def test_an_edit_changes_the_version_of_what_it_is_an_edit_of(api: Here) -> None:
    parent = await api.made()
    tag = (await api.ask("GET", f"/jobs/{parent}")).headers["etag"]
    assert (await api.ask("GET", f"/jobs/{parent}", headers={"if-none-match": tag})).status_code == 304
    await api.ask("POST", f"/jobs/{parent}/edits", json={"music": "off"})
    new = await api.ask("GET", f"/jobs/{parent}", headers={"if-none-match": tag})
    assert (new.status_code, len(new.json()["children"])) == (200, 1)
