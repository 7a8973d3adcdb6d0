"""The replies of ElevenLabs, as far as they are read."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Alignment", "History", "HistoryItem", "SpeechReply", "Subscription", "VoiceFacts", "read_alignment"]


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Alignment(_Reply):
    """When each character of a text is heard, in seconds from the start of the audio."""

    characters: tuple[str, ...]
    starts: tuple[float, ...] = Field(alias="character_start_times_seconds")
    ends: tuple[float, ...] = Field(alias="character_end_times_seconds")

    def spans(self) -> tuple[tuple[str, float, float], ...]:
        """Return character, start and end as far as they make sense: whole, finite, never running back."""
        found: list[tuple[str, float, float]] = []
        now = 0.0
        for character, start, end in zip(self.characters, self.starts, self.ends, strict=False):
            if not (math.isfinite(start) and math.isfinite(end) and now - 1e-3 <= start <= end):
                break
            found.append((character, start, end))
            now = start
        return tuple(found)


class SpeechReply(_Reply):
    """A spoken text; the alignment is read on its own, because a bad one spoils no audio."""

    audio_base64: Annotated[str, Field(min_length=1)]
    alignment: Any = None


class VoiceFacts(_Reply):
    """What is known of a voice."""

    preview_url: str | None = None


class HistoryItem(_Reply):
    """Something that was spoken before."""

    history_item_id: Annotated[str, Field(min_length=1)]
    request_id: str | None = None
    voice_id: str | None = None
    model_id: str | None = None
    text: str | None = None
    # What it cost is read on its own: a figure that makes no sense spoils no recording.
    character_count_change_from: Any = None
    character_count_change_to: Any = None
    settings: dict[str, Any] | None = None
    alignments: dict[str, Any] | None = None

    @property
    def credits(self) -> float | None:
        """What it cost, in the vendor's credits, which may be no number; None where it does not say."""
        before, after = self.character_count_change_from, self.character_count_change_to
        if before is None or after is None:
            return None
        if not isinstance(before, int) or not isinstance(after, int):
            return math.nan
        return after - before


class History(_Reply):
    """One page of what was spoken before, the newest first."""

    history: tuple[HistoryItem, ...]
    last_history_item_id: str | None = None
    has_more: bool = False


class Subscription(_Reply):
    """What the account may use; in credits."""

    character_count: int
    character_limit: int
    max_credit_limit_extension: int | str | None = None
    next_character_count_reset_unix: int | None = None


def read_alignment(body: object) -> Alignment | None:
    """Read an alignment; None where there is none that can be read."""
    try:
        return Alignment.model_validate(body)
    except ValidationError:
        return None
