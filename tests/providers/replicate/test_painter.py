"""End cards are set on bought backgrounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image
from tests.providers.replicate.conftest import FLUX, Desk, card_order

from badapple import styles
from badapple.errors import PermanentProviderError
from badapple.ports import ImagePainter
from badapple.providers.replicate.prompts import card_prompt
from badapple.testing.simulators import Fault


async def test_a_background_is_bought_once_and_the_card_set_on_it(desk: Desk) -> None:
    painter: ImagePainter = desk.painter()
    out = desk.folder / "cta.png"
    card = await painter.paint(card_order(), out)
    await painter.paint(card_order(), out)
    assert card.path == out
    assert card.boxes[0].text == "Shop now"
    with Image.open(out) as picture:
        assert picture.size == (1080, 1920)
    assert desk.sims.total("replicate") == 3000
    (sent,) = desk.asked("create")
    assert sent.body["input"]["aspect_ratio"] == "9:16"


async def test_it_says_who_it_is(desk: Desk) -> None:
    assert desk.painter().maker.model == f"{FLUX}+card"
    assert desk.painter().maker.generated


async def test_a_quote_names_the_call_that_is_made_then(desk: Desk) -> None:
    (order,) = desk.painter().calls(card_order())
    await desk.painter().paint(card_order(), desk.folder / "cta.png")
    assert [one.key for one in desk.till.bought] == [order.key]
    assert order.estimate == 3000


async def test_the_words_of_the_card_do_not_change_its_background(desk: Desk) -> None:
    def key(**change: object) -> str:
        return desk.painter().calls(replace(card_order(), **change))[0].key  # type: ignore[arg-type]  # fields of it

    assert key() == key(cta="Buy it") == key(product_name="Other")
    assert len({key(), key(take=1), key(style="bold"), key(seed=4)}) == 4


async def test_a_background_that_was_refused_is_refused(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="nsfw"))
    with pytest.raises(PermanentProviderError) as caught:
        await desk.painter().paint(card_order(), desk.folder / "cta.png")
    assert caught.value.reason == "refused"
    assert not (desk.folder / "cta.png").exists()


@pytest.mark.parametrize("name", styles.known())
def test_a_background_is_described_by_light_and_colours_alone(name: str) -> None:
    told = card_prompt(card_order(), styles.load(name))
    assert "No text" in told
    assert "empty area in the lower third" in told
    assert "burgundy" in told
    assert "Nuve" not in told
    for word in ("dolly", "pan", "zoom", "camera", "orbit", "whip", "serif"):
        assert word not in told.split()
