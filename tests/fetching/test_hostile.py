"""No address that somebody gives leads into our own network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fetching.conftest import Names, Server, answer

from badapple.fetching import FetchError, Rules, fetch, send
from badapple.fetching.addresses import is_public

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = {"url", "address"}
NUMBERS = [
    # the machine itself, written in every way that some library understands
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1",
    "017700000001", "0177.0.0.01", "127.0.0.0x1", "127.000.000.001", "127.0.0.1.", "0", "0.0.0.0", "00000000",
    "0x0", "1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:7f00:1::]", "[2001::1]", "[::1%25lo]", "[::1%lo]",
    "[fe80::1%25eth0]", "[v1.127.0.0.1]", "127.0.0.1%00.example.com", "%31%32%37.0.0.1",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "１２７.0.0.1",  # noqa: RUF001
    # private, shared, link-local, metadata, multicast, reserved
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.254", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "[fc00::1]", "[fe80::1]", "[fec0::1]",
    "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "168.63.129.16", "192.0.0.192", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255",
]  # fmt: skip
NAMES = [
    "localhost", "LOCALHOST", "localhost.", "app.localhost", "localhost.localdomain", "redis", "postgres",
    "printer.local",
    "metadata.google.internal", "router.lan", "nas.home.arpa", "kubernetes.default.svc.cluster.local", "instance-data",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00adalhost",
    # names of the internet that lead here: the resolver of the test knows them
    "127.0.0.1.nip.example.com", "localtest.example.com", "six.example.com", "mapped.example.com", "mixed.example.com",
    "mixed-last.example.com", "zone.example.com", "nat64.example.com", "meta.example.com", "xn--bcher-kva.example.com",
    "bücher.example.com", "words.example.com",
]  # fmt: skip
SHAPES = [
    "http://example.com:443/", "https://example.com/a\r\nb", "https://exam\tple.com/", "https://example.com/\u202eb",
    "http://example.com:{port}/", "http://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x", "dict://127.0.0.1:{port}/", "data:image/png;base64,AAAA", "//127.0.0.1:{port}/",
    "127.0.0.1:{port}", "javascript:alert(1)", "https://", "https:///etc/passwd", "https://:{port}/", "",
    "https://example.com@127.0.0.1:{port}/", "https://user:pass@example.com:{port}/", "https://@localtest.example.com/",
    "https://127.0.0.1:{port}\\@example.com/", "https://example.com\\.127.0.0.1:{port}/", "https:\\\\127.0.0.1:{port}",
    "https://127.0.0.1:{port}#@example.com/", "https://127.0.0.1:{port}?@example.com/", "https://localhost:{port}/%2e",
    "https://exam ple.com/", " https://127.0.0.1:{port}/", "https://127.0.0.1:{port}/\r\nHost: example.com",
    "https://127.0.0.1\t:{port}/", "h\nttps://127.0.0.1:{port}/", "https://127.0.0.1:{port}0000/", "https://example.com:0/",
    "https://example.com:-1/", "https://example.com:22/", "https://example.com:8080/", "https://example.com:٤٤٣/",
    "https://[::1/", "https://::1]/", "https://[example.com]/", "https://exa..mple.com/", "https://-/", "https://./",
    "https://" + "a" * 64 + ".com/", "https://example.com/" + "a" * 5000, "https:127.0.0.1:{port}/",
    "https:/127.0.0.1/",
    "https://xn--a.example.com/", "https://a.b.127.0.0.256/", "https://1.2.3/", "https://example.com%2f@127.0.0.1/",
    "https://ex\u2044ample.com/", "https://\u202e127.0.0.1:{port}/", "https://127.0.0.1:{port}\u0000.example.com/",
]  # fmt: skip


def names() -> Names:
    """The internet of these tests: every name of it leads here."""
    public = "2fff::1"
    return Names(
        **{
            "127.0.0.1.nip.example.com": [["127.0.0.1"]], "localtest.example.com": [["127.0.0.1"]],
            "six.example.com": [["::1"]], "mapped.example.com": [["::ffff:127.0.0.1"]],
            "mixed.example.com": [["127.0.0.1", public]], "mixed-last.example.com": [[public, "127.0.0.1"]],
            "zone.example.com": [["fe80::1%lo"]], "nat64.example.com": [["64:ff9b::7f00:1"]],
            "meta.example.com": [["169.254.169.254"]], "xn--bcher-kva.example.com": [["127.0.0.1"]],
            "words.example.com": [["localhost"]], "example.com": [["127.0.0.1"]],
        }
    )  # fmt: skip


def urls(port: int) -> list[str]:
    hosts = [f"https://{host}:{port}/a.png" for host in (*NUMBERS, *NAMES)]
    return [*hosts, *(shape.replace("{port}", str(port)) for shape in SHAPES)]


def test_there_are_enough_of_them() -> None:
    assert len(set(urls(1))) >= 150


@pytest.mark.parametrize("number", range(len(urls(1))))
async def test_a_hostile_address_is_refused_before_anybody_is_connected_to(
    server: Server, tmp_path: Path, number: int
) -> None:
    url = urls(server.port)[number]
    rules = Rules(ports=(443, server.port), connect=1.0, seconds=3.0)
    with pytest.raises(FetchError) as caught:
        await fetch(url, tmp_path / "file", rules=rules, lookup=names())
    assert caught.value.why in REFUSED
    with pytest.raises(FetchError) as caught:
        await send(url, b"{}", headers={}, rules=rules, lookup=names())
    assert caught.value.why in REFUSED
    assert (server.connections, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localtest.example.com", "localhost"])
async def test_the_server_would_have_answered(server: Server, tmp_path: Path, host: str) -> None:
    place = f"{host}:{server.port}"
    lookup = Names(localtest_example_com=[["127.0.0.1"]], localhost=[["127.0.0.1"]])
    rules = Rules(private_hosts=(place,))
    await fetch(f"http://{place}/a.png", tmp_path / "file", rules=rules, lookup=lookup)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "https://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "https://localtest.example.com:{port}/",
        "https://[::1]:{port}/", "file:///etc/passwd", "ftp://example.com/", "https://user@example.com/", "https://0x7f.1:{port}/",
        "\\\\127.0.0.1\\",
        "https://2130706433:{port}/",
    ],
)  # fmt: skip
async def test_a_redirect_leads_no_further_than_an_address(server: Server, tmp_path: Path, target: str) -> None:
    target = target.replace("{port}", str(server.port))
    server.answers["/start"] = answer(b"", f"Location: {target}", status="302 Found")
    rules = Rules(private_hosts=(f"start.test:{server.port}",), ports=(443, server.port))
    lookup = names()
    lookup.table["start.test"] = [["127.0.0.1"]]
    with pytest.raises(FetchError) as caught:
        await fetch(f"http://start.test:{server.port}/start", tmp_path / "file", rules=rules, lookup=lookup)
    assert caught.value.why in REFUSED | {"status"}
    assert server.asked[0].startswith("GET /start")
    assert len(server.connections) == 1 + (caught.value.why == "status")


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_odd_address_is_refused_before_its_name_is_looked_up(
    server: Server, tmp_path: Path, shape: str
) -> None:
    lookup = names()
    with pytest.raises(FetchError):
        await fetch(shape.replace("{port}", str(server.port)), tmp_path / "file", rules=Rules(), lookup=lookup)
    assert lookup.asked == []


async def test_a_name_that_changes_its_mind_is_looked_up_once(server: Server, tmp_path: Path) -> None:
    nowhere = "2fff::1"  # public, and given to nobody
    lookup = Names(rebind_example_com=[[nowhere], ["127.0.0.1"]])
    rules = Rules(ports=(server.port,), connect=0.3, seconds=1.0)
    with pytest.raises(FetchError) as caught:
        await fetch(f"https://rebind.example.com:{server.port}/", tmp_path / "file", rules=rules, lookup=lookup)
    assert caught.value.why in {"network", "timeout"}  # it was gone to where it led when it was checked
    assert (lookup.asked, server.connections) == (["rebind.example.com"], [])


async def test_the_connection_goes_to_the_very_address_that_was_checked(server: Server, tmp_path: Path) -> None:
    lookup = Names(files_test=[["127.0.0.3"], ["127.0.0.1"]])
    place = f"files.test:{server.port}"
    await fetch(f"http://{place}/a", tmp_path / "file", rules=Rules(private_hosts=(place,)), lookup=lookup)
    assert (server.connections, lookup.asked) == (["127.0.0.3"], ["files.test"])


async def test_every_redirect_is_looked_up_anew(server: Server, tmp_path: Path) -> None:
    server.answers["/start"] = answer(b"", f"Location: https://turn.example.com:{server.port}/x", status="302 Found")
    lookup = Names(start_test=[["127.0.0.1"]], turn_example_com=[["127.0.0.1"], ["2fff::1"]])
    rules = Rules(private_hosts=(f"start.test:{server.port}",), ports=(server.port,))
    with pytest.raises(FetchError) as caught:
        await fetch(f"http://start.test:{server.port}/start", tmp_path / "file", rules=rules, lookup=lookup)
    assert (caught.value.why, len(server.connections)) == ("address", 1)


async def test_a_private_host_is_one_at_its_port_only(server: Server, tmp_path: Path) -> None:
    rules = Rules(private_hosts=(f"files.test:{server.port + 1}", "other.test"), ports=(server.port,))
    lookup = Names(files_test=[["127.0.0.1"]], sub_other_test=[["127.0.0.1"]])
    for host in ("files.test", "sub.other.test"):
        with pytest.raises(FetchError):
            await fetch(f"https://{host}:{server.port}/", tmp_path / "file", rules=rules, lookup=lookup)
    assert server.connections == []


async def test_the_usual_resolver_is_guarded_too(server: Server, tmp_path: Path) -> None:
    rules = Rules(private_hosts=(f"localhost:{server.port}",))
    await fetch(f"http://localhost:{server.port}/", tmp_path / "file", rules=rules)
    assert len(server.connections) == 1
    with pytest.raises(FetchError):
        await fetch(f"https://localhost:{server.port}/", tmp_path / "file", rules=Rules(ports=(server.port,)))
    assert len(server.connections) == 1


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["2606:4700::1111%eth0", "", "example.com", "1.1.1", "01.1.1.1"])
def test_what_is_no_plain_address_is_not(address: str) -> None:
    assert not is_public(address)
