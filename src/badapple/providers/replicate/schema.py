"""What a model takes now, asked before anything is paid."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from badapple.errors import PermanentProviderError, ProviderError
from badapple.providers.replicate.failures import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from badapple.providers.line import Line
    from badapple.providers.replicate.catalogue import Model
    from badapple.providers.replicate.client import ReplicateClient

__all__ = ["fitted", "live_schema", "misfit"]

_SECONDS = 10.0  #: for asking; after that our own snapshot must do
_KNOWN, _UNKNOWN = 3600.0, 60.0  #: seconds for which an answer, or none, is believed
_ROOT = "urn:badapple:model"
_WILD = frozenset({"pattern", "patternProperties", "format", "uniqueItems"})
_DEEPEST = 60

Schema = dict[str, Any]

_asked: WeakKeyDictionary[ReplicateClient, dict[str, tuple[float, Schema | None]]] = WeakKeyDictionary()
_locks: WeakKeyDictionary[ReplicateClient, asyncio.Lock] = WeakKeyDictionary()


async def fitted(
    inputs: Mapping[str, JsonValue], model: Model, *, client: ReplicateClient, line: Line
) -> dict[str, JsonValue]:
    """Return the inputs as the model takes them: as they are, or without what is optional and unknown to it.

    Raises:
        PermanentProviderError: the model does not take them; names the field. Nothing was bought.
    """
    live = await live_schema(model.name, client=client, line=line)
    if live is not None:
        known = live["components"]["schemas"]["Input"].get("properties", {})
        inputs = {name: value for name, value in inputs.items() if name in known or name not in model.optional}
        flaw = _flaw(inputs, live)
    if live is None or flaw is _NO_JUDGE:
        flaw = _flaw(inputs, {"components": {"schemas": {"Input": model.snapshot}}})
    if flaw:
        raise PermanentProviderError(
            f"{model.name} does not take what would be sent: {flaw}; nothing was bought",
            provider=PROVIDER,
            reason="input",
            hint="the model has changed: choose another one, or update badapple",
        )
    return dict(inputs)


async def misfit(model: Model, *, client: ReplicateClient, line: Line) -> str:
    """Return why a model would not take what we send it, by its live schema; empty where it would.

    Raises:
        ProviderError: the vendor does not say.
    """
    reply = await line.ask(lambda: client.model(model.name))
    document: Any = reply.openapi
    try:
        known = document["components"]["schemas"]["Input"]["properties"]
    except (KeyError, TypeError):
        return "it has no schema that can be read"
    sent = {model.prompt, model.picture, model.length, model.seed, *model.constants} - {"", *model.optional}
    missing = sorted(sent - set(known))
    return f"it has no input {', '.join(map(repr, missing))}" if missing else ""


async def live_schema(name: str, *, client: ReplicateClient, line: Line) -> Schema | None:
    """Return what the vendor says that a model takes, None where it does not say in time; remembered for an hour."""
    known = _asked.setdefault(client, {})
    async with _locks.setdefault(client, asyncio.Lock()):
        until, schema = known.get(name, (0.0, None))
        if time.monotonic() >= until:
            schema = await _ask(name, client=client, line=line)
            known[name] = (time.monotonic() + (_UNKNOWN if schema is None else _KNOWN), schema)
        return schema


async def _ask(name: str, *, client: ReplicateClient, line: Line) -> Schema | None:
    try:
        async with asyncio.timeout(_SECONDS):
            reply = await line.ask(lambda: client.model(name))
    except (ProviderError, TimeoutError):
        return None  # a key or a model that is refused will be refused again when buying, with the same words
    document: Any = reply.openapi
    try:
        known = document["components"]["schemas"]["Input"]["properties"]
    except (KeyError, TypeError):
        return None
    return document if isinstance(known, dict) and known else None


_NO_JUDGE = "no judge"


def _tame(part: Any, depth: int = 0) -> Any:
    """Return a schema without patterns: one of somebody else's can keep a regular expression busy for ever."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(part, dict):
        return {name: _tame(value, depth + 1) for name, value in part.items() if name not in _WILD}
    return [_tame(value, depth + 1) for value in part] if isinstance(part, list) else part


def _flaw(inputs: Mapping[str, JsonValue], document: Mapping[str, Any]) -> str:
    """Return what is wrong with the inputs, empty where nothing is; `_NO_JUDGE` where the schema itself is wrong."""
    import jsonschema  # noqa: PLC0415 - an optional package
    import referencing  # noqa: PLC0415 - comes with it
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 - comes with it

    known = document["components"]["schemas"]["Input"].get("properties", {})
    for name in inputs:
        if name not in known:
            return f"it has no input {name!r}"
    # A registry of its own: nothing that a reply refers to is fetched from anywhere.
    schema = {"$ref": f"{_ROOT}#/components/schemas/Input"}
    try:
        registry: Any = referencing.Registry().with_resource(_ROOT, DRAFT202012.create_resource(_tame(document)))
        error = jsonschema.exceptions.best_match(
            jsonschema.Draft202012Validator(schema, registry=registry).iter_errors(dict(inputs))
        )
    except (
        jsonschema.exceptions.UnknownType, referencing.exceptions.Unresolvable, re.error,
        AttributeError, LookupError, RecursionError, TypeError, ValueError,
    ):  # a schema of somebody else's may be wrong in all these ways  # fmt: skip
        return _NO_JUDGE
    if error is None:
        return ""
    where = ".".join(map(str, error.absolute_path))
    return f"{where or 'input'}: {error.message[:200]}"
