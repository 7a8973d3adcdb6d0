"""Webhooks are made, changed and removed by their owner, and never name a place that is not told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Standard
from standardwebhooks import WebhookVerificationError

from badapple.access.signing import signer_of
from badapple.config.doors import Doors
from badapple.database import Webhook
from badapple.database.tables import now
from badapple.errors import InputError, LimitExceededError, NotFoundError
from badapple.fetching import FetchError
from badapple.jobs import webhooks

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.config import Settings

URL = "https://hooks.example.com/badapple"


def test_a_webhook_has_a_secret_that_is_shown_once(settings: Settings) -> None:
    view, secret = webhooks.create(settings, URL, owner="me", events=("job.failed", "job.completed"))
    assert secret.startswith("whsec_")
    assert webhooks.get(view.id, settings, owner="me") == view
    assert view.events == ("job.completed", "job.failed")
    assert secret.removeprefix("whsec_") not in json.dumps(view.to_json())
    other, another = webhooks.create(settings, URL, owner="me")
    assert (other.events, another != secret) == ((), True)
    assert [one.id for one in webhooks.listing(settings, owner="me")] == [view.id, other.id]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "https://127.0.0.1/hook", "https://localhost/hook", "https://10.0.0.1/hook",
        "https://169.254.169.254/", "https://[::1]/", "https://0x7f.1/", "https://user:secret@example.com/",
        "https://example.com:25/", "file:///etc/passwd", "https://redis:443/", "https://example.com/" + "a" * 2000, "",
    ],
)  # fmt: skip
def test_an_address_that_is_not_told_is_refused_at_once(settings: Settings, url: str) -> None:
    view, _ = webhooks.create(settings, URL, owner="me")
    for attempt in (
        lambda: webhooks.create(settings, url, owner="me"),
        lambda: webhooks.change(view.id, settings, owner="me", url=url),
    ):
        with pytest.raises(InputError):
            attempt()
    assert webhooks.listing(settings, owner="me") == (view,)


def test_a_private_address_is_taken_where_the_operator_names_it(settings: Settings) -> None:
    settings = replace(settings, doors=Doors(private_hosts=("127.0.0.1:9000",)))
    webhooks.create(settings, "http://127.0.0.1:9000/hook", owner="me")
    with pytest.raises(FetchError):
        webhooks.create(settings, "http://127.0.0.1:9001/hook", owner="me")


def test_there_is_no_other_event(settings: Settings) -> None:
    with pytest.raises(InputError, match=r"job\.completed|no event"):
        webhooks.create(settings, URL, owner="me", events=("job.exploded",))


def test_an_owner_has_only_so_many(settings: Settings) -> None:
    for _ in range(webhooks.MOST):
        webhooks.create(settings, URL, owner="me")
    with pytest.raises(LimitExceededError):
        webhooks.create(settings, URL, owner="me")
    webhooks.create(settings, URL, owner="you")


def test_nobody_touches_another_s_webhook(settings: Settings) -> None:
    view, _ = webhooks.create(settings, URL, owner="me")
    for touch in (
        lambda: webhooks.get(view.id, settings, owner="you"),
        lambda: webhooks.change(view.id, settings, owner="you", enabled=False),
        lambda: webhooks.rotate(view.id, settings, owner="you"),
        lambda: webhooks.delete(view.id, settings, owner="you"),
        lambda: webhooks.get("wh_none", settings, owner="me"),
    ):
        with pytest.raises(NotFoundError):
            touch()
    assert webhooks.listing(settings, owner="you") == ()
    assert webhooks.listing(settings, owner=None) == (view,)


def test_a_webhook_is_changed_and_removed(settings: Settings) -> None:
    view, _ = webhooks.create(settings, URL, owner="me")
    changed = webhooks.change(view.id, settings, owner="me", url=f"{URL}/2", events=["job.failed"], enabled=False)
    assert (changed.url, changed.events, changed.enabled) == (f"{URL}/2", ("job.failed",), False)
    assert webhooks.change(view.id, settings, owner="me", events=[]).events == ()
    webhooks.delete(view.id, settings, owner="me")
    assert webhooks.listing(settings, owner="me") == ()


def _signed(settings: Settings, engine: Engine, webhook_id: str, body: bytes) -> dict[str, str]:
    with Session(engine) as session:
        row = session.get_one(Webhook, webhook_id)
        return webhooks.sign(row, signer_of(settings), delivery_id="msg_1", moment=now(), body=body)


def test_what_is_signed_is_verified_by_the_standard_s_own_library(settings: Settings, engine: Engine) -> None:
    view, secret = webhooks.create(settings, URL, owner="me")
    body = json.dumps({"type": "job.completed", "data": {"name": "Lämp"}}, ensure_ascii=False).encode()
    headers = _signed(settings, engine, view.id, body)
    assert Standard(secret).verify(body, headers)["data"] == {"name": "Lämp"}
    with pytest.raises(WebhookVerificationError):
        Standard(secret).verify(body + b" ", headers)
    other = webhooks.create(settings, URL, owner="me")[1]
    with pytest.raises(WebhookVerificationError):
        Standard(other).verify(body, headers)


def test_the_old_secret_signs_for_a_day_beside_the_new_one(settings: Settings, engine: Engine) -> None:
    view, old = webhooks.create(settings, URL, owner="me")
    new = webhooks.rotate(view.id, settings, owner="me")
    assert new != old
    headers = _signed(settings, engine, view.id, b"{}")
    for secret in (old, new):
        Standard(secret).verify(b"{}", headers)
    with Session(engine) as session, session.begin():
        session.execute(update(Webhook).values(updated_at=now() - timedelta(hours=25)))
    headers = _signed(settings, engine, view.id, b"{}")
    Standard(new).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Standard(old).verify(b"{}", headers)
