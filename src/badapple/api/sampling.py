"""An ad of the photo that comes with badapple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from badapple.api.incoming import Photo
from badapple.api.ordering import Ordering
from badapple.api.schemas import GenerateRequest, Line
from badapple.cache import sha256_of
from badapple.process import in_thread
from badapple.product.sample import FACTS, NAME, PHOTO

if TYPE_CHECKING:
    from badapple.access import Principal
    from badapple.api.deps import House

__all__ = ["SampleRequest", "sample_order"]


class SampleRequest(BaseModel):
    """An ad of the product that comes with badapple."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    style: Annotated[str, Field(min_length=1, max_length=64, examples=["luxury"])] = "luxury"
    """Its look: a name from `GET /styles`."""
    cta_text: Annotated[Line, Field(max_length=60, examples=["Shop now"])] = ""
    """Call to action, word for word; written for you where it is empty."""
    draft: bool = False
    """Small and quick, for a first look: 270x480."""

    def order(self) -> GenerateRequest:
        """Return the ad that it asks for: whatever is set up here, nothing is bought for it."""
        return GenerateRequest(
            product_name=NAME, style=self.style, cta_text=self.cta_text, draft=self.draft, facts=list(FACTS),
            provider="offline",
        )  # fmt: skip


async def sample_order(house: House, who: Principal, wanted: SampleRequest) -> Ordering:
    """Return the order of a sample ad, as if its photo had been sent with it."""
    sha256 = await in_thread(sha256_of, PHOTO)
    photo = Photo(path=PHOTO, name=PHOTO.name, sha256=sha256)
    return Ordering(house=house, who=who, wanted=wanted.order(), photo=photo)
