"""The look at the product photo: from a file and a name to a `Product`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from badapple.models import Family, Product, Swatch
from badapple.process import check_stop
from badapple.product.category import category
from badapple.product.cutout import Cut, cut_out, flatten
from badapple.product.intake import take_in, write_png
from badapple.product.palette import accent, palette

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cv2.typing import MatLike


__all__ = ["analyse", "from_facts", "to_facts"]

_PHOTO, _CUTOUT = "photo.png", "cutout.png"
_SMALL = 256  #: px of the longest side on which blankness and palette are judged
_BLANK = 10.0  #: Lab spread below which a picture shows nothing


def analyse(photo: Path | None, product_name: str, folder: Path) -> Product:
    """Look at the photo; write `photo.png` and, where the product stands free, `cutout.png` into `folder`.

    Blocking: seconds of CPU. Call it through `process.in_thread`.

    Raises:
        PhotoError: the photo cannot be used; says why and what to do.
        DiskError: the disk is full or cannot be written.
    """
    if photo is None:
        return _without_picture(product_name)
    taken = take_in(photo)
    check_stop()
    write_png(taken.pixels, folder / _PHOTO)
    blank = _is_blank(taken.pixels)
    cut = _blank_cut(taken.pixels) if blank else cut_out(taken.pixels)
    check_stop()
    family, reason = _family(cut, blank=blank)
    if family is Family.CUTOUT and cut.pixels is not None:
        write_png(cut.pixels, folder / _CUTOUT)
    swatches = palette(_product_pixels(taken.pixels, cut.weight))
    height, width = taken.pixels.shape[:2]
    return Product(
        family=family,
        photo=folder / _PHOTO,
        cutout=folder / _CUTOUT if family is Family.CUTOUT else None,
        size=(width, height),
        subject=cut.box,
        focus=_focus(cut.weight),
        palette=swatches,
        accent=accent(swatches),
        category=category(product_name),
        confidence=round(cut.confidence, 3),
        source_size=taken.source_size,
        reason=reason,
    )


def to_facts(product: Product) -> dict[str, Any]:
    """Return all but the paths as JSON values; the files go with them under their fixed names."""
    return {
        "family": product.family.value,
        "has_photo": product.photo is not None,
        "size": list(product.size),
        "subject": list(product.subject),
        "focus": list(product.focus),
        "palette": [{"rgb": list(swatch.rgb), "share": swatch.share} for swatch in product.palette],
        "accent": list(product.accent) if product.accent else None,
        "category": product.category,
        "confidence": product.confidence,
        "source_size": list(product.source_size),
        "reason": product.reason,
    }


def from_facts(facts: Mapping[str, Any], folder: Path) -> Product:
    """Rebuild what `to_facts` told, with its files in `folder`."""
    family = Family(facts["family"])
    return Product(
        family=family,
        photo=folder / _PHOTO if facts["has_photo"] else None,
        cutout=folder / _CUTOUT if family is Family.CUTOUT else None,
        size=_pair(facts["size"]),
        subject=_box(facts["subject"]),
        focus=(float(facts["focus"][0]), float(facts["focus"][1])),
        palette=tuple(Swatch(rgb=_rgb(item["rgb"]), share=float(item["share"])) for item in facts["palette"]),
        accent=_rgb(facts["accent"]) if facts["accent"] else None,
        category=str(facts["category"]),
        confidence=float(facts["confidence"]),
        source_size=_pair(facts["source_size"]),
        reason=str(facts["reason"]),
    )


def _without_picture(product_name: str) -> Product:
    return Product(
        family=Family.TYPE,
        photo=None,
        cutout=None,
        size=(0, 0),
        subject=(0, 0, 0, 0),
        focus=(0.5, 0.5),
        palette=(),
        accent=None,
        category=category(product_name),
        confidence=0.0,
        source_size=(0, 0),
        reason="no photo was given, so words carry the film",
    )


def _family(cut: Cut, *, blank: bool) -> tuple[Family, str]:
    if blank:
        return Family.TYPE, "the photo shows one plain tone and nothing else, so words carry the film"
    if cut.fault:
        return Family.PHOTO, f"{cut.fault}, so the photo is shown whole"
    return Family.CUTOUT, "the product stands free of its background"


def _small(pixels: MatLike) -> MatLike:
    scale = min(1.0, _SMALL / max(pixels.shape[:2]))
    small: MatLike = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return small


def _is_blank(pixels: MatLike) -> bool:
    """Say whether an eye would see nothing but one tone."""
    small = _small(pixels)
    if small.shape[2] == 4:
        if float((small[..., 3] > 127).mean()) < 0.98:
            return False  # an outline is something to see, even of one tone
        small = flatten(small)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    spread = np.percentile(lab, 99.8, axis=(0, 1)) - np.percentile(lab, 0.2, axis=(0, 1))
    return float(np.linalg.norm(spread)) < _BLANK


def _blank_cut(pixels: MatLike) -> Cut:
    height, width = pixels.shape[:2]
    weight = np.zeros((1, 1), np.float32)
    return Cut(pixels=None, box=(0, 0, width, height), weight=weight, confidence=0.0, fault="there is nothing to see")


def _product_pixels(pixels: MatLike, weight: MatLike) -> MatLike:
    """Return the colours of the product, or of the whole picture where it is unknown; shape (count, 3)."""
    small = _small(pixels)
    mask = cv2.resize(weight, small.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.6
    if small.shape[2] == 4:
        mask &= small[..., 3] > 200
    if float(mask.mean()) < 0.002:
        mask = small[..., 3] > 127 if small.shape[2] == 4 else np.ones(small.shape[:2], bool)
    chosen: MatLike = small[..., :3][mask]
    return chosen


def _focus(weight: MatLike) -> tuple[float, float]:
    """Return the centre of mass in fractions of width and height; the middle where there is none."""
    total = float(weight.sum())
    if total < 1e-6 * weight.size:
        return 0.5, 0.5
    rows, columns = weight.shape
    across = float((weight.sum(axis=0) * (np.arange(columns) + 0.5)).sum()) / total / columns
    down = float((weight.sum(axis=1) * (np.arange(rows) + 0.5)).sum()) / total / rows
    return round(across, 4), round(down, 4)


def _pair(values: Any) -> tuple[int, int]:
    first, second = (int(value) for value in values)
    return first, second


def _box(values: Any) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(value) for value in values)
    return left, top, right, bottom


def _rgb(values: Any) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in values)
    return red, green, blue
