"""Keys of vendors and caps that are set while the server runs: used at once, told to nobody."""

from __future__ import annotations

import logging
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from tests.api.calling import AD, Here, here, refused
from tests.api.visiting import V1, Place, place
from tests.jobs.making import Works

from badapple.access import ADMIN, READ, WRITE
from badapple.config import read_settings
from badapple.costs import budget
from badapple.database.transactions import again
from badapple.errors import BadappleError
from badapple.jobs import settings as setting
from badapple.process import in_thread
from badapple.telemetry import logs
from badapple.testing.simulators import Fault, Simulators

KEYS = {"anthropic": "ANTHROPIC_API_KEY", "elevenlabs": "ELEVENLABS_API_KEY", "replicate": "REPLICATE_API_TOKEN"}
CANARIES = {"anthropic": "canary-of-claude-01", "elevenlabs": "canary+of=voices/02", "replicate": 'canary"of\\clips03'}
BOUGHT = AD | {"provider": "cloud", "cta_by": "offline", "max_cost_usd": 3}


#: Says whether the event loop's own thread loads a vendor's package.
_LOADING = """
import asyncio, sys, threading
from badapple.config import read_settings
from badapple.jobs import settings as setting

class Seen:
    def find_spec(self, name, path=None, target=None):
        if name == "anthropic._client":
            print("here" if threading.current_thread() is threading.main_thread() else "aside")

sys.meta_path.insert(0, Seen())
here = {"BADAPPLE_DATA_DIR": sys.argv[1], "ANTHROPIC_API_KEY": "sk-ant-none", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
print("ok" if asyncio.run(setting.ask(read_settings(here), "anthropic")).ok else "fail")
"""


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


def addresses(sims: Simulators) -> dict[str, str]:
    """Return where the vendors are; not the keys."""
    return {name: value for name, value in sims.environment().items() if name.endswith("_URL")}


@pytest.fixture
async def api(tmp_path: Path, sims: Simulators) -> AsyncIterator[Here]:
    async with here(tmp_path, **addresses(sims)) as opened:
        yield opened


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as opened:
        yield opened


def good(sims: Simulators) -> dict[str, str]:
    """Return the keys that the vendors know."""
    return {vendor: sims.environment()[variable] for vendor, variable in KEYS.items()}


async def typed(api: Here, **keys: str) -> None:
    for vendor, key in keys.items():
        answer = await api.ask("PUT", f"/settings/keys/{vendor}", json={"key": key})
        assert answer.status_code == 200, answer.text


async def shown(api: Here, vendor: str) -> dict[str, Any]:
    settings = (await api.ask("GET", "/settings")).json()
    (found,) = [one for one in settings["providers"] if one["name"] == vendor]
    return dict(found)


