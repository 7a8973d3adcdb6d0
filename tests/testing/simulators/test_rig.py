"""The three simulators together: environment, restart, state, clock, latency."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from badapple.config import read_settings
from badapple.errors import ConfigError
from badapple.testing.simulators import Clock, Fault, Simulators

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., httpx.Response]

_FLUX = "black-forest-labs/flux-schnell"


def post(sims: Simulators, prompt: str = "soft") -> httpx.Response:
    headers = {"authorization": f"Bearer {sims.environment()['REPLICATE_API_TOKEN']}"}
    address = f"{sims.address('replicate')}/v1/models/{_FLUX}/predictions"
    return httpx.post(address, json={"input": {"prompt": prompt}}, headers=headers)


def test_the_settings_read_the_environment(sims: Simulators) -> None:
    vendors = read_settings(sims.environment()).vendors
    assert {name: access.base_url for name, access in vendors.items()} == {name: sims.address(name) for name in vendors}
    assert all(access.key is not None for access in vendors.values())


def test_a_restart_keeps_port_charges_and_predictions(sims: Simulators, create: Ask, ask: Ask) -> None:
    name, address = create(_FLUX, prompt="soft").json()["id"], sims.address("replicate")
    sims.restart("replicate")
    assert sims.address("replicate") == address
    assert len(sims.charges) == 1
    sims.clock.advance(seconds=1)
    with httpx.Client() as fresh:
        headers = {"authorization": "Bearer r8_simulated"}
        assert fresh.get(f"{address}/v1/predictions/{name}", headers=headers).json()["status"] == "succeeded"


def test_a_restart_cuts_what_is_under_way(sims: Simulators, create: Ask) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", nth=(1,), does="hang_after")])
    ended: list[Exception] = []

    def wait() -> None:
        try:
            create(_FLUX, prompt="soft")
        except httpx.TransportError as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not sims.charges:
        time.sleep(0.01)
    sims.restart("replicate")
    waiting.join(5)
    assert [type(error) for error in ended] == [httpx.RemoteProtocolError]
    assert create(_FLUX, prompt="soft").status_code == 201
    assert len(sims.charges) == 2


def test_a_new_one_goes_on_from_the_state_of_the_old(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with Simulators(state=state) as first:
        name, environment = post(first).json()["id"], first.environment()
        before = first.charges
    with Simulators(state=state) as second:
        assert second.environment() == environment
        assert second.charges == before
        assert [one.id for one in second.replicate.predictions] == [name]
        assert post(second).json()["id"] != name
        assert second.total("replicate") == 6000


def test_it_can_be_looked_at_after_its_end() -> None:
    with Simulators(faults=[Fault(route="create", does="failed")]) as sims:
        post(sims)
    sims.clock.advance(seconds=1)
    assert [(charge.amount, charge.refunded) for charge in sims.charges] == [(0, 3000)]
    with pytest.raises(httpx.ConnectError):
        post(sims)


def test_two_run_side_by_side(sims: Simulators) -> None:
    with Simulators() as other:
        assert set(other.environment().values()) & set(sims.environment().values()) == {
            value for name, value in sims.environment().items() if "KEY" in name or "TOKEN" in name
        }
        assert post(other).json()["id"] != post(sims).json()["id"]
        assert len(other.charges) == len(sims.charges) == 1


def test_the_clock_can_run_faster() -> None:
    clock = Clock(speed=100, now=1000.0)
    time.sleep(0.02)
    assert clock.now() >= 1002
    clock.advance(seconds=50)
    assert clock.now() >= 1052


def test_latencies_are_used_up_in_order(sims: Simulators) -> None:
    sims.latency.set({_FLUX: [10, 20], "tts": 3})
    assert [sims.latency.of(_FLUX) for _ in range(3)] == [10, 20, 20]
    assert (sims.latency.of("tts"), sims.latency.of("messages"), sims.latency.of("minimax/video-01")) == (3, 0, 0.3)


@pytest.mark.parametrize("bad", [{"tts": -1}, {"tts": []}, {"tts": "soon"}, {"ttts": 1}])
def test_a_latency_that_makes_no_sense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Simulators(latency=bad)


async def test_it_serves_a_client_in_the_same_thread(sims: Simulators) -> None:
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{sims.address('anthropic')}/v1/models")
    assert reply.status_code == 401
