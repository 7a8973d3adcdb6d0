"""The offline script writer: seeded sentences by tone and product category, never a claim of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from badapple import styles
from badapple.errors import ConfigError
from badapple.media.timeline import BREATH, LEAD_IN, plan_lengths
from badapple.models import FPS, OVERLAP, Maker, Scene, Script
from badapple.ports import WorksHere
from badapple.process import in_thread
from badapple.providers.offline.avoiding import allowed, require_allowed
from badapple.providers.offline.copybook import SCENES, Copy, Line, copy_for, film_for
from badapple.providers.offline.naming import cta_sentence, is_plural, sentence, spoken_name
from badapple.providers.offline.pace import estimate
from badapple.providers.offline.pronounce import speakable

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.models import Brief, Product, SceneOffer
    from badapple.styles import Style

__all__ = ["OfflineScriptWriter", "draft"]

MOST_WORDS = 62  #: spoken words of a film, the end card's sentence included
_OWN_SHARE = 0.65  #: how often a scene takes its category's own line where the tone has shared ones too
_MOST_LEAD_WORDS = 4  #: of the sentence that begins the user's facts
_POINTS = 3  #: facts shown at once
_LONGEST_FACTS = 95  #: characters that one scene's voice may take for facts
_SURE_PACE = 13.0  #: characters a second that every voice speaks without haste
_LEAD = 22  #: characters of the sentence that begins the facts
_LONGEST_VOICE = 100  #: characters of one scene's voice with an added sentence
_TELLING = 5  #: letters of a word that people notice hearing twice
_STILL = "Vertical 9:16. {product} looks exactly as in the picture. No text, no captions, no added logos."


@dataclass(frozen=True, slots=True)
class _Facts:
    """The user's facts: shown as a list, said with them, said in the scene after."""

    points: tuple[str, ...]
    beside: tuple[str, ...]
    after: tuple[str, ...]


class OfflineScriptWriter(WorksHere):
    """Writes a script from templates.

    Args:
        style_dirs: folders with the user's own styles.
    """

    maker = Maker(name="offline", model="templates-1", generated=False)

    def __init__(self, *, style_dirs: tuple[Path, ...] = ()) -> None:
        self._style_dirs = style_dirs

    async def write(self, brief: Brief, product: Product, offer: SceneOffer) -> Script:
        """Write four scenes and the end card that fit 900 frames.

        Raises:
            ConfigError: the language is not English, or the style is not known.
            InputError: nothing can be said without a word that the brand forbids.
        """
        if brief.language.replace("_", "-").split("-")[0].lower() != "en":
            raise ConfigError(
                f"the offline script writer writes English only, not {brief.language!r}",
                hint="bring your own script with --script FILE.json; with empty voice texts the film is silent",
            )
        style = styles.load(brief.style, self._style_dirs)
        script = draft(brief, style, product.category, longest=_longest(offer))
        return await in_thread(_timed, script, brief=brief, style=style, offer=offer)


def draft(brief: Brief, style: Style, category: str, *, longest: int = _LONGEST_VOICE) -> Script:
    """Write the words, each scene's voice `longest` characters at most; scene lengths are still zero."""
    shown = " ".join(brief.product_name.split())
    name = spoken_name(shown, say=brief.say)
    random = Random(f"{brief.seed} {style.name} {shown}")
    copy = copy_for(style.tone, category)
    if brief.forbidden:
        copy = allowed(copy, tone=style.tone, category=category, forbidden=brief.forbidden)
    lines = _choose(copy, random)
    cta = " ".join(brief.cta_text.split()) or random.choice(copy.cta)
    cta_voice = cta_sentence(cta, name=name)
    said = [_fill(line.said, name=name, generic=film_for(category).generic) for line in lines]
    room = MOST_WORDS - _words([said[0], said[1], said[3], cta_voice]) - _MOST_LEAD_WORDS
    facts = _sort_facts(brief.facts, room=room, longest=min(longest - _LEAD, _LONGEST_FACTS))
    if facts.points:
        lead = random.choice(copy.facts)
        lines[2], said[2] = replace(lines[2], shown=lead.shown), " ".join((lead.said, *facts.beside))
        if len(" ".join((*facts.after, said[3]))) <= longest or longest == _LONGEST_VOICE:
            said[3] = " ".join((*facts.after, said[3]))
    said = _fuller(said, copy, random, room=MOST_WORDS - _words([cta_voice]), facts=facts, longest=longest)
    scenes = tuple(
        Scene(
            id=number,
            frames=0,
            headline=shown if number == 1 else line.shown,
            subline=line.shown if number == 1 else "",
            points=facts.points if number == 3 else (),
            voiceover_text=voice,
            video_prompt_template=_film_words(category, number, style=style, name=shown),
        )
        for number, (line, voice) in enumerate(zip(lines, said, strict=True), start=1)
    )
    quiet = [line for line in copy.cta_line if line.casefold() != cta.casefold()]
    script = Script(
        style=brief.style, product_name=shown, cta=cta, scenes=scenes, cta_line=random.choice(quiet or [""]),
        cta_voiceover=cta_voice, cta_frames=0, spoken_name=name,
    )  # fmt: skip
    require_allowed(script, brief.forbidden)
    return script


