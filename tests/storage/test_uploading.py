"""Files of the caller's own, kept where every worker can read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from badapple.config import get_settings
from badapple.errors import InputError
from badapple.ports import Storage
from badapple.storage import upload_to_storage


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("BADAPPLE_STORAGE", raising=False)
    get_settings.cache_clear()
    yield tmp_path / "data"
    get_settings.cache_clear()


async def test_without_a_storage_it_is_copied_into_the_data_folder(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "ad.mp4"
    file.write_bytes(b"film")
    place = Path(await upload_to_storage(file))
    assert place.is_relative_to(data / "videos")
    assert (place.name, place.read_bytes()) == ("ad.mp4", b"film")
    assert await upload_to_storage(str(place)) == str(place)


async def test_with_a_storage_it_goes_there(
    data: Path, url: str, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BADAPPLE_STORAGE", url)
    get_settings.cache_clear()
    file = tmp_path / "..Été à la plage.mp4"
    file.write_bytes(b"film")
    place = await upload_to_storage(file)
    key = place.removeprefix(f"{url}/")
    assert place == f"{url}/{key}"
    assert key.startswith("videos/")
    assert key.endswith("/t-la-plage.mp4")
    assert storage.size(key) == 4
    assert not data.exists()


async def test_a_file_that_is_not_there_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        await upload_to_storage(tmp_path / "none.mp4")
