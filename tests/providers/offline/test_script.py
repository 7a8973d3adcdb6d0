"""The offline script writer."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from badapple import styles
from badapple.errors import ConfigError
from badapple.media.timeline import beat_error, voice_slots
from badapple.models import Brief, Family, Product, SceneOffer, Script
from badapple.ports import ScriptWriter
from badapple.providers.offline.copybook import CATEGORIES, SCENES, TONES, copy_for, film_for
from badapple.providers.offline.pace import estimate
from badapple.providers.offline.script import MOST_WORDS, OfflineScriptWriter, draft

STYLES = styles.known()
#: Words of claims that nobody vouched for.
CLAIMS = re.compile(
    r"""\b(
    best | number\sone | no\.\s?1 | award\w* | winning | unique | only\sone | original | authentic | genuine |
    guarantee\w* | warrant\w+ | proven | tested | approved | certified | recommended? | doctor | expert\w* |
    clinical\w* | scien\w+ | patent\w* | official\w* | free | price\w* | cheap\w* | sale | discount\w* | save\s\d
    | off\snow | deal | shipping | delivery | return\w* | refund\w* | included | percent | made | handmade |
    handcrafted | crafted | designed | engineered | built | manufactured | imported | local | since | heritage |
    tradition\w* | leather | gold(en)? | silver | steel | titanium | cotton | silk | wool | linen | wood\w* | oak
    | glassware | ceramic | diamond\w* | crystal | velvet | cashmere | organic | natural\w* | vegan | sustainab\w+
    | eco | recycl\w+ | fresh\w* | healthy? | vitamin\w* | sugar | protein | caffeine | calorie\w* | ingredient\w*
    | delicious | tasty | comfort\w* | soft(est|er)? \s fabric | durab\w+ | lasting | lasts | waterproof |
    water-?resistant | lightweight | unbreakable | strong(er|est)? \s than | fast(er|est) | powerful | battery |
    wireless | noise-?cancel\w* | hi-?fi | precis\w+ | accurate | reliab\w+ | safe(ty|r|st)? | secure | perfect\w*
    | flawless | anti-?aging | wrinkle\w* | glow\w* | hydrat\w+ | heals? | cures? | relie\w+ | lose\sweight |
    fits\severy | one\ssize | limited | exclusive\w* | rare | new | first\sof | world's | million\w* | thousand\w*
    | everyone\sloves | bestsell\w+ | trusted | finest | premium | luxury | quality
    )\b | \d | % | \$ | €""",
    re.IGNORECASE | re.VERBOSE,
)


def brief(style: str = "luxury", **changes: Any) -> Brief:
    return replace(Brief(product_name="Ember Espresso", style=style, cta_text="Shop Now"), **changes)


def product(category: str = "default") -> Product:
    return Product(
        family=Family.TYPE, photo=None, cutout=None, size=(1, 1), subject=(0, 0, 1, 1), focus=(0.5, 0.5),
        palette=(), accent=None, category=category, confidence=0.0, source_size=(1, 1), reason="",
    )  # fmt: skip


def words_of(script: Script) -> list[str]:
    shown = [text for scene in script.scenes for text in (scene.headline, scene.subline, scene.voiceover_text)]
    return [*shown, script.cta, script.cta_line, script.cta_voiceover]


def every_line() -> list[tuple[str, str]]:
    lines = []
    for tone, category in itertools.product(TONES, CATEGORIES):
        copy = copy_for(tone, category)
        pairs = [*copy.own.values(), *copy.facts, *itertools.chain(*copy.shared.values())]
        texts = [text for line in pairs for text in (line.shown, line.said)]
        texts += [*itertools.chain(*copy.after.values()), *copy.cta, *copy.cta_line, film_for(category).generic]
        lines += [(f"{tone}/{category}", text) for text in texts]
    return lines


def test_no_template_makes_a_claim() -> None:
    found = {(where, text, match[0]) for where, text in every_line() if (match := CLAIMS.search(text))}
    assert not found


def test_no_finished_script_makes_a_claim_in_any_style_or_category() -> None:
    for style, category, seed in itertools.product(STYLES, CATEGORIES, range(3)):
        script = draft(brief(style, seed=seed, cta_text=""), styles.load(style), category)
        assert not [text for text in words_of(script) if CLAIMS.search(text)]


def test_templates_are_complete_and_short() -> None:
    for tone, category in itertools.product(TONES, CATEGORIES):
        copy = copy_for(tone, category)
        assert set(copy.own) == set(SCENES)
        assert "{name}" in copy.own["open"].said
        assert len(film_for(category).actions) == 4
        for line in (*copy.own.values(), *itertools.chain(*copy.shared.values())):
            assert 1 <= len(line.shown.split()) <= 5, line
            assert len(line.shown) <= 30, line
            assert len(line.said) <= 75, line
        assert all(len(cta.split()) <= 4 for cta in copy.cta)


def test_templates_are_clean_sentences() -> None:
    for where, text in every_line():
        assert not re.search(r"  |\s[.,!?]|[.,!?]{2}|\{(?!name\}|it\})", text), (where, text)
    for tone, category in itertools.product(TONES, CATEGORIES):
        copy = copy_for(tone, category)
        for line in (*copy.own.values(), *itertools.chain(*copy.shared.values())):
            assert line.said[0].isupper()
            assert line.said.endswith((".", "!", "?"))
            assert not re.search(r"\b(a|an|the|your|this) \{name\}", line.said)


@pytest.mark.parametrize("style", STYLES)
async def test_every_voice_fits_its_scene_and_cuts_fall_on_beats(style: str) -> None:
    look = styles.load(style)
    for category, seed in (("watch", 0), ("shoe", 1), ("default", 2), ("audio", 3)):
        script = await OfflineScriptWriter().write(brief(style, seed=seed), product(category), SceneOffer())
        assert script.total_frames == 900
        assert beat_error(script, look.music.bpm) <= 0.5001
        texts = [scene.voiceover_text for scene in script.scenes] + [script.cta_voiceover]
        for text, slot in zip(texts, itertools.chain(*voice_slots(script)), strict=True):
            assert estimate(text, pace=look.voice.pace) <= slot
        assert 30 <= sum(len(text.split()) for text in texts) <= MOST_WORDS


async def test_a_hosted_renderer_gets_the_lengths_it_sells() -> None:
    script = await OfflineScriptWriter().write(brief(), product(), SceneOffer(lengths=(180,), frames=False))
    assert [scene.frames for scene in script.scenes] == [180] * 4
    assert script.total_frames == 900


def test_the_same_brief_gives_the_same_script_and_seeds_differ() -> None:
    look = styles.load("tech")
    scripts = [draft(brief("tech", seed=seed), look, "watch") for seed in range(8)]
    assert scripts[0] == draft(brief("tech"), look, "watch")
    assert len({script.scenes[0].voiceover_text for script in scripts}) >= 3


def test_the_first_headline_is_the_name_word_for_word() -> None:
    script = draft(brief(product_name="Oatly!  ☕ Crunch"), styles.load("bold"), "food")
    assert script.scenes[0].headline == "Oatly! ☕ Crunch"
    assert script.scenes[0].subline


@pytest.mark.parametrize(
    "name", ["Часы Премиум", "☕🔥", "プレミアム", "ساعة", "x" * 80, "The One Very Long Product Name Of Them All"]
)
@pytest.mark.parametrize("style", STYLES)
def test_a_name_that_cannot_be_said_is_shown_and_not_said(name: str, style: str) -> None:
    script = draft(brief(style, product_name=name), styles.load(style), "watch")
    said = " ".join(scene.voiceover_text for scene in script.scenes) + script.cta_voiceover
    assert script.spoken_name == ""
    assert script.scenes[0].headline == name
    assert name not in said
    assert "our next watch" in said
    assert "{" not in said
    assert script.cta_voiceover == "Shop now."


def test_a_name_with_a_pronunciation_is_said_as_it_is_written() -> None:
    script = draft(brief(product_name="Часы", say="chassy"), styles.load("luxury"), "watch")
    assert script.spoken_name == "Часы"
    assert "Часы" in script.scenes[0].voiceover_text


@pytest.mark.parametrize("style", STYLES)
def test_a_name_with_a_mark_at_its_end_gives_clean_sentences(style: str) -> None:
    for name in ("Yahoo!", "Oatly.", "What?", "Rock & Roll™", "Bolt..."):
        script = draft(brief(style, product_name=name), styles.load(style), "drink")
        for text in (*(scene.voiceover_text for scene in script.scenes), script.cta_voiceover):
            assert not re.search(r"[.!?][.!?,]|™", text), text


def test_plural_names_are_spoken_of_as_them() -> None:
    look = (
        styles.load("neutral") if "neutral" in STYLES else styles.load("luxury").model_copy(update={"tone": "neutral"})
    )
    said = {
        draft(brief(product_name="Riva Sunglasses", seed=seed), look, "eyewear").scenes[3].voiceover_text
        for seed in range(9)
    }
    assert any("Put them on" in text for text in said)
    assert not any("Put it on" in text for text in said)


def test_facts_are_shown_and_said_and_nothing_else_is_claimed() -> None:
    facts = ("40-hour battery", "Waterproof to 50 m.", "Two-year warranty", "ships in two days")
    script = draft(brief("tech", facts=facts), styles.load("tech"), "watch")
    assert script.scenes[2].points == ("40-hour battery", "Waterproof to 50 m", "Two-year warranty")
    assert "40-hour battery." in script.scenes[2].voiceover_text
    assert script.scenes[3].voiceover_text.startswith("Ships in two days.")
    assert all(not scene.points for scene in script.scenes if scene.id != 3)


def test_facts_that_cannot_be_read_are_shown_only() -> None:
    script = draft(brief(facts=("防水", "Long strap")), styles.load("luxury"), "watch")
    assert script.scenes[2].points == ("防水", "Long strap")
    assert "防水" not in script.scenes[2].voiceover_text


async def test_many_long_facts_still_fit() -> None:
    facts = tuple(
        f"This is the rather long fact number {at} about the thing itself"
        for at in ("one", "two", "three", "four", "five")
    )
    script = await OfflineScriptWriter().write(brief(facts=facts), product("watch"), SceneOffer())
    texts = [scene.voiceover_text for scene in script.scenes] + [script.cta_voiceover]
    for text, slot in zip(texts, itertools.chain(*voice_slots(script)), strict=True):
        assert estimate(text, pace=styles.load("luxury").voice.pace) <= slot
    assert script.total_frames == 900


def test_a_given_cta_is_kept_word_for_word_and_an_empty_one_is_written() -> None:
    assert draft(brief(cta_text="SHOP now!! 🛒"), styles.load("bold"), "bag").cta == "SHOP now!! 🛒"
    for style in STYLES:
        written = draft(brief(style, cta_text="  "), styles.load(style), "bag").cta
        assert 1 <= len(written.split()) <= 4


def test_the_card_never_says_the_same_thing_twice() -> None:
    for style, seed in itertools.product(STYLES, range(12)):
        script = draft(brief(style, cta_text="", seed=seed), styles.load(style), "bag")
        assert script.cta.casefold() != script.cta_line.casefold()


def test_no_sentence_is_heard_twice() -> None:
    for style, category, seed in itertools.product(STYLES, CATEGORIES, range(3)):
        script = draft(brief(style, seed=seed), styles.load(style), category)
        said = " ".join(scene.voiceover_text for scene in script.scenes)
        sentences = [text for text in re.split(r"(?<=[.!?]) ", said) if text != "Ember Espresso."]
        assert len(sentences) == len(set(sentences)), said


def test_prompts_share_the_style_words_and_name_the_product() -> None:
    look = styles.load("luxury")
    prompts = [scene.video_prompt_template for scene in draft(brief(), look, "drink").scenes]
    assert len(set(prompts)) == 4
    assert all(look.video_words[5:] in prompt and "Ember Espresso" in prompt for prompt in prompts)


async def test_another_language_is_refused_with_a_way_out() -> None:
    with pytest.raises(ConfigError, match="English only") as caught:
        await OfflineScriptWriter().write(brief(language="de"), product(), SceneOffer())
    assert "--script" in caught.value.hint


async def test_a_style_of_the_users_own_speaks_neutrally(tmp_path: Path) -> None:
    text = (Path(styles.__file__).parent / "minimal.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(re.sub(r'tone = "\w+"', 'tone = "dreamy"', text), encoding="utf-8")
    script = await OfflineScriptWriter(style_dirs=(tmp_path,)).write(brief("mine"), product("drink"), SceneOffer())
    said = copy_for("neutral", "drink")
    assert script.scenes[1].voiceover_text.startswith(said.own["moment"].said)


def test_it_is_a_script_writer() -> None:
    writer: ScriptWriter = OfflineScriptWriter()
    assert not writer.maker.generated
