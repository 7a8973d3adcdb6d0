"""The live progress display of a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from badapple.cli import summary
from badapple.cli.board import Board, Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from badapple.models import ProgressEvent, Video
    from badapple.pipeline.quote import Quote

_STYLES = {"pending": "dim", "processing": "bold cyan", "completed": "green", "failed": "bold red", "stopped": "yellow"}
_PART_STYLES = {"started": "cyan", "done": "green", "reused": "dim green"}
_SIGNS = {"pending": "·", "processing": "▸", "completed": "✓", "failed": "✗", "stopped": "■"}
_SIGNS |= {"started": "▸", "done": "✓", "reused": "="}
_PLAIN_SIGNS = {"pending": ".", "processing": ">", "completed": "+", "failed": "x", "stopped": "#"}
_PLAIN_SIGNS |= {"started": ">", "done": "+", "reused": "="}


class LiveReport:
    """A board that is redrawn while the job runs, the summary on standard output."""

    asks = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._board = Board()
        self._title = ""
        self._began = time.monotonic()

    def quote(self, quote: Quote) -> None:
        """Print the quote."""
        self._console.print(summary.quoted(quote), markup=False)

    def note(self, text: str) -> None:
        """Print the note."""
        self._console.print(text, markup=False)

    @contextlib.contextmanager
    def running(self, title: str) -> Iterator[None]:
        """Show the board; it stays on the screen only when the job did not end well."""
        self._title, self._began = title, time.monotonic()
        live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=5, transient=True)
        with live:
            try:
                yield
            except BaseException:
                live.transient = False
                raise

    def event(self, event: ProgressEvent) -> None:
        """Take in one step."""
        self._board.take(event, now=self._elapsed())

    def result(self, video: Video, *, seconds: float) -> None:
        """Print the summary."""
        sys.stdout.write(summary.text(video, seconds=seconds))

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _draw(self) -> RenderableType:
        return draw(
            self._board,
            title=self._title,
            elapsed=self._elapsed(),
            width=self._console.width,
            plain=self._console.options.ascii_only,
        )


def draw(board: Board, *, title: str, elapsed: float, width: int = 80, plain: bool = False) -> RenderableType:
    """Return the board as it looks after `elapsed` seconds, in at most `width` columns."""
    signs = _PLAIN_SIGNS if plain else _SIGNS
    table = Table.grid(padding=(0, 1))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, lane in board.lanes.items():
        took = summary.span(lane.seconds(elapsed)) if lane.state != "pending" else ""
        style = _STYLES[lane.state]
        table.add_row(
            Text(signs[lane.state], style=style),
            Text(summary.STAGE_TITLES[name], style=style),
            took,
            _parts(lane, signs),
        )
    return Group(
        _head(board, title=title, elapsed=elapsed, width=width),
        table,
        Text(board.message, style="dim", no_wrap=True, overflow="ellipsis"),
    )


def _head(board: Board, *, title: str, elapsed: float, width: int) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=100, completed=board.progress, width=max(10, min(40, width - 40)))
    line.add_row(bar, Text(f"{board.progress:3d} %", style="bold"), Text(_times(elapsed, board.expected), no_wrap=True))
    return Group(Text(title, style="bold", no_wrap=True, overflow="ellipsis"), line)


def _times(elapsed: float, expected: float | None) -> str:
    if expected is None:
        return summary.clock(elapsed)
    if elapsed > expected:
        return f"{summary.clock(elapsed)}, longer than the usual {summary.clock(expected)}"
    return f"{summary.clock(elapsed)} of about {summary.clock(expected)}"


def _parts(lane: Lane, signs: dict[str, str]) -> Text:
    text = Text()
    for part, state in sorted(lane.parts.items(), key=lambda item: _order(item[0], lane)):
        if text:
            text.append("  ")
        text.append(f"{signs.get(state, '')} {part}", style=_PART_STYLES.get(state, ""))
    return text


def _order(part: str, lane: Lane) -> tuple[int, int]:
    """Keep kinds in order of appearance, and number within a kind: parts that run at once end in any order."""
    kind, _, number = part.rpartition(" ")
    if not number.isdecimal():
        return list(lane.parts).index(part), 0
    first = next(place for place, name in enumerate(lane.parts) if name.startswith(f"{kind} "))
    return first, int(number)
