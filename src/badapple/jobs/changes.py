"""What is changed in a finished ad, and the script that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from badapple.errors import InputError
from badapple.models import FRAMINGS, SCENES, Brief, Framing, SceneOffer, Script
from badapple.providers.rewording import fitting

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

__all__ = ["Changes", "SceneChange", "brief_of", "ordered", "rewritten"]

_PIECES = {"voiceover_text": "voiceover_text", "headline": "headline", "subline": "subline", "points": "points",
           "prompt": "video_prompt_template"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneChange:
    """New words or another framing of one scene; None leaves them as they are.

    Attributes:
        voiceover_text: what the voice says; empty for silence.
        headline: words on screen.
        subline: the quieter line under them.
        points: facts shown as a list.
        prompt: what a video model is asked for.
        framing: how near the product is, and where it stands.
    """

    voiceover_text: str | None = None
    headline: str | None = None
    subline: str | None = None
    points: tuple[str, ...] | None = None
    prompt: str | None = None
    framing: Framing | None = None

    @property
    def of_words(self) -> bool:
        """Whether the script changes."""
        return any(getattr(self, name) is not None for name in _PIECES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an edit changes; None, and an empty table, leave things as they are.

    Attributes:
        script: a whole script in the public shape instead of the one there is, with its call to action; the rest is
            changed in it.
        scenes: id of a scene -> its new words, and how it is framed.
        cta_text: the call to action, word for word; where it changes and `cta_voiceover` does not, it is spoken too.
        cta_line: the short line on the end card.
        cta_voiceover: the sentence that is spoken over the end card.
        order: ids of the scenes in the order in which they shall be played.
        captions: burn captions into the picture.
        music: `style` for the style's bed, or `off`.
        style: name of another style.
        language: BCP 47 code of the spoken language.
        say: how the product name is pronounced.
        voice_by: who speaks: `offline` or `elevenlabs`.
    """

    script: Mapping[str, Any] | None = None
    scenes: Mapping[int, SceneChange] = field(default_factory=dict)
    cta_text: str | None = None
    cta_line: str | None = None
    cta_voiceover: str | None = None
    order: tuple[int, ...] | None = None
    captions: bool | None = None
    music: str | None = None
    style: str | None = None
    language: str | None = None
    say: str | None = None
    voice_by: str | None = None

    @property
    def of_words(self) -> bool:
        """Whether the script changes."""
        said = (self.script, self.cta_text, self.cta_line, self.cta_voiceover, self.order)
        return any(one.of_words for one in self.scenes.values()) or any(one is not None for one in said)

    @property
    def framings(self) -> dict[int, Framing]:
        """Id of a scene -> how it shall be framed."""
        return {number: one.framing for number, one in self.scenes.items() if one.framing is not None}

    @property
    def of_goods(self) -> bool:
        """Whether vendors may have to make something for it; what is only shown or arranged otherwise costs nothing."""
        named = (self.script, self.cta_text, self.cta_line, self.cta_voiceover, self.style, self.language, self.say,
                 self.voice_by)  # fmt: skip
        made = any(one.voiceover_text is not None or one.prompt is not None for one in self.scenes.values())
        return made or any(one is not None for one in named)

    @property
    def told(self) -> str:
        """What is changed, in few words for people."""
        parts = ["script"] if self.script is not None else []
        parts += [f"words of scene {number}" for number, one in sorted(self.scenes.items()) if one.of_words]
        parts += [f"framing of scene {number}: {framing}" for number, framing in sorted(self.framings.items())]
        if any(one is not None for one in (self.cta_text, self.cta_line, self.cta_voiceover)):
            parts.append("call to action")
        if self.order is not None:
            parts.append(f"order of the scenes: {', '.join(map(str, self.order))}")
        if self.captions is not None:
            parts.append(f"captions {'on' if self.captions else 'off'}")
        named = (("music", self.music), ("style", self.style), ("language", self.language), ("voice", self.voice_by))
        parts += [f"{name} {value}" for name, value in named if value is not None]
        return "; ".join([*parts, *(["pronunciation"] if self.say is not None else [])])

    def check(self) -> None:
        """Refuse what makes no sense whatever the job.

        Raises:
            InputError: nothing is changed, a scene is none, the order is none, or the music is not known.
        """
        if all(getattr(self, item.name) in (None, {}) for item in fields(self)):
            raise InputError("nothing is changed", hint="say what shall be different")
        if bad := [number for number in self.scenes if number not in range(1, SCENES + 1)]:
            raise InputError(f"there is no scene {bad[0]}", hint="scenes have the ids 1 to 4")
        if odd := [one for one in self.framings.values() if one not in FRAMINGS]:
            raise InputError(
                f"the framing {str(odd[0])[:40]!r} is not known", hint=f"it is one of {', '.join(FRAMINGS)}"
            )
        if self.order is not None and sorted(self.order) != list(range(1, SCENES + 1)):
            raise InputError("the order does not name the scenes 1, 2, 3 and 4, each once", hint="e.g. [2, 1, 3, 4]")
        if self.music not in {None, "style", "off"}:
            raise InputError(f"the music {str(self.music)[:40]!r} is not known", hint="it is style or off")


