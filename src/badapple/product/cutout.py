"""The cut-out: the product free of its background, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.process import check_stop
from badapple.product.backdrop import Backdrop, before_plain, plain_backdrop
from badapple.product.matte import clean_colours, disc, follow_edges
from badapple.product.saliency import SIDE, saliency

if TYPE_CHECKING:
    from cv2.typing import MatLike as Bytes
    from cv2.typing import MatLike as Floats

__all__ = ["Cut", "cut_out"]

_LEAST_COVERAGE, _MOST_COVERAGE = 0.03, 0.75  #: share of the picture that a product fills
_LEAST_SIZE = 200  #: px of the product's long side; less is soft at any size worth showing
_EDGE_SHARE = 0.04  #: of a picture edge that the product may touch before it counts as cut off
_SOFT = (1.5, 5.0)  #: cells of doubt per cell of outline: none of it matters, nothing of it is an outline
_TRUST = 0.55  #: least confidence on a busy background ...
_TRUST_PLAIN = 0.1  #: ... and on a plain one, where the picture itself shows the outline
_AGREEMENT = 0.7  #: least overlap (IoU) of the finished cut-out and the network's mask
_OPAQUE = 150  #: alpha above which a pixel is product; soft floor shadows baked into alpha stay below
_SPECK = 0.04  #: share of the opaque pixels below which a part is dropped
_FRAME = 0.92  #: opaque share from which alpha is only a frame (rounded corners), not an outline
_MARGIN = 4  #: transparent px around the product, so that its rim is smooth when it is turned


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was cut.

    Attributes:
        pixels: uint8 RGBA, shape (height, width, 4), cropped; None where no product was found.
        box: left, top, right, bottom of the product in the photo, px; the whole photo where unknown.
        weight: where the product is, shape (rows, columns), 0-1, over the whole photo; a small picture.
        confidence: 0-1.
        fault: why the cut-out must not be shown; empty where it may.
    """

    pixels: Bytes | None
    box: tuple[int, int, int, int]
    weight: Floats
    confidence: float
    fault: str


def cut_out(pixels: Bytes) -> Cut:
    """Cut the product out of a photo.

    Args:
        pixels: shape (height, width, 3 or 4), sRGB; alpha, if it outlines something, is used as it is.
    """
    if pixels.shape[2] == 4:
        if float((pixels[..., 3] > _OPAQUE).mean()) < _FRAME:
            return _by_alpha(pixels)
        pixels = flatten(pixels)
    return _by_network(pixels)


def flatten(pixels: Bytes) -> Bytes:
    """Return RGBA laid on white, as RGB."""
    alpha = cv2.cvtColor(pixels[..., 3], cv2.COLOR_GRAY2RGB)
    white = cv2.multiply(255 - alpha, np.full(3, 255.0), scale=1 / 255)
    flat: Bytes = cv2.add(cv2.multiply(np.ascontiguousarray(pixels[..., :3]), alpha, scale=1 / 255), white)
    return flat


