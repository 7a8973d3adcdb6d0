"""The account at ElevenLabs: what may still be spoken with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from badapple.errors import PermanentProviderError
from badapple.providers.elevenlabs.failures import PROVIDER, ScopeError
from badapple.providers.elevenlabs.tariff import credits_of
from badapple.providers.elevenlabs.wire import open_wire

if TYPE_CHECKING:
    from badapple.config import Access
    from badapple.providers.elevenlabs.replies import Subscription
    from badapple.providers.line import Line

__all__ = ["Credit", "preflight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What an account has left.

    Attributes:
        left: credits, or None where there is no limit or the key may not ask.
        resets_at: when the count begins anew, or None where it is not known.
    """

    left: int | None
    resets_at: datetime | None = None


async def preflight(access: Access, line: Line, *, model: str, characters: int) -> Credit:
    """Check the key, and that the account can still speak so many characters; costs nothing.

    Raises:
        ConfigError: the SDK is not installed, or no key is set.
        PermanentProviderError: the key is wrong (`key`), or too little is left (`quota`).
        TransientProviderError: ElevenLabs cannot be asked now.
    """
    wire = await open_wire(access)
    try:
        credit = _credit(await line.ask(wire.subscription))
    except ScopeError:  # a key that may speak and nothing else: the purchase itself will tell
        return Credit(left=None)
    needed = credits_of(model, characters)
    if credit.left is not None and needed > credit.left:
        raise PermanentProviderError(
            f"the voices need {needed} credits at ElevenLabs and {credit.left} are left; nothing was charged",
            provider=PROVIDER, reason="quota", hint=f"{_when(credit)}add credit, or choose the offline voice",
        )  # fmt: skip
    return credit


def _credit(subscription: Subscription) -> Credit:
    reset = subscription.next_character_count_reset_unix
    try:
        resets_at = datetime.fromtimestamp(reset, UTC) if reset is not None else None
    except (ValueError, OverflowError, OSError):  # beyond any calendar
        resets_at = None
    extension = subscription.max_credit_limit_extension or 0
    if isinstance(extension, str):  # "unlimited"
        return Credit(left=None, resets_at=resets_at)
    left = subscription.character_limit - subscription.character_count + extension
    return Credit(left=max(0, left), resets_at=resets_at)


def _when(credit: Credit) -> str:
    return f"wait until {credit.resets_at:%Y-%m-%d %H:%M} UTC, " if credit.resets_at else ""
