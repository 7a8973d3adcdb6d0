"""The studio without a script: forms, pages, links."""

from __future__ import annotations

import html
import io
import json
import re
import shutil
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from PIL import Image
from tests.api.visiting import ROOT, Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ
from badapple.api.schemas import GenerateForm
from badapple.jobs.files import FILES
from badapple.jobs.leftovers import folder_name
from badapple.studio.bundle import Bundle, Folder, read_bundle
from badapple.studio.pages import Studio

HOSTILE = """<script>alert("x")</script>'"><img src=x onerror=alert(1)>"""
OWN = {"origin": ROOT, "sec-fetch-site": "same-origin"}
QA = {
    "verdict": {"hard": [], "soft": ["the voice is quiet"]},
    "measured": {
        "picture": {
            "info": {
                "width": 1080, "height": 1920, "fps": "30", "duration": 30.0, "codec": "h264", "audio_codec": "aac",
                "size": 9_400_000,
            },
            "black": [], "frozen": [[1, 2]],
        },
        "sound": {"loudness": -14.0, "true_peak": -1.6, "silences": []},
        "caption_offsets_ms": [-69.9, 12.0],
    },
}  # fmt: skip


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, listening_host="127.0.0.1") as found:
        found.app.state.studio = Studio(bundle=Bundle({}))
        yield found


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:
        yield found


@cache
def photo() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((1200, 1200), 90).save(data, "jpeg", quality=98)
    assert len(data.getvalue()) > 2**20  # more than a body without a photo may have
    return data.getvalue()