class TestKeys:
    """Keys that are typed in."""

    async def test_what_there_is_and_what_it_is_for(self, api: Here) -> None:
        settings = (await api.ask("GET", "/settings")).json()
        assert {one["name"]: (one["variable"], one["used_for"]) for one in settings["providers"]} == {
            "anthropic": ("ANTHROPIC_API_KEY", ["script"]),
            "elevenlabs": ("ELEVENLABS_API_KEY", ["voice"]),
            "replicate": ("REPLICATE_API_TOKEN", ["video", "cta"]),
        }
        for one in settings["providers"]:
            assert (one["configured"], one["source"], one["writable"], one["usable"]) == (False, None, True, False)
            assert one["lacks"] == f"{one['variable']} is not set"
        assert settings["sandbox"]["level"] in {"bubblewrap", "limits"}
        assert settings["secrets_file"] == {"problem": None, "hint": None}

    async def test_one_is_kept_for_its_owner_alone_and_removed_again(self, api: Here) -> None:
        answer = await api.ask("PUT", "/settings/keys/replicate", json={"key": f" {CANARIES['replicate']}\r\n"})
        assert answer.json() == await shown(api, "replicate")
        assert (answer.json()["source"], answer.json()["usable"], answer.json()["lacks"]) == ("file", True, None)
        path = api.settings.data_dir / "secrets.toml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        key = api.settings.vendors["replicate"].key
        assert key is not None
        assert key.reveal() == CANARIES["replicate"]
        for _ in range(2):  # the second time there is nothing to do
            answer = await api.ask("DELETE", "/settings/keys/replicate")
            assert (answer.status_code, answer.json()["configured"]) == (200, False)
        assert "canary" not in path.read_text()

    async def test_the_environment_wins_and_is_not_changed_here(self, tmp_path: Path) -> None:
        async with here(tmp_path, ELEVENLABS_API_KEY="sk_of_the_environment") as api:
            found = await shown(api, "elevenlabs")
            assert (found["source"], found["writable"]) == ("environment", False)
            assert found["locked_because"] == "ELEVENLABS_API_KEY is set in the environment, which wins"
            for method, body in (("PUT", {"key": "sk_another_one"}), ("DELETE", None)):
                problem = refused(await api.ask(method, "/settings/keys/elevenlabs", json=body), 409, "conflict")
                assert problem["hint"]
            assert not (tmp_path / "data" / "secrets.toml").exists()

    @pytest.mark.parametrize(
        "body", [{}, {"key": ""}, {"key": "short"}, {"key": "with a blank in it"}, {"key": "é" * 20}, {"key": 12345678}]
    )
    async def test_what_is_no_key_is_refused_and_not_repeated(self, api: Here, body: dict[str, Any]) -> None:
        answer = await api.ask("PUT", "/settings/keys/replicate", json=body)
        refused(answer, 422, "invalid_request")
        assert str(body.get("key") or "nothing") not in answer.text
        assert not (api.settings.data_dir / "secrets.toml").exists()

    async def test_a_vendor_that_there_is_not_is_refused(self, api: Here) -> None:
        refused(await api.ask("PUT", "/settings/keys/nobody", json={"key": "12345678"}), 422, "invalid_request")

    async def test_a_file_that_others_can_read_is_told_and_not_written(self, api: Here) -> None:
        await typed(api, **CANARIES)
        path = api.settings.data_dir / "secrets.toml"
        path.chmod(0o644)
        settings = (await api.ask("GET", "/settings")).json()
        assert "others can read it (mode 0644)" in settings["secrets_file"]["problem"]
        assert "chmod 600" in settings["secrets_file"]["hint"]
        assert {one["configured"] for one in settings["providers"]} == {False}
        problem = refused(
            await api.ask("PUT", "/settings/keys/replicate", json={"key": "r8_a_new_one"}), 409, "conflict"
        )
        assert "chmod 600" in problem["hint"]
        path.chmod(0o600)
        assert (await shown(api, "anthropic"))["configured"]

    async def test_the_next_job_of_a_worker_that_runs_already_buys_with_it(
        self, api: Here, sims: Simulators, tmp_path: Path
    ) -> None:
        own = {"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")}
        workers = [Works(api.settings, sims), Works(read_settings(own | addresses(sims)), sims)]  # two processes' worth
        refused(await api.ask("POST", "/videos/generate", json=BOUGHT), 409, "vendor_not_available")
        await typed(api, **good(sims))
        for number, works in enumerate(workers):
            works.bought()
            job = await api.order(**BOUGHT | {"product_name": f"Lamp {number}"})
            await in_thread(works.run, job)
            assert set(works.bought()) == set(KEYS)
        await api.ask("DELETE", "/settings/keys/replicate")
        refused(await api.ask("POST", "/videos/generate", json=BOUGHT), 409, "vendor_not_available")


class TestTrying:
    """Free questions to vendors."""

    async def test_each_vendor_is_asked_for_free(self, api: Here, sims: Simulators) -> None:
        await typed(api, **good(sims))
        seen = 0
        for vendor, word in (
            ("anthropic", "claude"),
            ("elevenlabs", "characters left"),
            ("replicate", "the key works"),
        ):
            answer = (await api.ask("POST", f"/settings/providers/{vendor}/test")).json()
            assert answer["ok"], answer
            assert (word in answer["detail"], answer["hint"]) == (True, None)
            asked = {request.vendor for request in sims.requests[seen:]}
            assert asked == {vendor}
            seen = len(sims.requests)
        assert sims.charges == ()

    async def test_without_a_key_nobody_is_asked(self, api: Here, sims: Simulators) -> None:
        answer = (await api.ask("POST", "/settings/providers/replicate/test")).json()
        assert answer == {"ok": False, "detail": "REPLICATE_API_TOKEN is not set", "hint": "set its key first"}
        assert sims.requests == ()

    @pytest.mark.parametrize("vendor", list(KEYS))
    async def test_a_wrong_key_is_told_with_something_to_do(self, api: Here, sims: Simulators, vendor: str) -> None:
        await typed(api, **CANARIES)
        answer = (await api.ask("POST", f"/settings/providers/{vendor}/test")).json()
        assert (answer["ok"], bool(answer["detail"]), bool(answer["hint"])) == (False, True, True)

    async def test_a_new_key_is_asked_with_at_once(self, api: Here, sims: Simulators) -> None:
        await typed(api, replicate="r8_a_wrong_one")
        first = (await api.ask("POST", "/settings/providers/replicate/test")).json()
        await typed(api, **good(sims))
        second = (await api.ask("POST", "/settings/providers/replicate/test")).json()
        assert (first["ok"], second["ok"]) == (False, True)

    def test_packages_are_loaded_while_others_are_served(self, tmp_path: Path) -> None:
        told = run([sys.executable, "-c", _LOADING, str(tmp_path)], capture_output=True, text=True, check=True)
        assert told.stdout.split() == ["aside", "fail"]

    async def test_one_that_does_not_answer_is_given_up(self, api: Here, sims: Simulators) -> None:
        await typed(api, **good(sims))
        sims.set_faults([Fault(delay=30)])
        began = time.monotonic()
        found = await setting.ask(api.settings, "replicate", seconds=0.5)
        assert (found.ok, "did not answer within" in found.detail) == (False, True)
        assert time.monotonic() - began < 10


