"""Children that read others' files: what they see, what they may, and what is left without bubblewrap."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tests.test_process import sleepers

from badapple import process
from badapple.config import get_settings
from badapple.errors import ConfigError, OutOfMemoryError, ToolError
from badapple.media import ffmpeg
from badapple.process import Sandbox, sandbox_level
from badapple.product.intake import decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = str(Path(sys.executable).resolve())
BARE = Sandbox(trial=("-I", "-S", "-c", ""))


@lru_cache(maxsize=1)
def _why_not() -> str:
    found = sandbox_level(PYTHON, BARE)
    return "" if found.name == "bubblewrap" else f"needs a working bubblewrap: {found.reason}"


@pytest.fixture
def bwrap() -> str:
    """Bubblewrap, where it works here."""
    if _why_not():
        pytest.skip(_why_not())
    found = shutil.which("bwrap")
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("BADAPPLE_SANDBOX", raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def run(code: str, *, sandbox: Sandbox = BARE, limits: process.Limits | None = None, stdin: bytes | None = None) -> str:
    """Run Python in a sandbox and return what it prints."""
    done = process.run([PYTHON, "-I", "-S", "-c", code], sandbox=sandbox, limits=limits, stdin=stdin)
    return done.stdout.decode().strip()


def test_nothing_of_anybody_s_is_in_sight(bwrap: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    places = [
        str(Path.home() / ".ssh"),
        str(tmp_path / "key"),
        "/etc/passwd",
        "/proc/self",
        "/tmp",
        "/var",
        "/dev/null",
    ]
    said = json.loads(run(f"import json, os; print(json.dumps([os.path.exists(p) for p in {places}]))"))
    assert said == [False] * len(places)
    home = str(Path.home())
    listed = json.loads(
        run(f"import json, os; print(json.dumps(os.listdir({home!r}) if os.path.isdir({home!r}) else []))")
    )
    assert set(listed) <= set(Path(PYTHON).parts)  # the way to the interpreter, where that lies there


def test_it_reads_what_it_was_given_and_no_neighbour(bwrap: str, tmp_path: Path) -> None:
    for name in ("mine", "yours"):
        (tmp_path / name).write_text(name)
    code = f"import os; print(open({str(tmp_path / 'mine')!r}).read(), os.listdir({str(tmp_path)!r}))"
    assert run(code, sandbox=Sandbox(trial=BARE.trial, reads=(tmp_path / "mine",))) == "mine ['mine']"


def test_it_writes_where_it_may_and_nowhere_else(bwrap: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (tmp_path / "given").write_text("old")
    given = Sandbox(trial=BARE.trial, reads=(tmp_path / "given",), writes=(mine,))
    places = [str(mine / "new"), str(tmp_path / "given"), str(tmp_path / "new"), "/new", "/usr/new", "/tmp/new"]
    code = (
        "import sys\n"
        f"for place in {places}:\n"
        "    try: open(place, 'w').write('new'); print('yes', end=' ')\n"
        "    except OSError: print('no', end=' ')"
    )
    assert run(code, sandbox=given) == "yes no no no no no"
    assert (mine / "new").read_text() == "new"
    assert (tmp_path / "given").read_text() == "old"


def test_it_reaches_no_network(bwrap: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        code = (
            "import socket\n"
            f"try: socket.create_connection(('127.0.0.1', {port}), 2); print('in')\n"
            "except OSError: print('out')"
        )
        assert run(code) == "out"
        assert process.run([PYTHON, "-I", "-S", "-c", code]).stdout == b"in\n"


def test_it_sees_no_variable_and_no_process_of_ours(bwrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "HOME", "PATH", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, f"{os.environ.get(name, '')}")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    said = run("import os; print(os.getpid(), os.getppid(), *sorted(os.environ))").split()
    assert int(said[0]) < 10  # counted anew
    assert set(said[2:]) <= {"LC_ALL", "LC_CTYPE", "LANG", "LD_LIBRARY_PATH", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "LC_ALL" in said


def test_it_has_no_rights_left(bwrap: str) -> None:
    code = (
        "import os\n"
        "try: os.setuid(12345); print('set')\n"
        "except OSError: print('kept')\n"
        "try: os.chroot('/usr'); print('rooted')\n"
        "except OSError: print('kept')"
    )
    assert run(code).split() == ["kept", "kept"]


def test_its_limits_hold_from_its_first_moment(bwrap: str, tmp_path: Path) -> None:
    code = "import resource as r; print(*(r.getrlimit(k)[0] for k in (r.RLIMIT_AS, r.RLIMIT_FSIZE, r.RLIMIT_CORE)))"
    limits = process.Limits(memory=1 << 30, file_size=1 << 20)
    assert run(code, limits=limits) == f"{1 << 30} {1 << 20} 0"
    with pytest.raises(ToolError, match="MemoryError") as caught:
        run("bytearray(1 << 30)", limits=limits)
    assert not isinstance(caught.value, OutOfMemoryError)


def test_the_kernel_ends_it_before_the_process_with_the_jobs(bwrap: str) -> None:
    words = [PYTHON, "-I", "-S", "-c", "import time; print('x' * 9, flush=True); time.sleep(78.125)"]
    with process.stream(words, sandbox=BARE) as fill:
        assert fill(memoryview(bytearray(9)))
        (pid,) = [
            pid for pid in sleepers("78.125") if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(PYTHON.encode())
        ]
        assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "500"
    assert not sleepers("78.125")


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGSEGV, signal.SIGABRT])
def test_how_it_died_is_told_as_without_a_sandbox(bwrap: str, number: signal.Signals) -> None:
    for sandbox in (BARE, None):
        with pytest.raises(ToolError, match=f"was killed by signal {int(number)}") as caught:
            process.run(
                [PYTHON, "-I", "-S", "-c", f"import signal; signal.raise_signal(signal.Signals({int(number)}))"],
                sandbox=sandbox,
            )
        assert caught.value.returncode == -number


def test_an_exit_code_of_its_own_stays_what_it_is(bwrap: str) -> None:
    for code in (3, 183, 234, 255):
        with pytest.raises(ToolError) as caught:
            run(f"import os; os._exit({code})")
        assert caught.value.returncode == code


def test_memory_that_ran_out_is_named(bwrap: str) -> None:
    with pytest.raises(OutOfMemoryError):
        run("import os; os.kill(os.getpid(), 9)")


def test_a_slow_one_is_killed_with_all_it_started(bwrap: str) -> None:
    code = "import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(78.25)"
    with pytest.raises(ToolError, match="longer than 1 s"):
        run(code, limits=process.Limits(seconds=1))
    assert not sleepers("78.25")


def test_it_is_fed_and_read_in_pieces(bwrap: str) -> None:
    assert run("import sys; print(len(sys.stdin.read()))", stdin=b"x" * 3_000_000) == "3000000"
    buffer = memoryview(bytearray(1_000_000))
    words = [PYTHON, "-I", "-S", "-c", "import sys; sys.stdout.write('x' * 2_000_000)"]
    with process.stream(words, sandbox=BARE) as fill:
        assert fill(buffer)
        assert fill(buffer)
        assert not fill(buffer)


def test_the_decoder_and_ffmpeg_work_in_it(bwrap: str) -> None:
    program = ffmpeg.locate()
    assert sandbox_level(decoder().command[0], decoder().sandbox).name == "bubblewrap"
    assert sandbox_level(program, ffmpeg.sandbox(program)).name == "bubblewrap"


def test_a_program_that_does_not_start_in_it_runs_under_its_limits(bwrap: str, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "words").write_text("I run")
    odd = tmp_path / "odd"
    odd.write_text(f"#!/bin/sh\ncat {tmp_path / 'far' / 'words'}\n")
    odd.chmod(0o755)
    found = sandbox_level(odd, Sandbox(trial=()))
    assert found.name == "limits"
    assert "odd does not start under bubblewrap (cat: " in found.reason
    assert process.run([odd], sandbox=Sandbox(trial=())).stdout == b"I run"


def test_off_is_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BADAPPLE_SANDBOX", "off")
    get_settings.cache_clear()
    (tmp_path / "here").touch()
    assert sandbox_level(PYTHON, BARE).reason == "BADAPPLE_SANDBOX is off"
    assert run(f"import os; print(os.path.exists({str(tmp_path / 'here')!r}))") == "True"


def test_without_bubblewrap_limits_are_left_and_the_environment_is_as_small(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = sandbox_level(PYTHON, BARE)
    assert (found.name, found.reason) == ("limits", "bubblewrap is not installed")
    assert "apt-get install bubblewrap" in found.hint
    assert "XDG_CONFIG_HOME" not in run("import os; print(sorted(os.environ))")
    with pytest.raises(ToolError):
        run("import time; time.sleep(0.3); b = bytearray(2_000_000_000)", limits=process.Limits(memory=1_000_000_000))


def _stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_system_that_forbids_it_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it."
    _stand_in(tmp_path, f"echo '{said}' >&2; exit 1", monkeypatch)
    found = sandbox_level(PYTHON, BARE)
    assert found.name == "limits"
    assert "does not let bubblewrap work (No permissions to create new namespace" in found.reason
    assert run("print('it runs')") == "it runs"


def test_where_it_must_be_there_and_is_not_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BADAPPLE_SANDBOX", "on")
    monkeypatch.setenv("PATH", str(tmp_path))
    get_settings.cache_clear()
    with pytest.raises(ConfigError, match="BADAPPLE_SANDBOX is on, but bubblewrap is not installed") as caught:
        run("print('it runs')")
    assert "set it to auto" in caught.value.hint


def test_where_it_fails_after_it_had_worked_the_system_is_to_blame(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    once = f"[ -e {tmp_path}/tried ] || {{ : > {tmp_path}/tried; exit 0; }}"
    _stand_in(
        tmp_path,
        f"{once}\necho 'bwrap: Creating new namespace failed: No space left on device' >&2\nexit 1",
        monkeypatch,
    )
    with pytest.raises(OutOfMemoryError, match="could not be locked in: Creating new namespace failed"):
        run("print('it runs')")


def test_a_trial_that_failed_is_made_again_after_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _stand_in(tmp_path, f"[ -e {tmp_path}/ready ] || {{ echo 'bwrap: busy' >&2; exit 1; }}", monkeypatch)
    assert sandbox_level(PYTHON, BARE).name == "limits"
    (tmp_path / "ready").touch()
    assert sandbox_level(PYTHON, BARE).name == "limits"  # not each photo pays for a trial
    later = time.monotonic() + 301
    monkeypatch.setattr("badapple.process.sandbox.time", SimpleNamespace(monotonic=lambda: later))
    assert sandbox_level(PYTHON, BARE).name == "bubblewrap"
