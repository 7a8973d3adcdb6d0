"""What the live display shows."""

from __future__ import annotations

import io

from rich.console import Console

from badapple.cli.board import Board
from badapple.cli.live import draw
from badapple.models import ProgressEvent


def _event(stage: str, progress: int, **more: object) -> ProgressEvent:
    values: dict[str, object] = {"job_id": "j", "message": "m", "timestamp": "t", "seq": 1, "stage": stage}
    return ProgressEvent(**(values | {"progress": progress} | more))  # type: ignore[arg-type]  # names are the fields


def _shown(board: Board, *, elapsed: float, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(draw(board, title="Watch", elapsed=elapsed, width=width))
    return captured.get()


def test_a_stage_ends_when_all_of_it_is_done() -> None:
    board = Board()
    board.take(_event("script_gen", 0), now=1)
    board.take(_event("script_gen", 25, stage_progress=100), now=3)
    board.take(_event("video_gen", 30, part="scene 1", part_state="started"), now=3)
    assert (board.lanes["script_gen"].state, board.lanes["script_gen"].seconds(9)) == ("completed", 2)
    assert (board.lanes["video_gen"].state, board.lanes["video_gen"].seconds(9)) == ("processing", 6)
    assert board.lanes["compositing"].state == "pending"


def test_the_percent_never_falls() -> None:
    board = Board()
    board.take(_event("video_gen", 60), now=1)
    board.take(_event("voice_gen", 40), now=2)
    assert board.progress == 60


def test_an_error_marks_what_was_at_work() -> None:
    board = Board()
    board.take(_event("video_gen", 60), now=1)
    board.take(_event("error", 60), now=4)
    assert (board.lanes["video_gen"].state, board.lanes["voice_gen"].state) == ("failed", "pending")


def test_parts_percent_and_both_times_are_on_the_screen() -> None:
    board = Board()
    board.take(_event("video_gen", 60, part="scene 1", part_state="done", expected=90.0), now=1)
    board.take(_event("video_gen", 60, part="scene 2", part_state="started"), now=2)
    shown = _shown(board, elapsed=65)
    assert "✓ scene 1  ▸ scene 2" in shown
    assert "60 %" in shown
    assert "1:05 of about 1:30" in shown
    assert "longer than the usual 1:30" in _shown(board, elapsed=100)


def test_it_fits_a_narrow_terminal() -> None:
    board = Board()
    for number in range(1, 9):
        board.take(_event("video_gen", 60, part=f"scene {number}", part_state="done"), now=1)
    assert max(len(line) for line in _shown(board, elapsed=5, width=40).splitlines()) <= 40


def test_numbered_parts_stand_in_order_whatever_ended_first() -> None:
    board = Board()
    for part in ("music", "seam 3", "seam 1", "film"):
        board.take(_event("compositing", 80, part=part, part_state="done"), now=1)
    assert "✓ music  ✓ seam 1  ✓ seam 3  ✓ film" in _shown(board, elapsed=5)