class TestCaps:
    """Caps of an owner's own."""

    async def test_they_are_kept_and_the_lower_one_holds(self, tmp_path: Path) -> None:
        env = {"BADAPPLE_MAX_COST": "2", "BADAPPLE_MAX_COST_DAY": "10"}
        async with here(tmp_path, **env) as api:
            answer = await api.ask("PUT", "/settings/caps", json={"job_usd": 0.5, "daily_usd": 20})
            assert answer.status_code == 200, answer.text
        async with here(tmp_path, **env) as api:
            caps = (await api.ask("GET", "/settings")).json()["caps"]
            assert caps == answer.json()
            assert caps == {
                "job_usd": 0.5, "daily_usd": 20.0, "configured_job_usd": 2.0, "configured_daily_usd": 10.0,
                "effective_job_usd": 0.5, "effective_daily_usd": 10.0, "spent_today_usd": 0.0, "writable": True,
            }  # fmt: skip
            caps = (await api.ask("PUT", "/settings/caps", json={"job_usd": None})).json()
            assert (caps["job_usd"], caps["daily_usd"], caps["effective_job_usd"]) == (None, None, 2.0)

    @pytest.mark.parametrize(
        "body",
        [{"job_usd": -1}, {"job_usd": "1"}, {"daily_usd": 1e9}, {"daily_usd": False}, {"most": 1}],
    )
    async def test_what_is_no_amount_is_refused(self, api: Here, body: dict[str, Any]) -> None:
        refused(await api.ask("PUT", "/settings/caps", json=body), 422, "invalid_request")

    async def test_an_ad_above_them_is_refused_before_anything_is_bought(self, api: Here, sims: Simulators) -> None:
        await typed(api, **good(sims))
        await api.ask("PUT", "/settings/caps", json={"job_usd": 0.01})
        problem = refused(await api.ask("POST", "/videos/generate", json=BOUGHT), 402, "over_budget")
        assert "the cap is $0.01" in problem["detail"]
        await api.ask("PUT", "/settings/caps", json={"daily_usd": 0.01})
        problem = refused(await api.ask("POST", "/videos/generate", json=BOUGHT), 429, "daily_cap")
        assert "of today's $0.01 are left" in problem["detail"]
        await api.ask("PUT", "/settings/caps", json={})
        assert await api.order(**BOUGHT)
        assert sims.charges == ()

    async def test_one_that_is_lowered_holds_for_a_job_that_waits(self, api: Here, sims: Simulators) -> None:
        await typed(api, **good(sims))
        job = await api.order(**BOUGHT)
        await api.ask("PUT", "/settings/caps", json={"job_usd": 0.05})
        with pytest.raises(BadappleError, match=r"the cap of \$0\.05"):
            await in_thread(Works(api.settings, sims).run, job)
        assert sum(charge.amount for charge in sims.charges) <= 50_000

    async def test_they_say_nothing_of_buying(self, api: Here, sims: Simulators) -> None:
        await typed(api, **good(sims))
        await api.ask("PUT", "/settings/caps", json={"job_usd": 3})
        fields = {name: value for name, value in BOUGHT.items() if name != "max_cost_usd"}
        refused(await api.ask("POST", "/videos/generate", json=fields), 402, "max_cost_required")
        job = await api.order()
        await in_thread(Works(api.settings, sims).run, job)
        assert sims.charges == ()

    async def test_they_are_of_one_owner(self, there: Place) -> None:
        ann, bob = there.key("ann"), there.key("bob")
        day = budget.day_scope(datetime.now(UTC).date(), "ann")
        again(there.engine, lambda session: budget.reserve(session, {day: None}, 250_000))
        await there.ask("PUT", f"{V1}/settings/caps", key=ann, json={"job_usd": 1})
        found = {}
        for name, key in (("ann", ann), ("bob", bob)):
            caps = (await there.ask("GET", f"{V1}/settings", key=key)).json()["caps"]
            found[name] = (caps["job_usd"], caps["spent_today_usd"])
        assert found == {"ann": (1.0, 0.25), "bob": (None, 0.0)}


