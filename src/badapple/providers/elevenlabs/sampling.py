"""What ElevenLabs lets people hear of a voice before they buy: its own recording, for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import PermanentProviderError, TransientProviderError
from badapple.fetching import Rules, fetch
from badapple.fetching.rules import FetchError
from badapple.providers import connections
from badapple.providers.elevenlabs.failures import PROVIDER
from badapple.providers.elevenlabs.wire import open_wire
from badapple.providers.line import Line, Patience

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Settings

__all__ = ["sample"]

_MOST = 3 << 20  #: bytes; the vendor's have some 100 kB
_TYPES = ("audio/", "application/octet-stream", "binary/octet-stream")
_PATIENCE = Patience(attempts=2, seconds=15.0, first=0.5, most=2.0)


async def sample(voice: str, settings: Settings, out: Path) -> None:
    """Write the vendor's sample of a voice to `out`: MP3.

    The vendor says where it lies; it is fetched like any address that somebody else gave.

    Args:
        voice: its id.
        settings: the key, and hosts of our own net that may be gone to.
        out: appears whole or not at all.

    Raises:
        ConfigError: the SDK is not installed, or no key is set.
        PermanentProviderError: the key may not ask, or there is no such voice, or no sample of it.
        TransientProviderError: the vendor cannot be asked now.
    """
    async with connections.kept():
        wire = await open_wire(settings.vendors["elevenlabs"])
        found = await Line(PROVIDER, patience=_PATIENCE).ask(lambda: wire.voice(voice))
    if not found.preview_url:
        raise PermanentProviderError(
            "ElevenLabs has no sample of this voice; nothing was charged", provider=PROVIDER, reason="refused",
            hint="choose the offline voice to listen to one",
        )  # fmt: skip
    rules = Rules(most=_MOST, types=_TYPES, private_hosts=settings.doors.private_hosts, seconds=20.0)
    try:
        await fetch(found.preview_url, out, rules=rules)
    except FetchError as error:
        raise TransientProviderError(
            f"ElevenLabs' sample of this voice cannot be fetched: {error}; nothing was charged", provider=PROVIDER,
            reason="network", hint="try again later",
        ) from error  # fmt: skip
