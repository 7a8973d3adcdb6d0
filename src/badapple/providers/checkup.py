"""A look at every vendor whose key is set: free calls only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from badapple.costs.money import dollars
from badapple.errors import BadappleError, PermanentProviderError
from badapple.providers import connections
from badapple.providers.choice import VENDORS
from badapple.providers.line import Line, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from badapple.config import Settings

__all__ = ["Checkup", "check_up"]

_QUALITIES: tuple[Literal["fast", "best"], ...] = ("fast", "best")
_PATIENCE = Patience(attempts=2, seconds=20.0, first=0.5, most=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What one look found: `ok`, `warn` or `fail`, in words, and what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


async def check_up(settings: Settings, *, only: str | None = None) -> list[Checkup]:
    """Ask each vendor whose key is set about the key, the models and their inputs; nothing is bought.

    Args:
        settings: the keys.
        only: one vendor, or None for all.
    """
    looks: dict[str, Callable[[Settings], AsyncIterator[Checkup]]] = {
        "anthropic": _claude, "elevenlabs": _elevenlabs, "replicate": _replicate,
    }  # fmt: skip
    found: list[Checkup] = []
    async with connections.kept():
        for vendor, look in looks.items():
            if only is not None and vendor != only:
                continue
            access = settings.vendors[vendor]
            if access.key is None:
                detail = f"{access.variable} is not set; its part is made offline"
                found.append(Checkup(name=VENDORS[vendor], state="ok", detail=detail))
                continue
            try:
                found += [checkup async for checkup in look(settings)]
            except BadappleError as error:
                found.append(Checkup(name=VENDORS[vendor], state="fail", detail=str(error), fix=error.hint))
    return found


async def _claude(settings: Settings) -> AsyncIterator[Checkup]:
    from badapple.providers.anthropic import BEST_MODEL, MODEL  # noqa: PLC0415 - its SDK may not be installed
    from badapple.providers.anthropic.lifecycle import lifecycle  # noqa: PLC0415

    line = Line("anthropic", patience=_PATIENCE)
    for model in (MODEL, BEST_MODEL):
        life = await lifecycle(settings.vendors["anthropic"], line, model)
        lacks = [name for name in ("image_input", "structured_outputs") if not life.can.get(name, True)]
        if life.state == "retired" or lacks:
            why = "is retired" if life.state == "retired" else f"lacks {', '.join(lacks)}"
            fix = "choose another with --script-model"
            yield Checkup(name="Claude", state="fail", detail=f"{model} {why}", fix=fix)
        elif life.state == "deprecated":
            fix = "choose another with --script-model before then"
            yield Checkup(name="Claude", state="warn", detail=f"{model} will be retired {life.retires_at}", fix=fix)
        else:
            yield Checkup(name="Claude", state="ok", detail=f"{model} is {life.state}")


async def _elevenlabs(settings: Settings) -> AsyncIterator[Checkup]:
    from badapple.providers.elevenlabs.account import preflight  # noqa: PLC0415

    line = Line("elevenlabs", patience=_PATIENCE)
    credit = await preflight(settings.vendors["elevenlabs"], line, model="eleven_multilingual_v2", characters=0)
    if credit.left is None:
        yield Checkup(name="ElevenLabs", state="ok", detail="the key works; what is left cannot be told")
        return
    enough = credit.left >= 500
    fix = "" if enough else "an ad needs about 400; top up, or use --voice-by offline"
    yield Checkup(name="ElevenLabs", state="ok" if enough else "warn", detail=f"{credit.left} characters left", fix=fix)


async def _replicate(settings: Settings) -> AsyncIterator[Checkup]:
    from badapple.providers.replicate import ReplicateClient, catalogue  # noqa: PLC0415
    from badapple.providers.replicate.schema import misfit  # noqa: PLC0415

    line = Line("replicate", patience=_PATIENCE)
    access = settings.vendors["replicate"]
    client = connections.shared(("replicate checkup", access), lambda: ReplicateClient(access))
    account = await line.ask(client.account)
    yield Checkup(name="Replicate", state="ok", detail=f"the key works, account {account.username}")
    clips = [catalogue.model(catalogue.default(use), kind="video") for use in _QUALITIES]
    for model in (*clips, catalogue.model(catalogue.default("picture"), kind="picture")):
        name = model.name
        try:
            flaw = await misfit(model, client=client, line=line)
        except PermanentProviderError as error:
            flaw = str(error)
        fix = "choose another model, e.g. with --video-by, or update badapple" if flaw else ""
        detail = f"{name}: {flaw}" if flaw else f"{name} takes what is sent, {_price(name)}"
        yield Checkup(name="Replicate", state="fail" if flaw else "ok", detail=detail, fix=fix)


def _price(name: str) -> str:
    from badapple.costs import prices  # noqa: PLC0415

    each = prices.cost("replicate", name, outputs=1, seconds=6)
    return f"{dollars(each)} each"
