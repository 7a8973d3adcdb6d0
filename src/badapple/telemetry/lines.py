"""How a log record becomes one line of JSON, freed of secrets."""

from __future__ import annotations

import json
import logging
import math
import re
import time
import traceback
from collections import deque
from collections.abc import Mapping, MutableMapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

import structlog

from badapple.secrets import scrub
from badapple.telemetry import traces

__all__ = ["formatter", "notice", "render"]

_LONGEST = 200_000  #: characters of one text; what is longer is cut
_MOST = 1_000  #: items of one list or mapping
_DEEPEST = 6
_FIRST = ("job_id", "stage", "provider")
_FIXED = frozenset({"timestamp", "level", "event", "logger", "exception", "stack", "_record", "_from_structlog"})
#: What every record has; `color_message` is uvicorn's event once more, with colours.
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
#: JSON leaves these as they are; terminals obey some, and readers of lines take some for a line's end.
_OBEYED = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_Event = MutableMapping[str, Any]


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """Return what turns records of the standard library and of structlog into lines of JSON, without the line's end."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, _extras], processors=[_arranged]
    )


def render(line: Mapping[str, Any]) -> str:
    """Return a mapping as one line of JSON; whatever stands in it, no secret does."""
    return _OBEYED.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(_clean(line), ensure_ascii=False, check_circular=False)
    )


def notice(level: str, event: str, **keys: object) -> bytes:
    """Return a line that the logging says of itself, with the line's end."""
    head = {"timestamp": _moment(time.time()), "level": level, "event": event, "logger": "badapple.telemetry"}
    return encoded(render({**head, **keys}))


def encoded(line: str) -> bytes:
    """Return a rendered line as UTF-8 with its end; half a surrogate, which no reader of JSON takes, becomes a `?`."""
    return line.encode("utf-8", errors="replace") + b"\n"


def _extras(_logger: object, _method: str, event: _Event) -> _Event:
    """Add what `extra=` gave; a name that means something else here gets an underscore behind it."""
    for name, value in vars(event["_record"]).items():
        if name not in _ORDINARY:
            event[f"{name}_" if name in _FIXED else name] = value
    return event


def _arranged(_logger: object, _method: str, event: _Event) -> str:
    record: logging.LogRecord = event["_record"]
    line = {
        "timestamp": _moment(record.created),
        "level": record.levelname.lower(),
        "event": event.get("event"),
        "logger": record.name,
    }
    if trace := traces.current():
        line["trace_id"] = trace
    exception, stack = _told(event.pop("exc_info", None)), event.pop("stack_info", None)
    names = [name for name in _FIRST if name in event]
    names += [name for name in event if name not in _FIXED and name not in _FIRST]
    line |= {name: event[name] for name in names}
    if exception:
        line["exception"] = exception
    if stack:
        line["stack"] = stack
    return render(line)


def _told(found: Any) -> str:
    """Return a traceback as text."""
    if found is True:
        return traceback.format_exc().rstrip()
    error = found[1] if isinstance(found, tuple) else found
    return "".join(traceback.format_exception(error)).rstrip() if isinstance(error, BaseException) else ""


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clean(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one line for each kind of value
    """Return a value as JSON can hold it, every text in it scrubbed."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 63 else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath | Decimal | UUID):
        return _text(str(value))
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {_text(str(name)): _clean(value[name], depth + 1) for name in list(value)[:_MOST]}
        if isinstance(value, list | tuple | set | frozenset | deque):
            return [_clean(item, depth + 1) for item in list(value)[:_MOST]]
    return _text(_shown(value))


def _text(text: str) -> str:
    text = scrub(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text) - _LONGEST} characters more)"


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a value that cannot be shown may not cost the line
        return f"<{type(value).__name__} that cannot be shown>"
