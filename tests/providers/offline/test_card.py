"""The end card: inside the safe zone, readable, truthful about where things are."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from badapple import styles
from badapple.errors import InputError, MediaError, MissingFontError
from badapple.media.colour import ENOUGH, contrast
from badapple.media.fonts import FontBook
from badapple.models import CAPTION_BAND, SAFE_ZONE, Box, Card, CardOrder, Family, Product, Swatch
from badapple.providers.offline.card import OfflineCardPainter

if TYPE_CHECKING:
    from badapple.ports import CardComposer, ImagePainter

STYLES = ("luxury", "energetic", "minimal", "bold", "playful", "tech")
PAINTER = OfflineCardPainter(book=FontBook(cjk=False))
LONG_NAME = "The Extraordinarily Long Product Name of a Brand That Never Learned To Stop Adding Words To It All!!"
LONG_CTA = "Shop the whole new collection today before it is all gone"


def _product(folder: Path, family: Family, size: tuple[int, int] = (500, 620)) -> Product:
    photo = cutout = None
    if family is not Family.TYPE:
        picture = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(picture).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 40, (40, 130, 90, 255))
        photo, cutout = folder / "photo.png", folder / "cutout.png"
        picture.convert("RGB").save(photo)
        picture.save(cutout)
    return Product(
        family=family, photo=photo, cutout=cutout if family is Family.CUTOUT else None, size=size,
        subject=(0, 0, *size), focus=(0.5, 0.5), palette=(Swatch(rgb=(40, 130, 90), share=1.0),),
        accent=(40, 130, 90), category="default", confidence=1.0, source_size=size, reason="made for a test",
    )  # fmt: skip


async def _paint(
    folder: Path,
    product: Product,
    *,
    style: str,
    name: str = "Ember Espresso",
    cta: str = "Shop now",
    line: str = "A quiet kind of luxury",
) -> Card:
    order = CardOrder(product_name=name, cta=cta, line=line, style=style, product=product)
    return await PAINTER.paint(order, folder / f"{style}.png")


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _pixels(card: Card) -> np.ndarray:
    with Image.open(card.path) as image:
        assert (image.mode, image.size, image.format) == ("RGB", (1080, 1920), "PNG")
        return np.asarray(image)


def _check_places(card: Card, *, texts: list[str]) -> None:
    assert [box.text for box in card.boxes] == texts
    assert SAFE_ZONE.holds(card.button)
    assert card.button.bottom <= CAPTION_BAND.top
    assert card.button.holds(card.boxes[-1].box)
    for text in card.boxes:
        assert SAFE_ZONE.holds(text.box), text
        assert not CAPTION_BAND.meets(text.box), text
        assert card.product is None or not card.product.meets(text.box), text
    for one, other in itertools.combinations(card.boxes, 2):
        assert not one.box.meets(other.box)
    for text in card.boxes[:-1]:
        assert not text.box.meets(card.button)


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("style", STYLES)
async def test_every_style_shows_every_family_with_its_words_in_their_places(
    tmp_path: Path, style: str, family: Family
) -> None:
    card = await _paint(tmp_path, _product(tmp_path, family), style=style)
    _check_places(card, texts=["Ember Espresso", "A quiet kind of luxury", "Shop now"])
    assert (card.product is None) == (family is Family.TYPE)
    assert _pixels(card).std() > 8


@pytest.mark.parametrize(("style", "size"), list(zip(STYLES, [(180, 640), (600, 600), (1200, 420)] * 2, strict=True)))
async def test_the_longest_words_fit_beside_any_product(tmp_path: Path, style: str, size: tuple[int, int]) -> None:
    product = _product(tmp_path, Family.CUTOUT, size)
    card = await _paint(tmp_path, product, style=style, name=LONG_NAME[:100], cta=LONG_CTA, line="")
    _check_places(card, texts=[LONG_NAME[:100], LONG_CTA])
    assert card.product is not None
    assert card.product.height >= 100


@pytest.mark.parametrize("style", STYLES)
async def test_the_button_can_be_read(tmp_path: Path, style: str) -> None:
    card = await _paint(tmp_path, _product(tmp_path, Family.CUTOUT), style=style)
    box = card.boxes[-1].box
    inside = _pixels(card)[round(box.top) : round(box.bottom), round(box.left) : round(box.right)].reshape(-1, 3)
    light = np.argsort(inside.astype(int) @ [2126, 7152, 722])
    dark, bright = (tuple(int(v) for v in np.median(inside[part], axis=0)) for part in (light[:300], light[-300:]))
    assert contrast(dark, bright) >= ENOUGH  # type: ignore[arg-type]  # three numbers each


async def test_the_name_is_where_the_card_says(tmp_path: Path) -> None:
    card = await _paint(tmp_path, _product(tmp_path, Family.TYPE), style="minimal", line="")
    box = card.boxes[0].box
    top, left, margin = round(box.top), round(box.left), 30
    around = _pixels(card)[top - margin : round(box.bottom) + margin, left - margin : round(box.right) + margin]
    ink = Image.fromarray(((around.max(axis=2) < 110) * 255).astype(np.uint8)).getbbox()
    assert ink is not None
    found = Box(
        left=left - margin + ink[0],
        top=top - margin + ink[1],
        right=left - margin + ink[2],
        bottom=top - margin + ink[3],
    )
    for side in ("left", "top", "right", "bottom"):
        assert getattr(found, side) == pytest.approx(getattr(box, side), abs=3)


async def test_the_product_is_where_the_card_says(tmp_path: Path) -> None:
    card = await _paint(tmp_path, _product(tmp_path, Family.CUTOUT), style="minimal")
    box = card.product
    assert box is not None
    green = np.abs(_pixels(card).astype(int) - (40, 130, 90)).max(axis=2) < 12
    found = Image.fromarray((green * 255).astype(np.uint8)).getbbox()
    assert found == pytest.approx((box.left, box.top, box.right, box.bottom), abs=2)


@pytest.mark.parametrize("style", ["luxury", "energetic"])
async def test_a_tiny_picture_is_never_blown_up(tmp_path: Path, style: str) -> None:
    card = await _paint(tmp_path, _product(tmp_path, Family.CUTOUT, (70, 90)), style=style)
    assert card.product is not None
    assert card.product.width <= 2 * 82  # a tilted product is a little wider than its file
    assert card.product.height <= 2 * 97


@pytest.mark.parametrize("size", [(2000, 500), (500, 2000)])
async def test_a_photo_of_an_odd_shape_is_cut_not_squeezed(tmp_path: Path, size: tuple[int, int]) -> None:
    product = _product(tmp_path, Family.PHOTO, size)
    assert product.photo is not None
    with Image.open(product.photo) as plain:
        chart = plain.copy()
    pen = ImageDraw.Draw(chart)
    middle = (size[0] // 2, size[1] // 2)
    pen.rectangle((0, 0, *size), fill=(40, 90, 200))
    pen.rectangle((middle[0] - 100, middle[1] - 100, middle[0] + 100, middle[1] + 100), fill=(255, 0, 0))
    chart.save(product.photo)
    card = await _paint(tmp_path, product, style="minimal")
    red = np.all(np.abs(_pixels(card).astype(int) - (255, 0, 0)) < 20, axis=2)
    box = Image.fromarray((red * 255).astype(np.uint8)).getbbox()
    assert box is not None
    assert box[2] - box[0] == pytest.approx(box[3] - box[1], rel=0.03)


async def test_the_same_order_paints_the_same_card(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    first = (await _paint(tmp_path, product, style="playful")).path.read_bytes()
    assert (await _paint(tmp_path, product, style="playful")).path.read_bytes() == first
    assert sorted(path.name for path in _files(tmp_path)) == ["cutout.png", "photo.png", "playful.png"]


async def test_right_to_left_words_stand_right_of_nothing_but_the_product(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT, (200, 640))
    arabic = await _paint(tmp_path, product, style="tech", name="عصير التفاح", cta="اطلب الآن", line="")
    latin = await _paint(tmp_path, product, style="tech", name="Apple Juice", cta="Order now", line="")
    assert arabic.product is not None
    assert latin.product is not None
    assert arabic.product.left > arabic.boxes[0].box.right
    assert latin.product.right < latin.boxes[0].box.left


async def test_words_that_cannot_be_drawn_are_refused_with_a_way_out(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.TYPE)
    with pytest.raises(MissingFontError) as caught:
        await _paint(tmp_path, product, style="bold", name="咖啡")
    assert "badapple[cjk]" in caught.value.hint
    with pytest.raises(InputError, match="does not fit"):
        await _paint(tmp_path, product, style="bold", cta="word " * 150)
    assert not (tmp_path / "bold.png").exists()


async def test_a_style_of_the_users_own_is_painted(tmp_path: Path) -> None:
    text = (Path(styles.__file__).parent / "minimal.toml").read_text(encoding="utf-8").replace("#1c1b19", "#0a3d62")
    (tmp_path / "navy.toml").write_text(text, encoding="utf-8")
    painter = OfflineCardPainter(book=FontBook(), style_dirs=(tmp_path,))
    order = CardOrder(product_name="Ember", cta="Go", line="", style="navy", product=_product(tmp_path, Family.TYPE))
    card = await painter.paint(order, tmp_path / "out" / "card.png")
    middle = _pixels(card)[round(card.button.top) + 12, round(card.button.left) + 20]
    assert tuple(middle) == pytest.approx((10, 61, 98), abs=3)


async def test_painting_is_quick(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    await _paint(tmp_path, product, style="luxury")
    start = time.process_time()
    await _paint(tmp_path, product, style="luxury")
    assert time.process_time() - start < 3.0


def _ground(folder: Path, kind: str, size: tuple[int, int] = (768, 1344), suffix: str = "png") -> Path:
    """Write a background: plain, or as restless as can be."""
    path = folder / f"ground-{kind}.{suffix}"
    if kind == "restless":
        noise = np.random.default_rng(5).integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
        Image.fromarray(noise).resize(size, Image.Resampling.NEAREST).save(path)
    else:
        Image.new("RGB", size, kind).save(path)
    return path


async def _compose(folder: Path, product: Product, ground: Path, *, style: str) -> Card:
    order = CardOrder(
        product_name="Ember Espresso", cta="Shop now", line="A quiet kind of luxury", style=style, product=product
    )
    return await PAINTER.compose(order, ground, folder / f"{style}.png")


@pytest.mark.parametrize(
    ("style", "family", "kind"),
    [
        ("luxury", Family.CUTOUT, "white"), ("energetic", Family.PHOTO, "white"), ("minimal", Family.TYPE, "black"),
        ("bold", Family.CUTOUT, "black"), ("playful", Family.PHOTO, "black"), ("tech", Family.TYPE, "white"),
        ("luxury", Family.PHOTO, "restless"), ("minimal", Family.CUTOUT, "restless"),
    ],
)  # fmt: skip
async def test_every_background_carries_the_same_card(tmp_path: Path, style: str, family: Family, kind: str) -> None:
    product = _product(tmp_path, family)
    own = await _paint(tmp_path, product, style=style)
    card = await _compose(tmp_path, product, _ground(tmp_path, kind), style=style)
    assert (card.boxes, card.button, card.product) == (own.boxes, own.button, own.product)
    _check_places(card, texts=["Ember Espresso", "A quiet kind of luxury", "Shop now"])
    pixels = _pixels(card)
    large = styles.load(style, ()).type.text_weight >= 700
    for text, enough in zip(card.boxes, (3.0, 3.0 if large else ENOUGH, ENOUGH), strict=True):
        assert _legible(pixels, text.box) >= enough * 0.95, text.text


def _legible(pixels: np.ndarray, box: Box) -> float:
    """Return the contrast of letters with what surrounds them: of the rarer tone in their box with the commoner one."""
    inside = pixels[round(box.top) : round(box.bottom), round(box.left) : round(box.right)].reshape(-1, 3)
    luma = inside.astype(int) @ [2126, 7152, 722]
    order = np.argsort(luma)
    part = max(20, len(order) // 20)
    dark, bright = (tuple(int(v) for v in np.median(inside[some], axis=0)) for some in (order[:part], order[-part:]))
    return contrast(dark, bright)  # type: ignore[arg-type]  # three numbers each


async def test_the_background_is_seen_and_the_product_stands_before_it(tmp_path: Path) -> None:
    picture = np.zeros((1344, 768, 3), np.uint8) + np.array((90, 60, 40), np.uint8)
    picture[1100:, :384] = (230, 200, 120)
    Image.fromarray(picture).save(tmp_path / "ground.webp", lossless=True)
    product = _product(tmp_path, Family.CUTOUT)
    card = await _compose(tmp_path, product, tmp_path / "ground.webp", style="luxury")
    pixels = _pixels(card).astype(int)
    assert pixels[1700:1850, 100:440].mean() > pixels[1700:1850, 640:980].mean() + 60
    green = np.abs(pixels - (40, 130, 90)).max(axis=2) < 12
    found = Image.fromarray((green * 255).astype(np.uint8)).getbbox()
    assert card.product is not None
    assert found == pytest.approx((card.product.left, card.product.top, card.product.right, card.product.bottom), abs=2)


@pytest.mark.parametrize(
    ("size", "suffix"), [((300, 200), "png"), ((200, 900), "webp"), ((1500, 900), "jpg"), ((768, 1344), "gif")]
)
async def test_backgrounds_of_any_size_cover_the_card(tmp_path: Path, size: tuple[int, int], suffix: str) -> None:
    ground = _ground(tmp_path, "#c8a078", size, suffix)
    card = await _compose(tmp_path, _product(tmp_path, Family.TYPE), ground, style="playful")
    corners = _pixels(card)[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert np.ptp(corners, axis=0).max() <= 6
    assert corners[0][0] > corners[0][2] + 20  # still the warm tone that was bought


@pytest.mark.parametrize("kind", ["missing", "empty", "words", "cut short", "huge", "thin"])
async def test_a_background_that_cannot_be_used_is_a_media_error(tmp_path: Path, kind: str) -> None:
    path, good = tmp_path / "bought.png", _ground(tmp_path, "restless").read_bytes()
    if kind == "huge":
        Image.new("1", (9000, 9000)).save(path)
    elif kind == "thin":
        Image.new("RGB", (1000, 70)).save(path)
    elif kind != "missing":
        path.write_bytes({"empty": b"", "words": b"<html>Bad gateway</html>", "cut short": good[:-900]}[kind])
    with pytest.raises(MediaError, match=r"background picture '.*bought\.png'") as caught:
        await _compose(tmp_path, _product(tmp_path, Family.TYPE), path, style="bold")
    assert caught.value.path == path
    assert not (tmp_path / "bold.png").exists()


async def test_the_same_background_gives_the_same_card(tmp_path: Path) -> None:
    product, ground = _product(tmp_path, Family.CUTOUT), _ground(tmp_path, "restless")
    first = (await _compose(tmp_path, product, ground, style="tech")).path.read_bytes()
    assert (await _compose(tmp_path, product, ground, style="tech")).path.read_bytes() == first


@pytest.mark.parametrize("style", ["bold", "energetic"])
async def test_no_word_of_a_name_is_broken_where_smaller_type_would_do(tmp_path: Path, style: str) -> None:
    product = _product(tmp_path, Family.CUTOUT, (200, 640))
    card = await _paint(tmp_path, product, style=style, name="Ember Espresso")
    short = await _paint(tmp_path, product, style=style, name="Ember")
    assert card.boxes[0].box.height < 2 * short.boxes[0].box.height  # two lines, smaller than the single one


def test_it_composes_cards() -> None:
    composer: CardComposer = PAINTER
    assert composer is PAINTER


def test_it_is_an_image_painter_that_generates_nothing() -> None:
    painter: ImagePainter = PAINTER
    assert (painter.maker.name, painter.maker.generated) == ("offline", False)


async def test_real_photos_make_cards(shared_photos: Path, tmp_path: Path) -> None:
    with Image.open(shared_photos / "sneaker-alpha.png") as image:
        picture = image.convert("RGBA")
    picture = picture.crop(picture.getbbox())
    product = _product(tmp_path, Family.CUTOUT, picture.size)
    assert product.cutout is not None
    picture.save(product.cutout)
    card = await _paint(tmp_path, product, style="energetic", name="Dash Force One")
    _check_places(card, texts=["Dash Force One", "A quiet kind of luxury", "Shop now"])
