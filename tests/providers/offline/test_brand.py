"""A brand in what is drawn and written here: its colours, letters and logo are seen, its forbidden words are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from badapple import styles
from badapple.errors import InputError, ScriptError
from badapple.media import planes
from badapple.media.colour import ENOUGH, contrast, rgb
from badapple.media.fonts import FontBook
from badapple.models import (
    DRAFT,
    SAFE_ZONE,
    Brand,
    Brief,
    Card,
    CardOrder,
    Family,
    Product,
    SceneOffer,
    SceneOrder,
    Script,
    forbidden_in,
)
from badapple.product import analyse
from badapple.product.logo import rewrite_logo
from badapple.product.sample import PHOTO
from badapple.providers.offline.card import OfflineCardPainter
from badapple.providers.offline.copybook import CATEGORIES
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.script import OfflineScriptWriter, draft
from badapple.providers.script_file import FileScriptWriter

BOOK = FontBook(cjk=False)
KIT = Brand(accent="#0b5fff", ink="#101828", ground="#f4f1ea", font="anton")
WORDS = Product(
    family=Family.TYPE, photo=None, cutout=None, size=(1, 1), subject=(0, 0, 1, 1), focus=(0.5, 0.5), palette=(),
    accent=None, category="default", confidence=0.0, source_size=(1, 1), reason="",
)  # fmt: skip


@pytest.fixture
def bottle(tmp_path: Path) -> Product:
    picture = Image.new("RGBA", (500, 620), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rounded_rectangle((0, 0, 499, 619), 40, (40, 130, 90, 255))
    picture.save(tmp_path / "cutout.png")
    picture.convert("RGB").save(tmp_path / "photo.png")
    return Product(
        family=Family.CUTOUT, photo=tmp_path / "photo.png", cutout=tmp_path / "cutout.png", size=(500, 620),
        subject=(0, 0, 500, 620), focus=(0.5, 0.5), palette=(), accent=(40, 130, 90), category="default",
        confidence=1.0, source_size=(500, 620), reason="",
    )  # fmt: skip


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A magenta bar, unlike anything else on a card."""
    Image.new("RGBA", (400, 100), (255, 0, 255, 255)).save(tmp_path / "opaque.png")
    picture = Image.new("RGBA", (400, 100), (255, 0, 255, 255))
    picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.save(tmp_path / "logo.png")
    return tmp_path / "logo.png"


async def paint(folder: Path, product: Product, style: str, **how: object) -> tuple[Card, np.ndarray]:
    order = CardOrder(
        product_name="Ember", cta="Shop now", line="Quietly", style=style, product=product, **how  # type: ignore[arg-type]
    )  # fmt: skip
    card = await OfflineCardPainter(book=BOOK).paint(order, folder / "card.png")
    with Image.open(card.path) as image:
        return card, np.asarray(image)


@pytest.mark.parametrize("style", styles.known())
async def test_the_accent_is_the_button_of_every_style_and_its_words_can_be_read(
    tmp_path: Path, bottle: Product, style: str
) -> None:
    card, pixels = await paint(tmp_path, bottle, style, brand=KIT.look)
    box = card.button
    inside = pixels[int(box.top) + 12 : int(box.bottom) - 12, int(box.left) + 30 : int(box.right) - 30].astype(int)
    accent = np.abs(inside - rgb(KIT.accent or "")).max(axis=2) <= 3
    assert accent.mean() > 0.5
    words = inside[~accent].astype(float)
    far = words[np.abs(words - rgb(KIT.accent or "")).sum(axis=1).argsort()[-200:]].mean(axis=0).round().astype(int)
    assert contrast((far[0], far[1], far[2]), rgb(KIT.accent or "")) >= ENOUGH
    _, plain = await paint(tmp_path, bottle, style)
    assert (np.abs(plain.astype(int) - rgb(KIT.accent or "")).max(axis=2) <= 3).mean() < 0.002


