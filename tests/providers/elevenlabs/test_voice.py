"""The bought narrator, judged by the files it writes and by what it paid."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from tests.providers.elevenlabs.conftest import GEORGE, LILY, Studio, keys, order, ticket

from badapple.errors import ConfigError, MissingKeyError, PermanentProviderError, ScriptError
from badapple.media import ffmpeg
from badapple.media.loudness import loudness
from badapple.media.pcm import decode, samples_of
from badapple.media.timing import bounds
from badapple.models import Voice, Word
from badapple.ports import SpeechSynthesizer
from badapple.testing.simulators import Fault

RATE = 44_100
LINE = "Time, beautifully kept. Every detail earns its place."


def _heard(path: Path) -> np.ndarray:
    return samples_of(decode(path, ffmpeg=ffmpeg.locate(), rate=RATE, channels=1), 1)[:, 0]


def _sound_around(samples: np.ndarray, word: Word) -> float:
    """Return how far the sound of a word begins from where it is said to begin, seconds."""
    begin = round((word.start - 0.05) * RATE)
    first, _ = bounds(samples[max(0, begin) : round(word.end * RATE)], RATE)
    return first - 0.05


def test_it_is_a_speech_synthesizer(studio: Studio) -> None:
    port: SpeechSynthesizer = studio.voice()
    assert (port.maker.name, port.maker.model, port.maker.generated) == ("elevenlabs", "eleven_multilingual_v2", True)


async def test_the_file_is_an_mp3_of_44100_hz_mono_128_kbit(studio: Studio) -> None:
    spoken = await studio.speak(LINE)
    with av.open(str(spoken.path)) as file:
        stream = file.streams.audio[0]
        samples = sum(frame.samples for frame in file.decode(stream))
        found = (stream.codec.name.removesuffix("float"), stream.sample_rate, stream.channels, stream.bit_rate)
    assert found == ("mp3", RATE, 1, 128_000)
    assert samples / RATE == pytest.approx(spoken.duration, abs=0.002)
    assert list(studio.folder.iterdir()) == [spoken.path]


async def test_every_word_is_heard_when_it_is_said_to_be(studio: Studio) -> None:
    spoken = await studio.speak(LINE, "Shop now.")
    samples = _heard(spoken.path)
    words = [word for run in spoken.utterances for word in run.words]
    assert [word.text for word in words] == [*LINE.split(), "Shop", "now."]
    assert max(abs(_sound_around(samples, word)) for word in words) < 0.06


async def test_speech_stands_where_it_is_said_to_stand(studio: Studio) -> None:
    spoken = await studio.speak("Every detail earns its place.", "Shop now.")
    heard = _heard(spoken.path)
    for run in spoken.utterances:
        first, last = bounds(heard[round(run.start * RATE) - 2000 : round(run.end * RATE) + 2000], RATE)
        assert first - 2000 / RATE == pytest.approx(0, abs=0.02)
        assert last - 2000 / RATE == pytest.approx(run.end - run.start, abs=0.08)
    gap = heard[round((spoken.utterances[0].end + 0.02) * RATE) : round((spoken.utterances[1].start - 0.02) * RATE)]
    assert len(gap) > 0.4 * RATE
    assert np.abs(gap).max() < 0.003


async def test_every_utterance_is_as_loud_as_the_offline_voice(studio: Studio) -> None:
    spoken = await studio.speak(LINE, "Shop now.")
    heard = _heard(spoken.path)
    for run in spoken.utterances:
        part = heard[round(run.start * RATE) : round(run.end * RATE)]
        assert loudness(part, RATE) == pytest.approx(-18, abs=0.7)
        assert np.abs(part).max() < 0.95


async def test_an_empty_text_is_silence_and_costs_nothing(studio: Studio) -> None:
    spoken = await studio.speak("", "Shop now.", " - ")
    first, second, third = spoken.utterances
    assert (first.start, first.words, third.words) == (first.end, (), ())
    assert third.start == third.end > second.end > first.end
    assert [body["text"] for body in studio.sent] == ["Shop now."]


async def test_two_texts_are_two_purchases_and_nothing_is_bought_twice(studio: Studio) -> None:
    for _ in range(2):
        await studio.speak(LINE, "Shop now.")
    assert len(studio.sims.charges) == 2
    assert studio.sims.total("elevenlabs") == 100 * (len(LINE) + len("Shop now."))


async def test_what_is_quoted_is_what_is_bought(studio: Studio) -> None:
    wanted = order(LINE, "", "Shop now.")
    quoted = studio.voice().calls(wanted)
    assert studio.sims.requests == ()
    await studio.voice().speak(wanted, studio.folder / "voice.mp3")
    assert keys(quoted) == keys(studio.till.bought)
    assert sum(order.estimate for order in quoted) == studio.sims.total("elevenlabs")
    assert [order.request for order in quoted] == studio.sent


async def test_the_request_says_voice_manner_and_speed_of_the_style(studio: Studio) -> None:
    await studio.speak("Shop now.")
    request = next(request for request in studio.sims.requests if request.route == "tts")
    assert request.path == f"/v1/text-to-speech/{GEORGE}/with-timestamps"
    assert dict(request.query) == {"output_format": "mp3_44100_128"}
    assert request.body == {
        "text": "Shop now.", "model_id": "eleven_multilingual_v2", "seed": 7, "apply_text_normalization": "auto",
        "voice_settings": {
            "stability": 0.65, "similarity_boost": 0.75, "style": 0.15, "use_speaker_boost": True, "speed": 0.93,
        },
    }  # fmt: skip


async def test_flash_costs_half_and_is_told_the_language(studio: Studio) -> None:
    voice = studio.voice(model="eleven_flash_v2_5")
    await voice.speak(order("Shop now!", language="en-GB"), studio.folder / "voice.mp3")
    body = studio.sent[0]
    assert (body["model_id"], body["language_code"], "apply_text_normalization" in body) == (
        "eleven_flash_v2_5",
        "en",
        False,
    )
    assert studio.sims.total("elevenlabs") == 500 == studio.till.bought[0].estimate


async def test_a_name_is_said_in_one_way_and_shown_in_another(studio: Studio) -> None:
    pairs = (("Nuvé", "noo vay"), ("Lunar Co", "loo nar company"))
    spoken = await studio.speak("Meet Nuvé's best: Lunar Co, at $9.99!", pronounce=pairs)
    assert studio.sent[0]["text"] == "Meet noo vay's best: loo nar company, at $9.99!"
    words = spoken.utterances[0].words
    assert " ".join(word.text for word in words) == "Meet Nuvé's best: Lunar Co, at $9.99!"
    edges = [time for word in words for time in (word.start, word.end)]
    assert edges == sorted(edges)
    samples = _heard(spoken.path)
    assert max(abs(_sound_around(samples, word)) for word in words if word.text != "Co,") < 0.06


FIGURES = "Call 77 77 77 77 or 44 44 now."  # spoken longer than it looks


async def test_a_text_too_long_at_first_is_bought_again_faster(studio: Studio) -> None:
    slot = await _length(studio, FIGURES) / 1.08
    spoken = await studio.speak(FIGURES, slots=(slot,), style="tech")
    run = spoken.utterances[0]
    assert run.end - run.start <= slot
    assert [speed for _, speed in _speeds(studio)] == [1.0, 1.1]  # the first was bought when it was measured
    assert spoken.speed == 1.1


async def test_a_text_that_fits_at_no_speed_says_how_many_words_to_cut(studio: Studio) -> None:
    slot = await _length(studio, FIGURES) / 1.25
    with pytest.raises(ScriptError, match=r"takes \d\.\d s at its fastest, its slot is \d\.\d s: cut about \d of its"):
        await studio.speak(FIGURES, slots=(slot,), style="tech")
    assert len(studio.sent) <= 3


async def test_a_full_slot_is_spoken_faster_from_the_first(studio: Studio) -> None:
    slot = await _length(studio, LINE) / 1.08
    run = (await studio.speak(LINE, slots=(slot,), style="tech")).utterances[0]
    assert run.end - run.start <= slot
    (_, first), (_, second) = _speeds(studio)
    assert (first, second) == (1.0, 1.05)


def _speeds(studio: Studio) -> list[tuple[object, float]]:
    return [(body["text"], body["voice_settings"]["speed"]) for body in studio.sent]  # type: ignore[index]  # a JSON object


async def _length(studio: Studio, text: str) -> float:
    run = (await studio.speak(text, slots=(30.0,), style="tech")).utterances[0]
    return run.end - run.start


async def test_a_text_too_long_by_a_hair_is_not_bought_again(studio: Studio) -> None:
    slot = await _length(studio, LINE) / 1.03
    longer = await studio.speak(LINE, slots=(slot,), style="tech")
    run = longer.utterances[0]
    assert run.end - run.start <= slot
    assert [word.text for word in run.words] == LINE.split()
    samples = _heard(longer.path)
    assert max(abs(_sound_around(samples, word)) for word in run.words) < 0.06


async def test_a_text_that_cannot_fit_is_not_bought(studio: Studio) -> None:
    with pytest.raises(ScriptError, match=r"cut about \d+ of its 8 words"):
        await studio.speak(LINE, slots=(1.5,))
    assert studio.sent == []


@pytest.mark.parametrize("status", [403, 404])
async def test_the_second_voice_speaks_where_the_first_is_not_to_be_had(studio: Studio, status: int) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", match=GEORGE, status=status)])
    spoken = await studio.speak("Shop now.", "Every detail.")
    assert [run.words[-1].text for run in spoken.utterances] == ["now.", "detail."]
    asked = [request.path.split("/")[3] for request in studio.sims.requests if request.route == "tts"]
    assert asked == [GEORGE, LILY, LILY]
    assert len(studio.sims.charges) == 2


async def test_a_style_without_any_voice_to_be_had_names_them(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", does="voice_not_found")])
    with pytest.raises(PermanentProviderError, match=r"George and Lily.*nothing was charged") as caught:
        await studio.speak("Shop now.")
    assert caught.value.reason == "input"
    assert studio.sims.charges == ()


@pytest.mark.parametrize("fault", ["no_alignment", "bad_alignment"])
async def test_words_without_times_are_estimated_and_not_bought_again(studio: Studio, fault: str) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", does=fault)])
    spoken = await studio.speak(LINE)
    assert len(studio.sims.charges) == 1
    words = spoken.utterances[0].words
    assert [word.text for word in words] == LINE.split()
    samples = _heard(spoken.path)
    assert max(abs(_sound_around(samples, word)) for word in words if word.text in {"Time,", "Every"}) < 0.06
    edges = [time for word in words for time in (word.start, word.end)]
    assert edges == sorted(edges)


async def test_silence_is_bought_once_more_and_never_a_third_time(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", does="silence")])
    with pytest.raises(PermanentProviderError, match="both were charged") as caught:
        await studio.speak("Shop now.")
    assert caught.value.reason == "media"
    assert len(studio.sims.charges) == 2
    studio.sims.set_faults([])
    with pytest.raises(PermanentProviderError):
        await studio.speak("Shop now.")
    assert len(studio.sims.charges) == 2


async def test_silence_once_is_healed(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="tts", nth=(1,), does="silence")])
    spoken: Voice = await studio.speak("Shop now.")
    assert spoken.utterances[0].end > spoken.utterances[0].start
    assert len(studio.sims.charges) == 2


async def test_credit_is_checked_before_anything_is_bought(studio: Studio) -> None:
    studio.sims.elevenlabs.character_limit = 500
    studio.sims.elevenlabs.character_count = 100
    credit = await studio.voice().preflight(400)
    assert credit.left == 400
    assert credit.resets_at is not None
    with pytest.raises(PermanentProviderError, match="need 401 credits at ElevenLabs and 400 are left") as caught:
        await studio.voice().preflight(401)
    assert caught.value.reason == "quota"
    assert f"wait until {credit.resets_at:%Y-%m-%d %H:%M} UTC" in caught.value.hint
    assert (await studio.voice(model="eleven_flash_v2_5").preflight(800)).left == 400
    assert studio.sims.charges == ()


async def test_an_account_without_a_limit_has_no_number(studio: Studio) -> None:
    account = {"character_count": 9, "character_limit": 9, "max_credit_limit_extension": "unlimited"}
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="subscription", body=account)])
    assert (await studio.voice().preflight(1000)).left is None


async def test_a_key_that_may_only_speak_passes_the_check(studio: Studio) -> None:
    refusal = {"detail": {"status": "missing_permissions", "message": "The API key is missing user_read"}}
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="subscription", status=401, body=refusal)])
    assert (await studio.voice().preflight(1000)).left is None


async def test_a_wrong_key_fails_the_check(studio: Studio) -> None:
    studio.sims.set_faults([Fault(vendor="elevenlabs", route="subscription", does="unauthorized")])
    with pytest.raises(PermanentProviderError, match="does not accept the key") as caught:
        await studio.voice().preflight(0)
    assert caught.value.reason == "key"


async def test_without_a_key_the_variable_is_named(studio: Studio) -> None:
    studio.access = replace(studio.access, key=None)
    assert len(studio.voice().calls(order("Shop now."))) == 1  # a quote needs none
    with pytest.raises(MissingKeyError, match="ELEVENLABS_API_KEY"):
        await studio.speak("Shop now.")


async def test_a_style_of_the_users_own_needs_neither_voice_nor_manner(studio: Studio, tmp_path: Path) -> None:
    text = (Path(ffmpeg.__file__).parent.parent / "styles" / "minimal.toml").read_text(encoding="utf-8")
    plain = "\n".join(line for line in text.splitlines() if not line.startswith(("elevenlabs", "acting")))
    (tmp_path / "ours.toml").write_text(plain, encoding="utf-8")
    mine = plain.replace("pace =", 'elevenlabs = ["AnyIdOfMyOwnAccount00"]\npace =')
    (tmp_path / "mine.toml").write_text(mine, encoding="utf-8")
    (tmp_path / "old.toml").write_text(text.replace("Sarah EXAVITQu4vr4xnSDxMaL", "Charlotte"), encoding="utf-8")
    voice = studio.voice(style_dirs=(tmp_path,))
    bodies = {style: voice.calls(order("Shop now.", style=style))[0] for style in ("ours", "mine")}
    assert bodies["ours"].request["voice_settings"]["speed"] == 0.96  # the style's pace
    assert bodies["ours"].key != bodies["mine"].key
    with pytest.raises(ConfigError, match="'Charlotte' of the style 'old' has no id"):
        voice.calls(order("Shop now.", style="old"))


async def test_a_hundred_calls_share_a_few_connections(studio: Studio) -> None:
    call = studio.call()
    await asyncio.gather(*(call.find(ticket()) for _ in range(100)))
    assert len(studio.sims.requests) == 100
    assert len({request.connection for request in studio.sims.requests}) <= 8