def _timed(script: Script, *, brief: Brief, style: Style, offer: SceneOffer) -> Script:
    pronounce = ((script.spoken_name, brief.say),) if brief.say and script.spoken_name else ()
    texts = [*(scene.voiceover_text for scene in script.scenes), script.cta_voiceover]
    needs = [estimate(text, pace=style.voice.pace, pronounce=pronounce) for text in texts]
    lengths, cta_frames = plan_lengths(needs, bpm=style.music.bpm, offer=offer)
    scenes = tuple(replace(scene, frames=frames) for scene, frames in zip(script.scenes, lengths, strict=True))
    return replace(script, scenes=scenes, cta_frames=cta_frames)


def _longest(offer: SceneOffer) -> int:
    """Return the characters that a scene's voice may have: what anyone speaks within the lengths that are sold."""
    if not offer.lengths:
        return _LONGEST_VOICE
    seconds = (max(offer.lengths) - OVERLAP) / FPS - LEAD_IN - BREATH
    return min(_LONGEST_VOICE, int(seconds * _SURE_PACE))


def _choose(copy: Copy, random: Random) -> list[Line]:
    """Pick a line for each scene, none twice."""
    lines: list[Line] = []
    for scene in SCENES:
        known = {line.shown for line in copy.own.values()}
        shared = [line for line in copy.shared.get(scene, ()) if line.shown not in known]
        own = random.random() < _OWN_SHARE or not shared
        lines.append(copy.own[scene] if own else random.choice(shared))
    return lines


def _fuller(said: list[str], copy: Copy, random: Random, *, room: int, facts: _Facts, longest: int) -> list[str]:
    """Let the voice add a sentence to each scene that has the words to spare, the user's facts apart."""
    fuller = list(said)
    for at, scene in enumerate(SCENES):
        choices = random.sample(copy.after[scene], len(copy.after[scene]))
        more = min(choices, key=lambda said: len(_telling(said) & _telling(" ".join(fuller))), default="")
        busy = (scene == "look" and facts.points) or (scene == "invite" and facts.after)
        if more and not busy and _words([*fuller, more]) <= room and len(f"{said[at]} {more}") <= longest:
            fuller[at] = f"{said[at]} {more}"
    return fuller


def _telling(text: str) -> frozenset[str]:
    """Return the words that would be heard as a repetition."""
    return frozenset(word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _TELLING)


def _fill(text: str, *, name: str, generic: str) -> str:
    """Put the name, or what stands for it, into a sentence."""
    if not name:
        starts = re.search(r"(^|[.!?] )\{name\}", text) is not None
        name, pronoun = (generic[:1].upper() + generic[1:] if starts else generic), "it"
    else:
        pronoun = "them" if is_plural(name) else "it"
    return text.replace("{it}", pronoun).replace("{name}", name)


def _sort_facts(facts: tuple[str, ...], *, room: int, longest: int) -> _Facts:
    """Divide the user's facts: three are shown, and said as far as there is time; of the rest one may be said."""
    points = tuple(" ".join(fact.split()).rstrip(" .;,") for fact in facts if any(char.isalnum() for char in fact))
    shown, rest = points[:_POINTS], points[_POINTS:]
    beside, room = _sayable(shown, room=room, longest=longest)
    after, _ = _sayable(rest, room=room, longest=longest)
    return _Facts(points=shown, beside=beside, after=after[:1])


def _sayable(points: tuple[str, ...], *, room: int, longest: int) -> tuple[tuple[str, ...], int]:
    said: list[str] = []
    for point in points:
        text = sentence(point)
        fits = _words([text]) <= room and len(" ".join([*said, text])) <= longest
        if text and speakable(text) and fits:
            said.append(text)
            room -= _words([text])
    return tuple(said), room


def _words(texts: list[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _film_words(category: str, number: int, *, style: Style, name: str) -> str:
    action = film_for(category).actions[number - 1]
    look = style.video_words.rstrip(".")
    parts = (f"{action[:1].upper()}{action[1:]}.", f"{look[:1].upper()}{look[1:]}.", _STILL)
    return " ".join(parts).replace("{product}", name)
