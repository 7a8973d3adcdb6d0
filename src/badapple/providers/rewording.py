"""Scripts whose words were changed: checked as those of a caller's own are, and spoken in time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from badapple import styles
from badapple.errors import ScriptError
from badapple.media.timeline import speaking_seconds, voice_slots
from badapple.providers.script_file import read_script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.models import Brief, SceneOffer, Script

__all__ = ["fitting", "with_cta"]

_FASTEST = 1.15  #: how much faster than usual a voice may speak
_HOPELESS = 1.35  #: the same, where the estimate may be wrong and still it cannot be spoken in time


def fitting(
    body: Mapping[str, Any],
    *,
    brief: Brief,
    offer: SceneOffer,
    style_dirs: tuple[Path, ...] = (),
    anew: bool = False,
) -> Script:
    """Return the script that JSON in the public shape says.

    Scenes keep their lengths, so that what is not changed is found again, unless the words need more time than there is
    and the renderer leaves the choice.

    Args:
        body: the script, with its words changed.
        brief: its name, style and call to action are taken where they are given.
        offer: what the scene renderer sells.
        style_dirs: folders with styles of the user's own.
        anew: measure the scenes anew in any case, where the renderer leaves the choice.

    Raises:
        ScriptError: it breaks a rule, or a text is too long for its scene; names the field.
        UnknownStyleError: there is no such style.
    """
    written = read_script(_raw(body), brief=brief, offer=offer, style_dirs=style_dirs)
    if not offer.lengths and (anew or _tightest(written, brief, style_dirs)[0] > _FASTEST):
        written = read_script(_raw(_unmeasured(body)), brief=brief, offer=offer, style_dirs=style_dirs)
    haste, where, need, slot = _tightest(written, brief, style_dirs)
    if haste > _HOPELESS:
        raise ScriptError(
            f"the script: {where}: takes about {need:.1f} s to say, and there is room for {slot:.1f} s",
            hint="shorten it",
        )
    return written


def with_cta(script: Script, brief: Brief, offer: SceneOffer, *, style_dirs: tuple[Path, ...] = ()) -> Script:
    """Return a script with another call to action, the brief's, which is spoken too; the scenes say what they said.

    Raises:
        ScriptError: it is too long to be spoken.
    """
    body = {**script.to_json(), "cta": brief.cta_text, "cta_voiceover": None}
    return fitting(body, brief=brief, offer=offer, style_dirs=style_dirs)


def _unmeasured(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the script without its lengths, which then follow from its words."""
    scenes = [{name: value for name, value in scene.items() if name != "duration"} for scene in body["scenes"]]
    return {**body, "scenes": scenes}


def _tightest(script: Script, brief: Brief, style_dirs: tuple[Path, ...]) -> tuple[float, str, float, float]:
    """Return how fast the hastiest text has to be spoken, which it is, and the seconds it needs and has."""
    pace = styles.load(brief.style, style_dirs).voice.pace
    slots = [slot for some in voice_slots(script) for slot in some]
    texts = [(f"scenes.{scene.id}.voiceover_text", scene.voiceover_text) for scene in script.scenes]
    found = []
    for (where, text), slot in zip([*texts, ("cta_voiceover", script.cta_voiceover)], slots, strict=True):
        need = speaking_seconds(text, pace)
        found.append((need / max(slot, 0.1), where, need, slot))
    return max(found)


def _raw(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ScriptError(f"the script is not JSON: {error}") from error
