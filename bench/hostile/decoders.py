"""Many pictures through the door: a sandboxed child that forks for each, and the checks of the real door behind it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple.errors import PhotoError, ToolError
from badapple.process.sandbox import locked_in
from badapple.product.intake import broken, decoder, unpacked, write_png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badapple.product.intake import Intake

WALL = 5.0  #: seconds after which a picture counts as a hang
_ENV = {"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}
_PLAIN = {b"IHDR", b"IDAT", b"IEND"}  #: all that a file of nothing but pixels has


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a picture: its pixels or why it was refused, and what finding out cost."""

    intake: Intake | None
    says: str
    code: int
    late: bool
    seconds: float
    cpu: float
    memory: int

    @property
    def mark(self) -> str:
        """The same for the same pixels or the same sentence."""
        return self.says if self.intake is None else fingerprint(self.intake)


@dataclass(slots=True)
class Tally:
    """What became of many."""

    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    crashes: Counter[int] = field(default_factory=Counter)  #: exit codes of children that fell over
    hangs: int = 0
    slowest: float = 0.0
    memory: int = 0

    def add(self, answer: Answer) -> None:
        """Count one."""
        if answer.intake is not None:
            self.taken += 1
        else:
            self.refused[" ".join(answer.says.split()[3:8])] += 1
        if answer.code:
            self.crashes[answer.code] += 1
        self.hangs += answer.late
        self.slowest, self.memory = max(self.slowest, answer.seconds), max(self.memory, answer.memory)


class Decoders:
    """A sandboxed child that decodes one picture after the other; for one thread."""

    def __init__(self, *, wall: float) -> None:
        self._wall = wall
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, data: bytes, name: str = "mutant") -> Answer:
        """Decode a picture as `take_in` does, from the bytes on."""
        try:
            facts, out = self._ask(data)
        except BaseException:
            self.close()  # whatever it would still say belongs to this picture; the next one gets a new child
            raise
        intake, says = None, ""
        try:
            if facts["code"] or facts["late"]:
                code = None if facts["late"] else facts["code"]
                raise broken(Path(name), ToolError("the child did not answer", returncode=code))
            intake = unpacked(Path(name), out)
        except PhotoError as error:
            says = str(error)
        return Answer(
            intake=intake, says=says, code=facts["code"], late=facts["late"], seconds=facts["seconds"],
            cpu=facts["cpu"], memory=facts["memory"],
        )  # fmt: skip

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            with self._child:  # closes its pipes, and waits
                self._child = None

    def _ask(self, data: bytes) -> tuple[dict[str, Any], bytes]:
        self._child = self._child or _start(self._wall)
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(struct.pack(">Q", len(data)) + data)
        stdin.flush()
        facts: dict[str, Any] = json.loads(stdout.readline())
        out = stdout.read(facts["size"])
        if len(out) != facts["size"]:
            raise EOFError("the child of decoders ended")
        return facts, out


def _start(wall: float) -> subprocess.Popen[bytes]:
    real = decoder()
    code = Path(__file__).with_name("forking.py").read_text(encoding="utf-8")
    words = (*real.command[:-1], f"import sys; sys.path[:0] = {list(real.homes)}\n{code}", str(wall))
    locked = locked_in(words, real.sandbox, memory=None, file_size=None)
    return subprocess.Popen(
        locked or words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENV
    )


@contextlib.contextmanager
def decoders(*, wall: float = WALL) -> Iterator[Decoders]:
    """Yield decoders; leaving the block ends their child."""
    found = Decoders(wall=wall)
    try:
        yield found
    finally:
        found.close()


def fingerprint(intake: Intake) -> str:
    """Return what tells pixels from others."""
    digest = hashlib.sha256(intake.pixels.tobytes()).hexdigest()
    return f"{intake.source_size} {intake.pixels.shape} {digest}"


def impurities(intake: Intake, folder: Path) -> list[str]:
    """Write the picture as the film's own file, and return what is in it besides pixels: nothing, we hope."""
    path = folder / "out.png"
    write_png(intake.pixels, path)
    data, at, found = path.read_bytes(), 8, []
    while at < len(data):
        (size,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        if kind not in _PLAIN:
            found.append(f"a chunk {kind!r}")
        at += 12 + size
        if kind == b"IEND":
            break
    if at != len(data):
        found.append(f"{len(data) - at} bytes behind its end")
    return found
