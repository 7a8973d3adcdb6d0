"""Logs: every record of this process as one line of JSON, our own and those of the libraries."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, TextIO

import structlog

from badapple.telemetry.context import bind, bound
from badapple.telemetry.lines import encoded, formatter, notice
from badapple.telemetry.sinks import LogFile, Sink, StandardError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

__all__ = ["FILE", "adopt", "bind", "bound", "set_up"]

FILE = "pipeline.log"  #: the file in the log folder
_OURS = "badapple"
_ADOPTED = ("dbos", "uvicorn", "py.warnings")
_log = logging.getLogger(_OURS)


def set_up(*, folder: Path | None, stderr: bool, level: int = logging.INFO) -> Callable[[], None]:
    """Write every log record of this process as a line of JSON; return what puts everything back.

    Errors that nobody caught, in threads too, and warnings of Python become lines as well. Libraries are heard from
    WARNING on; with `level` DEBUG from INFO on. Called again, it takes the place of the last call.

    Args:
        folder: holds `pipeline.log`, which any number of processes may share; None writes no file.
        stderr: write to standard error too.
        level: from which on our own records are written.
    """
    sinks: list[Sink] = [LogFile(folder / FILE)] if folder is not None else []
    if stderr:
        sinks.append(StandardError())
    handler = _Handler(sinks, libraries=logging.INFO if level <= logging.DEBUG else logging.WARNING)
    root = logging.getLogger()
    replaced = [old for old in root.handlers if type(old) is logging.StreamHandler or isinstance(old, _Handler)]
    levels = root.level, _log.level
    for old in replaced:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(min(level, handler.libraries))
    _log.setLevel(level)
    for name in _ADOPTED:
        adopt(name)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    unhook = _hooked(as_before=not stderr)

    def undo() -> None:
        unhook()
        structlog.reset_defaults()
        root.removeHandler(handler)
        handler.close()
        root.setLevel(levels[0])
        _log.setLevel(levels[1])
        for old in replaced:
            if not isinstance(old, _Handler):
                root.addHandler(old)

    return undo


def adopt(name: str) -> None:
    """Let a library write no lines of its own: its handlers go, and what it says comes to ours.

    A library that adds handlers when it starts is adopted again after that; DBOS adds none where there is one already.
    """
    children = [child for child in list(logging.Logger.manager.loggerDict) if child.startswith(f"{name}.")]
    for each in (name, *children):
        logger = logging.getLogger(each)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.propagate = True
    logging.getLogger(name).addHandler(logging.NullHandler())


class _Handler(logging.Handler):
    """Renders a record once and hands the line to every sink."""

    def __init__(self, sinks: list[Sink], *, libraries: int) -> None:
        super().__init__()
        self.libraries = libraries
        self._sinks = sinks
        self.setFormatter(formatter())

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is ours or loud enough; a library may have set a level of its own."""
        ours = record.name == _OURS or record.name.startswith(f"{_OURS}.")
        return ours or record.levelno >= self.libraries

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; whatever is wrong with it, the caller never hears of it."""
        line = self._line(record)
        for sink in self._sinks:
            sink.write(line)

    def close(self) -> None:
        """Close the sinks."""
        for sink in self._sinks:
            sink.close()
        super().close()

    def _line(self, record: logging.LogRecord) -> bytes:
        try:
            return encoded(self.format(record))
        except Exception as error:  # noqa: BLE001 - most often arguments that do not fit the message
            plain = {"msg": str(record.msg), "args": (), "arguments": record.args, "reason": repr(error)}
            try:
                return encoded(self.format(logging.makeLogRecord(vars(record) | plain)))
            except Exception:  # noqa: BLE001 - a value that cannot even be looked at
                return notice(record.levelname.lower(), "log_record_not_rendered", about=record.name)


def _hooked(*, as_before: bool) -> Callable[[], None]:
    """Turn what Python would print by itself into records; return what unhooks it.

    Args:
        as_before: print errors that nobody caught as well.
    """
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _log.warning("interrupted")
        else:
            _log.critical("uncaught_exception", exc_info=(kind, error, trace))
        if as_before:
            before[0](kind, error, trace)

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            return
        name = args.thread.name if args.thread is not None else None
        found = (args.exc_type, args.exc_value, args.exc_traceback)
        _log.critical("uncaught_exception", exc_info=found, extra={"in_thread": name})
        if as_before:
            before[1](args)

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        error = args.exc_value
        _log.error(
            "unraisable_exception",
            exc_info=(args.exc_type, error, args.exc_traceback) if error is not None else None,
            extra={"where": repr(args.object), "what": args.err_msg},
        )

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable
    warnings.showwarning = _warned

    def unhook() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = before

    return unhook


def _warned(  # noqa: PLR0917 - the hook's shape
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - part of the hook
    line: str | None = None,  # noqa: ARG001 - part of the hook
) -> None:
    extra = {"text": str(message), "category": category.__name__, "where": f"{filename}:{lineno}"}
    logging.getLogger("py.warnings").warning("python_warning", extra=extra)
