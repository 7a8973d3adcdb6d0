"""Pages for people: what the API offers, and what each problem means."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from badapple.api.problem_table import KINDS, Kind, markdown, markdown_of
from badapple.api.theme import theme_of
from badapple.errors import NotFoundError
from badapple.process import in_thread

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

__all__ = ["page_routes"]

_STYLE = """\
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 0.4rem; white-space: pre-wrap; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border: 1px solid #8886; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
summary { cursor: pointer; padding: 0.4rem 0; }
details { border-top: 1px solid #8886; }
.method { display: inline-block; font-weight: 700; min-width: 4.5rem; text-transform: uppercase; }
"""


def page_routes() -> list[BaseRoute]:
    """Return the routes: `/openapi.json`, `/docs`, `/docs.css`, `/problems` and `/problems/{code}`."""
    return [
        Route("/openapi.json", _openapi),
        Route("/docs", _docs),
        Route("/docs.css", _css),
        Route("/problems", _problems),
        Route("/problems/{code}", _problem),
    ]


async def _css(_request: Request) -> Response:
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


async def _openapi(request: Request) -> Response:
    # It takes a second to make, once: others shall not wait for it.
    return JSONResponse(await in_thread(request.app.openapi), headers={"cache-control": "no-cache"})


async def _docs(request: Request) -> Response:
    return _page(request, "badapple API", _told(await in_thread(request.app.openapi)))


def _told(document: dict[str, Any]) -> str:
    """Return the document for people."""
    parts = [f"<h1>{escape(document['info']['title'])} {escape(document['info']['version'])}</h1>"]
    parts.append(f"<pre>{escape(document['info']['description'])}</pre>")
    parts.append('<p><a href="/openapi.json">openapi.json</a> says all of this to programs. ')
    parts.append('<a href="/problems">Problems</a> explains every error code.</p>')
    groups = {tag["name"]: (tag["description"], list[str]()) for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            group = groups.get((operation.get("tags") or ["other"])[0])
            if group is not None:
                group[1].append(_operation(path, method, operation, document))
    for name, (told, operations) in groups.items():
        if operations:
            parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(told)}</p>')
            parts += operations
    return "".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    anchor = escape(operation.get("operationId", ""))
    told = escape(operation.get("description", "")).replace("\n\n", "<p>")
    rows = "".join(
        _row(one["name"], one["in"], one.get("description", ""), required=bool(one.get("required")))
        for one in operation.get("parameters", ())
    )
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        rows += "".join(_fields(content.get("schema", {}), media, document))
    fields = f"<table><tr><th>field<th>in<th>what it is</tr>{rows}</table>" if rows else ""
    answers = "".join(
        f"<li><b>{escape(status)}</b> {escape(one.get('description', ''))}"
        for status, one in operation["responses"].items()
    )
    return (
        f'<details id="{anchor}"><summary><span class="method">{escape(method)}</span> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><p>{told}</p>{fields}<ul>{answers}</ul></details>"
    )


def _fields(schema: dict[str, Any], media: str, document: dict[str, Any]) -> list[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    needed = schema.get("required", ())
    return [
        _row(name, media, one.get("description", ""), required=name in needed)
        for name, one in schema.get("properties", {}).items()
    ]


def _row(name: str, place: str, told: str, *, required: bool) -> str:
    mark = " (needed)" if required else ""
    return f"<tr><td><code>{escape(name)}</code>{mark}<td>{escape(place)}<td>{escape(told)}</tr>"


async def _problems(request: Request) -> Response:
    if _wants_markdown(request):
        return _markdown(markdown())
    return _page(request, "Problems", "<h1>Problems</h1>" + "".join(_explained(kind) for kind in KINDS.values()))


async def _problem(request: Request) -> Response:
    kind = KINDS.get(request.path_params["code"])
    if kind is None:
        raise NotFoundError("there is no problem of this name", hint="GET /problems lists them")
    if _wants_markdown(request):
        return _markdown(markdown_of(kind))
    return _page(request, kind.title, _explained(kind))


def _explained(kind: Kind) -> str:
    again = "yes" if kind.retryable else "no"
    return (
        f'<h2 id="{escape(kind.code)}"><code>{escape(kind.code)}</code>: {escape(kind.title)}</h2>'
        f"<p>{escape(kind.means)}</p><p><b>What to do.</b> {escape(kind.remedy)}</p>"
        f"<p>HTTP status {kind.status}. May the same request succeed later? {again}.</p>"
    )


def _wants_markdown(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "text/markdown" in accept and "text/html" not in accept


def _markdown(text: str) -> Response:
    return PlainTextResponse(text, media_type="text/markdown")


def _page(request: Request, title: str, body: str) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="{theme_of(request) or "light dark"}">'
        f'<link rel="stylesheet" href="/docs.css"></head>'
        f"<body>{body}</body></html>"
    )
