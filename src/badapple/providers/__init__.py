"""Who makes the parts: `resolve` picks a maker for each port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Settings
    from badapple.ports import ImagePainter, MusicSource, SceneRenderer, ScriptWriter, SpeechSynthesizer

__all__ = ["Providers", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """One maker for each port."""

    script: ScriptWriter
    voice: SpeechSynthesizer
    scenes: SceneRenderer
    painter: ImagePainter
    music: MusicSource


def resolve(settings: Settings, *, ffmpeg: Path, script_file: Path | None = None) -> Providers:
    """Return the makers that the settings ask for: offline ones, and a script of the user's own where one is given.

    Raises:
        ScriptError: the user's script cannot be used.
    """
    # The makers import NumPy, OpenCV and onnxruntime; `badapple --help` shall not wait for them.
    from badapple.media.fonts import FontBook  # noqa: PLC0415
    from badapple.providers.offline.card import OfflineCardPainter  # noqa: PLC0415
    from badapple.providers.offline.music import OfflineMusic  # noqa: PLC0415
    from badapple.providers.offline.scenes import OfflineSceneRenderer  # noqa: PLC0415
    from badapple.providers.offline.script import OfflineScriptWriter  # noqa: PLC0415
    from badapple.providers.offline.voice import OfflineVoice  # noqa: PLC0415

    book = FontBook(settings.font_dirs)
    styles = settings.style_dirs
    if script_file is None:
        script: ScriptWriter = OfflineScriptWriter(style_dirs=styles)
    else:
        from badapple.providers.script_file import FileScriptWriter  # noqa: PLC0415

        script = FileScriptWriter(script_file, style_dirs=styles)
    return Providers(
        script=script,
        voice=OfflineVoice(ffmpeg=ffmpeg, style_dirs=styles),
        scenes=OfflineSceneRenderer(book=book, style_dirs=styles),
        painter=OfflineCardPainter(book=book, style_dirs=styles),
        music=OfflineMusic(style_dirs=styles),
    )
