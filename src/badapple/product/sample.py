"""The product photo that comes with the package: for a first ad, and for samples of the styles."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FACTS", "NAME", "PHOTO"]

NAME = "Solenne"  #: a brand that does not exist
FACTS = ("50 ml eau de parfum", "Amber and cedar", "Brushed metal cap")
PHOTO = Path(__file__).parent / "data" / "sample.jpg"  #: JPEG 1600x2000, CC0; `tools/demo_photo.py` drew it
