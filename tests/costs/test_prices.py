"""What calls cost."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.costs import prices
from badapple.errors import ConfigError

DAY = date(2026, 11, 25)
CLAUDES = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
ROW = """
[[price]]
vendor = "{vendor}"
model = "{model}"
unit = "{unit}"
micros = {micros}
as_of = {as_of}
{more}
"""


def row(model: str, micros: str, *, unit: str = "video", as_of: str = "2026-01-01", more: str = "") -> str:
    return ROW.format(vendor="replicate", model=model, unit=unit, micros=micros, as_of=as_of, more=more)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "prices.toml"


@pytest.mark.parametrize(
    ("vendor", "model", "units", "micros"),
    [
        ("elevenlabs", "eleven_multilingual_v2", {"characters": 450}, 45_000),
        ("elevenlabs", "eleven_flash_v2_5", {"characters": 450}, 22_500),
        ("elevenlabs", "eleven_multilingual_v2", {"characters": 0}, 0),
        ("replicate", "minimax/video-01", {"seconds": 6}, 500_000),
        ("replicate", "minimax/hailuo-2.3-fast", {"seconds": 6, "outputs": 1}, 190_000),
        ("replicate", "minimax/hailuo-2.3-fast", {"seconds": 6, "outputs": 4}, 760_000),
        ("replicate", "minimax/hailuo-2.3-fast", {"seconds": 7}, 320_000),
        ("replicate", "minimax/hailuo-2.3-fast", {}, 190_000),
        ("replicate", "minimax/hailuo-2.3", {"seconds": 6}, 280_000),
        ("replicate", "minimax/hailuo-2.3", {"seconds": 10}, 560_000),
        ("replicate", "lightricks/ltx-2.3-fast", {"seconds": 6}, 360_000),
        ("replicate", "lightricks/ltx-2.3-fast", {"seconds": 8, "outputs": 2}, 960_000),
        ("replicate", "black-forest-labs/flux-schnell", {"outputs": 1}, 3_000),
        ("replicate", "black-forest-labs/flux-schnell", {}, 3_000),
        ("replicate", "black-forest-labs/flux-schnell:" + "a" * 64, {"outputs": 2}, 6_000),
    ],
)
def test_calls_cost_what_the_list_says(vendor: str, model: str, units: dict[str, Any], micros: int) -> None:
    assert prices.cost(vendor, model, on=DAY, **units) == micros


def test_the_default_film_costs_about_81_cents() -> None:
    script = prices.cost("anthropic", "claude-haiku-5-5", on=DAY, input_tokens=2_800, output_tokens=700)
    voice = prices.cost("elevenlabs", "eleven_multilingual_v2", on=DAY, characters=450)
    clips = 4 * prices.cost("replicate", "minimax/hailuo-2.3-fast", on=DAY, seconds=6)
    card = prices.cost("replicate", "black-forest-labs/flux-schnell", on=DAY)
    assert script + voice + clips + card == 630 + 45_000 + 760_000 + 3_000


@pytest.mark.parametrize(
    ("resolution", "micros"), [(None, 300_000), ("720p", 300_000), ("1080p", 480_000)]
)  # fmt: skip
def test_the_resolution_picks_the_row(resolution: str | None, micros: int) -> None:
    assert prices.cost("replicate", "google/veo-3.1-lite", on=DAY, resolution=resolution, seconds=6) == micros


def test_a_row_of_this_resolution_goes_before_one_of_any(own: Path) -> None:
    own.write_text(row("a/b", "7") + row("a/b", "9", more='resolution = "4k"'))
    assert prices.cost("replicate", "a/b", own=own, resolution="4k") == 9
    assert prices.cost("replicate", "a/b", own=own, resolution="720p") == 7
    assert prices.cost("replicate", "a/b", own=own) == 7


def test_the_shortest_video_that_is_long_enough_is_priced(own: Path) -> None:
    own.write_text(
        row("a/b", "30") + row("a/b", "20", more="seconds = 10") + row("a/b", "10", more="seconds = 5")
    )  # fmt: skip
    costs = [prices.cost("replicate", "a/b", own=own, seconds=seconds) for seconds in (4, 5, 6, 10, 11)]
    assert costs == [10, 10, 20, 20, 30]


def test_the_newest_row_that_is_not_in_the_future_holds(own: Path) -> None:
    own.write_text(
        row("a/b", "1", as_of="2026-01-01")
        + row("a/b", "3", as_of="2026-03-01")
        + row("a/b", "2", as_of="2026-02-01")
    )  # fmt: skip
    days = {
        date(2025, 1, 1): 1,  # before the first there is nothing better than the first
        date(2026, 1, 31): 1,
        date(2026, 2, 1): 2,
        date(2026, 2, 28): 2,
        date(2026, 3, 1): 3,
        date(2027, 1, 1): 3,
    }
    assert {day: prices.cost("replicate", "a/b", own=own, on=day) for day in days} == days


def test_of_two_rows_of_one_day_the_later_holds(own: Path) -> None:
    own.write_text(row("a/b", "1") + row("a/b", "2"))
    assert prices.cost("replicate", "a/b", own=own) == 2


def test_fractions_of_a_micro_dollar_are_rounded_up_once(own: Path) -> None:
    own.write_text(row("a/b", '"0.1"', unit="output"))
    assert [prices.cost("replicate", "a/b", own=own, outputs=outputs) for outputs in (0, 1, 10, 11)] == [0, 1, 1, 2]


@given(st.integers(0, 10**7), st.decimals(0, 10**6, places=6), st.decimals(0, 9, places=3))
def test_a_cost_is_never_too_low_nor_a_micro_dollar_too_high(
    tmp_path_factory: pytest.TempPathFactory, characters: int, micros: Decimal, times: Decimal
) -> None:
    own = tmp_path_factory.mktemp("own") / "prices.toml"
    own.write_text(row("a/b", f'"{micros}"', unit="character", more=f'multiplier = "{times}"'))
    exact = Fraction(micros) * Fraction(times) * characters
    charged = prices.cost("replicate", "a/b", own=own, characters=characters)
    assert exact <= charged < exact + 1


@pytest.mark.parametrize("model", CLAUDES)
@pytest.mark.parametrize("read_in", [0, 2_801, 99_993, 99_994, 150_000])
def test_our_rows_of_claude_agree_with_the_public_list(model: str, read_in: int, tmp_path: Path) -> None:
    ours = tmp_path / "ours.toml"
    ours.write_bytes(prices._OURS.read_bytes())
    tokens: dict[str, Any] = {
        "input_tokens": read_in,
        "output_tokens": 703,
        "cache_read_tokens": 3,
        "cache_write_tokens": 4,
    }
    listed = prices.cost("anthropic", model, on=DAY, **tokens)
    assert listed == prices.cost("anthropic", model, on=DAY, own=ours, **tokens)
    assert listed > 0


def test_a_long_prompt_of_haiku_costs_five_times_as_much() -> None:
    def haiku(read_in: int) -> int:
        return prices.cost("anthropic", "claude-haiku-5-5", own=prices._OURS, on=DAY, input_tokens=read_in)

    assert (haiku(100_000), haiku(100_001)) == (10_000, math.ceil(100_001 * 0.5))


def test_each_kind_of_token_has_its_price() -> None:
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    amounts: list[dict[str, Any]] = [{kind: 1_000_000} for kind in kinds]
    million = [prices.cost("anthropic", "claude-sonnet-5-5", on=DAY, **amount) for amount in amounts]
    assert million == [2_000_000, 10_000_000, 100_000, 2_500_000]
    everything: dict[str, Any] = dict.fromkeys(kinds, 1_000_000)
    together = prices.cost("anthropic", "claude-sonnet-5-5", on=DAY, **everything)
    assert together == sum(million)


def test_a_dated_name_of_claude_costs_the_same(own: Path) -> None:
    own.write_bytes(prices._OURS.read_bytes())
    for name in ("claude-haiku-5-5", "claude-haiku-5-5-20260901"):
        assert prices.cost("anthropic", name, own=own, on=DAY, input_tokens=1_000) == 100
        assert prices.cost("anthropic", name, on=DAY, input_tokens=1_000) == 100


def test_claude_has_prices_where_the_public_list_is_not_installed() -> None:
    script = """
