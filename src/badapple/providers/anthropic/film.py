"""The script of a film, made of the model's words."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from badapple.media.timeline import plan_lengths
from badapple.models import Scene, Script, forbidden_in
from badapple.providers.anthropic import pacing
from badapple.providers.anthropic.guard import cleaned, offences
from badapple.providers.anthropic.prompts import STILL
from badapple.providers.anthropic.rules import is_button
from badapple.providers.anthropic.tongues import neutral

if TYPE_CHECKING:
    from badapple.providers.anthropic.guard import Kind, Vouched
    from badapple.providers.anthropic.reply import ScenePart, ScriptParts
    from badapple.providers.anthropic.rules import Task
    from badapple.providers.anthropic.tongues import Neutral

__all__ = ["compose"]

_POINTS = 3  #: facts shown at once
_LONGEST_NAME = 42  #: characters of a name that can be said in one breath
_LONGEST_SHOWN_NAME = 56  #: characters of a name that still fits under a headline
_LONGEST_CTA_VOICE = 5.0  #: seconds
_MOST_LEAD_WORDS = 9
_SEPARATED = re.compile(r"[,;:|(/\u2013\u2014]| - ")  #: after these a long name goes on to describe
_ENDED = re.compile(r"[.!?…。！？؟।]$")  # noqa: RUF001 - as languages end sentences
_CAMERA = re.compile(
    r"\b(?:camera|shot|close-?up|close view|macro|push|pull|orbit|dolly|tilt|zoom|track|pan)", re.IGNORECASE
)
#: What is filmed where the model's own description cannot be used.
_FILMED = (
    "{product} stands alone on a plain surface, the camera comes slowly nearer",
    "{product} in its usual place, soft light moves over it",
    "Close view along the surface of {product}, the camera glides past",
    "{product} at rest with room around it, the camera draws back slowly",
)


def compose(parts: ScriptParts, task: Task, vouched: Vouched) -> Script | None:
    """Return the script, freed of whatever nobody vouches for; None where every voice would have to go."""

    def kept(text: str, kind: Kind) -> str:
        return cleaned(text, vouched, kind) if offences(text, vouched, kind) else text

    voices = [kept(scene.voiceover_text, "voice") for scene in parts.scenes]
    if not any(voices):
        return None
    safe, name = neutral(task.brief.language), _said_name(task.name)
    spare = (_spare(safe, number, name=name, forbidden=vouched.forbidden) for number in range(1, len(voices) + 1))
    voices = [voice or other for voice, other in zip(voices, spare, strict=True)]
    written = kept(parts.cta.text, "shown")
    cta = task.cta or (written if is_button(written) else safe.cta.format(name=task.name)[:60])
    cta_voice = _cta_voice(kept(parts.cta.voiceover, "voice"), cta=cta, name=name, task=task)
    needs = pacing.needs([*voices, cta_voice], task.style)
    frames, cta_frames = plan_lengths(needs, bpm=task.style.music.bpm, offer=task.offer)
    scenes = tuple(
        _scene(
            number,
            task=task,
            frames=frames[number - 1],
            voice=voices[number - 1],
            shown=(kept(scene.headline, "shown"), kept(scene.subline, "shown")),
            filmed=_filmed(scene, kept(scene.video_prompt, "film") or _FILMED[number - 1], task=task),
        )
        for number, scene in enumerate(parts.scenes, start=1)
    )
    line = kept(parts.cta.line, "shown")
    return Script(
        style=task.brief.style, product_name=task.name, cta=cta, scenes=scenes,
        cta_line="" if _bare(line) == _bare(cta) else line, cta_voiceover=cta_voice, cta_frames=cta_frames,
        spoken_name=name,
    )  # fmt: skip


def _spare(safe: Neutral, number: int, *, name: str, forbidden: tuple[str, ...]) -> str:
    """Return what is said where nothing of the model's can stand; silence where the brand forbids that too."""
    choices = (safe.voice(number, name=name), safe.nameless)
    return next((said for said in choices if not forbidden_in(said, forbidden)), "")


def _scene(number: int, *, task: Task, frames: int, voice: str, shown: tuple[str, str], filmed: str) -> Scene:
    headline, subline = shown
    points: tuple[str, ...] = ()
    if number == 1:
        headline, subline = _opening(headline, subline, name=task.name)
    if number == 3:
        facts = (" ".join(fact.split()).rstrip(" .;,") for fact in task.brief.facts)
        points = tuple(fact for fact in facts if any(char.isalnum() for char in fact))[:_POINTS]
    return Scene(
        id=number, frames=frames, headline=headline, subline="" if points else subline, points=points,
        voiceover_text=voice, video_prompt_template=filmed,
    )  # fmt: skip


def _opening(headline: str, subline: str, *, name: str) -> tuple[str, str]:
    """Return the first words on the screen; the product's name is among them wherever it fits."""
    if name.casefold() in f"{headline} {subline}".casefold() or len(name) > _LONGEST_SHOWN_NAME:
        return headline or name, subline
    return (headline, name) if headline else (name, subline)


def _filmed(scene: ScenePart, action: str, *, task: Task) -> str:
    look = task.style.video_words.rstrip(".")
    camera = "" if _CAMERA.search(action) else f"{_capital(scene.shot)}, {scene.motion}. "
    sentences = (f"{camera}{_capital(action).rstrip('.')}.", f"{_capital(look)}.", STILL)
    return " ".join(sentences).replace("{product}", task.name)


def _cta_voice(said: str, *, cta: str, name: str, task: Task) -> str:
    """Return the last words of the film: they end with the call to action as it is written."""
    call = _sentence(_relaxed(cta))
    if not call:
        return said or _sentence(name)
    lead = "" if name.casefold() in call.casefold() else name
    before = _before(said, cta)
    if before is not None:
        lead = before
    elif said and _bare(cta) not in _bare(said) and len(said.split()) <= _MOST_LEAD_WORDS:
        lead = said
    voice = f"{_sentence(lead)} {call}".strip()
    return voice if pacing.needs([voice], task.style)[0] <= _LONGEST_CTA_VOICE else call


def _before(said: str, cta: str) -> str | None:
    """Return what is said before the call, None where the call is not at the end."""
    words, call = said.split(), cta.split()
    at = len(words) - len(call)
    return " ".join(words[:at]) if at >= 0 and _bare(" ".join(words[at:])) == _bare(cta) else None


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _said_name(name: str) -> str:
    """Return what the voice calls the product where it must name it; nothing for a name too long to be said."""
    said = _spoken(name)
    if len(said) > _LONGEST_NAME:
        said = _SEPARATED.split(said, maxsplit=1)[0]
    said = said.strip(" ,;:-\u2013\u2014/|")
    return said if len(said) <= _LONGEST_NAME and any(char.isalnum() for char in said) else ""


def _spoken(text: str) -> str:
    """Return the text without what is shown but never said: emoji, trademark signs, joiners."""
    silent = {"So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf"}
    return " ".join("".join(" " if unicodedata.category(char) in silent else char for char in text).split())


def _sentence(text: str) -> str:
    """Return the text as one sentence."""
    body = _spoken(text).rstrip(" ,;:-\u2013\u2014>→/|")
    if not any(char.isalnum() for char in body):
        return ""
    return _capital(body) if _ENDED.search(body) else f"{_capital(body)}."


def _relaxed(cta: str) -> str:
    """Return a button as it is said: what is written in capitals is not shouted."""
    return cta.lower() if len(cta.split()) > 1 and cta.isupper() else cta


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
