"""Films and pictures that hold what was asked for: a slow zoom into the first frame, a soft gradient."""

from __future__ import annotations

import io
import re
import tempfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageColor, ImageOps

from badapple import process
from badapple.media.ffmpeg import command

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["film", "film_shape", "gradient", "paint", "painting_size", "small_film"]

_SIZES = {
    "1:1": (1024, 1024), "16:9": (1344, 768), "9:16": (768, 1344), "21:9": (1536, 640), "9:21": (640, 1536),
    "3:2": (1216, 832), "2:3": (832, 1216), "4:5": (896, 1088), "5:4": (1088, 896), "3:4": (896, 1152),
    "4:3": (1152, 896),
}  # fmt: skip
_PALETTES = (
    ((28, 43, 74), (96, 130, 182), (240, 214, 190)),
    ((46, 30, 62), (156, 92, 128), (250, 208, 176)),
    ((20, 52, 52), (96, 156, 140), (236, 230, 200)),
    ((60, 36, 26), (190, 130, 80), (250, 226, 190)),
)
_SHORT = 3.0  #: seconds of a clip that is too short
_SMALL = (270, 480)  #: px of a small film


def painting_size(inputs: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height of a painted picture, px."""
    width, height = _SIZES[inputs.get("aspect_ratio", "1:1")]
    return (width // 2, height // 2) if inputs.get("megapixels") == "0.25" else (width, height)


def film_shape(model: str, inputs: Mapping[str, Any], picture: bytes | None) -> tuple[tuple[int, int], float, int]:
    """Return size (px), seconds and frames a second of a model's film."""
    if model == "lightricks/ltx-2.3-fast":
        short = {"1080p": 1080, "1440p": 1440, "2160p": 2160}[inputs.get("resolution", "1080p")]
        long = short * 16 // 9
        upright = inputs.get("aspect_ratio", "16:9") == "9:16"
        return (short, long) if upright else (long, short), float(inputs.get("duration", 6)), int(inputs.get("fps", 25))
    if model == "lightricks/ltx-video":
        across, down = map(int, inputs.get("aspect_ratio", "3:2").split(":"))
        scale = int(inputs.get("target_size", 640)) / max(across, down)
        size = (round(across * scale / 32) * 32, round(down * scale / 32) * 32)
        return size, (int(inputs.get("length", 97)) - 1) / 24, 24
    if model == "minimax/video-01":
        return _like(picture, 720), 5.64, 25
    short = 1080 if inputs.get("resolution") == "1080p" else 768
    return _like(picture, short), 9.875 if inputs.get("duration") == 10 else 5.875, 24


def film(model: str, inputs: Mapping[str, Any], picture: bytes | None, *, ffmpeg: Path, short: bool = False) -> bytes:
    """Return the MP4 that a model would deliver.

    Raises:
        ToolError: ffmpeg failed.
    """
    size, seconds, rate = film_shape(model, inputs, picture)
    sound = model == "lightricks/ltx-2.3-fast" and inputs.get("generate_audio", True)
    seconds = _SHORT if short else seconds
    return _film(picture, _seed(inputs), size, seconds=seconds, rate=rate, sound=bool(sound), ffmpeg=ffmpeg)


def small_film(model: str, inputs: Mapping[str, Any], *, ffmpeg: Path) -> bytes:
    """Return a film of the right length whose picture is small and the same for all who ask.

    Raises:
        ToolError: ffmpeg failed.
    """
    _, seconds, rate = film_shape(model, inputs, None)
    return _film(None, (0, ""), _SMALL, seconds=seconds, rate=rate, sound=False, ffmpeg=ffmpeg)


@lru_cache(maxsize=32)
def _film(
    picture: bytes | None,
    seed: tuple[int, str],
    size: tuple[int, int],
    *,
    seconds: float,
    rate: int,
    sound: bool,
    ffmpeg: Path,
) -> bytes:
    width, height = size
    count = round(seconds * rate)
    still = Image.open(io.BytesIO(picture)).convert("RGB") if picture else gradient(seed, size)
    zoom = f"zoompan=z='1+0.1*on/{count}':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={count}:s={width}x{height}:fps={rate}"
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        first, out = Path(folder) / "first.png", Path(folder) / "film.mp4"
        ImageOps.fit(still, size).save(first, compress_level=1)
        heard = ("-f", "lavfi", "-i", f"sine=frequency=220:duration={seconds}:sample_rate=48000") if sound else ()
        coded = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-c:a", "aac", "-b:a", "96k", "-shortest")
        args = ("-i", str(first), *heard, "-vf", f"{zoom},format=yuv420p", "-frames:v", str(count), *coded)
        process.run(command(ffmpeg, "-y", *args, "-movflags", "+faststart", str(out)))
        return out.read_bytes()


def paint(inputs: Mapping[str, Any], *, number: int) -> bytes:
    """Return the picture that flux would deliver, in the format asked for."""
    prompt, form = str(inputs.get("prompt", "")), inputs.get("output_format", "webp")
    seed = (_seed(inputs)[0] + number, prompt)
    return _paint(seed, painting_size(inputs), form, int(inputs.get("output_quality", 80)))


@lru_cache(maxsize=32)
def _paint(seed: tuple[int, str], size: tuple[int, int], form: str, quality: int) -> bytes:
    out = io.BytesIO()
    gradient(seed, size).save(out, {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[form], quality=quality)
    return out.getvalue()


def gradient(seed: tuple[int, str], size: tuple[int, int]) -> Image.Image:
    """Draw soft colours that flow into each other; colours named in the seed's text are used."""
    named = [
        ImageColor.getrgb(word)[:3] for word in re.findall(r"[a-z]+", seed[1].lower()) if word in ImageColor.colormap
    ]
    colours = np.array((*named, *_PALETTES[seed[0] % len(_PALETTES)])[:3], dtype=np.float32)
    turn = (seed[0] % 628) / 100
    down, across = np.mgrid[0 : size[1] : 4, 0 : size[0] : 4].astype(np.float32)
    down, across = down / size[1], across / size[0]
    weights = np.stack(
        [1.2 - down, down + 0.3 * np.sin(3 * across + turn), 0.5 + 0.5 * np.cos(4 * down - 2 * across + turn)]
    )
    weights = np.clip(weights, 0.05, None)
    picture = np.einsum("khw,kc->hwc", weights / weights.sum(axis=0), colours)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)


def _seed(inputs: Mapping[str, Any]) -> tuple[int, str]:
    prompt = str(inputs.get("prompt", ""))
    return int(inputs.get("seed") or 0) + zlib.crc32(prompt.encode()), prompt


def _like(picture: bytes | None, short: int) -> tuple[int, int]:
    """Return the size with this short side and the picture's aspect ratio; 16:9 without one."""
    width, height = Image.open(io.BytesIO(picture)).size if picture else (16, 9)
    scale = short / min(width, height)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2
