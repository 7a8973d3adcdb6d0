"""The server's secret, and what is signed with it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.access.server_key import FILE, server_key
from badapple.access.signing import Signer, signer_of
from badapple.config import Settings
from badapple.config.doors import read_doors
from badapple.errors import ConfigError, DiskError, InputError, NotFoundError

SIGNER = Signer(b"s" * 32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def settings(folder: Path, **env: str) -> Settings:
    return Settings(data_dir=folder, cache_dir=folder, database_url="sqlite://", doors=read_doors(env))


class TestSecret:
    def test_it_is_made_once_for_its_owner_alone(self, tmp_path: Path) -> None:
        first = server_key(settings(tmp_path / "data"))
        assert server_key(settings(tmp_path / "data")) == first
        assert len(first) == 43
        assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
        assert server_key(settings(tmp_path / "other")) != first

    def test_processes_that_start_at_once_agree(self, tmp_path: Path) -> None:
        code = (
            "import sys, time; from pathlib import Path; from tests.access.test_signing import settings\n"
            "from badapple.access.server_key import server_key\n"
            "while not Path(sys.argv[2]).exists(): time.sleep(0.001)\n"
            "print(server_key(settings(Path(sys.argv[1]))).decode())"
        )
        words = [sys.executable, "-c", code, str(tmp_path / "data"), str(tmp_path / "go")]
        root = Path(__file__).resolve().parents[2]
        running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)]
        (tmp_path / "go").touch()
        assert len({process.communicate(timeout=50)[0] for process in running}) == 1
        assert all(process.returncode == 0 for process in running)

    def test_what_a_dead_process_left_half_written_does_no_harm(self, tmp_path: Path) -> None:
        (tmp_path / f"{FILE}.part").write_text("hal")
        assert len(server_key(settings(tmp_path))) == 43
        assert not (tmp_path / f"{FILE}.part").exists()

    def test_others_may_no_longer_read_it(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_text("x" * 40)
        (tmp_path / FILE).chmod(0o644)
        assert server_key(settings(tmp_path)) == b"x" * 40
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0

    def test_the_variable_goes_first_and_no_file_is_made(self, tmp_path: Path) -> None:
        assert server_key(settings(tmp_path, BADAPPLE_SECRET_KEY="k" * 32)) == b"k" * 32
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_holds_no_secret_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_text("short")
        with pytest.raises(ConfigError, match="holds no secret"):
            server_key(settings(tmp_path))

    def test_a_folder_that_is_none_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(DiskError, match="cannot be used"):
            server_key(settings(tmp_path / "file"))


class TestSigner:
    @given(st.dictionaries(st.text(), JSON, max_size=4))
    def test_what_was_signed_is_read(self, payload: dict[str, object]) -> None:
        token = SIGNER.sign("cursor", payload)
        assert SIGNER.read("cursor", token) == payload
        assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")

    @given(st.data())
    def test_one_changed_letter_is_found(self, data: st.DataObject) -> None:
        token = SIGNER.sign("cursor", {"owner": "ann", "before": 17})
        place = data.draw(st.integers(0, len(token) - 1))
        letter = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda letter: letter != token[place]))
        with pytest.raises(InputError) as found:
            SIGNER.read("cursor", token[:place] + letter + token[place + 1 :])
        assert not isinstance(found.value, NotFoundError)

    @given(st.text(max_size=200))
    def test_any_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(InputError):
            SIGNER.read("cursor", text)

    def test_long_texts_are_not_even_looked_at(self) -> None:
        with pytest.raises(InputError):
            SIGNER.read("cursor", SIGNER.sign("cursor", {"x": "y" * 5000}))

    def test_a_text_for_one_purpose_is_none_for_another(self) -> None:
        token = SIGNER.sign("link", {"job": "j1"})
        with pytest.raises(InputError):
            SIGNER.read("cursor", token)
        with pytest.raises(InputError):
            Signer(b"t" * 32).read("link", token)

    def test_it_expires(self) -> None:
        at = datetime.now(UTC)
        assert SIGNER.read("link", SIGNER.sign("link", {}, at + timedelta(seconds=5))) == {}
        with pytest.raises(NotFoundError, match="expired"):
            SIGNER.read("link", SIGNER.sign("link", {}, at - timedelta(seconds=1)))

    def test_each_purpose_has_32_bytes_of_its_own(self) -> None:
        keys = {SIGNER.derive(purpose) for purpose in ("link", "cursor", "webhook/1", "webhook/2", "")}
        assert len(keys) == 5
        assert {len(key) for key in keys} == {32}
        assert SIGNER.derive("link") == Signer(b"s" * 32).derive("link")

    def test_a_server_reads_what_it_signed_before_it_was_started_again(self, tmp_path: Path) -> None:
        token = signer_of(settings(tmp_path)).sign("link", {"job": "j1"})
        assert signer_of(settings(tmp_path)).read("link", token) == {"job": "j1"}


def test_the_secret_is_no_one_s_to_read_while_it_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server_key(settings(tmp_path))
    finally:
        os.umask(before)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
