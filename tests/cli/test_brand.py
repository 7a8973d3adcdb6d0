"""The brand kit of the command line: the kept one, a file, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from badapple.cli.brand import read_kit
from badapple.cli.order import Words, read
from badapple.config import Settings, read_settings
from badapple.errors import InputError
from badapple.jobs import brand, uploads
from badapple.models import Brand

TOML = """
name = "Aurora"
font = "anton"
cta_text = "Visit us"
forbidden = ["cheap"]
logo = "art/logo.png"

[colours]
accent = "#0B5FFF"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")})


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    (tmp_path / "art").mkdir()
    Image.new("RGB", (200, 100), (1, 2, 3)).save(tmp_path / "art" / "logo.png")
    (tmp_path / "kit.toml").write_text(TOML)
    return tmp_path / "kit.toml"


def test_a_file_describes_a_kit_and_its_logo_lies_beside_it(settings: Settings, kit: Path) -> None:
    found, logo = read_kit(str(kit), settings)
    assert found is not None
    assert (found.accent, found.font, found.forbidden) == ("#0b5fff", "anton", ("cheap",))
    assert logo == kit.parent / "art" / "logo.png"


def test_the_kept_kit_is_taken_by_itself_and_may_be_left_out(settings: Settings, kit: Path, tmp_path: Path) -> None:
    def order(cta: str = "", **how: str) -> tuple[str, str | None, bool]:
        words = Words(photo=None, name="Lamp", style="minimal", cta=cta, output=str(tmp_path / "ad.mp4"), **how)  # type: ignore[arg-type]
        made = read(words, settings=settings)
        kit = made.options.brand
        return made.cta_text, kit.name if kit is not None else None, made.options.logo is not None

    assert order() == ("", None, False)
    upload = uploads.take(settings, "local", kit.parent / "art" / "logo.png")
    kept = Brand(name="Kept", cta_text="Come in")
    brand.put(settings, "local", kept, logo_upload=upload.id, keep_logo=True)
    assert order() == ("Come in", "Kept", True)
    assert order("Mine") == ("Mine", "Kept", True)
    assert order(brand="off") == ("", None, False)
    assert order(brand=str(kit)) == ("Visit us", "Aurora", True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "is not TOML"), ("colour = 1", "colour: is not known"), ("colours = 1", "colours: is no table"),
        ("name = 7", "name: is no text"), ("[colours]\npaper = '#ffffff'", "colours.paper: is not known"),
        ("forbidden = 'x'", "forbidden: is no list"), ("logo = 'gone.png'", "logo: there is no file"),
        ("logo = '~nobody-of-this-name/logo.png'", "logo: there is no file"),
        pytest.param(f"name = {'[' * 9000}", "is not TOML", id="nested"),
        ("font = 'papyrus'", "the font 'papyrus' is not known"), ("[colours]\nink = 'red'", "is no colour"),
    ],
)  # fmt: skip
def test_a_file_that_describes_no_kit_is_refused(settings: Settings, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "kit.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_kit(str(tmp_path / "kit.toml"), settings)
    with pytest.raises(InputError, match="there is no brand kit"):
        read_kit(str(tmp_path / "other.toml"), settings)
    with pytest.raises(InputError, match="there is no brand kit"):
        read_kit("~nobody-of-this-name/kit.toml", settings)
