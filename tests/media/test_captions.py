"""Captions that are burned in, and those beside the video."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from badapple import process, styles
from badapple.media import captions
from badapple.media.caption_layout import colours
from badapple.media.colour import contrast
from badapple.media.ffmpeg import command, locate
from badapple.models import CAPTION_BAND, SAFE_ZONE, Box, Utterance, Word

SENTENCE = "The day can wait. Ember Espresso. Come a little closer, and stay."


def spoken(text: str, start: float = 1.0, each: float = 0.3) -> Utterance:
    words = tuple(
        Word(text=word, start=start + at * each, end=start + (at + 1) * each) for at, word in enumerate(text.split())
    )
    return Utterance(start=start, end=words[-1].end, words=words)


@pytest.fixture(scope="module")
def font_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fonts")


def burned(
    folder: Path, ass: Path | None, fonts: Path, *, second: float, grey: int, size: str = "1080x1920"
) -> np.ndarray:
    """Return one RGB frame, with the captions of that moment or without any."""
    burn = "" if ass is None else f",ass=filename={ass.name}:fontsdir={fonts}"
    args = command(
        locate(),
        *("-f", "lavfi", "-i", f"color=0x{grey:02x}{grey:02x}{grey:02x}:s={size}:r=30"),
        *(
            "-vf",
            f"format=yuv444p,setpts=PTS+{second}/TB{burn}",
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "pipe:1",
        ),
    )
    width, height = map(int, size.split("x"))
    return np.frombuffer(process.run(args, cwd=folder).stdout, np.uint8).reshape(height, width, 3).astype(int)


def changed(first: np.ndarray, second: np.ndarray, *, threshold: int) -> Box:
    rows, columns = np.nonzero(np.abs(first - second).max(axis=2) > threshold)
    return Box(left=columns.min(), top=rows.min(), right=columns.max() + 1, bottom=rows.max() + 1)


@pytest.mark.parametrize("name", styles.known())
def test_boxes_tell_where_the_pixels_change(name: str, tmp_path: Path, font_cache: Path) -> None:
    style = styles.load(name)
    cue = captions.cues((spoken(SENTENCE),))[0]
    fonts = captions.write_ass([cue], tmp_path / "a.ass", style=style, folder=font_cache)
    grey = 0 if colours(style).ground[1] > 128 else 255  # against its own outline or plate, where a soft shadow is weak
    second = cue.words[0].start + 0.25  # the current word has come to rest
    with_text = burned(tmp_path, tmp_path / "a.ass", fonts, second=second, grey=grey)
    without = burned(tmp_path, None, fonts, second=second, grey=grey)
    seen = changed(with_text, without, threshold=170)
    told = captions.boxes([cue], style=style)[0].box
    for edge in ("left", "top", "right", "bottom"):
        assert abs(getattr(seen, edge) - getattr(told, edge)) <= 5, (edge, seen, told)
    assert CAPTION_BAND.holds(told)


@pytest.mark.parametrize("name", styles.known())
def test_words_can_be_read_on_any_picture(name: str) -> None:
    paint = colours(styles.load(name))
    assert contrast(paint.rest, paint.ground) >= 4.5
    assert contrast(paint.current, paint.ground) >= 3.0
    assert paint.rest != paint.current


@pytest.mark.parametrize("name", styles.known())
@pytest.mark.parametrize(
    "text",
    [
        "WWWWWWWWWW MMMMMMMMMM WWWWWWWWWW MMMMMMMMMM",
        "Supercalifragilisticexpialidocious-and-more-of-it-without-any-end",
        "Познакомьтесь: превосходные наручные часы.",
        "مرحبا بكم في عالم القهوة.",
    ],
)
def test_every_phrase_stays_inside_the_band(name: str, text: str) -> None:
    cues = captions.cues((spoken(text),))
    for box in captions.boxes(cues, style=styles.load(name)):
        assert CAPTION_BAND.holds(box.box)
        assert SAFE_ZONE.holds(box.box)


def test_the_spoken_word_has_the_highlight_colour(tmp_path: Path, font_cache: Path) -> None:
    style = styles.load("luxury")
    cue = captions.cues((spoken(SENTENCE),))[0]
    fonts = captions.write_ass([cue], tmp_path / "a.ass", style=style, folder=font_cache)
    accent = np.array([0xD8, 0xB0, 0x65])
    centres = []
    for word in cue.words[:3]:
        frame = burned(tmp_path, tmp_path / "a.ass", fonts, second=word.start + 0.2, grey=128)
        columns = np.nonzero(np.abs(frame - accent).max(axis=2) < 12)[1]
        assert columns.size > 200
        centres.append(columns.mean())
    assert centres == sorted(centres)
    assert centres[2] - centres[0] > 100


def test_a_phrase_looks_the_same_whatever_stands_beside_it(tmp_path: Path, font_cache: Path) -> None:
    style = styles.load("tech")
    cues = captions.cues((spoken(SENTENCE), spoken("WWWWWWWWWWWWWWWWWWWWWWWWWWWW Ωμέγα часы", 8.0)))
    captions.write_ass(cues, tmp_path / "all.ass", style=style, folder=font_cache)
    captions.write_ass(cues[:1], tmp_path / "one.ass", style=style, folder=font_cache)
    lines = [line for line in (tmp_path / "all.ass").read_text().splitlines() if line.startswith("Dialogue")]
    alone = [line for line in (tmp_path / "one.ass").read_text().splitlines() if line.startswith("Dialogue")]
    assert lines[: len(alone)] == alone


def test_arabic_is_shaped_and_runs_from_right_to_left(tmp_path: Path, font_cache: Path) -> None:
    style = styles.load("luxury")
    cue = captions.cues((spoken("ساعة جميلة جدا"),))[0]
    fonts = captions.write_ass([cue], tmp_path / "a.ass", style=style, folder=font_cache)
    accent = np.array([0xD8, 0xB0, 0x65])

    def centre(at: int) -> float:
        frame = burned(tmp_path, tmp_path / "a.ass", fonts, second=cue.words[at].start + 0.2, grey=128)
        return float(np.nonzero(np.abs(frame - accent).max(axis=2) < 12)[1].mean())

    assert centre(0) > centre(1) > centre(2)
    told = captions.boxes([cue], style=style)[0].box  # measured with shaping: unjoined letters would be much wider
    frame = burned(tmp_path, tmp_path / "a.ass", fonts, second=cue.words[0].start + 0.25, grey=255)
    seen = changed(frame, np.full_like(frame, 255), threshold=170)
    assert abs(seen.width - told.width) <= 8


def test_a_hostile_text_is_shown_and_not_obeyed(tmp_path: Path, font_cache: Path) -> None:
    style = styles.load("luxury")
    words = (
        Word(text="{\\fs400\\p1}m", start=1.0, end=1.5),
        Word(text="a\\Nb\\h", start=1.5, end=2.0),
        Word(text="x\nDialogue: 0,0:00:00.00,0:00:30.00,Words,,0,0,0,,boo", start=2.0, end=2.5),
    )
    cues = captions.cues((Utterance(start=1, end=2.5, words=words),))
    fonts = captions.write_ass(cues, tmp_path / "a.ass", style=style, folder=font_cache)
    text = (tmp_path / "a.ass").read_text()
    assert "fs400" not in re.sub(r"[(/]+fs400", "", text)
    assert not any(line.startswith("Dialogue: 0,0:00:00.00,0:00:30.00") for line in text.splitlines())
    assert "\\N" not in text
    frame = burned(tmp_path, tmp_path / "a.ass", fonts, second=1.2, grey=255)
    inked = changed(frame, np.full_like(frame, 255), threshold=170)
    assert CAPTION_BAND.holds(inked)


def test_small_films_carry_the_same_captions(tmp_path: Path, font_cache: Path) -> None:
    style = styles.load("bold")
    cue = captions.cues((spoken(SENTENCE),))[0]
    fonts = captions.write_ass([cue], tmp_path / "a.ass", style=style, folder=font_cache)
    frame = burned(tmp_path, tmp_path / "a.ass", fonts, second=cue.words[0].start + 0.25, grey=0, size="270x480")
    seen = changed(frame, np.zeros_like(frame), threshold=120)
    told = captions.boxes([cue], style=style)[0].box
    assert abs(seen.left * 4 - told.left) <= 8
    assert abs(seen.bottom * 4 - told.bottom) <= 8


def test_fonts_are_cut_once(tmp_path: Path) -> None:
    style = styles.load("minimal")
    cues = captions.cues((spoken(SENTENCE),))
    fonts = captions.write_ass(cues, tmp_path / "a.ass", style=style, folder=tmp_path / "cache")
    before = {path: path.stat().st_mtime_ns for path in fonts.iterdir()}
    captions.write_ass(cues, tmp_path / "b.ass", style=style, folder=tmp_path / "cache")
    assert {path: path.stat().st_mtime_ns for path in fonts.iterdir()} == before
    assert len(before) == 1


def test_cues_survive_being_made_plain() -> None:
    cues = captions.cues((spoken(SENTENCE),))
    assert captions.cues_from([asdict(cue) for cue in cues]) == cues


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_an_srt_file_reads_back(tmp_path: Path) -> None:
    cues = captions.cues((spoken(SENTENCE), spoken("Bread & <butter> --> now.", 12.0)))
    captions.write_srt(cues, tmp_path / "a.srt")
    blocks = (tmp_path / "a.srt").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(blocks) == len(cues)
    for number, (block, cue) in enumerate(zip(blocks, cues, strict=True), start=1):
        index, times, *text = block.split("\n")
        start, end = times.split(" --> ")
        assert index == str(number)
        assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3}", start)
        assert (_seconds(start), _seconds(end)) == pytest.approx((cue.start, cue.end), abs=0.001)
        assert " ".join(text) == cue.text.replace("-->", "→")
        assert len(text) <= 2


def test_a_vtt_file_reads_back(tmp_path: Path) -> None:
    cues = captions.cues((spoken("Bread & <butter> --> now."),))
    captions.write_vtt(cues, tmp_path / "a.vtt")
    head, *blocks = (tmp_path / "a.vtt").read_text(encoding="utf-8").strip().split("\n\n")
    assert head == "WEBVTT"
    assert len(blocks) == len(cues)
    times, *text = blocks[0].split("\n")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}", times)
    assert " ".join(text) == "Bread &amp; &lt;butter&gt; → now."
