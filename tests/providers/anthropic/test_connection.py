"""The client that a process shares."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.providers.anthropic.conftest import Desk


async def test_a_hundred_calls_share_a_few_connections(desk: Desk) -> None:
    for names in range(0, 100, 10):
        briefs = [replace(desk.brief, product_name=f"Cup {number}") for number in range(names, names + 10)]
        await asyncio.gather(*(desk.write(brief) for brief in briefs))
    assert len(desk.sent) >= 100
    assert len({request.connection for request in desk.sent}) <= 10