import sys
sys.modules["genai_prices"] = None
from badapple.costs import prices
print(prices.cost("anthropic", "claude-haiku-5-5", input_tokens=2_800, output_tokens=700))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "630"


def test_prices_are_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("a price list was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert prices.cost("anthropic", "claude-haiku-4-5", on=DAY, input_tokens=1_000_000) == 1_000_000


def test_the_users_own_price_wins_over_every_list(own: Path) -> None:
    own.write_text(
        row("minimax/hailuo-2.3-fast", "250_000", as_of="2020-01-01")
        + ROW.format(
            vendor="anthropic", model="claude-haiku-5-5", unit="token", as_of="2020-01-01", more="",
            micros='{ input = "1", output = 2, cache_read = 0, cache_write = 0 }',
        )
    )  # fmt: skip
    assert prices.cost("replicate", "minimax/hailuo-2.3-fast", own=own, seconds=6) == 250_000
    assert prices.cost("anthropic", "claude-haiku-5-5", own=own, input_tokens=1, output_tokens=1) == 3
    assert prices.cost("replicate", "minimax/video-01", own=own, seconds=6) == 500_000


def test_a_changed_price_list_is_read_again(own: Path) -> None:
    own.write_text(row("a/b", "1"))
    assert prices.cost("replicate", "a/b", own=own) == 1
    own.write_text(row("a/b", "22"))
    assert prices.cost("replicate", "a/b", own=own) == 22


def test_a_price_list_that_is_not_there_is_empty(own: Path) -> None:
    assert prices.cost("replicate", "minimax/video-01", own=own, seconds=6) == 500_000


def test_an_unpriced_model_says_where_to_write_its_price(own: Path) -> None:
    with pytest.raises(ConfigError, match="there is no price for x/y of replicate") as caught:
        prices.cost("replicate", "x/y", own=own, seconds=6)
    assert caught.value.hint == f"add a [[price]] with vendor, model, unit, micros and as_of to {own}"
    with pytest.raises(ConfigError) as caught:
        prices.cost("anthropic", "claude-99", input_tokens=1)
    assert caught.value.hint.endswith("to prices.toml in the data folder")


def test_a_length_or_resolution_without_a_price_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no price for 12 s of minimax/hailuo-2.3 of replicate"):
        prices.cost("replicate", "minimax/hailuo-2.3", on=DAY, seconds=12)
    with pytest.raises(ConfigError, match=r"no price for 6 s in 1080p of minimax/hailuo-2.3 of replicate"):
        prices.cost("replicate", "minimax/hailuo-2.3", on=DAY, seconds=6, resolution="1080p")


def test_another_vendors_model_of_that_name_is_not_meant() -> None:
    with pytest.raises(ConfigError, match="no price for minimax/video-01 of elevenlabs"):
        prices.cost("elevenlabs", "minimax/video-01", characters=1)


def test_amounts_must_be_exact_known_and_given() -> None:
    with pytest.raises(TypeError, match="seconds must be exact"):
        prices.cost("replicate", "minimax/video-01", seconds=5.3)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="nothing is priced by frames"):
        prices.cost("replicate", "minimax/video-01", frames=5)
    with pytest.raises(ValueError, match="characters cannot be -1"):
        prices.cost("elevenlabs", "eleven_multilingual_v2", characters=-1)
    with pytest.raises(ValueError, match="eleven_multilingual_v2 is priced by the character: say characters="):
        prices.cost("elevenlabs", "eleven_multilingual_v2")
    with pytest.raises(ValueError, match="priced by the second: say seconds="):
        prices.cost("replicate", "lightricks/ltx-2.3-fast")
    assert prices.cost("replicate", "lightricks/ltx-2.3-fast", seconds=Decimal("1.00001")) == 60_001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (row("a/b", "0.5"), "price.0.video.micros: .*write 0.5 as text"),
        (row("a/b", "true"), "price.0.video.micros"),
        (row("a/b", "-1"), "price.0.video.micros"),
        (row("a/b", '"inf"'), "price.0.video.micros"),
        (row("a/b", "1", more="seconds = 0"), "price.0.video.seconds"),
        (row("a/b", "1", unit="hour"), "price.0: .*'hour'"),
        (row("a/b", "1", more='color = "red"'), "price.0.video.color"),
        ("price = 3", "price: "),
        ("[[price", "prices.toml: "),
    ],
)
def test_a_broken_price_list_says_where(own: Path, text: str, said: str) -> None:
    own.write_text(text)
    with pytest.raises(ConfigError, match=said):
        prices.cost("replicate", "minimax/video-01", own=own)


