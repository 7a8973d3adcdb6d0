"""The OpenAPI document: enough for a stranger to use the API from it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from badapple import __version__, styles
from badapple.api.addresses import V1
from badapple.api.answers import Accepted, Problem, ScriptAnswer
from badapple.api.documented import USUAL, problem
from badapple.api.edit_schemas import EditEstimateRequest, EditRequest, ScriptRequest
from badapple.api.ordering import choices
from badapple.api.sampling import SampleRequest
from badapple.api.schemas import EstimateRequest, GenerateForm, GenerateRequest
from badapple.api.variant_schemas import VariantsAnswer, VariantsRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from badapple.config import Settings

__all__ = ["TAGS", "describe"]

_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
_READ_BY_HAND = (
    *(
        Accepted,
        EditEstimateRequest,
        EditRequest,
        EstimateRequest,
        GenerateForm,
        GenerateRequest,
        Problem,
        SampleRequest,
        ScriptAnswer,
        VariantsAnswer,
        VariantsRequest,
    ),
    ScriptRequest,
)
_REF = "#/components/schemas/{model}"
TAGS = [
    {"name": "videos", "description": "Ask for an ad. The answer comes at once; the ad is made afterwards."},
    {"name": "jobs", "description": "Look at ads that are being made or are finished; end, repeat, edit, delete them."},
    {"name": "variants", "description": "Some looks by some calls to action, from one photo, side by side."},
    {"name": "uploads", "description": "Hand in a photo before the ad that shall show it."},
    {"name": "pricing", "description": "What an ad would cost in money and time."},
    {"name": "catalog", "description": "What there is to choose from."},
    {"name": "files", "description": "The finished video and what lies beside it."},
    {"name": "previews", "description": "What things look and sound like before they are made."},
    {"name": "live", "description": "Progress while it happens."},
    {"name": "settings", "description": "Keys of vendors, which are never told, and caps on spending."},
    {"name": "access", "description": "Keys, sessions, tickets, and the log of who did what."},
    {"name": "brand", "description": "What all your ads show, and what none says."},
    {"name": "webhooks", "description": "Have another server told."},
]
_DESCRIPTION = """\
One product photo in, a finished 30 s vertical video ad (1080x1920, MP4) out.

**In three steps.** `POST /api/v1/videos/generate` with a `product_name`, and a photo where there is one; take `job_id`
from the answer (202). Ask `GET /api/v1/jobs/{job_id}` until `status` is `completed`, or follow `events_url` or
`websocket_url`. Then download `video_url`.

```sh
curl -F product_name='Aurora Desk Lamp' -F product_image=@lamp.jpg http://127.0.0.1:8000/api/v1/videos/generate
```

**Progress.** `ws://HOST/ws/job/{job_id}` and `GET /api/v1/jobs/{job_id}/events` (Server-Sent Events) tell
`{"job_id", "stage", "progress", "message", "timestamp", "seq"}`: `progress` is the percent of the whole and never
falls; the last `stage` is `completed`, `cancelled` or `error`. Come back with `?after=SEQ` and nothing is missed.

**Who asks.** On this machine alone nobody has to say who they are. Elsewhere send `Authorization: Bearer <API key>`;
browsers sign in and have a cookie. A key has scopes: `jobs:read`, `jobs:write`, `admin`.

**Money.** Without vendors' keys everything is made here and free. Vendors are asked only under a cap: send
`max_cost_usd`, or nothing is bought. `POST /api/v1/estimate` says what an ad would cost.

**Errors** are `application/problem+json` (RFC 9457). Decide by `code`; `type` is the address of a page that explains
it; `retryable` says whether the same request may succeed later; `charged_usd` what it cost; `hint` what to do.

**Again.** Send an `Idempotency-Key` with every POST that asks for an ad: sent again, it makes no second one.

**Lists** go on with `next_cursor`. **Moments** are ISO 8601 in UTC. Paths under `/api/v1` are stable; `/api/...`
without the version names the same."""


def describe(app: FastAPI, settings: Settings, *, required: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        app: the application.
        settings: of this server; the styles that it has are listed.
        required: whether callers have to say who they are.
    """
    document = get_openapi(
        title="badapple", version=__version__, summary="Video ads from a product photo.", description=_DESCRIPTION,
        routes=app.routes, tags=TAGS, separate_input_output_schemas=False,
        servers=[{"url": settings.doors.public_url or "/"}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _, extra = models_json_schema([(model, "validation") for model in _READ_BY_HAND], ref_template=_REF)
    schemas.update(extra.get("$defs", {}))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    form = schemas[GenerateForm.__name__]["properties"]
    for name, one in form.items():  # a form has no null
        left = [kind for kind in one.get("anyOf", ()) if kind != {"type": "null"}]
        form[name] = {**left[0], **{key: value for key, value in one.items() if key != "anyOf"}} if left else one
        if form[name].get("default", "") is None:
            del form[name]["default"]
    form["product_image"] = {
        "type": "string", "format": "binary", "contentMediaType": "image/*",
        "description": "The photo: JPEG, PNG, WebP, GIF or HEIC, up to 25 MiB.",
    }  # fmt: skip
    _name_choices(schemas, settings)
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: `POST /api/v1/keys` makes one."},
        "session": {"type": "apiKey", "in": "cookie", "name": "badapple_session", "description": "Set by signing in."},
    }
    document["security"] = [{"apiKey": []}, {"session": []}, *([] if required else [{}])]
    for operation in _operations(document):
        _complete(operation)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, item in document["paths"].items():
        assert path.startswith(V1), path  # noqa: S101 - aliases and pages are no part of the document
        for method, operation in item.items():
            if method in _METHODS:
                yield operation


def _complete(operation: dict[str, Any]) -> None:
    """Say of an operation what all have in common."""
    responses = operation["responses"]
    for status in USUAL + ((413, 415) if "requestBody" in operation else ()):
        described = responses.get(str(status), {})
        if "application/problem+json" not in described.get("content", {}):
            responses[str(status)] = problem(status)
    operation["responses"] = dict(sorted(responses.items()))


def _name_choices(schemas: dict[str, Any], settings: Settings) -> None:
    """List the styles and models that this server has."""
    known = {"style": list(styles.known(settings.style_dirs)), **choices(settings)}
    schemas[VariantsRequest.__name__]["properties"]["styles"]["items"]["enum"] = known["style"]
    asked = (EditEstimateRequest, EditRequest, EstimateRequest, GenerateForm, GenerateRequest, SampleRequest)
    for model in (*asked, VariantsRequest):
        fields = schemas[model.__name__]["properties"]
        for name in known.keys() & fields.keys():
            for kind in fields[name].get("anyOf", [fields[name]]):
                if kind.get("type") == "string":
                    kind["enum"] = known[name]
