"""The API under schemathesis: what the OpenAPI document says is tried, and held against it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.api.test_app import PROGRAM, served

HERE = Path(__file__).resolve().parent
#: Nothing of what protects others shall stand in the way.
_OPEN = {
    "BADAPPLE_RATE": "10000000", "BADAPPLE_WRITE_RATE": "10000000", "BADAPPLE_MAX_JOBS": "1000000",
    "BADAPPLE_UPLOAD_QUOTA_MB": "100000",
    # Keys are set too: whoever is asked with them is not there.
    **dict.fromkeys(("ANTHROPIC_BASE_URL", "ELEVENLABS_BASE_URL", "REPLICATE_BASE_URL"), "http://127.0.0.1:1"),
}  # fmt: skip


def tried(root: str, folder: Path, *words: str) -> str:
    """Try the API, and return the report; fail where it found something."""
    assert httpx.get(f"{root}/openapi.json", timeout=60, trust_env=False).status_code == 200  # it is made once
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fuzzing", "PYTHONPATH": str(HERE.parent.parent)}
    program = Path(sys.executable).with_name("schemathesis")
    words = ("--config-file", str(HERE / "schemathesis.toml"), "run", f"{root}/openapi.json", "--no-color", *words)
    done = subprocess.run([program, *words], env=env, cwd=folder, capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    (folder / "report.txt").write_text(report)
    assert done.returncode == 0, report[-8000:]
    return report


@pytest.mark.timeout(150)
def test_requests_by_the_document_meet_no_fault(tmp_path: Path) -> None:
    with served(tmp_path, str(PROGRAM), env=_OPEN) as server:  # its jobs end, and with them the streams of their events
        words = ("--phases", "fuzzing,stateful", "--max-examples", "1", "--seed", "1")
        report = tried(server.root, tmp_path, *words)
    assert "0 failed" in report or "passed" in report


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_sixty_requests_of_each_kind_meet_no_fault(tmp_path: Path) -> None:
    examples, seed = os.environ.get("FUZZ_EXAMPLES", "60"), os.environ.get("FUZZ_SEED", "1")
    with served(tmp_path, str(PROGRAM), env=_OPEN) as server:
        phases = "examples,coverage,fuzzing,stateful"
        report = tried(server.root, tmp_path, "--phases", phases, "--max-examples", examples, "--seed", seed)
    print(report[-2000:])  # noqa: T201 - whoever runs it wants to see the counts