async def order(there: Place, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    """Send the form as a browser does."""
    words = {"product_name": "Aurora", "style": "tech", "cta_text": "", "provider": "offline", "once": "p1", **fields}
    files = {"product_image": ("lamp.jpg", photo(), "image/jpeg")}
    return await there.ask("POST", "/videos/generate", data=words, files=files, headers=headers or OWN)


def parts_of(fields: dict[str, str | list[str]]) -> list[tuple[str, tuple[None, str]]]:
    """Return fields as the parts of a form that holds no file."""
    pairs = [(name, one) for name, value in fields.items() for one in ([value] if isinstance(value, str) else value)]
    return [(name, (None, one)) for name, one in pairs]


def text_of(page: str) -> str:
    """Return what people read on a page."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


class TestOrdering:
    """The form for a new ad."""

    async def test_a_form_makes_a_job_and_leads_to_its_page(self, there: Place) -> None:
        answer = await order(there, draft="true", cta_text="Buy it")
        assert answer.status_code == 303
        job_id = answer.headers["location"].removeprefix("/ads/")
        job = (await there.ask("GET", f"/api/v1/jobs/{job_id}")).json()
        told = (job["product_name"], job["style"], job["cta_text"], job["has_photo"], job["options"]["canvas"]["width"])
        assert told == ("Aurora", "tech", "Buy it", True, 270)

    async def test_the_same_page_sent_twice_makes_one_job(self, there: Place) -> None:
        first, second, changed = [await order(there, cta_text=cta) for cta in ("A", "A", "B")]
        assert first.headers["location"] == second.headers["location"] != changed.headers["location"]

    async def test_a_page_of_a_name_that_is_none_orders_all_the_same(self, there: Place) -> None:
        assert (await order(there, once="\0'")).status_code == 303

    async def test_what_is_wrong_stands_beside_what_was_filled_in(self, there: Place) -> None:
        answer = await order(there, product_name=" ", cta_text="Keep me", style="luxury")
        assert answer.status_code == 422
        assert 'aria-describedby="product_name-wrong"' in answer.text
        assert 'value="Keep me"' in answer.text
        assert re.search(r'value="luxury" checked', answer.text)
        assert (await there.ask("GET", "/api/v1/jobs")).json()["items"] == []

    async def test_a_photo_that_is_none_is_refused_on_the_page(self, there: Place) -> None:
        files = {"product_image": ("x.jpg", b"no picture at all", "image/jpeg")}
        answer = await there.ask("POST", "/videos/generate", data={"product_name": "X"}, files=files, headers=OWN)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
        assert 'role="alert"' in answer.text

    async def test_pages_of_others_order_nothing(self, there: Place) -> None:
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site", "origin": ROOT}):
            assert (await order(there, headers)).status_code == 403
        assert (await there.ask("GET", "/api/v1/jobs")).json()["items"] == []

    async def test_a_body_that_is_no_form_is_refused(self, there: Place) -> None:
        answer = await there.ask("POST", "/videos/generate", json={"product_name": "X"}, headers=OWN)
        assert answer.status_code == 415


class TestForm:
    """All that the form holds, without a script."""

    async def test_every_field_of_it_reaches_the_job(self, there: Place) -> None:
        words: dict[str, str | list[str]] = {
            "product_name": "Aurora", "style": "luxury", "cta_text": "Buy it", "say": "aw roar a", "language": "en",
            "facts": ["Folds flat", "", "Ten hours of light"], "music": "off", "captions": "false", "approval": "true",
            "provider": "offline", "voice_by": "offline", "script_by": "", "video_by": "", "cta_by": "",
            "max_cost_usd": "", "on_vendor_failure": "fail", "once": "p9",
        }  # fmt: skip
        answer = await there.ask("POST", "/videos/generate", files=parts_of(words), headers=OWN)
        assert answer.status_code == 303
        options = (await there.ask("GET", f"/api/v1/jobs/{answer.headers['location'][5:]}")).json()["options"]
        told = [options[name] for name in ("facts", "say", "music", "captions", "approval")]
        assert told == [["Folds flat", "Ten hours of light"], "aw roar a", "off", False, True]

    async def test_a_photo_that_nobody_chose_is_none(self, there: Place) -> None:
        kind = "multipart/form-data; boundary=X"
        body = (
            '--X\r\nContent-Disposition: form-data; name="product_name"\r\n\r\nWords\r\n'
            '--X\r\nContent-Disposition: form-data; name="product_image"; filename=""\r\n'  # as browsers send it
            "Content-Type: application/octet-stream\r\n\r\n\r\n--X--\r\n"
        )
        answer = await there.ask("POST", "/videos/generate", content=body, headers={**OWN, "content-type": kind})
        assert answer.status_code == 303
        assert not (await there.ask("GET", f"/api/v1/jobs/{answer.headers['location'][5:]}")).json()["has_photo"]

    async def test_it_holds_what_the_api_takes(self, there: Place) -> None:
        page = (await there.ask("GET", "/")).text
        form = page[page.index('id="maker"') : page.index('id="library"')]
        names = set(re.findall(r'<(?:input|select)\b[^>]*\sname="([^"]+)"', form))
        assert names - {"once", "product_image"} <= set(GenerateForm.model_fields)
        assert {"facts", "say", "language", "music", "captions", "voice_by", "provider", "max_cost_usd"} <= names

    async def test_what_is_not_set_up_is_named_and_cannot_be_chosen(self, there: Place) -> None:
        page = (await there.ask("GET", "/")).text
        for title in ("Claude", "ElevenLabs", "Replicate"):
            assert f"<b>{title}</b>" in page
        assert re.search(r'name="voice_by" value="elevenlabs"[^>]* disabled', page)
        assert 'href="/settings#keys"' in page

    async def test_an_order_that_nobody_capped_says_so_at_its_field(self, there: Place) -> None:
        answer = await order(there, provider="cloud", facts="Folds flat")
        page = answer.text
        assert answer.status_code >= 400
        assert re.search(r'id="summary"[^>]* autofocus', page)
        assert '<a href="#cap">' in page
        assert re.search(r'id="cap"[^>]*aria-describedby="cap-hint max_cost_usd-wrong" aria-invalid="true"', page)
        assert 'value="Folds flat"' in page
        assert re.search(r'name="provider" value="cloud" checked', page)

    async def test_a_sample_is_offered_until_there_is_an_ad(self, there: Place) -> None:
        assert 'class="new-sample"' in (await there.ask("GET", "/")).text
        Hand(there.engine).job("j", "pending", owner="local")
        assert 'class="new-sample"' not in (await there.ask("GET", "/")).text

    async def test_a_brand_kit_is_used_unless_it_is_left_out(self, there: Place) -> None:
        assert 'name="brand"' not in (await there.ask("GET", "/")).text
        await there.ask("PUT", "/api/v1/brand", json={"name": "Aurora", "cta_text": "Visit us"}, headers=OWN)
        page = (await there.ask("GET", "/")).text
        assert re.search(r'name="brand" value="true" checked', page)
        assert 'placeholder="Visit us"' in page


class TestPages:
    """One page for each state of an ad."""

    async def test_one_that_waits_asks_again_and_can_be_cancelled(self, there: Place) -> None:
        Hand(there.engine).job("j", "pending", owner="local")
        page = (await there.ask("GET", "/ads/j")).text
        assert '<meta http-equiv="refresh"' in page
        assert 'action="/ads/j/cancel"' in page
        assert 'action="/ads/j/delete"' not in page

    async def test_one_that_is_made_says_how_far_it_is(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.tell(hand.job("j", "processing", owner="local"), "It goes on", progress=40)
        hand.change("j", progress=40)
        page = (await there.ask("GET", "/ads/j")).text
        assert 'value="40"' in page
        assert "40 percent done" in text_of(page)

    async def test_one_that_failed_says_why_what_it_cost_and_what_to_do(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.end(hand.job("j", owner="local"), "failed")
        failure = {
            "hint": "try another photo, then `badapple jobs retry j`",
            "charged": 420_000,
            "possibly_charged": 10_000,
        }
        hand.change("j", error_message="Asset generation failed: refused", failure=failure)
        page = (await there.ask("GET", "/ads/j")).text
        for words in (
            "Asset generation failed: refused",
            'Try another photo, then "Try again".',
            "It cost $0.42",
            "still charge $0.01",
        ):
            assert words in text_of(page)
        assert 'action="/ads/j/retry"' in page
        assert "http-equiv" not in page

    async def test_one_that_is_done_shows_the_video_and_what_was_measured(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.end(hand.job("j", owner="local"), "completed")
        video = there.app.state.doors.settings.data_dir / "videos" / folder_name("j") / "watch.mp4"
        video.parent.mkdir(parents=True)
        for kind in FILES.values():
            video.with_name(f"watch{kind.ending}").write_text(json.dumps(QA))
        hand.change("j", video_url=str(video))
        page = (await there.ask("GET", "/ads/j")).text
        assert 'src="/api/v1/jobs/j/video?direct=false"' in page
        assert page.count(" download>") == 7
        told = text_of(page)
        for words in (
            "1080 x 1920, 30 frames per second, 30.0 s",
            "0 black and 1 frozen",
            "right for social feeds (-14.0 LUFS",
            "within 70 ms",
        ):
            assert words in told
        assert "the voice is quiet" in told
        assert (await there.ask("GET", "/api/v1/jobs/j/video?direct=false")).status_code == 200
        assert (await there.ask("GET", "/")).text.count("/api/v1/jobs/j/poster?direct=false") == 1

    async def test_its_buttons_do_what_they_say(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.job("j", "pending", owner="local")
        for verb, status in (("cancel", "cancelled"), ("resume", "pending"), ("cancel", "cancelled")):
            answer = await there.ask("POST", f"/ads/j/{verb}", headers=OWN)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/ads/j")
            assert (await there.ask("GET", "/api/v1/jobs/j")).json()["status"] == status
        answer = await there.ask("POST", "/ads/j/delete", headers=OWN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/library")
        assert (await there.ask("GET", "/ads/j")).status_code == 404

    async def test_a_button_that_fits_no_more_says_so_on_a_page(self, there: Place) -> None:
        Hand(there.engine).job("j", "pending", owner="local")
        answer = await there.ask("POST", "/ads/j/retry", headers=OWN)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "text/html; charset=utf-8")

    async def test_buttons_on_pages_of_others_do_nothing(self, there: Place) -> None:
        Hand(there.engine).job("j", "pending", owner="local")
        answer = await there.ask("POST", "/ads/j/cancel", headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert (await there.ask("GET", "/api/v1/jobs/j")).json()["status"] == "pending"


class TestGuard:
    """What keeps people and pages apart."""

    @pytest.mark.parametrize("path", ["/", "/ads/j"])
    async def test_whoever_is_not_known_is_told_how_to_sign_in(self, guarded: Place, path: str) -> None:
        answer = await guarded.ask("GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert 'action="/api/v1/sign-in"' in answer.text

    async def test_ads_of_others_look_like_none(self, guarded: Place) -> None:
        Hand(guarded.engine).job("secret", "pending", owner="ann", product_name="Secret Lamp")
        bob = guarded.key("bob")
        foreign, unknown = [await guarded.ask("GET", f"/ads/{name}", key=bob) for name in ("secret", "nobody")]
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text.replace("secret", "nobody") == unknown.text
        assert "Secret Lamp" not in (await guarded.ask("GET", "/", key=bob)).text
        assert "Secret Lamp" in (await guarded.ask("GET", "/", key=guarded.key("ann"))).text

    async def test_whoever_may_only_look_gets_no_buttons(self, guarded: Place) -> None:
        Hand(guarded.engine).job("j", "pending", owner="ann")
        key = guarded.key("ann", [READ])
        assert 'action="/ads/' not in (await guarded.ask("GET", "/ads/j", key=key)).text
        assert (await guarded.ask("POST", "/ads/j/cancel", key=key)).status_code == 403

    async def test_names_are_words_wherever_they_stand(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.end(hand.job("j", owner="local", product_name=HOSTILE, cta_text=HOSTILE, style=HOSTILE), "failed")
        hand.change("j", error_message=HOSTILE, failure={"hint": HOSTILE})
        pages = [await there.ask("GET", path) for path in ("/", "/ads/j", "/library", f"/library?q={HOSTILE[:40]}")]
        pages.append(await order(there, product_name=HOSTILE * 3, style=HOSTILE[:60]))
        for page in pages:
            assert "&lt;script&gt;alert(" in page.text
            assert "<script>" not in page.text
            assert "<img src=x" not in page.text

    async def test_nothing_on_a_page_needs_a_laxer_policy(self, there: Place) -> None:
        hand = Hand(there.engine)
        hand.end(hand.job("done", owner="local"), "failed")
        hand.job("live", "processing", owner="local")
        for path in ("/", "/library", "/variants", "/settings", "/ads/done", "/ads/live", "/ads/none", "/s/none"):
            page = await there.ask("GET", path)
            policy = page.headers["content-security-policy"]
            assert "script-src 'self'; style-src 'self';" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", page.text)
            assert page.headers["cache-control"] == "no-store"
            for address in re.findall(r'(?:href|src)="(/studio/[^"]+)"', page.text):
                assert (await there.ask("GET", address)).status_code == 200


class TestBundle:
    """The scripts, where they were built."""

    async def test_pages_name_the_scripts_that_were_built(self, there: Place, tmp_path: Path) -> None:
        manifest = {
            "_s.js": {"file": "s-1.js", "name": "s"},
            "src/run.tsx": {"file": "run-2.js", "name": "run", "isEntry": True, "imports": ["_s.js"]},
        }
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        Hand(there.engine).job("j", "pending", owner="local")
        there.app.state.studio = Studio(bundle=read_bundle(tmp_path))
        page = (await there.ask("GET", "/ads/j")).text
        assert '<script type="module" src="/studio/built/run-2.js"></script>' in page
        assert '<link rel="modulepreload" href="/studio/built/s-1.js">' in page
        assert re.search(r'<noscript><meta http-equiv="refresh"', page)
        assert "<script" not in (await there.ask("GET", "/")).text

    async def test_scripts_that_are_built_anew_are_named_at_once(self, there: Place, tmp_path: Path) -> None:
        there.app.state.studio = Studio(bundle=Folder(tmp_path / "built"))
        for script in ("", "a", "b", "", "c"):
            shutil.rmtree(tmp_path / "built", ignore_errors=True)  # as the builder does
            if script:
                (tmp_path / "built").mkdir()
                chunk = {"file": f"{script}.js", "name": "library", "isEntry": True}
                (tmp_path / "built" / "manifest.json").write_text(json.dumps({"src/library.ts": chunk}))
            page = (await there.ask("GET", "/library")).text
            assert re.findall(r'src="/studio/built/(\w)\.js"', page) == [*script]
            assert ('class="late' in page) == bool(script)

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"a": {"isEntry": true}}', '{"a": 1}'])
    def test_a_manifest_that_cannot_be_read_is_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "manifest.json").write_text(text)
        assert read_bundle(tmp_path) == Bundle({})

    async def test_what_was_not_built_is_not_there(self, there: Place) -> None:
        for path in ("/studio/built/x.js", "/studio/built/../routes.py", "/studio/looks/routes.py"):
            assert (await there.ask("GET", path)).status_code == 404


async def test_what_a_browser_loads_is_sent_small(tmp_path: Path) -> None:
    async with place(tmp_path, listening_host="127.0.0.1") as api:
        page = await api.ask("GET", "/")
        sheet = re.search(r'href="(/studio/looks/studio\.css[^"]*)"', page.text)
        assert sheet is not None
        for path in ("/", sheet[1]):
            small, whole = [
                await api.ask("GET", path, headers={"accept-encoding": coding}) for coding in ("gzip", "identity")
            ]
            assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
            assert "content-encoding" not in whole.headers
            assert int(small.headers["content-length"]) < len(whole.content) / 3
