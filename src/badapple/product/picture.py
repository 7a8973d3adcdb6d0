"""Reads a picture that nobody vouches for: its format by content, its limits by header, its pixels upright in sRGB.

Runs in the child process only.
"""

from __future__ import annotations

import contextlib
import io
import struct

# Each plug-in registers itself; left to itself Pillow would import all forty for a format that it does not know.
from PIL import GifImagePlugin, Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

from badapple.product.limits import ACCEPTED, LONGEST, MAX_ASPECT, MAX_PIXELS, MIN_SIDE, MIN_VISIBLE

__all__ = ["Refused", "check_size", "read"]

_OPAQUE = 16  #: alpha from which a pixel counts as visible
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
#: What Pillow's readers say of a damaged file, each in its own way.
_FAULTS = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, OverflowError),
    *(AssertionError, TypeError, RuntimeError),
)
_SHORT = "is cut short or damaged: download or export it again and use the new file"
#: Things that people hand in by mistake, by how they begin.
_OTHERS = (
    (b"%PDF", "a PDF"), (b"PK\x03\x04", "a ZIP archive"), (b"II*\0", "a TIFF"), (b"MM\0*", "a TIFF"), (b"BM", "a BMP"),
    (b"8BPS", "a Photoshop file"), (b"\x00\x00\x01\x00", "an icon file"), (b"\xff\x0a", "a JPEG XL"),
    (b"\x00\x00\x00\x0cJXL", "a JPEG XL"), (b"{\\rtf", "a text document"),
)  # fmt: skip


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The picture cannot be used; the text completes the sentence `the photo ... `."""


def read(data: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """Decode a picture.

    Returns:
        The upright picture, RGB or RGBA in sRGB, longest side <= `LONGEST`; the size it came in, upright.

    Raises:
        Refused: it cannot be used.
    """
    try:
        image = _open(data)
        check_size(image.width, image.height)
        full = image.size
        image.draft(None, _target(full))  # a JPEG decodes straight to 1/2, 1/4 or 1/8
        image.load()
        turn = _orientation(image)
        image = _shrink(_plain_mode(image))
    except _FAULTS as error:
        raise Refused(_SHORT) from error
    image = _upright(_without_idle_alpha(_srgb(image)), turn)
    return image, (full[1], full[0]) if turn >= 5 else full


def check_size(width: int, height: int) -> None:
    """Refuse sizes outside the limits."""
    if width < 1 or height < 1:
        raise Refused(_SHORT)
    if width * height > MAX_PIXELS:
        pixels = width * height / 1e6
        raise Refused(f"has {pixels:,.0f} megapixels; save it with at most {MAX_PIXELS // 1_000_000}")
    short, long = sorted((width, height))
    if short < MIN_SIDE:
        raise Refused(f"is only {width}x{height} px; use one whose short side has at least {MIN_SIDE} px, better 1000")
    if long > MAX_ASPECT * short:
        raise Refused(f"is {width}x{height} px, too long and thin; crop it to {MAX_ASPECT:.0f}:1 or less")


def _open(data: bytes) -> Image.Image:
    kind = _kind(data)
    if kind == "HEIF":
        import pi_heif  # noqa: PLC0415 - its codec is large, and few photos need it

        pi_heif.register_heif_opener(thumbnails=False)  # type: ignore[attr-defined] # untyped, no `__all__`
    if kind == "WEBP":
        _check_webp(data)  # its plug-in reserves the whole canvas when it opens
    return Image.open(io.BytesIO(data), formats=(kind,))


def _kind(data: bytes) -> str:
    """Return Pillow's name of the format, by content."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    accepted = ", ".join(ACCEPTED[:-1]) + f" or {ACCEPTED[-1]}"
    raise Refused(f"is {_what_else(data)}; use a {accepted} file")


def _what_else(data: bytes) -> str:
    """Name what was handed in instead of a picture."""
    for start, name in _OTHERS:
        if data.startswith(start):
            return name
    if data[4:8] == b"ftyp":
        return "an AVIF" if data[8:12] in {b"avif", b"avis"} else "a video"
    head = data[:1024].lower()
    if b"<svg" in head:
        return "an SVG drawing"
    return "a web page" if b"<html" in head or b"<!doctype" in head else "not a picture"


def _check_webp(data: bytes) -> None:
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        check_size(int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    elif chunk == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif chunk == b"VP8 " and len(data) >= 30:
        check_size(int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF)


def _target(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size with a longest side <= `LONGEST`."""
    ratio = max(1.0, max(size) / LONGEST)
    return max(1, round(size[0] / ratio)), max(1, round(size[1] / ratio))


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1-8; a damaged EXIF block turns nothing."""
    with contextlib.suppress(OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):
        turn = int(image.getexif().get(0x0112, 1))
        return turn if 1 <= turn <= 8 else 1
    return 1


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return it as L, LA, RGB, RGBA or CMYK, 8 bits a channel."""
    if image.mode.startswith("I"):
        # 16 bits a channel: take the high byte; `convert` alone would clip nearly everything to white.
        high = image.point(lambda value: value * (1 / 256) + 0)
        return high.convert("L")
    if image.mode in {"P", "PA"} or (image.mode in {"1", "L", "RGB"} and "transparency" in image.info):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGBA" if image.has_transparency_data else "RGB")


def _shrink(image: Image.Image) -> Image.Image:
    """Return it with a longest side <= `LONGEST`."""
    size = _target(image.size)
    if size == image.size:
        return image
    info = image.info
    ratio = max(image.size) / LONGEST
    if ratio >= 4:  # a box filter to twice the size is invisible after Lanczos and costs a fraction
        image = image.reduce(int(ratio / 2))
    image = image.resize(size, Image.Resampling.LANCZOS)
    image.info = info
    return image


def _srgb(image: Image.Image) -> Image.Image:
    """Return it as RGB or RGBA in sRGB."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colour = image.convert(image.mode[:-1]) if alpha is not None else image
    profile = image.info.get("icc_profile")
    rgb = (_by_profile(colour, profile) if profile else None) or colour.convert("RGB")
    return Image.merge("RGBA", (*rgb.split(), alpha)) if alpha is not None else rgb


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert by the embedded profile; None where it is broken or of another kind than the picture."""
    space = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}[image.mode]
    if profile[16:20] != space.encode():
        return None
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), intent, "RGB", flags=flags)
    return None


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    """Drop alpha that hides nothing; refuse alpha that hides everything."""
    if image.mode != "RGBA":
        return image
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB")
    visible = sum(alpha.histogram()[_OPAQUE:]) / (image.width * image.height)
    if visible < MIN_VISIBLE:
        raise Refused("is fully transparent, so there is nothing to show; export it with its product visible")
    return image


def _upright(image: Image.Image, turn: int) -> Image.Image:
    way = Image.Transpose
    ways = {
        2: way.FLIP_LEFT_RIGHT, 3: way.ROTATE_180, 4: way.FLIP_TOP_BOTTOM, 5: way.TRANSPOSE,
        6: way.ROTATE_270, 7: way.TRANSVERSE, 8: way.ROTATE_90,
    }  # fmt: skip
    return image.transpose(ways[turn]) if turn in ways else image
