"""What a product photo may be: the one table that every door reads."""

from __future__ import annotations

__all__ = ["ACCEPTED", "LONGEST", "MAX_ASPECT", "MAX_BYTES", "MAX_PIXELS", "MIN_SIDE", "MIN_VISIBLE"]

#: Formats by content, as people call them; of an animation the first frame is used.
ACCEPTED = ("JPEG", "PNG", "WebP", "GIF", "HEIC")
MAX_BYTES = 25 * 1024 * 1024  #: bytes of the file
MAX_PIXELS = 64_000_000  #: px, width times height, read from the header before any pixel is decoded
MIN_SIDE = 64  #: px of the short side
#: Long side by short side. A belt, a ski or a fishing rod is about 5:1; beyond that nothing fills an upright frame.
MAX_ASPECT = 5.0
LONGEST = 2160  #: px of the long side of `photo.png`: twice the width of the film, so a macro stays sharp
MIN_VISIBLE = 0.001  #: share of pixels that must not be transparent
