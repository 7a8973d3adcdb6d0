"""What an MP4 is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import psutil
import pytest
from tests.media.conftest import crowd

from badapple import process
from badapple.errors import MediaError
from badapple.media import ffmpeg
from badapple.media.probe import check_decodes, probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_it_agrees_with_another_reader(film: Path, program: Path) -> None:
    info = probe(film, ffmpeg=program)

    with av.open(str(film)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (info.width, info.height, info.frames) == (video.width, video.height, video.frames)
        assert (info.codec, info.profile, info.pix_fmt) == (video.codec_context.name, video.profile, video.pix_fmt)
        assert info.fps == video.average_rate
        assert (info.audio_codec, info.audio_rate, info.audio_channels) == (audio.codec.name, 48000, audio.channels)
        assert info.duration == float((video.duration or 0) * (video.time_base or 0))
        assert (video.codec_context.color_primaries, video.codec_context.color_trc, video.codec_context.colorspace) == (
            1,
            1,
            1,
        )


def test_it_tells_what_players_look_at(film: Path, program: Path) -> None:
    info = probe(film, ffmpeg=program)

    assert (info.fps, info.constant, info.faststart, info.sar) == (Fraction(30), True, True, "1:1")
    assert info.color == ("tv", "bt709")
    assert info.audio_duration == pytest.approx(2.0, abs=0.03)
    assert info.size == film.stat().st_size


def test_uneven_frames_and_a_late_index_are_told(film: Path, program: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    uneven = ("-vf", "setpts='PTS+if(gt(N,30),0.5/TB,0)'", "-fps_mode", "passthrough", "-an")
    process.run(ffmpeg.command(program, *ffmpeg.source(film), *uneven, "-c:v", "libx264", "-y", out))

    info = probe(out, ffmpeg=program)

    assert not info.constant
    assert info.fps == 0
    assert not info.faststart
    assert info.audio_codec == ""


@pytest.mark.parametrize("content", [b"", b"no film at all", b"\0\0\0\x08ftyp"])
def test_what_is_no_film_is_a_media_error(tmp_path: Path, program: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"a\.mp4") as caught:
        probe(tmp_path / "a.mp4", ffmpeg=program)
    assert caught.value.path == tmp_path / "a.mp4"


def test_sound_alone_is_no_film(tmp_path: Path, program: Path, film: Path) -> None:
    process.run(ffmpeg.command(program, *ffmpeg.source(film), "-vn", "-c", "copy", "-y", tmp_path / "a.m4a"))

    with pytest.raises(MediaError, match="no picture"):
        probe(tmp_path / "a.m4a", ffmpeg=program)


@pytest.mark.parametrize("foreign", [False, True])
def test_a_film_of_very_many_packets_fills_no_memory(tmp_path: Path, program: Path, *, foreign: bool) -> None:
    path = crowd(tmp_path / "crowd.mp4", 1_500_000)
    before = psutil.Process().memory_info().rss

    with pytest.raises(MediaError, match=r"crowd\.mp4"):
        probe(path, ffmpeg=program, foreign=foreign)
    assert psutil.Process().memory_info().rss - before < 60_000_000


def test_a_foreign_film_is_seen_and_not_heard(film: Path, program: Path) -> None:
    own, foreign = probe(film, ffmpeg=program), probe(film, ffmpeg=program, foreign=True)

    assert foreign == replace(own, audio_duration=0.0)
    check_decodes(film, ffmpeg=program, foreign=True)


@pytest.mark.parametrize("look", [probe, check_decodes])
@pytest.mark.parametrize("kind", ["matroska", "playlist"])
def test_a_foreign_film_is_an_mp4_and_nothing_else(
    look: Callable[..., object], kind: str, film: Path, tmp_path: Path, program: Path
) -> None:
    path = tmp_path / "evil.mp4"
    if kind == "playlist":
        path.write_text(f"#EXTM3U\n#EXTINF:2,\n{film}\n#EXT-X-ENDLIST\n")
    else:
        process.run(ffmpeg.command(program, *ffmpeg.source(film), "-c", "copy", "-f", "matroska", path))
        process.run(ffmpeg.command(program, "-xerror", "-i", path, "-f", "null", "-"))

    with pytest.raises(MediaError, match=r"evil\.mp4"):
        look(path, ffmpeg=program, foreign=True)


def test_a_foreign_film_has_a_usual_codec(film: Path, tmp_path: Path, program: Path) -> None:
    path = tmp_path / "odd.mov"
    process.run(ffmpeg.command(program, *ffmpeg.source(film), "-an", "-c:v", "mjpeg", path))
    check_decodes(path, ffmpeg=program)

    with pytest.raises(MediaError, match=r"odd\.mov"):
        check_decodes(path, ffmpeg=program, foreign=True)


def test_a_sound_film_decodes(film: Path, program: Path) -> None:
    check_decodes(film, ffmpeg=program)


def test_flipped_bits_do_not(film: Path, program: Path, tmp_path: Path) -> None:
    damaged = bytearray(film.read_bytes())
    start = damaged.index(b"mdat") + 1500
    damaged[start : start + 400] = bytes(byte ^ 0x5A for byte in damaged[start : start + 400])
    (tmp_path / "damaged.mp4").write_bytes(damaged)

    with pytest.raises(MediaError, match=r"damaged\.mp4"):
        check_decodes(tmp_path / "damaged.mp4", ffmpeg=program)
