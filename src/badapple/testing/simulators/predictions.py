"""A prediction and what the clock makes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from badapple.testing.simulators.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.testing.simulators.traffic import Json

__all__ = ["ENDED", "KEPT", "Prediction"]

ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})
KEPT = 3600.0  #: seconds after its end that inputs and outputs are kept
_LONGEST_START = 2.0
_ERRORS = {
    "failed": "CUDA out of memory. Tried to allocate 2.50 GiB",
    "nsfw": "The input or output was flagged as sensitive (NSFW). Please try again with different inputs. (E005)",
}


@dataclass(slots=True, kw_only=True)
class Prediction:
    """One run of a model.

    Attributes:
        id: the vendor's id.
        model: `owner/name`.
        input: as it was sent.
        created: seconds since 1970.
        seconds: how long it takes from its creation to its end.
        lists: whether its output is a list.
        files: names of its output files.
        deadline: when it is stopped, or None.
        webhook: where to tell of it, or empty.
        events: which events are told.
        does: how it misbehaves, or None.
        error: what it says when it fails.
        canceled: when it was cancelled from outside, or None.
        removed: whether its data were deleted early.
        told: events already told.
    """

    id: str
    model: str
    input: Json
    created: float
    seconds: float
    lists: bool
    files: list[str]
    deadline: float | None = None
    webhook: str = ""
    events: list[str] = field(default_factory=list)
    does: str | None = None
    error: str = ""
    canceled: float | None = None
    removed: bool = False
    told: list[str] = field(default_factory=list)

    @property
    def starts(self) -> float:
        """When it leaves the queue."""
        return self.created + min(_LONGEST_START, 0.2 * self.seconds)

    def ending(self) -> tuple[float, str]:
        """Return when it ends and how, as far as is known now."""
        done = self.created + self.seconds
        end = (done, "failed" if self.does in _ERRORS else "succeeded")
        if self.does == "aborted":
            end = (self.starts, "aborted")
        elif self.does == "canceled":
            end = ((self.starts + done) / 2, "canceled")
        elif self.does == "stuck":
            end = (float("inf"), "failed")
        if self.deadline is not None and self.deadline < end[0]:
            waits = self.does == "stuck" or self.deadline < self.starts
            end = (self.deadline, "aborted" if waits else "canceled")
        return (self.canceled, "canceled") if self.canceled is not None and self.canceled < end[0] else end

    def status(self, now: float) -> str:
        """Return its status."""
        end, how = self.ending()
        if now >= end:
            return how
        return "processing" if now >= self.starts and self.does != "stuck" else "starting"

    def is_refunded(self, now: float) -> bool:
        """Tell whether it ended in a way that costs nothing: failed, aborted, or cancelled before it began."""
        status = self.status(now)
        return status in {"failed", "aborted"} or (status == "canceled" and self.ending()[0] < self.starts)

    def is_gone(self, now: float) -> bool:
        """Tell whether its data are deleted."""
        return self.status(now) in ENDED and (
            self.removed or self.does == "data_removed" or now >= self.ending()[0] + KEPT
        )

    def body(self, now: float, *, address: str, echo: int) -> Json:
        """Return it as the API shows it; strings of the input are cut after `echo` characters."""
        status, (end, _) = self.status(now), self.ending()
        gone, ended = self.is_gone(now), status in ENDED
        begun = now >= self.starts and end >= self.starts and self.does != "stuck"
        body: Json = {
            "id": self.id,
            "model": self.model,
            "version": "hidden",
            "source": "api",
            "status": status,
            "input": {} if gone else _cut(self.input, echo),
            "output": self._output(status, address, gone=gone),
            "logs": "",
            "error": None,
            "data_removed": gone,
            "created_at": stamp(self.created),
            "metrics": {},
            "urls": self._urls(address),
        }
        if status == "failed":
            body["error"] = self.error or _ERRORS.get(self.does or "", "")
        if begun:
            body["started_at"] = stamp(self.starts)
        if ended:
            body |= {"completed_at": stamp(end), "metrics": {"total_time": round(end - self.created, 3)}}
            if begun:
                body["metrics"]["predict_time"] = round(end - self.starts, 3)
        if self.deadline is not None:
            body["deadline"] = stamp(self.deadline)
        return body

    def _urls(self, address: str) -> Json:
        get = f"{address}/v1/predictions/{self.id}"
        return {"get": get, "cancel": f"{get}/cancel", "web": f"{address}/p/{self.id}"}

    def _output(self, status: str, address: str, *, gone: bool) -> Any:
        if gone or not (status == "succeeded" or (self.does == "early_output" and status == "processing")):
            return None
        urls = [f"{address}/delivery/{self.id}/{name}" for name in self.files]
        return urls if self.lists else urls[0]

    def to_json(self) -> Json:
        """Return everything that makes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**body)


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most]}..."
    if isinstance(value, dict):
        return {name: _cut(one, most) for name, one in value.items()}
    return [_cut(one, most) for one in value] if isinstance(value, list) else value
