"""Stills of the scenes of a job, from its script on: drawn as the film draws them, or taken from its footage."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple import styles
from badapple.assets.parts import product_of, scene_order
from badapple.database import Part
from badapple.errors import ConfigError
from badapple.jobs import orders
from badapple.jobs.changes import brief_of
from badapple.jobs.details import script_of
from badapple.jobs.views import of
from badapple.media.thumbnails import frame_jpeg, photo_jpeg
from badapple.models import OVERLAP, Canvas, Script
from badapple.pipeline.plan import Plan
from badapple.pipeline.video_generator import VideoGenerator
from badapple.process import in_thread
from badapple.product.category import category
from badapple.providers.choice import choose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.assets.picture import PictureRecipes
    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder
    from badapple.models import Asset
    from badapple.ports import SceneRenderer, StillPainter

__all__ = ["JobFacts", "Shot", "draw", "of_job", "shot"]

_CANVAS = Canvas(width=540, height=960)
_MOMENT = 110  #: frame by which all that comes into a scene has arrived
_READY = ("done", "reused")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What the pictures of a job are made from.

    Attributes:
        order: what was asked for.
        script: None while it is not written.
        photo: as it is kept, or None.
        product_key: of the receipt of the look at the photo, or None.
        footage: id of a scene -> key of the receipt of its clip, as far as clips are there.
        failed: ids of scenes whose clip could not be had.
    """

    order: JobOrder
    script: Script | None
    photo: Blob | None
    product_key: str | None
    footage: Mapping[int, str]
    failed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What one still is made from.

    Attributes:
        how: drawn as in the film; the picture that a clip shall begin with; a frame of the clip.
        source: describes the scene completely.
        inputs: label -> asset that it is made from.
    """

    how: Literal["scene", "first frame", "footage"]
    source: Mapping[str, Any]
    inputs: Mapping[str, Asset]


def of_job(engine: Engine, job_id: str, *, owner: str | None) -> JobFacts:
    """Return what the pictures of a job are made from; blocks.

    Raises:
        NotFoundError: there is no such job of this owner.
    """
    with Session(engine) as session:
        row = of(session, job_id, owner=owner)
        script, _ = script_of(session, row)
        order = orders.of_row(row)
        wanted = select(Part).where(Part.job_id == row.id, Part.kind.in_(("product", "footage")))
        parts = session.scalars(wanted).all()
    clips = {int(part.label.split()[-1]): part for part in parts if part.kind == "footage"}
    return JobFacts(
        order=order, script=Script.from_json(script) if script is not None else None, photo=order.files.get("photo"),
        product_key=next((part.key for part in parts if part.kind == "product" and part.state in _READY), None),
        footage={scene: part.key for scene, part in clips.items() if part.state in _READY},
        failed=frozenset(scene for scene, part in clips.items() if part.state == "failed"),
    )  # fmt: skip


def shot(
    facts: JobFacts, scene: int, product: Asset, *, footage: Asset | None, settings: Settings, renderer: SceneRenderer
) -> Shot:
    """Return what the still of a scene is made from.

    Args:
        facts: of a job whose script is written.
        scene: its id.
        product: the look at the photo.
        footage: its clip, where it is there.
        settings: folders of styles, keys.
        renderer: draws scenes here.
    """
    order, script = facts.order, facts.script
    if script is None:
        raise ValueError("there is no script yet")
    style = styles.load(order.style, settings.style_dirs)
    looked = product_of(product, category=category(order.product_name))
    plan = Plan(
        brief=brief_of(order), options=order.options, style=style, product=looked, product_asset=product, script=script
    )
    shots = VideoGenerator(renderer).shots(plan)
    source = next(one.source for one in shots if one.source["scene"]["id"] == scene)
    if footage is not None:
        label = f"footage {scene}"
        return Shot(
            how="footage", source={**source, "type": "footage", "footage": label}, inputs={label: footage}
        )  # fmt: skip
    how: Literal["scene", "first frame"] = "scene"
    if scene not in facts.failed and _filmed(order, settings):
        how = "first frame"
    return Shot(how=how, source=source, inputs={"product": product})


async def draw(shot: Shot, width: int, *, picture: PictureRecipes, painter: StillPainter, folder: Path) -> bytes:
    """Return a still as a JPEG.

    Args:
        shot: what it is made from.
        width: px.
        picture: draws scenes and reads footage as the film does.
        painter: paints the pictures that clips begin with.
        folder: an empty one of this call's own.
    """
    if shot.how == "first frame":
        product = product_of(shot.inputs["product"], category=shot.source["category"])
        out = folder / "first.jpg"
        order = scene_order(shot.source, product, canvas=_CANVAS)
        silent = replace(order.scene, headline="", subline="", points=())  # as it is bought: words are laid over it
        await painter.still(replace(order, scene=silent), out)
        return await in_thread(photo_jpeg, out, width)
    frames = await picture.prepare(shot.source, shot.inputs, _CANVAS)
    moment = max(0, min(_MOMENT, frames.count - 1 - OVERLAP))
    return await in_thread(frame_jpeg, frames, moment, canvas=_CANVAS, width=width)


def _filmed(order: JobOrder, settings: Settings) -> bool:
    """Say whether a vendor films the scenes."""
    with contextlib.suppress(ConfigError):  # its key is gone by now
        return choose(order.options.makers, settings, agreed=order.agreed).video is not None
    return False
