"""What one job's parts are made with: makers, recipes, a till, a cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badapple.assets import LocalRunner
from badapple.assets import recipes as all_recipes
from badapple.assets.slots import process_slots
from badapple.cache import Cache
from badapple.database import open_database, upgrade
from badapple.journal import Journal
from badapple.media import ffmpeg as tools
from badapple.providers import Providers, resolve
from badapple.providers.choice import agreed, choose
from badapple.providers.purchasing import OWNER, open_purchasing
from badapple.storage import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.assets import Recipe
    from badapple.assets.slots import Slots
    from badapple.config import Settings
    from badapple.models import MakeOptions
    from badapple.ports import Storage
    from badapple.providers.purchasing import Purchasing, Stake

    Recipes = Callable[..., Mapping[str, Recipe]]

__all__ = ["House", "Workshop", "equip", "house_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all jobs of a process share.

    Attributes:
        engine: the database.
        threaded: whether it may be used from other threads.
        storage: what workers share, or None.
        stake: this process' sign of life; None takes the usual one when something is bought.
        not_now: says that this process may send nothing at the moment.
        recipes: returns how each kind of asset is made.
        slots: how many parts are made at once in this process; None allows what the settings say.
    """

    engine: Engine
    threaded: bool = True
    storage: Storage | None = None
    stake: Stake | None = None
    not_now: Callable[[], bool] = lambda: False
    recipes: Recipes = all_recipes
    slots: Slots | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What one job's parts are made with.

    Attributes:
        house: what all jobs of the process share.
        cache: where finished files are.
        providers: who makes the parts.
        purchasing: how the job buys, or None where it buys nothing.
        recipes: kind of asset -> how it is made.
        runner: makes assets in this process.
    """

    house: House
    cache: Cache
    providers: Providers
    purchasing: Purchasing | None
    recipes: Mapping[str, Recipe]
    runner: LocalRunner


def equip(
    job_id: str,
    options: MakeOptions,
    settings: Settings,
    *,
    house: House,
    providers: Providers | None = None,
    owner: str = OWNER,
    consent: bool | None = None,
) -> Workshop:
    """Return what a job's parts are made with.

    Args:
        job_id: who pays.
        options: how the video is made.
        settings: where things lie.
        house: what all jobs of this process share.
        providers: who makes the parts; None means what the options and settings resolve to.
        owner: whose money it is.
        consent: whether spending was agreed to; None asks the options and settings.

    Raises:
        ConfigError: a setting makes no sense, a vendor's key or package is missing, or ffmpeg lacks something.
    """
    ffmpeg: Path = tools.locate(settings.ffmpeg)
    cache = Cache(settings.cache_dir, max_bytes=settings.cache_bytes, storage=house.storage)
    purchasing = None
    if providers is None:
        makers = options.makers
        consent = agreed(makers, settings) if consent is None else consent
        choice = choose(makers, settings, agreed=consent, own_script=bool(options.script))
        if choice.vendors:
            purchasing = open_purchasing(
                house.engine, cache, settings, job=job_id, max_cost=makers.max_cost, owner=owner,
                threaded=house.threaded, ours=house.stake, not_now=house.not_now,
                shared=None if makers.shared is None else (makers.shared, makers.shared_cost),
            )  # fmt: skip
        providers = resolve(
            settings, ffmpeg=ffmpeg, script_file=options.script, script_from=options.script_from, choice=choice,
            purchasing=purchasing,
        )  # fmt: skip
    book = house.recipes(providers, settings, ffmpeg=ffmpeg)
    runner = LocalRunner(
        Journal(house.engine, cache), cache, recipes=book, workers=settings.workers, fresh=options.fresh,
        threaded=house.threaded, slots=house.slots or process_slots(settings.workers, settings.max_memory),
    )  # fmt: skip
    return Workshop(house=house, cache=cache, providers=providers, purchasing=purchasing, recipes=book, runner=runner)


def house_of(session: Session | None, settings: Settings) -> House:
    """Return what the jobs of a plain script share.

    Args:
        session: the caller's, whose database is used; None means the configured one.
        settings: where things lie.

    Raises:
        ConfigError: the database or the storage makes no sense.
    """
    storage = shared(settings)
    if session is None:
        return House(engine=open_database(settings.database_url), storage=storage)
    engine = session.get_bind().engine
    in_memory = engine.dialect.name == "sqlite" and engine.url.database in (None, "", ":memory:")
    session.commit()
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    return House(engine=engine, threaded=not in_memory, storage=storage)
