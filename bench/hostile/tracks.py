"""Clips and music that nobody should trust, made by code and ffmpeg, each with what has to become of it."""

from __future__ import annotations

import struct
import wave
from typing import TYPE_CHECKING

import numpy as np

from badapple import process
from badapple.media import ffmpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOREIGN = "is of another kind"


def listings(address: str, victim: Path) -> dict[str, bytes]:
    """Return files that tell a reader to open something else: an address on the network, or a file of this machine."""
    found: dict[str, bytes] = {}
    for kind, target in (("net", address), ("file", f"file:{victim}"), ("plain", str(victim))):
        hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"
        found |= {
            f"hls-{kind}": hls.encode(),
            f"hls-bom-{kind}": b"\xef\xbb\xbf" + hls.encode(),
            f"hls-in-id3-{kind}": b"ID3\x04\0\0\0\0\0\0" + hls.encode(),
            f"hls-in-ogg-{kind}": b"OggS" + hls.encode(),
            f"master-{kind}": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n".encode(),
            f"key-{kind}": f"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI={target}\n#EXTINF:9,\n{victim}\n".encode(),
            f"concat-{kind}": f"ffconcat version 1.0\nfile '{target}'\n".encode(),
            f"dash-{kind}": f"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period>"
            f"<AdaptationSet><Representation id='1' mimeType='video/mp4'><BaseURL>{target}</BaseURL></Representation>"
            f"</AdaptationSet></Period></MPD>".encode(),
            f"imf-{kind}": f"<AssetMap xmlns='http://www.smpte-ra.org/schemas/429-9/2007/AM'>{target}</AssetMap>".encode(),
            f"reference-{kind}": _reference(target.encode()),
        }
    port = address.split(":")[2].partition("/")[0]
    session = f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n"
    found["session"] = session.encode()
    return found


