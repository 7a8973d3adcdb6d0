"""Who makes what: keys are no consent, and a named vendor needs its key."""

from __future__ import annotations

import pytest

from badapple.config import Settings, read_settings
from badapple.errors import ConfigError, MissingKeyError
from badapple.models import Makers
from badapple.providers.choice import Choice, agreed, choose, possible

KEYS = {"ANTHROPIC_API_KEY": "a" * 20, "ELEVENLABS_API_KEY": "e" * 20, "REPLICATE_API_TOKEN": "r" * 20}
ALL = Choice(script="claude-haiku-5-5", voice=True, video="minimax/hailuo-2.3-fast", cta=True)


def settings(**env: str) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": "/nowhere", "BADAPPLE_CACHE_DIR": "/nowhere", **env})


def test_without_a_word_nobody_is_paid_whatever_keys_are_set() -> None:
    rich = settings(**KEYS)
    assert choose(Makers(), rich, agreed=agreed(Makers(), rich)) == Choice()
    assert possible(Makers(), rich)
    assert not possible(Makers(), settings())
    assert not possible(Makers(provider="offline"), rich)


def test_a_cap_is_a_word() -> None:
    assert agreed(Makers(max_cost=0), settings())
    assert agreed(Makers(), settings(BADAPPLE_MAX_COST="0.5"))
    assert choose(Makers(max_cost=1), settings(**KEYS), agreed=True) == ALL


def test_auto_takes_the_vendors_whose_key_is_set() -> None:
    found = choose(Makers(), settings(ELEVENLABS_API_KEY="e" * 20), agreed=True)
    assert found == Choice(voice=True)
    assert found.vendors == ("elevenlabs",)


@pytest.mark.parametrize("variable", KEYS)
def test_cloud_needs_every_key_and_names_the_one_that_is_missing(variable: str) -> None:
    with pytest.raises(MissingKeyError, match=variable) as caught:
        choose(Makers(provider="cloud"), settings(**KEYS | {variable: ""}), agreed=False)
    assert caught.value.variable == variable
    assert "--provider offline" in caught.value.hint


def test_each_part_can_be_given_by_name() -> None:
    makers = Makers(provider="cloud", script_by="offline", video_by="replicate:minimax/video-01", cta_by="offline")
    assert choose(makers, settings(**KEYS), agreed=False) == Choice(voice=True, video="minimax/video-01")
    alone = Makers(provider="offline", voice_by="elevenlabs")
    assert choose(alone, settings(**KEYS), agreed=False) == Choice(voice=True)


def test_quality_and_script_model_choose_models() -> None:
    makers = Makers(provider="cloud", quality="best", script_model="claude-sonnet-5-5", on_failure="offline")
    found = choose(makers, settings(**KEYS), agreed=False)
    assert (found.script, found.video, found.stand_in) == ("claude-sonnet-5-5", "lightricks/ltx-2.3-fast", True)


def test_a_script_of_the_user_s_own_is_not_written_by_anybody() -> None:
    assert choose(Makers(provider="cloud"), settings(**KEYS), agreed=False, own_script=True).script is None


@pytest.mark.parametrize("makers", [
    Makers(script_by="nobody"), Makers(voice_by="claude"), Makers(video_by="offline:x"), Makers(cta_by="replicate:x/y"),
])  # fmt: skip
def test_an_unknown_maker_is_an_error_that_lists_those_there_are(makers: Makers) -> None:
    with pytest.raises(ConfigError, match="is not known") as caught:
        choose(makers, settings(**KEYS), agreed=True)
    assert "offline" in caught.value.hint
