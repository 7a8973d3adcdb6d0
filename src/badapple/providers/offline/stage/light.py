"""Light on the product: its cut-out at the right size, shadow, reflection, rim and sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from badapple.errors import PhotoError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.providers.offline.stage.look import RGB

    Floats = NDArray[np.floating[Any]]

__all__ = [
    "MOST",
    "band",
    "cast",
    "flat_shadow",
    "floor_shadow",
    "graded",
    "load",
    "over",
    "reflection",
    "resized",
    "sticker",
]

MOST = 2.0  #: canvas px per source px, at most: beyond it a photo looks soft


def load(path: Path) -> NDArray[np.uint8]:
    """Read a cut-out as straight RGBA bytes, its clear rim cut off."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise PhotoError(f"{path.name} is not a cut-out with transparency")
    left, top, width, height = cv2.boundingRect((picture[..., 3] > 8).astype(np.uint8))
    if not width:
        raise PhotoError(f"{path.name} shows nothing")
    return np.asarray(cv2.cvtColor(picture[top : top + height, left : left + width], cv2.COLOR_BGRA2RGBA), np.uint8)


def resized(rgba: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return the picture at `scale` times its size, with colours bled into clear px so that no rim shows."""
    height, width = rgba.shape[:2]
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    alpha = rgba[..., 3:].astype(np.float32) / 255
    weighted = rgba[..., :3].astype(np.float32) * alpha
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    cover = np.clip(np.asarray(cv2.resize(alpha, size, interpolation=way), np.float32), 0, 1)
    colour = np.asarray(cv2.resize(weighted, size, interpolation=way), np.float32)
    colour /= np.maximum(cover, 1e-3)[..., None]
    if scale > 1.05:
        # Enlarged photos lose their bite; a light unsharp mask gives it back.
        colour += (colour - np.asarray(cv2.GaussianBlur(colour, (0, 0), 1.2 * scale), np.float32)) * np.float32(0.35)
    return np.dstack([np.clip(colour, 0, 255), _tight(cover) * 255]).astype(np.uint8)


def _tight(cover: Floats) -> Floats:
    """Pull the outline in by half a px: cut-outs carry a trace of their old background there."""
    return np.asarray(np.clip((cover - 0.12) / 0.8, 0, 1), np.float32)


def graded(rgba: NDArray[np.uint8], *, rim: RGB, strength: float, dim: float = 0.0) -> NDArray[np.uint8]:
    """Light the outline from above and behind with the set's colour, and let the foot fall into shade.

    Args:
        rgba: the product.
        rim: colour of the light behind it.
        strength: 0-1 of the rim light.
        dim: 0-1, how dark the foot gets.
    """
    height, width = rgba.shape[:2]
    out = rgba.copy()
    colour = out[..., :3].astype(np.float32)
    if strength > 0:
        reach = max(2.0, height * 0.012)
        alpha = rgba[..., 3]
        inner = cv2.GaussianBlur(alpha, (0, 0), reach)
        # The light comes from above: moving the soft silhouette down leaves the upper edges bare.
        moved = cv2.warpAffine(inner, np.array([[1, 0, 0], [0, 1, reach * 0.9]], np.float32), (width, height))
        edge = (255 - moved).astype(np.float32) / 255
        colour += (np.asarray(rim, np.float32) - colour * 0.35) * (edge * strength)[..., None]
    if dim > 0:
        fall = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        colour *= 1 - dim * fall**2.2
    out[..., :3] = np.clip(colour, 0, 255)
    return out


def _silhouette(rgba: NDArray[np.uint8], size: tuple[int, int], margin: int) -> Floats:
    small = cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA)
    return (
        cv2.copyMakeBorder(small, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0).astype(np.float32) / 255
    )


def _shade(cover: Floats, colour: RGB, opacity: float) -> NDArray[np.uint8]:
    out = np.empty((*cover.shape, 4), np.uint8)
    out[..., :3] = colour
    out[..., 3] = np.clip(cover * (255 * opacity) + 0.5, 0, 255)
    return out


def floor_shadow(
    rgba: NDArray[np.uint8], *, colour: RGB, opacity: float, squash: float = 0.16
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return the shadow on the floor and its anchor: the fraction of the picture that lies at the product's foot.

    A tight dark line where it stands, a wide soft pool around it.
    """
    height, width = rgba.shape[:2]
    margin = max(8, round(width * 0.16))
    # Only what comes near the floor darkens it: the round foot of a cup less than a flat sole.
    foot = rgba[round(height * 0.93) :, :, 3]
    pool_height = max(10, round(min(height, width) * squash))
    cover = np.zeros((pool_height + 2 * margin, width + 2 * margin), np.float32)
    span = cv2.blur(foot.mean(axis=0).astype(np.float32)[None] / 255, (max(3, width // 14), 1))[0] ** 0.7
    row = margin + pool_height // 2
    thick = max(3, round(width * 0.018))
    cover[row - thick : row + thick, margin : margin + width] = span
    near = cv2.GaussianBlur(cover, (0, 0), max(1.5, width * 0.016))
    cover[row - pool_height // 3 : row + pool_height // 3, margin : margin + width] = np.maximum(span, 0.12)
    far = cv2.GaussianBlur(cover, (0, 0), max(4.0, width * 0.06))
    total = np.clip(near * 0.75 + far * 0.75, 0, 1)
    return _shade(total, colour, opacity), (0.5, row / cover.shape[0])


def flat_shadow(rgba: NDArray[np.uint8], *, colour: RGB, opacity: float, soft: float) -> NDArray[np.uint8]:
    """Return a shadow of the product's own shape on a wall behind it, blurred by `soft` px."""
    margin = max(2, round(soft * 3))
    height, width = rgba.shape[:2]
    cover = _silhouette(rgba, (width, height), margin)
    blurred = np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32) if soft >= 0.5 else cover
    return _shade(blurred, colour, opacity)


def cast(
    rgba: NDArray[np.uint8], *, colour: RGB, opacity: float, lean: float = 0.9, squash: float = 0.38
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return the long shadow of low window light, thrown right and back, and its anchor at the foot's middle."""
    height, width = rgba.shape[:2]
    tall, margin = max(4, round(height * squash)), max(8, round(width * 0.12))
    throw = round(tall * lean)
    matrix = np.array([[1, -lean * tall / height, margin + throw], [0, tall / height, margin]], np.float32)
    canvas = (width + throw + 2 * margin, tall + 2 * margin)
    cover = cv2.warpAffine(rgba[..., 3], matrix, canvas, flags=cv2.INTER_AREA).astype(np.float32) / 255
    soft = cv2.GaussianBlur(cover, (0, 0), max(2.0, width * 0.035))
    sharp = cv2.GaussianBlur(cover, (0, 0), max(1.0, width * 0.008))
    # Near the foot the shadow is sharp, far from it it dissolves.
    near = np.clip((np.arange(canvas[1], dtype=np.float32) - margin) / tall, 0, 1)[:, None]
    total = (soft * (1 - near) + sharp * near) * (0.25 + 0.75 * near)
    return _shade(total, colour, opacity), ((margin + width / 2) / canvas[0], (margin + tall) / canvas[1])


def reflection(rgba: NDArray[np.uint8], *, opacity: float, reach: float = 0.5, soft: float = 1.5) -> NDArray[np.uint8]:
    """Return the product upside down, fading out over `reach` of its height; its top edge is the foot."""
    kept = max(4, round(rgba.shape[0] * reach))
    flipped = cv2.flip(rgba[-kept:], 0)
    fall = np.linspace(1, 0, kept, dtype=np.float32)[:, None] ** 1.6
    out = np.array(flipped, np.uint8)
    out[..., :3] = cv2.GaussianBlur(flipped[..., :3], (0, 0), soft)
    out[..., 3] = flipped[..., 3] * fall * opacity
    return out


def over(ground: NDArray[np.uint8], rgba: NDArray[np.uint8]) -> None:
    """Put straight-alpha RGBA over straight-alpha RGBA of the same size, in place."""
    upper, lower = rgba[..., 3:].astype(np.float32) / 255, ground[..., 3:].astype(np.float32) / 255
    whole = upper + lower * (1 - upper)
    colour = rgba[..., :3] * upper + ground[..., :3] * (lower * (1 - upper))
    ground[..., :3] = colour / np.maximum(whole, 1e-4) + 0.5
    ground[..., 3] = whole[..., 0] * 255 + 0.5


def sticker(rgba: NDArray[np.uint8], *, width: int, colour: RGB) -> NDArray[np.uint8]:
    """Return the silhouette grown by `width` px in one colour: the white border of a sticker."""
    margin = width + 2
    cover = cv2.copyMakeBorder(rgba[..., 3], margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    away = cv2.distanceTransform((cover < 128).astype(np.uint8), cv2.DIST_L2, 5)
    return _shade(cv2.GaussianBlur(np.clip(width - away + 0.5, 0, 1), (0, 0), 0.8), colour, 1.0)


def band(height: int, travel: int, *, wide: float, slant: float = 0.35) -> NDArray[np.uint8]:
    """Return a slanted band of light in the middle of a dark picture, `travel` px wide on either side of it.

    Args:
        height: canvas px.
        travel: canvas px that it must be able to move.
        wide: canvas px of the band.
        slant: px to the left per px downwards.
    """
    width = 2 * travel
    away = (np.arange(width, dtype=np.float32)[None, :] - travel) / wide
    row = (np.exp(-away * away * 2.5) * 190 + np.exp(-((away - 1.1) ** 2) * 30) * 60).clip(0, 255).astype(np.uint8)
    shear = np.array([[1, slant, -slant * height / 2], [0, 0, 0]], np.float32)
    return cv2.warpAffine(row, shear, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)  # type: ignore[return-value]
