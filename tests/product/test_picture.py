"""Pictures of every kind come out upright, in sRGB, eight bits a channel."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from badapple.product.picture import Refused, read

RED, BLUE = (200, 40, 30), (20, 60, 180)
#: 128x96, blue around an orange rectangle, EXIF orientation 6; made with libheif and x265.
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


def two_tone(width: int = 120, height: int = 80) -> Image.Image:
    """Red, with its top left quarter blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, 0, width // 2, height // 2))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixel(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    value = image.getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(value, tuple)
    return value


def near(colour: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return len(colour) == len(wanted) and max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) <= by


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "MPO"])
def test_every_accepted_format_keeps_its_colours(kind: str) -> None:
    image, source = read(saved(two_tone(), kind))
    assert (image.mode, image.size, source) == ("RGB", (120, 80), (120, 80))
    assert near(pixel(image, 0.25, 0.25), BLUE)
    assert near(pixel(image, 0.75, 0.75), RED)


def test_a_heic_photo_is_read() -> None:
    image, source = read(HEIC)
    assert sorted(source) == [96, 128]
    assert near(pixel(image, 0.5, 0.5), (230, 120, 20), 25)
    assert near(pixel(image, 0.03, 0.03), (30, 60, 200), 25)


@pytest.mark.parametrize(
    ("turn", "corner"), [(2, (0.75, 0.25)), (3, (0.75, 0.75)), (6, (0.75, 0.25)), (8, (0.25, 0.75))]
)
def test_exif_orientation_is_applied(turn: int, corner: tuple[float, float]) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    image, source = read(saved(two_tone(), "JPEG", exif=exif))
    assert source == ((80, 120) if turn >= 5 else (120, 80)) == image.size
    assert near(pixel(image, *corner), BLUE)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_exif_block_turns_nothing() -> None:
    image, _ = read(saved(two_tone(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\x00\x01"))
    assert image.size == (120, 80)


def test_metadata_does_not_survive() -> None:
    exif = Image.Exif()
    exif[0x8825] = {2: (IFDRational(52), IFDRational(31), IFDRational(0))}
    image, _ = read(saved(two_tone(), "JPEG", exif=exif, comment=b"secret"))
    assert b"secret" not in image.tobytes()
    assert image.tobytes() == image.convert("RGB").tobytes()


def test_cmyk_without_a_profile_keeps_its_hue() -> None:
    image, _ = read(saved(two_tone().convert("CMYK"), "JPEG", quality=95))
    assert near(pixel(image, 0.75, 0.75), RED, 25)


def test_an_embedded_profile_is_followed() -> None:
    # Lab is the one foreign space whose profile Pillow can make; a profile of another kind than the picture is ignored.
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image, _ = read(saved(two_tone(), "JPEG", icc_profile=lab))
    assert near(pixel(image, 0.75, 0.75), RED)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = _with_swapped_red_and_blue(srgb)
    image, _ = read(saved(two_tone(), "PNG", icc_profile=swapped))
    red, _, blue = pixel(image, 0.75, 0.75)
    assert blue > red + 60


def test_a_broken_profile_is_ignored() -> None:
    image, _ = read(saved(two_tone(), "PNG", icc_profile=b"\0" * 16 + b"RGB " + b"\xff" * 200))
    assert near(pixel(image, 0.75, 0.75), RED)


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    ramp = np.tile(np.linspace(0, 65535, 128).astype(np.uint16), (80, 1))
    image, _ = read(saved(Image.fromarray(ramp), "PNG"))
    assert near(pixel(image, 0.5, 0.5), (128, 128, 128), 3)
    assert near(pixel(image, 0.25, 0.5), (64, 64, 64), 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA"])
def test_every_mode_becomes_rgb_or_rgba(mode: str) -> None:
    image, _ = read(
        saved(two_tone().convert("L" if mode == "LA" else "RGB").convert(mode), "PNG" if mode != "PA" else "WEBP")
    )
    assert image.mode == "RGB"  # alpha that hides nothing is dropped


def test_alpha_is_kept_where_it_hides_something() -> None:
    image = two_tone().convert("RGBA")
    image.paste((0, 0, 0, 0), (60, 0, 120, 80))
    read_back, _ = read(saved(image, "PNG"))
    assert read_back.mode == "RGBA"
    assert pixel(read_back, 0.25, 0.25) == (*BLUE, 255)
    assert pixel(read_back, 0.75, 0.5)[3] == 0


def test_a_palette_with_a_transparent_colour_gives_alpha() -> None:
    image, _ = read(saved(two_tone().quantize(4), "PNG", transparency=0))
    assert image.mode == "RGBA"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in (RED, BLUE, (0, 0, 0))]
    image, _ = read(saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=40))
    assert near(pixel(image, 0.5, 0.5), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_pictures_shrink_to_the_longest_side(kind: str) -> None:
    image, source = read(saved(two_tone(6000, 3000), kind))
    assert (image.size, source) == ((2160, 1080), (6000, 3000))
    assert near(pixel(image, 0.25, 0.25), BLUE)


def test_small_pictures_are_not_enlarged() -> None:
    image, _ = read(saved(two_tone(90, 90), "PNG"))
    assert image.size == (90, 90)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_cut_off_file_is_refused(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
    whole = saved(noise, kind)
    with pytest.raises(Refused, match="cut short or damaged"):
        read(whole[: len(whole) // 2])


def test_a_cut_off_heic_is_refused() -> None:
    with pytest.raises(Refused, match="cut short or damaged"):
        read(HEIC[: len(HEIC) // 2])


def test_a_fully_transparent_picture_is_refused() -> None:
    with pytest.raises(Refused, match="transparent"):
        read(saved(Image.new("RGBA", (200, 200), (255, 0, 0, 3)), "PNG"))


@pytest.mark.parametrize(
    ("size", "says"),
    [((63, 200), "at least 64 px"), ((1, 1), "only 1x1 px"), ((900, 100), "5:1"), ((8100, 8000), "at most 64")],
)
def test_sizes_outside_the_limits_are_refused_by_their_header(size: tuple[int, int], says: str) -> None:
    for kind in ("PNG", "GIF"):
        with pytest.raises(Refused, match=says):
            read(saved(Image.new("1", size), kind))


def test_a_webp_too_large_is_refused_before_its_canvas_is_reserved() -> None:
    header = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0" + (16_000).to_bytes(3, "little") * 2 + b"\0" * 8
    with pytest.raises(Refused, match="256 megapixels"):
        read(header)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<?xml version='1.0'?><svg xmlns='x'><script/></svg>", "an SVG drawing"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04...........", "a ZIP archive"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "a video"),
        (b"just some words", "not a picture"),
    ],
)
def test_other_files_are_named_and_the_accepted_ones_listed(data: bytes, says: str) -> None:
    with pytest.raises(Refused, match=f"is {says}; use a JPEG, PNG, WebP, GIF or HEIC file"):
        read(data)


def _with_swapped_red_and_blue(profile: bytes) -> bytes:
    """Swap two colorants, so that following the profile is seen."""
    swapped = bytearray(profile)
    for place in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        name = bytes(swapped[place : place + 4])
        swapped[place : place + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(swapped)
