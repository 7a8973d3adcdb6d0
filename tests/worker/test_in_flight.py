"""What a release leaves in the queues, the next one takes up: bodies of version 1 as they were once written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from badapple.assets.queued import Attempt, read_request
from badapple.engine import VERSION
from badapple.errors import PermanentProviderError
from badapple.jobs import orders
from badapple.models import DRAFT, StageName
from badapple.models import failure as failures

LEFT: dict[str, Any] = json.loads(Path(__file__).with_name("in_flight_v1.json").read_text(encoding="utf-8"))


def newer(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with words of a release to come."""
    return {**body, "v": 2, "something_new": {"a": [1]}}


def test_workers_of_this_release_take_work_of_that_version() -> None:
    assert VERSION == "wf-1"  # raised with a drain only: workers would leave what is in the queues


@pytest.mark.parametrize("later", [False, True])
def test_a_part_asks_for_the_same_asset_as_ever(*, later: bool) -> None:
    body = newer(LEFT["part"]) if later else LEFT["part"]
    request = read_request(body)
    assert request.identity() == LEFT["identity"]
    assert (request.stage, request.label) == (StageName.CTA_GEN, "end card")


def test_workflows_keep_their_names() -> None:
    attempt = Attempt(job=LEFT["story"]["job"], number=LEFT["story"]["attempt"])
    assert attempt.id == "e5c57354ac0f21d746f5f59f:2"
    assert attempt.parts == f"{attempt.id}:"


def test_an_error_is_the_same_error_elsewhere() -> None:
    error = failures.load(LEFT["outcomes"]["failed"]["error"])
    assert isinstance(error, PermanentProviderError)
    assert (str(error), error.hint, error.reason, error.charged) == (
        "the picture was refused", "try another picture", "refused", 190_000,
    )  # fmt: skip
    assert failures.dump(error) == LEFT["outcomes"]["failed"]["error"]


def test_an_error_that_no_release_of_ours_knows_is_told_all_the_same() -> None:
    error = failures.load({"type": "NewKindError", "message": "something new", "facts": {"x": 1}})
    assert (type(error), str(error)) == (RuntimeError, "something new")
    assert str(failures.load(failures.dump(ZeroDivisionError("by zero")))) == "ZeroDivisionError: by zero"


@pytest.mark.parametrize("later", [False, True])
def test_an_order_is_the_same_order(*, later: bool) -> None:
    body = newer(LEFT["order"]) if later else LEFT["order"]
    order = orders.from_json(body)
    assert (order.product_name, order.style, order.cta_text, order.agreed) == (
        "Premium Watch", "luxury", "Shop Now", True,
    )  # fmt: skip
    assert order.options.canvas == DRAFT
    assert (order.options.facts, order.options.makers.max_cost) == (("Sapphire glass",), 1_000_000)
    assert order.files["photo"].suffix == ".jpg"
