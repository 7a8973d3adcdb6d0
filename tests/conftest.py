"""Fixtures for every test."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from badapple.testing.simulators import Simulators

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shared_photos() -> Path:
    """Real product photos, where the checkout has them beside it."""
    folder = ROOT.parent / "shared" / "photos"
    if not folder.is_dir():
        pytest.skip("no folder of real photos beside this checkout")
    return folder


@pytest.fixture
def shared_specs() -> Path:
    """The vendors' OpenAPI documents, where the checkout has them beside it."""
    folder = ROOT.parent / "shared" / "specs"
    if not folder.is_dir():
        pytest.skip("no folder of OpenAPI documents beside this checkout")
    return folder


@pytest.fixture
def judge() -> Callable[[Simulators], None]:
    """Judge all that went to simulators: by our contracts, and by the vendors' documents where they are there."""
    found: Callable[[Simulators], None] = runpy.run_path(str(ROOT / "tests" / "oracle" / "judge.py"))["judge"]
    return found
