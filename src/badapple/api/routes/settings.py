"""What can be set while the server runs: keys of vendors, and caps on spending. No key is ever told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from badapple import __version__
from badapple.access import ADMIN, Principal
from badapple.access.principals import LOCAL
from badapple.api.deps import Admin, DoorsDep, Reader
from badapple.api.documented import problems
from badapple.api.problems import api_words
from badapple.costs.allowance import Allowance
from badapple.errors import ConfigError, ForbiddenError
from badapple.jobs import settings as setting
from badapple.process import in_thread

if TYPE_CHECKING:
    from badapple.config import Settings as Configured

__all__ = ["router"]

router = APIRouter(tags=["settings"], prefix="/settings")
Vendor = Literal["anthropic", "elevenlabs", "replicate"]
_DOLLARS = 1_000_000
#: Blanks and line breaks around it, as they come along when a key is copied, are dropped.
_KEY = r"^[ \t\r\n]*[!-~]{8,500}[ \t\r\n]*$"
Named = Annotated[Vendor, Path(description="Whose.")]
Amount = Annotated[float, Field(ge=0, le=_DOLLARS, allow_inf_nan=False, strict=True, examples=[1.5])]


class _Answer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ProviderSetting(_Answer):
    """A vendor, and whether it can be used here. Its key is never told."""

    name: Vendor
    """Names it in addresses."""
    title: str
    """For people."""
    variable: str
    """The variable of its key."""
    configured: bool
    """Whether there is a key."""
    source: Literal["environment", "config", "file"] | None
    """Where the key comes from: a variable of the environment, `badapple.toml`, `secrets.toml`; null where there
    is none. The first that has one counts."""
    writable: bool
    """Whether you may set or remove the key here."""
    locked_because: str | None
    """Why you may not; null where you may."""
    used_for: list[Literal["script", "voice", "video", "cta"]]
    """The parts that it makes where it is asked to."""
    usable: bool
    """Whether it can be used now: there is a key, and its package is installed."""
    lacks: str | None
    """What is missing; null where it can be used."""


class Caps(_Answer):
    """The most that may be spent, in dollars. The lowest cap holds; null is none."""

    job_usd: float | None
    """What you set for each job."""
    daily_usd: float | None
    """What you set for each day (UTC)."""
    configured_job_usd: float | None
    """What whoever runs the server set for each job."""
    configured_daily_usd: float | None
    """What they set for what one owner spends in a day."""
    effective_job_usd: float | None
    """What holds for each job."""
    effective_daily_usd: float | None
    """What holds for each day."""
    spent_today_usd: float
    """What you spent today, together with what is reserved."""
    writable: bool
    """Whether you may set your caps."""


class Sandbox(_Answer):
    """How programs that read others' files are locked in."""

    level: Literal["bubblewrap", "limits", "none"]
    """`bubblewrap`: out of reach of network and files; `limits`: bounded in time and memory only; `none`: it has to be
    locked in and cannot be, so that no file is read."""
    detail: str | None
    """Why it is not bubblewrap, for whoever runs the server."""
    hint: str | None
    """What to do about that."""


class SecretsFile(_Answer):
    """The file that keys are kept in that are set here, for whoever runs the server."""

    problem: str | None
    """Why it is not used; null where it can be."""
    hint: str | None
    """What to do about that."""


class ServerSettings(_Answer):
    """What can be set, and how it is set now."""

    version: str
    """Of badapple."""
    providers: list[ProviderSetting]
    """Every vendor."""
    caps: Caps
    """The most that may be spent."""
    sandbox: Sandbox
    """How safely others' files are read."""
    secrets_file: SecretsFile
    """Where keys are kept."""


def _key(text: str) -> str:
    """Return a key without what came along when it was copied."""
    if re.fullmatch(_KEY, text) is None:
        raise ValueError("A key has 8 to 500 letters, digits and signs, without blanks between them.")
    return text.strip()


class KeyEntry(_Asked):
    """A vendor's key."""

    key: Annotated[
        str,
        Field(repr=False, json_schema_extra={"pattern": _KEY, "format": "password", "writeOnly": True}),
        AfterValidator(_key),
    ]
    """As the vendor shows it. It is never told again."""


class CapsEntry(_Asked):
    """Your caps; what is left out or null sets none."""

    job_usd: Amount | None = None
    """Dollars that one job may cost at most."""
    daily_usd: Amount | None = None
    """Dollars that all your jobs may cost in a day (UTC)."""


class ProviderTest(_Answer):
    """What a free question to a vendor found."""

    ok: bool
    """Whether it can be used."""
    detail: str
    """What was found."""
    hint: str | None
    """What to do about it; null where nothing is to be done."""


