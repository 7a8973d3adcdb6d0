"""Scene lengths on the beat, and where voices stand."""

from __future__ import annotations

import pytest

from badapple.errors import ConfigError
from badapple.media import timeline
from badapple.models import FPS, TOTAL_FRAMES, Scene, SceneOffer, Script

USUAL = (4.0, 4.5, 4.2, 4.8, 2.0)


def script(lengths: tuple[int, ...], cta_frames: int) -> Script:
    scenes = tuple(
        Scene(id=at, frames=frames, headline="", subline="", points=(), voiceover_text="", video_prompt_template="")
        for at, frames in enumerate(lengths, start=1)
    )
    return Script(
        style="luxury",
        product_name="X",
        cta="Go",
        scenes=scenes,
        cta_line="",
        cta_voiceover="Go.",
        cta_frames=cta_frames,
        spoken_name="X",
    )


@pytest.mark.parametrize("bpm", [50, 72, 84, 96, 97, 100, 112, 126, 180])
def test_cuts_fall_on_beats_as_near_as_whole_frames_allow(bpm: int) -> None:
    made = script(*timeline.plan_lengths(USUAL, bpm=bpm, offer=SceneOffer()))
    assert made.total_frames == TOTAL_FRAMES
    assert timeline.beat_error(made, bpm) <= 0.5001
    assert all(scene.frames in timeline.SCENE_LENGTHS for scene in made.scenes)
    assert made.cta_frames in timeline.CTA_LENGTHS


def test_a_longer_text_gets_the_longer_scene() -> None:
    lengths, _ = timeline.plan_lengths((2.5, 6.0, 3.0, 3.0, 2.0), bpm=100, offer=SceneOffer())
    assert max(lengths) == lengths[1]
    slots = [
        slot
        for slots in timeline.voice_slots(
            script(*timeline.plan_lengths((2.5, 6.0, 3.0, 3.0, 2.0), bpm=100, offer=SceneOffer()))
        )
        for slot in slots
    ]
    assert slots[1] >= 6.0


def test_sold_lengths_are_taken_and_the_card_takes_the_rest() -> None:
    lengths, cta = timeline.plan_lengths(USUAL, bpm=100, offer=SceneOffer(lengths=(180,), frames=False))
    assert lengths == (180, 180, 180, 180)
    assert cta == 240


def test_the_best_of_several_sold_lengths_is_taken() -> None:
    lengths, cta = timeline.plan_lengths(
        (3.0, 3.0, 7.0, 3.0, 2.0), bpm=100, offer=SceneOffer(lengths=(150, 300), frames=False)
    )
    assert lengths == (150, 150, 300, 150)
    assert cta == 210


def test_lengths_that_fill_no_film_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot fill"):
        timeline.plan_lengths(USUAL, bpm=100, offer=SceneOffer(lengths=(300,)))


def test_voices_start_and_end_inside_their_scenes() -> None:
    made = script((195, 210, 210, 195), 150)
    starts, slots = timeline.voice_starts(made), timeline.voice_slots(made)
    assert [len(row) for row in slots] == [len(row) for row in starts] == [1, 1, 1, 2]
    centres = timeline.cut_centres(made)
    for at in range(4):
        assert starts[at][0] == pytest.approx(made.starts[at] / FPS + 0.35)
        assert centres[at] - (starts[at][0] + slots[at][0]) >= 0.25 - 1e-9
    assert starts[3][1] == made.starts[4] / FPS
    assert starts[3][0] + slots[3][0] < starts[3][1]
    assert starts[3][1] + slots[3][1] < TOTAL_FRAMES / FPS


def test_longer_texts_take_longer_and_faster_voices_less() -> None:
    short, long = (
        timeline.speaking_seconds("Shop now."),
        timeline.speaking_seconds("Come closer, and see what the light does here."),
    )
    assert 0.5 < short < 1.6
    assert 2.0 < long < 4.0
    assert timeline.speaking_seconds("Shop now.", 1.2) == pytest.approx(short / 1.2)
    assert timeline.speaking_seconds("") == 0