def _by_alpha(pixels: Bytes) -> Cut:
    """Use the outline that the photo brings along."""
    alpha = pixels[..., 3]
    solid: Bytes = (alpha > _OPAQUE).astype(np.uint8)
    if not solid.any():  # glass, smoke: see-through all over
        solid = (alpha > 24).astype(np.uint8)
    solid = _big_parts(solid)
    # The antialiased rim, and what shines through inside the outline, keep their alpha; floor shadows lose it.
    outline = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, disc(2))
    keep = cv2.dilate(_filled(outline), disc(2))
    product = np.where(keep > 0, alpha, 0).astype(np.uint8)
    box = _box(solid)
    weight = cv2.resize(product.astype(np.float32) * (1 / 255), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    fault = _too_small(box)
    return Cut(pixels=_cropped(pixels, product, box), box=box, weight=weight, confidence=1.0, fault=fault)


def _by_network(rgb: Bytes) -> Cut:
    """Have the network find the product, then follow the picture's own edges."""
    height, width = rgb.shape[:2]
    mask = saliency(rgb)
    check_stop()
    weight = np.where(_big_parts((mask > 0.5).astype(np.uint8)) > 0, mask, 0).astype(np.float32)
    confidence = _confidence(mask)
    whole = (0, 0, width, height)
    fault = _first_fault(mask)
    if fault:
        box = _scaled(_box((weight > 0.5).astype(np.uint8)), width, height) if (weight > 0.5).any() else whole
        return Cut(pixels=None, box=box, weight=weight, confidence=min(confidence, 0.3), fault=fault)
    backdrop = plain_backdrop(rgb)
    if confidence < (_TRUST if backdrop is None else _TRUST_PLAIN):
        box = _scaled(_box((weight > 0.5).astype(np.uint8)), width, height)
        return Cut(pixels=None, box=box, weight=weight, confidence=confidence, fault="its outline is not clear")
    return _cut_along(rgb, mask, weight, backdrop, confidence)


def _cut_along(rgb: Bytes, mask: Floats, weight: Floats, backdrop: Backdrop | None, confidence: float) -> Cut:
    """Cut along the picture's edges near those of the mask."""
    height, width = rgb.shape[:2]
    cell = max(width, height) / SIDE
    left, top, right, bottom = _around(mask, width, height, margin=round(8 * cell))
    part = np.ascontiguousarray(rgb[top:bottom, left:right])
    near = _window(mask, width, height, (left, top, right, bottom))
    if backdrop is None:
        alpha = follow_edges(part, near, 3 * cell)
    else:
        alpha = before_plain(part, backdrop.paint(left, top, right, bottom), near, 1.5 * cell)
        confidence = max(confidence, 0.9)
    check_stop()
    solid = _big_parts((alpha > 0.5).astype(np.uint8))
    alpha = alpha * cv2.dilate(solid, disc(3))
    seen = near > 0.5
    agreement = float((seen & (solid > 0)).sum() / max(1, (seen | (solid > 0)).sum()))
    box = _box(solid)
    placed = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
    fault = _too_small(box) or ("its outline is not clear" if agreement < _AGREEMENT else "")
    opaque = np.rint(alpha * 255).astype(np.uint8)
    pixels = _cropped(clean_colours(part, alpha), opaque, box)
    return Cut(pixels=pixels, box=placed, weight=weight, confidence=min(confidence, agreement + 0.1), fault=fault)


def _confidence(mask: Floats) -> float:
    """Judge by the width of the doubtful band along the outline."""
    outlines, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    length = sum(len(outline) for outline in outlines)
    if not length:
        return 0.0
    doubt = float(((mask > 0.1) & (mask < 0.9)).sum()) / length
    sharp, blurred = _SOFT
    return float(np.clip((blurred - doubt) / (blurred - sharp), 0.0, 1.0))


def _first_fault(mask: Floats) -> str:
    """Say what rules a cut-out out before one is tried; empty where nothing does."""
    seen = mask > 0.5
    coverage = float(seen.mean())
    if coverage < _LEAST_COVERAGE:
        return "no product stands out from its background"
    if coverage > _MOST_COVERAGE:
        return "the product fills the picture"
    edges = (seen[:2].any(axis=0), seen[-2:].any(axis=0), seen[:, :2].any(axis=1), seen[:, -2:].any(axis=1))
    if max(float(edge.mean()) for edge in edges) > _EDGE_SHARE:
        return "the product is cut off by the edge of the picture"
    return ""


def _too_small(box: tuple[int, int, int, int]) -> str:
    side = max(box[2] - box[0], box[3] - box[1])
    return f"the product is only {side} px large" if side < _LEAST_SIZE else ""


def _big_parts(solid: Bytes) -> Bytes:
    """Return it without parts below `_SPECK` of the whole."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    kept = areas >= max(1.0, _SPECK * float(areas.sum()))
    if count <= 1:
        return solid
    result: Bytes = kept.astype(np.uint8)[labels]
    return result


def _filled(solid: Bytes) -> Bytes:
    """Return it with everything that its outer outlines enclose."""
    outlines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    result: Bytes = cv2.drawContours(np.zeros_like(solid), outlines, -1, 1, cv2.FILLED)
    return result


def _box(solid: Bytes) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect(solid)
    return left, top, left + width, top + height


def _scaled(box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """Return a box of network cells in px of the photo."""
    left, top, right, bottom = box
    return left * width // SIDE, top * height // SIDE, -(-right * width // SIDE), -(-bottom * height // SIDE)


def _around(mask: Floats, width: int, height: int, *, margin: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = _scaled(_box((mask > 0.05).astype(np.uint8)), width, height)
    return max(0, left - margin), max(0, top - margin), min(width, right + margin), min(height, bottom + margin)


def _window(mask: Floats, width: int, height: int, window: tuple[int, int, int, int]) -> Floats:
    """Return a window of the mask at the size of the photo, without scaling the rest of it."""
    left, top, right, bottom = window
    across, down = SIDE / width, SIDE / height
    source = np.array([[across, 0, (left + 0.5) * across - 0.5], [0, down, (top + 0.5) * down - 0.5]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    near: Floats = cv2.warpAffine(
        mask, source, (right - left, bottom - top), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(near, 0.0, 1.0, out=near)


def _cropped(pixels: Bytes, alpha: Bytes, box: tuple[int, int, int, int]) -> Bytes:
    """Return RGBA cut to the box with a transparent margin; hidden pixels away from the rim are black."""
    left, top, right, bottom = box
    height, width = alpha.shape
    inside = (max(0, left - _MARGIN), max(0, top - _MARGIN), min(width, right + _MARGIN), min(height, bottom + _MARGIN))
    window = np.s_[inside[1] : inside[3], inside[0] : inside[2]]
    rgb, part = pixels[window][..., :3], alpha[window]
    shown = cv2.dilate(part, disc(2)) > 0
    rgba = np.dstack([np.where(shown[..., None], rgb, 0).astype(np.uint8), part])
    frame = (
        _MARGIN - (top - inside[1]),
        _MARGIN - (inside[3] - bottom),
        _MARGIN - (left - inside[0]),
        _MARGIN - (inside[2] - right),
    )
    result: Bytes = cv2.copyMakeBorder(rgba, *frame, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    return result
