"""What is asked of Claude in one call: its words, its key, what it costs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from badapple.costs import prices
from badapple.models import Dedupe, Order, call_key
from badapple.providers.anthropic import prompts, schemas
from badapple.providers.anthropic.faults import VENDOR
from badapple.providers.anthropic.picture import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from badapple.providers.anthropic.picture import Picture

__all__ = ["BEST_MODEL", "MODEL", "MOST_PICTURE", "Question", "about_picture", "for_script", "sha256"]

MODEL = "claude-haiku-5-5"
BEST_MODEL = "claude-sonnet-5-5"
MOST_PICTURE = 2000  #: characters of a picture's description in a request
_TYPICAL_PICTURE = 900
_LOOK_TOKENS, _WRITE_TOKENS = 1200, 2400  #: that an answer may have, thinking included
_TYPICAL_LOOK, _TYPICAL_WRITE = 260, 850
_AROUND = 400  #: tokens at most that the vendor adds to a request, the schema's own frame among them
#: The estimate counts as tokenizers do on average; what is reserved must hold for any text.
_TYPICAL_LETTERS, _FEWEST_LETTERS, _MOST_FOREIGN = 4, 3, 2
_TYPICAL_PIXELS, _FEWEST_PIXELS = 750, 500  #: of a picture, for one token


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call.

    Attributes:
        key: what is wanted, see `Order.key`.
        label: for people.
        model: who is asked.
        system: the rules.
        schema: of the answer.
        turns: the conversation so far, oldest first; texts by role.
        max_tokens: of the answer.
        typical: tokens of a usual answer.
        photo: a picture that stands before the first text, or None.
        photo_size: its size in px.
        pixels: SHA-256 of what it shows.
        picture_text: the part of the first text that a picture's description takes; it is counted by its limit, so
            that a quote can be made before there is one.
        own_prices: of the user's own, or None.
    """

    key: str
    label: str
    model: str
    system: str
    schema: Mapping[str, Any]
    turns: tuple[tuple[str, str], ...]
    max_tokens: int
    typical: int
    photo: Path | None = None
    photo_size: tuple[int, int] = (0, 0)
    pixels: str = ""
    picture_text: str = field(default="", repr=False)
    own_prices: Path | None = None

    def body(self, picture: Picture | None = None) -> dict[str, Any]:
        """Return the JSON that is sent; without the picture, its hash stands in its place."""
        turns: list[dict[str, Any]] = [
            {"role": role, "content": [{"type": "text", "text": text}]} for role, text in self.turns
        ]
        if self.photo is not None:
            data = picture.data if picture is not None else f"sha256 of the pixels: {self.pixels}"
            source = {"type": "base64", "media_type": "image/jpeg", "data": data}
            turns[0]["content"].insert(0, {"type": "image", "source": source})
        return {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "system": [{"type": "text", "text": self.system, "cache_control": {"type": "ephemeral"}}],
            "messages": turns,
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": dict(self.schema)}},
        }

    def order(self) -> Order:
        """Return it for the books.

        Raises:
            ConfigError: the model has no price.
        """
        typical, most = self._input()
        return Order(
            key=self.key,
            vendor=VENDOR,
            model=self.model,
            label=self.label,
            dedupe=Dedupe.NONE,  # no idempotency key, no list of past messages
            estimate=self.cost(input_tokens=typical, output_tokens=min(self.typical, self.max_tokens)),
            reserve=self.cost(cache_write_tokens=most, output_tokens=self.max_tokens),  # the dearest way to be read
            request=self.body(),
        )

    def cost(self, **tokens: int) -> int:
        """Return the micro-dollars of tokens.

        Raises:
            ConfigError: the model has no price.
        """
        units: dict[str, Any] = {**tokens}
        return prices.cost(VENDOR, self.model, own=self.own_prices, **units)

    def longer(self) -> Question:
        """Return the same question with room for an answer of twice the length."""
        key = call_key(owner="", vendor=VENDOR, model=self.model, longer=self.key)
        return replace(self, key=key, max_tokens=2 * self.max_tokens, label=f"{self.label}, with more room")

    def mended(self, reply: str, *, sha256: str, faults: Sequence[str]) -> Question:
        """Return the question that asks for a better answer than `reply`, whose raw bytes have that hash."""
        key = call_key(owner="", vendor=VENDOR, model=self.model, mended=self.key, reply=sha256)
        said = reply.strip() or "{}"  # the vendor takes no empty turn
        more = (("assistant", said), ("user", prompts.mend(list(faults))))
        return replace(self, key=key, turns=(*self.turns, *more), label=f"{self.label}, second try")

    def _input(self) -> tuple[int, int]:
        """Return the tokens that are read: usually, and at most."""
        turns = [text.replace(self.picture_text, "") if self.picture_text else text for _, text in self.turns]
        text = json.dumps([self.system, self.schema, turns], ensure_ascii=False)
        foreign = len(text) - len(text.encode("ascii", "ignore"))
        typical = len(text) // _TYPICAL_LETTERS + foreign // 2
        most = len(text) // _FEWEST_LETTERS + _MOST_FOREIGN * foreign
        if self.picture_text:
            typical += _TYPICAL_PICTURE // _TYPICAL_LETTERS
            most += _MOST_FOREIGN * MOST_PICTURE  # labels may be in any script
        if self.photo is not None:
            width, height = fitted(self.photo_size)
            typical += width * height // _TYPICAL_PIXELS
            most += width * height // _FEWEST_PIXELS
        return typical, most + _AROUND


