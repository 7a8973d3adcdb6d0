"""`badapple simulate`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from badapple.cli import main

if TYPE_CHECKING:
    from pathlib import Path

_BUY = """
import json, os, urllib.request
address = os.environ["REPLICATE_BASE_URL"] + "/v1/models/black-forest-labs/flux-schnell/predictions"
headers = {"authorization": "Bearer " + os.environ["REPLICATE_API_TOKEN"], "content-type": "application/json"}
body = json.dumps({"input": {"prompt": "soft"}}).encode()
with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as reply:
    print(json.load(reply)["status"])
raise SystemExit(7)
"""


def test_a_command_finds_the_vendors_and_its_charges_are_told(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.json"
    assert main(["simulate", "--ledger", str(ledger), "--", sys.executable, "-c", _BUY]) == 7
    told = capfd.readouterr()
    assert told.out == "starting\n"
    assert [line.split()[:2] for line in told.err.splitlines()] == [["charged", "$0.003"], ["charged", "$0.003"]]
    written = json.loads(ledger.read_text())
    assert written["total"] == 3000
    assert [charge["what"] for charge in written["charges"]] == ["black-forest-labs/flux-schnell"]


def test_faults_and_latencies_come_from_files(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    faults, latency = tmp_path / "faults.json", tmp_path / "latency.json"
    faults.write_text('[{"vendor": "replicate", "route": "create", "status": 503}]')
    latency.write_text('{"black-forest-labs/flux-schnell": [5, 6]}')
    words = ["simulate", "--faults", str(faults), "--latency", str(latency), "--", sys.executable, "-c", _BUY]
    assert main(words) == 1
    told = capfd.readouterr().err
    assert "HTTP Error 503" in told
    assert told.splitlines()[-1].split()[:2] == ["charged", "$0.00"]


def test_a_state_file_is_gone_on_from(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for total in ("$0.003", "$0.006"):
        main(["simulate", "--state", str(tmp_path / "state.db"), sys.executable, "-c", _BUY])
        assert capfd.readouterr().err.splitlines()[-1].split()[1] == total


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [(None, 2, "cannot be read"), ("{", 3, "not JSON"), ('[{"does": "explode"}]', 3, "no fault does 'explode'")],
)
def test_a_fault_file_that_makes_no_sense_is_an_error(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, text: str | None, code: int, said: str
) -> None:
    file = tmp_path / "faults.json"
    if text is not None:
        file.write_text(text)
    assert main(["simulate", "--faults", str(file), "--", "true"]) == code
    assert said in capfd.readouterr().err


def test_a_command_that_does_not_exist_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--", "no-such-program"]) == 1
    assert "no-such-program cannot be started" in capfd.readouterr().err


def badapple(*words: str) -> subprocess.Popen[str]:
    args = [sys.executable, "-m", "badapple", *words]
    return subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_command_they_stay_up_until_a_signal(number: int) -> None:
    with badapple("simulate") as running:
        assert running.stdout is not None
        names = [running.stdout.readline().removeprefix("export ").partition("=")[0] for _ in range(6)]
        running.send_signal(number)
        _, told = running.communicate(timeout=10)
    assert names == [
        "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL", "REPLICATE_API_TOKEN",
        "REPLICATE_BASE_URL",
    ]  # fmt: skip
    assert running.returncode == 0
    assert told.splitlines()[-1].split()[:2] == ["charged", "$0.00"]


def test_a_command_is_told_of_a_sigterm_and_its_end_is_passed_on() -> None:
    ready = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); print('up', flush=True)"
    script = f"import signal, sys; {ready}; signal.pause()"
    with badapple("simulate", "--", sys.executable, "-c", script) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        running.terminate()
        running.communicate(timeout=10)
    assert running.returncode == 5


def test_a_command_killed_by_a_signal_ends_as_in_a_shell() -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert main(["simulate", "--", sys.executable, "-c", script]) == 137


def test_missing_packages_are_named() -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from badapple.cli import main; sys.exit(main(['simulate', '--', 'true']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "need uvicorn" in done.stderr
    assert "pip install 'badapple[simulate]'" in done.stderr
