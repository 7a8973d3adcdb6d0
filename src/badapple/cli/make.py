"""`badapple make`: one photo in, one video out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - as below

from badapple.cli import options as of  # noqa: TC001 - typer reads the annotations at run time

if TYPE_CHECKING:
    from badapple.cli.order import Words


def make(
    context: typer.Context,
    photo: of.Photo = None,
    *,
    name: of.Name,
    style: of.Style = "minimal",
    cta: of.Cta = "",
    output: of.Output = None,
    fact: of.Facts = None,
    script: of.ScriptFile = None,
    brand: of.BrandKit = "kept",
    captions: of.Captions = True,
    seed: of.Seed = 0,
    music: of.Music = "style",
    say: of.Say = None,
    language: of.Language = "en",
    provider: of.Provider = "auto",
    quality: of.Quality = "fast",
    script_by: of.ScriptBy = None,
    voice_by: of.VoiceBy = None,
    video_by: of.VideoBy = None,
    cta_by: of.CtaBy = None,
    script_model: of.ScriptModel = None,
    max_cost: of.MaxCost = None,
    yes: of.Yes = False,
    on_vendor_failure: of.OnFailure = "fail",
    draft: of.Draft = False,
    fresh: of.Fresh = False,
    assets: of.Assets = None,
    as_json: of.Json = False,
    quiet: of.Quiet = False,
    debug: of.Debug = False,
) -> int:
    """Make a 30 s vertical video ad.

    The same command again goes on where it was stopped, and is instant when nothing has changed.
    """
    from badapple.cli.order import WantedMakers, Words  # noqa: PLC0415

    makers = WantedMakers(
        provider=provider, quality=quality, script_by=script_by, voice_by=voice_by, video_by=video_by, cta_by=cta_by,
        script_model=script_model, max_cost=max_cost, yes=yes, on_failure=on_vendor_failure,
    )  # fmt: skip
    words = Words(
        photo=photo, name=name, style=style, cta=cta, output=output, facts=tuple(fact or ()), script=script,
        music=music, captions=captions, say=say, language=language, seed=seed, draft=draft, fresh=fresh, assets=assets,
        makers=makers, brand=brand,
    )  # fmt: skip
    return _run(context, words, as_json=as_json, quiet=quiet, debug=debug)


def _run(context: typer.Context, words: Words, *, as_json: bool, quiet: bool, debug: bool) -> int:
    from badapple.cli import consent, film, order, watch  # noqa: PLC0415
    from badapple.config import get_settings  # noqa: PLC0415

    began = time.monotonic()
    with watch.reporter(as_json=as_json, quiet=quiet) as report:
        settings = get_settings()
        ordered = consent.agree(
            order.read(words, settings=settings), settings=settings, report=report, yes=words.makers.yes
        )
        with report.running(f"{ordered.product_name} · {ordered.style}"):
            video = film.run(ordered, settings=settings, watch=report.event, factory=context.obj, debug=debug)
        report.result(video, seconds=time.monotonic() - began)
    return 0
