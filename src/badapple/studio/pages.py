"""From facts to HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from badapple.api.problems import problem_of, validation_problem
from badapple.api.theme import THEME, theme_of
from badapple.errors import BadappleError
from badapple.studio import words
from badapple.studio.assets import look
from badapple.studio.posters import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from badapple.studio.bundle import Bundle, Folder

__all__ = ["ERRORS", "THEME", "PageRoute", "Problem", "Studio", "problem_page", "render", "told"]

ERRORS = (BadappleError, RequestValidationError, SQLAlchemyError, HTTPException)  #: what pages tell of
_FRAME = "frame"  #: the script that every page has


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What the pages of a process share; `app.state.studio`."""

    bundle: Bundle | Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, for people.

    Attributes:
        status: of the answer.
        title: in a few words.
        detail: what happened.
        hint: what to do.
        charged: dollars that it cost all the same.
        possibly: dollars that providers may still charge.
        fields: name of a field -> what is wrong with it.
        headers: of the answer.
    """

    status: int
    title: str
    detail: str
    hint: str
    charged: float = 0.0
    possibly: float = 0.0
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class PageRoute(APIRoute):
    """A route whose errors are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        inner = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                return await inner(request)
            except ERRORS as error:
                return problem_page(request, told(request, error))

        return page


def told(request: Request, error: Exception) -> Problem:
    """Return what the API would say of an error."""
    if isinstance(error, HTTPException) and isinstance(error.__cause__, BadappleError):
        error = error.__cause__  # FastAPI's own word for a body that was refused
    if isinstance(error, RequestValidationError):
        answer = validation_problem(error)
    else:
        answer = problem_of(error, request_id=request.scope.get("badapple.request_id", ""))
    body: dict[str, Any] = json.loads(bytes(answer.body))
    kept = {name: answer.headers[name] for name in ("www-authenticate", "retry-after") if name in answer.headers}
    fields = {one["pointer"].strip("/").partition("/")[0]: one["detail"] for one in body.get("errors", ())}
    return Problem(
        status=body["status"], title=body["title"], detail=body["detail"], hint=body["hint"], fields=fields,
        charged=body["charged_usd"], possibly=body["possibly_charged_usd"], headers=kept,
    )  # fmt: skip


def problem_page(request: Request, problem: Problem) -> Response:
    """Return a page of its own: how to sign in where that is what is missing, else what went wrong."""
    name = "sign_in.html" if problem.status == 401 else "problem.html"
    return render(request, name, status=problem.status, headers=problem.headers, problem=problem)


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    script: str | None = None,
    scripts: tuple[str, ...] = (),
    **facts: Any,
) -> Response:
    """Return a page; pages of people are kept by nobody.

    Args:
        request: that it answers.
        template: name of its template.
        status: of the answer.
        headers: of the answer.
        script: name of its script, where one was built.
        scripts: names of its scripts where there are several; the first is the page's own.
        facts: what the template shows.
    """
    studio: Studio = request.app.state.studio
    wanted = scripts or ((script,) if script is not None else ())
    built = [studio.bundle.script(name) for name in wanted]
    text = _templates().get_template(template).render(
        script=built[0] if built else None, modules=[one for one in (studio.bundle.script(_FRAME), *built) if one],
        who=request.scope.get("badapple.principal"), path=request.url.path, back=_back(request),
        theme=theme_of(request), **facts,
    )  # fmt: skip
    return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store", **(headers or {})})


def _back(request: Request) -> str:
    """Return the page to come back to: what a form was posted to cannot be asked for again."""
    if request.method == "POST":
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found.globals.update(look=look, stages=words.STAGES, statuses=words.STATUSES)
    found.filters.update(advice=words.advice, money=words.money, span=words.span, ago=words.ago)
    found.globals.update(took=words.took, lines=lines)
    return found
