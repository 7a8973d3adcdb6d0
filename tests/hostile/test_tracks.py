"""Clips and music that nobody should trust: refused in words, and nothing else is ever opened or asked."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bench.hostile.tracks import Studio, bad_clips, bad_sounds, good_sounds, listings

from badapple import process
from badapple.errors import InputError, MediaError, ToolError
from badapple.media import ffmpeg, music, sound
from badapple.media.clips import ClipFrames
from badapple.media.pcm import RATE
from badapple.media.probe import check_decodes, probe
from badapple.models import Canvas

if TYPE_CHECKING:
    from collections.abc import Iterator

TINY = Canvas(width=54, height=96, preset="ultrafast", crf=28)
LISTINGS = tuple(listings("http://127.0.0.1:1/x", Path("/x")))


@pytest.fixture(scope="module")
def program() -> Path:
    return ffmpeg.locate()


@pytest.fixture(scope="module")
def studio(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("studio"), program)


class Listener:
    """Somebody on the network who counts who knocks."""

    def __init__(self) -> None:
        self.knocks = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}/secret.ts"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            self.knocks += 1
            caller.close()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


def _take_in(path: Path, program: Path) -> None:
    """Do with a clip all that is done before its frames are drawn."""
    ClipFrames(path, count=45, canvas=TINY, ffmpeg=program)
    probe(path, ffmpeg=program, foreign=True)
    check_decodes(path, ffmpeg=program, foreign=True)


def test_an_ordinary_clip_is_taken_in(studio: Studio, program: Path) -> None:
    _take_in(studio.film("fine.mp4"), program)


def test_a_hostile_clip_is_refused(studio: Studio, program: Path, tmp_path: Path) -> None:
    makers = bad_clips(studio)
    assert len(makers) >= 20
    for name, make in makers.items():
        path = tmp_path / f"{name}.mp4"
        make(path)
        with pytest.raises(MediaError, match=path.name.replace(".", r"\.")) as caught:
            _take_in(path, program)
        assert caught.value.path == path


@pytest.mark.parametrize("name", good_sounds())
def test_music_of_every_kind_is_taken_in(name: str, studio: Studio, program: Path) -> None:
    options = good_sounds()[name]
    made = studio.sound(name, *(word for word in options if word != "cover"), cover="cover" in options)
    music.check(made, ffmpeg=program)
    samples = music.read(made, ffmpeg=program, seconds=2)
    assert samples.shape == (2 * RATE, 2)
    assert samples.max() > 0.05


def test_hostile_music_is_refused_in_words(studio: Studio, program: Path, tmp_path: Path) -> None:
    makers = bad_sounds(studio)
    assert len(makers) >= 20
    for name, (make, says) in makers.items():
        path = tmp_path / (name if "." in name else f"{name}.mp3")
        make(path)
        with pytest.raises(InputError, match=says) as caught:
            sound.mix((), path, tmp_path / "out.m4a", seconds=2, ffmpeg=program)
        assert str(caught.value).isprintable()
    assert not (tmp_path / "out.m4a").exists()


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_makes_nobody_open_anything(
    name: str, studio: Studio, program: Path, tmp_path: Path, listener: Listener
) -> None:
    victim, before = studio.film("victim.mp4"), listener.knocks
    body = listings(listener.address, victim)[name]
    for suffix in ("mp4", "mp3"):
        (tmp_path / f"evil.{suffix}").write_bytes(body)
    with pytest.raises(MediaError):
        _take_in(tmp_path / "evil.mp4", program)
    with pytest.raises(InputError):
        music.read(tmp_path / "evil.mp3", ffmpeg=program, seconds=2)
    with pytest.raises(MediaError):
        probe(tmp_path / "evil.mp4", ffmpeg=program)  # as if somebody had put it in the place of a file of ours
    assert listener.knocks == before


def test_such_a_listing_is_followed_where_nobody_forbids_it(
    studio: Studio, program: Path, tmp_path: Path, listener: Listener
) -> None:
    before = listener.knocks
    (tmp_path / "evil.m3u8").write_bytes(listings(listener.address, Path("/x"))["hls-net"])
    with pytest.raises(ToolError):
        open_to_all = ("-protocol_whitelist", "file,http,tcp", "-extension_picky", "0")
        process.run(ffmpeg.command(program, *open_to_all, "-i", tmp_path / "evil.m3u8", "-f", "null", "-"))
    assert listener.knocks > before
    victim = studio.film("victim.mp4")
    (tmp_path / "evil.txt").write_bytes(listings(listener.address, victim)["concat-plain"])
    process.run(ffmpeg.command(program, "-f", "concat", "-safe", "0", "-i", tmp_path / "evil.txt", "-f", "null", "-"))


def test_music_may_be_long_and_only_its_beginning_is_read(studio: Studio, program: Path) -> None:
    long = studio.sound("long.flac", seconds=300)
    assert len(music.read(long, ffmpeg=program, seconds=35)) == 35 * RATE