def _reference(target: bytes) -> bytes:
    """Return a QuickTime reference movie, which only names where the film is."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    place = box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(target) + 1) + target + b"\0")
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"rmra", box(b"rmda", place)))


class Studio:
    """Makes small real films and sounds to start from."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self.program = program

    def film(self, name: str, *options: str, source: str = "testsrc2=s=96x160:r=30:d=2") -> Path:
        """Make a film, by default a clip that is taken in."""
        out = self.folder / name
        codec = () if "-c:v" in options else ("-c:v", "libx264", "-preset", "ultrafast")
        made = (*codec, "-pix_fmt", "yuv420p", *options, "-y", out)
        process.run(ffmpeg.command(self.program, "-f", "lavfi", "-i", source, *made))
        return out

    def sound(self, name: str, *options: str, seconds: float = 3.0, cover: bool = False) -> Path:
        """Make a sound, with a picture of its cover where asked for."""
        out = self.folder / name
        picture = ("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04") if cover else ()
        chosen = ("-map", "0", "-map", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic") if cover else ()
        tone = ("-f", "lavfi", "-i", f"sine=d={seconds}:r=44100")
        process.run(ffmpeg.command(self.program, *tone, *picture, *chosen, *options, "-y", out))
        return out


def good_sounds() -> dict[str, tuple[str, ...]]:
    """Return names of sounds that are taken in, and how ffmpeg makes them."""
    return {
        "a.mp3": (), "cover.mp3": ("cover",), "a.wav": (), "deep.wav": ("-c:a", "pcm_s24le"),
        "float.wav": ("-c:a", "pcm_f32le"), "a.flac": (), "cover.flac": ("cover",), "a.ogg": ("-c:a", "libvorbis"),
        "a.opus": ("-c:a", "libopus", "-f", "ogg"), "a.m4a": ("-c:a", "aac"), "cover.m4a": ("cover", "-c:a", "aac"),
        "lossless.m4a": ("-c:a", "alac"), "called-mp3-is-wav.mp3": ("-f", "wav"),
        "tags.mp3": ("-metadata", "title=%{x}"),
        "eight-channels.wav": ("-ac", "8"), "slow.wav": ("-ar", "4000"), "quick.wav": ("-ar", "192000"),
    }  # fmt: skip


def bad_clips(studio: Studio) -> dict[str, Callable[[Path], object]]:
    """Return makers of clips that are refused."""
    good = studio.film("good.mp4", "-movflags", "+faststart").read_bytes()
    late = studio.film("late.mp4").read_bytes()
    middle = good.index(b"mdat") + (len(good) - good.index(b"mdat")) // 2
    encoded = {
        "matroska": ("-f", "matroska"), "webm": ("-c:v", "libvpx", "-f", "webm"), "avi": ("-f", "avi"),
        "transport": ("-f", "mpegts"), "raw-h264": ("-f", "h264"), "motion-jpeg": ("-c:v", "mjpeg", "-f", "mov"),
        "flash": ("-f", "flv"), "animation": ("-c:v", "gif", "-pix_fmt", "rgb8", "-f", "gif"),
    }  # fmt: skip

    def made(*options: str) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(studio.film("made", *options).read_bytes())

    return {name: made(*options) for name, options in encoded.items()} | {
        "empty": lambda path: path.touch(),
        "folder": lambda path: path.mkdir(),
        "missing": lambda _: None,
        "sound-only": lambda path: path.write_bytes(studio.sound("s.m4a", "-c:a", "aac").read_bytes()),
        "header-only": lambda path: path.write_bytes(good[:40]),
        "half": lambda path: path.write_bytes(late[: len(late) // 2]),
        "no-index": lambda path: path.write_bytes(late.replace(b"moov", b"skip")),
        "zero-data": lambda path: path.write_bytes(good[:middle] + bytes(len(good) - middle)),
        "no-decoder-setup": lambda path: path.write_bytes(good.replace(b"avcC", b"skip")),
        "other-codec": lambda path: path.write_bytes(good.replace(b"avc1", b"FFV1")),
        "screen-codec": lambda path: path.write_bytes(good.replace(b"avc1", b"SVQ3")),
        "endless-box": lambda path: path.write_bytes(b"\xff\xff\xff\xffmoov" + good),
        "script": lambda path: path.write_bytes(b"#!/bin/sh\nid\n"),
        "picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(90)),
    }


def bad_sounds(studio: Studio) -> dict[str, tuple[Callable[[Path], object], str]]:
    """Return makers of music that is refused, and what is said of it."""
    flac = studio.sound("b.flac").read_bytes()
    mp3 = studio.sound("b.mp3").read_bytes()
    m4a = studio.sound("b.m4a", "-c:a", "aac").read_bytes()
    ogg = studio.sound("b.ogg", "-c:a", "libvorbis").read_bytes()
    film = studio.film("b.mp4").read_bytes()
    wav = studio.sound("b.wav").read_bytes()
    adpcm = studio.sound("adpcm.wav", "-c:a", "adpcm_ms").read_bytes()
    aiff = studio.sound("b.aiff").read_bytes()
    wrong = "cannot be read: it is damaged or cut short"
    return {
        "empty": (lambda path: path.touch(), "is empty"),
        "folder": (lambda path: path.mkdir(), "is a folder"),
        "missing": (lambda _: None, "there is no music file"),
        "large": (_sparse, "save it with at most 100 MiB"),
        "text": (lambda path: path.write_text("la la la"), FOREIGN),
        "page": (lambda path: path.write_text("<html><audio>"), FOREIGN),
        "archive": (lambda path: path.write_bytes(b"PK\x03\x04" + mp3), FOREIGN),
        "program": (lambda path: path.write_bytes(b"\x7fELF" + mp3), FOREIGN),
        "notes": (lambda path: path.write_bytes(b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\0"), FOREIGN),
        "aiff": (lambda path: path.write_bytes(aiff), FOREIGN),
        "matroska": (lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(90)), FOREIGN),
        "adpcm.wav": (lambda path: path.write_bytes(adpcm), wrong),
        "film-without-sound.m4a": (lambda path: path.write_bytes(film), wrong),
        "half.flac": (lambda path: path.write_bytes(flac[: len(flac) // 2]), wrong),
        "hurt.flac": (lambda path: path.write_bytes(flac[:9000] + bytes(9000) + flac[18000:]), wrong),
        "half.m4a": (lambda path: path.write_bytes(m4a[: len(m4a) // 2]), wrong),
        "head.ogg": (lambda path: path.write_bytes(ogg[:50]), wrong),
        "half.wav": (lambda path: path.write_bytes(wav[: len(wav) // 2]), wrong),
        "no-rate.wav": (lambda path: path.write_bytes(wav[:24] + bytes(4) + wav[28:]), wrong),
        "many-channels.wav": (lambda path: path.write_bytes(wav[:22] + b"\xff\xff" + wav[24:]), wrong),
        "tag-only.mp3": (lambda path: path.write_bytes(b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(90)), wrong),
        "riff-only.wav": (lambda path: path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE"), wrong),
        "junk-behind.mp3": (lambda path: path.write_bytes(mp3 + bytes(range(256)) * 40), wrong),
        "silence.wav": (_silence, "has less than one second of sound"),
    }


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(101 * 2**20)


def _silence(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", "not compressed"))
        file.writeframes(np.zeros(88200, np.int16).tobytes())
