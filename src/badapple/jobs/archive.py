"""The finished videos of a group as one archive, made while it is sent: no more than a piece of it is ever held."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

from badapple.errors import NotFoundError, StorageError
from badapple.jobs import files, groups
from badapple.models import FPS, TOTAL_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badapple.config import Settings
    from badapple.jobs.views import JobView
    from badapple.ports import Storage

__all__ = ["COLUMNS", "archive", "file_name"]

COLUMNS = ("file", "name", "style", "cta", "cost_usd", "seconds", "winner", "job_id")
#: How a cell begins that spreadsheets run; where letters are wide by habit, the wide signs are the same to them.
_FORMULA = re.compile(r"^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_REPORT_BYTES = 1 << 20
_NAME_BYTES = 200  #: of a file's name; file systems take 255
_OUT_OF_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


class _Pipe(io.RawIOBase):
    """Takes what an archive writes, until somebody fetches it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written; it cannot be sought in, so that sizes follow what they are of."""
        return True

    def write(self, data: Any) -> int:
        """Take a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def fetch(self) -> bytes:
        """Return what has come since."""
        found, self._pieces = b"".join(self._pieces), []
        return found


def archive(group_id: str, settings: Settings, *, owner: str, storage: Storage | None = None) -> Iterator[bytes]:
    """Return the pieces of a ZIP archive: each finished video of a group, and `variants.csv`, which says what is which.

    Videos are stored as they are: compressing them once more would gain nothing. A video that is gone is left out, and
    the list says so. What can be refused is refused at once, before the first piece is asked for.

    Args:
        group_id: shared by the variants.
        settings: where things lie.
        owner: whose.
        storage: what workers share, or None.

    Raises:
        NotFoundError: the owner has no such group, or nothing in it is finished.
    """
    group = groups.get(group_id, settings, owner=owner)
    if not group.finished:
        raise NotFoundError("no video of this group is finished", hint="wait until one is")
    return _pieces(group, settings, owner, storage)


def _pieces(group: groups.GroupView, settings: Settings, owner: str, storage: Storage | None) -> Iterator[bytes]:
    pipe, rows = _Pipe(), []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archived:
        for number, job in enumerate(group.finished, start=1):
            name = file_name(number, job)
            try:
                found = files.find(job.id, "video", settings, owner=owner, storage=storage)
            except NotFoundError:  # removed meanwhile
                rows.append(_row("", job, group, _NO_LENGTH))
                continue
            try:
                rows.append(_row(name, job, group, _seconds(job, settings, owner, storage)))
                entry = zipfile.ZipInfo(name, date_time=_moment(job))
                entry.external_attr = 0o644 << 16
                with archived.open(entry, "w", force_zip64=found.content.size > zipfile.ZIP64_LIMIT // 2) as place:
                    for data in found.content.read(0, found.content.size):
                        place.write(data)
                        yield pipe.fetch()
            finally:
                found.content.close()
        archived.writestr("variants.csv", _table(rows))
    yield pipe.fetch()


def file_name(number: int, job: JobView) -> str:
    """Return what a video is called in the archive: its number, product, style and call to action."""
    words = [job.product_name, job.style, *([job.cta_text] if job.cta_text else [])]
    plain = (" ".join(_OUT_OF_NAMES.sub(" ", word).split()) for word in words)
    whole = " - ".join(plain)[:120].encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore")
    return f"{number:02} {whole.strip(' .')}.mp4"


_NO_LENGTH = 0.0


def _row(name: str, job: JobView, group: groups.GroupView, seconds: float) -> dict[str, str]:
    values = (
        name or "(gone)", job.product_name, job.style, job.cta_text, f"{job.cost / 1e6:.6f}",
        f"{seconds:.2f}" if seconds else "", "yes" if job.id == group.winner else "", job.id,
    )  # fmt: skip
    # Spreadsheets would run what looks like a formula.
    return {
        column: f"'{value}" if _FORMULA.match(value) else value for column, value in zip(COLUMNS, values, strict=True)
    }


def _table(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode("utf-8-sig")  # with the mark by which spreadsheets know it


def _moment(job: JobView) -> tuple[int, int, int, int, int, int]:
    at = job.ended_at or job.created_at
    return max(1980, at.year), at.month, at.day, at.hour, at.minute, at.second


def _seconds(job: JobView, settings: Settings, owner: str, storage: Storage | None) -> float:
    """Return how long a video is: as it was measured, else as all are."""
    planned = TOTAL_FRAMES / FPS
    try:
        found = files.find(job.id, "qa", settings, owner=owner, storage=storage)
    except (NotFoundError, StorageError):  # the videos count
        return planned
    try:
        body = json.loads(b"".join(found.content.read(0, min(found.content.size, _REPORT_BYTES))))
        return float(body["measured"]["picture"]["info"]["duration"])
    except (ValueError, KeyError, TypeError):
        return planned
    finally:
        found.content.close()
