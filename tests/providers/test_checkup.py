"""The look at vendors: free calls, and every fault named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from badapple.config import Settings, read_settings
from badapple.providers.checkup import Checkup, check_up
from badapple.testing.simulators import Fault, Simulators


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        yield running


def settings(sims: Simulators, folder: Path, **changes: str) -> Settings:
    own = {"BADAPPLE_DATA_DIR": str(folder / "data"), "BADAPPLE_CACHE_DIR": str(folder / "cache")}
    return read_settings(own | sims.environment() | changes)


async def look(sims: Simulators, folder: Path, *faults: Fault, **changes: str) -> list[Checkup]:
    sims.set_faults(faults)
    found = await check_up(settings(sims, folder, **changes))
    assert sims.charges == ()
    return found


async def test_all_is_well_and_nothing_is_charged(sims: Simulators, tmp_path: Path) -> None:
    found = await look(sims, tmp_path)
    assert {checkup.state for checkup in found} == {"ok"}
    text = " ".join(checkup.detail for checkup in found)
    for word in ("claude-haiku-5-5", "claude-sonnet-5-5", "characters left", "hailuo-2.3-fast", "ltx-2.3-fast", "flux"):
        assert word in text


async def test_a_vendor_without_a_key_is_no_fault(sims: Simulators, tmp_path: Path) -> None:
    found = await look(sims, tmp_path, ANTHROPIC_API_KEY="", ELEVENLABS_API_KEY="", REPLICATE_API_TOKEN="")
    assert [(checkup.state, "is not set" in checkup.detail) for checkup in found] == [("ok", True)] * 3
    assert sims.requests == ()


@pytest.mark.parametrize("vendor", ["anthropic", "elevenlabs", "replicate"])
async def test_a_wrong_key_is_a_fault_with_something_to_do(sims: Simulators, tmp_path: Path, vendor: str) -> None:
    found = await look(sims, tmp_path, Fault(vendor=vendor, does="unauthorized"))  # type: ignore[arg-type]
    (bad,) = [checkup for checkup in found if checkup.state == "fail"]
    assert bad.fix


async def test_a_retired_model_is_named(sims: Simulators, tmp_path: Path) -> None:
    found = await look(sims, tmp_path, Fault(vendor="anthropic", route="model_info", nth=(1,), does="retired"))
    (bad,) = [checkup for checkup in found if checkup.state == "fail"]
    assert bad.detail == "claude-haiku-5-5 is retired"
    assert "--script-model" in bad.fix


async def test_a_model_that_will_go_is_a_warning(sims: Simulators, tmp_path: Path) -> None:
    body = {"id": "claude-haiku-5-5", "lifecycle": "deprecated", "retires_at": "2027-02-01T00:00:00Z"}
    found = await look(sims, tmp_path, Fault(vendor="anthropic", route="model_info", nth=(1,), body=body))
    (bad,) = [checkup for checkup in found if checkup.state == "warn"]
    assert "2027-02-01" in bad.detail


async def test_changed_inputs_are_named(sims: Simulators, tmp_path: Path) -> None:
    found = await look(sims, tmp_path, Fault(vendor="replicate", route="model", nth=(1,), does="schema_change"))
    (bad,) = [checkup for checkup in found if checkup.state == "fail"]
    assert "hailuo-2.3-fast" in bad.detail
    assert "has no input" in bad.detail


async def test_little_credit_is_a_warning(sims: Simulators, tmp_path: Path) -> None:
    sims.elevenlabs.character_count, sims.elevenlabs.character_limit = 9_900, 10_000
    (bad,) = [checkup for checkup in await look(sims, tmp_path) if checkup.state == "warn"]
    assert "100 characters left" in bad.detail