class TestWho:
    """Who may."""

    async def test_only_who_runs_the_server_changes_what_is_everybody_s(self, there: Place) -> None:
        asked = (
            ("PUT", "keys/replicate", {"key": "r8_of_somebody_else"}), ("DELETE", "keys/replicate", None),
            ("POST", "providers/replicate/test", None),
        )  # fmt: skip
        for owner, scope, status in (
            ("ann", ADMIN, 403),
            ("local", WRITE, 403),
            ("local", READ, 403),
            ("local", ADMIN, 200),
        ):
            key = there.key(owner, [scope])
            for method, path, body in asked:
                answer = await there.ask(method, f"{V1}/settings/{path}", key=key, json=body)
                assert answer.status_code == status, (owner, scope, path, answer.text)
            settings = (await there.ask("GET", f"{V1}/settings", key=key)).json()
            assert {one["writable"] for one in settings["providers"]} == {status == 200}
            assert {bool(one["locked_because"]) for one in settings["providers"]} == {status != 200}

    async def test_readers_set_no_caps(self, there: Place) -> None:
        for scope, status in ((READ, 403), (WRITE, 403), (ADMIN, 200)):
            key = there.key("ann", [scope])
            answer = await there.ask("PUT", f"{V1}/settings/caps", key=key, json={"job_usd": 1})
            assert answer.status_code == status
            caps = (await there.ask("GET", f"{V1}/settings", key=key)).json()["caps"]
            assert caps["writable"] is (status == 200)

    async def test_what_is_for_the_operator_is_not_told_to_others(self, there: Place) -> None:
        path = there.app.state.doors.settings.data_dir / "secrets.toml"
        path.write_text("")
        path.chmod(0o644)
        for owner, told in (("ann", False), ("local", True)):
            settings = (await there.ask("GET", f"{V1}/settings", key=there.key(owner))).json()
            assert bool(settings["secrets_file"]["problem"]) is told
            assert (str(path) in str(settings)) is told

    async def test_it_is_written_down(self, api: Here) -> None:
        await typed(api, replicate=CANARIES["replicate"])
        await api.ask("POST", "/settings/providers/replicate/test")
        await api.ask("PUT", "/settings/caps", json={"job_usd": 1.5})
        await api.ask("DELETE", "/settings/keys/replicate")
        await api.ask("PUT", "/settings/keys/replicate", json={"key": "no"})
        rows = (await api.ask("GET", "/audit")).json()["items"]
        told = [(row["action"], row["target"], row["outcome"]) for row in reversed(rows)]
        assert told == [
            ("settings.key", "replicate", "ok"), ("settings.test", "replicate", "ok"), ("settings.caps", "", "ok"),
            ("settings.key", "replicate", "ok"), ("settings.key", "replicate", "refused"),
        ]  # fmt: skip
        assert rows[2]["facts"]["job_usd"] == 1.5
        assert rows[1]["facts"]["removed"] is True


async def test_a_key_that_was_typed_in_is_found_nowhere_but_in_its_file(
    api: Here, sims: Simulators, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    undo = logs.set_up(folder=tmp_path / "logs", stderr=True, level=logging.DEBUG)
    said = []

    async def ask(method: str, path: str, **words: Any) -> None:
        answer = await api.ask(method, path, **words)
        said.append(f"{answer.headers} {answer.text}")

    try:
        for vendor, key in CANARIES.items():
            for body in ({"key": key}, {"key": f"{key} {key}"}, {"key": [key]}, {"key": key, "x": key}, {"name": key}):
                await ask("PUT", f"/settings/keys/{vendor}", json=body)
            await ask("PUT", f"/settings/keys/{vendor}", content=f'{{"key": "{key}'.encode())
        for vendor, key in CANARIES.items():
            sims.set_faults([Fault(vendor=vendor, status=401, body={"detail": f"{key} is wrong: Bearer {key}"})])  # type: ignore[arg-type]
            await ask("POST", f"/settings/providers/{vendor}/test")
            job = await api.order(**BOUGHT | {"product_name": f"Watch of {vendor}"})
            with pytest.raises(BadappleError) as failed:
                await in_thread(Works(api.settings, sims).run, job)
            said.append(f"{failed.value} {failed.value.hint} {failed.value.__cause__!r}")
            for path in (f"/jobs/{job}", f"/jobs/{job}/events", "/audit", "/settings", "/models"):
                await ask("GET", path)
    finally:
        undo()
    held = {path: path.read_bytes().decode("latin1") for path in tmp_path.rglob("*") if path.is_file()}
    secrets = held.pop(api.settings.data_dir / "secrets.toml")
    assert {"badapple.db", logs.FILE} <= {path.name for path in held}
    everything = {"the answers": "\n".join(said), "the terminal": str(capfd.readouterr())}
    everything |= {str(path): text for path, text in held.items()}
    forms = {form for key in CANARIES.values() for form in (key, key.replace("\\", "\\\\").replace('"', '\\"'))}
    assert [where for where, text in everything.items() for form in forms if form in text] == []
    assert secrets.count("canary") == len(CANARIES)
    assert "[secret]" in everything["the answers"]
