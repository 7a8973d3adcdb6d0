"""Pictures that clients send."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from badapple.testing.simulators.traffic import Json

__all__ = ["LARGEST_SIDE", "PictureFlaw", "sent_picture"]

LARGEST_SIDE = 8000  #: px
_KINDS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


class PictureFlaw(Exception):  # noqa: N818 - the client's, not ours
    """A picture cannot be used; says why."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


def sent_picture(source: Json) -> Image.Image:
    """Return the picture of an image block of a message.

    Raises:
        PictureFlaw: it is not one, not of the kind it claims, or too large.
    """
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(source["data"], validate=True)))
        large = max(picture.size) > LARGEST_SIDE
        if not large:
            picture.load()
    except (binascii.Error, ValueError, OSError, UnidentifiedImageError) as error:
        raise PictureFlaw("Could not process image") from error
    kind, said = _KINDS.get(picture.format or ""), source["media_type"]
    if large:
        raise PictureFlaw("At least one of the image dimensions exceeds the largest size", too_large=True)
    if kind != said:
        raise PictureFlaw(f"The image was specified using the {said} media type, but the image appears to be {kind}")
    return picture
