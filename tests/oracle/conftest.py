"""Simulated vendors for their own SDKs to talk to."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from badapple.testing.simulators import Simulators

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators() as running:
        running.elevenlabs.list_lag = running.replicate.list_lag = 0.0
        yield running


@pytest.fixture
def photo() -> str:
    """A JPEG in base64."""
    out = io.BytesIO()
    Image.new("RGB", (432, 768), (30, 120, 160)).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode("ascii")
