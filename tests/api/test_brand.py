"""The brand kit over the API."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from sqlalchemy.orm import Session
from tests.api.calling import AD, Here, here, picture, refused

from badapple.api.routes.brand import FontName
from badapple.database import Job
from badapple.jobs import orders
from badapple.media.branding import FONTS

KIT = {
    "name": "Aurora", "colours": {"accent": "#0b5fff", "ink": "#0a1a3a", "ground": "#f4f1ea"}, "font": "anton",
    "cta_text": "Visit aurora.example", "forbidden": ["cheap"],
}  # fmt: skip


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


async def put(api: Here, **kit: Any) -> dict[str, Any]:
    reply = await api.ask("PUT", "/brand", json={**KIT, **kit})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


async def logo(api: Here) -> str:
    image = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    image.paste((255, 0, 255, 255), (50, 20, 250, 80))
    out = io.BytesIO()
    image.save(out, "PNG")
    reply = await api.ask("POST", "/uploads", files={"file": ("logo.png", out.getvalue(), "image/png")})
    return str(reply.json()["upload_id"])


def kept(api: Here, job_id: str) -> orders.JobOrder:
    with Session(api.app.state.doors.engine) as session:
        return orders.of_row(session.get_one(Job, job_id))


async def test_before_there_is_a_kit_it_is_empty_and_says_what_there_is_to_choose(api: Here) -> None:
    body = (await api.ask("GET", "/brand")).json()
    assert body["colours"] == {"accent": None, "ink": None, "ground": None}
    assert (body["logo_url"], body["updated_at"], body["contrast"], body["forbidden"]) == (None, None, [], [])
    assert {font["name"] for font in body["fonts"]} == set(FONTS) == set(get_args(FontName))
    refused(await api.ask("GET", "/brand/logo"), 404, "not_found")


async def test_a_kit_is_put_and_read_back(api: Here) -> None:
    told = await put(api)
    assert (await api.ask("GET", "/brand")).json() == told
    assert {name: told[name] for name in KIT} == KIT
    assert [(one["pair"], one["good"]) for one in told["contrast"]] == [
        ("ink on ground", True), ("button words on accent", False), ("button on ground", True),
    ]  # fmt: skip
    assert (told["contrast"][1]["front"], told["contrast"][1]["drawn"]) == ("#0a1a3a", "#ffffff")
    empty = (await api.ask("PUT", "/brand", json={})).json()
    assert (empty["name"], empty["font"], empty["cta_text"]) == ("", None, "")


async def test_the_logo_is_seen_kept_and_taken_away(api: Here) -> None:
    upload = await logo(api)
    url = (await put(api, logo_upload_id=upload))["logo_url"]
    assert (await api.ask("DELETE", f"/uploads/{upload}")).status_code == 204
    reply = await api.ask("GET", url)
    assert reply.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(reply.content)) as image:
        assert (image.size, image.mode) == ((300, 100), "RGBA")
    assert (await put(api, name="Other"))["logo_url"] == url
    assert (await put(api, logo_upload_id=None))["logo_url"] is None
    refused(await api.ask("GET", "/brand/logo"), 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"font": "papyrus"}, {"colours": {"accent": "red"}}, {"colours": {"paper": "#ffffff"}}, {"cta_text": "x" * 61},
        {"forbidden": ["x"] * 101}, {"forbidden": [" "]}, {"logo_upload_id": "x"}, {"slogan": "Yes"}, {"name": "a\nb"},
    ],
)  # fmt: skip
async def test_what_cannot_be_used_is_refused(api: Here, change: dict[str, Any]) -> None:
    refused(await api.ask("PUT", "/brand", json={**KIT, **change}), 422, "invalid_request")
    assert (await api.ask("GET", "/brand")).json()["updated_at"] is None


async def test_a_call_to_action_that_the_kit_itself_forbids_is_refused(api: Here) -> None:
    reply = await api.ask("PUT", "/brand", json={**KIT, "cta_text": "Cheap now"})
    assert "says 'cheap'" in refused(reply, 422, "invalid_input")["detail"]
    reply = await api.ask("PUT", "/brand", json={**KIT, "logo_upload_id": "0" * 32})
    refused(reply, 404, "not_found")


async def test_an_ad_is_made_in_the_kit_unless_it_is_asked_for_without(api: Here) -> None:
    await put(api, logo_upload_id=await logo(api))
    with_kit = kept(api, await api.order(cta_text=""))
    assert with_kit.options.brand is not None
    assert (with_kit.options.brand.accent, with_kit.cta_text) == ("#0b5fff", "Visit aurora.example")
    assert set(with_kit.files) == {"logo"}
    assert kept(api, await api.order(cta_text="Mine")).cta_text == "Mine"
    without = kept(api, await api.order(brand=False))
    assert (without.options.brand, without.files) == (None, {})
    form = await api.ask("POST", "/videos/generate", data=AD | {"brand": "false"}, files={"product_image": picture()})
    assert set(kept(api, form.json()["job_id"]).files) == {"photo"}


async def test_an_ad_whose_words_the_kit_forbids_is_refused_and_made_without_it(api: Here) -> None:
    await put(api)
    ad = AD | {"product_name": "Cheap Lamp"}
    for path in ("/videos/generate", "/estimate"):
        told = refused(await api.ask("POST", path, json=ad), 422, "invalid_input")
        assert "the product name says 'cheap'" in told["detail"]
    assert (await api.ask("POST", "/videos/generate", json=ad | {"brand": False})).status_code == 202


async def test_a_finished_ad_shows_the_logo_and_says_who_made_it(api: Here) -> None:
    await put(api, logo_upload_id=await logo(api))
    body = await api.job(await api.made())
    assert body["status"] == "completed"
    assert "logo" in {part["label"] for part in body["parts"]}
