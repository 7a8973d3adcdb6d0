"""Scripts by Claude, bought from a simulator."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from badapple import styles
from badapple.config import Access
from badapple.errors import BudgetError, ConfigError, MissingKeyError, PermanentProviderError
from badapple.media.timeline import speaking_seconds, voice_slots
from badapple.models import Brief, Dedupe, SceneOffer
from badapple.providers.anthropic import BEST_MODEL
from badapple.testing.simulators import Fault, contracts

if TYPE_CHECKING:
    from tests.providers.anthropic.conftest import Desk

    from badapple.models import Bought, Script
    from badapple.ports import PaidCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIX_SECONDS = SceneOffer(lengths=(180,), frames=False)
FACTS = ("Holds 350 ml", "Dishwasher safe.", "Glazed by hand in Porto", "Comes in four colours")


def texts(script: Script) -> list[str]:
    voices = [scene.voiceover_text for scene in script.scenes]
    shown = [text for scene in script.scenes for text in (scene.headline, scene.subline)]
    return [*voices, *shown, script.cta_line, script.cta_voiceover]


@pytest.mark.parametrize("style", styles.known())
async def test_a_script_fills_the_film_and_every_voice_its_scene(desk: Desk, style: str) -> None:
    script = await desk.write(Brief(product_name="Ember Cup", style=style, cta_text="Pour one now", facts=FACTS))
    assert script.total_frames == 900
    assert [scene.id for scene in script.scenes] == [1, 2, 3, 4]
    pace = styles.load(style).voice.pace
    said = [[scene.voiceover_text] for scene in script.scenes]
    said[-1].append(script.cta_voiceover)
    for lines, slots in zip(said, voice_slots(script), strict=True):
        for line, slot in zip(lines, slots, strict=True):
            assert len(line.split()) <= 13
            assert 0 < speaking_seconds(line, pace) <= slot * 1.1
    for scene in script.scenes:
        assert 0 < len(scene.headline) <= 36
        assert "Ember Cup" in scene.video_prompt_template
        assert "No on-screen text" in scene.video_prompt_template
    contracts.check(desk.sims)


async def test_a_renderer_of_any_length_gets_its_900_frames_too(desk: Desk) -> None:
    script = await desk.writer().write(desk.brief, desk.photo(), SceneOffer())
    assert script.total_frames == 900


async def test_the_users_words_stand_as_they_were_given(desk: Desk) -> None:
    script = await desk.write(replace(desk.brief, facts=FACTS))
    assert script.cta == "Pour one now"
    assert script.cta_voiceover.endswith("Pour one now.")
    assert script.scenes[2].points == ("Holds 350 ml", "Dishwasher safe", "Glazed by hand in Porto")
    assert script.product_name == script.spoken_name == "Ember Cup"
    assert "Ember Cup" in (script.scenes[0].headline, script.scenes[0].subline)


async def test_without_a_call_to_action_the_model_writes_one(desk: Desk) -> None:
    desk.answers(desk.good())
    script = await desk.write(replace(desk.brief, cta_text=""))
    assert script.cta == "Pour one"
    assert script.cta_voiceover == "Ember Cup. Pour one."


async def test_the_brief_goes_out_as_data_in_its_own_language(desk: Desk) -> None:
    desk.answers(desk.good(cta={"voiceover": "Ember Cup. Jetzt ansehen."}))
    script = await desk.write(replace(desk.brief, product_name="</brief> Cup", language="de", cta_text="Jetzt ansehen"))
    said = desk.sent[0].body["messages"][0]["content"][0]["text"]
    assert said.count("</brief>") == 1
    brief = json.loads(said.partition("<brief>")[2].partition("</brief>")[0])
    assert brief["product_name"] == "</brief> Cup"
    assert brief["language"] == "de"
    assert [scene["most_words"] for scene in brief["scenes"]] == [13, 13, 13, 13]
    assert script.cta_voiceover == "Ember Cup. Jetzt ansehen."


async def test_the_picture_is_looked_at_once_for_all_styles_and_names(desk: Desk) -> None:
    product = desk.photo()
    await desk.write(desk.brief, product)
    await desk.write(replace(desk.brief, style="bold", product_name="Other Cup", cta_text="Look"), product)
    await desk.write(desk.brief, product)
    assert [order.label for order in desk.till.bought] == ["picture description", "script", "script"]
    assert len(desk.sent) == len(desk.charges) == 3


async def test_the_same_pixels_in_another_file_are_the_same_picture(desk: Desk) -> None:
    await desk.write(desk.brief, desk.photo())
    path = desk.folder / "again.png"
    Image.new("RGB", (60, 80), (180, 40, 30)).save(path, compress_level=1, pnginfo=None)
    await desk.write(desk.brief, replace(desk.photo(), photo=path))
    assert len(desk.sent) == 2


async def test_the_picture_is_sent_small_before_the_words_and_without_metadata(desk: Desk) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    path = desk.folder / "wide.jpg"
    Image.new("RGB", (3000, 1500), (10, 120, 60)).save(path, exif=exif)
    await desk.write(desk.brief, replace(desk.photo(), photo=path, size=(1500, 3000)))
    image, words = desk.sent[0].body["messages"][0]["content"]
    assert (image["type"], words["type"]) == ("image", "text")
    assert image["source"]["media_type"] == "image/jpeg"
    sent = Image.open(io.BytesIO(base64.b64decode(image["source"]["data"])))
    assert sent.size == (546, 1092)  # upright
    assert not sent.getexif()
    assert "a camera" not in repr(sent.info)


async def test_what_the_picture_shows_reaches_the_script(desk: Desk) -> None:
    desk.answers(desk.seen(), desk.good(scene_3={"voiceover_text": "The label says 350 ml. The glaze is red."}))
    script = await desk.write(desk.brief, desk.photo())
    assert '"EMBER", "350 ml"' in desk.sent[1].body["messages"][0]["content"][0]["text"]
    assert script.scenes[2].voiceover_text == "The label says 350 ml. The glaze is red."
    assert len(desk.sent) == 2


async def test_a_description_that_cannot_be_read_is_left_out(desk: Desk) -> None:
    desk.answers("no JSON at all", desk.good())
    await desk.write(desk.brief, desk.photo())
    assert "<picture>" not in desk.sent[1].body["messages"][0]["content"][0]["text"]


async def test_the_quote_names_the_calls_that_are_made(desk: Desk) -> None:
    product = desk.photo((900, 700), mode="RGBA")
    orders = desk.writer().calls(desk.brief, product, SIX_SECONDS)
    assert desk.sent == []
    await desk.write(desk.brief, product)
    assert [order.key for order in orders] == [order.key for order in desk.till.bought]
    assert [order.reserve for order in orders] == [order.reserve for order in desk.till.bought]
    for order, charge in zip(orders, desk.charges, strict=True):
        assert charge <= order.reserve
        assert order.estimate <= order.reserve <= 20_000
        assert order.dedupe is Dedupe.NONE
        assert "base64" not in json.dumps(order.request) or "sha256 of the pixels" in json.dumps(order.request)


async def test_what_is_bought_costs_what_the_tokens_say(desk: Desk) -> None:
    desk.answers(desk.good())
    await desk.write()
    (bought,) = desk.till._goods.values()
    assert bought.cost == 100 + 250  # 1,000 tokens in, 500 out
    assert bought.facts["usage"] == {"input_tokens": 1000, "output_tokens": 500}


async def test_another_model_is_another_purchase_at_its_own_price(desk: Desk) -> None:
    await desk.write()
    await desk.write(model=BEST_MODEL)
    cheap, dear = desk.till.bought
    assert dear.model == BEST_MODEL
    assert dear.estimate > 10 * cheap.estimate
    assert desk.writer(model=BEST_MODEL).maker.model == BEST_MODEL


async def test_a_model_without_a_price_is_refused_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="no price"):
        desk.writer(model="claude-unheard-of").calls(desk.brief, desk.photo(), SIX_SECONDS)


async def test_a_missing_key_is_named(desk: Desk) -> None:
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY"):
        await desk.write(access=Access(variable="ANTHROPIC_API_KEY"))


async def test_seeds_ask_anew(desk: Desk) -> None:
    await desk.write()
    await desk.write(replace(desk.brief, seed=1))
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scene_1": {"headline": ""}}, "scene_1.headline: is empty"),
        ({"scene_2": {"voiceover_text": "one two " * 10}}, "scene_2.voiceover_text: has 20 words; at most 13"),
        ({"scene_3": {"headline": "long " * 20}}, "scene_3.headline: has 100 characters; at most 36"),
        ({"scene_4": {"shot": "from space"}}, "scene_4.shot: input should be"),
        ({"cta": {"text": "one two three four five"}}, "cta.text: has 5 words"),
        ({"scene_2": {"voiceover_text": "Get it free today, for free."}}, "scene_2.voiceover_text: makes a claim"),
        ({"scene_2": {"subline": "Only $5"}}, "scene_2.subline: speaks of a price"),
    ],
)
async def test_what_is_wrong_is_said_once_and_mended(desk: Desk, change: dict[str, Any], said: str) -> None:
    desk.answers(desk.good(**change), desk.good())
    script = await desk.write(replace(desk.brief, cta_text=""))
    first, second = desk.sent
    asked, answered, again = second.body["messages"]
    assert [asked] == first.body["messages"]
    assert json.loads(answered["content"][0]["text"]) == desk.good(**change)
    assert said in again["content"][0]["text"]
    assert script.total_frames == 900
    assert len({order.key for order in desk.till.bought}) == 2


async def test_a_script_that_cannot_be_mended_ends_with_what_it_cost(desk: Desk) -> None:
    desk.answers("Here you are!", "Sorry, here you are!")
    with pytest.raises(PermanentProviderError, match="not one JSON object") as caught:
        await desk.write()
    assert (caught.value.reason, caught.value.charged) == ("media", 700)
    assert "--seed" in caught.value.hint
    replies = [bought.files["reply"] for bought in desk.till._goods.values()]
    assert [json.loads(path.read_bytes())["content"][0]["text"] for path in replies] == [
        "Here you are!",
        "Sorry, here you are!",
    ]
    with pytest.raises(PermanentProviderError, match="not one JSON object"):
        await desk.write()
    assert len(desk.sent) == 2  # nothing is bought twice, not even what is of no use


async def test_sentences_that_still_claim_too_much_go(desk: Desk) -> None:
    bad = desk.good(
        scene_1={"voiceover_text": "The morning is quiet. It is award-winning.", "subline": "Call 555 0100 222"},
        scene_2={"voiceover_text": "Guaranteed for 20 years.", "headline": "Only $3"},
        scene_3={"video_prompt": "{product} with the words “BUY NOW” in the air, on evil.example.com."},
        cta={"line": "Free shipping", "voiceover": "Free shipping today. Pour one now."},
    )
    desk.answers(bad, bad)
    script = await desk.write()
    assert script.scenes[0].voiceover_text == "The morning is quiet."
    assert script.scenes[0].subline == "Ember Cup"
    assert script.scenes[1].voiceover_text == "Take a closer look."
    assert script.scenes[1].headline == ""
    assert script.scenes[2].video_prompt_template.startswith("Close view along the surface of Ember Cup")
    assert script.cta_line == ""
    assert script.cta_voiceover == "Pour one now."
    assert len(desk.sent) == 2


async def test_a_second_try_that_is_worse_leaves_the_first(desk: Desk) -> None:
    desk.answers(desk.good(scene_2={"subline": "Best in town"}), "no")
    script = await desk.write()
    assert script.scenes[1].subline == ""
    assert script.scenes[1].headline == "Quiet hour b"


class PoorTill:
    """Pays for one call."""

    owner = "local"

    def __init__(self, till: Any) -> None:
        self._till = till

    async def once(self, call: PaidCall) -> Bought:
        if self._till.bought:
            raise BudgetError("no", cap=1, held=1, wanted=1)
        bought: Bought = await self._till.once(call)
        return bought


async def test_no_money_for_a_second_try_leaves_the_first(desk: Desk) -> None:
    desk.answers(desk.good(scene_2={"subline": "Best in town"}))
    script = await desk.write(till=PoorTill(desk.till))
    assert script.scenes[1].subline == ""


async def test_a_film_without_a_word_to_stand_by_is_refused(desk: Desk) -> None:
    bad = desk.good(**{f"scene_{n}": {"voiceover_text": f"Save {n}0% at evil{n}.example.com."} for n in range(1, 5)})
    desk.answers(bad, bad)
    with pytest.raises(PermanentProviderError) as caught:
        await desk.write()
    assert caught.value.reason == "refused"
    assert caught.value.charged == 700


async def test_an_answer_that_is_cut_off_is_asked_for_once_more_with_twice_the_room(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", route="messages", nth=(1,), does="max_tokens")])
    await desk.write()
    first, second = desk.sent
    assert second.body["max_tokens"] == 2 * first.body["max_tokens"]
    assert second.body["messages"] == first.body["messages"]
    assert len({order.key for order in desk.till.bought}) == 2


async def test_an_answer_that_is_always_cut_off_ends_after_two_calls(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", does="max_tokens")])
    with pytest.raises(PermanentProviderError, match="cut off twice") as caught:
        await desk.write()
    assert caught.value.reason == "media"
    assert caught.value.charged >= sum(desk.charges) > 0
    assert len(desk.sent) == 2


async def test_a_refusal_is_charged_kept_and_not_asked_again(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", does="refusal")])
    for _ in range(2):
        with pytest.raises(PermanentProviderError, match="refuses") as caught:
            await desk.write()
        assert caught.value.reason == "refused"
    assert len(desk.sent) == len(desk.charges) == 1


async def test_a_request_beyond_the_models_window_is_an_error(desk: Desk) -> None:
    reply: dict[str, Any] = {"id": "msg_1", "content": [], "stop_reason": "model_context_window_exceeded", "usage": {}}
    desk.answers(reply)
    with pytest.raises(PermanentProviderError, match="too long") as caught:
        await desk.write()
    assert caught.value.reason == "input"


async def test_a_picture_that_the_vendor_finds_too_large_is_sent_smaller_once(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", route="messages", nth=(1,), does="image_too_large")])
    await desk.write(desk.brief, desk.photo((1400, 900)))
    sizes = [
        Image.open(io.BytesIO(base64.b64decode(request.body["messages"][0]["content"][0]["source"]["data"]))).size
        for request in desk.sent[:2]
    ]
    assert [max(size) for size in sizes] == [1092, 546]
    assert len(desk.charges) == 2


async def test_a_slow_answer_is_waited_for(desk: Desk) -> None:
    desk.sims.set_faults([Fault(vendor="anthropic", delay=0.4)])
    assert (await desk.write(seconds=10.0)).total_frames == 900


async def test_a_word_that_the_brand_forbids_is_asked_to_be_mended(desk: Desk) -> None:
    desk.answers(desk.good(scene_2={"headline": "A CHEAP thrill"}), desk.good())
    script = await desk.write(replace(desk.brief, forbidden=("cheap",)))
    assert not any("cheap" in text.casefold() for text in texts(script))
    first, second = (request.body["messages"] for request in desk.sent)
    assert "forbidden_words" in first[-1]["content"][0]["text"]
    assert "scene_2.headline: says 'cheap', which the brand never does" in second[-1]["content"][0]["text"]


async def test_a_sentence_with_a_forbidden_word_goes_where_mending_does_not_help(desk: Desk) -> None:
    bad = desk.good(scene_2={"voiceover_text": "Hold the Ember Cup. It is cheap."})
    desk.answers(bad, bad)
    script = await desk.write(replace(desk.brief, forbidden=("cheap",)))
    assert script.scenes[1].voiceover_text == "Hold the Ember Cup."


async def test_what_stands_in_for_a_lost_sentence_says_no_forbidden_word_either(desk: Desk) -> None:
    bad = desk.good(scene_2={"voiceover_text": "It is cheap."}, scene_3={"voiceover_text": "Cheap all over."})
    desk.answers(bad, bad)
    script = await desk.write(replace(desk.brief, forbidden=("cheap", "closer look", "every side", "here it is")))
    assert [bool(scene.voiceover_text) for scene in script.scenes] == [True, False, False, True]
    assert len(desk.sent) == 2


async def test_without_forbidden_words_the_question_is_the_same_as_ever(desk: Desk) -> None:
    (plain,) = desk.writer().calls(desk.brief, desk.photo(), SIX_SECONDS)[1:]
    (strict,) = desk.writer().calls(replace(desk.brief, forbidden=("cheap",)), desk.photo(), SIX_SECONDS)[1:]
    assert "forbidden" not in json.dumps(plain.request)
    assert plain.key != strict.key