async def test_words_are_read_on_a_wall_that_is_neither_dark_nor_light(tmp_path: Path) -> None:
    """The wall is shaded around this product, and the sun on it is not."""
    product = analyse(PHOTO, "", tmp_path)
    order = CardOrder(
        product_name="Aurora Nightlight", cta="Shop now", line="", style="minimal", product=product,
        brand={"ground": "#808080"},
    )  # fmt: skip
    card = await OfflineCardPainter(book=BOOK).paint(order, tmp_path / "card.png")
    with Image.open(card.path) as image:
        pixels = np.asarray(image)
    box = card.boxes[0].box
    left, top, right, bottom = (round(side) for side in (box.left, box.top, box.right, box.bottom))
    around = pixels[top - 14 : bottom + 14, left - 14 : right + 14].astype(float)
    ring = np.concatenate([around[:10], around[-10:]]).reshape(-1, 3)
    ring = ring[ring.sum(axis=1).argsort()]
    tenth = len(ring) // 10
    inside = around[14:-14, 14:-14].reshape(-1, 3)
    ink = inside[np.abs(inside - ring.mean(axis=0)).sum(axis=1).argsort()[-200:]].mean(axis=0)
    for part in (ring[:tenth], ring[-tenth:]):
        behind = part.mean(axis=0)
        assert contrast((ink[0], ink[1], ink[2]), (behind[0], behind[1], behind[2])) >= 3


@pytest.mark.parametrize("style", ["luxury", "bold", "minimal"])
@pytest.mark.parametrize("shown", ["words", "bottle"])
async def test_the_logo_is_on_the_card_clear_of_all_words(
    tmp_path: Path, bottle: Product, logo: Path, style: str, shown: str
) -> None:
    card, pixels = await paint(tmp_path, WORDS if shown == "words" else bottle, style, brand=KIT.look, logo=logo)
    assert card.logo is not None
    assert SAFE_ZONE.holds(card.logo)
    assert not any(card.logo.meets(text.box) for text in card.boxes)
    assert not card.logo.meets(card.button)
    assert card.product is None or not card.logo.meets(card.product)
    rows, columns = np.nonzero((np.abs(pixels.astype(int) - (255, 0, 255)) < 8).all(axis=2))
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert seen == pytest.approx((card.logo.left, card.logo.top, card.logo.right, card.logo.bottom), abs=2)
    assert card.logo.width / card.logo.height == pytest.approx(4, abs=0.1)


async def test_a_logo_that_would_sink_into_the_ground_gets_a_plate(tmp_path: Path, logo: Path) -> None:
    dark = Image.new("RGBA", (400, 100), (0, 0, 0, 0))
    ImageDraw.Draw(dark).rectangle((0, 30, 399, 70), fill=(8, 8, 8, 255))
    dark.save(logo)
    plates = {}
    for ground in ("#0b1f3a", "#ffffff"):
        card, pixels = await paint(tmp_path, WORDS, "minimal", brand={"ground": ground}, logo=logo)
        assert card.logo is not None
        left, top = int(card.logo.left) + 40, int(card.logo.top)
        inside, outside = pixels[top - 7, left].astype(int), pixels[top - 60, left].astype(int)
        plates[ground] = (inside.min() > 200, np.abs(inside - outside).max() > 12)
    assert plates == {"#0b1f3a": (True, True), "#ffffff": (True, False)}  # a light plate on the dark ground alone


async def test_a_logo_that_is_black_and_white_is_seen_as_a_whole(tmp_path: Path, logo: Path) -> None:
    both = Image.new("RGBA", (400, 100), (0, 0, 0, 0))
    pen = ImageDraw.Draw(both)
    pen.rectangle((0, 0, 180, 99), fill=(0, 0, 0, 255))
    pen.rectangle((220, 0, 399, 99), fill=(255, 255, 255, 255))
    both.save(logo)
    for ground in ("#000000", "#ffffff"):
        card, pixels = await paint(tmp_path, WORDS, "bold", brand={"ground": ground}, logo=logo)
        assert card.logo is not None
        middle = round((card.logo.left + card.logo.right) / 2)
        row = pixels[round((card.logo.top + card.logo.bottom) / 2)].astype(int)
        plate, black, white = (tuple(row[middle + away].tolist()) for away in (0, -90, 90))
        assert min(contrast(plate, black), contrast(plate, white)) >= 3


