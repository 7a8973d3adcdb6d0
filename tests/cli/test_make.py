"""`badapple make` as people and machines see it, with a stand-in for the pipeline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from badapple.cli import main
from badapple.config import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Runs `badapple` with a stand-in for the pipeline; `folder` is where it runs."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        own = {"BADAPPLE_DATA_DIR": str(self.folder / "data"), "BADAPPLE_CACHE_DIR": str(self.folder / "cache")}
        return {**os.environ, **own, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}

    @property
    def words(self) -> list[str]:
        return [sys.executable, str(_STAND_IN)]

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.words, *words], cwd=self.folder, env={**self.env, **env}, capture_output=True, text=True,
            encoding="utf-8", timeout=30, check=False,
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.words, *words], cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8",
        )  # fmt: skip


@pytest.fixture
def badapple(tmp_path: Path) -> CommandLine:
    return CommandLine(folder=tmp_path)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of its own for a command that runs in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


@pytest.fixture
def photo(tmp_path: Path) -> str:
    (tmp_path / "watch.png").write_bytes(b"\x89PNG")
    return "watch.png"


def test_the_summary_names_the_file_its_length_size_cost_and_times(badapple: CommandLine, photo: str) -> None:
    done = badapple("make", photo, "--name", "Premium Watch", "--style", "luxury", "--cta", "Shop Now", "-o", "ad.mp4")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("  ", 1) for line in done.stdout.splitlines() if not line.startswith(" "))
    shown = {name: value.strip() for name, value in lines.items()}
    assert shown["video"] == str(badapple.folder / "ad.mp4")
    assert (shown["length"], shown["size"], shown["cost"]) == ("30.0 s", "0.0 MB", "$0.00")
    assert shown["parts"] == "18 made, 2 found finished from before"
    assert shown["warning"] == "the music is quiet"
    assert "  script   1.2 s" in done.stdout
    assert "  film     1 min 10 s" in done.stdout


def test_without_a_terminal_every_event_is_one_line_on_standard_error(badapple: CommandLine, photo: str) -> None:
    done = badapple("make", photo, "--name", "Watch")
    lines = done.stderr.splitlines()
    assert lines[0] == "Watch · minimal"
    assert [line.split(" %  ")[1] for line in lines[1:4]] == [
        "Analyzing product image...",
        "Script written",
        "Speaking",
    ]
    assert len(lines) == 8
    assert "\x1b" not in done.stderr


def test_json_is_the_contracts_messages_and_then_the_result(badapple: CommandLine, photo: str) -> None:
    done = badapple("make", photo, "--name", "Watch", "--json")
    *messages, result = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert all(set(item) == {"job_id", "stage", "progress", "message", "timestamp", "seq"} for item in messages)
    assert [item["seq"] for item in messages] == [1, 2, 3, 4, 5, 6, 7]
    names = (
        "video poster qa manifest srt vtt seconds size cost_usd paid stage_seconds made reused warnings took_seconds"
    )
    assert set(result) == set(names.split())
    assert result["video"] == str(badapple.folder / "watch.mp4")
    assert result["cost_usd"] == 0


def test_json_ends_with_the_error_when_a_part_fails(badapple: CommandLine, photo: str) -> None:
    done = badapple("make", photo, "--name", "Disk", "--json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last == {
        "error": "Asset generation failed: the disk is full",
        "hint": "free some space",
        "exit_code": 3,
        "stage": "video_gen",
        "retryable": True,
    }
    assert done.returncode == 3


def test_quiet_prints_the_path_alone(badapple: CommandLine, photo: str) -> None:
    done = badapple("make", photo, "--name", "Watch", "--quiet")
    assert (done.stdout, done.stderr) == (f"{badapple.folder / 'watch.mp4'}\n", "")


def test_no_photo_is_needed(badapple: CommandLine) -> None:
    assert badapple("make", "--name", "Watch", "-q").returncode == 0


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("Photo", 2, "error: Asset generation failed: not a picture"),
        ("Disk", 3, "error: Asset generation failed: the disk is full"),
        ("Part", 1, "error: Asset generation failed: scene 2 broke"),
        ("Rule", 4, "error: Video composition failed: too quiet"),
        ("Bug", 1, "error: ZeroDivisionError: a bug in two lines"),
    ],
)
def test_each_failure_is_one_line_with_its_exit_code(badapple: CommandLine, name: str, code: int, says: str) -> None:
    done = badapple("make", "--name", name)
    assert done.returncode == code
    assert says in done.stderr.splitlines()
    assert "Traceback" not in done.stderr


def test_a_bug_leaves_its_traceback_in_the_data_folder(badapple: CommandLine) -> None:
    done = badapple("make", "--name", "Bug")
    (log,) = (badapple.folder / "data" / "logs").iterdir()
    assert str(log) in done.stderr
    text = log.read_text()
    assert "ZeroDivisionError: a bug" in text
    assert "--name Bug" in text


def test_debug_shows_the_traceback(badapple: CommandLine) -> None:
    assert "Traceback" in badapple("make", "--name", "Bug", "--debug").stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--name", "X", "--style", "luxry"], "error: unknown style 'luxry'; known styles: bold, energetic, luxury"),
        (["gone.png", "--name", "X"], "error: no such photo: gone.png"),
        ([".", "--name", "X"], "error: the photo is a folder: ."),
        (["/dev/zero", "--name", "X"], "error: the photo is no file: /dev/zero"),
        (["--name", "X", "--music", "/dev/zero"], "error: the music file is no file: /dev/zero"),
        (["--name", ""], "error: the product name is empty"),
        (["--name", "a" * 101], "error: the product name has 101 characters; at most 100 fit"),
        (["--name", "two\nlines"], "error: the product name has a control character (U+000A)"),
        (["--name", "X", "--cta", "c" * 61], "error: the call to action has 61 characters; at most 60 fit"),
        (["--name", "X", "-o", "."], "error: the output is a folder: ."),
        (["--name", "X", "-o", "ad.avi"], "error: the output is an MP4 file, so its name must end in .mp4"),
        (["--name", "X", "--music", "gone.mp3"], "error: no such music file: gone.mp3"),
        (["--name", "X", "--script", "gone.json"], "error: no such script: gone.json"),
        (["--name", "X", "--lang", "?"], "error: '?' is no language code"),
        (["--name", "X", "--nonsense"], "error: No such option: --nonsense"),
        (["--style", "bold"], "error: Missing option '--name' / '-n'"),
        (["--name", "X", "--seed", "-1"], "error: Invalid value for '--seed'"),
    ],
)
def test_wrong_words_are_refused_in_one_line_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["make", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err[: len(says)]) == ("", says)
    assert len(err.splitlines()) <= 2
    assert not list(here.glob("*.mp4"))


def test_a_folder_that_cannot_be_written_is_an_environment_error(badapple: CommandLine) -> None:
    done = badapple("make", "--name", "X", "-o", "/proc/ads/ad.mp4")
    assert done.returncode == 3
    assert done.stderr.startswith("error: the output folder cannot be written: /proc/ads")


def test_a_full_disk_is_said_before_any_work(badapple: CommandLine) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    done = badapple("make", "--name", "X", BADAPPLE_CACHE_DIR="/dev/full/cache")
    assert done.returncode == 3
    assert done.stderr.startswith("error: the cache folder (BADAPPLE_CACHE_DIR) cannot be written")


def test_a_setting_that_makes_no_sense_is_an_environment_error(badapple: CommandLine) -> None:
    done = badapple("make", "--name", "X", BADAPPLE_WORKERS="many")
    assert done.returncode == 3
    assert done.stderr.startswith("error: BADAPPLE_WORKERS must be a whole number")


def test_a_reader_that_goes_away_is_no_traceback(badapple: CommandLine) -> None:
    process = badapple.start("make", "--name", "Slow", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    assert process.wait(20) == 143
    process.stderr.close()


def test_an_old_terminals_encoding_is_no_error(badapple: CommandLine) -> None:
    done = badapple("make", "--name", "Часы", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("\\u0427")


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists() or not path.read_bytes():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _ends(pid: int) -> bool:
    """Say whether a process that was killed is gone soon; the kernel takes a moment, longer where it is busy."""
    deadline = time.monotonic() + 10
    while (alive := _is_alive(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive


def _stop(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    return process.returncode, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_cleans_up_and_says_how_to_go_on(badapple: CommandLine, number: int, code: int) -> None:
    process = badapple.start("make", "--name", "Slow", "--cta", "Shop Now", "-o", "ad.mp4")
    _wait_for(badapple.folder / "ad.pid")
    returned, err = _stop(process, number)
    assert returned == code
    assert (badapple.folder / "ad.cleaned").exists()
    *_, said, command = err.splitlines()
    assert said == "Stopped. Finished parts are kept; run the same command again to go on:"
    assert command.endswith("make --name Slow --cta 'Shop Now' -o ad.mp4")
    assert "Traceback" not in err


def test_the_second_signal_ends_it_at_once_and_its_children_too(badapple: CommandLine) -> None:
    process = badapple.start("make", "--name", "Stubborn", "-o", "ad.mp4")
    _wait_for(badapple.folder / "ad.pid")
    child = int((badapple.folder / "ad.pid").read_text())
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Stopping" not in process.stderr.readline():
        pass
    began = time.monotonic()
    returned, _ = _stop(process, signal.SIGINT)
    assert returned == 130
    assert time.monotonic() - began < 5
    assert _ends(child)


def test_json_mode_keeps_standard_output_clean_when_stopped(badapple: CommandLine) -> None:
    process = badapple.start("make", "--name", "Slow", "--json", "-o", "ad.mp4")
    _wait_for(badapple.folder / "ad.pid")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 143
    assert all(line.startswith("{") for line in out.splitlines())
