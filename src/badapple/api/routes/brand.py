"""The brand kit: what every ad of an owner's shows and never says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from badapple.api.addresses import v1_address
from badapple.api.answers import Answered
from badapple.api.deps import DoorsDep, House, Reader, Writer
from badapple.api.documented import problems
from badapple.api.schemas import Line, UploadId, Words
from badapple.errors import NotFoundError
from badapple.jobs import brand as kits
from badapple.media.branding import FONTS
from badapple.models import Brand
from badapple.process import in_thread

if TYPE_CHECKING:
    from badapple.jobs.brand import BrandView

__all__ = ["router"]

router = APIRouter(tags=["brand"])

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
FontName = Literal[
    "anton", "archivo", "cormorant-garamond", "dm-sans", "fredoka", "inter", "manrope", "montserrat", "noto-sans",
    "nunito", "playfair-display", "rubik", "space-grotesk", "unbounded",
]  # fmt: skip
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The logo.", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}


class Colours(BaseModel):
    """Colours that take the place of a style's; null leaves one to the style."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    accent: Annotated[Colour, Field(examples=["#0b5fff"])] | None = None
    """Buttons, rules, highlights."""
    ink: Annotated[Colour, Field(examples=["#0a1a3a"])] | None = None
    """Words."""
    ground: Annotated[Colour, Field(examples=["#f4f1ea"])] | None = None
    """What the scenes stand on."""


_OPEN = Colours()


class BrandRequest(BaseModel):
    """A whole brand kit; what is left out is left to the styles."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Annotated[Line, Field(max_length=kits.NAME, examples=["Aurora"])] = ""
    """What the brand is called."""
    colours: Colours = _OPEN
    """Its colours."""
    font: FontName | None = None
    """Family of the large words."""
    cta_text: Annotated[Line, Field(max_length=60, examples=["Visit aurora.example"])] = ""
    """Call to action of ads that give none."""
    forbidden: Annotated[
        list[Annotated[Words, Field(min_length=1, max_length=kits.WORD)]], Field(max_length=kits.FORBIDDEN)
    ] = []
    """Words and phrases that no script may use; whole words, in any case of letters."""
    logo_upload_id: UploadId | None = None
    """An upload that is the logo from now on; null for none. Left out, the logo stays as it is."""


class Contrast(Answered):
    """How well a colour can be told from what it is drawn on."""

    pair: str
    """What they are: `ink on ground`, `button words on accent`, `button on ground`."""
    ratio: float
    """WCAG 2 contrast, 1 to 21."""
    good: bool
    """Whether that is enough."""
    least: float
    """What is enough."""
    front: str
    """The colour in front, `#rrggbb`."""
    back: str
    """The colour behind, `#rrggbb`."""
    drawn: str
    """The colour in front as it is drawn: another one where it could not be read."""
    style: str | None = None
    """The style that lends the colour which the kit leaves open: the one where it is worst. Null where none does."""


class FontChoice(Answered):
    """A family that comes with badapple."""

    name: str
    """What `font` is set to."""
    title: str
    """As people write it."""


class BrandAnswer(Answered):
    """Your brand kit."""

    name: str
    """What the brand is called; empty where nobody said."""
    colours: Colours
    """Its colours."""
    font: str | None
    """Family of the large words; null leaves it to the style."""
    cta_text: str
    """Call to action of ads that give none."""
    forbidden: list[str]
    """Words and phrases that no script may use."""
    logo_url: str | None
    """Address of its logo; null without one."""
    contrast: list[Contrast]
    """How well what is drawn in its colours can be read."""
    fonts: list[FontChoice]
    """Families to choose from."""
    updated_at: datetime | None
    """When it was last changed; null where there is none yet."""


@router.get("/brand", operation_id="getBrand", summary="Your brand kit")
async def get(request: Request, who: Reader, house: DoorsDep) -> BrandAnswer:
    """Return your brand kit; before there is one, an empty one."""
    view = await in_thread(kits.get, house.settings, who.owner)
    return await _told(request, house, view)


@router.put("/brand", operation_id="putBrand", summary="Set your brand kit", responses=problems(404, 507))
async def put(request: Request, who: Writer, house: DoorsDep, wanted: BrandRequest) -> BrandAnswer:
    """Set your brand kit, all of it; ads that were asked for before stay as they are.

    Only the logo may be left out to keep the one there is. A logo is a picture that was uploaded before
    (`POST /uploads`); a PNG or WebP with a transparent ground looks best.
    """
    kit = Brand(
        name=wanted.name, **wanted.colours.model_dump(), font=wanted.font, cta_text=wanted.cta_text,
        forbidden=tuple(wanted.forbidden),
    )  # fmt: skip
    async with house.intakes:
        view = await in_thread(
            kits.put, house.settings, who.owner, kit, logo_upload=wanted.logo_upload_id,
            keep_logo="logo_upload_id" not in wanted.model_fields_set,
        )  # fmt: skip
    return await _told(request, house, view)


@router.get(
    "/brand/logo", operation_id="readLogo", summary="Your logo", response_class=Response,
    responses={**_PNG, **problems(404)},
)  # fmt: skip
async def read_logo(who: Reader, house: DoorsDep) -> Response:
    """Return the logo of your brand kit, a PNG of at most 1024 px."""
    path = await in_thread(kits.logo, house.settings, who.owner)
    try:
        data = await in_thread(path.read_bytes)
    except FileNotFoundError as error:  # another one took its place in this very moment
        raise NotFoundError("the logo is gone", hint="ask for your brand kit again") from error
    return Response(data, media_type="image/png", headers={"cache-control": "private, no-cache"})


async def _told(request: Request, house: House, view: BrandView | None) -> BrandAnswer:
    kit = view.brand if view is not None else Brand()
    pairs = await in_thread(kits.contrasts, kit, house.settings)
    # Another logo has another address, so that pages which show it see the change.
    logo = f"/brand/logo?v={view.logo.sha256[:12]}" if view is not None and view.logo is not None else None
    return BrandAnswer(
        name=kit.name, colours=Colours(accent=kit.accent, ink=kit.ink, ground=kit.ground), font=kit.font,
        cta_text=kit.cta_text, forbidden=list(kit.forbidden),
        logo_url=None if logo is None else v1_address(request, logo),
        contrast=[
            Contrast(
                pair=one.pair, ratio=one.ratio, good=one.good, least=one.least, front=one.front, back=one.back,
                drawn=one.drawn, style=one.style or None,
            )
            for one in pairs
        ],
        fonts=[FontChoice(name=name, title=title) for name, title in FONTS.items()],
        updated_at=view.updated_at if view is not None else None,
    )  # fmt: skip
