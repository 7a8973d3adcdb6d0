"""`badapple doctor`, `badapple styles` and `badapple --version`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from badapple import __version__
from badapple.cli import complete, main
from badapple.config import SecretsFile, get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def test_a_sound_machine_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    failed = [check for check in report["checks"] if check["state"] == "fail"]
    assert (report["ok"], failed) == (True, [])
    assert {"python", "ffmpeg", "fonts", "voice", "cut-out", "cache", "disk", "database", "memory"} <= {
        check["name"] for check in report["checks"]
    }


def test_a_wrong_ffmpeg_fails_and_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BADAPPLE_FFMPEG", "/nowhere/ffmpeg")
    get_settings.cache_clear()
    assert main(["doctor"]) == 3
    lines = capsys.readouterr().out.splitlines()
    found = next(number for number, line in enumerate(lines) if line.startswith("fail  ffmpeg"))
    assert "fix: unset BADAPPLE_FFMPEG" in lines[found + 1]
    assert "Ready" not in lines[-1]


@pytest.mark.parametrize(("wanted", "state"), [("auto", "warn"), ("off", "warn"), ("on", "fail")])
def test_it_says_how_others_files_are_locked_in_and_what_to_install(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wanted: str, state: str
) -> None:
    (here / "bin").mkdir()
    monkeypatch.setenv("PATH", str(here / "bin"))  # where there is no bubblewrap
    monkeypatch.setenv("BADAPPLE_SANDBOX", wanted)
    get_settings.cache_clear()
    assert main(["doctor", "--json"]) == (3 if state == "fail" else 0)
    (found,) = (check for check in json.loads(capsys.readouterr().out)["checks"] if check["name"] == "sandbox")
    assert found["state"] == state
    assert ("off" in found["detail"]) if wanted == "off" else ("bubblewrap is not installed" in found["detail"])
    assert found["fix"]


def test_a_setting_that_makes_no_sense_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BADAPPLE_WORKERS", "0")
    get_settings.cache_clear()
    assert main(["doctor"]) == 3
    assert "fail  settings" in capsys.readouterr().out


def test_keys_that_are_kept_are_named_and_a_file_that_others_can_read_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SecretsFile(here / "data").put("REPLICATE_API_TOKEN", "r8_canary_of_the_doctor")
    main(["doctor"])
    told = capsys.readouterr().out
    assert f"REPLICATE_API_TOKEN in {here / 'data' / 'secrets.toml'}" in told
    assert "REPLICATE_API_TOKEN is set" in told
    (here / "data" / "secrets.toml").chmod(0o644)
    main(["doctor"])
    told += (later := capsys.readouterr().out)
    assert "warn  keys" in later
    assert "others can read it (mode 0644)" in later
    assert "canary" not in told


def test_styles_are_listed_with_their_summaries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["bold", "energetic", "luxury", "minimal", "playful", "tech"]
    assert all(len(line.split()) > 4 for line in lines)


def test_a_style_of_the_users_own_is_completed(here: Path) -> None:
    (here / "data" / "styles").mkdir(parents=True)
    (here / "data" / "styles" / "mine.toml").touch()
    assert complete.styles("m") == ["mine", "minimal"]


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"badapple {__version__}\n"
