"""ElevenLabs' own SDK talks to the simulated API."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import httpx
import pytest
from elevenlabs import ElevenLabs, VoiceSettings
from elevenlabs.core.api_error import ApiError

from badapple.testing.simulators import Fault, Simulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GEORGE = "JBFqnCBsd6RMkjVDRZzb"
_TEXT = "Only 25 of them. See it today!"


@pytest.fixture
def client(sims: Simulators) -> Iterator[ElevenLabs]:
    env = sims.environment()
    with httpx.Client(timeout=10) as connection:
        yield ElevenLabs(
            api_key=env["ELEVENLABS_API_KEY"], base_url=env["ELEVENLABS_BASE_URL"], httpx_client=connection
        )


def test_speech_with_times_is_parsed(sims: Simulators, client: ElevenLabs, judge: Callable[[Simulators], None]) -> None:
    spoken = client.text_to_speech.convert_with_timestamps(
        _GEORGE,
        text=_TEXT,
        model_id="eleven_multilingual_v2",
        output_format="mp3_44100_128",
        seed=7,
        voice_settings=VoiceSettings(stability=0.5, similarity_boost=0.75, style=0.1, speed=1.1),
    )
    assert base64.b64decode(spoken.audio_base_64)[:3] == b"ID3"
    assert spoken.alignment is not None
    assert spoken.normalized_alignment is not None
    assert "".join(spoken.alignment.characters) == _TEXT
    assert "".join(spoken.normalized_alignment.characters) == "Only two five of them. See it today!"
    assert sims.total("elevenlabs") == 100 * len(_TEXT)
    judge(sims)


def test_speech_without_times_comes_in_pieces(client: ElevenLabs) -> None:
    sound = b"".join(client.text_to_speech.convert(_GEORGE, text="Hello.", model_id="eleven_flash_v2_5"))
    assert sound[:3] == b"ID3"


def test_the_history_has_the_audio_and_its_times(
    sims: Simulators, client: ElevenLabs, judge: Callable[[Simulators], None]
) -> None:
    raw = client.text_to_speech.with_raw_response.convert_with_timestamps(_GEORGE, text=_TEXT)
    listed = client.history.list(voice_id=_GEORGE, search=_TEXT, source="TTS")
    (item,) = listed.history
    assert item.history_item_id == raw.headers["history-item-id"]
    assert item.alignments is not None
    assert raw.data.alignment is not None
    assert item.alignments.alignment.model_dump() == raw.data.alignment.model_dump()
    assert b"".join(client.history.get_audio(item.history_item_id)) == base64.b64decode(raw.data.audio_base_64)
    assert client.history.get(item.history_item_id).text == _TEXT
    judge(sims)


def test_account_voices_and_models_are_parsed(
    sims: Simulators, client: ElevenLabs, judge: Callable[[Simulators], None]
) -> None:
    client.text_to_speech.convert_with_timestamps(_GEORGE, text="Hello.")
    plan = client.user.subscription.get()
    assert (plan.character_count, plan.status) == (6, "active")
    page = client.voices.search(page_size=10, category="premade")
    assert len(page.voices) == 10
    rest = client.voices.search(page_size=10, next_page_token=page.next_page_token)
    assert len(rest.voices) == 6
    assert not rest.has_more
    assert [model.model_id for model in client.models.list()] == ["eleven_multilingual_v2", "eleven_flash_v2_5"]
    judge(sims)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("quota_exceeded", 401), ("too_many_concurrent_requests", 429), ("voice_not_found", 404), ("system_busy", 429)],
)
def test_errors_carry_their_code(
    sims: Simulators, client: ElevenLabs, fault: str, status: int, judge: Callable[[Simulators], None]
) -> None:
    does = {"too_many_concurrent_requests": "too_many", "system_busy": "overloaded"}.get(fault, fault)
    sims.set_faults([Fault(vendor="elevenlabs", route="tts", does=does)])
    with pytest.raises(ApiError) as caught:
        client.text_to_speech.convert_with_timestamps(_GEORGE, text="Hello.", request_options={"max_retries": 0})
    assert caught.value.status_code == status
    assert caught.value.body["detail"]["code"] == fault
    assert sims.charges == ()
    judge(sims)


def test_a_value_out_of_range_is_an_error_that_names_it(client: ElevenLabs) -> None:
    with pytest.raises(ApiError) as caught:
        client.text_to_speech.convert_with_timestamps(
            _GEORGE, text="Hello.", voice_settings=VoiceSettings(speed=1.5), request_options={"max_retries": 0}
        )
    assert caught.value.status_code == 422
    assert "speed" in str(caught.value.body)
