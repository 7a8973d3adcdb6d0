"""The tools, asked for by the official client."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image

from badapple.config import Settings, read_settings
from badapple.mcp.server import build


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "bottle.png"
    Image.new("RGB", (200, 300), (170, 90, 30)).save(path)
    return path


@asynccontextmanager
async def stdio(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of `badapple mcp`, a process of its own."""
    env = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LOG_DIR": str(tmp_path / "logs"),
        "BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip
    command = StdioServerParameters(command=sys.executable, args=["-m", "badapple", "mcp"], env=env)
    with (tmp_path / "stderr").open("w") as errors:
        async with Client(stdio_client(command, errlog=errors)) as client:
            yield client


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_an_agent_makes_an_ad(tmp_path: Path, photo: Path) -> None:
    told: list[tuple[float, str | None]] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        assert total == 100
        told.append((progress, message))

    async with stdio(tmp_path) as client:
        order = {"product_name": "Watch", "style": "luxury", "photo_path": str(photo), "draft": True}
        made = await client.call_tool("create_ad", {**order, "idempotency_key": "one"})
        job = made.structured_content["job_id"]
        twice = await client.call_tool("create_ad", {**order, "idempotency_key": "one"})
        assert twice.structured_content["job_id"] == job
        done = await client.call_tool("get_ad", {"job_id": job, "wait_seconds": 200}, progress_callback=progress)
        ad = done.structured_content
        assert (ad["status"], ad["progress"], ad["cost_usd"]) == ("completed", 100, 0)
        assert Path(ad["video"]).stat().st_size > 100_000
        link = next(block for block in done.content if block.type == "resource_link")
        assert link.uri == Path(ad["video"]).as_uri()
        assert [step for step, _ in told] == sorted(step for step, _ in told)
        assert "Analyzing product image..." in [message for _, message in told]
        gone = await client.call_tool("delete_ad", {"job_id": job})
        assert gone.structured_content["status"] == "deleted"
        assert not Path(ad["video"]).exists()
    assert all(json.loads(line) for line in (tmp_path / "stderr").read_text().splitlines())


async def test_the_tools_say_what_they_do(settings: Settings) -> None:
    async with Client(build(settings, local=True)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {
        "list_styles", "estimate_ad", "create_ad", "get_ad", "regenerate_scene", "cancel_ad", "delete_ad"
    }  # fmt: skip
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert tool.annotations is not None
    hints = {name: tool.annotations for name, tool in tools.items()}
    assert [name for name, hint in hints.items() if hint and hint.read_only_hint] == [
        "list_styles",
        "estimate_ad",
        "get_ad",
    ]
    assert [name for name, hint in hints.items() if hint and hint.destructive_hint] == ["cancel_ad", "delete_ad"]


async def test_vendors_are_paid_only_under_a_cap(settings: Settings, photo: Path) -> None:
    async with Client(build(settings, local=True)) as client:
        order = {"product_name": "Watch", "photo_path": str(photo)}
        priced = await client.call_tool("estimate_ad", order)
        assert 0.3 < priced.structured_content["estimate_usd"] < priced.structured_content["at_most_usd"] < 3
        assert (await refusal(client, "create_ad", {**order, "provider": "cloud"})).endswith(
            "max_cost_usd is missing. vendors are paid only under a cap; ask estimate_ad"
        )
        said = await refusal(client, "create_ad", {**order, "provider": "cloud", "max_cost_usd": 2})
        assert "ANTHROPIC_API_KEY" in said


async def test_what_cannot_be_used_is_said(settings: Settings, tmp_path: Path) -> None:
    async with Client(build(settings, local=True)) as client:
        assert "unknown style 'none'" in await refusal(client, "create_ad", {"product_name": "Watch", "style": "none"})
        assert "there is no job 'none'" in await refusal(client, "get_ad", {"job_id": "none"})
        missing = {"product_name": "Watch", "photo_path": str(tmp_path / "none.png")}
        assert "none.png" in await refusal(client, "create_ad", missing)
    async with Client(build(settings, local=False)) as client:
        there = {"product_name": "Watch", "photo_path": "/etc/passwd"}
        assert "photo_path names a file of the server's" in await refusal(client, "create_ad", there)


async def refusal(client: Client, tool: str, words: dict[str, Any]) -> str:
    result = await client.call_tool(tool, words)
    assert result.is_error
    return "".join(block.text for block in result.content if block.type == "text")
