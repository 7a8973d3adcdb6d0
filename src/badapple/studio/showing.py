"""What several pages share: addresses, shelves of ads, how long things take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse

from badapple.api import cursors
from badapple.api.telling import summary_of
from badapple.jobs import JobOrder, catalog, pages, pricing
from badapple.models import DRAFT, MakeOptions
from badapple.process import in_thread
from badapple.studio.posters import Poster, poster_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from badapple.access import Principal
    from badapple.api.deps import House
    from badapple.config import Settings

__all__ = ["expected", "go", "page_of", "posters", "shelf", "tiles"]

_SHELF = 24  #: ads of one page of the library


def page_of(job_id: str) -> str:
    """Return the address of an ad's page."""
    return f"/ads/{quote(job_id, safe='')}"


def go(where: str) -> Response:
    """Lead on from a form that was taken in."""
    return RedirectResponse(where, status_code=303, headers={"cache-control": "no-store"})


def posters(settings: Settings) -> list[Poster]:
    """Return the drawings of all styles. Blocks."""
    return [poster_of(one) for one in catalog.styles(settings)]


def expected(settings: Settings) -> dict[str, float]:
    """Return how long an ad takes from now: whole, and as a draft. Blocks."""
    orders = {"full": MakeOptions(), "draft": MakeOptions(canvas=DRAFT)}
    return {
        name: pricing.expected_seconds(JobOrder(product_name="x", style="minimal", options=options), settings)
        for name, options in orders.items()
    }


async def shelf(
    request: Request,
    who: Principal,
    house: House,
    *,
    asked: Mapping[str, str] | None = None,
    cursor: str = "",
    limit: int = _SHELF,
) -> dict[str, Any]:
    """Return a page of the library.

    Args:
        request: that is answered.
        who: whose ads.
        house: where they are.
        asked: `q`, `status` and `style`, each of which may be empty.
        cursor: where it goes on, or empty.
        limit: at most so many ads.

    Raises:
        BadappleError: what is asked for cannot be.
        ProblemError: the cursor is not of this list.
    """
    given = {name: (asked or {}).get(name, "").strip() for name in ("q", "status", "style")}
    wanted = {name: value or None for name, value in given.items()}
    after = cursors.read(house.signer, cursor, owner=who.owner, asked=wanted) if cursor else None
    # An ad and its edits are one thing; whoever looks for something finds it wherever it is.
    newest = not any(given.values())
    page = await in_thread(
        pages.page, house.settings, who.owner, limit=limit, after=after, newest=newest, **wanted
    )  # fmt: skip
    further = ""
    if page.next is not None:
        there = cursors.write(house.signer, page.next, owner=who.owner, asked=wanted)
        kept = {name: value for name, value in given.items() if value}
        further = "/library?" + urlencode({**kept, "cursor": there})
    edited = [view.id for view in page.items if view.parent_id is not None]
    numbers = await in_thread(pages.numbers, house.settings, edited) if edited else {}
    return {
        "items": tiles([summary_of(view, request) for view in page.items], numbers), **given, "further": further,
        "paged": bool(cursor), "sought": not newest,
    }  # fmt: skip


def tiles(jobs: list[Any], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what the tiles of some jobs show.

    Args:
        jobs: as the API lists them.
        numbers: job -> which version of its ad it is; 1 where nothing is said.
    """
    return [{"job": job, "page": page_of(job.job_id), "number": numbers.get(job.job_id, 1)} for job in jobs]
