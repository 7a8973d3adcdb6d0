"""The tools over HTTP: the same keys, the same owners as everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.api.visiting import ROOT, Place, place
from tests.jobs.conftest import Hand

from badapple.access import READ, SCOPES, credentials


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:
        Hand(found.engine).job("ann-job-a", "processing", owner="ann", product_name="Her watch")
        yield found


@asynccontextmanager
async def agent(there: Place, key: str) -> AsyncIterator[Client]:
    """An agent with a key."""
    transport = httpx2.ASGITransport(app=there.app, client=("127.0.0.1", 40000))
    headers = {"authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(transport=transport, base_url=ROOT, headers=headers) as http,
        Client(streamable_http_client(f"{ROOT}/mcp", http_client=http)) as client,
    ):
        yield client


async def said(client: Client, tool: str, words: dict[str, Any]) -> str:
    result = await client.call_tool(tool, words)
    return "".join(block.text for block in result.content if block.type == "text")


async def test_an_agent_sees_what_its_owner_has(there: Place) -> None:
    async with agent(there, there.key("ann")) as client:
        assert len((await client.list_tools()).tools) == 7
        seen = await client.call_tool("get_ad", {"job_id": "ann-job-a"})
        assert seen.structured_content["product_name"] == "Her watch"
        made = await client.call_tool("create_ad", {"product_name": "Lamp", "draft": True})
        assert made.structured_content["status"] == "pending"
        ended = await client.call_tool("cancel_ad", {"job_id": made.structured_content["job_id"]})
        assert ended.structured_content["status"] == "cancelled"
    answer = await there.ask("GET", "/api/v1/jobs", key=there.key("ann"))
    assert {item["status"] for item in answer.json()["items"]} == {"processing", "cancelled"}


async def test_another_owner_cannot_tell_what_is_there(there: Place) -> None:
    async with agent(there, there.key("bob")) as client:
        for tool, words in (("get_ad", {}), ("cancel_ad", {}), ("delete_ad", {}), ("regenerate_scene", {"scene": 1})):
            foreign = await said(client, tool, {"job_id": "ann-job-a", **words})
            unknown = await said(client, tool, {"job_id": "ann-job-b", **words})
            assert foreign.replace("ann-job-a", "ann-job-b") == unknown
            assert "there is no job" in foreign
        assert "there is no upload" in await said(client, "create_ad", {"product_name": "X", "upload_id": "f" * 32})


async def test_a_key_that_only_reads_changes_nothing(there: Place) -> None:
    async with agent(there, there.key("ann", [READ])) as client:
        assert "Her watch" in await said(client, "get_ad", {"job_id": "ann-job-a"})
        for tool, words in (
            ("create_ad", {"product_name": "Lamp"}), ("cancel_ad", {"job_id": "ann-job-a"}),
            ("delete_ad", {"job_id": "ann-job-a"}), ("regenerate_scene", {"job_id": "ann-job-a", "scene": 1}),
        ):  # fmt: skip
            assert "this needs the scope jobs:write" in await said(client, tool, words)
    assert Hand(there.engine).row("ann-job-a").status == "processing"


async def test_strangers_are_refused(there: Place) -> None:
    revoked = there.key("ann", SCOPES)
    credentials.revoke(there.engine, credentials.authenticate(there.engine, revoked).actor, owner="ann")
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    for words in ({}, {"key": "ba_live_x"}, {"key": revoked}):
        answer = await there.ask("POST", "/mcp", json=call, headers={"accept": "application/json"}, **words)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    foreign = {"origin": "https://evil.example", "accept": "application/json"}
    answer = await there.ask("POST", "/mcp", json=call, headers=foreign, key=there.key("ann"))
    assert answer.status_code == 403
    assert (
        await there.ask("POST", "/mcp", json=call, root="http://evil.example", key=there.key("ann"))
    ).status_code == 421
