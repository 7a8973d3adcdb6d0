"""`badapple submit --approve-script` and `badapple jobs approve`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from tests.jobs.conftest import Hand
from tests.jobs.making import Works

from badapple import jobs
from badapple.cli import main
from badapple.config import Settings, get_settings
from badapple.database import open_database
from badapple.errors import JobAwaitsError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY", "REPLICATE_API_TOKEN", "BADAPPLE_MAX_COST"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == code
    out, err = capsys.readouterr()
    return out, err


def test_a_script_is_shown_changed_and_approved(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "submit", "--name", "Watch", "--draft", "--approve-script", "--job-id", "job")
    assert "does not wait for approval" in run(capsys, "jobs", "approve", "job", code=2)[1]
    with pytest.raises(JobAwaitsError):
        Works(settings).run("job")
    out, _ = run(capsys, "jobs", "show", "job")
    script = deepcopy(dict(jobs.detail("job", settings).script or {}))
    assert script["scenes"][3]["voiceover_text"] in out
    assert "`badapple jobs approve job` goes on with it" in out
    assert "waits for approval" in run(capsys, "jobs", "ls")[0]
    assert json.loads(run(capsys, "jobs", "show", "job", "--json")[0])["awaiting"] == "approval"
    (tmp_path / "bad.json").write_text("{")
    assert "is not JSON" in run(capsys, "jobs", "approve", "job", "--script", "bad.json", code=2)[1]
    script["scenes"][0]["headline"] = "Mine"
    (tmp_path / "mine.json").write_text(json.dumps(script))
    assert "queued again, attempt 2" in run(capsys, "jobs", "approve", "job", "--script", "mine.json")[0]
    row = Hand(open_database(settings.database_url)).row("job")
    assert (row.awaiting, row.request["options"]["approval"], "script" in row.request["files"]) == (None, False, True)
