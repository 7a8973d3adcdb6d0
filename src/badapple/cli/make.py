"""`badapple make`: one photo in, one video out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from badapple.cli import complete

if TYPE_CHECKING:
    from badapple.cli.order import Words

_PHOTO = "JPEG, PNG, WebP or HEIC. Without one the film is made of words alone."
_LOOK, _SOUND, _RUN = "Words and picture", "Voice and music", "How it runs"
Flag = bool  #: typer turns it into an option without a value

Photo = Annotated[str | None, Argument(metavar="PHOTO", help=_PHOTO, show_default=False)]
Name = Annotated[str, Option("--name", "-n", help="Name of the product, 1 to 100 characters.", show_default=False)]
Style = Annotated[str, Option("--style", "-s", help="Its look; see badapple styles.", autocompletion=complete.styles)]
Cta = Annotated[str, Option("--cta", "-c", help="Call to action, word for word. Written for you when left out.")]
Output = Annotated[
    str | None, Option("--output", "-o", metavar="FILE", help="The MP4; named after the product by default.")
]
Facts = Annotated[
    list[str] | None, Option("--fact", "-f", help="A claim you vouch for; repeatable.", rich_help_panel=_LOOK)
]
ScriptFile = Annotated[
    str | None, Option("--script", metavar="FILE", help="A JSON script of your own.", rich_help_panel=_LOOK)
]
Captions = Annotated[
    Flag, Option("--captions/--no-captions", help="Burn captions into the picture.", rich_help_panel=_LOOK)
]
Seed = Annotated[int, Option("--seed", min=0, help="Other number: other words, moves, notes.", rich_help_panel=_LOOK)]
Music = Annotated[
    str, Option("--music", metavar="style|off|FILE", help="The style's own, none, a file.", rich_help_panel=_SOUND)
]
Say = Annotated[str | None, Option("--say", help="How the name is pronounced.", rich_help_panel=_SOUND)]
Language = Annotated[str, Option("--lang", metavar="CODE", help="Spoken language.", rich_help_panel=_SOUND)]
Draft = Annotated[Flag, Option("--draft", help="Small and quick, for a first look.", rich_help_panel=_RUN)]
Fresh = Annotated[Flag, Option("--fresh", help="Make every part anew.", rich_help_panel=_RUN)]
Assets = Annotated[
    str | None, Option("--assets", metavar="DIR", help="Also leave voices, clips, card here.", rich_help_panel=_RUN)
]
Json = Annotated[Flag, Option("--json", help="Progress and result as JSON lines on stdout.", rich_help_panel=_RUN)]
Quiet = Annotated[Flag, Option("--quiet", "-q", help="Print the video's path, nothing else.", rich_help_panel=_RUN)]
Debug = Annotated[Flag, Option("--debug", help="Log more; show a traceback on failure.", rich_help_panel=_RUN)]


def make(
    context: typer.Context,
    photo: Photo = None,
    *,
    name: Name,
    style: Style = "minimal",
    cta: Cta = "",
    output: Output = None,
    fact: Facts = None,
    script: ScriptFile = None,
    captions: Captions = True,
    seed: Seed = 0,
    music: Music = "style",
    say: Say = None,
    language: Language = "en",
    draft: Draft = False,
    fresh: Fresh = False,
    assets: Assets = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> int:
    """Make a 30 s vertical video ad.

    The same command again goes on where it was stopped, and is instant when nothing has changed.
    """
    from badapple.cli.order import Words  # noqa: PLC0415

    words = Words(
        photo=photo, name=name, style=style, cta=cta, output=output, facts=tuple(fact or ()), script=script,
        music=music, captions=captions, say=say, language=language, seed=seed, draft=draft, fresh=fresh, assets=assets,
    )  # fmt: skip
    return _run(context, words, as_json=as_json, quiet=quiet, debug=debug)


def _run(context: typer.Context, words: Words, *, as_json: bool, quiet: bool, debug: bool) -> int:
    from badapple.cli import film, order, watch  # noqa: PLC0415
    from badapple.config import get_settings  # noqa: PLC0415

    began = time.monotonic()
    with watch.reporter(as_json=as_json, quiet=quiet) as report:
        settings = get_settings()
        ordered = order.read(words, settings=settings)
        with report.running(f"{ordered.product_name} · {ordered.style}"):
            video = film.run(ordered, settings=settings, watch=report.event, factory=context.obj, debug=debug)
        report.result(video, seconds=time.monotonic() - began)
    return 0
