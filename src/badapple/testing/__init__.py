"""Stand-ins that implement the real ports: quick, silent about the network, and able to fail on purpose."""

from badapple.testing.makers import Breaking, PlainPainter, PlainScenes, ToneMusic, ToneVoice, quick_providers

__all__ = ["Breaking", "PlainPainter", "PlainScenes", "ToneMusic", "ToneVoice", "quick_providers"]
