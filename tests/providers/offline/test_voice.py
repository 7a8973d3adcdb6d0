"""The offline narrator, judged by the files it writes."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from badapple.errors import ConfigError, ScriptError
from badapple.media import ffmpeg
from badapple.media.loudness import loudness
from badapple.media.pcm import decode, samples_of
from badapple.media.timing import bounds, onsets
from badapple.models import Voice, VoiceOrder
from badapple.ports import SpeechSynthesizer
from badapple.providers.offline.pace import estimate
from badapple.providers.offline.voice import OfflineVoice

RATE = 44_100
PACE = 0.92  # of the style `luxury`


@pytest.fixture(scope="module")
def program() -> Path:
    return ffmpeg.locate()


@pytest.fixture(scope="module")
def voice(program: Path) -> OfflineVoice:
    return OfflineVoice(ffmpeg=program)


def _order(*texts: str, slots: tuple[float, ...] = (), **more: object) -> VoiceOrder:
    return VoiceOrder(texts=texts, slots=slots or (8.0,) * len(texts), style="luxury", **more)  # type: ignore[arg-type]  # passed on


def _heard(spoken: Voice, program: Path) -> np.ndarray:
    return samples_of(decode(spoken.path, ffmpeg=program, rate=RATE, channels=1), 1)[:, 0]


def test_it_is_a_speech_synthesizer(voice: OfflineVoice) -> None:
    port: SpeechSynthesizer = voice
    assert (port.maker.name, port.maker.model, port.maker.generated) == ("offline", "hibari-0.2.1/heart", True)


async def test_the_file_is_an_mp3_of_44100_hz_mono_128_kbit(voice: OfflineVoice, tmp_path: Path) -> None:
    spoken = await voice.speak(_order("Time, beautifully kept."), tmp_path / "voice.mp3")
    with av.open(str(spoken.path)) as file:
        stream = file.streams.audio[0]
        samples = sum(frame.samples for frame in file.decode(stream))
        found = (stream.codec.name.removesuffix("float"), stream.sample_rate, stream.channels, stream.bit_rate)
    assert found == ("mp3", RATE, 1, 128_000)
    assert samples / RATE == pytest.approx(spoken.duration, abs=0.002)
    assert list(tmp_path.iterdir()) == [spoken.path]


async def test_speech_stands_where_it_is_said_to_stand(voice: OfflineVoice, program: Path, tmp_path: Path) -> None:
    spoken = await voice.speak(_order("Every detail earns its place.", "Shop now."), tmp_path / "voice.mp3")
    heard = _heard(spoken, program)
    for run in spoken.utterances:
        first, last = bounds(heard[round(run.start * RATE) - 2000 : round(run.end * RATE) + 2000], RATE)
        assert first - 2000 / RATE == pytest.approx(0, abs=0.02)
        assert last - 2000 / RATE == pytest.approx(run.end - run.start, abs=0.08)
    gap = heard[round((spoken.utterances[0].end + 0.02) * RATE) : round((spoken.utterances[1].start - 0.02) * RATE)]
    assert len(gap) > 0.4 * RATE
    assert np.abs(gap).max() < 0.003


async def test_words_are_all_there_in_order_and_without_overlap(voice: OfflineVoice, tmp_path: Path) -> None:
    text = "Only $9.99 & 20% off — at badapple.com, 24/7!"
    run = (await voice.speak(_order(text), tmp_path / "voice.mp3")).utterances[0]
    assert " ".join(word.text for word in run.words) == text
    edges = [time for word in run.words for time in (word.start, word.end)]
    assert edges == sorted(edges)
    assert run.start <= edges[0]
    assert edges[-1] <= run.end + 1e-3
    longest = max(run.words, key=lambda word: word.end - word.start)
    assert longest.text == "$9.99"  # nine dollars and ninety-nine cents


async def test_words_after_a_pause_begin_where_they_are_heard(
    voice: OfflineVoice, program: Path, tmp_path: Path
) -> None:
    text = "Crisp, cold, and full of character. Small enough to carry. Big enough to matter."
    spoken = await voice.speak(_order(text), tmp_path / "voice.mp3")
    begins = np.array([word.start for word in spoken.utterances[0].words])
    heard = onsets(_heard(spoken, program), RATE)
    assert len(heard) >= 3
    assert max(float(np.abs(begins - onset).min()) for onset in heard) < 0.05


async def test_a_tight_slot_is_met_by_speaking_faster(voice: OfflineVoice, program: Path, tmp_path: Path) -> None:
    text = "Gold that catches the light, leather that remembers your hand."
    calm = await voice.speak(_order(text), tmp_path / "calm.mp3")
    length = calm.utterances[0].end - calm.utterances[0].start
    tight = await voice.speak(_order(text, slots=(length / 1.1,)), tmp_path / "tight.mp3")
    run = tight.utterances[0]
    assert calm.speed == PACE
    assert PACE * 1.05 < tight.speed <= PACE * 1.15
    assert run.end - run.start <= length / 1.1
    first, last = bounds(_heard(tight, program), RATE)
    assert last - first <= length / 1.1


async def test_a_text_that_cannot_fit_says_how_many_words_to_cut(voice: OfflineVoice, tmp_path: Path) -> None:
    text = "There is so very much to say about this watch that no slot could ever hold it all."
    with pytest.raises(ScriptError, match=r"There is so .* takes \d\.\d s .* slot is 2\.0 s: cut about \d+ of its 18"):
        await voice.speak(_order(text, slots=(2.0,)), tmp_path / "voice.mp3")
    assert not list(tmp_path.iterdir())


async def test_the_same_order_gives_the_same_bytes(voice: OfflineVoice, program: Path, tmp_path: Path) -> None:
    first = await voice.speak(_order("Shop now.", seed=4), tmp_path / "first.mp3")
    again = await OfflineVoice(ffmpeg=program).speak(_order("Shop now.", seed=4), tmp_path / "again.mp3")
    assert first.path.read_bytes() == again.path.read_bytes()


async def test_every_utterance_has_the_same_loudness(voice: OfflineVoice, program: Path, tmp_path: Path) -> None:
    spoken = await voice.speak(_order("Made for mornings that start slowly.", "Order yours today."), tmp_path / "v.mp3")
    heard = _heard(spoken, program)
    for run in spoken.utterances:
        level = loudness(heard[round(run.start * RATE) : round(run.end * RATE)], RATE)
        assert level == pytest.approx(-18, abs=0.7)


async def test_an_empty_text_is_silence_in_any_language(voice: OfflineVoice, program: Path, tmp_path: Path) -> None:
    spoken = await voice.speak(_order("", " ", language="de"), tmp_path / "voice.mp3")
    assert [run.words for run in spoken.utterances] == [(), ()]
    assert all(run.start == run.end for run in spoken.utterances)
    assert np.abs(_heard(spoken, program)).max() == 0


async def test_another_language_is_refused(voice: OfflineVoice, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="English only, not 'de-AT'"):
        await voice.speak(_order("Jetzt kaufen.", language="de-AT"), tmp_path / "voice.mp3")


async def test_a_word_in_another_script_is_named(voice: OfflineVoice, tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot say 'Часы!'"):
        await voice.speak(_order("Meet Часы!"), tmp_path / "voice.mp3")


async def test_a_pronunciation_lets_it_be_said_and_keeps_it_shown(voice: OfflineVoice, tmp_path: Path) -> None:
    order = _order("Meet Часы!", pronounce=(("Часы", "chassy"),))
    spoken = await voice.speak(order, tmp_path / "voice.mp3")
    assert [word.text for word in spoken.utterances[0].words] == ["Meet", "Часы!"]


@pytest.mark.parametrize(
    "text",
    [
        "Shop now.",
        "Less noise. More you.",
        "Water resistant, scratch resistant, deadline resistant.",
        "Introducing the Aurora Lamp, a soft sunrise for your bedside table.",
        "One charge. Two days. Zero worries.",
    ],
)
async def test_the_estimate_is_near_what_is_spoken(voice: OfflineVoice, tmp_path: Path, text: str) -> None:
    spoken = await voice.speak(_order(text), tmp_path / "voice.mp3")
    length = spoken.utterances[0].end - spoken.utterances[0].start
    assert estimate(text, pace=PACE) == pytest.approx(length, rel=0.08)


def test_nothing_takes_no_time() -> None:
    assert estimate("  ", pace=1.0) == 0
