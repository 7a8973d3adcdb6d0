"""`badapple purge`: forget ended jobs."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def purge(
    *,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Days since it ended; BADAPPLE_KEEP_DAYS by default."),
    ] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="ID", help="This job alone, however new.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Remove its paid calls too: they are missing from `costs` then.")
    ] = False,
    strays: Annotated[
        bool,
        typer.Option("--strays", help="Also files of the shared storage that nothing names, from processes that died."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON object on standard output.")] = False,
) -> int:
    """Forget ended jobs: their words, progress, videos, and files that no other job needs."""
    from badapple import jobs  # noqa: PLC0415 - `badapple --help` shall not wait for it
    from badapple.config import get_settings  # noqa: PLC0415
    from badapple.errors import InputError  # noqa: PLC0415

    if job is not None and older_than is not None:
        raise InputError("--job and --older-than exclude each other", hint="a job alone goes however new it is")
    gone = jobs.purge(
        get_settings(), older_than_days=older_than, job=job, everything=everything, strays=strays, dry_run=dry_run
    )  # fmt: skip
    if as_json:
        facts = {"jobs": gone.jobs, "events": gone.events, "files": gone.files, "bytes": gone.bytes}
        typer.echo(json.dumps({**facts, "kept": list(gone.kept), "dry_run": dry_run}))
        return 0
    verb = "would be forgotten" if dry_run else "forgotten"
    typer.echo(f"{gone.jobs} job(s) {verb}, with {gone.events} event(s) and {gone.files} file(s), {_size(gone.bytes)}")
    if gone.kept:
        typer.echo(
            f"{len(gone.kept)} job(s) stay, because a paid call of theirs is not settled (`badapple calls`): "
            + ", ".join(gone.kept)
        )
    return 0


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
