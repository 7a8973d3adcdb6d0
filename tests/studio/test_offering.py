"""What the form of a new ad offers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from badapple.config import Settings, read_settings
from badapple.jobs.pricing import with_keys
from badapple.secrets import Secret
from badapple.studio.offering import offered


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(tmp_path)})


def test_without_keys_every_vendor_is_named_with_its_variable(bare: Settings) -> None:
    offer = offered(bare)
    assert {one.title: one.variable for one in offer.missing} == {
        "Claude": "ANTHROPIC_API_KEY", "ElevenLabs": "ELEVENLABS_API_KEY", "Replicate": "REPLICATE_API_TOKEN",
    }  # fmt: skip
    assert not any(part.available for part in offer.parts)


def test_one_key_sets_its_own_parts_up(bare: Settings) -> None:
    vendors = {**bare.vendors, "anthropic": replace(bare.vendors["anthropic"], key=Secret("k"))}
    offer = offered(replace(bare, vendors=vendors))
    assert [part.field for part in offer.parts if part.available] == ["script_by"]
    assert (offer.may("anthropic"), offer.may("replicate")) == (True, False)


def test_what_is_not_set_up_is_made_here_when_the_cloud_is_chosen(bare: Settings) -> None:
    assert offered(bare).cloud is None
    vendors = {**bare.vendors, "replicate": replace(bare.vendors["replicate"], key=Secret("k"))}
    some = offered(replace(bare, vendors=vendors))
    assert some.cloud == {"provider": "cloud", "script_by": "offline", "voice_by": "offline"}
    assert offered(with_keys(bare)).cloud == {"provider": "cloud"}


def test_the_usual_maker_of_a_part_comes_first_and_needs_no_word(bare: Settings) -> None:
    offer = offered(with_keys(bare))
    assert offer.missing == []
    for part in offer.parts:
        assert [one.value == "" for one in part.choices] == [True] + [False] * (len(part.choices) - 1)


def test_every_style_has_a_ground_and_a_voice_of_each_kind(bare: Settings) -> None:
    offer = offered(bare)
    assert offer.sets.keys() == offer.grounds.keys() == offer.voices.keys()
    assert all(names.keys() == {"offline", "elevenlabs"} for names in offer.voices.values())


def test_what_an_ad_may_cost_here_is_told_in_dollars(bare: Settings) -> None:
    assert offered(bare).cap is None
    assert offered(replace(bare, max_cost=1_500_000)).cap == 1.5
