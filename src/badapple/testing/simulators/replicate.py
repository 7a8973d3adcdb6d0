"""The simulated Replicate API: predictions that live by the clock, their files, models, webhooks."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from badapple.testing.simulators import films, hosted, throttle
from badapple.testing.simulators.catalogue import HOSTED, REPLICATE_KEY
from badapple.testing.simulators.front import Entry, Refused
from badapple.testing.simulators.ids import Ids
from badapple.testing.simulators.ledger import Charge, fingerprint
from badapple.testing.simulators.pages import page
from badapple.testing.simulators.predictions import ENDED, Prediction
from badapple.testing.simulators.schemas import broken
from badapple.testing.simulators.shapes import REQUESTS
from badapple.testing.simulators.traffic import Reply
from badapple.testing.simulators.uploads import Uploads
from badapple.testing.simulators.webhooks import SECRET, Postman, due_events

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from badapple.testing.simulators.catalogue import Hosted
    from badapple.testing.simulators.clock import Clock
    from badapple.testing.simulators.latency import Latency
    from badapple.testing.simulators.ledger import Ledger
    from badapple.testing.simulators.memory import Memory
    from badapple.testing.simulators.traffic import Call, Json, Request

__all__ = ["ReplicateSimulator"]

_MESSAGES = {
    401: ("Unauthenticated", "You did not pass a valid authentication token"),
    402: ("Insufficient credit", "You have insufficient credit to run this model."),
    403: ("Forbidden", "You do not have permission to perform this action."),
    404: ("Not found", "The requested resource could not be found."),
    422: ("Invalid input", "The input is not valid."),
}
_OUTCOMES = {
    "aborted", "canceled", "data_removed", "early_output", "failed", "nsfw", "short_clip", "stuck",
    "duplicate_webhook", "forged_webhook", "late_webhook", "reordered_webhook",
}  # fmt: skip
_EVENTS = ["start", "output", "logs", "completed"]
_SHORTEST_DEADLINE = 5.0
_LONGEST_WAIT = 60.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}
_POLL = 0.02
_KINDS = {"mp4": "video/mp4", "png": "image/png", "webp": "image/webp", "jpg": "image/jpeg"}


class ReplicateSimulator:
    """Answers as the Replicate API does.

    Attributes:
        list_lag: seconds after which a new prediction is in the list.
        echo_limit: characters after which strings of the echoed input are cut.
        page_size: predictions on one page of the list.
        postman: the webhooks that were sent.
        address: its own base URL, once it listens.
        small: every film is the same small one.
    """

    name = "replicate"

    def __init__(self, *, clock: Clock, ledger: Ledger, memory: Memory, latency: Latency, ffmpeg: Path) -> None:
        self.list_lag = 0.5
        self.echo_limit = 2000
        self.page_size = 100
        self.postman = Postman()
        self.address = ""
        self.small = False
        self._clock = clock
        self._ledger = ledger
        self._memory = memory
        self._latency = latency
        self._ffmpeg = ffmpeg
        self._lock = threading.Lock()
        self._predictions = {body["id"]: Prediction.from_json(body) for body in memory.all("prediction")}
        self._ids = Ids()
        self._changed: set[str] = set()
        self._throttle = throttle.Throttle(clock)
        self._uploads = Uploads(clock=clock, memory=memory, address=lambda: self.address)

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """Every prediction, the oldest first, whether it is listed already or not."""
        with self._lock:
            return tuple(self._predictions.values())

    def entries(self) -> Sequence[Entry]:
        """Return all routes."""
        made = "/v1/predictions/{id}"
        return (
            Entry(method="POST", path="/v1/models/{owner}/{model}/predictions", name="create", handler=self._create),
            Entry(method="POST", path="/v1/predictions", name="create", handler=self._create),
            Entry(method="GET", path="/v1/predictions", name="list", handler=self._list),
            Entry(method="GET", path=made, name="get", handler=self._get),
            Entry(method="POST", path=f"{made}/cancel", name="cancel", handler=self._cancel),
            Entry(method="GET", path="/v1/models/{owner}/{model}", name="model", handler=self._model),
            Entry(method="GET", path="/v1/account", name="account", handler=self._account),
            Entry(method="GET", path="/v1/webhooks/default/secret", name="secret", handler=self._secret),
            Entry(method="GET", path="/delivery/{id}/{file}", name="file", handler=self._file, public=True),
            *self._uploads.entries(),
        )

    def error(self, status: int, message: str = "") -> Reply:
        """Return the vendor's body for a status."""
        title, detail = _MESSAGES.get(status, ("Error", "Internal server error"))
        return Reply(status=status, body={"title": title, "detail": message or detail, "status": status})

    def sign_in(self, request: Request) -> Reply | None:
        """Refuse a request without the right key."""
        sent = request.headers.get("authorization", "").removeprefix("Bearer ").removeprefix("Token ")
        return None if sent == REPLICATE_KEY else self.error(401)

    def misbehave(self, call: Call) -> Reply | None:
        """Return the answer of a behaviour that does nothing else."""
        fault = call.fault
        if fault is None or fault.does is None:
            return None
        if fault.does == "low_credit":
            return self._throttle.low_credit() if call.request.route == "create" else None
        throttled = throttle.busy(fault.retry_after)
        known = {
            "rate_limit": replace(throttled, headers={"retry-after": f"{fault.retry_after:g}"}),
            "rate_limit_json": throttle.poor(fault.retry_after),
            "throttled": throttled,
            "no_credit": self.error(402),
            "overloaded": self.error(503, "Service unavailable"),
            "unauthorized": self.error(401),
            "gone": self.error(404),
        }
        return known.get(fault.does)

    def finish(self, reply: Reply, call: Call) -> Reply:  # noqa: ARG002 - the same for every call
        """Leave the answer as it is."""
        return reply

    def settle(self) -> None:
        """Take back what was charged for predictions that failed."""
        now = self._clock.now()
        for prediction in self.predictions:
            if prediction.is_refunded(now):
                self._ledger.refund(self.name, prediction.id)

    async def work(self) -> None:
        """Send webhooks when they are due, until cancelled."""
        busy: dict[str, asyncio.Task[None]] = {}  # a receiver that is slow holds up its own prediction only
        while True:
            for prediction in self.predictions:
                if prediction.webhook and (prediction.id not in busy or busy[prediction.id].done()):
                    busy[prediction.id] = asyncio.create_task(self._tell(prediction))
            await asyncio.sleep(_POLL)

    async def _create(self, call: Call) -> Reply:
        model, wait = self._asked(call), _wait(call)
        self._check(model, call.json)
        deadline = self._deadline(call)
        if (refusal := self._throttle.create()) is not None:
            raise Refused(refusal)
        flaw = await asyncio.to_thread(self._flaw, model, call.json["input"])
        prediction = self._book(model, call, deadline=deadline, flaw=flaw)
        end = prediction.created + wait
        while (now := self._clock.now()) < end and prediction.status(now) not in ENDED:
            await self._clock.sleep_until(min(end, now + _POLL))
        done = not wait or prediction.status(self._clock.now()) in ENDED
        return Reply(status=201 if done else 202, body=self._shown(prediction))

    def _asked(self, call: Call) -> Hosted:
        if "owner" in call.words:
            return self._hosted(f"{call.words['owner']}/{call.words['model']}")
        return self._hosted(str(call.json.get("version", "")).partition(":")[0])

    def _hosted(self, name: str) -> Hosted:
        model = HOSTED.get(name)
        if model is None:
            raise Refused(self.error(404))
        return hosted.changed(model) if name in self._changed else model

    def _check(self, model: Hosted, body: Json) -> None:
        if flaws := broken(REQUESTS[self.name, "create"], body):
            raise Refused(self.error(422, f"- {flaws[0]}\n"))
        if flaws := hosted.invalid(model, body["input"]):
            refusal = self.error(422, "".join(f"- input: {flaw}\n" for flaw in flaws))
            fields = [{"type": "invalid", "field": "input", "description": flaw} for flaw in flaws]
            more = {"title": "Input validation failed", "invalid_fields": fields}
            raise Refused(replace(refusal, body=refusal.body | more))

    def _deadline(self, call: Call) -> float | None:
        said = call.request.headers.get("cancel-after")
        if said is None:
            return None
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", said)
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
        if seconds < _SHORTEST_DEADLINE:
            raise Refused(self.error(422, "Cancel-After must be a duration of at least 5 seconds"))
        return self._clock.now() + seconds

    def _picture(self, inputs: Json, *names: str) -> bytes | None:
        source = next((inputs[name] for name in names if inputs.get(name)), None)
        return hosted.fetch(source, self._uploads.contents()) if source is not None else None

    def _flaw(self, model: Hosted, inputs: Json) -> str:
        return hosted.picture_flaw(model, self._picture(inputs, model.picture)) if inputs.get(model.picture) else ""

    def _book(self, model: Hosted, call: Call, *, deadline: float | None, flaw: str) -> Prediction:
        inputs, fault = call.json["input"], call.fault
        outcome = call.does if call.does in _OUTCOMES else None
        said = str(fault.body or "") if fault is not None and outcome in {"failed", "nsfw"} else ""
        prediction = Prediction(
            id=self._ids.new(),
            model=model.id,
            input=inputs,
            created=self._clock.now(),
            seconds=self._latency.of(model.id),
            lists=model.lists,
            files=hosted.output_names(model, inputs),
            deadline=deadline,
            webhook=call.json.get("webhook") or "",
            events=call.json.get("webhook_events_filter") or _EVENTS,
            does="failed" if flaw else outcome,
            error=flaw or said,
        )
        with self._lock:
            self._predictions[prediction.id] = prediction
        self._keep(prediction)
        asked = fingerprint({"model": model.id, "input": inputs})
        amount, at = model.price(inputs), prediction.created
        self._ledger.book(Charge(vendor=self.name, what=model.id, id=prediction.id, amount=amount, key=asked, at=at))
        return prediction

    def _keep(self, prediction: Prediction) -> None:
        self._memory.keep("prediction", prediction.id, prediction.to_json())

    def _shown(self, prediction: Prediction, *, at: float | None = None) -> Json:
        now = self._clock.now() if at is None else at
        return prediction.body(now, address=self.address, echo=self.echo_limit)

    def _find(self, call: Call) -> Prediction:
        with self._lock:
            prediction = self._predictions.get(call.words["id"])
        if prediction is None:
            raise Refused(self.error(404))
        return prediction

    async def _get(self, call: Call) -> Reply:
        prediction = self._find(call)
        if call.does == "data_removed":
            prediction.removed = True
            self._keep(prediction)
        return Reply(body=self._shown(prediction))

    async def _cancel(self, call: Call) -> Reply:
        prediction, now = self._find(call), self._clock.now()
        if prediction.status(now) not in ENDED:
            prediction.canceled = now
            self._keep(prediction)
        return Reply(body=self._shown(prediction))

    async def _list(self, call: Call) -> Reply:
        now = self._clock.now()
        known = [one for one in reversed(self.predictions) if one.created + self.list_lag <= now]
        try:
            found = page(known, call.request.query, size=self.page_size, address=f"{self.address}/v1/predictions")
        except ValueError as error:
            raise Refused(self.error(400, "created_after and created_before must be ISO 8601")) from error
        results = [self._shown(one) for one in found.items]
        return Reply(body={"next": found.following, "previous": found.previous, "results": results})

    async def _model(self, call: Call) -> Reply:
        name = f"{call.words['owner']}/{call.words['model']}"
        if call.does == "schema_change":
            self._changed.add(name)
        return Reply(body=hosted.described(self._hosted(name), self.address))

    async def _account(self, _call: Call) -> Reply:
        body = {"type": "user", "username": "simulated", "name": "Simulated account", "github_url": self.address}
        return Reply(body=body | {"avatar_url": f"{self.address}/avatar.png"})

    async def _secret(self, _call: Call) -> Reply:
        return Reply(body={"key": SECRET})

    async def _file(self, call: Call) -> Reply:
        prediction, name, now = self._find(call), call.words["file"], self._clock.now()
        made = prediction.status(now) == "succeeded" or prediction.does == "early_output"
        if name not in prediction.files or not made or prediction.is_gone(now):
            raise Refused(self.error(404))
        if call.does == "wrong_media":
            return Reply(body="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        data = await asyncio.to_thread(self._made, prediction, name)
        return Reply(body=data, content_type=_KINDS[name.rpartition(".")[2]])

    def _made(self, prediction: Prediction, name: str) -> bytes:
        model, inputs = HOSTED[prediction.model], prediction.input
        if not name.endswith(".mp4"):
            return films.paint(inputs, number=prediction.files.index(name))
        if self.small:
            return films.small_film(model.id, inputs, ffmpeg=self._ffmpeg)
        picture = self._picture(inputs, model.picture, hosted.NEW_PICTURE)
        return films.film(model.id, inputs, picture, ffmpeg=self._ffmpeg, short=prediction.does == "short_clip")

    async def _tell(self, prediction: Prediction) -> None:
        now = self._clock.now()
        for event in due_events(prediction, now):
            if event not in prediction.told:
                prediction.told.append(event)
                self._keep(prediction)
                body = self._shown(prediction, at=prediction.starts if event == "start" else now)
                await asyncio.to_thread(self.postman.tell, prediction.webhook, event, body, does=prediction.does)


def _wait(call: Call) -> float:
    """Return how long the client lets us hold the answer back, seconds."""
    found = re.search(r"wait(?:=(\d+))?", call.request.headers.get("prefer", ""))
    return min(_LONGEST_WAIT, float(found[1] or _LONGEST_WAIT)) if found else 0.0
