"""What there is to choose from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from badapple import styles
from badapple.config import Settings
from badapple.jobs import catalog
from badapple.jobs.pricing import with_keys
from badapple.models import Makers
from badapple.providers.choice import choose


def test_every_style_is_there_with_its_voices(settings: Settings, tmp_path: Path) -> None:
    source = Path(styles.__file__).with_name("bold.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(source, encoding="utf-8")
    found = catalog.styles(replace(settings, style_dirs=(tmp_path,)))
    assert [style.name for style in found if style.own] == ["mine"]
    assert {style.name for style in found} == {*styles.known(), "mine"}
    assert all(style.title and style.description and style.palette["mode"] for style in found)
    heard = catalog.voices(replace(settings, style_dirs=(tmp_path,)))
    assert {voice.style for voice in heard if voice.provider == "offline"} == {style.name for style in found}
    assert {voice.available for voice in heard if voice.provider == "elevenlabs"} == {False}
    assert {voice.available for voice in catalog.voices(with_keys(settings))} == {True}


def test_whatever_is_listed_can_be_ordered_and_has_a_price(settings: Settings) -> None:
    keyed = with_keys(settings)
    found = catalog.models(keyed)
    assert {(model.provider, model.part) for model in found} == {
        *(("offline", part) for part in ("script", "voice", "video", "cta")),
        ("anthropic", "script"), ("elevenlabs", "voice"), ("replicate", "video"), ("replicate", "cta"),
    }  # fmt: skip
    for model in found:
        choice = choose(Makers(provider="offline", **model.choose), keyed, agreed=True)  # type: ignore[arg-type]
        vendor = () if model.provider == "offline" else (model.provider,)
        assert choice.vendors == vendor
        assert (model.price_usd is None) == (model.provider == "offline")
        assert (model.name in {choice.script, choice.video}) == (bool(vendor) and model.part in {"script", "video"})


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_the_defaults_are_those_of_an_order(settings: Settings, quality: str) -> None:
    keyed = with_keys(settings)
    choice = choose(Makers(provider="cloud", quality=quality), keyed, agreed=True)  # type: ignore[arg-type]
    found = catalog.models(keyed)
    assert [model.name for model in found if model.quality == quality] == [choice.video]
    assert [model.name for model in found if model.default and model.provider == "anthropic"] == [choice.script]


def test_what_has_no_key_is_listed_as_not_to_be_had(settings: Settings) -> None:
    missing = {model.variable for model in catalog.models(settings) if not model.available}
    assert missing == {"ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY", "REPLICATE_API_TOKEN"}
    assert "en" in {language.code for language in catalog.languages() if "offline" in language.providers}
    assert catalog.limits(settings).max_jobs == settings.doors.max_jobs
