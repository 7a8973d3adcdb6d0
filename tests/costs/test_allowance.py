"""Caps that owners set: kept, and the lower one holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from badapple.config import read_settings
from badapple.costs import budget
from badapple.costs.allowance import Allowance, allow, allowance, bounded, lower

ANN, BOB = Allowance(job=500_000, day=2_000_000), Allowance(day=0)


def put(engine: Engine, owner: str, caps: Allowance) -> None:
    with Session(engine) as session, session.begin():
        allow(session, owner, caps)


def kept(engine: Engine, owner: str) -> Allowance:
    with Session(engine) as session:
        return allowance(session, owner)


def test_each_owner_has_caps_of_their_own(engine: Engine) -> None:
    put(engine, "ann", ANN)
    put(engine, "bob", BOB)
    assert (kept(engine, "ann"), kept(engine, "bob"), kept(engine, "eve")) == (ANN, BOB, Allowance())
    put(engine, "ann", replace(ANN, job=1))
    assert kept(engine, "ann") == replace(ANN, job=1)
    put(engine, "ann", Allowance())
    assert (kept(engine, "ann"), kept(engine, "bob")) == (Allowance(), BOB)


def test_what_is_held_in_a_scope_is_no_cap_and_no_cap_is_held(engine: Engine) -> None:
    put(engine, "ann", ANN)
    with Session(engine) as session, session.begin():
        budget.reserve(session, {budget.job_scope("ann"): None, budget.job_scope("allowed a job:ann"): None}, 7)
    assert kept(engine, "ann") == ANN


@pytest.mark.parametrize(
    ("configured", "own", "holds"),
    [(None, None, None), (5, None, 5), (None, 5, 5), (5, 3, 3), (3, 5, 3), (3, 0, 0), (0, 3, 0)],
)
def test_the_lower_of_two_holds(
    engine: Engine, tmp_path: Path, configured: int | None, own: int | None, holds: int | None
) -> None:
    settings = replace(
        read_settings({"BADAPPLE_DATA_DIR": str(tmp_path)}), max_cost=configured, max_cost_day=configured
    )
    put(engine, "ann", Allowance(job=own, day=own))
    found = bounded(engine, settings, "ann")
    assert (found.max_cost, found.max_cost_day, lower(configured, own)) == (holds, holds, holds)
    assert bounded(engine, settings, "bob") == settings
