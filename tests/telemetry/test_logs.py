"""Logs: JSON only, whole lines only, no secrets, and never an error to those who log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from badapple.process import in_thread
from badapple.secrets import Secret
from badapple.telemetry import logs, metrics
from badapple.telemetry.sinks import LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lines = list[dict[str, Any]]

log = logging.getLogger("badapple.test")


@contextlib.contextmanager
def no_other_handler() -> Iterator[None]:
    """Take pytest's handlers away, which fail a test whose record cannot be formatted."""
    root = logging.getLogger()
    others = [handler for handler in root.handlers if type(handler).__module__.startswith("_pytest")]
    for handler in others:
        root.removeHandler(handler)
    yield
    for handler in others:
        root.addHandler(handler)


def program(code: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False, **kwargs
    )


def test_a_line_has_the_usual_keys_first(written: Callable[[], Lines]) -> None:
    log.info("asset_made", extra={"provider": "replicate", "seconds": 1.5, "job_id": "j1"})
    (line,) = written()
    assert list(line) == ["timestamp", "level", "event", "logger", "job_id", "provider", "seconds"]
    assert line["timestamp"].endswith("Z")
    assert len(line["timestamp"]) == len("2026-01-01T00:00:00.000Z")
    assert abs(time.time() - time.mktime(time.strptime(line["timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))) < 90_000
    assert (line["level"], line["event"], line["logger"]) == ("info", "asset_made", "badapple.test")


async def test_bound_keys_stand_on_every_line_inside_threads_and_tasks_too(written: Callable[[], Lines]) -> None:
    async def task() -> None:
        log.info("in_task")

    with logs.bound(job_id="j1", stage="script_gen"):
        with logs.bound(stage="voice_gen"):
            await in_thread(log.info, "in_thread")
            await asyncio.create_task(task())
        log.info("outside", extra={"job_id": "another"})
    log.info("after")
    found = {line["event"]: (line.get("job_id"), line.get("stage")) for line in written()}
    assert found == {
        "in_thread": ("j1", "voice_gen"),
        "in_task": ("j1", "voice_gen"),
        "outside": ("another", "script_gen"),
        "after": (None, None),
    }


def test_jq_finds_jobs_and_errors(written: Callable[[], Lines], tmp_path: Path) -> None:
    with logs.bound(job_id="j1"):
        log.info("one")
        log.error("two")
    with logs.bound(job_id="j2"):
        log.error("three")
    lines = written()
    assert [line["event"] for line in lines if line["job_id"] == "j1"] == ["one", "two"]
    if jq := shutil.which("jq"):
        for query, expected in {'.job_id == "j1"': ["one", "two"], '.level == "error"': ["two", "three"]}.items():
            args = [jq, "-r", f"select({query}) | .event", str(tmp_path / "logs" / logs.FILE)]
            assert subprocess.run(args, capture_output=True, text=True, check=True).stdout.split() == expected


def test_values_of_every_kind_become_json(written: Callable[[], Lines]) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    circle: list[object] = []
    circle.append(circle)
    values = {
        "level": "mine", "event": "mine", "exception": "mine", "nan": float("nan"), "big": 10**5000, "path": Path("/a"),
        "map": {1: (b"x", {"s"})}, "odd": Odd(), "circle": circle, "text": "a\nb\u2028c\x9b\u202e\ud800é",
    }  # fmt: skip
    log.warning("values", extra=values)
    (line,) = written()
    assert (line["level"], line["event"], line["level_"], line["event_"]) == ("warning", "values", "mine", "mine")
    assert "exception" not in line
    assert line["nan"] == "nan"
    assert line["big"].startswith("0x")
    assert line["map"] == {"1": ["b'x'", ["s"]]}
    assert line["odd"] == "<Odd that cannot be shown>"
    assert line["text"] == "a\nb\u2028c\x9b\u202e?é"


def test_a_line_is_one_line_for_every_reader_and_nothing_a_terminal_obeys(
    written: Callable[[], Lines], tmp_path: Path
) -> None:
    log.info("text", extra={"text": "a\nb\r\x1b[2J\x85\u2028c\x9b\u202e", "name_of_product": "Чашка"})
    raw = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    assert raw[:-1].isprintable()
    assert len(raw.splitlines()) == 1
    assert "Чашка" in raw


def test_a_record_that_cannot_be_formatted_is_still_a_line(written: Callable[[], Lines]) -> None:
    with logs.bound(job_id="j1"), no_other_handler():
        log.info("%d of %d", "one")  # noqa: PLE1206 - what is tested
    (line,) = written()
    assert (line["event"], line["arguments"], line["job_id"]) == ("%d of %d", ["one"], "j1")


def test_tracebacks_stand_inside_the_line(written: Callable[[], Lines]) -> None:
    try:
        raise ValueError("two\nlines")  # noqa: TRY301 - what is tested
    except ValueError:
        log.exception("job_processing_failed", extra={"job_id": "j1"})
    (line,) = written()
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: two\nlines")


def test_libraries_are_heard_from_warning_on_whatever_their_level(written: Callable[[], Lines]) -> None:
    library = logging.getLogger("dbos")
    library.setLevel(logging.INFO)
    library.info("chatter")
    library.warning("trouble")
    logging.getLogger("httpx").info("chatter")
    structlog.get_logger("badapple.test").info("of_structlog", number=1)
    library.setLevel(logging.NOTSET)
    assert [line["event"] for line in written()] == ["trouble", "of_structlog"]


def test_no_secret_is_written(written: Callable[[], Lines], tmp_path: Path) -> None:
    class Holder:
        def __repr__(self) -> str:
            return 'holds canary-"5up\\ér'

    canary = Secret('canary-"5up\\ér').reveal()
    looks = "sk-ant-0123456789abcdef"
    for secret in (canary, looks):
        try:
            try:
                raise KeyError(secret)  # noqa: TRY301 - what is tested
            except KeyError as error:
                raise ValueError(f"wrong key {secret!r}") from error
        except ValueError:
            log.exception("said %s", secret, extra={"a": secret, "b": [{"c": secret, secret: 1}], "d": Holder()})
        with no_other_handler():
            log.info("%d", secret)
        with logs.bound(stage=secret):
            structlog.get_logger().warning("structlog", key=secret)
    assert len(written()) == 6
    raw = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    for secret in ("5up", looks):
        assert secret not in raw
    assert raw.count("[secret]") == 20


ALL_SOURCES = """
import asyncio, gc, logging, sys, threading, warnings
from pathlib import Path
from badapple.telemetry import logs
logs.set_up(folder=Path(sys.argv[1]), stderr=True)
from dbos import DBOS
DBOS(config={"name": "test", "system_database_url": f"sqlite:///{sys.argv[1]}/engine.db", "run_admin_server": False})
logs.adopt("dbos")
DBOS.launch()
logging.getLogger("dbos").warning("engine says")
DBOS.destroy()
warnings.warn("take care")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
async def lost():
    asyncio.ensure_future(asyncio.sleep(0, 1)).add_done_callback(lambda task: 1 / 0)
    async def fail():
        raise RuntimeError("nobody waits")
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)
asyncio.run(lost())
gc.collect()
class Bad:
    def __del__(self):
        raise RuntimeError("too late")
del Bad
raise RuntimeError("the end")
"""


def test_only_json_comes_out_whoever_speaks(tmp_path: Path, read_lines: Callable[[str], Lines]) -> None:
    done = program(ALL_SOURCES.replace("del Bad\n", "Bad()\n").replace("sys.argv[1]", repr(str(tmp_path))))
    assert done.returncode == 1
    assert done.stdout == ""
    lines = read_lines(done.stderr)
    assert lines == read_lines((tmp_path / logs.FILE).read_text(encoding="utf-8"))
    events = [(line["logger"], line["event"].split("\n")[0]) for line in lines]
    for expected in (
        ("dbos", "engine says"),
        ("py.warnings", "python_warning"),
        ("asyncio", "Task exception was never retrieved"),
        ("badapple", "unraisable_exception"),
    ):
        assert expected in events
    assert [line["exception"].split("\n")[-1] for line in lines if line["event"] == "uncaught_exception"] == [
        "ZeroDivisionError: division by zero",
        "RuntimeError: the end",
    ]


def test_without_standard_error_a_crash_is_still_seen_there(tmp_path: Path) -> None:
    done = program(
        "import sys; from pathlib import Path; from badapple.telemetry import logs\n"
        f"logs.set_up(folder=Path({str(tmp_path)!r}), stderr=False); logs.set_up(folder=None, stderr=False)\n"
        "raise RuntimeError('the end')"
    )
    assert done.stderr.endswith("RuntimeError: the end\n")


WRITER = """
import logging, sys
from pathlib import Path
from badapple.telemetry import logs
logs.set_up(folder=Path(sys.argv[1]), stderr=False)
log = logging.getLogger("badapple.test")
print("go", flush=True)
for number in range(2000):
    length = 100_000 if number % 100 == 7 else 50
    log.info("line", extra={"by": sys.argv[2], "number": number, "text": sys.argv[2] * length})
"""


def test_processes_share_a_file_and_a_rotation_without_a_torn_line(
    tmp_path: Path, read_lines: Callable[[str], Lines]
) -> None:
    path, rotated = tmp_path / logs.FILE, tmp_path / "pipeline.log.1"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=subprocess.PIPE) for name in "abcd"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"go\n"
    while not path.exists() or path.stat().st_size < 200_000:
        time.sleep(0.001)
    path.rename(rotated)
    for writer in writers:
        assert writer.wait() == 0
        assert writer.stdout is not None
        writer.stdout.close()
    assert path.stat().st_size > 100_000
    lines = read_lines(rotated.read_text(encoding="utf-8")) + read_lines(path.read_text(encoding="utf-8"))
    assert len(lines) == 8000
    for name in "abcd":
        own = [line for line in lines if line["by"] == name]
        assert [line["number"] for line in own] == list(range(2000))
        assert all(set(line["text"]) == {name} for line in own)


def test_a_file_that_another_process_made_anew_is_written_to(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log")
    file.write(b"one\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    (tmp_path / "log").touch()
    file.write(b"two\n")
    file.close()
    assert (tmp_path / "log.1").read_bytes() == b"one\n"
    assert (tmp_path / "log").read_bytes() == b"two\n"


def test_a_full_disk_costs_lines_and_is_said_once(
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    read_lines: Callable[[str], Lines],
    counting: None,
) -> None:
    path = tmp_path / logs.FILE
    path.symlink_to("/dev/full")
    undo = logs.set_up(folder=tmp_path, stderr=False)
    try:
        log.info("one")
        log.info("two")
        path.unlink()
        log.info("three")
        log.info("four")
    finally:
        undo()
    (said,) = read_lines(capfdbinary.readouterr().err.decode())
    assert (said["event"], said["level"], said["reason"]) == (
        "log_file_not_written", "error", "No space left on device",
    )  # fmt: skip
    lines = read_lines(path.read_text(encoding="utf-8"))
    assert [(line["event"], line.get("count")) for line in lines] == [
        ("three", None), ("log_lines_dropped", 2), ("four", None),
    ]  # fmt: skip
    assert b"badapple_log_lines_dropped_total 2.0" in metrics.exposition()[0]


def test_a_folder_that_cannot_be_made_fails_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    undo = logs.set_up(folder=tmp_path / "file" / "logs", stderr=False)
    try:
        log.info("one")
        log.info("two")
    finally:
        undo()
    assert json.loads(capfd.readouterr().err)["event"] == "log_file_not_written"


def test_a_line_that_only_half_fits_leaves_no_half(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = LogFile(tmp_path / "log")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (25, before[1]))
    try:
        for _ in range(4):
            file.write(b"123456789\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "log").read_bytes() == b"123456789\n" * 2
    assert file.dropped == 2
    file.close()
    capfd.readouterr()


def test_a_closed_standard_error_fails_nobody() -> None:
    code = (
        "import os; from badapple.telemetry import logs; import logging; logs.set_up(folder=None, stderr=True)\n"
        "os.close(2); logging.getLogger('badapple').error('x'); print('on')"
    )
    assert program(code).stdout == "on\n"


def test_putting_it_back_leaves_nothing(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, sys.excepthook)
    undo = logs.set_up(folder=tmp_path, stderr=True)
    log.info("x")
    opened = list(Path("/proc/self/fd").iterdir())
    undo()
    assert (list(root.handlers), root.level, sys.excepthook) == before
    assert len(list(Path("/proc/self/fd").iterdir())) == len(opened) - 1
