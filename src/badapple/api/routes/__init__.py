"""The routes, one module for each kind of thing; each has a `router`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import APIRouter

__all__ = ["routers"]

_MODULES = ("videos", "jobs", "uploads", "pricing", "catalog", "files", "live", "access", "webhooks", "vendors")


def routers() -> Iterator[APIRouter]:
    """Yield the router of each module."""
    for name in _MODULES:
        if find_spec(f"badapple.api.routes.{name}") is not None:
            yield import_module(f"badapple.api.routes.{name}").router
