"""Files that appear whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badapple.errors import DiskError
from badapple.media.whole import whole

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_stands_at_the_place_until_the_end(tmp_path: Path) -> None:
    out = tmp_path / "new" / "file"

    with whole(out) as part:
        part.write_text("half")
        assert not out.exists()

    assert out.read_text() == "half"
    assert list(out.parent.iterdir()) == [out]


def test_failure_keeps_the_older_file(tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_text("older")

    with pytest.raises(ZeroDivisionError), whole(out) as part:
        part.write_text("half")
        raise ZeroDivisionError

    assert out.read_text() == "older"
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_be_written_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DiskError, match="cannot be written"), whole(tmp_path / "file" / "below"):
        pass
