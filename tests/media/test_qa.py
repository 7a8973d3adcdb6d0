"""Measuring the finished video and judging it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from badapple import process
from badapple.errors import MediaError
from badapple.media import encode, ffmpeg
from badapple.media.hearing import SoundReport
from badapple.media.planes import blank
from badapple.media.probe import probe
from badapple.media.qa import Expected, PictureReport, Report, Verdict, judge, measure_picture
from badapple.models import DRAFT, Box, TextBox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

EXPECTED = Expected(width=270, height=480, frames=60)
SOUND = SoundReport(
    loudness=-14.1, true_peak=-1.6, seconds=2.0, silences=(), voice_offsets_ms=(0.0, 3.0), onsets=((0.1,), (1.0,))
)


@pytest.fixture
def good(film: Path, program: Path) -> Report:
    """A report without a fault."""
    return Report(picture=measure_picture(film, ffmpeg=program), sound=SOUND, caption_offsets_ms=(0.0, -40.0))


def written(out: Path, how: encode.Encoding, *spells: tuple[str, int]) -> Path:
    """Write a film of spells: black, still or moving, each so many frames long."""

    def frames() -> Iterator[NDArray[np.uint8]]:
        frame, step = blank(DRAFT.width, DRAFT.height), 0
        for kind, length in spells:
            for _ in range(length):
                step += kind == "moving"
                frame[: DRAFT.height] = 16 if kind == "black" else 40
                if kind != "black":
                    frame[100:200, step % 200 : step % 200 + 60] = 180
                yield frame

    encode.encode(frames(), out, at=0, count=sum(length for _, length in spells), how=how)
    return out


def judged(report: Report) -> Verdict:
    return judge(report, expected=EXPECTED)


def test_a_good_film_breaks_no_rule(good: Report) -> None:
    assert judged(good) == Verdict(hard=(), soft=())


def test_a_damaged_film_cannot_be_measured(film: Path, program: Path, tmp_path: Path) -> None:
    damaged = bytearray(film.read_bytes())
    start = damaged.index(b"mdat") + 100
    damaged[start : start + 3000] = bytes(3000)
    (tmp_path / "film.mp4").write_bytes(damaged)

    with pytest.raises(MediaError, match="damaged"):
        measure_picture(tmp_path / "film.mp4", ffmpeg=program)


def test_black_spells_are_found_where_they_are(how: encode.Encoding, tmp_path: Path) -> None:
    film = written(tmp_path / "a.mp4", how, ("moving", 30), ("black", 20), ("moving", 30), ("black", 25))

    black = measure_picture(film, ffmpeg=how.ffmpeg).black

    assert [edge for spell in black for edge in spell] == pytest.approx([1.0, 1.667, 2.667, 3.5], abs=0.11)


def test_a_still_spell_is_found_and_slow_motion_is_none(how: encode.Encoding, tmp_path: Path) -> None:
    film = written(tmp_path / "a.mp4", how, ("moving", 45), ("still", 45), ("moving", 30))

    frozen = measure_picture(film, ffmpeg=how.ffmpeg).frozen

    assert [edge for spell in frozen for edge in spell] == pytest.approx([1.5, 3.0], abs=0.15)


def test_a_black_film_is_refused(good: Report, how: encode.Encoding, tmp_path: Path) -> None:
    film = written(tmp_path / "a.mp4", how, ("black", 60))

    verdict = judged(replace(good, picture=measure_picture(film, ffmpeg=how.ffmpeg)))

    assert "the picture is black from 0.00 to 2.00 s" in verdict.hard


def test_a_short_film_of_another_size_and_rate_is_refused(
    good: Report, film: Path, program: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    other = ("-vf", "scale=280:480,fps=25", "-frames:v", "20", "-c:v", "libx264", "-profile:v", "main")
    process.run(ffmpeg.command(program, *ffmpeg.source(film), *other, "-c:a", "copy", "-y", out))

    hard = " | ".join(judged(replace(good, picture=measure_picture(out, ffmpeg=program))).hard)

    for part in ("280x480 instead of 270x480", "constant 30", "20 frames instead of 60", "h264 Main"):
        assert part in hard


def test_sound_of_another_length_is_refused(good: Report) -> None:
    info = replace(good.picture.info, audio_duration=1.5)

    verdict = judged(replace(good, picture=replace(good.picture, info=info)))

    assert verdict.hard == ("the sound lasts 1.50 s and the picture 2.00 s",)


def test_a_film_without_sound_is_refused(good: Report) -> None:
    assert judged(replace(good, sound=None)).hard == ("there is no sound",)


@pytest.mark.parametrize("loudness", [-70.0, float("-inf"), float("nan")])
def test_a_silent_film_is_refused(good: Report, loudness: float) -> None:
    assert "nothing can be heard" in judged(replace(good, sound=replace(SOUND, loudness=loudness))).hard


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"silences": ((3.0, 8.5),)}, "nothing can be heard from 3.00 to 8.50 s"),
        ({"voice_offsets_ms": (0.0, 55.0)}, "voice 2 is 55 ms late"),
        ({"voice_offsets_ms": (-41.0,)}, "voice 1 is 41 ms early"),
        ({"voice_offsets_ms": (float("nan"),)}, "voice 1 cannot be found in the sound"),
    ],
)
def test_faults_of_the_sound_that_fail_the_job(good: Report, change: dict[str, tuple[float, ...]], rule: str) -> None:
    assert judged(replace(good, sound=replace(SOUND, **change))).hard == (rule,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"sound": replace(SOUND, loudness=-16.0)}, "the loudness is -16.0 LUFS instead of -14"),
        ({"sound": replace(SOUND, true_peak=-0.4)}, "the true peak is -0.4 dBTP, over -1"),
        ({"caption_offsets_ms": (0.0, 130.0, float("nan"))}, "2 of 3 captions are more than 120 ms early or late"),
        (
            {"boxes": (TextBox(text="Sale", box=Box(left=100, top=300, right=500, bottom=400), start=0, end=9),)},
            "the text 'Sale' leaves the safe zone",
        ),
    ],
)
def test_faults_that_only_warn(good: Report, change: dict[str, object], rule: str) -> None:
    assert judged(replace(good, **change)) == Verdict(hard=(), soft=(rule,))  # type: ignore[arg-type]


def test_a_frozen_picture_and_a_late_index_warn(good: Report) -> None:
    info = replace(good.picture.info, faststart=False, color=("pc",))
    picture = replace(good.picture, frozen=((0.5, 1.9),), info=info)

    verdict = judged(replace(good, picture=picture))

    assert verdict.hard == ()
    assert [rule.split()[0:3] for rule in verdict.soft] == [
        ["the", "picture", "stands"], ["the", "file", "must"], ["the", "colours", "are"],
    ]  # fmt: skip


def test_the_report_is_plain_json(good: Report) -> None:
    report = replace(good, sound=replace(SOUND, voice_offsets_ms=(float("nan"), 1.0)))

    body = json.loads(json.dumps(report.to_json(), allow_nan=False))

    assert body["picture"]["info"]["frames"] == 60
    assert body["sound"]["voice_offsets_ms"] == [None, 1.0]


def test_a_look_covers_the_film(film: Path, program: Path) -> None:
    picture = measure_picture(film, ffmpeg=program)

    assert isinstance(picture, PictureReport)
    assert picture.info == probe(film, ffmpeg=program)
    assert 60 >= picture.looked >= 20
    assert picture.info.fps == Fraction(30)
