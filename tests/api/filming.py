"""A frame of a scene as the film's own recipe draws it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from badapple import styles
from badapple.assets import LocalRunner, recipes
from badapple.assets.parts import product_of
from badapple.assets.picture import PictureRecipes
from badapple.jobs import open_cache
from badapple.jobs.changes import brief_of
from badapple.jobs.keeping import fetch
from badapple.journal import Journal
from badapple.media import encode
from badapple.media.ffmpeg import locate
from badapple.media.fonts import FontBook
from badapple.models import AssetRequest, Canvas
from badapple.pipeline.plan import Plan
from badapple.pipeline.video_generator import VideoGenerator
from badapple.process import in_thread, run
from badapple.providers import resolve

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from badapple.config import Settings
    from badapple.jobs import JobOrder
    from badapple.models import Script

SIZE = Canvas(width=540, height=960, preset="ultrafast", crf=1)
MOMENT = 110


async def filmed(settings: Settings, engine: Engine, order: JobOrder, script: Script, scene: int) -> NDArray[np.uint8]:
    """Encode a moment of a scene into a film, and return it decoded by ffmpeg: RGB, (960, 540, 3)."""
    ffmpeg, cache = locate(None), open_cache(settings)
    providers = resolve(settings, ffmpeg=ffmpeg)
    runner = LocalRunner(Journal(engine, cache), cache, recipes=recipes(providers, settings, ffmpeg=ffmpeg))
    photo = fetch(order, settings).photo
    assert photo is not None
    kept = await runner.ingest(photo, kind="photo", sha256=order.files["photo"].sha256)
    product = await runner.run(AssetRequest(kind="product", params={}, inputs={"photo": kept.digest}))
    plan = Plan(
        brief=brief_of(order), options=order.options, style=styles.load(order.style),
        product=product_of(product, category="default"), product_asset=product, script=script,
    )  # fmt: skip
    (source,) = [
        shot.source for shot in VideoGenerator(providers.scenes).shots(plan) if shot.source["scene"]["id"] == scene
    ]
    picture = PictureRecipes(
        providers=providers, settings=settings, ffmpeg=ffmpeg, book=FontBook(settings.font_dirs)
    )  # fmt: skip
    frames = await picture.prepare(source, {"product": product}, SIZE)
    out = Path(cache.root) / "moment.mp4"
    how = encode.Encoding(ffmpeg=ffmpeg, canvas=SIZE)
    await in_thread(encode.encode, encode.body(frames, MOMENT, 1, canvas=SIZE), out, at=0, count=1, how=how)
    raw = await in_thread(run, [ffmpeg, "-v", "error", "-i", out, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return np.frombuffer(raw.stdout, np.uint8).reshape(960, 540, 3)
