"""Files come from where they may, whole, of the right size and kind, and without the key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.providers.replicate.conftest import FLUX, Desk

from badapple.errors import MediaError, PermanentProviderError, TransientProviderError
from badapple.fetching import FetchError
from badapple.providers.replicate.client import Timeouts
from badapple.providers.replicate.download import CLIP, PICTURE, _failed, _proxy, download, is_allowed
from badapple.testing.simulators import Fault

HERE = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("url", "base_url", "allowed"),
    [
        ("https://replicate.delivery/a.mp4", "", True),
        ("https://xezq.replicate.delivery/a.mp4", "", True),
        ("https://replicate.delivery:443/a.mp4", HERE, True),
        ("http://replicate.delivery/a.mp4", "", False),
        ("https://replicate.delivery:8443/a.mp4", "", False),
        ("https://evilreplicate.delivery/a.mp4", "", False),
        ("https://replicate.delivery.evil.test/a.mp4", "", False),
        ("https://user@replicate.delivery/a.mp4", "", False),
        ("https://api.replicate.com/v1/files/a", "", False),
        (f"{HERE}/delivery/a.mp4", HERE, True),
        (f"{HERE}/delivery/a.mp4", "", False),
        ("http://127.0.0.1:9001/a.mp4", HERE, False),
        ("http://localhost:9000/a.mp4", HERE, False),
        ("http://vendor.test/a.mp4", "http://vendor.test", False),
        ("https://vendor.test:8443/a.mp4", "https://vendor.test:8443", True),
        ("https://vendor.test/a.mp4", "https://vendor.test:8443", False),
        ("http://169.254.169.254/latest/meta-data", "", False),
        ("file:///etc/passwd", "", False),
        ("https://[broken", "", False),
        ("", "", False),
    ],
)
def test_only_known_hosts_are_asked(url: str, base_url: str, allowed: bool) -> None:  # noqa: FBT001
    assert is_allowed(url, base_url=base_url) is allowed


async def _link(desk: Desk) -> str:
    inputs: dict[str, Any] = {"prompt": "soft light", "output_format": "png", "megapixels": "0.25"}
    return (await desk.client(Timeouts()).create(FLUX, inputs, cancel_after=60, wait=5)).link


async def test_a_file_arrives_whole_and_the_key_stays_home(desk: Desk) -> None:
    out = desk.folder / "deep" / "picture.png"
    await desk.client().download(await _link(desk), out, media=PICTURE)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.parent.iterdir()) == ["picture.png"]
    (asked,) = desk.asked("file")
    assert "authorization" not in asked.headers


async def _fails(desk: Desk, kind: type[Exception], *, media: Any = PICTURE, file: float = 2.0, **fault: Any) -> Any:
    link = await _link(desk)
    desk.fail(Fault(route="file", **fault))
    out: Path = desk.folder / "picture.png"
    with pytest.raises(kind) as caught:
        await desk.client(Timeouts(file=file)).download(link, out, media=media)
    assert list(desk.folder.iterdir()) == []
    return caught.value


async def test_a_file_that_breaks_off_is_a_broken_network(desk: Desk) -> None:
    error = await _fails(desk, TransientProviderError, truncate=5000, drop="after")
    assert error.reason == "network"


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_file_that_is_gone_is_lost(desk: Desk, status: int) -> None:
    error = await _fails(desk, PermanentProviderError, status=status)
    assert (error.reason, error.status_code) == ("lost", status)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_host_in_trouble_is_asked_again(desk: Desk, status: int) -> None:
    await _fails(desk, TransientProviderError, status=status)


async def test_a_page_is_no_picture(desk: Desk) -> None:
    await _fails(desk, MediaError, does="wrong_media")
    await _fails(desk, MediaError, media=CLIP)


async def test_a_file_may_only_be_so_large(desk: Desk) -> None:
    error = await _fails(desk, MediaError, media=replace(PICTURE, limit=4000))
    assert "MB" in str(error)


async def test_a_file_may_only_take_so_long(desk: Desk) -> None:
    error = await _fails(desk, TransientProviderError, drip=20_000, file=0.2)
    assert error.reason == "timeout"


async def test_a_file_may_lie_one_step_further_on_a_known_host(desk: Desk) -> None:
    link = await _link(desk)
    desk.fail(Fault(route="file", nth=(1,), status=302, headers={"location": link}))
    await desk.client().download(link, desk.folder / "picture.png", media=PICTURE)
    assert len(desk.asked("file")) == 2


@pytest.mark.parametrize("elsewhere", ["http://169.254.169.254/secret", "https://evil.test/a.png", "//127.0.0.2:1/a"])
async def test_nobody_sends_us_to_an_unknown_host(desk: Desk, elsewhere: str) -> None:
    error = await _fails(desk, MediaError, status=302, headers={"location": elsewhere})
    assert "no place of Replicate's" in str(error)


async def test_nobody_sends_us_in_circles(desk: Desk) -> None:
    link = await _link(desk)
    desk.fail(Fault(route="file", status=307, headers={"location": link}))
    with pytest.raises(MediaError, match="more than 3 times"):
        await desk.client().download(link, desk.folder / "picture.png", media=PICTURE)


@pytest.mark.parametrize(
    ("named", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://out.test:3128"}, "http://out.test:3128"),
        ({"ALL_PROXY": "out.test:3128"}, "http://out.test:3128"),
        ({"https_proxy": "http://out.test:3128", "no_proxy": "replicate.delivery"}, None),
        ({"http_proxy": "http://out.test:3128"}, None),
    ],
)
def test_the_proxy_of_the_environment_leads_to_replicate(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], proxy: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert _proxy("https://replicate.delivery/a.mp4") == proxy


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.png", "http://localhost:1/a.png"])
async def test_a_host_that_is_not_there_may_come_back(desk: Desk, url: str) -> None:
    with pytest.raises(TransientProviderError) as caught:
        await download(url, desk.folder / "a.png", media=PICTURE, base_url=url.removesuffix("/a.png"), seconds=5)
    assert caught.value.reason == "network"


def test_a_name_that_leads_astray_may_lead_right_again() -> None:
    error = _failed(FetchError("it leads home", why="address"), PICTURE)
    assert isinstance(error, TransientProviderError)
