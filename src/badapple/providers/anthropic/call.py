"""One message to Claude as a paid call."""

from __future__ import annotations

import asyncio
import json
import math
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from badapple.errors import OutcomeUnknownError, PermanentProviderError
from badapple.models import Goods, Submission
from badapple.process import in_thread, with_room
from badapple.providers.anthropic import picture as pictures
from badapple.providers.anthropic.connection import connect, sdk
from badapple.providers.anthropic.faults import VENDOR, explained, largest_side, unreadable
from badapple.providers.replies import FACTOR, believed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.config import Access
    from badapple.models import Ticket
    from badapple.providers.anthropic.question import Question
    from badapple.providers.line import Line

__all__ = ["REPLY", "MessageCall"]

REPLY = "reply"  #: name of the goods' one file: the reply as it came, usage included
_TOO_LARGE = 413
_LONGEST_WORD = 200  #: characters
_MOST_TOKENS = 10_000_000  #: more than any model reads or writes in one call


class MessageCall:
    """Asks one question; the answer comes at once and is kept as it came, whatever it is worth.

    Args:
        question: what is asked.
        access: the key and the address.
        line: the way to the vendor.
        seconds: how long a reply may take.
    """

    def __init__(self, question: Question, *, access: Access, line: Line, seconds: float) -> None:
        self.order = question.order()
        self._question = question
        self._access = access
        self._line = line
        self._seconds = seconds

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:  # noqa: ARG002 - nothing echoes a marker
        """Send it; a picture that is too large for the vendor is sent once more, smaller.

        Raises:
            TransientProviderError: nothing was bought, and trying again later may help.
            PermanentProviderError: nothing was bought.
            OutcomeUnknownError: the model may have worked, and the answer is not here.
        """
        body = await in_thread(self._body, pictures.LARGEST_SIDE)
        try:
            raw, headers = await self._line.call(partial(self._send, body))
        except PermanentProviderError as error:
            if self._question.photo is None or not (error.reason == "image" or error.status_code == _TOO_LARGE):
                raise
            side = min(largest_side(error.__cause__) or pictures.LARGEST_SIDE, pictures.LARGEST_SIDE // 2)
            body = await in_thread(self._body, side)
            raw, headers = await self._line.call(partial(self._send, body))
        return await with_room(lambda: in_thread(self._kept, raw, headers, folder))

    async def find(self, ticket: Ticket) -> Submission | None:  # noqa: ARG002 - there is no list to look in
        """Find nothing: the vendor keeps no list of messages."""
        return None

    async def collect(self, submission: Submission, folder: Path) -> Goods:  # noqa: ARG002 - there is nothing to fetch
        """Bring nothing: an answer comes with the order or never.

        Raises:
            PermanentProviderError: always.
        """
        raise PermanentProviderError(
            "Claude's answer was lost before it was kept, and cannot be fetched again", provider=VENDOR, reason="lost",
            charged=self.order.estimate, hint="run the same command again",
        )  # fmt: skip

    async def cancel(self, vendor_id: str) -> None:
        """Do nothing: there is nothing that could be stopped."""

    def _body(self, side: int) -> dict[str, Any]:
        photo = self._question.photo
        return self._question.body(pictures.shrunk(photo, side=side) if photo is not None else None)

    async def _send(self, body: Mapping[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        connection = connect(self._access, seconds=self._seconds)
        try:
            async with asyncio.timeout(self._seconds):
                response = (await connection.create(**body)).http_response
        except (TimeoutError, sdk().AnthropicError) as error:
            raise explained(error) from error
        return response.content, response.headers

    def _kept(self, raw: bytes, headers: Mapping[str, str], folder: Path) -> Submission:
        """Keep the reply before anything is asked of it."""
        path = folder / "reply.json"
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        reply = _read(raw)
        tokens, cost = self._used(reply.get("usage"))
        goods = Goods(
            files={REPLY: path},
            facts={"stop_reason": _word(reply, "stop_reason"), "model": _word(reply, "model"), "usage": tokens},
            cost=cost,
        )
        return Submission(vendor_id=_word(reply, "id") or headers.get("request-id") or "", goods=goods)

    def _used(self, usage: object) -> tuple[dict[str, int], int | None]:
        """Return the tokens and what they cost; nothing where the vendor does not count, or not in earnest."""
        tokens = _tokens(usage if isinstance(usage, dict) else {})
        cost = self._question.cost(**tokens) if tokens else None
        if believed(cost, most=FACTOR * self.order.reserve, vendor=VENDOR, what="usage") is None:
            return {}, None
        return tokens, cost


def _read(raw: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _unreadable("it is no JSON") from error
    if not isinstance(reply, dict) or not isinstance(reply.get("content"), list):
        raise _unreadable("it is no message")
    return reply


def _word(reply: Mapping[str, Any], name: str) -> str | None:
    """Return what should be a short text; anything else would not fit into the books."""
    value = reply.get(name)
    return value[:_LONGEST_WORD] if isinstance(value, str) else None


def _unreadable(what: str) -> OutcomeUnknownError:
    return unreadable(what, status=200)


def _tokens(usage: Mapping[str, Any]) -> dict[str, int]:
    """Return the counted tokens by the names that prices go by; empty where one of them makes no sense."""
    names = {
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_creation_input_tokens": "cache_write_tokens",
    }
    said = {ours: usage[theirs] for theirs, ours in names.items() if usage.get(theirs) is not None}
    counted = {name: believed(count, most=_MOST_TOKENS, vendor=VENDOR, what=name) for name, count in said.items()}
    known = {name: math.ceil(count) for name, count in counted.items() if count is not None}
    return known if len(known) == len(said) else {}
