"""Orders the end card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.models import AssetRequest, StageName
from badapple.pipeline.asset_manager import Choices
from badapple.pipeline.plan import branded, fingerprint

if TYPE_CHECKING:
    from badapple.pipeline.plan import Plan
    from badapple.ports import ImagePainter

__all__ = ["CTAGenerator"]


class CTAGenerator:
    """Turns a plan into the order for the 1080x1920 card with the call to action."""

    def __init__(self, painter: ImagePainter, *, stand_in: ImagePainter | None = None) -> None:
        self._by = painter.maker.signature
        self._stand_in = stand_in.maker.signature if stand_in is not None else None

    def request(self, plan: Plan) -> AssetRequest:
        """Return one request of kind `card`."""
        return self._request(plan, by=self._by)

    def choices(self, plan: Plan) -> Choices:
        """Return the request, and the one for where the painter fails for good."""
        otherwise = (self._request(plan, by=self._stand_in),) if self._stand_in else ()
        return Choices(wanted=(self.request(plan),), otherwise=otherwise)

    def _request(self, plan: Plan, *, by: str) -> AssetRequest:
        return AssetRequest(
            kind="card",
            params={
                "by": by,
                "look": fingerprint(plan.style),
                "product_name": plan.brief.product_name,
                "cta": plan.script.cta,
                "line": plan.script.cta_line,
                "style": plan.brief.style,
                "category": plan.product.category,
                "seed": plan.brief.seed,
                **branded(plan.options),
            },
            inputs={"product": plan.product_asset.digest, **({"logo": plan.logo} if plan.logo else {})},
            stage=StageName.CTA_GEN,
            label="end card",
        )
