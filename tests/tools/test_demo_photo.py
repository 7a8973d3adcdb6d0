"""The script that takes the demo's photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> tuple[Path, Path]:
    """Two photos with the same options."""
    folder = tmp_path_factory.mktemp("photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(pytestconfig.rootpath / "tools"))
        from demo_photo import main  # noqa: PLC0415 - can be found only now

        for name in ("first.jpg", "again.jpg"):
            main(["--size", "64x80", "--samples", "1", "--out", str(folder / name)])
    return folder / "first.jpg", folder / "again.jpg"


def test_the_same_options_give_the_same_jpeg(taken: tuple[Path, Path]) -> None:
    first, again = taken

    assert first.read_bytes() == again.read_bytes()


def test_the_photo_shows_amber_juice_before_light_neutral_paper(taken: tuple[Path, Path]) -> None:
    with Image.open(taken[0]) as photo:
        assert (photo.format, photo.size) == ("JPEG", (64, 80))
        pixels = np.asarray(photo.convert("RGB"), np.float32)

    paper, juice = pixels[10:40, 2:12].mean(axis=(0, 1)), pixels[38:41, 25:38].mean(axis=(0, 1))
    assert paper.min() > 170
    assert np.ptp(paper) < 25
    assert juice[0] > juice[1] + 20 > juice[2] + 40
