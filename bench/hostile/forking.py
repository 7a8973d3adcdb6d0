"""Runs inside the sandbox: decodes one picture after the other, each in a fork of its own with the limits of its own.

It reads packets from standard input, a length and a picture, and answers each with a line of JSON and what
`badapple.product.decode.main` wrote in the fork. That is the very function of the real child, which starts with a new
interpreter instead of a fork: the only difference, and most of its cost.
"""

import io
import json
import os
import select
import signal
import struct
import sys
import time

from badapple.product import decode

decode.load()
_WALL = float(sys.argv[1])


def _serve(data: bytes, answer: int) -> None:
    code = 1
    try:
        sys.stdin = io.TextIOWrapper(io.BytesIO(data))
        sys.stdout = io.TextIOWrapper(os.fdopen(answer, "wb"), write_through=True)
        decode.main()
        sys.stdout.flush()
        code = 0
    finally:
        os._exit(code)


def _collect(source: int, pid: int, deadline: float) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    late = False
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            late, deadline = True, deadline + 60
            continue
        piece = os.read(source, 1 << 20)
        if not piece:
            return b"".join(pieces), late
        pieces.append(piece)


while head := sys.stdin.buffer.read(8):
    (size,) = struct.unpack(">Q", head)
    data = sys.stdin.buffer.read(size)
    source, answer = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(source)
        _serve(data, answer)
    os.close(answer)
    out, late = _collect(source, child, begun + _WALL)
    os.close(source)
    _, status, used = os.wait4(child, 0)
    facts = {
        "code": os.waitstatus_to_exitcode(status), "late": late, "size": len(out), "seconds": time.monotonic() - begun,
        "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024,
    }  # fmt: skip
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + out)
    sys.stdout.buffer.flush()
