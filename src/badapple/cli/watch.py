"""What `badapple make` tells its caller: live, line by line, as JSON, or hardly anything."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from badapple.cli import outcome, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badapple.models import ProgressEvent, Video
    from badapple.pipeline.quote import Quote


class Report(Protocol):
    """Tells of one job."""

    asks: bool  #: whether a question to the person at the terminal may be asked

    def quote(self, quote: Quote) -> None:
        """Tell what it will cost, before it is bought."""
        ...

    def note(self, text: str) -> None:
        """Tell something by the way."""
        ...

    def running(self, title: str) -> contextlib.AbstractContextManager[object]:
        """Enclose the work."""
        ...

    def event(self, event: ProgressEvent) -> None:
        """Tell of one step."""
        ...

    def result(self, video: Video, *, seconds: float) -> None:
        """Tell of the finished video, after `seconds` in all."""
        ...


@contextlib.contextmanager
def reporter(*, as_json: bool, quiet: bool) -> Iterator[Report]:
    """Choose how to tell, by what was asked for and by what standard error is."""
    if as_json:
        lines = JsonReport()
        with lines.failure():
            yield lines
    elif quiet:
        yield QuietReport()
    elif sys.stderr.isatty():
        from badapple.cli.live import LiveReport  # noqa: PLC0415 - rich takes its time to load

        yield LiveReport()
    else:
        yield PlainReport()


class QuietReport:
    """Prints the path of the video."""

    asks = False

    def quote(self, quote: Quote) -> None:
        """Tell nothing."""

    def note(self, text: str) -> None:
        """Tell nothing."""

    def running(self, title: str) -> contextlib.AbstractContextManager[object]:  # noqa: ARG002
        """Enclose the work."""
        return contextlib.nullcontext()

    def event(self, event: ProgressEvent) -> None:
        """Tell nothing."""

    def result(self, video: Video, *, seconds: float) -> None:  # noqa: ARG002
        """Print the path."""
        sys.stdout.write(f"{video.url}\n")


class PlainReport:
    """One line on standard error for each event, the summary on standard output."""

    asks = False

    def __init__(self) -> None:
        self._began = time.monotonic()

    def quote(self, quote: Quote) -> None:
        """Write the quote."""
        outcome.tell(summary.quoted(quote))

    def note(self, text: str) -> None:
        """Write the note."""
        outcome.tell(text)

    def running(self, title: str) -> contextlib.AbstractContextManager[object]:
        """Say what is being made."""
        outcome.tell(title)
        return contextlib.nullcontext()

    def event(self, event: ProgressEvent) -> None:
        """Write elapsed time, percent and message."""
        outcome.tell(f"{summary.clock(time.monotonic() - self._began):>6} {event.progress:3d} %  {event.message}")

    def result(self, video: Video, *, seconds: float) -> None:
        """Print the summary."""
        sys.stdout.write(summary.text(video, seconds=seconds))


class JsonReport:
    """JSON lines on standard output: the contract's messages, then the result or the error."""

    asks = False

    def quote(self, quote: Quote) -> None:
        """Write the quote as an object of its own."""
        self._write({"quote": summary.quote_facts(quote)})

    def note(self, text: str) -> None:
        """Write the note to standard error."""
        outcome.tell(text)

    def running(self, title: str) -> contextlib.AbstractContextManager[object]:  # noqa: ARG002
        """Enclose the work."""
        return contextlib.nullcontext()

    def event(self, event: ProgressEvent) -> None:
        """Write the message; when nobody reads any more, stop as if told to."""
        try:
            self._write(event.to_message())
        except BrokenPipeError:
            outcome.drop_stdout()
            signal.raise_signal(signal.SIGTERM)

    def result(self, video: Video, *, seconds: float) -> None:
        """Write the result."""
        self._write(summary.facts(video, seconds=seconds))

    @contextlib.contextmanager
    def failure(self) -> Iterator[None]:
        """Write an error that leaves the block as the last object, then let it go on."""
        try:
            yield
        except BrokenPipeError:
            raise
        except Exception as error:
            code, text, hint = outcome.explain(error)
            body = {"error": text, "hint": hint, "exit_code": int(code or outcome.ExitCode.FAILED)}
            extra = {name: getattr(error, name) for name in ("stage", "retryable") if hasattr(error, name)}
            money = {name: getattr(error, name, 0) for name in ("charged", "possibly_charged")}
            extra |= {f"{name}_usd": amount / 1e6 for name, amount in money.items() if amount}
            self._write(body | extra)
            raise

    def _write(self, body: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(body) + "\n")  # ASCII, so that no terminal's encoding can fail
        sys.stdout.flush()
