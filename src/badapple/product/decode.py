"""The child process that turns the bytes of a stranger's picture into plain pixels.

`main` reads a picture from standard input and answers on standard output: one line of JSON, then, unless that line says
`refused`, the raw pixels, row by row, upright, in sRGB, 3 or 4 bytes each. It limits itself before it imports a codec,
writes no file, and leaves every failure that it does not know to its exit code.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from typing import Any

from badapple.product.limits import MAX_BYTES

#: Bytes of address space. A WebP of 64 MP needs 1.0 GB (the codec keeps four RGBA copies); all others less than half.
MEMORY = 1536 * 1024 * 1024
#: CPU time; a picture that needs longer was made to keep us busy. HEIC is slow by nature: 48 MP take 2-4 s.
CPU_SECONDS, HEIC_SECONDS = 4, 8


def main() -> None:
    """Answer for the picture on standard input."""
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    _limit(HEIC_SECONDS if data[4:8] == b"ftyp" else CPU_SECONDS)
    from PIL import Image  # noqa: PLC0415 - no codec before the limits

    from badapple.product.picture import Refused, read  # noqa: PLC0415 - no codec before the limits

    Image.MAX_IMAGE_PIXELS = None  # our own limit is lower, and it speaks clearly
    warnings.simplefilter("ignore")
    try:
        image, source = read(data)
        body = image.tobytes()
    except Refused as refusal:
        answer: dict[str, Any] = {"refused": str(refusal)}
        body = b""
    except MemoryError:
        answer, body = {"refused": "needs too much memory to open: save it smaller, as JPEG or PNG"}, b""
    else:
        answer = {"width": image.width, "height": image.height, "channels": len(image.mode), "source": source}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)
    sys.stdout.buffer.flush()


def load() -> None:
    """Import all that a picture may need, and decode none: where this ends well, `main` can work."""
    from badapple.product import picture  # noqa: F401, PLC0415 - no codec before the limits


def _limit(seconds: int) -> None:
    """Bound address space, CPU time and files of this process; nothing undoes it."""
    for what, bound, more in (
        (resource.RLIMIT_AS, MEMORY, 0),
        (resource.RLIMIT_CPU, seconds, 1),  # the signal at the first bound tells; the second one looks like no memory
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = bound + more if hard == resource.RLIM_INFINITY else min(bound + more, hard)
        resource.setrlimit(what, (min(bound, most), most))
