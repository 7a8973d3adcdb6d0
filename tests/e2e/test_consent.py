"""Keys in the shell are no consent: what is asked, what is told, what is bought."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest
from tests.e2e.conftest import Studio
from tests.e2e.test_sharing import command

pytestmark = pytest.mark.timeout(180)


def run(studio: Studio, *words: str) -> subprocess.CompletedProcess[str]:
    args, env = command(studio, *words)
    return subprocess.run(args, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def at_a_terminal(studio: Studio, answer: str) -> str:
    """Run the command at a terminal, answer its question, and return all it showed."""
    args, env = command(studio)
    here, there = pty.openpty()
    making = subprocess.Popen(args, env=env, stdin=there, stdout=there, stderr=there)
    os.close(there)
    shown, answered, until = b"", False, time.monotonic() + 120
    while time.monotonic() < until:
        ready, _, _ = select.select([here], [], [], 0.2)
        try:
            shown += os.read(here, 65536) if ready else b""
        except OSError:
            break
        if b"[y/N]" in shown and not answered:
            os.write(here, answer.encode() + b"\n")
            answered = True
    making.wait(10)
    os.close(here)
    return shown.decode(errors="replace")


def test_without_a_terminal_and_without_a_word_nothing_is_bought(prepared: Studio) -> None:
    done = run(prepared)
    assert done.returncode == 0, done.stderr
    assert "nothing is bought unasked" in done.stderr
    assert "--max-cost" in done.stderr
    assert prepared.sims.requests == ()


def test_a_yes_at_the_terminal_buys_and_the_quote_was_right(finished: Studio, prepared: Studio) -> None:
    shown = at_a_terminal(prepared, "y")
    assert "Quote: about $0.7" in shown
    assert "gets pictures of the product" in " ".join(shown.split())
    assert prepared.sims.total() == finished.sims.total()


@pytest.mark.long
def test_a_no_at_the_terminal_makes_it_offline(prepared: Studio) -> None:
    shown = at_a_terminal(prepared, "n")
    assert "made offline" in shown
    assert prepared.sims.charges == ()


def test_a_cap_below_the_quote_is_an_error_before_anything_is_sent(prepared: Studio) -> None:
    done = run(prepared, "--max-cost", "0.50", "--json")
    assert done.returncode == 5
    last = json.loads(done.stdout.splitlines()[-1])
    assert "is quoted at" in last["error"]
    assert prepared.sims.requests == ()


@pytest.mark.long
def test_a_part_by_name_needs_no_further_word_and_leaves_the_others_here(prepared: Studio) -> None:
    done = run(prepared, "--provider", "offline", "--voice-by", "elevenlabs", "--json")
    assert done.returncode == 0, done.stderr
    quote = json.loads(done.stdout.splitlines()[0])["quote"]
    assert [part["vendor"] for part in quote["parts"]] == ["elevenlabs"]
    assert {charge.vendor for charge in prepared.sims.charges} == {"elevenlabs"}


def test_a_vendor_without_its_key_is_an_error_that_names_the_variable(prepared: Studio) -> None:
    args, env = command(prepared, "--provider", "cloud")
    env.pop("REPLICATE_API_TOKEN")
    done = subprocess.run(args, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "REPLICATE_API_TOKEN is not set" in done.stderr
    assert prepared.sims.requests == ()


def test_estimate_needs_no_key_and_sends_nothing(prepared: Studio) -> None:
    args, env = command(prepared)
    words = [sys.executable, "-m", "badapple", "estimate", *args[4:-3]]
    bare = {name: value for name, value in env.items() if not name.endswith(("_API_KEY", "_API_TOKEN"))}
    done = subprocess.run([*words, "--json"], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 0.7 < json.loads(done.stdout)["estimate_usd"] < 0.9
    assert prepared.sims.requests == ()
