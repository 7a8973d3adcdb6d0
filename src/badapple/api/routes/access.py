"""Who may come in: API keys, sessions, tickets, and the log of who did what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from badapple.access import audit, credentials, sessions
from badapple.access.principals import Kind
from badapple.api.deps import Admin, DoorsDep, House, Reader
from badapple.api.documented import answer, problems
from badapple.api.guard import Gate
from badapple.api.problems import ProblemError
from badapple.api.schemas import LINE, PathId, Words
from badapple.api.signing_in import cookie_header, no_cookie_header, page, signed_in
from badapple.database.tables import now
from badapple.errors import InputError, UnauthenticatedError

if TYPE_CHECKING:
    from badapple.access import Principal

__all__ = ["router"]

router = APIRouter(tags=["access"])
Scope = Literal["jobs:read", "jobs:write", "admin"]
_YEARS = 3650  #: days
_CURSOR = "audit"


class _Answer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class KeyRequest(_Asked):
    """An API key to be made."""

    name: Annotated[Words, Field(min_length=1, max_length=100, examples=["shop backend"])]
    """What you call it."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = ["jobs:read", "jobs:write"]
    """What may be done with it; each of the later ones includes those before: `jobs:read`, `jobs:write`, `admin`."""
    expires_in_days: Annotated[int, Field(ge=1, le=_YEARS)] | None = None
    """Days after which it ends; null for never."""


class Key(_Answer):
    """An API key: all but the key itself."""

    id: str
    """Names it."""
    name: str
    """What you call it."""
    scopes: list[Scope]
    """What may be done with it."""
    last4: str
    """The key's last four characters."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None = None
    """When it ends; null for never."""
    used_at: datetime | None = None
    """When it was last used, to the minute; null for never."""


class NewKey(Key):
    """An API key that was just made."""

    key: str
    """The key. It is shown this once: only its hash is kept."""


class Keys(_Answer):
    """The keys that work."""

    items: list[Key]
    """The newest first."""


class Limits(_Answer):
    """How much you may ask for."""

    requests_per_minute: int
    """Of one key, and of one address."""
    writes_per_minute: int
    """Of those, requests that change something."""
    jobs_at_once: int
    """Jobs of yours that may wait or run."""
    live_connections: int
    """Sockets and event streams that you may have open."""
    upload_bytes: int
    """Bytes of all your uploads together."""


class Session(_Answer):
    """Who you are here."""

    owner: str
    """Whose jobs you see."""
    kind: Kind
    """How you came in: `local` where nobody has to say who they are."""
    actor: str
    """Id of the key or session, as the audit log names it."""
    scopes: list[Scope]
    """What you may do."""
    sign_in_required: bool
    """Whether callers have to say who they are."""
    expires_at: datetime | None = None
    """When the session that was just made ends at the latest."""
    limits: Limits
    """How much you may ask for."""


class TicketRequest(_Asked):
    """A ticket to be made."""

    job_id: PathId | None = None
    """The only job that it opens; null for all of yours."""


class Ticket(_Answer):
    """A ticket for one live connection: add it to the address as `?ticket=`."""

    ticket: str
    """Good once."""
    expires_at: datetime
    """When it ends, in a minute."""


class AuditEntry(_Answer):
    """Something that somebody did, or tried to."""

    id: int
    """Rises with time."""
    at: datetime
    """When."""
    actor: str
    """Id of the key or session, or `local`."""
    action: str
    """Like `job.create`, `job.cancel` or `key.create`."""
    target: str
    """Id of what it was done to, or empty."""
    outcome: Literal["ok", "refused", "failed"]
    """How it went."""
    address: str
    """Of the client; empty for the command line."""
    facts: dict[str, Any]
    """More about it."""


class AuditPage(_Answer):
    """Some entries of the audit log, the newest first."""

    items: list[AuditEntry]
    """The entries."""
    next_cursor: str | None = None
    """Ask again with `cursor=` for the next page; null at the end."""


def _gate(house: DoorsDep) -> Gate:
    gate = house.gate
    if not isinstance(gate, Gate):
        raise TypeError("these routes work with the gate of badapple.api.guard")
    return gate


GateDep = Annotated[Gate, Depends(_gate)]


@router.get("/keys", operation_id="listKeys")
async def list_keys(house: DoorsDep, gate: GateDep, who: Admin) -> Keys:
    """List your API keys that work; no key is shown again."""
    views = await gate.aside(credentials.listing, house.engine, owner=who.owner)
    return Keys(items=[Key.model_validate(view.to_json()) for view in views])


@router.post(
    "/keys", operation_id="createKey", status_code=201, responses=answer(201, "Made; the key is in the answer, once.")
)
async def create_key(asked: KeyRequest, house: DoorsDep, gate: GateDep, who: Admin, request: Request) -> NewKey:
    """Make an API key of yours, for a program. It is shown once."""
    ends = None if asked.expires_in_days is None else now() + timedelta(days=asked.expires_in_days)
    view, text = await gate.aside(
        credentials.create, house.engine, owner=who.owner, name=asked.name, scopes=asked.scopes, expires_at=ends
    )
    _tell(request, "key.create", view.id, scopes=" ".join(view.scopes))
    return NewKey.model_validate({**view.to_json(), "key": text})


@router.delete(
    "/keys/{key_id}",
    operation_id="revokeKey",
    status_code=204,
    responses={**answer(204, "Revoked: whoever uses it is refused from now on."), **problems(404)},
)
async def revoke_key(
    key_id: Annotated[PathId, Path(description="`id` of the key.")],
    house: DoorsDep,
    gate: GateDep,
    who: Admin,
    request: Request,
) -> Response:
    """Revoke one of your API keys, with all sessions and tickets that were made with it."""
    _tell(request, "key.revoke", key_id)
    await gate.aside(credentials.revoke, house.engine, key_id, owner=who.owner)
    return Response(status_code=204)


@router.get("/session", operation_id="getSession")
async def get_session(house: DoorsDep, gate: GateDep, who: Reader) -> Session:
    """Say who you are, what you may do, and how much of it."""
    return _session(house, gate, who)


@router.post(
    "/session",
    operation_id="createSession",
    status_code=201,
    responses={
        **answer(201, "Made; the cookie is set.", headers={"Set-Cookie": {"schema": {"type": "string"}}}),
        **problems(409),
    },
)
async def create_session(house: DoorsDep, gate: GateDep, who: Reader, request: Request, response: Response) -> Session:
    """Turn the API key that you send into a session: its cookie takes the key's place, and ends with it."""
    if not gate.required:
        raise ProblemError("conflict", "nobody has to sign in here", hint="leave it out")
    text, ends = await gate.aside(sessions.open_session, house.engine, who)
    response.headers.append("set-cookie", cookie_header(gate, request, text, ends))
    return _session(house, gate, who, ends)