async def _operator(who: Admin) -> Principal:
    """Let in whoever runs the server: a vendor's account takes in what all owners send."""
    if who.owner != LOCAL.owner:
        raise ForbiddenError(
            "vendors' keys are those of all owners: this needs an admin of the owner local",
            hint="ask whoever runs the server",
        )
    return who


Operator = Annotated[Principal, Depends(_operator)]


@router.get("", operation_id="getSettings")
async def get_settings(house: DoorsDep, who: Reader) -> ServerSettings:
    """Say which vendors can be used, what may be spent, and how safely files are read."""
    return await in_thread(_settings, house.settings, who)


@router.put("/keys/{provider}", operation_id="putProviderKey", responses=problems(409, 507))
async def put_provider_key(provider: Named, asked: KeyEntry, house: DoorsDep, who: Operator) -> ProviderSetting:
    """Keep a vendor's key in `secrets.toml`; the next job uses it, and nothing is started anew.

    A key in the environment or in `badapple.toml` wins: then this is refused.
    """
    return _provider(await in_thread(setting.put_key, house.settings, provider, asked.key), who)


@router.delete("/keys/{provider}", operation_id="deleteProviderKey", responses=problems(409, 507))
async def delete_provider_key(provider: Named, house: DoorsDep, who: Operator, request: Request) -> ProviderSetting:
    """Remove a vendor's key from `secrets.toml`. Where there is none, nothing happens."""
    request.scope["badapple.audit"] = {"facts": {"removed": True}}
    return _provider(await in_thread(setting.forget_key, house.settings, provider), who)


@router.post("/providers/{provider}/test", operation_id="testProvider")
async def try_provider(provider: Named, house: DoorsDep, _who: Operator) -> ProviderTest:
    """Ask a vendor whether the key works and its models take what is sent. It is free, and takes 20 s at most."""
    found = await setting.ask(house.settings, provider)
    return ProviderTest(ok=found.ok, detail=api_words(found.detail), hint=api_words(found.hint) or None)


@router.put("/caps", operation_id="putCaps")
async def put_caps(asked: CapsEntry, house: DoorsDep, who: Admin, request: Request) -> Caps:
    """Set your own caps. The lower of yours and the server's holds; a cap is no word that anything may be bought."""
    request.scope["badapple.audit"] = {"facts": {"job_usd": asked.job_usd, "daily_usd": asked.daily_usd}}
    own = Allowance(job=_micros(asked.job_usd), day=_micros(asked.daily_usd))
    return _caps(await in_thread(setting.put_caps, house.settings, who.owner, own), who)


def _settings(settings: Configured, who: Principal) -> ServerSettings:
    runs_it = _runs(who)
    problem, hint = setting.secrets_flaw(settings) if runs_it else ("", "")
    return ServerSettings(
        version=__version__,
        providers=[_provider(view, who) for view in setting.vendors(settings)],
        caps=_caps(setting.caps(settings, who.owner), who),
        sandbox=_sandbox(settings, tell=runs_it),
        secrets_file=SecretsFile(problem=problem or None, hint=hint or None),
    )


def _provider(view: setting.VendorView, who: Principal) -> ProviderSetting:
    locked = view.fixed if _runs(who) else "only an admin of the owner local may change keys"
    return ProviderSetting.model_validate(
        {
            "name": view.name, "title": view.title, "variable": view.variable, "configured": view.source is not None,
            "source": view.source, "writable": not locked, "locked_because": locked or None, "used_for": view.parts,
            "usable": not view.lacks, "lacks": view.lacks or None,
        }
    )  # fmt: skip


def _caps(view: setting.CapsView, who: Principal) -> Caps:
    own, given, holds = view.own, view.configured, view.holds
    return Caps(
        job_usd=_dollars(own.job), daily_usd=_dollars(own.day), configured_job_usd=_dollars(given.job),
        configured_daily_usd=_dollars(given.day), effective_job_usd=_dollars(holds.job),
        effective_daily_usd=_dollars(holds.day), spent_today_usd=view.today / _DOLLARS, writable=who.may(ADMIN),
    )  # fmt: skip


def _sandbox(settings: Configured, *, tell: bool) -> Sandbox:
    level: Literal["bubblewrap", "limits", "none"]
    try:
        found = setting.sandbox(settings)
        level, detail, hint = found.name, found.reason, found.hint
    except ConfigError as error:
        level, detail, hint = "none", str(error), error.hint
    if not tell:
        detail = hint = ""
    return Sandbox(level=level, detail=detail or None, hint=hint or None)


def _runs(who: Principal) -> bool:
    """Say whether somebody may do what concerns the server as a whole."""
    return who.owner == LOCAL.owner and who.may(ADMIN)


def _micros(dollars: float | None) -> int | None:
    return None if dollars is None else int(dollars * 1_000_000 + 1e-3)


def _dollars(micros: int | None) -> float | None:
    return None if micros is None else micros / 1_000_000
