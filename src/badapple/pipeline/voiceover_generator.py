"""Orders the four voiceovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.assets.parts import voice_order
from badapple.media import timeline
from badapple.models import AssetRequest, StageName
from badapple.pipeline.asset_manager import Choices
from badapple.pipeline.plan import fingerprint
from badapple.ports import Prepaid

if TYPE_CHECKING:
    from badapple.pipeline.plan import Plan
    from badapple.ports import SpeechSynthesizer

__all__ = ["VoiceoverGenerator"]


class VoiceoverGenerator:
    """Turns a plan into voice orders; voice 4 also speaks the CTA sentence."""

    def __init__(self, synthesizer: SpeechSynthesizer, *, stand_in: SpeechSynthesizer | None = None) -> None:
        self._synthesizer = synthesizer
        self._stand_in = stand_in

    def requests(self, plan: Plan) -> tuple[AssetRequest, ...]:
        """Return four requests of kind `voice`."""
        return _requests(plan, by=self._synthesizer.maker.signature)

    def choices(self, plan: Plan) -> Choices:
        """Return the requests, and those for where a voice fails for good.

        Then all four are spoken anew: nobody wants an ad that changes its voice half-way.
        """
        stand_in = self._stand_in
        wanted = self.requests(plan)
        otherwise = _requests(plan, by=stand_in.maker.signature) if stand_in is not None else ()

        async def check() -> None:
            if isinstance(self._synthesizer, Prepaid):
                await self._synthesizer.check_credit([voice_order(request.params) for request in wanted])

        return Choices(wanted=wanted, otherwise=otherwise, check=check)


def _requests(plan: Plan, *, by: str) -> tuple[AssetRequest, ...]:
    script = plan.script
    texts = [[scene.voiceover_text] for scene in script.scenes]
    texts[-1].append(script.cta_voiceover)
    say = plan.brief.say
    return tuple(
        AssetRequest(
            kind="voice",
            params={
                "by": by,
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
