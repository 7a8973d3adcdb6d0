"""The audit log."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from badapple.access import LOCAL, READ, Principal, audit, credentials
from badapple.database import AuditRow
from badapple.database.tables import now
from badapple.secrets import remember

ANN = Principal(owner="ann", scopes=frozenset({READ}), actor="k1", kind="key")


def test_it_says_who_did_what_to_what_and_from_where(any_engine: Engine) -> None:
    audit.note(any_engine, ANN, "job.cancel", target="j1", outcome="refused", address="10.0.0.7", facts={"status": 409})
    (row,) = audit.listing(any_engine, owner="ann")
    assert (row.actor, row.action, row.target, row.outcome) == ("k1", "job.cancel", "j1", "refused")
    assert (row.address, row.facts) == ("10.0.0.7", {"status": 409})
    assert timedelta() <= now() - row.at < timedelta(seconds=10)


def test_owners_read_their_own_newest_first_page_by_page(engine: Engine) -> None:
    for number in range(5):
        audit.note(engine, ANN, "job.create", target=f"j{number}")
        audit.note(engine, LOCAL, "job.create", target="else")
    first = audit.listing(engine, owner="ann", limit=3)
    rest = audit.listing(engine, owner="ann", limit=3, before=first[-1].id)
    assert [row.target for row in (*first, *rest)] == ["j4", "j3", "j2", "j1", "j0"]
    assert len(audit.listing(engine, owner=None)) == 10
    assert audit.listing(engine, owner="ann", action="key.create") == ()


def test_no_secret_gets_into_it(engine: Engine) -> None:
    _, key = credentials.create(engine, owner="ann", name="x", scopes=[READ])
    remember("hunter2hunter2")
    facts = {"header": f"Bearer {key}", "note": "it is hunter2hunter2", "vendor": "sk-ant-REDACTED"}
    audit.note(engine, ANN, "key.create", target=key, facts=facts)
    text = str(audit.listing(engine, owner="ann"))
    for secret in (key[-43:], "hunter2", "1234567890abcdef"):
        assert secret not in text


@pytest.mark.parametrize("text", ["x" * 5000, "\x1b[2Jgone", "é\u202e" * 300])
def test_long_and_wild_texts_are_cut_and_made_harmless(any_engine: Engine, text: str) -> None:
    audit.note(any_engine, ANN, text, target=text, address=text, facts={"name": text, "count": 3, "none": None})
    (row,) = audit.listing(any_engine, owner="ann")
    assert len(row.target) <= 255
    assert len(row.facts["name"]) <= 200
    assert "\x1b" not in row.action + row.target + row.address + row.facts["name"]
    assert row.facts["count"] == 3
    assert row.facts["none"] is None


def test_old_rows_are_forgotten(engine: Engine) -> None:
    audit.note(engine, ANN, "job.create", target="old")
    with Session(engine) as session, session.begin():
        session.execute(update(AuditRow).values(at=now() - timedelta(days=91)))
    audit.note(engine, ANN, "job.create", target="new")
    assert audit.forget(engine, before=now() - timedelta(days=90)) == 1
    assert [row.target for row in audit.listing(engine, owner="ann")] == ["new"]
