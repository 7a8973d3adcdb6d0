"""What can be set while the program runs: vendors' keys, and caps on spending."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from badapple.config import SecretsFile
from badapple.costs import budget
from badapple.costs.allowance import Allowance, allow, allowance, lower
from badapple.database import open_database
from badapple.database.transactions import again
from badapple.errors import ConfigError, ConflictError
from badapple.process import in_thread
from badapple.providers.choice import PARTS, VENDORS
from badapple.providers.purchasing import PACKAGES

if TYPE_CHECKING:
    from badapple.config import Access, Settings
    from badapple.config.keys import Source
    from badapple.process.sandbox import Level

__all__ = [
    "AnswerView",
    "CapsView",
    "VendorView",
    "ask",
    "caps",
    "forget_key",
    "put_caps",
    "put_key",
    "sandbox",
    "secrets_flaw",
    "vendor",
    "vendors",
]

_ENOUGH = 20.0  #: seconds that a vendor may take altogether
_PLACES = {"environment": "the environment", "config": "badapple.toml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorView:
    """One vendor.

    Attributes:
        name: like `replicate`.
        title: for people.
        variable: where its key belongs.
        source: where the key comes from, or None where there is none.
        fixed: why the key cannot be set or removed here; empty where it can.
        parts: what it makes.
        lacks: what is missing before it can be used, with what to do; empty where it can.
    """

    name: str
    title: str
    variable: str
    source: Source | None
    fixed: str
    parts: tuple[str, ...]
    lacks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsView:
    """Caps in micro-dollars; None where there is none.

    Attributes:
        own: what the owner set.
        configured: what the server's operator set.
        holds: the lower of the two.
        today: spent or reserved by the owner since midnight, UTC.
    """

    own: Allowance
    configured: Allowance
    holds: Allowance
    today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What a free question to a vendor found, in words, and what to do about it."""

    ok: bool
    detail: str
    hint: str = ""


def vendors(settings: Settings) -> tuple[VendorView, ...]:
    """Return every vendor, with no key of any."""
    return tuple(vendor(settings, name) for name in VENDORS)


def vendor(settings: Settings, name: str) -> VendorView:
    """Return one vendor."""
    access = settings.vendors[name]
    return VendorView(
        name=name, title=VENDORS[name], variable=access.variable, source=access.source, fixed=_fixed(access),
        parts=PARTS[name], lacks=_lacks(access, name),
    )  # fmt: skip


def put_key(settings: Settings, name: str, text: str) -> VendorView:
    """Keep a vendor's key in `secrets.toml`: whatever asks for it next, in any process here, gets this one.

    Raises:
        ConflictError: the environment has one, which wins; or the file is not used.
        DiskError: the file cannot be written.
    """
    access = _changeable(settings, name)
    SecretsFile(settings.data_dir).put(access.variable, text)
    return vendor(settings, name)


def forget_key(settings: Settings, name: str) -> VendorView:
    """Remove a vendor's key from `secrets.toml`.

    Raises:
        ConflictError: the key is in the environment; or the file is not used.
        DiskError: the file cannot be written.
    """
    access = _changeable(settings, name)
    SecretsFile(settings.data_dir).remove(access.variable)
    return vendor(settings, name)


def secrets_flaw(settings: Settings) -> tuple[str, str]:
    """Return why `secrets.toml` is not used, and what to do; both empty where all is well."""
    try:
        SecretsFile(settings.data_dir).checked()
    except ConfigError as error:
        return str(error), error.hint
    return "", ""


async def ask(settings: Settings, name: str, *, seconds: float = _ENOUGH) -> AnswerView:
    """Ask a vendor about the key, the models and their inputs; free of charge, and answered in bounded time."""
    view = vendor(settings, name)
    if view.lacks:
        return AnswerView(ok=False, detail=view.lacks, hint="set its key first" if view.source is None else "")
    from badapple.providers.checkup import check_up  # noqa: PLC0415 - loads the vendors' packages

    # That takes seconds: whoever else this process serves shall not wait for it.
    await in_thread(_load, (*PACKAGES[name], f"badapple.providers.{name}"))
    try:
        async with asyncio.timeout(seconds):
            found = await check_up(settings, only=name)
    except TimeoutError:
        detail = f"{view.title} did not answer within {seconds:.0f} s"
        return AnswerView(ok=False, detail=detail, hint="try again later")
    wrong = [one for one in found if one.state != "ok"]
    return AnswerView(
        ok=all(one.state != "fail" for one in found),
        detail="; ".join(one.detail for one in wrong or found),
        hint="; ".join(dict.fromkeys(one.fix for one in wrong if one.fix)),
    )


def caps(settings: Settings, owner: str) -> CapsView:
    """Return the caps that hold for an owner."""
    with Session(open_database(settings.database_url)) as session:
        own = allowance(session, owner)
        today = budget.held(session, budget.day_scope(datetime.now(UTC).date(), owner))
    set_here = Allowance(job=settings.max_cost, day=settings.max_cost_day)
    holds = Allowance(job=lower(own.job, set_here.job), day=lower(own.day, set_here.day))
    return CapsView(own=own, configured=set_here, holds=holds, today=today)


def put_caps(settings: Settings, owner: str, own: Allowance) -> CapsView:
    """Set an owner's own caps; they count from the next purchase of a job that begins or is tried again."""
    again(open_database(settings.database_url), lambda session: allow(session, owner, own))
    return caps(settings, owner)


def sandbox(settings: Settings) -> Level:
    """Return how the weaker of the two programs that read others' files is locked in.

    Raises:
        ConfigError: it must be locked in, and cannot be.
    """
    from badapple import process  # noqa: PLC0415 - tried once, when it is first asked for
    from badapple.media import ffmpeg  # noqa: PLC0415
    from badapple.product.intake import decoder  # noqa: PLC0415

    program, photos = ffmpeg.locate(settings.ffmpeg), decoder()
    first = process.sandbox_level(photos.command[0], photos.sandbox)
    return first if first.name != "bubblewrap" else process.sandbox_level(program, ffmpeg.sandbox(program))


def _changeable(settings: Settings, name: str) -> Access:
    access = settings.vendors[name]
    if fixed := _fixed(access):
        raise ConflictError(fixed, hint="change it there, and start the server anew")
    return access


def _fixed(access: Access) -> str:
    place = _PLACES.get(access.source or "")
    return f"{access.variable} is set in {place}, which wins" if place else ""


def _load(packages: tuple[str, ...]) -> None:
    for package in packages:
        with contextlib.suppress(ImportError):  # whoever needs it says so, and how to install it
            importlib.import_module(package)


def _lacks(access: Access, name: str) -> str:
    if access.key is None:
        return f"{access.variable} is not set"
    if any(find_spec(package.partition(".")[0]) is None for package in PACKAGES[name]):
        return f"its package is not installed: pip install 'badapple[{name}]'"
    return ""
