"""The rules that a script must keep, and what in an answer breaks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badapple import styles
from badapple.media.timeline import plan_lengths
from badapple.providers.anthropic import pacing, prompts
from badapple.providers.anthropic.guard import Vouched, offences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.models import Brief, SceneOffer
    from badapple.providers.anthropic.reply import ScriptParts
    from badapple.styles import Style

__all__ = ["Task", "claims", "form", "is_button"]

_MOST_CTA_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One script to write.

    Attributes:
        brief: what the user asked for.
        style: its look and tone.
        offer: what scene lengths the renderer sells.
        scenes: seconds and most words of each scene.
        name: the product name in single spaces.
        cta: the call to action in single spaces; empty where the model writes it.
    """

    brief: Brief
    style: Style
    offer: SceneOffer
    scenes: tuple[tuple[float, int], ...]
    name: str
    cta: str

    @classmethod
    def of(cls, brief: Brief, offer: SceneOffer, *, style_dirs: tuple[Path, ...]) -> Task:
        """Read the style and divide the time.

        Raises:
            ConfigError: the style is not known, or the offered lengths do not make a film.
        """
        style = styles.load(brief.style, style_dirs)
        return cls(
            brief=brief, style=style, offer=offer, scenes=pacing.budgets(style, offer),
            name=" ".join(brief.product_name.split()), cta=" ".join(brief.cta_text.split()),
        )  # fmt: skip

    @property
    def words(self) -> tuple[int, ...]:
        """Most spoken words of each scene."""
        return tuple(words for _, words in self.scenes)

    def data(self) -> dict[str, Any]:
        """Return the brief as the model gets it."""
        return {
            "product_name": self.name,
            "style": self.style.name,
            "tone": self.style.tone,
            "look": self.style.video_words,
            "cta_text": self.cta,
            "facts": list(self.brief.facts),
            "language": self.brief.language,
            "variation": self.brief.seed,
            **({"forbidden_words": list(self.brief.forbidden)} if self.brief.forbidden else {}),
            "scenes": [
                {"scene": number, "seconds": seconds, "most_words": words}
                for number, (seconds, words) in enumerate(self.scenes, start=1)
            ],
        }

    def wanted(self) -> dict[str, Any]:
        """Return what of the brief decides whether two scripts are the same purchase."""
        same = {name: value for name, value in self.data().items() if name not in {"style", "scenes"}}
        return same | {"lengths": list(self.offer.lengths), "words": list(self.words)}

    def vouched(self, picture: Mapping[str, Any] | None) -> Vouched:
        """Return what may be said of the product."""
        return Vouched.of(
            (self.name, self.cta, *self.brief.facts), seen=(picture or {}).get("visible_text", ()),
            language=self.brief.language, prompts=prompts.secret_texts(), forbidden=self.brief.forbidden,
        )  # fmt: skip


def form(parts: ScriptParts, task: Task) -> list[str]:
    """Return what is too long, missing or said twice."""
    faults: list[str] = []
    said: dict[str, str] = {}
    for number, (scene, most) in enumerate(zip(parts.scenes, task.words, strict=True), start=1):
        where, voice = f"scene_{number}.voiceover_text", scene.voiceover_text
        if (count := len(voice.split())) > most:
            faults.append(f"{where}: has {count} words; at most {most} can be said")
        if (first := said.setdefault(voice.casefold(), where)) != where:
            faults.append(f"{where}: says the same as {first}")
    return faults or _out_of_time(parts, task)


def claims(parts: ScriptParts, task: Task, vouched: Vouched) -> list[str]:
    """Return what cannot stand but can be done without; a given call to action is not asked of the model."""
    found = [
        f"{where}: {said}"
        for where, text, kind in parts.texts()
        if not (task.cta and where == "cta.text")
        for said in offences(text, vouched, kind)
    ]
    if not (task.cta or is_button(parts.cta.text)):
        found.append(f"cta.text: has {len(parts.cta.text.split())} words; it must have 1 to {_MOST_CTA_WORDS}")
    return found


def is_button(text: str) -> bool:
    """Say whether a call to action of the model's is short enough for a button."""
    return 1 <= len(text.split()) <= _MOST_CTA_WORDS and any(char.isalnum() for char in text)


def _out_of_time(parts: ScriptParts, task: Task) -> list[str]:
    needs = pacing.needs([*(scene.voiceover_text for scene in parts.scenes), parts.cta.voiceover], task.style)
    frames, _ = plan_lengths(needs, bpm=task.style.music.bpm, offer=task.offer)
    return [
        f"scene_{number}.voiceover_text: takes about {needs[number - 1]:.1f} s to say, which is too long; shorten it"
        for number in pacing.too_long(needs[: len(frames)], frames)
    ]