def about_picture(
    photo: Path, *, size: tuple[int, int], pixels: str, owner: str, model: str, own_prices: Path | None
) -> Question:
    """Ask what a picture shows; the same for every name, style and call to action."""
    return Question(
        key=call_key(owner=owner, vendor=VENDOR, model=model, picture=pixels, prompt=prompts.PICTURE_VERSION),
        label="picture description", model=model, system=prompts.LOOK, schema=schemas.picture(),
        turns=(("user", prompts.DESCRIBE),), max_tokens=_LOOK_TOKENS, typical=_TYPICAL_LOOK, photo=photo,
        photo_size=size, pixels=pixels, own_prices=own_prices,
    )  # fmt: skip


def for_script(
    brief: Mapping[str, Any],
    picture: str | None,
    *,
    wanted: Mapping[str, Any],
    picture_key: str | None,
    most_words: Sequence[int],
    owner: str,
    model: str,
    own_prices: Path | None,
) -> Question:
    """Ask for a script.

    Args:
        brief: JSON values.
        picture: the description as JSON; any text stands for one that is not there yet; None without a picture.
        wanted: what of the brief the key goes by.
        picture_key: key of the question that the description answers, or None without a picture.
        most_words: of each scene's voice.
        owner: whose money it is.
        model: who is asked.
        own_prices: of the user's own, or None.
    """
    seen = f"<picture>{_fenced(picture)}</picture>\n" if picture is not None else ""
    text = f"{seen}<brief>{_fenced(json.dumps(brief, ensure_ascii=False))}</brief>\n{prompts.WRITE}"
    if brief.get("forbidden_words"):
        text = f"{text} {prompts.AVOID}"
    key = call_key(
        owner=owner, vendor=VENDOR, model=model, brief=wanted, picture=picture_key, prompt=prompts.SCRIPT_VERSION
    )
    return Question(
        key=key, label="script", model=model, system=prompts.WRITER, schema=schemas.script(most_words),
        turns=(("user", text),), max_tokens=_WRITE_TOKENS, typical=_TYPICAL_WRITE, picture_text=seen,
        own_prices=own_prices,
    )  # fmt: skip


def sha256(data: bytes) -> str:
    """Return the hash of a reply in hex."""
    return hashlib.sha256(data).hexdigest()


def _fenced(text: str) -> str:
    """Return JSON in which no text can end the block that it stands in."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
