"""What Replicate answers, as far as we read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Account", "ModelReply", "Prediction", "PredictionPage", "SigningKey", "Upload"]

_NO_TIME = datetime.fromtimestamp(0, UTC)


class _Reply(BaseModel):
    """A reply: what we do not know is kept, what we do not need may be missing."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Prediction(_Reply):
    """One run of a model; its status may be a word that we never saw."""

    id: str = Field(min_length=1, max_length=200)
    status: str = "starting"
    model: str | None = None
    version: str | None = None
    input: JsonValue = None
    output: JsonValue = None
    error: JsonValue = None
    metrics: JsonValue = None
    data_removed: bool | None = None
    created_at: str | None = None
    started_at: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: it has its output already, or never will."""
        return bool(self.output) or self.status in {"succeeded", "failed", "canceled", "aborted"}

    @property
    def link(self) -> str:
        """The address of its first file, or empty."""
        first = self.output[0] if isinstance(self.output, list) and self.output else self.output
        return first if isinstance(first, str) else ""

    @property
    def why(self) -> str:
        """What it says went wrong, on one line."""
        return " ".join(str(self.error or "").split())[:300]

    @property
    def inputs(self) -> Mapping[str, JsonValue]:
        """Its input as it is echoed."""
        return self.input if isinstance(self.input, dict) else {}

    @property
    def created(self) -> datetime:
        """When it was created; 1970 where that cannot be read."""
        try:
            when = datetime.fromisoformat(self.created_at or "")
        except ValueError:
            return _NO_TIME
        return when if when.tzinfo else when.replace(tzinfo=UTC)

    def measured(self, name: str) -> JsonValue:
        """Return one of its metrics, whatever it is; None where it does not say."""
        return self.metrics.get(name) if isinstance(self.metrics, dict) else None

    def to_record(self) -> str:
        """Return it as JSON without the pictures in its input."""
        kept = {name: _short(value) for name, value in self.inputs.items()}
        return self.model_copy(update={"input": kept}).model_dump_json(indent=1)


class PredictionPage(_Reply):
    """One page of predictions, the newest first."""

    results: list[Prediction] = Field(default_factory=list)
    next: str | None = None


class _Version(_Reply):
    openapi_schema: dict[str, JsonValue] | None = None


class ModelReply(_Reply):
    """A model as it is now."""

    latest_version: _Version | None = None

    @property
    def openapi(self) -> Mapping[str, JsonValue] | None:
        """The document that describes its input, or None."""
        return self.latest_version.openapi_schema if self.latest_version else None


class Account(_Reply):
    """Whose key it is."""

    username: str
    type: str = "user"


class SigningKey(_Reply):
    """What webhooks are signed with."""

    key: str


class _Urls(_Reply):
    get: str


class Upload(_Reply):
    """A file that was handed over."""

    id: str
    urls: _Urls


def _short(value: JsonValue) -> JsonValue:
    return f"{value[:40]}... ({len(value)} letters)" if isinstance(value, str) and value.startswith("data:") else value
