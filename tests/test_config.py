"""Settings of vendors and caps: read exactly, refused in words."""

from __future__ import annotations

import pytest

from badapple.config import Settings, micro_dollars, read_settings
from badapple.errors import ConfigError


def settings(**env: str) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": "/nowhere", "BADAPPLE_CACHE_DIR": "/nowhere", **env})


@pytest.mark.parametrize(
    ("text", "micros"), [("1", 1_000_000), ("$0.50", 500_000), ("0.000001", 1), ("0", 0), (" 2.5 ", 2_500_000)]
)
def test_amounts_are_exact(text: str, micros: int) -> None:
    assert micro_dollars(text, name="--max-cost") == micros
    assert settings(BADAPPLE_MAX_COST=text).max_cost == micros


@pytest.mark.parametrize("text", ["-1", "a lot", "0.0000001", "nan", "inf", "1e99", "1,50"])
def test_what_is_no_amount_is_an_error_that_names_the_setting(text: str) -> None:
    with pytest.raises(ConfigError, match="BADAPPLE_MAX_COST_DAY must be an amount"):
        settings(BADAPPLE_MAX_COST_DAY=text)


def test_a_key_with_a_line_break_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY") as caught:
        settings(ANTHROPIC_API_KEY="sk-ant-aaaa\nbbbb")
    assert "aaaa" not in str(caught.value)


def test_keys_do_not_show_in_the_settings() -> None:
    found = settings(REPLICATE_API_TOKEN="r8_canarycanary")
    assert "canary" not in repr(found)
    assert found.vendors["replicate"].key is not None
    assert found.vendors["replicate"].key.reveal() == "r8_canarycanary"


@pytest.mark.parametrize("url", ["http://gateway.example", "http://10.0.0.1:8080", "http://localhost.example"])
def test_a_key_is_never_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        settings(ANTHROPIC_BASE_URL=url)


@pytest.mark.parametrize("url", ["ftp://x", "example.com", "https://", "https://a b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="REPLICATE_BASE_URL is not a web address"):
        settings(REPLICATE_BASE_URL=url)


def test_another_address_than_the_vendor_s_own_is_known_by_its_host() -> None:
    found = settings(ANTHROPIC_BASE_URL="https://gateway.example/", ELEVENLABS_BASE_URL="http://127.0.0.1:99")
    assert found.vendors["anthropic"].base_url == "https://gateway.example"
    assert found.other_hosts == {"anthropic": "gateway.example", "elevenlabs": "127.0.0.1:99"}
