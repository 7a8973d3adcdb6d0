"""A file arrives whole, of the kind and size that was asked for, from whom its name says."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.fetching.conftest import Names, Server, answer

from badapple.errors import DiskError, TooLargeError
from badapple.fetching import Fetched, FetchError, Rules, fetch, parse, send
from badapple.fetching.network import resolve

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


async def _fetch(server: Server, out: Path, path: str = "/a", **rules: Any) -> Fetched:
    place = f"127.0.0.1:{server.port}"
    return await fetch(f"http://{place}{path}", out, rules=Rules(private_hosts=(place,), **rules))


async def _fails(server: Server, out: Path, **rules: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await _fetch(server, out, **rules)
    assert list(out.parent.iterdir()) == []
    return caught.value


async def test_a_file_arrives_with_all_that_is_known_of_it(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"picture", "Content-Type: Image/PNG; charset=x")
    found = await _fetch(server, tmp_path / "deep" / "file")
    assert (tmp_path / "deep" / "file").read_bytes() == b"picture"
    assert (found.size, found.content_type) == (7, "image/png")
    assert found.sha256 == hashlib.sha256(b"picture").hexdigest()
    assert b"accept-encoding: identity" in server.heads[0].lower()


async def test_a_name_server_that_never_answers_holds_nobody_else_s_threads() -> None:
    loop, held = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    holding = loop.run_in_executor(None, held.wait, 20)
    try:
        async with asyncio.timeout(5):
            assert "127.0.0.1" in await resolve("localhost", 80)
    finally:
        held.set()
        await holding


async def test_a_redirect_is_followed_to_where_it_may_go(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"", "Location: b?x=1", status="301 Moved")
    found = await _fetch(server, tmp_path / "file")
    assert found.url.endswith("/b?x=1")


async def test_nobody_is_sent_in_circles(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"", "Location: /a", status="307 Again")
    error = await _fails(server, tmp_path / "file")
    assert (error.why, len(server.asked)) == ("redirect", 4)
    server.answers["/a"] = answer(b"", status="302 Found")
    assert (await _fails(server, tmp_path / "file")).why == "redirect"


@pytest.mark.parametrize("stated", [True, False])
async def test_a_file_may_only_be_so_large(server: Server, tmp_path: Path, stated: bool) -> None:  # noqa: FBT001
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.answers["/a"] = answer(b"x" * 101) if stated else [chunked, *[b"32\r\n" + b"x" * 50 + b"\r\n"] * 40]
    with pytest.raises(TooLargeError):
        await _fetch(server, tmp_path / "file", most=100)
    assert list(tmp_path.iterdir()) == []
    server.answers["/a"] = answer(b"x" * 100)
    await _fetch(server, tmp_path / "file", most=100)


async def test_nothing_is_unpacked(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(gzip.compress(b"0" * 1_000_000), "Content-Encoding: gzip")
    assert (await _fails(server, tmp_path / "file")).why == "type"


@pytest.mark.parametrize(
    ("kind", "taken"),
    [("image/png", True), ("image/webp", True), ("IMAGE/PNG", True), ("text/html", False), ("images/png", False)],
)
async def test_only_some_kinds_are_taken(server: Server, tmp_path: Path, kind: str, taken: bool) -> None:  # noqa: FBT001
    server.answers["/a"] = answer(b"x", f"Content-Type: {kind}")
    if taken:
        await _fetch(server, tmp_path / "file", types=("image/",))
    else:
        assert (await _fails(server, tmp_path / "file", types=("image/", "video/mp4"))).why == "type"


async def test_a_file_that_breaks_off_is_none(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"half", "Content-Length: 100")
    error = await _fails(server, tmp_path / "file")
    assert (error.why, error.transient) == ("network", True)


async def test_an_answer_that_is_no_http_is_none(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = b"SSH-2.0-OpenSSH_9\r\n\r\n"
    assert (await _fails(server, tmp_path / "file")).why == "network"


async def test_endless_headers_are_not_read(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 10_000 + b"\r\n"] * 200]
    assert (await _fails(server, tmp_path / "file")).why == "network"


@pytest.mark.parametrize("limits", [{"read": 0.1}, {"seconds": 0.3}])
async def test_a_slow_file_is_given_up(server: Server, tmp_path: Path, limits: dict[str, float]) -> None:
    server.pause = 0.15
    server.answers["/a"] = [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b"x"] * 10]
    error = await _fails(server, tmp_path / "file", **limits)
    assert (error.why, error.transient) == ("timeout", True)


async def test_a_failure_keeps_what_was_said(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"not today", "Retry-After: 7", status="503 Busy")
    error = await _fails(server, tmp_path / "file")
    assert (error.why, error.transient) == ("status", True)
    assert error.reply is not None
    assert (error.reply.status, error.reply.headers["retry-after"], error.reply.body) == (503, "7", b"not today")
    server.answers["/a"] = answer(b"", status="404 Gone")
    assert not (await _fails(server, tmp_path / "file")).transient


async def test_nobody_there_may_come_back(tmp_path: Path) -> None:
    rules = Rules(private_hosts=("127.0.0.1", "nobody.test"))
    for url in ("http://127.0.0.1:1/", "http://nobody.test/"):
        with pytest.raises(FetchError) as caught:
            await fetch(url, tmp_path / "file", rules=rules, lookup=Names())
        assert caught.value.transient


async def test_an_address_that_this_caller_does_not_know_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(b"", "Location: /b", status="302 Found")
    error = await _fails(server, tmp_path / "file", allow=lambda url: url.endswith("/a"))
    assert (error.why, len(server.asked)) == ("host", 1)


async def test_a_disk_that_cannot_be_written_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    with pytest.raises(DiskError):
        await _fetch(server, tmp_path / "file" / "below")


async def test_proxies_of_the_environment_are_not_asked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await _fetch(server, tmp_path / "file")
    assert len(server.connections) == 1


async def test_tls_is_spoken_with_the_name(serving_tls: Any, trust: ssl.SSLContext, tmp_path: Path) -> None:
    async with serving_tls("files.example.test") as server:
        place = f"files.example.test:{server.port}"
        rules, lookup = Rules(private_hosts=(place,)), Names(files_example_test=[["127.0.0.1"]])
        await fetch(f"https://{place}/a", tmp_path / "file", rules=rules, lookup=lookup, trust=trust)
    assert server.names == ["files.example.test"]
    assert f"host: {place}".encode() in server.heads[0].lower()


@pytest.mark.parametrize("known", [True, False])
async def test_a_certificate_must_be_of_that_name_and_of_an_authority(
    serving_tls: Any,
    trust: ssl.SSLContext,
    tmp_path: Path,
    known: bool,  # noqa: FBT001
) -> None:
    async with serving_tls("other.example.test") as server:
        host = "files.example.test" if known else "other.example.test"
        rules = Rules(private_hosts=(f"{host}:{server.port}",))
        with pytest.raises(FetchError, match="certificate"):
            await fetch(
                f"https://{host}:{server.port}/", tmp_path / "file", rules=rules,
                lookup=Names(**{host: [["127.0.0.1"]]}), trust=trust if known else None,
            )  # fmt: skip
    assert server.asked == []


async def test_the_next_address_of_a_name_is_tried(server: Server, tmp_path: Path) -> None:
    place = f"two.test:{server.port}"
    lookup = Names(two_test=[["2fff::1", "127.0.0.1"]])
    rules = Rules(private_hosts=(place,), connect=0.6)
    await fetch(f"http://{place}/a", tmp_path / "file", rules=rules, lookup=lookup)
    assert server.connections == ["127.0.0.1"]


async def test_a_message_is_sent_and_its_answer_comes_back_whatever_it_is(server: Server) -> None:
    server.answers["/hook"] = answer(b"no such " + b"y" * 1000, "Location: http://127.0.0.1/", status="302 Found")
    place = f"127.0.0.1:{server.port}"
    rules = Rules(private_hosts=(place,), most=10)
    reply = await send(f"http://{place}/hook", b'{"a":1}', headers={"X-A": "1"}, rules=rules)
    assert (reply.status, reply.body) == (302, b"no such yy")
    assert server.asked == ["POST /hook HTTP/1.1"]
    assert b"content-length: 7" in server.heads[0].lower()


async def test_an_endless_answer_to_a_message_is_not_read(server: Server) -> None:
    server.pause = 0.01
    server.answers["/hook"] = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 1000]
    place = f"127.0.0.1:{server.port}"
    rules = Rules(private_hosts=(place,), most=5, seconds=5.0)
    reply = await send(f"http://{place}/hook", b"{}", headers={}, rules=rules)
    assert (reply.status, reply.body) == (200, b"xxxxx")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", "/"),
        ("https://example.com?a=b", "/?a=b"),
        ("https://example.com/ü?ä=%20#part", "/%C3%BC?%C3%A4=%20"),
        ("https://example.com/a%0d%0ab", "/a%0d%0ab"),
    ],
)
def test_a_target_has_only_what_http_takes(url: str, target: str) -> None:
    assert parse(url, Rules()).target == target


@pytest.mark.parametrize(
    ("url", "host", "authority"),
    [
        ("https://EXAMPLE.com./", "example.com", "example.com"),
        ("https://bücher.example.com/", "xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("https://[2606:4700:0::1111]:443/", "2606:4700::1111", "[2606:4700::1111]"),
        ("https://under_score.example.com/", "under_score.example.com", "under_score.example.com"),
        ("https://1.1.1.1/", "1.1.1.1", "1.1.1.1"),
    ],
)
def test_a_host_is_read_in_one_way(url: str, host: str, authority: str) -> None:
    place = parse(url, Rules())
    assert (place.host, place.authority) == (host, authority)


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, port: int, asked: list[str]) -> None:
    """Be a proxy: whatever is asked for, lead to a port of this machine."""
    head = await reader.readuntil(b"\r\n\r\n")
    asked.append(head.decode())
    there, out = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

    async def copy(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                drain.write(piece)
                await drain.drain()
        drain.close()

    await asyncio.gather(copy(reader, out), copy(there, writer))


async def test_a_proxy_is_gone_through_where_it_is_named(
    serving_tls: Any, trust: ssl.SSLContext, tmp_path: Path
) -> None:
    asked: list[str] = []
    async with serving_tls("files.example.test") as server:
        serve = partial(_tunnel, port=server.port, asked=asked)
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
            address = f"http://me:secret@127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            rules = Rules(proxy=address, allow=lambda url: url.startswith("https://files.example.test/"))
            await fetch("https://files.example.test/a", tmp_path / "file", rules=rules, trust=trust)
    assert asked[0].startswith("CONNECT files.example.test:443 ")
    assert "proxy-authorization: basic" in asked[0].lower()
    assert server.names == ["files.example.test"]
