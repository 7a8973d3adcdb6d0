"""What the scripts say of time is what the server says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from badapple.media import timeline
from badapple.models import FPS, OVERLAP
from badapple.providers import rewording

PACE = Path(__file__).parents[2] / "frontend" / "src" / "pace.ts"


@pytest.mark.skipif(not PACE.is_file(), reason="the scripts' sources are not here")
def test_the_editor_reckons_with_the_seconds_of_the_timeline() -> None:
    found = re.findall(r"^(?:export )?const ([A-Z_]+) = (-?[\d.]+);", PACE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: float(seconds) for name, seconds in found} == {
        "PER_LETTER": timeline._PER_LETTER, "PER_SENTENCE": timeline._PER_SENTENCE,
        "PER_COMMA": timeline._PER_COMMA, "PER_TEXT": timeline._PER_TEXT, "OVERLAP": OVERLAP / FPS,
        "LEAD_IN": timeline.LEAD_IN, "BREATH": timeline.BREATH, "END_AIR": timeline.END_AIR,
        "FASTEST": rewording._FASTEST,
    }  # fmt: skip
