"""Facts in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTIONS", "STAGES", "STATUSES", "Finding", "advice", "ago", "money", "quality", "span", "took"]

#: Stage -> what it is to people.
STAGES = {
    "script_gen": "Script", "voice_gen": "Voice", "video_gen": "Scenes", "cta_gen": "End card",
    "compositing": "Final cut",
}  # fmt: skip
STATUSES = {
    "pending": "Waiting", "processing": "In progress", "completed": "Ready", "failed": "Failed",
    "cancelled": "Cancelled",
}  # fmt: skip
#: What the audit log calls it -> what somebody did, or tried to.
ACTIONS = {
    "brand.update": "Changed the brand kit", "group.winner": "Picked a winner",
    "invitation.create": "Made a sign-in link", "job.approve": "Approved a script", "job.cancel": "Cancelled an ad",
    "job.create": "Made an ad",
    "job.delete": "Deleted ads", "job.edit": "Edited an ad", "job.links": "Made a link to an ad",
    "job.regenerate": "Redid a scene", "job.restore": "Restored a version", "job.resume": "Resumed an ad",
    "job.retry": "Tried an ad again", "job.script": "Changed a script", "key.create": "Made an API key",
    "key.revoke": "Revoked an API key", "session.create": "Signed in", "session.delete": "Signed out",
    "session.revoke": "Signed all browsers out", "settings.caps": "Changed caps",
    "settings.key": "Changed a provider's key", "settings.test": "Tested a provider's key",
    "sign-out.create": "Signed out", "upload.create": "Uploaded a photo", "upload.delete": "Deleted a photo",
    "variant.create": "Made variants", "webhook.create": "Added a webhook", "webhook.delete": "Removed a webhook",
    "webhook.resend": "Sent a webhook again", "webhook.rotate": "Changed a webhook's secret",
    "webhook.test": "Tested a webhook", "webhook.update": "Changed a webhook",
}  # fmt: skip
_BUTTONS = {"retry": "Try again", "resume": "Resume", "cancel": "Cancel", "approve": "Approve the script"}
_VERB = re.compile(r"`POST /api/v1/jobs/[^/`]+/(retry|resume|cancel|approve)`")
_LIST = re.compile(r"`GET /api/v1/jobs`")
#: What the API says of its fields -> the same for those who see a form.
_FORM = {
    "paid vendors are asked for, and `max_cost_usd` does not say what they may cost": (
        "this ad uses paid services, so set a spending limit first"
    ),
    "run the same command again": "try again",
}
_SLOW_MS = 100.0  #: what the ear and the eye forgive
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was measured.

    Attributes:
        good: whether it is as it should be.
        name: what was looked at.
        says: what was found.
    """

    good: bool
    name: str
    says: str


def advice(hint: str) -> str:
    """Return a hint of the API's as a sentence that speaks of the buttons of a page."""
    hint = _VERB.sub(lambda found: f'"{_BUTTONS[found[1]]}"', hint)
    for technical, plain in _FORM.items():
        hint = hint.replace(technical, plain)
    hint = _LIST.sub("the library", hint).replace("`", "").strip()
    return f"{hint[:1].upper()}{hint[1:]}{'' if hint.endswith(('.', '!', '?')) else '.'}" if hint else ""


def money(dollars: float) -> str:
    """Return an amount: `free`, `$0.004`, `$1.20`."""
    if dollars <= 0:
        return "free"
    return f"${dollars:.2f}" if dollars >= 0.01 else f"${dollars:.4f}".rstrip("0")


def span(seconds: float) -> str:
    """Return about how long something takes: `25 seconds`, `about 2 minutes`."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    minutes = round(seconds / 60)
    return "about a minute" if minutes <= 1 else f"about {minutes} minutes"


def took(began: datetime | None, ended: datetime | None) -> str:
    """Return how long something took: `6.5 s`, `2 min 5 s`; empty where it has not ended."""
    if began is None or ended is None:
        return ""
    seconds = max(0.0, (ended - began).total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago something was: `just now`, `5 minutes ago`."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, size in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def quality(report: Mapping[str, Any]) -> list[Finding]:
    """Return what was measured on a film, for people; what the report does not hold is left out."""
    measured, verdict = report.get("measured") or {}, report.get("verdict") or {}
    picture, sound = measured.get("picture") or {}, measured.get("sound") or {}
    found = [*_picture(picture), *_sound(sound)]
    if offsets := measured.get("caption_offsets_ms"):
        worst = max(abs(one) for one in offsets)
        found.append(Finding(good=worst <= _SLOW_MS, name="Captions", says=f"match the voice within {worst:.0f} ms"))
    return found + [
        Finding(good=False, name="Note", says=str(sentence))
        for level in ("hard", "soft")
        for sentence in verdict.get(level) or ()
    ]


def _picture(picture: Mapping[str, Any]) -> list[Finding]:
    found = []
    if info := picture.get("info"):
        size = f"{info['width']} x {info['height']}, {info['fps']} frames per second, {info['duration']:.1f} s"
        found.append(Finding(good=bool(info.get("constant", True)), name="Picture", says=size))
        megabytes = info["size"] / 1e6
        at_once = bool(info.get("faststart", True))
        begins = "starts playing right away" if at_once else "has to load before it plays"
        says = f"{megabytes:.1f} MB, {begins} ({info['codec'].upper()}, {info['audio_codec'].upper()})"
        found.append(Finding(good=at_once, name="File", says=says))
    if "black" in picture and "frozen" in picture:
        black, frozen = len(picture["black"]), len(picture["frozen"])
        says = f"{black} black and {frozen} frozen parts" if black or frozen else "no black or frozen parts"
        found.append(Finding(good=not (black or frozen), name="Motion", says=says))
    return found


def _sound(sound: Mapping[str, Any]) -> list[Finding]:
    if "loudness" not in sound:
        return []
    loudness, peak = sound["loudness"], sound["true_peak"]
    good = abs(loudness + 14) <= 1 and peak <= -1
    says = f"{_loud(loudness, peak)} ({loudness:.1f} LUFS, peaks at {peak:.1f} dBTP)"
    silent = len(sound.get("silences") or ())
    quiet = f"{silent} silent {'part' if silent == 1 else 'parts'}" if silent else "no silent parts"
    return [Finding(good=good, name="Loudness", says=says), Finding(good=not silent, name="Sound", says=quiet)]


def _loud(loudness: float, peak: float) -> str:
    if loudness < -15:
        return "quieter than social feeds expect"
    if loudness > -13:
        return "louder than social feeds expect"
    return "right for social feeds" if peak <= -1 else "may distort on phones"
