"""The vendors, put in the place of offline makers."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from badapple.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from badapple.config import Settings
    from badapple.media.fonts import FontBook
    from badapple.providers import Providers
    from badapple.providers.choice import Choice
    from badapple.providers.purchasing import Purchasing

__all__ = ["cancellers", "hosted"]


def hosted(
    offline: Providers,
    settings: Settings,
    *,
    ffmpeg: Path,
    book: FontBook,
    choice: Choice,
    purchasing: Purchasing,
) -> Providers:
    """Return the makers with vendors where the choice names them.

    Raises:
        ConfigError: a vendor's package is not installed, or its model is not known.
    """
    makers: dict[str, Any] = {}
    if choice.script is not None:
        from badapple.providers.anthropic import ClaudeScriptWriter  # noqa: PLC0415 - its SDK may not be installed

        makers["script"] = ClaudeScriptWriter(
            model=choice.script, style_dirs=settings.style_dirs, **purchasing.at(settings, "anthropic")
        )
    if choice.voice:
        from badapple.providers.elevenlabs import ElevenLabsVoice  # noqa: PLC0415

        makers["voice"] = ElevenLabsVoice(
            ffmpeg=ffmpeg, style_dirs=settings.style_dirs, **purchasing.at(settings, "elevenlabs")
        )
    if choice.video is not None or choice.cta:
        makers |= _replicate(settings, ffmpeg=ffmpeg, book=book, choice=choice, purchasing=purchasing)
    stand_in = offline if choice.stand_in else None
    return replace(offline, **makers, till=purchasing.till, stand_in=stand_in)


def cancellers(settings: Settings) -> dict[str, Callable[[str], Awaitable[None]]]:
    """Return, for each vendor that can be told to stop, what tells it so."""
    access = settings.vendors["replicate"]
    if access.key is None:
        return {}

    async def replicate(vendor_id: str) -> None:
        from badapple.providers.replicate import ReplicateClient  # noqa: PLC0415 - its package may not be installed

        with contextlib.suppress(ProviderError):  # it has ended, or its own deadline will end it
            await ReplicateClient(access).cancel(vendor_id)

    return {"replicate": replicate}


def _replicate(
    settings: Settings, *, ffmpeg: Path, book: FontBook, choice: Choice, purchasing: Purchasing
) -> dict[str, Any]:
    from badapple.providers.offline.card import OfflineCardPainter  # noqa: PLC0415
    from badapple.providers.offline.still import OfflineStills  # noqa: PLC0415
    from badapple.providers.replicate import ReplicatePainter, ReplicateScenes  # noqa: PLC0415
    from badapple.providers.replicate.ringing import doorbells  # noqa: PLC0415

    makers: dict[str, Any] = {}
    # Where Replicate was not told to call, nobody rings: nothing need listen.
    bells = purchasing.doorbells = doorbells(settings.redis_url if settings.webhook_url else None)
    access = purchasing.at(settings, "replicate") | {"doorbells": bells, "webhook_url": settings.webhook_url}
    styles = settings.style_dirs
    if choice.video is not None:
        makers["scenes"] = ReplicateScenes(
            model=choice.video, stills=OfflineStills(book=book, style_dirs=styles), ffmpeg=ffmpeg, style_dirs=styles,
            **access,
        )  # fmt: skip
    if choice.cta:
        composer = OfflineCardPainter(book=book, style_dirs=styles)
        makers["painter"] = ReplicatePainter(composer=composer, style_dirs=styles, **access)
    return makers
