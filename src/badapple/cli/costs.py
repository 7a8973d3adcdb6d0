"""`badapple costs`: what vendors were paid, and what is left of the caps."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.config import Settings
    from badapple.costs.report import Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cap:
    """A cap in micro-dollars, None where there is none, and what is held against it."""

    of: str
    setting: str
    cap: int | None
    held: int


def costs(
    *,
    job: Annotated[str | None, typer.Option("--job", help="Only what this job paid.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only from this day on (UTC).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object on standard output.")] = False,
) -> int:
    """Show what vendors were paid, and what is left of the caps."""
    from sqlalchemy.orm import Session  # noqa: PLC0415 - `badapple --help` shall not wait for it

    from badapple.config import get_settings  # noqa: PLC0415
    from badapple.costs import report  # noqa: PLC0415
    from badapple.database import open_database  # noqa: PLC0415

    if job is not None and since is not None:
        raise typer.BadParameter("--job and --since do not go together")
    settings = get_settings()
    with Session(open_database(settings.database_url)) as session:
        if job is not None:
            rows = report.per_job(session, job)
        else:
            rows = report.per_vendor(session, since.replace(tzinfo=UTC) if since else None)
        caps = _caps(session, settings, job)
    whole = report.total(rows)
    typer.echo(_as_json(rows, whole, caps) if as_json else _as_text(rows, whole, caps))
    return 0


def _caps(session: Session, settings: Settings, job: str | None) -> list[_Cap]:
    from badapple.costs import budget  # noqa: PLC0415
    from badapple.providers.purchasing import OWNER  # noqa: PLC0415

    today = budget.day_scope(datetime.now(UTC).date(), OWNER)
    caps = [
        _Cap(
            of="today", setting="BADAPPLE_MAX_COST_DAY", cap=settings.max_cost_day, held=budget.held(session, today)
        )
    ]  # fmt: skip
    if job is not None:
        held = budget.held(session, budget.job_scope(job))
        caps.append(_Cap(of="this job", setting="BADAPPLE_MAX_COST", cap=settings.max_cost, held=held))
    return caps


def _as_text(rows: tuple[Spent, ...], whole: Spent, caps: list[_Cap]) -> str:
    lines = ["No calls to vendors were paid for."]
    if rows:
        head = ("vendor", "model", "calls", "charged", "under way", "possibly charged")
        table = [head, *(_cells(row, row.vendor) for row in rows), _cells(whole, "total")]
        widths = [max(len(line[column]) for line in table) for column in range(len(head))]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        ]
    return "\n".join([*lines, "", *(_cap_text(cap) for cap in caps)])


def _cells(row: Spent, name: str) -> tuple[str, ...]:
    amounts = (row.charged, row.under_way, row.possibly_charged)
    return (name, row.model, str(row.calls), *(_money(amount) for amount in amounts))


def _cap_text(cap: _Cap) -> str:
    held = f"{cap.of}: {_money(cap.held)} spent or reserved"
    if cap.cap is None:
        return f"{held}, no cap ({cap.setting} sets one)"
    return f"{held} of {_money(cap.cap)}, {_money(max(0, cap.cap - cap.held))} left"


def _as_json(rows: tuple[Spent, ...], whole: Spent, caps: list[_Cap]) -> str:
    facts = {
        "rows": [{"vendor": row.vendor, "model": row.model, **_amounts(row)} for row in rows],
        "total": _amounts(whole),
        "caps": [
            {
                "of": cap.of,
                "cap_usd": None if cap.cap is None else cap.cap / 1e6,
                "held_usd": cap.held / 1e6,
                "left_usd": None if cap.cap is None else max(0, cap.cap - cap.held) / 1e6,
            }
            for cap in caps
        ],
    }
    return json.dumps(facts)


def _amounts(row: Spent) -> dict[str, float]:
    body = asdict(row)
    usd = {f"{name}_usd": body[name] / 1e6 for name in ("charged", "under_way", "possibly_charged")}
    return {"calls": row.calls, **usd}


def _money(micros: int) -> str:
    from badapple.costs.money import dollars  # noqa: PLC0415

    return dollars(micros)
