"""`badapple estimate`: what an ad would cost."""

from __future__ import annotations

import json
import sys

from badapple.cli import options as of  # noqa: TC001 - typer reads the annotations at run time


def estimate(
    photo: of.Photo = None,
    *,
    name: of.Name,
    style: of.Style = "minimal",
    cta: of.Cta = "",
    fact: of.Facts = None,
    script: of.ScriptFile = None,
    brand: of.BrandKit = "kept",
    seed: of.Seed = 0,
    say: of.Say = None,
    language: of.Language = "en",
    provider: of.Provider = "cloud",
    quality: of.Quality = "fast",
    script_by: of.ScriptBy = None,
    voice_by: of.VoiceBy = None,
    video_by: of.VideoBy = None,
    cta_by: of.CtaBy = None,
    script_model: of.ScriptModel = None,
    as_json: of.Json = False,
) -> int:
    """Say what an ad would cost, without buying or sending anything; what is paid for already is subtracted."""
    from badapple.cli import consent, order, summary  # noqa: PLC0415
    from badapple.config import get_settings  # noqa: PLC0415

    settings = get_settings()
    makers = order.WantedMakers(
        provider=provider, quality=quality, script_by=script_by, voice_by=voice_by, video_by=video_by, cta_by=cta_by,
        script_model=script_model,
    )  # fmt: skip
    words = order.Words(
        photo=photo, name=name, style=style, cta=cta, output=str(settings.data_dir / "estimate.mp4"),
        facts=tuple(fact or ()), script=script, say=say, language=language, seed=seed, makers=makers,
        brand=brand,
    )  # fmt: skip
    quote = consent.ask_price(order.read(words, settings=settings), settings=settings, as_if_keys=True)
    if as_json:
        sys.stdout.write(json.dumps(summary.quote_facts(quote)) + "\n")
    else:
        sys.stdout.write(summary.price_list(quote))
    return 0
