"""Photos that nobody should trust, made by code, each with what has to become of it."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = b"52.516275N-secret-<script>alert(1)</script>"
DAMAGED = "is cut short or damaged"
#: 128x96, EXIF orientation 6; made with libheif and x265.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAZdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAABuwABAAAAAAAAALwAAgAAAAACdwABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoBAgYWW6kkprm4CGgwIAAAMAMgAAAwACEGIAAQAHRAHBcrAi"
    "QAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAACAAAAAYAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAB"
    "ppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAA6G1kYXQAAAC4KAGvWIq1UVFO5n/9kjyPJHP+hmn8ZTeWQm3PQ80uyO58s/kr8xa9b12VeuGsJFse"
    "Kj+++koY2suoFo1biXiVkWSAZQ17TxUpvvfRpS56l9EJY//o1N+GENXhfb5tpQDsf9sTgUHBBTyb8eJUf/MY6d2vbziKSj0ksSDQcU+1u3tz2+"
    "FOvn6MOWNdsKaaAZxvQm1XPQR22KGhpq89P6V7+gsdtN8++0HXMEI+rfdv21CKT+Xykm4R6gAAAAZFeGlmAABNTQAqAAAACAABARIAAwAAAAEA"
    "BgAAAAAAAA=="
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file: how it is called, its bytes, and either the size it comes in with or why it is refused."""

    name: str
    data: bytes
    size: tuple[int, int] | None = None
    says: str = ""

    @property
    def mark(self) -> str:
        """A name for a test."""
        return self.name.replace(".", "-")


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, rows: bytes, *, bits: int = 8, colour: int = 2, interlace: int = 0, extra: bytes = b""
) -> bytes:
    """Return a PNG of raw rows, each with its filter byte."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def picture(width: int = 120, height: int = 80, mode: str = "RGB") -> Image.Image:
    """Return a small picture with something in it."""
    noise = np.random.default_rng(5).integers(0, 40, (height, width, 3))
    ramp = np.linspace(0, 200, width)[None, :, None]
    return Image.fromarray((noise + ramp).astype(np.uint8)).convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _exif(turn: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = SECRET.decode()
    exif[0x8825] = {1: "N", 2: (IFDRational(52), IFDRational(30), IFDRational(58)), 3: "E", 7: (IFDRational(0, 0),) * 3}
    return exif.tobytes()


def _in_front(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """Return a JPEG with a segment after its first two bytes."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def _sized(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose header claims another size."""
    at = next(at for kind in (b"\xff\xc0", b"\xff\xc2") if (at := jpeg.find(kind)) > 0)
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def _riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _piece(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _many_scans(times: int) -> bytes:
    """Return a JPEG whose last scan is sent over and over: each costs a pass over the whole picture."""
    jpeg = saved(Image.new("L", (4000, 4000), 90), "JPEG", progressive=True, quality=60)
    start, end = jpeg.rindex(b"\xff\xda"), jpeg.rindex(b"\xff\xd9")
    return jpeg[:end] + jpeg[start:end] * times + jpeg[end:]


def clean() -> Iterator[Case]:
    """Yield what is taken in, with everything but its pixels left behind."""
    jpeg, size = saved(picture(), "JPEG", quality=90), (120, 80)
    text = PngImagePlugin.PngInfo()
    for name in ("Author", "XML:com.adobe.xmp"):
        text.add_itxt(name, SECRET.decode(), zip=name == "Author")
    text.add_text("Comment", SECRET.decode(), zip=True)
    frames = [picture(), picture().rotate(180), picture().rotate(90, expand=False)]
    many = {"save_all": True, "append_images": frames[1:], "duration": 40}
    files = {
        "gps.jpg": saved(picture(), "JPEG", exif=_exif()),
        "xmp.jpg": saved(picture(), "JPEG", xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"),
        "comment.jpg": saved(picture(), "JPEG", comment=SECRET),
        "iptc.jpg": _in_front(jpeg, 0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x2c" + SECRET + b"\0"),
        "script-in-front.jpg": _in_front(jpeg, 0xFE, b"<html><script>/*" + SECRET + b"*/</script></html>"),
        "zip-behind.jpg": jpeg + b"PK\x03\x04" + SECRET,
        "html-behind.png": saved(picture(), "PNG") + b"<html>" + SECRET,
        "mp4-behind.jpg": jpeg + b"\0\0\0\x20ftypisom" + SECRET * 100,
        "text.png": saved(picture(), "PNG", pnginfo=text),
        "exif.png": saved(picture(), "PNG", exif=_exif()),
        "odd-chunks.png": png(120, 80, (b"\0" + b"\x30\x60\x90" * 120) * 80, extra=chunk(b"prVt", SECRET)
            + chunk(b"gAMA", bytes(4)) + chunk(b"cHRM", b"\xff" * 32) + chunk(b"pHYs", b"\xff" * 9)),
        "exif.webp": saved(picture(), "WEBP", exif=_exif(), xmp=SECRET),
        "comment.gif": saved(picture(), "GIF", comment=SECRET),
        "called-png.png": jpeg,
        "called-jpg.jpg": saved(picture(), "WEBP", lossless=True),
        "no-suffix": saved(picture(), "PNG"),
        "two-pictures.mpo": saved(picture(), "MPO", save_all=True, append_images=frames[1:]),
        "animated.png": saved(frames[0], "PNG", **many),
        "animated.webp": saved(frames[0], "WEBP", **many),
        "animated.gif": saved(frames[0], "GIF", **many),
        "cmyk.jpg": saved(picture(mode="CMYK"), "JPEG"),
        "progressive.jpg": saved(picture(), "JPEG", progressive=True),
        "grey.jpg": saved(picture(mode="L"), "JPEG"),
        "sixteen-bit-grey.png": png(120, 80, (b"\0" + bytes(240)) * 80, bits=16, colour=0),
        "sixteen-bit.png": png(120, 80, (b"\0" + b"\x12\x34" * 360) * 80, bits=16),
        "one-bit.png": saved(picture(mode="1"), "PNG"),
        "palette.png": saved(picture().quantize(9), "PNG"),
        "interlaced.png": png(120, 80, _interlaced(120, 80), colour=0, interlace=1),
        "broken-profile.png": saved(picture(), "PNG", icc_profile=b"\0" * 16 + b"RGB " + b"\xff" * 300),
        "profile-of-many-tags.jpg": saved(picture(), "JPEG", icc_profile=_many_tags()),
        "turned-99-times.jpg": saved(picture(), "JPEG", exif=_exif(turn=99)),
        "endless-exif.jpg": saved(picture(), "JPEG", exif=_endless_exif()),
        "endless-chunk.png": _endless(saved(picture(), "PNG")),
        "idle-idat.png": png(120, 80, (b"\0" + bytes(360)) * 80 + bytes(50_000_000)),
        "padding.jpg": jpeg[:2] + b"\xff" * 300_000 + jpeg[2:],
    }  # fmt: skip
    yield from (Case(name=name, data=data, size=size) for name, data in files.items())
    yield Case(name="turned.heic", data=HEIC, size=(128, 96))
    yield Case(name="large.png", data=saved(Image.new("1", (8000, 8000), 1), "PNG"), size=(8000, 8000))


def _endless_exif() -> bytes:
    """Return an EXIF block whose directories lead back to the first one."""
    return b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x08" * 50


def _endless(still: bytes) -> bytes:
    """Return a PNG whose data claim to have 4 GiB: as much as a picture of its size needs is read."""
    return still[:33] + b"\xff\xff\xff\xffIDAT" + still[41:]


def _interlaced(width: int, height: int) -> bytes:
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    return b"".join(
        (b"\0" + b"\x80" * len(range(left, width, across))) * len(range(top, height, down))
        for left, top, across, down in passes
    )


def _many_tags() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[128:132] = struct.pack(">I", 0xFFFFFFF0)
    return bytes(profile)


def bombs() -> Iterator[Case]:
    """Yield what is small on disk and means to be large, or slow, in memory."""
    jpeg, row = saved(picture(), "JPEG"), b"\0" + bytes(360)
    zeros = zlib.compress(bytes(30_000_000), 9)
    megabyte = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9))
    gif = bytearray(saved(picture(), "GIF"))
    frame = gif.index(b"\x2c\0\0\0\0\x78\0\x50\0")
    gif[frame + 5 : frame + 9] = b"\xff" * 4
    yield from (
        Case(name=name, data=data, says=says)
        for name, data, says in (
            ("header.png", png(2_000_000_000, 2_000_000_000, row), "megapixels; save it with at most 64"),
            ("header.jpg", _sized(jpeg, 65500, 65500), "megapixels; save it with at most 64"),
            ("header.gif", b"GIF89a\xff\xff\xff\xff" + bytes(saved(picture(), "GIF")[10:]), "megapixels"),
            ("frame-beyond.gif", bytes(gif), "megapixels"),
            ("canvas.webp", _riff(_piece(b"VP8X", b"\x10\0\0\0" + b"\x7f\x3e\0" * 2)), "256 megapixels"),
            ("lossless.webp", _riff(_piece(b"VP8L", b"\x2f" + b"\xff\xff\xff\x0f" + bytes(20))), "megapixels"),
            ("lossy.webp", _riff(_piece(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(20))), "megapixels"),
            ("size.heic", HEIC.replace(b"\0\0\0\x80\0\0\0\x60", b"\0\0\xff\xff\0\0\xff\xff"), "megapixels"),
            ("profile.png", png(120, 80, row * 80, extra=chunk(b"iCCP", b"a\0\0" + zeros)), DAMAGED),
            ("one-text.png", png(120, 80, row * 80, extra=chunk(b"zTXt", b"a\0\0" + zeros)), DAMAGED),
            ("itext.png", png(120, 80, row * 80, extra=chunk(b"iTXt", b"a\0\1\0\0\0" + zeros)), DAMAGED),
            ("texts.png", png(120, 80, row * 80, extra=megabyte * 70), DAMAGED),
            ("scans.jpg", _many_scans(4000), "takes too long to open"),
        )
    )  # fmt: skip


def shapes() -> Iterator[Case]:
    """Yield sizes that no film can use."""
    grey = saved(picture(mode="L"), "JPEG")
    small = "use one whose short side has at least 64 px"
    sizes = {(1, 1): small, (1, 3000): small, (3000, 1): small, (63, 200): small, (200, 63): small, (901, 180): "5:1"}
    for (width, height), says in sizes.items():
        for kind in ("PNG", "JPEG"):
            data = saved(Image.new("L", (width, height), 90), kind)
            yield Case(name=f"{width}x{height}.{kind.lower()}", data=data, says=says)
    yield Case(name="0x80.png", data=png(0, 80, b"\0" * 80), says=DAMAGED)
    yield Case(name="80x0.png", data=png(80, 0, b""), says=DAMAGED)
    yield Case(name="80x0.jpg", data=_sized(grey, 80, 0), says=DAMAGED)
    yield Case(name="0x80.gif", data=b"GIF89a\0\0\x50\0\0\0\0;", says=DAMAGED)
    clear = saved(Image.new("RGBA", (90, 90), (255, 0, 0, 0)), "PNG")
    yield Case(name="transparent.png", data=clear, says="is fully transparent")


def damaged() -> Iterator[Case]:
    """Yield pictures with something missing or wrong."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8))
    whole = {kind.lower(): saved(noise, kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")} | {"heic": HEIC}
    for kind, data in whole.items():
        yield Case(name=f"half.{kind}", data=data[: len(data) // 2], says=DAMAGED)
        yield Case(name=f"head.{kind}", data=data[:16], says=DAMAGED)
    jpeg, gif, still = whole["jpeg"], whole["gif"], whole["png"]
    sof = jpeg.index(b"\xff\xc0")
    wrong_crc = bytearray(still)
    wrong_crc[29] ^= 1
    wrong_data = bytearray(still)
    wrong_data[len(still) // 2] ^= 1
    files = {
        "one-byte.jpg": (b"\xff", "is not a picture"),
        "magic-only.jpg": (b"\xff\xd8\xff", DAMAGED),
        "magic-only.png": (b"\x89PNG\r\n\x1a\n", DAMAGED),
        "magic-only.webp": (b"RIFF\0\0\0\0WEBP", DAMAGED),
        "lossless.jpg": (jpeg[:sof] + b"\xff\xc3" + jpeg[sof + 2 :], DAMAGED),
        "arithmetic-12-bit.jpg": (
            jpeg[:sof] + b"\xff\xc9" + jpeg[sof + 2 : sof + 4] + b"\x0c" + jpeg[sof + 5 :], DAMAGED),
        "no-tables.jpg": (jpeg.replace(b"\xff\xdb", b"\xff\xfe").replace(b"\xff\xc4", b"\xff\xfe"), DAMAGED),
        "no-width.heic": (HEIC.replace(b"\x1e\xa0\x10\x20a", b"\x1e\xa0\x00\x7fa"), DAMAGED),
        "other-size.heic": (HEIC.replace(b"\0\0\0\x80\0\0\0\x60", b"\0\0\0\xa0\0\0\0\xa0"), DAMAGED),
        "header-crc.png": (bytes(wrong_crc), DAMAGED),
        "data-crc.png": (bytes(wrong_data), DAMAGED),
        "no-data.png": (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 90, 90, 8, 2, 0, 0, 0))
            + chunk(b"IEND", b""), DAMAGED),
        "no-palette.png": (png(90, 90, (b"\0" + b"\x05" * 90) * 90, colour=3), DAMAGED),
        "three-bits.png": (png(90, 90, (b"\0" + bytes(90)) * 90, bits=3), DAMAGED),
        "no-frame.gif": (gif[:13] + b";", DAMAGED),
        "php.gif": (b"GIF89a<?php system($_GET['c']); ?>" + bytes(40), DAMAGED),
        "lying-canvas.webp": (_riff(_piece(b"VP8X", bytes(4) + b"\xc7\0\0" * 2),
            _piece(b"VP8L", b"\x2f\x10\x40\x02\0" + b"\xff" * 40)), DAMAGED),
    }  # fmt: skip
    yield from (Case(name=name, data=data, says=says) for name, (data, says) in files.items())


def others() -> Iterator[Case]:
    """Yield what is no picture of an accepted kind, whatever it is called."""
    laughs = b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><svg>&b;</svg>"
    files = {
        "drawing.jpg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "an SVG drawing"),
        "laughs.png": (laughs, "an SVG drawing"),
        "page.jpg": (b"<!DOCTYPE html><html><script>alert(1)</script>", "a web page"),
        "intel.tiff": (b"II*\0" + bytes(90), "a TIFF"),
        "motorola.jpg": (b"MM\0*" + bytes(90), "a TIFF"),
        "big.tiff": (b"II+\0" + bytes(90), "not a picture"),
        "raw.cr2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(90), "a TIFF"),
        "bitmap.png": (saved(picture(), "BMP"), "a BMP"),
        "icon.png": (b"\0\0\1\0\1\0" + bytes(90), "an icon file"),
        "paper.jpg": (b"%PDF-1.7\n" + SECRET, "a PDF"),
        "print.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file", "not a picture"),
        "layers.jpg": (b"8BPS\0\1" + bytes(90), "a Photoshop file"),
        "archive.jpg": (b"PK\x03\x04" + bytes(90), "a ZIP archive"),
        "packed.jpg": (b"\x1f\x8b\x08\0" + bytes(90), "not a picture"),
        "program.jpg": (b"\x7fELF\2\1\1" + bytes(90), "not a picture"),
        "shell.jpg": (b"#!/bin/sh\nrm -rf /\n", "not a picture"),
        "tragick.jpg": (b"push graphic-context\nfill 'url(https://127.0.0.1/x.jpg\"|id\")'\n", "not a picture"),
        "listing.jpg": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "not a picture"),
        "concat.png": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not a picture"),
        "dash.jpg": (b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>", "not a picture"),
        "film.jpg": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + bytes(60), "a video"),
        "new.avif": (b"\0\0\0\x20ftypavif\0\0\0\0" + bytes(60), "an AVIF"),
        "new.jxl": (b"\xff\x0a" + bytes(60), "a JPEG XL"),
        "boxed.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "a JPEG XL"),
        "new.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "not a picture"),
        "text.rtf": (b"{\\rtf1 hello}", "a text document"),
        "texture.dds": (b"DDS \x7c\0\0\0" + bytes(120), "not a picture"),
        "sky.fits": (b"SIMPLE  =                    T" + b" " * 90, "not a picture"),
        "old.pcx": (b"\x0a\5\1\x08" + bytes(120), "not a picture"),
        "portable.ppm": (b"P6 90 90 255\n" + bytes(24300), "not a picture"),
        "zeros.jpg": (bytes(5000), "not a picture"),
        "tail.png": (b"\0" + saved(picture(), "PNG"), "not a picture"),
    }
    for name, (data, says) in files.items():
        yield Case(name=name, data=data, says=f"is {says}; use a JPEG, PNG, WebP, GIF or HEIC file")


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Return all of them."""
    return (*clean(), *bombs(), *shapes(), *damaged(), *others())
