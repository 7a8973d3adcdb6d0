"""Stand-ins that implement the real ports: quick, silent about the network, and able to fail on purpose."""

from badapple.testing.makers import (
    Breaking,
    PlainComposer,
    PlainPainter,
    PlainScenes,
    PlainStills,
    ToneMusic,
    ToneVoice,
    quick_providers,
)
from badapple.testing.tills import PlainTill
from badapple.testing.vendor import FileCall, FileVendor

__all__ = [
    "Breaking",
    "FileCall",
    "FileVendor",
    "PlainComposer",
    "PlainPainter",
    "PlainScenes",
    "PlainStills",
    "PlainTill",
    "ToneMusic",
    "ToneVoice",
    "quick_providers",
]
