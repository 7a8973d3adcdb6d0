"""The shortest way through the studio: a photo, a draft, its page. The whole of it is `just studio-tests`."""

from __future__ import annotations

import pytest
from tests.studio.browser import making
from tests.studio.browser.served import Server
from tests.studio.browser.visiting import needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.timeout(300)]


async def test_a_photo_becomes_a_draft_in_a_browser(server: Server, patience: float) -> None:
    async with visiting(server.root, width=390) as visit:
        await making.fill(visit.page, "Solenne")
        found = {"front": await visit.faults()}
        job_id = await making.send(visit.page)
        await making.underway(visit.page, patience)
        found["running"] = await visit.faults()
        await making.ready(visit.page, patience)
        found["done"] = await visit.faults()
        assert {page: faults for page, faults in found.items() if faults} == {}
        assert visit.told == []
    assert server.job(job_id)["status"] == "completed"
