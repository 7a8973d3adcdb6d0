"""How this process' own heap is kept."""

from __future__ import annotations

import ctypes

__all__ = ["settle"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc


def settle() -> None:
    """Keep the memory of several drawing threads small; a program of its own calls it once, before any picture.

    Buffers of some megabytes come and go with every frame: kept in two arenas they are used again, where malloc's
    defaults ask the kernel for fresh pages.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc has it, musl has not
        for option, value in ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, 100 << 20)):
            mallopt(option, value)