def test_prices_are_listed_in_words() -> None:
    listed = {(item.model, item.price) for item in prices.describe(on=DAY)}
    assert {
        ("claude-haiku-5-5", "$0.10 in, $0.50 out a million tokens"),
        ("eleven_multilingual_v2", "$0.10 a thousand characters"),
        ("eleven_flash_v2_5", "$0.05 a thousand characters"),
        ("minimax/hailuo-2.3-fast", "$0.19 a video of up to 6 s, 768p"),
        ("google/veo-3.1-lite", "$0.08 a second, 1080p"),
        ("black-forest-labs/flux-schnell", "$0.003 an output"),
    } <= listed


def test_the_users_own_prices_are_listed_first_and_alone(own: Path) -> None:
    own.write_text(row("minimax/hailuo-2.3", "1000", more='source = "my invoice"\nconfidence = "high"'))
    first, *others = prices.describe(on=DAY, own=own)
    assert (first.vendor, first.model, first.price) == ("replicate", "minimax/hailuo-2.3", "$0.001 a video")
    assert (first.source, first.confidence, first.as_of) == ("my invoice", "high", date(2026, 1, 1))
    assert "minimax/hailuo-2.3" not in {item.model for item in others}
    assert len(others) == len(prices.describe(on=DAY)) - 2


