"""Child processes and worker threads."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from badapple import process
from badapple.errors import DiskError, OutOfMemoryError, ToolError
from badapple.process.child import child


def test_output_is_returned() -> None:
    done = process.run([sys.executable, "-c", "import sys; print(sys.stdin.read().upper())"], stdin=b"hello")
    assert done.stdout == b"HELLO\n"


def test_failure_keeps_the_last_lines() -> None:
    script = "import sys; [print('line', n, file=sys.stderr) for n in range(100)]; sys.exit(3)"
    with pytest.raises(ToolError, match="exit code 3: line 99") as caught:
        process.run([sys.executable, "-c", script])
    assert caught.value.returncode == 3
    assert len(caught.value.last_lines) == 20


def test_missing_program_is_a_tool_error() -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        process.run(["/nowhere/at-all"])


def test_full_disk_is_named() -> None:
    with pytest.raises(DiskError, match="disk is full"):
        process.run([sys.executable, "-c", "import sys; sys.exit('write: No space left on device')"])


def test_slow_child_is_killed_with_its_children() -> None:
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(77.25)']).wait()"
    with pytest.raises(ToolError, match="longer than 1 s"):
        process.run([sys.executable, "-c", script], limits=process.Limits(seconds=1))
    assert not sleepers("77.25")


def test_memory_limit_holds() -> None:
    with pytest.raises(ToolError):
        process.run(
            [sys.executable, "-c", "import time; time.sleep(0.3); b = bytearray(2_000_000_000)"],
            limits=process.Limits(memory=1_000_000_000),
        )


def test_a_child_that_writes_too_much_is_killed_with_its_children() -> None:
    script = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(77.375)'])\n"
        "while True: sys.stdout.buffer.write(bytes(1 << 16))"
    )
    before = psutil.Process().memory_info().rss
    with pytest.raises(ToolError, match="wrote more than 1000000 bytes") as caught:
        process.run([sys.executable, "-c", script], limits=process.Limits(seconds=20, output=1_000_000))
    assert caught.value.returncode == -9
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert not sleepers("77.375")


def test_a_child_that_ended_after_too_much_has_failed_as_well() -> None:
    with pytest.raises(ToolError, match="wrote more than 5 bytes"):
        process.run([sys.executable, "-c", "print('hello')"], limits=process.Limits(output=5))
    assert process.run([sys.executable, "-c", "print('hello')"], limits=process.Limits(output=6)).stdout == b"hello\n"


def test_a_line_without_an_end_is_kept_in_pieces() -> None:
    script = "import sys; sys.stderr.write('x' * 3_000_000 + 'end'); sys.exit(1)"
    with pytest.raises(ToolError, match="end") as caught:
        process.run([sys.executable, "-c", script])
    assert max(map(len, caught.value.last_lines)) <= 500


class Slow(list[bytes]):
    """What keeps its reader from reading on at once."""

    def append(self, data: bytes) -> None:
        time.sleep(0.1)
        super().append(data)


def test_a_child_that_is_ended_while_it_writes_is_heard_out() -> None:
    script = "import os\nwhile True: os.write(1, bytes(4096))"
    with (
        pytest.raises(KeyboardInterrupt),
        child([sys.executable, "-c", script], limits=process.Limits(output=1 << 30), fed=False) as running,
    ):
        running._out = heard = Slow()
        while not heard:
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert not any(reader.is_alive() for reader in running._readers)


def test_pipe_feeds_a_child() -> None:
    with process.pipe([sys.executable, "-c", "import sys; assert len(sys.stdin.buffer.read()) == 3000"]) as write:
        for _ in range(3):
            write(memoryview(bytes(1000)))


def test_pipe_reports_a_child_that_dies_early() -> None:
    with (
        pytest.raises(ToolError, match="no more"),
        process.pipe([sys.executable, "-c", "import sys; sys.exit('no more')"]) as write,
    ):
        for _ in range(1000):
            write(memoryview(bytes(100_000)))


def speaking(*, after: str = "") -> list[str]:
    """Return a child that writes 3,000,000 bytes and goes on with some Python."""
    script = "import sys; [sys.stdout.buffer.write(bytes([n]) * 1_000_000) for n in range(3)]; sys.stdout.flush()\n"
    return [sys.executable, "-c", script + after]


def test_stream_fills_buffers_to_the_end() -> None:
    whole, pieces = bytearray(1_500_000), []
    with process.stream(speaking()) as fill:
        while fill(memoryview(whole)):
            pieces.append(bytes(whole))
        assert not fill(memoryview(whole))
    assert b"".join(pieces) == b"".join(bytes([n]) * 1_000_000 for n in range(3))


def test_stream_reports_a_child_that_stops_inside_a_buffer() -> None:
    buffer = memoryview(bytearray(2_000_000))
    with process.stream(speaking()) as fill, pytest.raises(ToolError, match="stopped before it was done"):
        assert fill(buffer)
        fill(buffer)


def test_stream_reports_a_child_that_fails() -> None:
    buffer = memoryview(bytearray(1_000_000))
    with process.stream(speaking(after="sys.exit('no more')")) as fill:
        assert all(fill(buffer) for _ in range(3))
        with pytest.raises(ToolError, match="no more") as caught:
            fill(buffer)
    assert caught.value.returncode == 1


def test_leaving_a_stream_ends_its_child() -> None:
    with process.stream(speaking(after="import time; time.sleep(77.75)")) as fill:
        assert fill(memoryview(bytearray(10)))
        assert sleepers("77.75")
    assert not sleepers("77.75")


def test_a_stream_that_gives_nothing_is_stopped() -> None:
    slow = speaking(after="import time; time.sleep(77.875)")
    with process.stream(slow, limits=process.Limits(seconds=0.3)) as fill:
        assert fill(memoryview(bytearray(3_000_000)))
        with pytest.raises(ToolError, match="gave nothing for 0 s and was stopped"):
            fill(memoryview(bytearray(1)))
        assert not sleepers("77.875")


async def test_cancelling_stops_a_thread_that_waits_for_a_stream() -> None:
    def work() -> None:
        with process.stream([sys.executable, "-c", "import time; time.sleep(77.625)"]) as fill:
            fill(memoryview(bytearray(1)))

    task = asyncio.create_task(process.in_thread(work))
    await asyncio.sleep(0.3)
    assert sleepers("77.625")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not sleepers("77.625")


async def test_cancelling_stops_the_thread_and_its_child() -> None:
    def work() -> None:
        process.run([sys.executable, "-c", "import time; time.sleep(77.5)"])

    task = asyncio.create_task(process.in_thread(work))
    await asyncio.sleep(0.5)
    assert sleepers("77.5")
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 2
    assert not sleepers("77.5")


async def test_cancelling_waits_for_a_loop_to_notice() -> None:
    rounds = []

    def work() -> None:
        while True:
            process.check_stop()
            rounds.append(1)
            time.sleep(0.01)

    task = asyncio.create_task(process.in_thread(work))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    seen = len(rounds)
    await asyncio.sleep(0.1)
    assert len(rounds) == seen > 0


async def test_result_and_error_of_a_thread_come_through() -> None:
    assert await process.in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await process.in_thread(lambda: 1 // 0)


def sleepers(mark: str) -> list[int]:
    """Return the processes whose command line holds a mark."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if any(f"time.sleep({mark})" in part for part in one.info["cmdline"] or ()):
            found.append(one.pid)
    return found


