"""Claude as a writer of scripts."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from badapple.costs.money import dollars
from badapple.errors import BudgetError, ConfigError, PermanentProviderError
from badapple.models import Maker, forbidden_in
from badapple.process import in_thread
from badapple.providers.anthropic import picture as pictures
from badapple.providers.anthropic import prompts, reply, rules
from badapple.providers.anthropic.call import REPLY, MessageCall
from badapple.providers.anthropic.connection import connect, sdk
from badapple.providers.anthropic.faults import VENDOR
from badapple.providers.anthropic.film import compose
from badapple.providers.anthropic.question import MODEL, about_picture, for_script, sha256
from badapple.providers.anthropic.rules import Task

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Access
    from badapple.errors import Reason
    from badapple.models import Brief, Order, Product, SceneOffer, Script
    from badapple.ports import Till
    from badapple.providers.anthropic.guard import Vouched
    from badapple.providers.anthropic.question import Question
    from badapple.providers.anthropic.reply import ScriptParts
    from badapple.providers.line import Line

__all__ = ["ClaudeScriptWriter"]

_ANOTHER = "another --seed asks anew; --script-by offline writes without a vendor"
_LONGEST_WHY = 300  #: characters of the vendor's own words


@dataclass(slots=True)
class _Spent:
    """Micro-dollars that one script was charged so far."""

    micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One answer: the question it is for, its text, the hash of its raw bytes, whether it ends too early."""

    question: Question
    text: str
    sha256: str
    cut_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """One answer, read: its parts where it has any, what is wrong with its form, what nobody vouches for."""

    parts: ScriptParts | None
    form: list[str]
    claims: list[str] = field(default_factory=list)

    @property
    def usable(self) -> ScriptParts | None:
        """The parts where only sentences have to go, if any."""
        return None if self.form else self.parts


