"""The simulated Anthropic API: messages that keep to their schema, models, and errors as the vendor words them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from badapple.testing.simulators import replies
from badapple.testing.simulators.catalogue import CLAUDE, CLAUDE_KEY
from badapple.testing.simulators.copywriter import Copywriter, read_brief
from badapple.testing.simulators.front import Entry, Refused
from badapple.testing.simulators.ids import Ids
from badapple.testing.simulators.ledger import Charge, fingerprint
from badapple.testing.simulators.pictures import PictureFlaw, sent_picture
from badapple.testing.simulators.schemas import broken, unsupported
from badapple.testing.simulators.shapes import REQUESTS
from badapple.testing.simulators.traffic import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from badapple.testing.simulators.catalogue import Claude
    from badapple.testing.simulators.clock import Clock
    from badapple.testing.simulators.latency import Latency
    from badapple.testing.simulators.ledger import Ledger
    from badapple.testing.simulators.traffic import Call, Json, Request

__all__ = ["AnthropicSimulator"]

_LARGEST_REQUEST = 32 << 20
_LIMITS = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-input-tokens-limit": "50000",
    "anthropic-ratelimit-input-tokens-remaining": "48000",
    "anthropic-ratelimit-output-tokens-limit": "10000",
    "anthropic-ratelimit-output-tokens-remaining": "9000",
}


class AnthropicSimulator:
    """Answers as the Anthropic API does."""

    name = "anthropic"

    def __init__(self, *, clock: Clock, ledger: Ledger, latency: Latency) -> None:
        self._clock = clock
        self._ledger = ledger
        self._latency = latency
        self._ids = Ids()

    def entries(self) -> Sequence[Entry]:
        """Return all routes."""
        return (
            Entry(method="POST", path="/v1/messages", name="messages", handler=self._messages),
            Entry(method="GET", path="/v1/models", name="models", handler=self._models),
            Entry(method="GET", path="/v1/models/{model}", name="model_info", handler=self._model_info),
        )

    def error(self, status: int, message: str = "") -> Reply:
        """Return the vendor's body for a status."""
        return replies.anthropic(status, message)

    def sign_in(self, request: Request) -> Reply | None:
        """Refuse a request without the right key or version."""
        sent = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if sent != CLAUDE_KEY:
            return self.error(401)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", request.headers.get("anthropic-version", "")):
            return self.error(400, "anthropic-version: header is required")
        return None

    def misbehave(self, call: Call) -> Reply | None:
        """Return the answer of a behaviour that does nothing else."""
        fault = call.fault
        if fault is None or fault.does is None:
            return None
        if fault.does == "retired" and call.request.route == "messages":
            return self.error(404, f"model: {call.json.get('model')}")
        known = {
            "rate_limit": replace(self.error(429), headers={"retry-after": f"{fault.retry_after:g}"}),
            "overloaded": self.error(529),
            "spend_limit": replies.anthropic(
                429, "You have reached your specified API usage limits.", code="enforced_spend_limit_reached"
            ),
            "no_credit": self.error(402),
            "unauthorized": self.error(401),
            "image_too_large": replies.image_too_large(),
        }
        return known.get(fault.does)

    def finish(self, reply: Reply, call: Call) -> Reply:
        """Add the request's id and what is left of the limits."""
        name = self._ids.new("req_")
        body = reply.body | {"request_id": name} if reply.status >= 400 and isinstance(reply.body, dict) else reply.body
        more = _LIMITS if call.request.route == "messages" else {}
        return replace(reply, body=body, headers={"request-id": name, **more, **reply.headers})

    async def work(self) -> None:
        """Do nothing: messages are answered when they come."""

    async def _models(self, call: Call) -> Reply:
        data = [replies.claude(model, retired=call.does == "retired") for model in CLAUDE.values()]
        return Reply(body={"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})

    async def _model_info(self, call: Call) -> Reply:
        model = CLAUDE.get(call.words["model"])
        if model is None:
            return self.error(404, f"model: {call.words['model']}")
        return Reply(body=replies.claude(model, retired=call.does == "retired"))

    async def _messages(self, call: Call) -> Reply:
        model, pictures, schema = self._check(call)
        asked = _texts(call.json)
        tokens = sum(map(len, asked)) // 4 + sum(round(one.width * one.height / 750) for one in pictures)
        text, reason, details = _written(Copywriter(read_brief(asked), pictures=pictures, does=call.does), schema, call)
        most, spent = int(call.json["max_tokens"]), max(1, math.ceil(len(text) / 4))
        if spent > most:
            text, spent, reason = text[: most * 4], most, "max_tokens"
        charge = Charge(
            vendor=self.name,
            what=model.id,
            id=self._ids.new("msg_"),
            amount=math.ceil(tokens * model.input_price + spent * model.output_price),
            key=fingerprint(call.json),
            at=self._clock.now(),
        )
        self._ledger.book(charge)
        await self._clock.sleep_until(charge.at + self._latency.of("messages"))
        ended = {"stop_reason": reason, "stop_details": details}
        return Reply(body=replies.message(charge.id, model.id, text, tokens=(tokens, spent)) | ended)

    def _check(self, call: Call) -> tuple[Claude, list[Image], Json | None]:
        body = call.json
        if len(call.request.raw) > _LARGEST_REQUEST:
            raise Refused(self.error(413))
        if flaws := broken(REQUESTS[self.name, "messages"], body):
            raise Refused(self.error(400, flaws[0]))
        model = CLAUDE.get(body["model"])
        if model is None or model.lifecycle == "retired":
            raise Refused(self.error(404, f"model: {body['model']}"))
        sources = [block["source"] for block in _blocks(body) if block["type"] == "image"]
        return model, [self._picture(source) for source in sources], self._schema(body)

    def _picture(self, source: Json) -> Image:
        try:
            return sent_picture(source)
        except PictureFlaw as flaw:
            raise Refused(replies.image_too_large() if flaw.too_large else self.error(400, str(flaw))) from flaw

    def _schema(self, body: Json) -> Json | None:
        schema: Json | None = body.get("output_config", {}).get("format", {}).get("schema")
        if schema is not None and (said := unsupported(schema)):
            raise Refused(self.error(400, f"output_config.format.schema: {said}"))
        return schema


def _blocks(body: Json) -> Iterator[Json]:
    for message in body["messages"]:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


def _texts(body: Json) -> list[str]:
    system = body.get("system") or []
    before = [system] if isinstance(system, str) else [block["text"] for block in system]
    return [*before, *(block["text"] for block in _blocks(body) if block["type"] == "text")]


def _written(writer: Copywriter, schema: Json | None, call: Call) -> tuple[str, str, Json | None]:
    """Return text, stop reason and stop details."""
    if call.does == "refusal":
        details = {"type": "refusal", "category": "general_harms", "explanation": "The request was declined."}
        return "", "refusal", details
    text = json.dumps(writer.fill(schema), ensure_ascii=False) if schema is not None else writer.plain()
    if call.does == "bad_json":
        return f"Here is the script:\n```json\n{text[: len(text) // 2]}", "end_turn", None
    if call.does == "max_tokens":
        return text[: len(text) // 2], "max_tokens", None
    return text, "end_turn", None