def ordered(order: JobOrder, changes: Changes) -> JobOrder:
    """Return the order with everything changed in it but the script."""
    options, makers = order.options, order.options.makers
    cta = changes.cta_text if changes.cta_text is not None else _said(changes.script, "cta")
    files = dict(order.files)
    if changes.music is not None:
        files.pop("music", None)
        options = replace(options, music=changes.music)
    if changes.voice_by is not None:
        makers = replace(makers, voice_by=changes.voice_by)
    options = replace(
        options,
        captions=options.captions if changes.captions is None else changes.captions,
        language=options.language if changes.language is None else changes.language,
        say=options.say if changes.say is None else changes.say,
        makers=makers,
        framings=_framed(options.framings, changes.framings),
    )
    return replace(
        order, options=options, files=files, style=order.style if changes.style is None else changes.style,
        cta_text=order.cta_text if cta is None else cta,
    )  # fmt: skip


def _framed(before: Sequence[Framing], changed: Mapping[int, Framing]) -> tuple[Framing, Framing, Framing, Framing]:
    one, two, three, four = (changed.get(number, old) for number, old in enumerate(before, start=1))
    return one, two, three, four


def rewritten(
    script: Mapping[str, Any], changes: Changes, order: JobOrder, settings: Settings, *, offer: SceneOffer
) -> Script:
    """Return the script with its words changed; it is checked as one of the caller's own is.

    Scenes keep their lengths, so that what is not changed is found again, unless new words need more time than there is
    and the renderer leaves the choice.

    Args:
        script: in the public shape.
        changes: what is different.
        order: of the new job.
        settings: folders with styles.
        offer: what the scene renderer sells.

    Raises:
        ScriptError: it breaks a rule, or a text is too long for its scene; names the field.
        UnknownStyleError: there is no such style.
    """
    body = _changed(changes.script if changes.script is not None else script, changes)
    anew, dirs = changes.style is not None, settings.style_dirs
    return fitting(body, brief=brief_of(order), offer=offer, style_dirs=dirs, anew=anew)


def brief_of(order: JobOrder) -> Brief:
    """Return what a script is checked against."""
    options = order.options
    return Brief(
        product_name=order.product_name, style=order.style, cta_text=order.cta_text, facts=options.facts,
        language=options.language, seed=options.seed, say=options.say,
        forbidden=options.brand.forbidden if options.brand is not None else (),
    )  # fmt: skip


def _changed(script: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    body = dict(script)
    if not isinstance(body.get("scenes"), list | tuple):
        return body  # the check says so
    scenes = [dict(scene) if isinstance(scene, Mapping) else scene for scene in body["scenes"]]
    for scene in scenes:
        number = scene.get("id") if isinstance(scene, dict) else None
        change = changes.scenes.get(number) if isinstance(number, int) else None
        for name, place in _PIECES.items() if change is not None else ():
            if (value := getattr(change, name)) is not None:
                scene[place] = value
    body["scenes"] = scenes
    if changes.order is not None:
        body["order"] = changes.order
    if changes.cta_text is not None:
        body |= {"cta": changes.cta_text, "cta_voiceover": None}
    named = {"cta_line": changes.cta_line, "cta_voiceover": changes.cta_voiceover}
    return body | {name: value for name, value in named.items() if value is not None}


def _said(script: Mapping[str, Any] | None, name: str) -> str | None:
    """Return a text of a script that was not checked yet, or None where there is none."""
    value = (script or {}).get(name)
    return value if isinstance(value, str) and value.strip() else None