class ClaudeScriptWriter:
    """Writes a script in two paid calls: what the picture shows, then the words; a third mends what is wrong.

    Args:
        access: the key and the address.
        till: buys.
        line: the way to the vendor.
        model: a model of Claude's.
        style_dirs: folders with the user's own styles.
        seconds: how long one reply may take.
        own_prices: prices of the user's own, or None.

    Raises:
        ConfigError: the SDK is not installed.
    """

    def __init__(
        self,
        *,
        access: Access,
        till: Till,
        line: Line,
        model: str = MODEL,
        style_dirs: tuple[Path, ...] = (),
        seconds: float = 60.0,
        own_prices: Path | None = None,
    ) -> None:
        if importlib.util.find_spec("anthropic") is None:
            raise ConfigError(
                "Claude was chosen, but the package anthropic is not installed",
                hint="pip install 'badapple[anthropic]'",
            )
        self.maker = Maker(name="claude", model=model, generated=True)
        self._access = access
        self._till = till
        self._line = line
        self._style_dirs = style_dirs
        self._seconds = seconds
        self._own_prices = own_prices

    def calls(self, brief: Brief, product: Product, offer: SceneOffer) -> tuple[Order, ...]:
        """Return what a script would buy, as far as can be known before any answer; reads the photo, asks nobody.

        Raises:
            ConfigError: the style or the model's price is not known, or the offered lengths do not make a film.
        """
        task = Task.of(brief, offer, style_dirs=self._style_dirs)
        look = self._look(product)
        script = self._script(task, "" if look is not None else None, look=look)
        return tuple(question.order() for question in (look, script) if question is not None)

    async def write(self, brief: Brief, product: Product, offer: SceneOffer) -> Script:
        """Write four scenes and the end card that fit 900 frames.

        Raises:
            ConfigError: the style or the model's price is not known, or there is no key.
            ProviderError: the vendor fails, refuses, or answers with nothing that can be used; `charged` says what
                it cost.
        """
        await in_thread(sdk)  # a second of imports
        connect(self._access, seconds=self._seconds)  # a missing key is said before anything is written down
        task = await in_thread(Task.of, brief, offer, style_dirs=self._style_dirs)
        spent = _Spent()
        look = await in_thread(self._look, product)
        picture = await self._seen(look, spent) if look is not None else None
        described = json.dumps(picture, ensure_ascii=False) if picture is not None else None
        vouched = task.vouched(picture)
        question = self._script(task, described, look=look if picture is not None else None)
        parts = await self._written(question, task, vouched, spent)
        script = await in_thread(compose, parts, task, vouched)
        if script is None:
            raise _failed("Claude's script says nothing that the brief or the picture vouches for", "refused", spent)
        if word := next((word for _, text in script.texts if (word := forbidden_in(text, brief.forbidden))), ""):
            raise _failed(f"Claude's script says {word!r}, which the brand kit forbids", "refused", spent)
        return script

    def _look(self, product: Product) -> Question | None:
        if product.photo is None:
            return None
        return about_picture(
            product.photo, size=product.size, pixels=pictures.pixels(product.photo), owner=self._till.owner,
            model=self.maker.model, own_prices=self._own_prices,
        )  # fmt: skip

    def _script(self, task: Task, picture: str | None, *, look: Question | None) -> Question:
        return for_script(
            task.data(), picture, wanted=task.wanted(), picture_key=look.key if look is not None else None,
            most_words=task.words, owner=self._till.owner, model=self.maker.model, own_prices=self._own_prices,
        )  # fmt: skip

    async def _seen(self, look: Question, spent: _Spent) -> dict[str, Any] | None:
        """Return what the picture shows; None where the answer cannot be read, for a script can do without."""
        answer = await self._asked(look, spent)
        if answer.cut_off:
            return None
        return reply.picture_facts(answer.text, prompts=prompts.secret_texts())

    async def _written(self, question: Question, task: Task, vouched: Vouched, spent: _Spent) -> ScriptParts:
        """Return the words of the first answer, or of the second where the first has faults."""
        answer = await self._asked(question, spent)
        if answer.cut_off:
            raise _failed("Claude's answer was cut off twice", "media", spent)
        first = await in_thread(_read, answer, task, vouched)
        if first.usable is not None and not first.claims:
            return first.usable
        mended = answer.question.mended(answer.text, sha256=answer.sha256, faults=[*first.form, *first.claims])
        try:
            second = await in_thread(_read, await self._once(mended, spent), task, vouched)
        except (PermanentProviderError, BudgetError):
            if first.usable is None:
                raise
            return first.usable  # its sentences that nobody vouches for go
        usable = second.usable or first.usable
        if usable is None:
            raise _failed(f"Claude's script cannot be used, twice: {'; '.join(second.form[:3])}", "media", spent)
        return usable

    async def _asked(self, question: Question, spent: _Spent) -> _Answer:
        """Return the answer; one that was cut off is asked for once more with twice the room."""
        answer = await self._once(question, spent)
        return await self._once(question.longer(), spent) if answer.cut_off else answer

    async def _once(self, question: Question, spent: _Spent) -> _Answer:
        call = MessageCall(question, access=self._access, line=self._line, seconds=self._seconds)
        bought = await self._till.once(call)
        spent.micros += bought.cost
        raw = await in_thread(bought.files[REPLY].read_bytes)
        try:
            message = reply.message(raw)
        except ValueError as error:
            raise _failed("Claude's answer is no message", "media", spent) from error
        if message.stop_reason == "refusal":
            raise _refused(message, spent)
        if message.stop_reason == "model_context_window_exceeded":
            raise _failed("the request was too long for this model", "input", spent)
        cut_off = message.stop_reason == "max_tokens"
        return _Answer(question=question, text=message.text, sha256=sha256(raw), cut_off=cut_off)


def _read(answer: _Answer, task: Task, vouched: Vouched) -> _Draft:
    if answer.cut_off:
        return _Draft(parts=None, form=["the answer: was cut off"])
    parts, form = reply.script_parts(answer.text)
    if parts is None:
        return _Draft(parts=None, form=form)
    return _Draft(parts=parts, form=rules.form(parts, task), claims=rules.claims(parts, task, vouched))


def _refused(message: reply.Message, spent: _Spent) -> PermanentProviderError:
    details = message.stop_details or {}
    words = (details.get(name) for name in ("explanation", "category"))
    why = next((text[:_LONGEST_WHY] for text in words if isinstance(text, str) and text), "")
    return _failed(f"Claude refuses to write this{f' ({why})' if why else ''}", "refused", spent)


def _failed(said: str, reason: Reason, spent: _Spent) -> PermanentProviderError:
    charged = f"{dollars(spent.micros)} was charged" if spent.micros else "nothing new was charged"
    return PermanentProviderError(
        f"{said}; {charged}", provider=VENDOR, reason=reason, charged=spent.micros, hint=_ANOTHER
    )