def test_only_rows_that_hold_are_listed(own: Path) -> None:
    own.write_text(row("a/b", "10_000") + row("a/b", "20_000", as_of="2026-02-01"))
    shown = [prices.describe(on=day, own=own)[0] for day in (date(2026, 1, 5), DAY)]
    assert [item.price for item in shown] == ["$0.01 a video", "$0.02 a video"]
    assert {(item.source, item.confidence) for item in shown} == {("", "medium")}


def test_the_smallest_numbers_are_allowed(own: Path) -> None:
    tokens = '{ input = 0, output = 0, cache_read = 0, cache_write = "0.0" }'
    long = "long = { over = 0, times = 0 }"
    own.write_text(
        row("a/b", "0", more='seconds = 1\nmultiplier = "0"') + row("a/c", tokens, unit="token", more=long)
    )  # fmt: skip
    assert prices.cost("replicate", "a/b", own=own, seconds=1) == 0
    assert prices.cost("replicate", "a/c", own=own, input_tokens=1) == 0


def test_the_place_in_a_broken_list_stands_between_colons(own: Path) -> None:
    own.write_text(row("a/b", "1", more="seconds = 0"))
    with pytest.raises(ConfigError) as caught:
        prices.cost("replicate", "a/b", own=own)
    assert str(caught.value) == f"{own}: price.0.video.seconds: Input should be greater than or equal to 1"


@pytest.mark.parametrize(("day", "micros"), [(date(2026, 3, 12), 1_800_000), (date(2026, 3, 13), 900_000)])
def test_the_public_list_is_read_for_the_day(day: date, micros: int) -> None:
    assert prices.cost("anthropic", "claude-sonnet-4-6", on=day, input_tokens=300_000) == micros


def test_the_public_list_is_read_for_claude_only() -> None:
    with pytest.raises(ConfigError, match="there is no price for gpt-4o of anthropic"):
        prices.cost("anthropic", "gpt-4o", on=DAY, input_tokens=1)


def test_a_resolution_of_an_unknown_model_says_nothing() -> None:
    with pytest.raises(ConfigError, match=r"^there is no price for a/zzz of replicate$"):
        prices.cost("replicate", "a/zzz", resolution="4k", seconds=3)


def test_a_million_tokens_are_exact(own: Path) -> None:
    own.write_text(
        """[[price]]
vendor = "anthropic"
model = "a"
unit = "token"
micros = {input = "0.005", output = "0.01", cache_read = 0, cache_write = 0}
as_of = 2026-01-01
"""
    )
    assert prices.describe(own=own)[0].price == "$0.005 in, $0.01 out a million tokens"
