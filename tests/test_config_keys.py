"""`secrets.toml`: keys that are typed in while the program runs, kept from everybody else."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from pathlib import Path

import pytest

from badapple.config import SecretsFile, Settings, read_settings
from badapple.errors import ConfigError, ConflictError, DiskError

CANARY = "r8_canary_of_a_file_0123456789"
TOKEN = "REPLICATE_API_TOKEN"


@pytest.fixture
def file(tmp_path: Path) -> SecretsFile:
    return SecretsFile(tmp_path)


def settings(folder: Path, **env: str) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(folder), "BADAPPLE_CACHE_DIR": str(folder), **env})


def key(found: Settings, vendor: str = "replicate") -> str | None:
    access = found.vendors[vendor]
    return None if access.key is None else access.key.reveal()


def test_a_key_counts_at_once_for_settings_that_were_read_before(file: SecretsFile, tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (key(found), found.vendors["replicate"].source) == (None, None)
    file.put(TOKEN, CANARY)
    assert (key(found), found.vendors["replicate"].source) == (CANARY, "file")
    file.put(TOKEN, f"{CANARY}2")
    assert key(found) == f"{CANARY}2"
    file.remove(TOKEN)
    assert (key(found), found.vendors["replicate"].source) == (None, None)
    file.remove(TOKEN)  # does no harm


def test_the_environment_wins_and_then_the_other_file(
    file: SecretsFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file.put(TOKEN, CANARY)
    (tmp_path / "badapple.toml").write_text(f'{TOKEN} = "r8_of_the_other_file"\n')
    found = settings(tmp_path)
    assert (key(found), found.vendors["replicate"].source) == ("r8_of_the_other_file", "config")
    found = settings(tmp_path, REPLICATE_API_TOKEN="r8_of_the_environment")
    assert (key(found), found.vendors["replicate"].source) == ("r8_of_the_environment", "environment")
    (tmp_path / "badapple.toml").unlink()
    found = settings(tmp_path, REPLICATE_API_TOKEN="")  # set to nothing, as compose files do
    assert key(found) == CANARY


def test_it_is_made_for_its_owner_alone_whatever_the_umask(file: SecretsFile) -> None:
    before = os.umask(0)
    try:
        file.put(TOKEN, CANARY)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.path.parent.iterdir()}
    assert modes.pop("secrets.toml") == 0o600
    assert set(modes) <= {"secrets.toml.lock"}  # nothing else is left, and that holds nothing


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_one_that_others_can_read_is_not_used_and_a_warning_says_so_once(
    file: SecretsFile, tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    file.put(TOKEN, CANARY)
    file.path.chmod(mode)
    with caplog.at_level(logging.WARNING, logger="badapple.config"):
        assert [key(settings(tmp_path)) for _ in range(3)] == [None] * 3
    (line,) = caplog.records
    assert line.getMessage() == "secrets_file_refused"
    assert f"others can read it (mode {mode:04o})" in vars(line)["reason"]
    assert vars(line)["hint"].startswith(f"chmod 600 {file.path}")
    assert CANARY not in str(vars(line))
    with pytest.raises(ConflictError, match="others can read it"):
        file.put(TOKEN, "r8_another_one")
    assert CANARY in file.path.read_text()
    file.path.chmod(0o600)
    assert key(settings(tmp_path)) == CANARY


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN} = {CANARY}",
        f'{TOKEN} = ["{CANARY}"]',
        f'BADAPPLE_MAX_COST = "{CANARY}"',
        f'{TOKEN} = "{CANARY} and more"',
        f"{TOKEN} = '{CANARY}é'",
        f'[{CANARY}]\n{TOKEN} = "x"',
        f'{TOKEN} = "{CANARY}',
        pytest.param(f"{TOKEN} = {'[' * 5000}", id="nested"),
        pytest.param(f"{TOKEN} = {'1' * 5000}", id="a long number"),
    ],
)
def test_what_is_no_file_of_keys_is_not_used_and_nothing_of_it_is_told(file: SecretsFile, text: str) -> None:
    file.path.write_text(text, encoding="utf-8")
    file.path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"secrets\.toml is not used: ") as caught:
        file.checked()
    assert CANARY not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    assert file.keys() == {}


def test_a_link_or_a_folder_in_its_place_is_not_followed(file: SecretsFile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(f'{TOKEN} = "{CANARY}"\n')
    elsewhere.chmod(0o600)
    file.path.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="is not used"):
        file.checked()
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(ConfigError, match="is not used"):
        file.checked()


@pytest.mark.parametrize("text", ["", "short", "with blank", "r8_line\nbreak", "é" * 12, "x" * 501])
def test_what_looks_like_no_key_is_not_written(file: SecretsFile, text: str) -> None:
    with pytest.raises(ConfigError, match="this is no REPLICATE_API_TOKEN") as caught:
        file.put(TOKEN, text)
    assert text not in str(caught.value) or not text
    assert not file.path.exists()


def test_every_letter_that_a_key_may_have_comes_back(file: SecretsFile) -> None:
    text = "".join(chr(code) for code in range(0x21, 0x7F))
    file.put(TOKEN, text)
    assert file.checked()[TOKEN].reveal() == text


def test_of_many_who_write_at_once_none_loses_what_another_wrote(file: SecretsFile) -> None:
    names = ["ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY", TOKEN]

    def write(name: str) -> None:
        for number in range(20):
            SecretsFile(file.path.parent).put(name, f"{name}_{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        file.checked()  # it is whole at every moment
    assert {name: found.reveal() for name, found in file.checked().items()} == {name: f"{name}_19" for name in names}


@pytest.mark.parametrize("name", [TOKEN, "ANTHROPIC_API_KEY"])
def test_what_a_process_left_that_died_while_it_wrote_goes_when_keys_are_removed(file: SecretsFile, name: str) -> None:
    file.put(TOKEN, CANARY)
    left = file.path.with_name("secrets.toml.part")
    left.write_text(f'{TOKEN} = "{CANARY}"\n')
    file.remove(name)
    assert not left.exists()
    assert (TOKEN in file.checked()) == (name != TOKEN)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DiskError, match="cannot be written"):
        SecretsFile(tmp_path / "file").put(TOKEN, CANARY)


def test_a_key_of_the_file_shows_nowhere(file: SecretsFile, tmp_path: Path) -> None:
    file.put(TOKEN, CANARY)
    found = settings(tmp_path)
    with pytest.raises(TypeError):
        json.dumps(found.vendors["replicate"].key)
    error = ConfigError(f"{found} {found.vendors} {file.keys()} {CANARY}")
    assert CANARY not in f"{found!r} {found.vendors!r} {file.keys()} {error}"
