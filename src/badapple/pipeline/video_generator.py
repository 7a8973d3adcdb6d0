"""Orders the four scenes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from badapple.pipeline.plan import fingerprint, signature

if TYPE_CHECKING:
    from badapple.pipeline.plan import Plan
    from badapple.ports import SceneRenderer

__all__ = ["VideoGenerator"]


class VideoGenerator:
    """Turns a plan into scene sources that segments are drawn from."""

    def __init__(self, renderer: SceneRenderer) -> None:
        self._by = signature(renderer.maker)

    def sources(self, plan: Plan) -> tuple[dict[str, Any], ...]:
        """Return what describes each scene completely, as JSON values.

        Frames are drawn inside the segment that shows them, so that each is encoded once.
        """
        return tuple(
            {
                "type": "scene",
                "by": self._by,
                "look": fingerprint(plan.style),
                "scene": asdict(scene),
                "style": plan.brief.style,
                "product_name": plan.brief.product_name,
                "category": plan.product.category,
                "seed": plan.brief.seed,
                "frames": scene.frames,
            }
            for scene in plan.script.scenes
        )
