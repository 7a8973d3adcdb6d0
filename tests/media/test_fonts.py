"""Which font draws what, and what is said where none can."""

from __future__ import annotations

from pathlib import Path

import pytest

from badapple.errors import ConfigError, InputError, MissingFontError
from badapple.media.fonts import Face, FontBook
from badapple.media.writing import clusters

BOOK = FontBook()
WESTERN = FontBook(cjk=False)
ANTON = Face("anton", 400)


@pytest.mark.parametrize(
    "text",
    [
        "Ember",
        "Škoda Ångström",
        "Кофе «Утро»",
        "Ωμέγα",
        "שלום",
        "قهوة",
        "कॉफ़ी",
        "กาแฟ",
        "தமிழ்",
        "ყავა",
        "🍏 ❤️‍🔥 👨‍👩‍👧",
        "№ 5 ™ €",
    ],
)
def test_every_character_is_drawn_by_a_font_that_has_it(text: str) -> None:
    runs = BOOK.runs(text, face=ANTON)
    assert "".join(run.text for run in runs) == text
    assert all(run.source.covers(run.text) for run in runs)


def test_a_script_keeps_one_font_through_the_text() -> None:
    runs = BOOK.runs("Кофе Ґанок", face=ANTON)
    assert len({run.source for run in runs}) == 1


def test_signs_go_with_the_letters_beside_them() -> None:
    runs = BOOK.runs("«Утро»", face=ANTON)
    assert len(runs) == 1


def test_what_stands_in_for_a_heavy_face_is_heavy() -> None:
    run = BOOK.runs("Утро", face=ANTON)[0]
    assert BOOK.weight(run.source, ANTON) >= 700
    assert BOOK.weight(BOOK.family(ANTON), ANTON) == 400


def test_missing_chinese_names_the_extra_to_install() -> None:
    with pytest.raises(MissingFontError) as caught:
        WESTERN.check("Ember 咖啡咖")
    assert caught.value.characters == "咖啡"
    assert "badapple[cjk]" in caught.value.hint
    assert "BADAPPLE_FONTS" in caught.value.hint


def test_a_missing_script_names_the_font_folder() -> None:
    with pytest.raises(MissingFontError) as caught:
        WESTERN.check("ᚠᚢᚦ")  # runes
    assert caught.value.characters == "ᚠᚢᚦ"
    assert "BADAPPLE_FONTS" in caught.value.hint


@pytest.mark.parametrize("text", ["Em\x00ber", "Em\x07ber", "a\ud800b", "a\uffffb"])
def test_what_is_no_character_is_refused_as_input(text: str) -> None:
    with pytest.raises(InputError, match=r"U\+"):
        WESTERN.check(text)


def test_line_ends_and_direction_marks_need_no_glyph() -> None:
    WESTERN.check("Ember\r\n\tEspresso\u200e\u202a\u2069 soft\u00adhyphen")


def test_a_font_of_the_users_own_fills_the_gap(tmp_path: Path) -> None:
    mine = Path(BOOK.runs("漢字", face=None)[0].source.path)
    (tmp_path / "Mine.ttc").symlink_to(mine)
    runs = FontBook((tmp_path,), cjk=False).runs("漢字", face=ANTON)
    assert [run.source.path.name for run in runs] == ["Mine.ttc"]


def test_a_family_can_come_from_the_users_folder(tmp_path: Path) -> None:
    (tmp_path / "House Sans[wght].ttf").symlink_to(BOOK.family(Face("inter", 400)).path)
    assert FontBook((tmp_path,)).family(Face("house-sans", 700)).path.parent == tmp_path


def test_an_unknown_family_says_how_to_install_it() -> None:
    with pytest.raises(ConfigError, match="no-such-family") as caught:
        BOOK.family(Face("no-such-family", 400))
    assert "fontpkg-no-such-family" in caught.value.hint


def test_japanese_and_chinese_draw_the_same_character_their_own_way() -> None:
    japanese, chinese = BOOK.runs("直の", face=None)[0], BOOK.runs("直", face=None)[0]
    assert japanese.source.index != chinese.source.index
    assert BOOK.runs("直", face=None, within="直の")[0].source == japanese.source


def test_an_emoji_that_no_font_joins_becomes_its_first_picture() -> None:
    odd = "\U0001f34f\u200d\U0001f680"  # apple, joined to a rocket
    assert len(clusters(odd)) == 1
    assert [run.text for run in BOOK.runs(odd, face=ANTON)] == ["\U0001f34f"]
