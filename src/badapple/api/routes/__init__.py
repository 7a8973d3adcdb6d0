"""The routes, one module for each kind of thing; each has a `router`, and `sockets` for those at the root."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from fastapi import APIRouter

__all__ = ["root_routers", "routers"]

_MODULES = (
    *("videos", "jobs", "edits", "variants", "uploads", "pricing", "catalog", "previews"),
    *("files", "live", "access", "webhooks", "vendors", "brand", "settings"),
)


def routers() -> Iterator[APIRouter]:
    """Yield the router of each module, for what lies under `/api/v1` and `/api`."""
    for module in _modules():
        yield module.router


def root_routers() -> Iterator[APIRouter]:
    """Yield the routers of what lies at the root, like `/ws/job/{job_id}`."""
    for module in _modules():
        if hasattr(module, "sockets"):
            yield module.sockets


def _modules() -> Iterator[ModuleType]:
    for name in _MODULES:
        if find_spec(f"badapple.api.routes.{name}") is not None:
            yield import_module(f"badapple.api.routes.{name}")