KILLED = "import os, signal, sys; sys.stdin.read(); os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(
    "script",
    [
        KILLED,
        "import sys; sys.exit(137)",  # what a shell says of a program that was killed
        "import sys; sys.exit('terminate called after throwing an instance of std::bad_alloc')",
        "import sys; print('x264 [error]: Cannot allocate memory', file=sys.stderr); sys.exit(244)",
    ],
)
def test_memory_that_ran_out_is_named(script: str) -> None:
    with pytest.raises(OutOfMemoryError, match=r"^python was ended by the system because memory ran out$") as caught:
        process.run([sys.executable, "-c", script])
    assert "MAX_MEMORY_MB" in caught.value.hint
    assert caught.value.returncode in {-9, 137, 1, 244}


def test_memory_that_ran_out_is_named_while_a_child_is_fed_or_read() -> None:
    with (
        pytest.raises(OutOfMemoryError),
        process.pipe([sys.executable, "-c", KILLED.replace("read()", "read(5)")]) as write,
    ):
        for _ in range(1000):
            write(memoryview(bytes(100_000)))
    with process.stream(speaking(after=KILLED)) as fill:
        assert fill(memoryview(bytearray(3_000_000)))
        with pytest.raises(OutOfMemoryError):
            fill(memoryview(bytearray(1)))


def test_a_bound_of_the_child_s_own_is_not_the_system_s() -> None:
    script = "import sys; sys.exit('huge.mp4: Cannot allocate memory')"
    with pytest.raises(ToolError, match=r"exit code 1: huge\.mp4") as caught:
        process.run([sys.executable, "-c", script], limits=process.Limits(memory=2_000_000_000))
    assert not isinstance(caught.value, OutOfMemoryError)


def test_what_we_ended_ourselves_had_memory_enough() -> None:
    with pytest.raises(ToolError) as caught:
        process.run([sys.executable, "-c", "import time; time.sleep(9)"], limits=process.Limits(seconds=0.1))
    assert not isinstance(caught.value, OutOfMemoryError)


def test_a_child_sees_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = {"ANTHROPIC_API_KEY": "k", "DATABASE_URL": "u", "AWS_SECRET_ACCESS_KEY": "s", "BADAPPLE_STORAGE": "s"}
    needed = {"LC_ALL": "C.UTF-8", "TMPDIR": str(tmp_path), "LD_LIBRARY_PATH": "/nowhere"}
    for name, value in (secret | needed).items():
        monkeypatch.setenv(name, value)
    script = "import json, os, sys; sys.stdin.read(); sys.stdout.write(json.dumps(dict(os.environ)))"
    seen = json.loads(process.run([sys.executable, "-c", script]).stdout)
    assert needed.items() <= seen.items()
    assert seen["PATH"] == os.environ["PATH"]
    assert not secret.keys() & seen.keys()
    assert "k" not in seen.values()
    given = json.loads(process.run([sys.executable, "-c", script], env={"ONLY": "this", "LC_ALL": "C"}).stdout)
    assert given == {"ONLY": "this", "LC_ALL": "C"}


def test_the_kernel_ends_a_child_before_the_process_with_the_jobs() -> None:
    script = "import time; time.sleep(0.2); print(open('/proc/self/oom_score_adj').read())"
    assert int(process.run([sys.executable, "-c", script]).stdout) == 500
