"""The simulated ElevenLabs API."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from badapple.media import ffmpeg
from badapple.process import run
from badapple.testing.simulators import Fault, Simulators
from badapple.testing.simulators.speech import Spoken
from badapple.testing.simulators.speech import speak as speak_aloud

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from numpy.typing import NDArray

    Ask = Callable[..., httpx.Response]


def spoken(text: str, *, gender: str = "male", speed: float = 1.0) -> Spoken:
    return speak_aloud(text, gender=gender, speed=speed, normalise=True, ffmpeg=ffmpeg.locate())


def heard(mp3: bytes) -> NDArray[np.float64]:
    """Loudness in steps of 5 ms."""
    args = ("-f", "mp3", "-i", "pipe:0", "-f", "s16le", "-ac", "1", "-ar", "44100", "pipe:1")
    samples = np.frombuffer(run([ffmpeg.locate(), "-v", "error", *args], stdin=mp3).stdout, "<i2") / 32768
    steps = samples[: samples.size // 220 * 220].reshape(-1, 220)
    return np.asarray(np.sqrt((steps**2).mean(axis=1)))


def test_words_sound_when_the_alignment_says() -> None:
    text = "One, two. Three"
    speech = spoken(text)
    loud = heard(speech.mp3) > 0.02
    begins = [
        number * 220 / 44100 for number in range(1, loud.size) if loud[number] and not loud[number - 12 : number].any()
    ]
    starts = speech.alignment["character_start_times_seconds"]
    assert begins == pytest.approx([starts[text.index(word)] for word in ("One", "two", "Three")], abs=0.02)
    assert loud.size * 220 / 44100 == pytest.approx(speech.seconds, abs=0.06)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.2])
def test_it_speaks_about_14_characters_a_second(speed: float) -> None:
    text = "a plain sentence without any stops in it"
    assert spoken(text, gender="female", speed=speed).seconds == pytest.approx(len(text) / 14 / speed, abs=0.2)


def test_the_alignment_is_of_the_text_and_the_normalized_one_of_what_is_said(speak: Ask) -> None:
    text = "Take 50% off & 2x more!"
    body = speak(text).json()
    assert "".join(body["alignment"]["characters"]) == text
    assert "".join(body["normalized_alignment"]["characters"]) == "Take five zero percent off and two x more!"
    assert (
        body["alignment"]["character_end_times_seconds"][-1]
        == body["normalized_alignment"]["character_end_times_seconds"][-1]
    )
    flash = speak(text, model_id="eleven_flash_v2_5").json()
    assert flash["normalized_alignment"] == flash["alignment"]


def test_credits_are_charged(sims: Simulators, speak: Ask) -> None:
    assert speak("Hello.").headers["character-cost"] == "6"
    assert speak("Hello.", model_id="eleven_flash_v2_5").headers["character-cost"] == "3"
    assert [charge.amount for charge in sims.charges] == [600, 300]
    assert sims.charges[0].key != sims.charges[1].key


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"voice_settings": {"speed": 1.3}}, 422),
        ({"voice_settings": {"stability": 2}}, 422),
        ({"seed": "abc"}, 422),
        ({"model_id": "eleven_v0"}, 400),
        ({"voice": "nobody"}, 404),
        ({"text": "x" * 10_001}, 400),
        ({"text": " "}, 422),
    ],
)
def test_a_wrong_request_is_refused_and_costs_nothing(
    sims: Simulators, speak: Ask, more: dict[str, Any], status: int
) -> None:
    assert speak(**({"text": "Hello."} | more)).status_code == status
    assert sims.charges == ()


def test_what_was_spoken_is_listed_after_a_while(sims: Simulators, ask: Ask, speak: Ask) -> None:
    sims.elevenlabs.list_lag = 60.0
    name = speak("Hello.").headers["history-item-id"]
    assert ask("elevenlabs", "GET", "/v1/history").json()["history"] == []
    sims.clock.advance(seconds=61)
    (item,) = ask("elevenlabs", "GET", "/v1/history").json()["history"]
    assert (item["history_item_id"], item["text"]) == (name, "Hello.")


def test_the_history_is_searched(ask: Ask, speak: Ask) -> None:
    for text in ("First.", "Second.", "Third."):
        speak(text)

    def found(query: str) -> list[str]:
        return [item["text"] for item in ask("elevenlabs", "GET", f"/v1/history?{query}").json()["history"]]

    assert found("") == ["Third.", "Second.", "First."]
    assert found("search=second&source=TTS") == ["Second."]
    assert found("voice_id=pFZP5JQG7iQjIQuC4Bku") == []
    assert found("date_after_unix=4000000000") == []
    assert found("page_size=1&sort_direction=asc") == ["First."]
    assert ask("elevenlabs", "GET", "/v1/history?search=second").status_code == 400


def test_the_history_gives_the_audio_again(ask: Ask, speak: Ask) -> None:
    reply = speak("Hello.")
    again = ask("elevenlabs", "GET", f"/v1/history/{reply.headers['history-item-id']}/audio")
    assert again.content == base64.b64decode(reply.json()["audio_base64"])


def test_a_plan_has_so_many_requests_at_once(sims: Simulators, speak: Ask) -> None:
    sims.elevenlabs.concurrency = 1
    sims.latency.set({"tts": 60})
    first = threading.Thread(target=speak, args=("Hello.",))
    first.start()
    while not sims.charges:
        time.sleep(0.01)
    second = speak("Hello again.")
    sims.clock.advance(seconds=61)
    first.join()
    assert (second.status_code, second.json()["detail"]["code"]) == (429, "too_many_concurrent_requests")
    assert len(sims.charges) == 1


def test_a_plan_has_so_many_credits(sims: Simulators, ask: Ask, speak: Ask) -> None:
    sims.elevenlabs.character_limit = 10
    assert speak("Hello.").status_code == 200
    assert speak("Hello.").json()["detail"]["status"] == "quota_exceeded"
    plan = ask("elevenlabs", "GET", "/v1/user/subscription").json()
    assert (plan["character_count"], plan["character_limit"]) == (6, 10)


def test_times_can_be_missing_or_cut(sims: Simulators, speak: Ask) -> None:
    sims.set_faults(
        [Fault(route="tts", nth=(1,), does="no_alignment"), Fault(route="tts", nth=(2,), does="bad_alignment")]
    )
    assert speak("Hello there.").json()["alignment"] is None
    assert "".join(speak("Hello there.").json()["alignment"]["characters"]) == "Hello th"


def test_silence_is_silent(sims: Simulators, speak: Ask) -> None:
    sims.set_faults([Fault(vendor="elevenlabs", route="tts", does="silence")])
    assert heard(base64.b64decode(speak("Hello.").json()["audio_base64"])).max() < 0.001
