"""A script of the user's own."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from badapple.errors import ScriptError
from badapple.models import Brief, Family, Product, SceneOffer, Script
from badapple.providers.offline.script import OfflineScriptWriter
from badapple.providers.script_file import FileScriptWriter

if TYPE_CHECKING:
    from collections.abc import Callable

BRIEF = Brief(product_name="Ember Espresso", style="luxury", cta_text="")
PRODUCT = Product(
    family=Family.TYPE, photo=None, cutout=None, size=(1, 1), subject=(0, 0, 1, 1), focus=(0.5, 0.5),
    palette=(), accent=None,
    category="drink", confidence=0.0, source_size=(1, 1), reason="",
)  # fmt: skip


def body() -> dict[str, Any]:
    scenes = [
        {
            "id": at,
            "voiceover_text": f"This is what scene {at} says.",
            "video_prompt_template": "A cup.",
            "headline": f"Scene {at}",
        }
        for at in range(1, 5)
    ]
    return {
        "total_duration": 30,
        "style": "luxury",
        "product_name": "Ember Espresso",
        "cta": "Try It",
        "scenes": scenes,
    }


async def read(tmp_path: Path, content: object, *, brief: Brief = BRIEF, offer: SceneOffer | None = None) -> Script:
    path = tmp_path / "script.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return await FileScriptWriter(path).write(brief, PRODUCT, offer or SceneOffer())


async def test_lengths_follow_from_the_texts_where_none_are_given(tmp_path: Path) -> None:
    plan = body()
    plan["scenes"][2]["voiceover_text"] = (
        "This one has a great deal more to say, and so it needs a longer scene than the others do."
    )
    script = await read(tmp_path, plan)
    assert script.total_frames == 900
    assert max(scene.frames for scene in script.scenes) == script.scenes[2].frames
    assert script.cta == "Try It"
    assert script.cta_voiceover == "Try It."


async def test_given_lengths_are_kept(tmp_path: Path) -> None:
    plan = body()
    for scene, seconds in zip(plan["scenes"], (6, 6.5, 7, 6), strict=True):
        scene["duration"] = seconds
    script = await read(tmp_path, plan)
    assert [scene.frames for scene in script.scenes] == [180, 195, 210, 180]
    assert script.total_frames == 900


async def test_scenes_may_come_in_any_order(tmp_path: Path) -> None:
    plan = body()
    plan["scenes"].reverse()
    assert [scene.id for scene in (await read(tmp_path, plan)).scenes] == [1, 2, 3, 4]


async def test_the_callers_cta_wins(tmp_path: Path) -> None:
    assert (await read(tmp_path, body(), brief=replace(BRIEF, cta_text="Order"))).cta == "Order"


async def test_a_written_script_reads_back(tmp_path: Path) -> None:
    written = await OfflineScriptWriter().write(
        replace(BRIEF, cta_text="Shop Now", facts=("Two cups",)), PRODUCT, SceneOffer()
    )
    assert await read(tmp_path, written.to_json()) == written


async def test_empty_voices_make_a_silent_film(tmp_path: Path) -> None:
    plan = body() | {"cta_voiceover": ""}
    for scene in plan["scenes"]:
        scene["voiceover_text"] = ""
    script = await read(tmp_path, plan)
    assert script.total_frames == 900
    assert not any(scene.voiceover_text for scene in script.scenes)


def changed(**changes: object) -> dict[str, Any]:
    return body() | changes


def with_scene(number: int, **changes: object) -> dict[str, Any]:
    plan = body()
    plan["scenes"][number - 1] |= changes
    return plan


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (changed(total_duration=15), "total_duration"),
        (changed(scenes=body()["scenes"][:3]), "scenes"),
        (changed(cta=""), "cta"),
        (changed(cta=7), "cta"),
        (changed(surprise=1), "surprise"),
        (with_scene(2, id=1), "scenes"),
        (with_scene(2, id=9), "scenes.2.id"),
        (with_scene(3, voicover_text="typo"), "scenes.3.voicover_text"),
        (with_scene(3, voiceover_text="x" * 301), "scenes.3.voiceover_text"),
        (with_scene(3, duration=6), "scenes.1.duration"),
        (with_scene(3, duration="NaN"), "scenes.3.duration"),
        (with_scene(4, points=["a", "b", "c", "d"]), "scenes.4.points"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "the file"),
        (b" " * 70_000, "64 KiB"),
    ],
)
async def test_a_bad_script_names_its_field(tmp_path: Path, content: object, named: str) -> None:
    with pytest.raises(ScriptError, match=named.replace(".", r"\.")):
        await read(tmp_path, content)


async def test_durations_must_leave_room_for_the_card(tmp_path: Path) -> None:
    plan = body()
    for scene in plan["scenes"]:
        scene["duration"] = 8
    with pytest.raises(ScriptError, match="leave room for the end card"):
        await read(tmp_path, plan)


async def test_durations_must_be_sold(tmp_path: Path) -> None:
    plan = body()
    for scene in plan["scenes"]:
        scene["duration"] = 6.5
    with pytest.raises(ScriptError, match="films scenes of 6 s"):
        await read(tmp_path, plan, offer=SceneOffer(lengths=(180,), frames=False))


async def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"there is no script '.*none\.json'; check the path"):
        await FileScriptWriter(tmp_path / "none.json").write(BRIEF, PRODUCT, SceneOffer())


def with_raw(path: Path, name: str, value: str) -> None:
    """Write a script with one field as raw JSON."""
    path.write_text(json.dumps(body() | {name: "@"}).replace('"@"', value))


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "is a pipe, not a file"),
    "a folder": (lambda path: path.mkdir(), "is a folder, not a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is a device or socket, not a file"),
    "nothing": (lambda path: path.touch(), "is empty"),
    "too much": (lambda path: path.write_bytes(b"[" * 70_000), "at most 64 KiB"),
    "a deep hole": (lambda path: path.write_bytes(b"[" * 60_000), "is not JSON"),
    "an endless number": (lambda path: path.write_bytes(b"1" * 5_000), "is not JSON: Exceeds the limit"),
    "a list": (lambda path: path.write_bytes(b"[]"), "the file: input should be"),
    "other letters": (lambda path: path.write_bytes(b"\xff\xfe{\x00}\x00"), "codec can't decode"),
    "no number": (lambda path: with_raw(path, "total_duration", "NaN"), "total_duration: input should be a finite"),
    "infinity": (lambda path: with_raw(path, "total_duration", "1e999"), "total_duration: input should be a finite"),
    "a large number": (lambda path: with_raw(path, "total_duration", "9" * 400), "total_duration: "),
    "half a letter": (lambda path: with_raw(path, "product_name", '"\\ud800"'), "product_name: "),
    "a table of scenes": (lambda path: with_raw(path, "scenes", "{}"), "scenes: "),
    "a further field": (lambda path: with_raw(path, "__class__", "1"), "__class__: "),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_script_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "script.json"
    make, says = HOSTILE[kind]
    make(path)
    with pytest.raises(ScriptError, match=says):
        await FileScriptWriter(path).write(BRIEF, PRODUCT, SceneOffer())
