"""What the simulated vendors sell, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "CLAUDE",
    "CLAUDE_KEY",
    "CREDIT",
    "ELEVEN_KEY",
    "HOSTED",
    "REPLICATE_KEY",
    "SPEECH",
    "VOICES",
    "Claude",
    "Hosted",
    "Speech",
]

CLAUDE_KEY = "sk-ant-simulated"
ELEVEN_KEY = "sk_simulated"
REPLICATE_KEY = "r8_simulated"
CREDIT = 100  #: micro-dollars of one credit at ElevenLabs


@dataclass(frozen=True, slots=True, kw_only=True)
class Claude:
    """A language model; prices in micro-dollars a token."""

    id: str
    shown: str
    line: str
    input_price: float
    output_price: float
    created_at: str = "2026-09-01T00:00:00Z"
    lifecycle: str = "active"
    retires_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A voice model; `multiplier` in credits a character, `longest` in characters."""

    id: str
    shown: str
    multiplier: float
    longest: int
    normalises: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A model on Replicate.

    Attributes:
        id: `owner/name`.
        inputs: JSON schemas by name.
        required: names that must be there.
        picture: the input that takes a picture, or empty.
        lists: whether its output is a list.
        price: micro-dollars of a call with this input.
        about: one sentence.
    """

    id: str
    inputs: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    picture: str
    lists: bool
    price: Callable[[Mapping[str, Any]], int]
    about: str


CLAUDE: dict[str, Claude] = {
    model.id: model
    for model in (
        Claude(id="claude-haiku-5-5", shown="Claude Haiku 5.5", line="haiku", input_price=0.1, output_price=0.5),
        Claude(id="claude-sonnet-5-5", shown="Claude Sonnet 5.5", line="sonnet", input_price=2, output_price=10),
        Claude(id="claude-opus-5-5", shown="Claude Opus 5.5", line="opus", input_price=4, output_price=20),
        Claude(
            id="claude-sonnet-4-5", shown="Claude Sonnet 4.5", line="sonnet", input_price=3, output_price=15,
            created_at="2025-09-29T00:00:00Z", lifecycle="deprecated", retires_at="2026-11-30T00:00:00Z",
        ),
        Claude(
            id="claude-3-5-sonnet-20241022", shown="Claude Sonnet 3.5", line="sonnet", input_price=3, output_price=15,
            created_at="2024-10-22T00:00:00Z", lifecycle="retired", retires_at="2025-10-28T00:00:00Z",
        ),
    )
}  # fmt: skip

SPEECH: dict[str, Speech] = {
    model.id: model
    for model in (
        Speech(
            id="eleven_multilingual_v2", shown="Eleven Multilingual v2", multiplier=1.0, longest=10_000,
            normalises=True,
        ),
        Speech(
            id="eleven_flash_v2_5", shown="Eleven Flash v2.5", multiplier=0.5, longest=40_000,
            normalises=False,
        ),
    )
}  # fmt: skip

#: Premade voices by id: name, gender, and what they are said to be.
VOICES: dict[str, tuple[str, str, str]] = {
    "JBFqnCBsd6RMkjVDRZzb": ("George", "male", "warm"),
    "pFZP5JQG7iQjIQuC4Bku": ("Lily", "female", "velvety"),
    "FGY2WhTYpPnrIDTdsKH5": ("Laura", "female", "upbeat"),
    "TX3LPaxmHKxFdv7VOQHJ": ("Liam", "male", "energetic"),
    "SAz9YHcvj6GT2YYXdXww": ("River", "neutral", "relaxed"),
    "EXAVITQu4vr4xnSDxMaL": ("Sarah", "female", "soft"),
    "cgSgspJ2msm6clMCkdW9": ("Jessica", "female", "expressive"),
    "bIHbv24MWmeRgasZH58o": ("Will", "male", "friendly"),
    "CwhRBWXzGAHq8TQ4Fs17": ("Roger", "male", "confident"),
    "Xb7hH8MSUJpSbSDYk0k2": ("Alice", "female", "clear"),
    "XrExE9yKIg1WjnnlVkGX": ("Matilda", "female", "friendly"),
    "IKne3meq5aSn9XLyUdCD": ("Charlie", "male", "natural"),
    "nPczCjzI2devNBz1zQrb": ("Brian", "male", "deep"),
    "iP95p4xoKVk53GoZ742B": ("Chris", "male", "casual"),
    "onwK4e9ZLuTAKqWW03F9": ("Daniel", "male", "authoritative"),
    "cjVigY5qzO86Huf0OWal": ("Eric", "male", "smooth"),
}


def _text(about: str) -> dict[str, Any]:
    return {"type": "string", "title": about, "description": about}


def _uri(about: str) -> dict[str, Any]:
    return {"type": "string", "format": "uri", "title": about, "description": about}


def _choice(*values: object, default: object = None) -> dict[str, Any]:
    kind = "integer" if isinstance(values[0], int) else "string"
    return {"type": kind, "enum": list(values)} | ({"default": default} if default is not None else {})


def _whole(default: int | None = None, *, least: int | None = None, most: int | None = None) -> dict[str, Any]:
    said = {"type": "integer", "default": default, "minimum": least, "maximum": most}
    return {name: value for name, value in said.items() if value is not None}


def _flag(*, default: bool) -> dict[str, Any]:
    return {"type": "boolean", "default": default}


_PROMPT = _text("Text prompt for generation")
_HAILUO = {
    "prompt": _PROMPT,
    "first_frame_image": _uri("First frame image for video generation; the video has its aspect ratio"),
    "duration": _choice(6, 10, default=6),
    "resolution": _choice("768p", "1080p", default="768p"),
    "prompt_optimizer": _flag(default=True),
}
_LTX_RATIOS = ("1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "9:21", "21:9")
_FLUX_RATIOS = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")


def _hailuo_fast(inputs: Mapping[str, Any]) -> int:
    return 320_000 if inputs.get("duration", 6) == 10 else 190_000


def _hailuo(inputs: Mapping[str, Any]) -> int:
    return 560_000 if inputs.get("duration", 6) == 10 else 280_000


HOSTED: dict[str, Hosted] = {
    model.id: model
    for model in (
        Hosted(
            id="minimax/video-01", required=("prompt",), picture="first_frame_image", lists=False,
            about="Generate 6s videos with prompts or images", price=lambda _: 500_000,
            inputs={
                "prompt": _PROMPT,
                "first_frame_image": _uri("First frame image for video generation"),
                "subject_reference": _uri("An optional character reference image"),
                "prompt_optimizer": _flag(default=True),
            },
        ),
        Hosted(
            id="minimax/hailuo-2.3-fast", required=("prompt", "first_frame_image"), picture="first_frame_image",
            lists=False, about="A lower-latency image-to-video model", price=_hailuo_fast, inputs=_HAILUO,
        ),
        Hosted(
            id="minimax/hailuo-2.3", required=("prompt",), picture="first_frame_image", lists=False,
            about="A high-fidelity video model", price=_hailuo, inputs=_HAILUO,
        ),
        Hosted(
            id="lightricks/ltx-video", required=("prompt",), picture="image", lists=True,
            about="A real-time video generation model", price=lambda _: 40_000,
            inputs={
                "prompt": _PROMPT,
                "image": _uri("Optional input image to use as the starting frame"),
                "negative_prompt": _text("Things you do not want to see in your video"),
                "aspect_ratio": _choice(*_LTX_RATIOS, default="3:2"),
                "length": _choice(97, 129, 161, 193, 225, 257, default=97),
                "target_size": _choice(512, 576, 640, 704, 768, 832, 896, 960, 1024, default=640),
                "cfg": {"type": "number", "default": 3, "minimum": 1, "maximum": 20},
                "steps": _whole(30, least=1, most=50),
                "seed": _whole(),
            },
        ),
        Hosted(
            id="lightricks/ltx-2.3-fast", required=("prompt",), picture="image", lists=False,
            about="Video in full HD, upright or wide", price=lambda inputs: 60_000 * int(inputs.get("duration", 6)),
            inputs={
                "prompt": _PROMPT,
                "image": _uri("First frame of the video"),
                "duration": _choice(6, 8, 10, 12, 14, 16, 18, 20, default=6),
                "resolution": _choice("1080p", "1440p", "2160p", default="1080p"),
                "aspect_ratio": _choice("16:9", "9:16", default="16:9"),
                "fps": _choice(24, 25, 48, 50, default=25),
                "generate_audio": _flag(default=True),
            },
        ),
        Hosted(
            id="black-forest-labs/flux-schnell", required=("prompt",), picture="", lists=True,
            about="The fastest image generation model", price=lambda inputs: 3_000 * int(inputs.get("num_outputs", 1)),
            inputs={
                "prompt": _PROMPT,
                "aspect_ratio": _choice(*_FLUX_RATIOS, default="1:1"),
                "num_outputs": _whole(1, least=1, most=4),
                "num_inference_steps": _whole(4, least=1, most=4),
                "seed": _whole(),
                "output_format": _choice("webp", "jpg", "png", default="webp"),
                "output_quality": _whole(80, least=0, most=100),
                "disable_safety_checker": _flag(default=False),
                "go_fast": _flag(default=True),
                "megapixels": _choice("1", "0.25", default="1"),
            },
        ),
    )
}  # fmt: skip
