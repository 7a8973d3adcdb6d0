"""How fast a text is ordered."""

from __future__ import annotations

import pytest

from badapple.errors import ScriptError
from badapple.providers.elevenlabs.pace import FASTEST, check, first_speed, natural_seconds, next_speed

TEXT = "Time, beautifully kept. Every detail earns its place."


def test_a_text_with_room_is_spoken_at_the_styles_speed() -> None:
    assert first_speed(TEXT, 8.0, style=0.93) == 0.93
    assert first_speed(TEXT, 8.0, style=1.3) == FASTEST
    assert first_speed(TEXT, 8.0, style=0.7) == 0.9


def test_a_text_without_room_is_ordered_faster_in_even_steps() -> None:
    seconds = natural_seconds(TEXT)
    speeds = [first_speed(TEXT, seconds / need, style=0.93) for need in (0.9, 0.96, 1.01, 1.06, 1.2, 2.0)]
    assert speeds == [0.93, 1.0, 1.05, 1.1, 1.15, 1.15]
    assert first_speed(TEXT, 0.0, style=0.93) == FASTEST


@pytest.mark.parametrize(("shorter", "longer"), [
    ("Only ten today", "Only 1234567 today"),
    ("Kept. Loved", "Kept, Loved. Now"),
    ("badapple.com", "badapple. com. now"),
    ("abc", "日本語"),
])  # fmt: skip
def test_figures_pauses_and_wide_letters_take_time(shorter: str, longer: str) -> None:
    assert natural_seconds(shorter) < natural_seconds(longer)


def test_nothing_takes_no_time() -> None:
    assert natural_seconds("") == 0.0


def test_a_second_recording_is_as_fast_as_it_must_be() -> None:
    assert next_speed(5.5, 5.0, speed=1.0) == 1.12
    assert next_speed(5.9, 5.0, speed=1.0) == FASTEST  # the rest is hastened
    assert next_speed(6.1, 5.0, speed=1.0) is None
    assert next_speed(5.5, 5.0, speed=FASTEST) is None


def test_only_what_is_too_long_beyond_doubt_is_refused_unheard() -> None:
    fastest = natural_seconds(TEXT) / FASTEST
    check(TEXT, fastest / 1.3, sent=TEXT)
    with pytest.raises(ScriptError, match=r"'Time, beautifully kept\..*' takes 3\.\d s .* cut about 3 of its 8 words"):
        check(TEXT, fastest / 1.5, sent=TEXT)
