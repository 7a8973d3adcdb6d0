"""The button that signs out."""

from __future__ import annotations

from pathlib import Path

from tests.api.visiting import ROOT, place


async def test_it_ends_the_session_and_leaves_no_pictures_in_the_browser(tmp_path: Path) -> None:
    async with place(tmp_path) as there, there.visitor(headers={"origin": ROOT}) as visitor:
        came = await visitor.post("/api/v1/sign-in", data={"key": there.key("ann")})
        assert (came.status_code, (await visitor.get("/library")).status_code) == (303, 200)
        left = await visitor.post("/sign-out")
        assert (left.status_code, left.headers["location"]) == (303, "/")
        assert left.headers["clear-site-data"] == '"cache"'  # as the API's own
        assert (await visitor.get("/library")).status_code == 401
