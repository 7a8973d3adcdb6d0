"""Orders the four voiceovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.media import timeline
from badapple.models import AssetRequest, StageName
from badapple.pipeline.plan import fingerprint, signature

if TYPE_CHECKING:
    from badapple.pipeline.plan import Plan
    from badapple.ports import SpeechSynthesizer

__all__ = ["VoiceoverGenerator"]


class VoiceoverGenerator:
    """Turns a plan into voice orders; voice 4 also speaks the CTA sentence."""

    def __init__(self, synthesizer: SpeechSynthesizer) -> None:
        self._by = signature(synthesizer.maker)

    def requests(self, plan: Plan) -> tuple[AssetRequest, ...]:
        """Return four requests of kind `voice`."""
        script = plan.script
        texts = [[scene.voiceover_text] for scene in script.scenes]
        texts[-1].append(script.cta_voiceover)
        say = plan.brief.say
        return tuple(
            AssetRequest(
                kind="voice",
                params={
                    "by": self._by,
                    "texts": lines,
                    "slots": [round(slot, 4) for slot in slots],
                    "style": plan.brief.style,
                    "look": fingerprint(plan.style),
                    "language": plan.brief.language,
                    "seed": plan.brief.seed,
                    "pronounce": [[script.spoken_name, say]] if say and script.spoken_name else [],
                },
                stage=StageName.VOICE_GEN,
                label=f"voice {number}",
            )
            for number, (lines, slots) in enumerate(zip(texts, timeline.voice_slots(script), strict=True), start=1)
        )
