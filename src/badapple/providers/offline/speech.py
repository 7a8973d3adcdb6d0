"""The neural voice: phonemes in, samples and exact sound lengths out."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from badapple.errors import ConfigError
from badapple.product.inference import runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from badapple.providers.offline.phonemes import Sentence

__all__ = ["HOP", "MODEL", "RATE", "Speech", "Spoken", "load"]

RATE = 24_000  #: samples a second
HOP = 0.025  #: seconds of one prosody frame
_RELEASE = "0.2.1"  #: of hibari-tts, whose graph is known here
MODEL = f"hibari-{_RELEASE}/heart"  #: the only voice that comes inside the package; others would be downloaded
_PARTS = ["lh", "theta", "ln", "lr", "phi", "f0"]  #: what hibari's own signal processing takes, in its order
_LENGTHS = b"/Sub_output_0"  #: prosody frames of each phoneme at the voice's own pace, before rounding
_ROUNDED_FROM = b"/Div_40_output_0"  #: the same over the speed, input of the rounding
_GIVEN = b"phoneme_lengths_"  #: our input in its place; as long as the name it replaces
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A spoken sentence.

    Attributes:
        samples: float32, 24 kHz.
        edges: seconds at which each phoneme begins, and the end of the last: one more than phonemes.
        owners: unit of each phoneme, -1 for a pause (both pads included).
    """

    samples: NDArray[np.float32]
    edges: NDArray[np.float64]
    owners: tuple[int, ...]


class Speech:
    """Hibari's in-package voice with its inner phoneme lengths laid open, so that time can be set exactly."""

    def __init__(self) -> None:
        onnxruntime = runtime()
        found = version("hibari-tts")
        if found != _RELEASE:
            raise ConfigError(
                f"hibari-tts {_RELEASE} is needed, not {found}", hint=f"pip install hibari-tts=={_RELEASE}"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # two are slower
        options.log_severity_level = 3
        assets = Path(import_module("hibari.tts").ASSETS)
        model = _opened((assets / "hibari.onnx").read_bytes())
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._vocabulary: dict[str, int] = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))

    def lengths(self, sentence: Sentence) -> NDArray[np.float32]:
        """Return prosody frames of each phoneme (both pads included) at the voice's own pace, as fractions."""
        ids, _ = self._ids(sentence)
        (lengths,) = self._session.run([_LENGTHS.decode()], _feed(ids, np.ones(len(ids), np.float32)))
        return np.asarray(lengths, np.float32).ravel()

    def speak(self, sentence: Sentence, lengths: NDArray[np.float32], *, speed: float, seed: int) -> Spoken:
        """Speak one sentence; the same arguments give the same samples."""
        ids, owners = self._ids(sentence)
        frames = whole(lengths / speed)
        parts = self._session.run(_PARTS, _feed(ids, frames))
        samples: NDArray[np.float32] = import_module("hibari.dsp").synth(
            *(part[0] for part in parts), np.random.default_rng(seed)
        )
        return Spoken(samples=samples, edges=np.concatenate([[0.0], np.cumsum(frames)]) * HOP, owners=owners)

    def _ids(self, sentence: Sentence) -> tuple[list[int], tuple[int, ...]]:
        pairs = zip(sentence.phonemes, sentence.owners, strict=True)
        known = [(self._vocabulary[mark], owner) for mark, owner in pairs if mark in self._vocabulary]
        return [0, *(number for number, _ in known), 0], (-1, *(owner for _, owner in known), -1)


def whole(lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to whole frames of at least one, carrying each error on, so that the sum stays true."""
    out = np.ones(len(lengths), np.float32)
    owed = 0.0
    for at, length in enumerate(lengths.tolist()):
        out[at] = max(1, round(length + owed))
        owed = min(max(length + owed - float(out[at]), -1.0), 1.0)
    return out


def load() -> Speech:
    """Return the voice, loaded once for this process."""
    with _lock:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Speech:
    return Speech()


def _feed(ids: Sequence[int], lengths: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    return {"ids": np.asarray([ids], np.int64), "speed": np.ones(1, np.float32), _GIVEN.decode(): lengths}


def _opened(model: bytes) -> bytes:
    """Return the model with its phoneme lengths as one more output, and as an input where it rounds them.

    Hibari gives no timings and rounds each length by itself, so that a speed of 1.15 sounds like 1.05. Protocol buffers
    merge repeated messages, so a second `graph` (field 7) at the end of the file adds `input` (11) and `output` (12).

    Raises:
        ConfigError: this is not the model that is known here.
    """
    if _LENGTHS not in model or _ROUNDED_FROM not in model:
        raise ConfigError("the voice model of hibari-tts is not the known one", hint="reinstall hibari-tts")
    model = model.replace(_field(1, _ROUNDED_FROM), _field(1, _GIVEN))
    float_vector = _field(1, b"\x08\x01" + _field(2, _field(1, _field(2, b"L"))))
    given = _field(1, _GIVEN) + _field(2, float_vector)
    return model + _field(7, _field(11, given) + _field(12, _field(1, _LENGTHS)))


def _field(number: int, body: bytes) -> bytes:
    return bytes([number << 3 | 2, len(body)]) + body
