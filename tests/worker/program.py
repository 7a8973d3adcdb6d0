"""A worker whose parts take no time, and some of which go wrong: the product's name says how."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from badapple import config
from badapple.assets import Made, Recipe
from badapple.errors import ToolError
from badapple.models import Asset, AssetRequest
from badapple.providers import Providers
from badapple.testing.instant import instant_recipes
from badapple.worker import run_worker


def recipes(providers: Providers, settings: config.Settings, *, ffmpeg: Path) -> dict[str, Recipe]:
    """Return instant recipes but for some products."""
    known = instant_recipes(providers, settings, ffmpeg=ffmpeg)
    flags = settings.data_dir.parent / "flags"

    async def card(request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        name = request.params["product_name"]
        if name.startswith("Broken") and not (flags / "mended").exists():
            raise ToolError("the brush is broken", hint="mend it")
        if name.startswith("Slow"):
            (flags / "slow").touch()
            while not (flags / "go").exists():
                await asyncio.sleep(0.05)
        return await known["card"].make(request, inputs, folder)

    async def script(request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        if request.params["product_name"].startswith("Poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        return await known["script"].make(request, inputs, folder)

    return known | {"card": replace(known["card"], make=card), "script": replace(known["script"], make=script)}


if __name__ == "__main__":
    sys.exit(run_worker(config.serve(), recipes=recipes, port=int(sys.argv[1]) if len(sys.argv) > 1 else None))
