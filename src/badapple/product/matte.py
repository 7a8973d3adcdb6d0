"""Edges: from a coarse mask to alpha that follows the picture, with colours that forget their old background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from cv2.typing import MatLike as Bytes
    from cv2.typing import MatLike as Floats

__all__ = ["clean_colours", "disc", "follow_edges", "project", "spread"]

_WORK = 640  #: px of the longest side where the slow part of the guided filter runs
_EPSILON = 2e-4  #: of the guided filter: colour variance (0-1 scale) below which a patch counts as flat
_LEAST_CONTRAST = 30.0  #: distance of two colours (0-441) below which no mixture of them can be read


def disc(radius: float) -> Bytes:
    """Return the kernel of a round brush for `cv2.erode` and `cv2.dilate`."""
    side = 2 * max(1, round(radius)) + 1
    kernel: Bytes = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.uint8)
    return kernel


def follow_edges(rgb: Bytes, mask: Floats, radius: float) -> Floats:
    """Return alpha whose edges lie on those of the picture.

    Args:
        rgb: shape (height, width, 3).
        mask: shape (height, width), 0-1, its edges off by up to `radius`.
        radius: px; nothing farther from the mask's edge changes.
    """
    alpha = _guided_by_colour(rgb, mask, radius)
    # A veil along the rim shows on every other background; a firm edge, evened out over a third of the doubt, does not.
    even = cv2.GaussianBlur(np.clip((alpha - 0.32) * (1 / 0.36), 0.0, 1.0), (0, 0), max(0.8, radius / 7))
    alpha = np.clip((even - 0.3) * (1 / 0.4), 0.0, 1.0)
    inside = cv2.erode((mask > 0.75).astype(np.uint8), disc(radius))
    outside = cv2.dilate((mask > 0.12).astype(np.uint8), disc(radius / 2))
    alpha[inside > 0] = 1.0
    alpha[outside == 0] = 0.0
    return _smooth_outline(alpha)


def project(rgb: Bytes, front: Floats, back: Floats, fallback: Floats) -> Floats:
    """Return how much of each pixel is front rather than back; `fallback` where the two look alike.

    Args:
        rgb: the mixtures, shape (height, width, 3).
        front: 0-255, same shape.
        back: 0-255, same shape.
        fallback: 0-1, shape (height, width).
    """
    span = front - back
    length = np.einsum("ijk,ijk->ij", span, span)
    share = np.einsum("ijk,ijk->ij", rgb.astype(np.float32) - back, span) / np.maximum(length, 1.0)
    trust = np.clip(length / _LEAST_CONTRAST**2, 0.0, 1.0)
    mixed: Floats = np.clip(share, 0.0, 1.0) * trust + fallback * (1 - trust)
    return mixed


def clean_colours(rgb: Bytes, alpha: Floats) -> Bytes:
    """Give half-transparent pixels the colour of the product beside them, so that no halo stays."""
    solid = cv2.erode((alpha > 0.97).astype(np.uint8), disc(1))
    if not solid.any():
        return rgb
    rim = (cv2.dilate((alpha > 0).astype(np.uint8), disc(2)) > 0) & (solid == 0)
    own = spread(rgb, solid)
    # Fine things (laces, twigs) have no solid pixel near them: their own colour is the better guess there.
    near = cv2.dilate(solid, disc(9)) > 0
    cleaned = rgb.copy()
    there = rim & near
    cleaned[there] = own[there].astype(np.uint8)
    return cleaned


def spread(rgb: Bytes, known: Bytes) -> Floats:
    """Return the picture with the colours of known pixels spread smoothly over the unknown.

    Args:
        rgb: shape (height, width, 3).
        known: shape (height, width), 1 where the colour counts, else 0.
    """
    # Bytes, and only down to half size, for the largest level: it would cost more than all the others.
    first = cv2.pyrDown(cv2.bitwise_and(rgb, rgb, mask=known)), cv2.pyrDown(known * np.uint8(255))
    colour: Floats = first[0].astype(np.float32)
    weight: Floats = first[1].astype(np.float32) * np.float32(1 / 255)
    pyramid = [(colour, weight)]
    while min(weight.shape) > 2 and float(weight.min()) <= 0.0:
        colour, weight = cv2.pyrDown(colour), cv2.pyrDown(weight)
        pyramid.append((colour, weight))
    colour, weight = pyramid.pop()
    filled: Floats = colour / np.maximum(weight, 1e-6)[..., None]
    for colour, weight in reversed(pyramid):
        filled = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.minimum(weight * 4, 1.0)[..., None]  # four taps' worth of evidence are enough
        filled = filled + (colour / np.maximum(weight, 1e-6)[..., None] - filled) * share
    filled = cv2.resize(filled, known.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(filled, 0.0, 255.0, out=filled)


def _smooth_outline(alpha: Floats) -> Floats:
    """Take single-pixel teeth off the outline."""
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.8)
    smooth: Floats = np.clip((soft - 0.08) * (1 / 0.84), 0.0, 1.0)
    return smooth


def _guided_by_colour(rgb: Bytes, mask: Floats, radius: float) -> Floats:
    """Run the colour guided filter, its slow part at low resolution, its result at full."""
    height, width = mask.shape
    scale = min(1.0, _WORK / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    slope, offset = _coefficients(
        guide, cv2.resize(mask, size, interpolation=cv2.INTER_AREA), max(2, round(radius * scale))
    )
    full = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
    alpha: Floats = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    for channel in range(3):
        alpha += full[..., channel] * (rgb[..., channel] * np.float32(1 / 255))
    return alpha


def _coefficients(guide: Floats, mask: Floats, radius: int) -> tuple[Floats, Floats]:
    """Return slope (height, width, 3) and offset (height, width) of the local fit mask = slope . guide + offset."""
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Floats) -> Floats:
        result: Floats = cv2.boxFilter(values, -1, side, borderType=cv2.BORDER_REFLECT)
        return result

    centre, level = mean(guide), mean(mask)
    cross = mean(guide * mask[..., None]) - centre * level[..., None]
    products = mean(np.concatenate([guide * guide, guide * np.roll(guide, -1, axis=2)], axis=2))
    squares = products[..., :3] - centre * centre + _EPSILON
    mixed = products[..., 3:] - centre * np.roll(centre, -1, axis=2)  # rg, gb, br
    slope = _solve(squares, mixed, cross)
    offset = level - np.einsum("ijk,ijk->ij", slope, centre)
    return mean(slope), mean(offset)


def _solve(squares: Floats, mixed: Floats, right: Floats) -> Floats:
    """Solve symmetric 3x3 systems by their adjugates; faster than LAPACK on a picture of them."""
    rr, gg, bb = (squares[..., k] for k in range(3))
    rg, gb, br = (mixed[..., k] for k in range(3))
    inverse = np.stack([gg * bb - gb * gb, rr * bb - br * br, rr * gg - rg * rg], axis=2)
    off_rg, off_gb, off_br = gb * br - rg * bb, rg * br - rr * gb, rg * gb - gg * br
    det = rr * inverse[..., 0] + rg * off_rg + br * off_br
    x, y, z = (right[..., k] for k in range(3))
    solved = np.stack(
        [
            inverse[..., 0] * x + off_rg * y + off_br * z,
            off_rg * x + inverse[..., 1] * y + off_gb * z,
            off_br * x + off_gb * y + inverse[..., 2] * z,
        ],
        axis=2,
    )
    result: Floats = solved / np.maximum(det, 1e-12)[..., None]
    return result
