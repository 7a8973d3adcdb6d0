"""Orders the end card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.models import AssetRequest, StageName
from badapple.pipeline.plan import fingerprint, signature

if TYPE_CHECKING:
    from badapple.pipeline.plan import Plan
    from badapple.ports import ImagePainter

__all__ = ["CTAGenerator"]


class CTAGenerator:
    """Turns a plan into the order for the 1080x1920 card with the call to action."""

    def __init__(self, painter: ImagePainter) -> None:
        self._by = signature(painter.maker)

    def request(self, plan: Plan) -> AssetRequest:
        """Return one request of kind `card`."""
        return AssetRequest(
            kind="card",
            params={
                "by": self._by,
                "look": fingerprint(plan.style),
                "product_name": plan.brief.product_name,
                "cta": plan.script.cta,
                "line": plan.script.cta_line,
                "style": plan.brief.style,
                "category": plan.product.category,
                "seed": plan.brief.seed,
            },
            inputs={"product": plan.product_asset.digest},
            stage=StageName.CTA_GEN,
            label="end card",
        )
