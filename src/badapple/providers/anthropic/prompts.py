"""What Claude is told: rules that stay the same within a version, so that they can be cached."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AVOID",
    "DESCRIBE",
    "LOOK",
    "PICTURE_VERSION",
    "SCRIPT_VERSION",
    "STILL",
    "WRITE",
    "WRITER",
    "mend",
    "secret_texts",
]

_HERE = Path(__file__).parent / "texts"

#: Raise one when its words or its schema change: what was bought by older words is then bought anew.
PICTURE_VERSION, SCRIPT_VERSION = 1, 1

LOOK = (_HERE / "look.txt").read_text(encoding="utf-8")
DESCRIBE = "Write down what this photo shows of the product."
WRITER = (_HERE / "writer.txt").read_text(encoding="utf-8")
WRITE = "Write the script."
#: Added where the brief has such words: without them nobody's question is another one.
AVOID = "Neither the voice nor the screen uses a word of the brief's forbidden_words, in any form: say it otherwise."

#: Stands at the end of every film's description. It is ours, so that it cannot be forgotten.
STILL = (
    "Vertical 9:16. {product} keeps its shape, label and colours exactly as in the picture. "
    "No on-screen text, no captions, no added logos."
)
_MOST_FAULTS, _LONGEST_FAULT = 30, 160
#: What a good answer may share with the rules.
_SHARED = "Keep the product's shape,\nlabel and colours unchanged."


def mend(faults: list[str]) -> str:
    """Return the request to write once more."""
    last = (
        "Send the whole object once more with these faults mended and everything else kept. "
        "Where a sentence claims too much, write another one about what is visible."
    )
    return "\n".join(
        ["This cannot be used yet:", *(f"- {fault[:_LONGEST_FAULT]}" for fault in faults[:_MOST_FAULTS]), last]
    )


def secret_texts() -> tuple[str, ...]:
    """Return the texts that must not come back in an answer."""
    return f"{LOOK} {DESCRIBE}", WRITER.replace(_SHARED, "")
