"""Mutants of good pictures: each follows from a seed and its number alone."""

from __future__ import annotations

import random
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from bench.hostile.pictures import HEIC, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LARGEST = 20_000  #: bytes of a file that is worth mutating: small ones are tried more often in the same time
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEAD = 400  #: bytes where formats keep what steers their readers


@lru_cache(maxsize=1)
def parents() -> tuple[bytes, ...]:
    """Return the files that mutants descend from."""
    files = [case.data for case in clean() if len(case.data) <= _LARGEST]
    return (*files, HEIC, HEIC, HEIC)


def mutant(seed: int, number: int, pool: Sequence[bytes]) -> bytes:
    """Return a mutant of one of the pool's files."""
    rng = random.Random(f"{seed}:{number}")
    parent = rng.choice(pool)
    data = bytearray(parent)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if len(data) > 1:
            rng.choice(_WAYS)(data, rng, pool)
    if data.startswith(b"\x89PNG") and rng.random() < 0.8:
        _mend(data)  # else nearly all would be refused for their checksum, and no decoder behind it be tried
    return bytes(data)


def _flip(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    data[_place(data, rng)] = rng.randrange(256)


def _number(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    width = rng.choice((1, 2, 4))
    body = struct.pack(rng.choice("<>") + "I", rng.choice(_NUMBERS))
    at = _place(data, rng)
    data[at : at + width] = body[-width:]


def _cut(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 2, 4, 64, 1 << 20))]


def _double(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice((1, 4, 16, 256, 2048))]
    data[at:at] = piece * rng.choice((1, 1, 3, 20))


def _noise(data: bytearray, rng: random.Random, _pool: Sequence[bytes]) -> None:
    at = _place(data, rng)
    data[at:at] = rng.randbytes(rng.choice((1, 3, 50)))


def _graft(data: bytearray, rng: random.Random, pool: Sequence[bytes]) -> None:
    other = rng.choice(pool)
    start = rng.randrange(len(other))
    at = _place(data, rng)
    piece = other[start : start + rng.choice((8, 64, 512))]
    data[at : at + len(piece)] = piece


_WAYS: tuple[Callable[[bytearray, random.Random, Sequence[bytes]], None], ...] = (
    _flip, _flip, _overwrite, _number, _number, _cut, _double, _noise, _graft,
)  # fmt: skip


def _place(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(min(len(data), _HEAD) if rng.random() < 0.6 else len(data))


def _mend(data: bytearray) -> None:
    """Set the checksums of a PNG's chunks right, as far as its lengths make sense."""
    at = 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
