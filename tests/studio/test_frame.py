"""What every page has: where to go, light or dark, and what needs scripts says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.visiting import ROOT, Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ
from badapple.studio.bundle import Bundle, Script
from badapple.studio.pages import THEME, Studio

OWN = {"origin": ROOT, "sec-fetch-site": "same-origin"}
PAGES = {"/": "New", "/library": "Library", "/variants": "Variants", "/settings": "Settings", "/ads/j": "Library"}


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, listening_host="127.0.0.1") as found:
        found.app.state.studio = Studio(bundle=Bundle({}))
        Hand(found.engine).job("j", "pending", owner="local", product_name="Lamp", group_id="g1")
        yield found


async def test_each_page_says_where_one_is(there: Place) -> None:
    for path, name in PAGES.items():
        page = (await there.ask("GET", path)).text
        here = re.findall(r'aria-current="page">.*?<span>(\w+)</span>', page)
        assert here == [name], path
        assert re.search(r'<a class="skip" href="#main">', page)


@pytest.mark.parametrize("path", ["/variants", "/settings"])
async def test_what_needs_scripts_says_so(there: Place, path: str) -> None:
    assert "need scripts" in (await there.ask("GET", path)).text
    built = Bundle({path[1:]: Script(src="/studio/built/x.js")})
    there.app.state.studio = Studio(bundle=built)
    assert re.search(r"<noscript>.*need scripts.*</noscript>", (await there.ask("GET", path)).text, re.DOTALL)


async def test_variants_made_before_are_found_again(there: Place) -> None:
    page = (await there.ask("GET", "/variants")).text
    assert 'href="/variants/g1"' in page
    group = await there.ask("GET", "/variants/g1")
    assert "/ads/j" in group.text
    assert (await there.ask("GET", "/variants/none")).status_code == 404


async def test_groups_and_settings_of_others_are_not_seen(tmp_path: Path) -> None:
    async with place(tmp_path) as guarded:
        Hand(guarded.engine).job("j", "pending", owner="ann", product_name="Secret Lamp", group_id="g1")
        bob, ann = guarded.key("bob"), guarded.key("ann", [READ])
        assert (await guarded.ask("GET", "/variants/g1", key=bob)).status_code == 404
        assert "Secret" not in (await guarded.ask("GET", "/variants", key=bob)).text
        assert "Secret Lamp" in (await guarded.ask("GET", "/variants/g1", key=ann)).text
        told = (await guarded.ask("GET", "/settings", key=ann)).text
        assert 'data-may="no" data-admin="no"' in told


class TestTheme:
    """Light, dark, or as the system says."""

    async def test_a_choice_is_there_in_the_first_paint(self, there: Place) -> None:
        async with there.visitor() as visitor:
            form = {"theme": "dark", "back": "/library?q=x"}
            answer = await visitor.post("/theme", data=form, headers=OWN)
            assert (answer.status_code, answer.headers["location"]) == (303, "/library?q=x")
            page = (await visitor.get("/library")).text
            assert '<html lang="en" data-theme="dark">' in page
            assert 'name="color-scheme" content="dark"' in page
            assert re.search(r'value="dark" aria-pressed="true"', page)
            await visitor.post("/theme", data={"theme": "system"}, headers=OWN)
            assert "data-theme" not in (await visitor.get("/library")).text

    async def test_a_cookie_of_somebody_s_is_no_markup(self, there: Place) -> None:
        page = await there.ask("GET", "/", headers={"cookie": f'{THEME}="><script>'})
        assert "data-theme" not in page.text

    @pytest.mark.parametrize(
        "back", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nx: y", "", "a"]
    )
    async def test_it_leads_back_to_this_server_alone(self, there: Place, back: str) -> None:
        answer = await there.ask("POST", "/theme", data={"theme": "light", "back": back}, headers=OWN)
        assert answer.headers["location"] == "/"

    async def test_a_long_search_is_no_mistake(self, there: Place) -> None:
        deep = "/library?q=" + "%F0%9F%94%A5" * 100 + "&cursor=" + "a" * 4000  # the second page of it
        for back, leads in ((deep, deep), (f"/{'a' * 9000}", "/")):
            answer = await there.ask("POST", "/theme", data={"theme": "dark", "back": back}, headers=OWN)
            assert (answer.status_code, answer.headers["location"]) == (303, leads)

    @pytest.mark.parametrize("path", ["/api/v1/sign-in", "/docs", "/problems", "/problems/not_found"])
    async def test_pages_beside_the_studio_are_like_it(self, tmp_path: Path, path: str) -> None:
        async with place(tmp_path) as guarded:
            for theme, scheme in (("dark", "dark"), ("light", "light"), ("", "light dark"), ('"><b>', "light dark")):
                page = await guarded.ask("GET", path, headers={"cookie": f"{THEME}={theme}"})
                assert f'<meta name="color-scheme" content="{scheme}">' in page.text
                own_sheet = "/studio/looks/studio.css" in page.text  # which goes by the attribute
                assert (f'<html lang="en" data-theme="{theme}">' in page.text) == (
                    own_sheet and theme in {"dark", "light"}
                )
            assert "color-scheme" not in (await guarded.ask("GET", "/docs.css")).text  # it would win over the page's

    async def test_nobody_has_to_sign_in_for_it(self, tmp_path: Path) -> None:
        async with place(tmp_path) as guarded:
            answer = await guarded.ask("POST", "/theme", data={"theme": "dark"}, headers=OWN)
            assert (answer.status_code, THEME in answer.headers["set-cookie"]) == (303, True)
            page = await guarded.ask("GET", "/", headers={"cookie": f"{THEME}=dark"})
            assert (page.status_code, 'data-theme="dark"' in page.text) == (401, True)
