"""Brand kits: what an owner wants of every ad, kept once and written into each order as it is then."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple import styles
from badapple.database import BrandRow, open_database
from badapple.database.rows import ensure
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import BadappleError, InputError, NotFoundError
from badapple.jobs import keeping, shelf, uploads, wording
from badapple.media import branding
from badapple.models import Brand, forbidden_in
from badapple.product.logo import rewrite_logo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder
    from badapple.media.branding import Pair

__all__ = [
    "FORBIDDEN",
    "NAME",
    "WORD",
    "BrandView",
    "check",
    "contrasts",
    "dressed",
    "get",
    "logo",
    "put",
]

NAME = 100  #: characters of a brand's name
WORD = 40  #: characters of a forbidden word or phrase
FORBIDDEN = 100  #: of them
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandView:
    """A brand kit as it is kept.

    Attributes:
        brand: the kit.
        logo: the PNG that is kept of its logo, or None.
        updated_at: when it was last changed.
    """

    brand: Brand
    logo: Blob | None
    updated_at: datetime


def get(settings: Settings, owner: str) -> BrandView | None:
    """Return an owner's brand kit, or None where there is none."""
    with Session(open_database(settings.database_url)) as session:
        row = session.get(BrandRow, owner)
        return None if row is None else _view(row)


def put(settings: Settings, owner: str, brand: Brand, *, logo_upload: str | None = None, keep_logo: bool) -> BrandView:
    """Keep a brand kit in the place of the one there was; ads that were asked for before stay as they are.

    Args:
        settings: database and storage.
        owner: whose it is.
        brand: the kit; its `logo` is not looked at.
        logo_upload: id of the upload that is its logo; the upload may be removed afterwards.
        keep_logo: without an upload, keep the logo that there is, if any.

    Raises:
        InputError: a colour, the font, a word or the logo cannot be used.
        NotFoundError: there is no such upload of this owner.
        StorageError: the storage that workers share cannot be written.
        DiskError: the data folder cannot be written.
    """
    engine, owner, brand = open_database(settings.database_url), wording.owner_name(owner), check(brand)
    fresh = None if logo_upload is None else _take(uploads.order_photo(settings, owner, logo_upload), settings)
    old: list[Blob] = []

    def enter(session: Session) -> BrandView:
        ensure(session, BrandRow, owner=owner, kit={}, logo_size=0, updated_at=now())
        row = session.get_one(BrandRow, owner, with_for_update=True)
        before = shelf.logo_of(row)
        after = fresh or (before if keep_logo else None)
        shelf.hold(session, [one for one in (before, after) if one is not None])
        if fresh is not None and not shelf.lies(fresh, settings):
            raise InputError("the logo is gone", hint="send it again")
        row.kit = replace(brand, logo=None).to_json()
        row.logo_sha256, row.logo_size = (after.sha256, after.size) if after is not None else (None, 0)
        row.updated_at = now()
        session.flush()
        old[:] = [before] if before is not None and before != after else []
        return _view(row)

    try:
        view = once(engine, enter)
    except BaseException:
        _forget(engine, settings, [fresh] if fresh is not None else [])
        raise
    _forget(engine, settings, old)
    return view


def logo(settings: Settings, owner: str) -> Path:
    """Return the PNG of an owner's logo on this machine.

    Raises:
        NotFoundError: there is none.
        StorageError: the storage cannot be reached.
    """
    view = get(settings, owner)
    path = None if view is None or view.logo is None else keeping.open_shelf(settings).get(view.logo)
    if path is None:
        raise NotFoundError("there is no logo", hint="upload one, and name it in PUT /api/v1/brand")
    return path


def contrasts(brand: Brand, settings: Settings) -> tuple[Pair, ...]:
    """Return how well what is drawn in the kit's colours can be read, in whichever style is the worst."""
    looks = (styles.load(name, settings.style_dirs) for name in styles.known(settings.style_dirs))
    return branding.contrasts(brand, looks)


def dressed(order: JobOrder, settings: Settings, owner: str) -> JobOrder:
    """Return the order with its owner's brand kit as it is now; without one, as it is.

    The kit's call to action stands in where the order gives none. Whether the order's own words are among those that
    the kit forbids, `queue.check` says, as of all orders.
    """
    view = get(settings, owner)
    if view is None or view.brand == Brand():
        return order
    files = dict(order.files) | ({"logo": view.logo} if view.logo is not None else {})
    return replace(
        order, cta_text=order.cta_text.strip() or view.brand.cta_text, files=files,
        options=replace(order.options, brand=view.brand),
    )  # fmt: skip


def check(brand: Brand) -> Brand:
    """Return a kit with its words and colours in order.

    Raises:
        InputError: a colour is no `#rrggbb`, the font does not come with badapple, or a word is too long.
    """
    for what in ("accent", "ink", "ground"):
        colour = getattr(brand, what)
        if colour is not None and not _HEX.fullmatch(colour):
            raise InputError(f"the {what} {colour[:20]!r} is no colour", hint="write it like #1a2b3c")
    if brand.font is not None and brand.font not in branding.FONTS:
        raise InputError(f"the font {brand.font[:40]!r} is not known", hint=f"it is one of {', '.join(branding.FONTS)}")
    if len(brand.forbidden) > FORBIDDEN:
        raise InputError(f"there are {len(brand.forbidden)} forbidden words; at most {FORBIDDEN} are kept")
    words = (wording.text(word, what="a forbidden word", limit=WORD, least=1) for word in brand.forbidden)
    forbidden = tuple({word.casefold(): word for word in words}.values())
    cta = wording.text(brand.cta_text, what="the call to action", limit=wording.CTA)
    if word := forbidden_in(cta, forbidden):
        raise InputError(f"the kit's call to action says {word!r}, which the kit forbids", hint="change one of the two")
    colours = {name: value.lower() for name in ("accent", "ink", "ground") if (value := getattr(brand, name))}
    name = wording.text(brand.name, what="the brand's name", limit=NAME)
    return replace(brand, name=name, cta_text=cta, forbidden=forbidden, **colours)


def _take(upload: Blob, settings: Settings) -> Blob:
    place = keeping.open_shelf(settings)
    file = place.get(upload)
    if file is None:
        raise InputError("the upload is gone", hint="hand the logo in again")
    with keeping.writing_on(place), place.workplace() as folder:
        rewrite_logo(file, folder / "logo.png")
        return place.put(folder / "logo.png")


def _forget(engine: Engine, settings: Settings, blobs: Iterable[Blob]) -> None:
    for blob in blobs:
        with contextlib.suppress(BadappleError, SQLAlchemyError, OSError):  # a purge finds what is left
            shelf.drop(engine, settings, blob)


def _view(row: BrandRow) -> BrandView:
    kept = shelf.logo_of(row)
    kit = Brand.from_json(row.kit or {})
    return BrandView(
        brand=replace(kit, logo=kept.sha256 if kept is not None else None), logo=kept, updated_at=row.updated_at
    )
