"""The three planes of a frame in planar YUV 4:2:0 (I420), BT.709, limited range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PREMULTIPLIED", "blank", "from_rgb", "split", "to_rgb"]

#: Rows Y, Cb, Cr of the BT.709 matrix for RGB of 0-1, scaled to limited range.
_MATRIX = np.array(
    [
        [0.2126 * 219, 0.7152 * 219, 0.0722 * 219],
        [-0.2126 / 1.8556 * 224, -0.7152 / 1.8556 * 224, 0.5 * 224],
        [0.5 * 224, -0.7152 / 1.5748 * 224, -0.0722 / 1.5748 * 224],
    ],
    dtype=np.float32,
)
_OFFSET = np.array([16, 128, 128], dtype=np.float32)
#: Premultiplied RGB and alpha of 0-1 to premultiplied Y, Cb, Cr and alpha of 0-255.
PREMULTIPLIED = np.block([[_MATRIX, _OFFSET[:, None]], [np.zeros((1, 3), np.float32), np.float32(255)]])


def blank(width: int, height: int) -> NDArray[np.uint8]:
    """Return a frame of black, uint8 (height * 3 // 2, width)."""
    frame = np.full((height * 3 // 2, width), 128, np.uint8)
    frame[:height] = 16
    return frame


def split(frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return views of Y (height, width) and of U and V (height // 2, width // 2)."""
    width = frame.shape[1]
    height = frame.shape[0] * 2 // 3
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], chroma[0], chroma[1]


def from_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn sRGB uint8 (height, width, 3), both even, into a frame (OpenCV's own conversion is BT.601)."""
    import cv2  # noqa: PLC0415 - heavy

    height, width = image.shape[:2]
    frame = np.empty((height * 3 // 2, width), np.uint8)
    planes = cv2.transform(image.astype(np.float32) / 255, _MATRIX) + _OFFSET
    y, u, v = split(frame)
    y[:] = np.rint(planes[..., 0])
    half = cv2.resize(planes[..., 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    u[:] = np.rint(half[..., 0])
    v[:] = np.rint(half[..., 1])
    return frame


def to_rgb(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn a frame into sRGB uint8 (height, width, 3)."""
    import cv2  # noqa: PLC0415 - heavy

    luma, *chroma = (plane.astype(np.float32) for plane in split(frame))
    bluer, redder = (
        (np.asarray(cv2.resize(plane, luma.shape[::-1], interpolation=cv2.INTER_CUBIC)) - 128) / 224 for plane in chroma
    )
    grey = (luma - 16) / 219
    red, blue = grey + 1.5748 * redder, grey + 1.8556 * bluer
    green = (grey - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.asarray(np.clip(np.dstack([red, green, blue]) * 255 + 0.5, 0, 255), np.uint8)
