"""Two jobs at once, a vendor that restarts, a job that is killed: everything is paid once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import PHOTO, Studio

from badapple.models import CallState

pytestmark = pytest.mark.timeout(180)


async def test_two_jobs_at_once_that_want_the_same_pay_once(finished: Studio, prepared: Studio) -> None:
    jobs = [prepared.job(name, output=name) for name in ("first", "second")]
    await asyncio.gather(*(job.execute_pipeline("Solenne", "luxury", "Shop Now", PHOTO) for job in jobs))
    assert prepared.sims.total() == finished.sims.total()
    costs = [job.video.cost for job in jobs if job.video is not None]
    assert len(costs) == 2
    assert sum(costs) == finished.sims.total()


@pytest.mark.long
async def test_a_vendor_that_restarts_in_between_changes_nothing(finished: Studio, prepared: Studio) -> None:
    prepared.sims.latency.set({"minimax/hailuo-2.3-fast": 2.0})
    filming = asyncio.ensure_future(prepared.film())
    while not any(call.state == CallState.SUBMITTED for call in prepared.calls()):
        await asyncio.sleep(0.05)
    for vendor in ("replicate", "elevenlabs", "anthropic"):
        await asyncio.to_thread(prepared.sims.restart, vendor)
    video = await filming
    assert video.cost == prepared.sims.total() == finished.sims.total()


def command(studio: Studio, *words: str) -> tuple[list[str], dict[str, str]]:
    own = {"BADAPPLE_DATA_DIR": str(studio.root / "data"), "BADAPPLE_CACHE_DIR": str(studio.root / "cache")}
    args = [
        sys.executable, "-m", "badapple", "make", str(PHOTO), "--name", "Solenne", "--style", "luxury", "--cta",
        "Shop Now", "-o", str(studio.root / "ad.mp4"), "--draft", *words,
    ]  # fmt: skip
    return args, {**os.environ, **own, **studio.sims.environment()}


def wait_for_clips(studio: Studio, clips: int) -> None:
    for _ in range(600):
        at_work = [call for call in studio.calls() if call.label == "clip" and call.state == CallState.SUBMITTED]
        if len(at_work) >= clips:
            return
        time.sleep(0.05)
    raise AssertionError("the clips were never ordered")


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_command_that_is_stopped_goes_on_and_pays_once(
    finished: Studio, prepared: Studio, how: signal.Signals
) -> None:
    prepared.sims.latency.set({"minimax/hailuo-2.3-fast": 4.0})
    (prepared.root / "ad.mp4").unlink()
    args, env = command(prepared, "--provider", "cloud")
    first = subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_clips(prepared, 4)
    first.send_signal(how)
    _, said = first.communicate(timeout=30)
    if how is signal.SIGINT:
        assert first.returncode == 130
        assert "what is paid for goes on at the vendors: resume before " in said
    again = subprocess.run(args, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert Path(prepared.root / "ad.mp4").exists()
    assert prepared.sims.total() == finished.sims.total()
    assert sum(call.settled for call in prepared.calls()) == finished.sims.total()


def test_jobs_cancel_tells_the_vendor_and_says_what_it_cost(prepared: Studio) -> None:
    prepared.sims.latency.set({"minimax/hailuo-2.3-fast": 60.0})
    args, env = command(prepared, "--provider", "cloud")
    making = subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_clips(prepared, 4)
    job = prepared.calls()[0].job
    done = subprocess.run(
        [sys.executable, "-m", "badapple", "jobs", "cancel", job], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "4 order(s) at vendors were stopped" in done.stdout
    _, said = making.communicate(timeout=30)
    assert making.returncode == 1
    assert "error: the job was cancelled" in said
    statuses = {one.canceled is not None for one in prepared.sims.replicate.predictions if "hailuo" in one.model}
    assert statuses == {True}
    assert not any(call.reserved for call in prepared.calls())


@pytest.mark.long
async def test_what_is_being_answered_when_a_job_is_stopped_is_kept(prepared: Studio) -> None:
    """Claude cannot be asked what it has: its answer is waited for, even when everything else stops."""
    prepared.sims.latency.set({"messages": 1.5})
    job = prepared.job()
    filming = asyncio.ensure_future(job.execute_pipeline("Solenne", "luxury", "Shop Now", PHOTO))
    while not any(call.sends for call in prepared.calls()):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    filming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filming
    assert [(call.state, call.sends) for call in prepared.calls()] == [("collected", 1)]
    assert len(prepared.sims.charges) == 1
    prepared.sims.latency.set({})
    await job.execute_pipeline("Solenne", "luxury", "Shop Now", PHOTO)  # the same orchestrator goes on
    assert len([charge for charge in prepared.sims.charges if charge.vendor == "anthropic"]) == 2