@router.delete("/session", operation_id="endSession", status_code=204, responses=answer(204, "Ended."))
async def end_session(house: DoorsDep, gate: GateDep, who: Reader, request: Request) -> Response:
    """Sign out: end the session that you came in with. A key stays as it is."""
    await gate.aside(sessions.end, house.engine, who)
    return Response(
        status_code=204, headers={"set-cookie": no_cookie_header(gate, request), "clear-site-data": '"cache"'}
    )


@router.post("/tickets", operation_id="createTicket", status_code=201, responses=answer(201, "Made."))
async def create_ticket(asked: TicketRequest, house: DoorsDep, gate: GateDep, who: Reader) -> Ticket:
    """Make a ticket for one WebSocket or event stream: browsers send no header with those.

    It is good once, for a minute, and opens what you may see.
    """
    text, ends = await gate.aside(sessions.ticket, house.engine, who, job=asked.job_id)
    return Ticket(ticket=text, expires_at=ends)


@router.get("/audit", operation_id="listAudit")
async def list_audit(
    *,
    house: DoorsDep,
    gate: GateDep,
    who: Admin,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    action: Annotated[str | None, Query(max_length=48, pattern=LINE, description="Only those of this action.")] = None,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the last page.")] = None,
) -> AuditPage:
    """List what was done with your keys and sessions, and what was refused; the newest first."""
    before = None if cursor is None else _read(house, who.owner, action, cursor)
    views = await gate.aside(
        audit.listing, house.engine, owner=who.owner, limit=limit + 1, before=before, action=action
    )
    items = [AuditEntry.model_validate(view.to_json()) for view in views[:limit]]
    last = {"owner": who.owner, "action": action, "before": items[-1].id} if len(views) > limit else None
    return AuditPage(items=items, next_cursor=house.signer.sign(_CURSOR, last) if last else None)


@router.get("/sign-in", include_in_schema=False)
async def show_sign_in(gate: GateDep, request: Request, token: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Show the form that uses an invitation up: whoever only looks at its address does not."""
    return page(request, token=token) if gate.required else signed_in(request)


@router.post("/sign-in", include_in_schema=False)
async def sign_in(
    house: DoorsDep,
    gate: GateDep,
    request: Request,
    token: Annotated[str, Form(max_length=100)] = "",
    key: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Sign in with an invitation or a key, and go on to the first page."""
    if not gate.required:
        return signed_in(request)
    try:
        if token:
            text, ends = await gate.aside(sessions.redeem, house.engine, token)
        else:
            who = await gate.aside(credentials.authenticate, house.engine, key.strip())
            text, ends = await gate.aside(sessions.open_session, house.engine, who)
    except UnauthenticatedError as error:
        await gate.wrong(request)
        return page(request, wrong=error)
    request.scope["badapple.principal"] = await gate.aside(sessions.admit, house.engine, text)
    _tell(request, "session.create", "")
    return signed_in(request, cookie_header(gate, request, text, ends))


def _session(house: House, gate: Gate, who: Principal, ends: datetime | None = None) -> Session:
    doors = house.settings.doors
    return Session(
        owner=who.owner, kind=who.kind, actor=who.actor,
        scopes=[scope for scope in ("jobs:read", "jobs:write", "admin") if who.may(scope)],
        sign_in_required=gate.required, expires_at=ends,
        limits=Limits(
            requests_per_minute=doors.rate, writes_per_minute=doors.write_rate, jobs_at_once=doors.max_jobs,
            live_connections=doors.sockets, upload_bytes=doors.upload_quota,
        ),
    )  # fmt: skip


def _read(house: House, owner: str, action: str | None, cursor: str) -> int:
    try:
        last: dict[str, Any] = house.signer.read(_CURSOR, cursor)
    except InputError:
        last = {}
    if (last.get("owner"), last.get("action")) != (owner, action):
        raise ProblemError("invalid_cursor", "this cursor is not of this list", pointer="#query/cursor")
    return int(last["before"])


def _tell(request: Request, action: str, target: str, **facts: str) -> None:
    request.scope["badapple.audit"] = {"action": action, "target": target, "facts": facts}