async def test_scenes_stand_on_the_ground_and_are_written_in_the_font(bottle: Product) -> None:
    script = await OfflineScriptWriter().write(
        Brief(product_name="Ember", style="luxury", cta_text="Go"), bottle, SceneOffer()
    )

    def frame(brand: dict[str, str] | None) -> np.ndarray:
        order = SceneOrder(
            scene=script.scenes[0], style="luxury", product_name="Ember", product=bottle, canvas=DRAFT, brand=brand
        )
        frames = OfflineSceneRenderer(book=BOOK).prepare(order)
        out = np.empty((720, 270), np.uint8)
        frames.draw(frames.count // 2, out)
        return planes.to_rgb(out).astype(int)

    own, coloured, lettered = frame(None), frame(KIT.light), frame({"font": "anton"})
    assert own[300:].mean() < 60
    assert coloured[300:].mean() > 170
    assert np.abs(own - lettered)[50:110].max() > 100  # the headline
    assert np.abs(own - lettered)[300:].mean() < 2


def said(script: Script, forbidden: tuple[str, ...]) -> list[str]:
    return [word for _, text in script.texts if (word := forbidden_in(text, forbidden))]


@pytest.mark.parametrize("style", styles.known())
def test_no_script_that_is_written_here_says_a_forbidden_word(style: str) -> None:
    look, found = styles.load(style), 0
    for category in CATEGORIES:
        for seed in range(4):
            brief = Brief(product_name="Ember Cup", style=style, cta_text="", seed=seed)
            words = {word for _, text in draft(brief, look, category).texts for word in text.split()}
            some = sorted(word.strip(".,!?").casefold() for word in words if word.strip(".,!?").isalpha())
            forbidden = tuple(word for word in some[seed::5] if word not in {"ember", "cup", "a", "the"})
            strict = Brief(product_name="Ember Cup", style=style, cta_text="", seed=seed, forbidden=forbidden)
            try:
                script = draft(strict, look, category)
            except InputError as error:
                assert "finds no words without" in str(error)  # noqa: PT017 - it may
                continue
            found += 1
            assert said(script, forbidden) == []
    assert found > 20


def test_without_forbidden_words_scripts_are_as_they_were() -> None:
    look = styles.load("playful")
    one = Brief(product_name="Ember Cup", style="playful", cta_text="", seed=3)
    other = Brief(product_name="Ember Cup", style="playful", cta_text="", seed=3, forbidden=("zyzzyva",))
    assert draft(one, look, "drink") == draft(other, look, "drink")


def test_where_nothing_can_be_said_the_writer_says_so() -> None:
    brief = Brief(
        product_name="Ember", style="minimal", cta_text="Go", forbidden=("the", "a", "you", "it", "and", "to")
    )
    with pytest.raises(InputError, match="finds no words without") as caught:
        draft(brief, styles.load("minimal"), "default")
    assert "Claude" in caught.value.hint


async def test_a_script_of_the_caller_s_own_is_refused_with_its_place(tmp_path: Path) -> None:
    scenes = [{"id": number, "voiceover_text": "It is here.", "headline": "Hello"} for number in (1, 2, 3, 4)]
    scenes[2]["voiceover_text"] = "Our cheapest, and CHEAP it is."
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"scenes": scenes, "cta": "Go"}))
    free = Brief(product_name="Ember", style="minimal", cta_text="")
    strict = Brief(product_name="Ember", style="minimal", cta_text="", forbidden=("cheap",))
    assert (await FileScriptWriter(path).write(free, WORDS, SceneOffer())).cta == "Go"
    with pytest.raises(ScriptError, match=r"scenes\.3\.voiceover_text: says 'cheap', which the brand kit forbids"):
        await FileScriptWriter(path).write(strict, WORDS, SceneOffer())


async def test_an_empty_border_around_a_logo_does_not_count(tmp_path: Path, bottle: Product) -> None:
    picture = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
    picture.paste((255, 0, 255, 255), (300, 350, 500, 450))
    picture.save(tmp_path / "wide.png")
    card, _ = await paint(tmp_path, bottle, "tech", logo=tmp_path / "wide.png")
    assert card.logo is not None
    assert card.logo.width / card.logo.height == pytest.approx(2, abs=0.1)


def test_a_logo_that_was_taken_in_is_taken_in_again(tmp_path: Path) -> None:
    """A long thin one, much empty: what is kept of it must not be smaller than what is taken."""
    picture = Image.new("RGBA", (3000, 600), (0, 0, 0, 0))
    picture.paste((255, 0, 255, 255), (1000, 290, 1900, 310))
    picture.save(tmp_path / "thin.png")
    rewrite_logo(tmp_path / "thin.png", tmp_path / "once.png")
    rewrite_logo(tmp_path / "once.png", tmp_path / "twice.png")
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "twice.png").read_bytes()
