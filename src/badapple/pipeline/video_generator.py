"""Orders the four scenes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from badapple.models import AssetRequest, StageName
from badapple.pipeline.plan import Shot, branded, fingerprint

if TYPE_CHECKING:
    from badapple.models import Scene
    from badapple.pipeline.plan import Plan
    from badapple.ports import SceneRenderer

__all__ = ["VideoGenerator"]


class VideoGenerator:
    """Turns a plan into what segments are made of: scenes that are drawn, or footage that is ordered.

    Args:
        renderer: who films.
        stand_in: who draws a scene whose footage cannot be had, or None.
    """

    def __init__(self, renderer: SceneRenderer, *, stand_in: SceneRenderer | None = None) -> None:
        self._by = renderer.maker.signature
        self._drawn = renderer.offer.frames
        self._stand_in = stand_in.maker.signature if stand_in is not None else None

    def shots(self, plan: Plan) -> tuple[Shot, ...]:
        """Return the four scenes.

        Drawn frames are drawn inside the segment that shows them, so that each is encoded once.
        """
        return tuple(self._shot(plan, scene) for scene in plan.script.scenes)

    def _shot(self, plan: Plan, scene: Scene) -> Shot:
        described = _described(plan, scene)
        if self._drawn:
            return Shot(source={"type": "scene", "by": self._by, **described})
        name = f"footage {scene.id}"
        silent = {**described["scene"], "headline": "", "subline": "", "points": ()}
        # Neither words nor a font is in a clip: none is bought anew for them.
        pictured = {name: value for name, value in described.items() if name != "brand"}
        order = AssetRequest(
            kind="footage",
            params={"by": self._by, **pictured, "scene": silent, **branded(plan.options, words=False)},
            inputs={"product": plan.product_asset.digest},
            stage=StageName.VIDEO_GEN,
            label=name,
        )
        otherwise = {"type": "scene", "by": self._stand_in, **described} if self._stand_in else None
        return Shot(source={"type": "footage", "footage": name, **described}, footage=order, otherwise=otherwise)


def _described(plan: Plan, scene: Scene) -> dict[str, Any]:
    """Return all that the scene's picture depends on; what is said in it is not of that."""
    take, framing = plan.options.takes[scene.id - 1], plan.options.framings[scene.id - 1]
    return {
        "look": fingerprint(plan.style),
        "scene": {**asdict(scene), "voiceover_text": ""},
        "style": plan.brief.style,
        "product_name": plan.brief.product_name,
        "category": plan.product.category,
        "seed": plan.brief.seed,
        "frames": scene.frames,
        **({"take": take} if take else {}),
        **({"framing": framing} if framing != "auto" else {}),
        **branded(plan.options),
    }
