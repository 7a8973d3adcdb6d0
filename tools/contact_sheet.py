"""Makes a contact sheet: stills of the offline scenes of some photos in some styles.

python tools/contact_sheet.py photo.png=Name ... --styles luxury,bold --out sheet.jpg [--times 0.2,0.5] [--width 270]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple import styles
from badapple.media.fonts import FontBook
from badapple.models import Brief, Canvas, SceneOffer, SceneOrder
from badapple.product import analyse
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.script import OfflineScriptWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.models import Script
    from badapple.ports import Frames


def main() -> None:
    """Read the command line, draw, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("photos", nargs="+", help="PHOTO=Product name")
    parser.add_argument("--styles", default=",".join(styles.known()))
    parser.add_argument("--fact", action="append", default=[], help="a claim shown as a point; may be repeated")
    parser.add_argument("--times", default="0.5", help="shares of each scene's length")
    parser.add_argument("--scenes", default="1,2,3,4")
    parser.add_argument("--width", type=int, default=270, help="px of one still")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = [
        row(options, photo, name, style)
        for style in options.styles.split(",")
        for photo, _, name in (text.partition("=") for text in options.photos)
    ]
    cv2.imwrite(str(options.out), np.vstack(rows))
    print(options.out)


def row(options: argparse.Namespace, photo: str, name: str, style: str) -> NDArray[np.uint8]:
    """Draw the stills of one photo in one style, side by side, BGR."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_row(options, photo, name or Path(photo).stem, style, Path(folder)))


async def _row(options: argparse.Namespace, photo: str, name: str, style: str, folder: Path) -> NDArray[np.uint8]:
    book = FontBook()
    brief = Brief(
        product_name=name, style=style, cta_text="", photo=Path(photo), facts=tuple(options.fact), seed=options.seed
    )
    product = await asyncio.to_thread(analyse, brief.photo, name, folder)
    script: Script = await OfflineScriptWriter().write(brief, product, SceneOffer())
    renderer = OfflineSceneRenderer(book=book)
    stills = []
    for number in map(int, options.scenes.split(",")):
        order = SceneOrder(
            scene=script.scenes[number - 1], style=style, product_name=name, product=product, seed=options.seed,
            canvas=Canvas(width=1080, height=1920),
        )  # fmt: skip
        frames = await renderer.render(order, folder)
        if not hasattr(frames, "draw"):
            raise TypeError("the offline renderer hands out frames")
        stills += [still(frames, float(share), options.width) for share in options.times.split(",")]
    return np.hstack(stills)


def still(frames: Frames, share: float, width: int) -> NDArray[np.uint8]:
    """Draw one frame at a share of the scene's length, as small BGR bytes."""
    out = np.empty((1920 * 3 // 2, 1080), np.uint8)
    frames.draw(min(frames.count - 1, int(share * frames.count)), out)
    return np.asarray(cv2.resize(_bgr(out), (width, width * 16 // 9), interpolation=cv2.INTER_AREA), np.uint8)


def _bgr(out: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # OpenCV's own conversion is BT.601; the frames are BT.709.
    height, width = out.shape[0] * 2 // 3, out.shape[1]
    flat = out.reshape(-1)
    size, half = height * width, (height // 2, width // 2)
    luma = (flat[:size].reshape(height, width).astype(np.float32) - 16) / 219
    chroma = flat[size:].reshape(2, *half).astype(np.float32)
    blue, red = ((cv2.resize(plane, (width, height)) - 128) / 224 for plane in chroma)
    channels = (luma + 1.8556 * blue, luma - 0.1873 * blue - 0.4681 * red, luma + 1.5748 * red)
    return (np.dstack(channels).clip(0, 1) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
